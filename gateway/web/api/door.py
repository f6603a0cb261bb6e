"""Every request's way in: whose token it shows, what they may do, what they ask; and every fault's way out."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
from typing import Final

import structlog
from aiohttp import web
from pydantic import BaseModel

from gateway import metrics
from gateway.errors import NotFound, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Role
from gateway.store import tokens
from gateway.web import client
from gateway.web.api import problem
from gateway.web.api.asked import Ask, read_body, read_query
from gateway.web.api.problem import Refused
from gateway.web.api.route import BASE, PATH_PATTERNS, Route

log = structlog.get_logger()

_Serve = Callable[[web.Request], Awaitable[web.Response]]
# Who reads what needs no token.
_ANYBODY: Final = Principal(id=0, name="anybody", role=Role.MANAGER, agency="", is_token=True)


def served(routes: Sequence[Route]) -> _Serve:
    """The handler of one path: `routes` are its methods."""
    by_method = {route.method: route for route in routes}
    path = routes[0].path

    async def serve(request: web.Request) -> web.Response:
        began = perf_counter()
        response = await _guarded(request, by_method)
        metrics.REQUESTS.labels(route=BASE + path, status=response.status).observe(perf_counter() - began)
        return response

    return serve


async def unknown(_request: web.Request) -> web.Response:
    """The answer to every other path below the API's."""
    return problem.answer(NotFound(f"there is nothing here; see {BASE}/openapi.json"))


async def _guarded(request: web.Request, by_method: Mapping[str, Route]) -> web.Response:
    try:
        route = by_method.get(request.method)
        if route is None:
            allowed = ", ".join(sorted(by_method))
            raise Refused(405, f"this path takes {allowed}", headers={"Allow": allowed})
        return await _answer(request, route)
    except (Refused, Refusal) as fault:
        return problem.answer(fault)
    except ConnectionResetError:
        # Whoever called has gone while still sending: there is nobody to answer, and nothing has failed.
        return web.Response(status=400)
    except Exception:  # the outermost frame: whoever calls learns that it failed, the log why
        log.exception("api request failed", method=request.method, route=next(iter(by_method.values())).path)
        return problem.answer(Refused(500, "it failed on our side, and is in our log"))


async def _answer(request: web.Request, route: Route) -> web.Response:
    gateway = request.app[GATEWAY]
    principal = _ANYBODY if route.right is None else await _bearer(request, gateway)
    if route.right is not None:
        principal.need(route.right)
    ask = Ask(
        gateway=gateway,
        principal=principal,
        path=_path(request),
        query=read_query(request, route.query),
        body=await read_body(request, route.body),
        remote=client.remote_of(request),
        accept=request.headers.get("Accept", ""),
    )
    return _response(await route.handler(ask), route)


async def _bearer(request: web.Request, gateway: Gateway) -> Principal:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(401, "show a token: Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"})
    async with gateway.store.read() as conn:
        principal = await tokens.principal_of(conn, token.strip())
    if principal is None:
        challenge = 'Bearer error="invalid_token"'
        raise Refused(401, "the token is not known, or was revoked", headers={"WWW-Authenticate": challenge})
    return principal


def _path(request: web.Request) -> Mapping[str, str]:
    """The parts of the path. What does not look like a number, id or key is no such thing: NotFound."""
    for name, value in request.match_info.items():
        if not re.fullmatch(PATH_PATTERNS[name], value):
            raise NotFound("there is no such thing that you may see")
    return dict(request.match_info)


def _response(result: BaseModel | web.Response | None, route: Route) -> web.Response:
    if result is None:
        return web.Response(status=204)
    if isinstance(result, BaseModel):
        body = result.model_dump_json(by_alias=True).encode()
        result = web.Response(status=route.status, body=body, content_type="application/json")
        result.headers["Cache-Control"] = "no-store"
    # What people wrote is in it: no browser takes it for a page.
    result.headers.setdefault("X-Content-Type-Options", "nosniff")
    return result
