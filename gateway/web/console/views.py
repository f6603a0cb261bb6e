"""The queue's views: what each lists, in which order, and how many it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.deployment import Current
from gateway.principal import Principal, Right
from gateway.store import queue
from gateway.store.queue import Filter

VIEWS: Final = ("mine", "unassigned", "open", "overdue", "today", "waiting", "failed", "ended")
# Red as soon as there is one.
ALERTING: Final = frozenset({"overdue", "failed"})
# A count beyond this is shown as "999+": it costs as much as it says.
MOST: Final = 1000
_ENDED_DAYS: Final = 7
_OPEN: Final = ("open", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view for one person. `order` is one of `queue.ORDERS`."""

    name: str
    filter: Filter
    order: str = "due"


def views(principal: Principal, *, now: datetime, timezone: str, agency: str | None = None) -> Mapping[str, View]:
    """Every view by name. `agency` narrows what a principal of the whole network sees."""
    end_of_today = _end_of_day(now, timezone)
    found = {
        "mine": Filter(agency=agency, assignee_id=principal.id, state=_OPEN),
        "unassigned": Filter(agency=agency, state=("open",), unassigned=True),
        "open": Filter(agency=agency, state=_OPEN),
        "overdue": Filter(agency=agency, overdue_at=now),
        "today": Filter(agency=agency, state=("open",), due_from=now, due_before=end_of_today),
        "waiting": Filter(agency=agency, state=("waiting",)),
        "failed": Filter(agency=agency, failed_delivery=True),
        "ended": Filter(agency=agency, state=("answered", "closed"), active_from=now - timedelta(days=_ENDED_DAYS)),
    }
    shown = VIEWS if principal.may(Right.WORK_CASES) else VIEWS[1:]
    return {
        name: View(name=name, filter=found[name], order="active" if name in ("ended", "failed") else "due")
        for name in shown
    }


async def counts(conn: AsyncConnection, principal: Principal, wanted: Mapping[str, View]) -> dict[str, int]:
    """How many cases each view holds, counted up to `MOST`."""
    return await queue.counts(conn, principal, {name: view.filter for name, view in wanted.items()}, most=MOST)


async def count_views(
    conn: AsyncConnection, principal: Principal, *, current: Current, clock: Callable[[], datetime]
) -> dict[str, int]:
    """The counts of everything a principal sees, as they are now."""
    timezone = current().catalog.gateway.timezone
    return await counts(conn, principal, views(principal, now=clock(), timezone=timezone))


def _end_of_day(now: datetime, timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)
