"""Reports over the API: the indicators of a period, and its requests one by one."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.audit import Action
from gateway.reports import legal as requests
from gateway.reports import timeliness
from gateway.reports.period import Wanted, period
from gateway.reports.rows import COLUMNS, WHOLE, cells, rows
from gateway.store.timeliness import Dimension
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked, Key
from gateway.web.csv_file import line
from routing.timeliness import Unit

_CSV: Final = "text/csv"
_ISO_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"


def _day(value: object) -> object:
    """A day is written as one: no instant, and no number of seconds."""
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        return value
    raise ValueError("is no day: write it like 2026-01-31")


Day = Annotated[date, BeforeValidator(_day), Field(json_schema_extra={"pattern": _ISO_DAY}, examples=["2026-01-31"])]
Territory = Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{3})?$", examples=["91001"])]


class PeriodQuery(Asked):
    """Which clocks: those that began on these local days, both included. Without days, this year up to today."""

    first: Day | None = Field(default=None, alias="from", description="the first day, local")
    last: Day | None = Field(default=None, alias="to", description="the last day, local, included")
    agency: Key | None = None
    term_class: Key | None = Field(default=None, alias="class")
    channel: Key | None = None
    territory: Territory | None = Field(default=None, description="a department's two digits cover its municipalities")
    format: Literal["json", "csv"] | None = Field(default=None, description="before the Accept header")


class TimelinessQuery(PeriodQuery):
    """Which figures."""

    by: Dimension = Dimension.NONE
    language: Literal["es", "en"] = Field(default="es", description="of names and definitions")
    public: bool = Field(default=False, description="hide every cell that counts fewer than five")


class LegalQuery(PeriodQuery):
    """Which requests. CSV has all of them; JSON a page."""

    limit: Annotated[int, Field(ge=1, le=500)] = 200
    cursor: (
        Annotated[str, Field(pattern=r"^[0-9]{1,18}-[0-9]{1,6}$", description="`next` of the page before")] | None
    ) = None


class ReportedFigure(Answer):
    """One indicator of one group. Shares are between 0 and 1; a hidden cell counts fewer than five."""

    group: str = Field(description=f"a key of what was asked for; `{WHOLE}` is the whole")
    group_name: str
    indicator: str
    name: str
    value: float | None
    unit: Unit
    numerator: int | None
    n: int
    low: float | None = Field(description="the lower bound with 95 % confidence, where told")
    high: float | None
    goal_at_least: float | None
    goal_at_most: float | None
    goal_reached: bool | None
    counted: Literal["cases", "stays"] = Field(description="cases, each once; or every stay of a case at the agency")
    cohort: str = Field(description="what `n` counts")
    definition: str
    hidden: bool


class TimelinessReport(Answer):
    """The figures of a period as they stood at an instant."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    by: Dimension
    at: datetime
    figures: list[ReportedFigure]


class LegalRequest(Answer):
    """One request, without personal data. Instants are in the deployment's own time."""

    number: str
    received_at: datetime
    channel: str
    agency: str
    term_class: str = Field(alias="class")
    territory: str | None
    transferred_to: str | None
    transferred_at: datetime | None
    answered_at: datetime | None
    business_days: int | None = Field(description="from the effective receipt to the answer")
    calendar_days: int | None = Field(description="from the citizen's first word to the answer")
    due_at: datetime
    late: bool = Field(description="past due at any time")
    outcome: str | None
    denied: bool


class LegalReport(Answer):
    """A page of requests in the order in which they came; `next` is the cursor of the one after, or null."""

    items: list[LegalRequest]
    next: str | None


def _wanted(ask: Ask, *, by: Dimension = Dimension.NONE) -> Wanted:
    query: PeriodQuery = ask.query
    today = ask.gateway.clock().astimezone(ZoneInfo(ask.gateway.current().catalog.gateway.timezone)).date()
    last = query.last or today
    return Wanted(
        first=query.first or last.replace(month=1, day=1),
        last=last,
        by=by,
        agency=query.agency,
        term_class=query.term_class,
        channel=query.channel,
        territory=query.territory,
    )


def _as_csv(ask: Ask) -> bool:
    chosen: str | None = ask.query.format
    return chosen == "csv" if chosen else ask.accept.partition(";")[0].strip() == _CSV


async def figures(ask: Ask) -> TimelinessReport | web.Response:
    """The indicators of a period, within the principal's boundary."""
    query: TimelinessQuery = ask.query
    catalog, wanted = ask.gateway.current().catalog, _wanted(ask, by=query.by)
    found = await ask.gateway.reports.timeliness(ask.principal, wanted)
    found = timeliness.published(found) if query.public else found
    told = rows(found, catalog, query.language)
    ask.seen(Action.EXPORTED if _as_csv(ask) else Action.REPORT_VIEWED, "timeliness", detail=days(wanted))
    if _as_csv(ask):
        return csv("timeliness", wanted, b"".join(csv_lines(told)))
    return TimelinessReport(
        first=wanted.first, last=wanted.last, by=wanted.by, at=found.at, figures=[ReportedFigure(**row) for row in told]
    )


async def legal(ask: Ask) -> LegalReport | web.Response:
    """The requests of a period, one by one, within the principal's boundary."""
    query: LegalQuery = ask.query
    catalog, wanted, now = ask.gateway.current().catalog, _wanted(ask), ask.gateway.clock()
    # An unusable period is refused before anything is sent.
    period(catalog, wanted.first, wanted.last)
    ask.seen(Action.EXPORTED, "legal", detail=days(wanted))
    if _as_csv(ask):
        every = requests.every(ask.gateway.store, catalog, ask.principal, wanted, now=now)
        return csv("legal", wanted, legal_lines(every))
    after = (0, -1)
    if query.cursor:
        case_id, _, no = query.cursor.partition("-")
        after = (int(case_id), int(no))
    found = await requests.page(
        ask.gateway.store, catalog, ask.principal, wanted, now=now, after=after, limit=query.limit + 1
    )
    shown = found[: query.limit]
    following = f"{shown[-1].place[0]}-{shown[-1].place[1]}" if len(found) > query.limit else None
    return LegalReport(items=[LegalRequest(**request.row()) for request in shown], next=following)


def days(wanted: Wanted) -> str:
    """The period as files and the audit log name it."""
    return f"{wanted.first.isoformat()}-{wanted.last.isoformat()}"


def csv(name: str, wanted: Wanted, body: bytes | AsyncIterator[bytes]) -> web.Response:
    """A CSV file to be kept."""
    filename = f"{name}-{days(wanted)}.csv"
    response = web.Response(body=body, content_type=_CSV, charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def csv_lines(told: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Figures as lines."""
    yield line(COLUMNS).encode()
    for row in told:
        yield line(cells(row, COLUMNS)).encode()


async def legal_lines(every: AsyncIterator[requests.Request]) -> AsyncIterator[bytes]:
    """Requests as lines, as they are read."""
    yield line(requests.COLUMNS).encode()
    async for request in every:
        yield line(cells(request.row(), requests.COLUMNS)).encode()
