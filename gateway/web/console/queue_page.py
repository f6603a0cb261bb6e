"""`/console`: the queue, its views and their counts, and "take next"."""

import asyncio
import re
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk import bulk
from gateway.errors import Invalid, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import alarms, drafts, queue, standings, viewing
from gateway.web import auth
from gateway.web.console import filter_form
from gateway.web.console.composer import leaves_in
from gateway.web.console.due import chip
from gateway.web.console.keys import KEYS
from gateway.web.console.views import ALERTING, FILTERED, MOST, Held, counts
from gateway.web.console.wanted import Wanted, wanted
from gateway.web.pages import refused, render, see

PAGE: Final = 40
_AGENCY: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_BULK: Final = bulk.MOST + 1


async def show(request: web.Request) -> web.StreamResponse:
    """One view of the queue, a page at a time, with the form that narrows it and what may be done with many cases."""
    principal, gateway, asked = await _asked(request)
    around, listed = await asyncio.gather(
        _around(request, principal, asked),
        _listed(gateway, principal, asked, after=request.query.get("after")),
    )
    values = (
        around
        | listed
        | {
            "asked": asked,
            "acts": _acts(principal),
            "most_at_once": bulk.MOST,
            "open_filter": asked.view.name == FILTERED or asked.narrowing.ignored,
            "trouble": _trouble(request, asked),
        }
    )
    return render(request, "console/queue.html", done=request.query.get("done"), **values)


async def rows(request: web.Request) -> web.StreamResponse:
    """The rows alone, for a page that is open: the same query and template as the page's."""
    principal, gateway, asked = await _asked(request)
    held, listed = await asyncio.gather(
        _counted(gateway, principal, asked),
        _listed(gateway, principal, asked, after=request.query.get("after")),
    )
    return render(request, "console/rows.html", **{**rail(gateway, held, agency=asked.agency), **listed})


async def _asked(request: web.Request) -> tuple[Principal, Gateway, Wanted]:
    principal, gateway = await _reader(request), request.app[GATEWAY]
    async with gateway.store.read() as conn:
        return principal, gateway, await wanted(conn, gateway, principal, request.query)


async def _around(request: web.Request, principal: Principal, asked: Wanted) -> dict[str, Any]:
    """What stands around the list, read beside it: over a million cases, counts and list take about as long."""
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        held = await counts(conn, principal, asked.known)
        return {
            **rail(gateway, held, agency=asked.agency),
            **await filter_form.narrowed(
                conn, gateway.current().catalog, principal, asked.narrowing.fields, language=auth.language_of(request)
            ),
            "matching": await _matching(conn, principal, asked, held),
            "ringing": await _ringing(conn, principal),
            "leaving": await leaves_in(conn, request, principal),
        }


async def _counted(gateway: Gateway, principal: Principal, asked: Wanted) -> Held:
    async with gateway.store.read() as conn:
        return await counts(conn, principal, asked.known)


async def _reader(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    return principal


async def _listed(gateway: Gateway, principal: Principal, asked: Wanted, *, after: str | None) -> dict[str, Any]:
    now, catalog, view = gateway.clock(), gateway.current().catalog, asked.view
    async with gateway.store.read() as conn:
        found, following = await queue.listed(conn, principal, view.filter, order=view.order, cursor=after, limit=PAGE)
        ids = [row.id for row in found]
        last = await standings.last_clocks(conn, ids)
        present = await viewing.of_cases(conn, ids, but=principal.id, now=now)
        begun = await drafts.begun(conn, principal.id, ids)
    return {
        "view": view.name,
        "by_due": view.order == "due",
        "rows": [(row, chip(catalog, row, now, last.get(row.id))) for row in found],
        "present": present,
        "begun": begun,
        "following": following,
        "paged": bool(after),
        "address": asked.address,
    }


async def _matching(conn: AsyncConnection, principal: Principal, asked: Wanted, held: Held) -> int:
    """How many cases the list has in all, exactly up to what one act takes; beyond that, more than it takes."""
    name = asked.view.name
    counted = {**held, **{each.view: each.count for each in held.saved}}.get(name, MOST)
    if counted < MOST:
        return counted
    return (await queue.counts(conn, principal, {name: asked.view.filter}, most=_BULK))[name]


def _acts(principal: Principal) -> list[bulk.Act]:
    return list(bulk.Act) if principal.may(Right.WORK_CASES) else []


def _trouble(request: web.Request, asked: Wanted) -> str | None:
    """The key of what is to be said first, in red."""
    if asked.gone:
        return "filter.gone"
    return "bulk.tick" if request.query.get("done") == "tick" else None


def rail(gateway: Gateway, held: dict[str, int], *, agency: str | None) -> dict[str, Any]:
    """What the rail beside every console page shows."""
    known = gateway.current().catalog.agencies
    return {
        "counts": held,
        "saved": held.saved if isinstance(held, Held) else (),
        "most": MOST,
        "alerting": ALERTING,
        "agency": agency,
        "agencies": sorted(((a.key, a.short) for a in known.values()), key=lambda pair: pair[1].lower()),
        "agency_names": {a.key: a.short for a in known.values()},
        "keys": KEYS,
    }


def wanted_agency(request: web.Request, principal: Principal) -> str | None:
    """The agency somebody of the whole network narrows to; the boundary itself is in the query."""
    asked = request.query.get("agency", "")
    return asked if principal.agency is None and _AGENCY.fullmatch(asked) else None


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
