"""`/console/stream`: what changes, told to an open page as server-sent events for as long as its login lasts.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Each event bears a number; a browser that comes back
says the last one it has heard (`Last-Event-ID`), a page that begins says where it began (`?after=`).
"""

import asyncio
from typing import Final

from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.principal import Right
from gateway.rooms import Kind, Listener, frame
from gateway.web import auth, shown
from gateway.web.console.queue_page import wanted_agency
from gateway.web.pages import HEADERS

# Of one login. A tab that nobody sees holds none.
_MOST: Final = 20
# Seconds without news after which a comment is sent, so that a proxy keeps the connection and a dead one is noticed.
_PING_AFTER: Final = 15.0
_PING: Final = b":\n\n"
# A browser that takes nothing for so many seconds is let go.
_PATIENCE: Final = 20.0
# When the connection is cut, come back after so many milliseconds.
_BEGIN: Final = b"retry: 2000\n\n"
_HEADERS: Final = {
    **HEADERS,
    "Content-Type": "text/event-stream; charset=utf-8",
    # nginx passes each event on at once.
    "X-Accel-Buffering": "no",
}


async def stream(request: web.Request) -> web.StreamResponse:
    """The stream. 401 when nobody is logged in, 429 when the login holds too many: a browser does not ask again."""
    visit = await auth.recognise(request)
    if visit is None or auth.must_enrol(request) or not visit.principal.may(Right.READ_CASES):
        return web.Response(status=401, headers=HEADERS)
    live = request.app[GATEWAY].live
    if live.streams(visit.session_id) >= _MOST:
        return web.Response(status=429, headers=HEADERS)
    after = shown.row_id(request.headers.get("Last-Event-ID") or request.query.get("after", ""))
    agency = wanted_agency(request, visit.principal)
    answer = web.StreamResponse(headers=_HEADERS)
    with live.listen(visit.principal, visit.session_id, agency=agency, after=after) as listener:
        try:
            await answer.prepare(request)
            await _tell(answer, listener)
        except (ConnectionError, TimeoutError):
            # The page was left, or takes nothing: there is nobody to tell.
            if request.transport is not None:
                request.transport.abort()
    return answer


async def _tell(answer: web.StreamResponse, listener: Listener) -> None:
    news = _BEGIN
    while not listener.is_over:
        async with asyncio.timeout(_PATIENCE):
            await answer.write(news or _PING)
        await listener.wait(_PING_AFTER)
        news = b"" if listener.is_over else listener.news()
    if listener.login_ended:
        async with asyncio.timeout(_PATIENCE):
            await answer.write(frame(Kind.ENDED, {}))


async def end_all(app: web.Application) -> None:
    """End the streams before the listener waits for its requests."""
    app[GATEWAY].live.end_all()
