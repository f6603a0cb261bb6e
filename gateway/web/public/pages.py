"""What a person reads when something went wrong: a plain page in their language, with a way on."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.web.public.render import language_of, page

log = structlog.get_logger()

_SAID: Final = {400: "e400", 404: "e404", 405: "e405", 413: "e413", 429: "e429"}
# These speak to programs, which do not read pages.
_PROGRAMS: Final = ("/webhooks/", "/api/")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A person who meets an error reads a page with a way on, not a line of a server's."""
    if request.path.startswith(_PROGRAMS):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status not in _SAID:
            raise
        return _error(request, error.status, retry_after=error.headers.get("Retry-After"))
    except Exception as error:  # the outermost frame: whatever failed, the person is told in their own words
        # The exception's own text may repeat what the person wrote.
        log.error("public page failed", route=_route(request), error=type(error).__name__)
        return _error(request, 500)


def _route(request: web.Request) -> str:
    """The route's pattern: the path itself may hold a follow-up token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


def _error(request: web.Request, status: int, *, retry_after: str | None = None) -> web.Response:
    gateway = request.app[GATEWAY]
    response = page(
        gateway,
        "public_error.html",
        language=language_of(request, gateway),
        status=status,
        said=_SAID.get(status, "e500"),
    )
    if retry_after:
        response.headers["Retry-After"] = retry_after
    return response
