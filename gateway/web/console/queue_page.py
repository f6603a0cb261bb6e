"""`/console`: the queue, its views and their counts, and "take next"."""

import re
from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import alarms, queue
from gateway.store.schema import instant_of, micros
from gateway.web import auth
from gateway.web.console.due import chip
from gateway.web.console.views import ALERTING, MOST, View, counts, views
from gateway.web.pages import refused, render, see

PAGE: Final = 40
_AGENCY: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


async def show(request: web.Request) -> web.StreamResponse:
    """One view of the queue, a page at a time."""
    return await _page(request, trouble=None)


async def _page(request: web.Request, *, trouble: str | None, status: int = 200) -> web.Response:
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    agency = wanted_agency(request, principal)
    known = views(principal, now=now, timezone=catalog.gateway.timezone, agency=agency)
    view = _wanted_view(request, known)
    async with gateway.store.read() as conn:
        rows, following = await queue.listed(
            conn, principal, view.filter, order=view.order, cursor=request.query.get("after"), limit=PAGE
        )
        held = await counts(conn, principal, known)
        ringing = await _ringing(conn, principal)
    return render(
        request,
        "console/queue.html",
        status=status,
        view=view.name,
        rows=[(row, chip(catalog, row, now)) for row in rows],
        following=following,
        paged=bool(request.query.get("after")),
        ringing=ringing,
        since=micros(now),
        done=request.query.get("done"),
        trouble=trouble,
        **rail(gateway, held, agency=agency),
    )


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


async def pulse(request: web.Request) -> web.StreamResponse:
    """What an open page asks every few seconds: `{"counts": {…}, "fresh": n}`, or `{"version": n}` for a case.

    `fresh` is how many cases of the view have moved since the page was made. 401 when the session has ended.
    """
    visit = request.get(auth.VISIT)
    if visit is None:
        return web.json_response({}, status=401)
    gateway, principal = request.app[GATEWAY], visit.principal
    async with gateway.store.read() as conn:
        if number := request.query.get("case"):
            return _json({"version": (await queue.find(conn, principal, number)).version})
        known = views(
            principal,
            now=gateway.clock(),
            timezone=gateway.current().catalog.gateway.timezone,
            agency=wanted_agency(request, principal),
        )
        since = request.query.get("since", "")
        fresh = 0
        if since.isascii() and since.isdigit() and len(since) < 18:
            view = _wanted_view(request, known)
            fresh = await queue.count(
                conn, principal, replace(view.filter, active_from=instant_of(int(since))), most=MOST
            )
        return _json({"counts": await counts(conn, principal, known), "fresh": fresh})


def _json(payload: dict[str, Any]) -> web.Response:
    return web.json_response(payload, headers={"Cache-Control": "no-store"})
