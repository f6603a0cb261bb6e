"""Providers' webhooks: `POST /webhooks/{channel}` and what follows it (`/status`, a secret)."""

from functools import partial
from typing import Final

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from channels.channel import NotAuthentic, RawRequest
from gateway.gateway import GATEWAY

log = structlog.get_logger()

# No provider's request comes near this; more is an attack or a mistake. Bytes.
BODY_LIMIT: Final = 1024 * 1024


async def receive(request: web.Request) -> web.Response:
    """One request of a provider's. 403 when it is not theirs, 503 when we could not make it durable."""
    return await _receive(request, name=request.match_info["channel"], tail=request.match_info["tail"])


async def _receive(request: web.Request, *, name: str, tail: str = "") -> web.Response:
    gateway = request.app[GATEWAY]
    channel = gateway.channels.get(name)
    if channel is None:
        raise web.HTTPNotFound(text="There is no channel of that name.")
    raw = RawRequest(
        method=request.method,
        url=gateway.settings.public_url + request.raw_path,
        tail=tail,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.query_string,
        body=await _body(request),
        remote=request.remote or "",
    )
    try:
        answer = await gateway.inbox.accept(channel, raw)
    except NotAuthentic as error:
        log.warning("webhook refused", channel=channel.name, reason=str(error))
        raise web.HTTPForbidden(text="This request is not signed as we expect.") from None
    except Exception as error:  # the outermost frame: the provider must repeat what is not durable
        # A database error may repeat people's words: its type must do.
        traced = not isinstance(error, SQLAlchemyError)
        log.error("webhook failed", channel=channel.name, error=type(error).__name__, exc_info=traced)
        raise web.HTTPServiceUnavailable(text="Not stored; please repeat.", headers={"Retry-After": "5"}) from None
    # Bytes and a whole header: building them from text for every request takes longer than reading the request.
    headers = {"Content-Type": f"{answer.content_type}; charset=utf-8"}
    return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > BODY_LIMIT:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_LIMIT, actual_size=request.content_length or 0)
    body = await request.read()
    if len(body) > BODY_LIMIT:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_LIMIT, actual_size=len(body))
    return body


def add_routes(app: web.Application) -> None:
    """Twilio and others may use GET as well; every adapter says what it takes."""
    # Plain paths are found in a dictionary; only secrets and status paths need the pattern.
    for name in app[GATEWAY].channels:
        app.router.add_route("*", f"/webhooks/{name}", partial(_receive, name=name))
    app.router.add_route("*", r"/webhooks/{channel}{tail:(?:/.*)?}", receive)
