"""`/audit`: who saw and did what, for auditors and administrators; and the same as CSV."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.audit import Action
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.store import audit as audit_store
from gateway.store.audit import Wanted
from gateway.web import audit, auth, csv_file, shown
from gateway.web.pages import render

PAGE: Final = 100
_BLOCK: Final = 1000
_COLUMNS: Final = ("at", "actor", "who", "role", "agency", "action", "object", "detail", "remote")
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filter as it was typed, and as the store wants it. What cannot be read narrows nothing."""

    typed: dict[str, str]
    wanted: Wanted


def _asked(request: web.Request, timezone: str) -> Asked:
    typed = {name: request.query.get(name, "").strip()[:_LONGEST] for name in ("who", "action", "object", "from", "to")}
    zone = ZoneInfo(timezone)
    until = _day(typed["to"], zone)
    return Asked(
        typed=typed,
        wanted=Wanted(
            who=typed["who"] or None,
            action=typed["action"] if typed["action"] in list(Action) else None,
            object=typed["object"] or None,
            since=_day(typed["from"], zone),
            until=until + timedelta(days=1) if until else None,
        ),
    )


def _day(text: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of a day such as 2026-11-17."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        return None


async def show(request: web.Request) -> web.StreamResponse:
    """A page of the log, the latest first."""
    principal = await auth.principal(request)
    principal.need(Right.READ_AUDIT)
    gateway = request.app[GATEWAY]
    asked = _asked(request, gateway.current().catalog.gateway.timezone)
    before = shown.row_id(request.query.get("before", ""))
    async with gateway.store.read() as conn:
        rows, following = await audit_store.listed(conn, principal, asked.wanted, before=before, limit=PAGE)
    audit.seen(request, Action.AUDIT_READ)
    filled = {name: value for name, value in asked.typed.items() if value}
    return render(
        request,
        "accounts/audit.html",
        rows=rows,
        typed=asked.typed,
        actions=list(Action),
        narrowed=urlencode(filled),
        following=urlencode(filled | {"before": str(following)}) if following else None,
        paged=before is not None,
        agency_names={a.key: a.short for a in gateway.current().catalog.agencies.values()},
    )


async def export(request: web.Request) -> web.StreamResponse:
    """Everything the filter finds, as CSV."""
    principal = await auth.principal(request)
    principal.need(Right.READ_AUDIT)
    asked = _asked(request, request.app[GATEWAY].current().catalog.gateway.timezone)
    audit.seen(request, Action.EXPORTED, "audit")
    return await csv_file.stream(request, "audit.csv", _COLUMNS, _blocks(request, principal, asked.wanted))


async def _blocks(
    request: web.Request, principal: Principal, wanted: Wanted
) -> AsyncIterator[Sequence[Sequence[object]]]:
    store, before = request.app[GATEWAY].store, None
    while True:
        # A connection for each block: a slow reader must not hold one.
        async with store.read() as conn:
            rows, before = await audit_store.listed(conn, principal, wanted, before=before, limit=_BLOCK)
        yield [_cells(row) for row in rows]
        if before is None:
            return


def _cells(row: Any) -> list[object]:
    return [row.at.isoformat(timespec="seconds"), *(getattr(row, name) for name in _COLUMNS[1:])]
