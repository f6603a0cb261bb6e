"""`/console`: the queue, its views and their counts, and "take next"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import alarms, queue, standings, viewing
from gateway.web import auth
from gateway.web.console.due import chip
from gateway.web.console.views import ALERTING, MOST, View, counts, views
from gateway.web.pages import refused, render, see

PAGE: Final = 40
_AGENCY: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a request for the queue asks for, and who asks."""

    principal: Principal
    agency: str | None
    known: Mapping[str, View]
    view: View
    after: str | None


async def _asked(request: web.Request) -> _Asked:
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    agency = wanted_agency(request, principal)
    known = views(principal, now=now, timezone=catalog.gateway.timezone, agency=agency)
    view = _wanted_view(request, known)
    return _Asked(principal=principal, agency=agency, known=known, view=view, after=request.query.get("after"))


async def show(request: web.Request) -> web.StreamResponse:
    """One view of the queue, a page at a time."""
    asked, gateway = await _asked(request), request.app[GATEWAY]
    async with gateway.store.read() as conn:
        listed = await _listed(conn, gateway, asked)
        held = await counts(conn, asked.principal, asked.known)
        ringing = await _ringing(conn, asked.principal)
    done = request.query.get("done")
    frame = rail(gateway, held, agency=asked.agency)
    return render(request, "console/queue.html", ringing=ringing, done=done, **listed, **frame)


async def rows(request: web.Request) -> web.StreamResponse:
    """The rows alone, for a page that is open: the same query and template as the page's."""
    asked, gateway = await _asked(request), request.app[GATEWAY]
    async with gateway.store.read() as conn:
        listed = await _listed(conn, gateway, asked)
        held = await counts(conn, asked.principal, asked.known)
    return render(request, "console/rows.html", **listed, **rail(gateway, held, agency=asked.agency))


async def _listed(conn: AsyncConnection, gateway: Gateway, asked: _Asked) -> dict[str, Any]:
    now, catalog, view = gateway.clock(), gateway.current().catalog, asked.view
    found, following = await queue.listed(
        conn, asked.principal, view.filter, order=view.order, cursor=asked.after, limit=PAGE
    )
    ids = [row.id for row in found]
    last = await standings.last_clocks(conn, ids)
    return {
        "view": view.name,
        "by_due": view.order == "due",
        "rows": [(row, chip(catalog, row, now, last.get(row.id))) for row in found],
        "present": await viewing.of_cases(conn, ids, but=asked.principal.id, now=now),
        "following": following,
        "paged": bool(asked.after),
    }


def rail(gateway: Gateway, held: dict[str, int], *, agency: str | None) -> dict[str, Any]:
    """What the rail beside every console page shows."""
    known = gateway.current().catalog.agencies
    return {
        "counts": held,
        "most": MOST,
        "alerting": ALERTING,
        "agency": agency,
        "agencies": sorted(((a.key, a.short) for a in known.values()), key=lambda pair: pair[1].lower()),
        "agency_names": {a.key: a.short for a in known.values()},
    }


def wanted_agency(request: web.Request, principal: Principal) -> str | None:
    """The agency somebody of the whole network narrows to; the boundary itself is in the query."""
    asked = request.query.get("agency", "")
    return asked if principal.agency is None and _AGENCY.fullmatch(asked) else None


def _wanted_view(request: web.Request, known: Any) -> View:
    asked = request.query.get("view", "")
    fallback = "mine" if "mine" in known else "open"
    found: View = known[asked if asked in known else fallback]
    return found


async def _ringing(conn: AsyncConnection, principal: Principal) -> list[Any]:
    """The alarms of a manager's own agency; everybody else reads theirs under operations."""
    if principal.agency is None:
        return []
    rows = await alarms.ringing(conn)
    return [row for row in rows if row.key.partition(":")[2] == principal.agency]


async def take_next(request: web.Request) -> web.StreamResponse:
    """Take the case that is due first; nothing waiting is said kindly."""
    principal = await auth.principal(request)
    form = await request.post()
    agency = str(form.get("agency", "")) or None
    try:
        if principal.agency is None and agency not in request.app[GATEWAY].current().catalog.agencies:
            raise Invalid("agency", "name the agency whose next case is to be taken")
        number = await request.app[GATEWAY].desk.take_next(principal, agency=agency)
    except Refusal as refusal:
        return refused(request, refusal)
    raise see(f"/console/cases/{number}?done=taken" if number else "/console?view=mine&done=nothing")
