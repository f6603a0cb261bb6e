"""The report of requests that Ley 1712/2014 art. 11(h) wants published: one row for each request.

Received, passed on, the time of each answer, and whether access was denied.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.principal import Principal
from gateway.reports.period import Wanted, asked_of
from gateway.store import legal
from gateway.store.engine import Store
from gateway.store.schema import instant_of
from routing.catalog import Catalog

COLUMNS: Final = (
    "number", "received_at", "channel", "agency", "class", "territory", "transferred_to", "transferred_at",
    "answered_at", "business_days", "calendar_days", "due_at", "late", "outcome", "denied",
)  # fmt: skip
# The outcome of a request that was refused.
DENIED: Final = "denied"
_PAGE: Final = 500
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. Instants are in the deployment's time zone; `place` is where the next page begins."""

    number: str
    received_at: datetime
    channel: str
    agency: str
    term_class: str
    territory: str | None
    transferred_to: str | None
    transferred_at: datetime | None
    answered_at: datetime | None
    business_days: int | None
    calendar_days: int | None
    due_at: datetime
    late: bool
    outcome: str | None
    denied: bool
    place: tuple[int, int]

    def row(self) -> dict[str, Any]:
        """With the keys of `COLUMNS`."""
        return {name: getattr(self, "term_class" if name == "class" else name) for name in COLUMNS}


async def page(
    store: Store,
    catalog: Catalog,
    principal: Principal,
    wanted: Wanted,
    *,
    now: datetime,
    after: tuple[int, int] = (0, -1),
    limit: int = _PAGE,
) -> list[Request]:
    """Requests of the period in the order in which they came, within the principal's boundary."""
    asked = asked_of(catalog, wanted, now)
    async with store.read() as conn:
        found = await legal.page(conn, principal, asked, after=after, limit=limit)
    zone = ZoneInfo(catalog.gateway.timezone)
    return [_request(row, zone, now) for row in found]


async def every(
    store: Store, catalog: Catalog, principal: Principal, wanted: Wanted, *, now: datetime
) -> AsyncIterator[Request]:
    """All of them, read page by page: whoever reads slowly holds no connection meanwhile."""
    after = (0, -1)
    while found := await page(store, catalog, principal, wanted, now=now, after=after):
        for request in found:
            yield request
        after = found[-1].place
        if len(found) < _PAGE:
            return


def _request(row: Any, zone: ZoneInfo, now: datetime) -> Request:
    def local(at: int | None) -> datetime | None:
        return None if at is None else instant_of(at).astimezone(zone)

    due_at = instant_of(row.due_at).astimezone(zone)
    # Past due by the clock on the wall, whether or not anybody has noted it yet.
    overdue = row.ended_by is None and row.suspended_at is None and now >= due_at + _SECOND
    return Request(
        number=row.number,
        received_at=instant_of(row.received_at).astimezone(zone),
        channel=row.channel,
        agency=row.agency,
        term_class=row.term_class,
        territory=row.territory,
        transferred_to=row.transferred_to,
        transferred_at=local(row.transferred_at),
        answered_at=local(row.answered_at),
        business_days=row.days,
        calendar_days=row.citizen_days,
        due_at=due_at,
        late=row.late_at is not None or overdue,
        outcome=row.ended_by,
        denied=row.ended_by == DENIED,
        place=(row.case_id, row.no),
    )
