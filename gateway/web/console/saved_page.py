"""`/console/saved`: filters kept under a name, and what their owner does with them."""

from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.store import saved_views
from gateway.web import auth, shown
from gateway.web.console import filter_form
from gateway.web.console.beside import beside
from gateway.web.console.views import FILTERED, SAVED
from gateway.web.console.wanted import wanted
from gateway.web.pages import HEADERS, render, see

# A name is read in the rail: in characters.
_NAME = 60


async def show(request: web.Request) -> web.StreamResponse:
    """One's saved views with what each of them says, to be renamed, ordered, shared and deleted."""
    principal = await _reader(request)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    catalog = gateway.current().catalog
    async with gateway.store.read() as conn:
        frame = await beside(conn, gateway, principal)
        told = {
            each.id: await filter_form.narrowed(conn, catalog, principal, each.narrowing.fields, language=language)
            for each in frame["saved"]
        }
    done, sharing = request.query.get("done"), may_share(principal)
    return render(request, "console/saved.html", told=told, may_share=sharing, done=done, **frame)


async def held(request: web.Request) -> web.StreamResponse:
    """How many cases each of one's saved views holds, for a page that is open."""
    principal = await _reader(request)
    async with request.app[GATEWAY].store.read() as conn:
        frame = await beside(conn, request.app[GATEWAY], principal)
    return web.json_response({each.view: each.count for each in frame["saved"]}, headers=HEADERS)


async def add(request: web.Request) -> web.StreamResponse:
    """Keep the filter of an address of the queue under a name."""
    principal = await _reader(request)
    gateway, form = request.app[GATEWAY], await request.post()
    name, shared = _name(form.get("name")), _shared(principal, form.get("share"))

    async def work(conn: AsyncConnection) -> int:
        asked = await wanted(conn, gateway, principal, MultiDict(parse_qsl(str(form.get("query", "")))))
        if asked.view.name != FILTERED and asked.saved is None:
            raise Invalid("query", "narrow the list first: a built-in view is there already")
        return await saved_views.add(conn, principal, name=name, fields=asked.narrowing.fields, agency=shared)

    view_id = await gateway.store.transact(work)
    raise see(f"/console?view={SAVED}{view_id}&done=saved")


async def change(request: web.Request) -> web.StreamResponse:
    """Rename or share, move up or down, or delete, as the button says."""
    principal = await _reader(request)
    form, view_id = await request.post(), shown.row_id(request.match_info["id"]) or 0
    doing = str(form.get("do", "keep"))

    async def work(conn: AsyncConnection) -> None:
        row = await saved_views.get(conn, principal, view_id)
        if doing == "drop":
            await saved_views.drop(conn, view_id)
        elif doing in ("up", "down"):
            await saved_views.move(conn, row, up=doing == "up")
        else:
            shared = _shared(principal, form.get("share"))
            await saved_views.change(conn, view_id, name=_name(form.get("name")), agency=shared)

    await request.app[GATEWAY].store.transact(work)
    raise see(f"/console/saved?done={doing if doing in ('drop', 'up', 'down') else 'keep'}")


async def _reader(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    return principal


def may_share(principal: Principal) -> bool:
    """Whoever answers for an agency shares views with everybody of it."""
    return principal.agency is not None and principal.may(Right.SUPERVISE)


def _shared(principal: Principal, said: object) -> str | None:
    return principal.agency if said and may_share(principal) else None


def _name(said: object) -> str:
    name = " ".join(shown.tame_name(str(said or "")).split())
    if not 1 <= len(name) <= _NAME:
        raise Invalid("name", f"the name of a view has 1 to {_NAME} characters")
    return name
