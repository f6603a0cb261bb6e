"""`/console/cases/{number}/presence`: a page says that somebody views the case, writes in it, or has left."""

from aiohttp import web

from gateway.errors import Invalid
from gateway.gateway import GATEWAY
from gateway.principal import Right
from gateway.store import queue, viewing
from gateway.web import auth
from gateway.web.pages import HEADERS


async def note(request: web.Request) -> web.StreamResponse:
    """204. `doing` is viewing, writing or gone; who only reads leaves no trace of it, for nobody waits for them."""
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    gateway = request.app[GATEWAY]
    doing = str((await request.post()).get("doing", ""))
    if doing not in ("viewing", "writing", "gone"):
        raise Invalid("doing", "doing must be viewing, writing or gone")
    async with gateway.store.read() as conn:
        case = await queue.find(conn, principal, request.match_info["number"])
    now = gateway.clock()
    if doing == "gone":
        await gateway.store.transact(lambda conn: viewing.leave(conn, case.id, principal.id, now=now))
    else:
        writing = doing == "writing"
        await gateway.store.transact(
            lambda conn: viewing.see(conn, case.id, principal.id, writing=writing, now=now)
        )  # fmt: skip
    return web.Response(status=204, headers=HEADERS)
