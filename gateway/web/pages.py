"""How every HTML page is made: the templates, the headers, and what is shown when something goes wrong."""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock, metrics
from gateway.errors import Refusal
from gateway.gateway import GATEWAY
from gateway.principal import Right
from gateway.store import notices
from gateway.web import auth, locale, refusals, shown, static

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Citizens' words stay in no cache and in no "back" button after the logout.
    "Cache-Control": "no-store",
}


# Beyond this the bell shows "99+".
MOST_UNREAD: Final = 100
_UNREAD: Final = web.RequestKey("unread", int)
# A number made before anything was read for the page: what is said on the stream after it may be news to the page.
_BEGAN: Final = web.RequestKey("began", int)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, read from beside this file; everything that is put into them is escaped."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(tame=shown.tame, tame_name=shown.tame_name)
    templates.globals.update(asset=static.address, person=shown.person, languages=locale.LANGUAGES, Right=Right)
    return templates


def render(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page. Templates that extend `base.html` find there: `t(key, **values)`, `language`, `me` and `csrf`.

    `me` is the logged-in Principal or None, so that the same base serves public pages.
    """
    language = values.pop("language", None) or auth.language_of(request)
    visit = request.get(auth.VISIT)
    zone = request.app[GATEWAY].current().catalog.gateway.timezone
    page = environment().get_template(template)
    html = page.render(
        t=partial(locale.say, language),
        maybe=partial(locale.maybe, language),
        language=language,
        me=visit.principal if visit else None,
        csrf=visit.csrf if visit else "",
        shortcuts=visit.shortcuts if visit else False,
        here=request.path_qs,
        began=request.get(_BEGAN, 0),
        unread=request.get(_UNREAD, 0),
        most_unread=MOST_UNREAD,
        when=shown.Times(language, zone, request.app[GATEWAY].clock()),
        **values,
    )
    return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)


def page(handler: Handler) -> Handler:
    """A handler of pages: knows who asks, refuses forms that are not ours, and never shows an error's inside."""

    async def handled(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        response = await _answer(handler, request)
        route = request.match_info.route.resource
        metrics.REQUESTS.labels(route=route.canonical if route else "", status=response.status).observe(
            time.perf_counter() - began
        )
        return response

    return handled


async def _answer(handler: Handler, request: web.Request) -> web.StreamResponse:
    request[_BEGAN] = clock.new_id()
    try:
        await auth.recognise(request, also=partial(_count_notices, request))
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            await auth.check_form(request)
        if auth.must_enrol(request):
            raise see("/account/second-factor")
        return await handler(request)
    except Refusal as refusal:
        return refused(request, refusal)
    except web.HTTPException as answer:
        if answer.status >= 400:
            return render(request, "error.html", status=answer.status, status_shown=answer.status, sentence=None)
        answer.headers.update(HEADERS)
        raise
    except ConnectionResetError:
        # The page was left while it still sent: there is nobody to answer, and nothing has failed.
        return web.Response(status=400, headers=HEADERS)
    except Exception:  # the outermost frame of a page: logged once, with nothing of it shown
        log.exception("page failed", method=request.method, route=str(request.match_info.route.resource))
        return render(request, "error.html", status=500, status_shown=500, sentence=None)


async def _count_notices(request: web.Request, conn: AsyncConnection, visit: auth.Visit) -> None:
    """What the bell shows; a form ends on another page, which counts for itself."""
    if request.method == hdrs.METH_GET:
        request[_UNREAD] = await notices.count(conn, visit.principal, most=MOST_UNREAD)


def refused(request: web.Request, refusal: Refusal) -> web.Response:
    """The page that says what was refused and why."""
    sentence = refusals.sentence(refusal, auth.language_of(request))
    return render(request, "error.html", status=refusal.status, status_shown=refusal.status, sentence=sentence)


def see(path: str) -> web.HTTPSeeOther:
    """Send the browser on, with a GET, after a POST."""
    return web.HTTPSeeOther(path, headers=HEADERS)
