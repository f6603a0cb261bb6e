"""`/console/reports`: the indicators of a period, how they are distributed, and the cases behind them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.errors import Invalid
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.reports import legal, timeliness
from gateway.reports.period import Wanted, asked_of, period
from gateway.reports.rows import COLUMNS, cells, group_name, rows
from gateway.reports.timeliness import Report
from gateway.store import behind
from gateway.store.schema import instant_of
from gateway.store.timeliness import Dimension
from gateway.web import audit, auth, csv_file
from gateway.web.console import figures, report_charts
from gateway.web.console.queue_page import rail
from gateway.web.console.views import counts, views
from gateway.web.pages import render

_PAGE: Final = 50
# What the table of groups shows of each, and of agencies.
_SHOWN: Final = ("received", "answered", "on_time", "ever_late", "days_median", "days_p90", "backlog")
_BLOCK: Final = 500


async def show(request: web.Request) -> web.StreamResponse:
    """Everything on one page."""
    principal = await _reader(request)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    wanted, trouble = _wanted(request, principal)
    catalog = gateway.current().catalog
    # First what stands beside it: a long count that is under way would only hold it up.
    async with gateway.store.read() as conn:
        frame = await _frame(conn, gateway, principal)
    found, series = await _reports(gateway, principal, wanted)
    if found is None or series is None:
        return _counting(request, wanted, frame)
    audit.seen(request, Action.REPORT_VIEWED, "timeliness", detail=_days(wanted))
    ranked = report_charts.ranked(found) if wanted.by is Dimension.AGENCY else found.groups
    return render(
        request,
        "console/reports.html",
        wanted=wanted,
        trouble=trouble,
        report=found,
        headlines=[figures.shown(found.whole, name, language) for name in figures.HEADLINES],
        sections=list(figures.sections(found.whole, language)),
        distributions=report_charts.distributions(found.whole, language),
        series=report_charts.months(series, language),
        league=report_charts.league(found, catalog, language) if wanted.by is Dimension.AGENCY else None,
        groups=[
            (
                group,
                group_name(wanted.by, group.key, catalog, language),
                [figures.shown(group, name, language) for name in _columns(found)],
            )
            for group in ranked
        ],
        columns=_columns(found),
        by=[dimension for dimension in Dimension if not (principal.agency and dimension is Dimension.AGENCY)],
        classes=[(key, group_name(Dimension.CLASS, key, catalog, language)) for key in catalog.terms],
        channels=list(catalog.gateway.channels),
        query=_query(wanted),
        link=lambda **changed: _query(replace(wanted, **changed)),
        **frame,
    )


async def _reports(gateway: Gateway, principal: Principal, wanted: Wanted) -> tuple[Report | None, Report | None]:
    """The report, and the same by month; None for what is still counted."""
    if wanted.by is Dimension.MONTH:
        found = await gateway.reports.if_counted(principal, wanted)
        return found, found
    by_month = replace(wanted, by=Dimension.MONTH)
    return await asyncio.gather(
        gateway.reports.if_counted(principal, wanted),
        gateway.reports.if_counted(principal, by_month, people=False),
    )


def _counting(request: web.Request, wanted: Wanted, frame: Mapping[str, Any]) -> web.Response:
    """What is shown while a long report is counted: the browser asks again by itself, with a script or without."""
    answer = render(request, "console/report_counting.html", status=202, wanted=wanted, **frame)
    answer.headers["Refresh"] = "1"
    return answer


def _columns(found: Report) -> Sequence[str]:
    return (*_SHOWN, "score") if found.wanted.by is Dimension.AGENCY else _SHOWN


async def cases(request: web.Request) -> web.StreamResponse:
    """The cases behind a figure, a page at a time."""
    principal = await _reader(request)
    gateway = request.app[GATEWAY]
    wanted, trouble = _wanted(request, principal)
    what = request.query.get("what", "")
    what = what if what in behind.WHAT else "received"
    catalog = gateway.current().catalog
    asked = asked_of(catalog, wanted, gateway.clock())
    scope = timeliness.scope_of(principal, wanted)
    async with gateway.store.read() as conn:
        found = await behind.listed(conn, principal, asked, what, scope=scope, after=_after(request), limit=_PAGE + 1)
        frame = await _frame(conn, gateway, principal)
    audit.seen(request, Action.REPORT_VIEWED, "cases", detail=f"{what} {_days(wanted)}")
    page, more = found[:_PAGE], len(found) > _PAGE
    return render(
        request,
        "console/report_cases.html",
        wanted=wanted,
        trouble=trouble,
        what=what,
        rows=page,
        at=instant_of,
        visible=lambda row: principal.agency in (None, row.here),
        query=_query(wanted),
        following=f"{page[-1].started_at}-{page[-1].case_id}-{page[-1].no}" if more else None,
        **frame,
    )


async def figures_csv(request: web.Request) -> web.StreamResponse:
    """The figures of the page as a file."""
    principal = await _reader(request)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    wanted, _ = _wanted(request, principal)
    catalog = gateway.current().catalog
    found = await gateway.reports.timeliness(principal, wanted)
    audit.seen(request, Action.EXPORTED, "timeliness", detail=_days(wanted))

    async def blocks() -> AsyncIterator[Sequence[Sequence[object]]]:
        yield [cells(row, COLUMNS) for row in rows(found, catalog, language)]

    return await csv_file.stream(request, f"timeliness-{_days(wanted)}.csv", COLUMNS, blocks())


async def legal_csv(request: web.Request) -> web.StreamResponse:
    """The requests of the period one by one, as a file."""
    principal = await _reader(request)
    gateway = request.app[GATEWAY]
    wanted, _ = _wanted(request, principal)
    catalog = gateway.current().catalog
    audit.seen(request, Action.EXPORTED, "legal", detail=_days(wanted))

    async def blocks() -> AsyncIterator[Sequence[Sequence[object]]]:
        block: list[Sequence[object]] = []
        async for found in legal.every(gateway.store, catalog, principal, wanted, now=gateway.clock()):
            block.append(cells(found.row(), legal.COLUMNS))
            if len(block) == _BLOCK:
                yield block
                block = []
        yield block

    return await csv_file.stream(request, f"legal-{_days(wanted)}.csv", legal.COLUMNS, blocks())


async def _reader(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    return principal


async def _frame(conn: AsyncConnection, gateway: Gateway, principal: Principal) -> dict[str, Any]:
    """The rail beside the page."""
    timezone = gateway.current().catalog.gateway.timezone
    held = await counts(conn, principal, views(principal, now=gateway.clock(), timezone=timezone))
    return {"view": None, **rail(gateway, held, agency=None)}


def _wanted(request: web.Request, principal: Principal) -> tuple[Wanted, str | None]:
    """What the query asks for, and what is wrong with it; a period that is none becomes this year up to today."""
    catalog, asked = request.app[GATEWAY].current().catalog, request.query
    today = request.app[GATEWAY].clock().astimezone(ZoneInfo(catalog.gateway.timezone)).date()
    trouble = None
    first, last = _day(asked.get("from")) or today.replace(month=1, day=1), _day(asked.get("to")) or today
    try:
        period(catalog, first, last)
    except Invalid:
        trouble, first, last = "report.bad_period", today.replace(month=1, day=1), today
    default = Dimension.NONE if principal.agency else Dimension.AGENCY
    wanted = Wanted(
        first=first,
        last=last,
        by=Dimension(asked["by"]) if asked.get("by") in list(Dimension) else default,
        agency=_known(asked.get("agency"), catalog.agencies) if principal.agency is None else None,
        term_class=_known(asked.get("class"), catalog.terms),
        channel=_known(asked.get("channel"), catalog.gateway.channels),
        territory=_known(asked.get("territory"), catalog.territories),
    )
    return wanted, trouble


def _known(value: str | None, known: Mapping[str, Any]) -> str | None:
    return value if value in known else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _after(request: web.Request) -> behind.Place | None:
    """The last of the page before, as `cases` wrote it into the link; None when that is not what stands there."""
    parts = request.query.get("after", "").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        return None
    at, case_id, no = map(int, parts)
    return at, case_id, no


def _query(wanted: Wanted) -> str:
    """The query string that asks for the same."""
    found = {
        "from": wanted.first.isoformat(),
        "to": wanted.last.isoformat(),
        "by": str(wanted.by),
        "agency": wanted.agency,
        "class": wanted.term_class,
        "channel": wanted.channel,
        "territory": wanted.territory,
    }
    return urlencode({name: value for name, value in found.items() if value})


def _days(wanted: Wanted) -> str:
    return f"{wanted.first.isoformat()}-{wanted.last.isoformat()}"
