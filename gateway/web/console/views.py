"""The queue's views: what each lists, in which order, and how many it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.deployment import Current
from gateway.principal import Principal, Right
from gateway.store import queue, saved_views
from gateway.store.queue import Filter
from gateway.web.console.narrowing import Narrowing, filter_of, read

VIEWS: Final = ("mine", "unassigned", "open", "overdue", "today", "waiting", "failed", "ended")
# Red as soon as there is one.
ALERTING: Final = frozenset({"overdue", "failed"})
# What the queue is called when it shows a filter, and when it shows a saved one: this and its id.
FILTERED: Final = "filter"
SAVED: Final = "saved-"
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


class Known(dict[str, View]):
    """The built-in views by name, and the moment and the place they were made for."""

    def __init__(self, found: Mapping[str, View], *, now: datetime, timezone: str) -> None:
        super().__init__(found)
        self.now = now
        self.timezone = timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A filter with a name, and how many cases it holds, counted up to `MOST`."""

    id: int
    name: str
    narrowing: Narrowing
    count: int
    # None: one's own, shared with nobody.
    agency: str | None
    mine: bool
    author: str

    @property
    def view(self) -> str:
        """What the address of the queue calls it."""
        return f"{SAVED}{self.id}"


class Held(dict[str, int]):
    """How many cases each built-in view holds; and the saved views beside them."""

    def __init__(self, found: Mapping[str, int], saved: Sequence[Saved]) -> None:
        super().__init__(found)
        self.saved = saved


def views(principal: Principal, *, now: datetime, timezone: str, agency: str | None = None) -> Known:
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
    made = {
        name: View(name=name, filter=found[name], order="active" if name in ("ended", "failed") else "due")
        for name in shown
    }
    return Known(made, now=now, timezone=timezone)


def view_of(name: str, narrowing: Narrowing, principal: Principal, *, now: datetime, timezone: str) -> View:
    """The view of a filter that somebody has put together."""
    wanted = filter_of(narrowing.fields, principal, now=now, timezone=timezone)
    ended = bool(wanted.state) and not set(wanted.state) & set(_OPEN)
    return View(name=name, filter=wanted, order="active" if ended else "due")


async def counts(conn: AsyncConnection, principal: Principal, wanted: Known) -> Held:
    """How many cases each view holds, counted up to `MOST`; the saved ones in the same statement."""
    rows = {f"{SAVED}{row.id}": (row, read(row.filter)) for row in await saved_views.listed(conn, principal)}
    filters = {name: view.filter for name, view in wanted.items()} | {
        name: filter_of(narrowing.fields, principal, now=wanted.now, timezone=wanted.timezone)
        for name, (_, narrowing) in rows.items()
    }
    found = await queue.counts(conn, principal, filters, most=MOST)
    saved = [
        Saved(
            id=row.id, name=row.name, narrowing=narrowing, count=found[name], agency=row.agency,
            mine=row.staff_id == principal.id, author=row.author,
        )
        for name, (row, narrowing) in rows.items()
    ]  # fmt: skip
    return Held({name: found[name] for name in wanted}, saved)


async def count_views(
    conn: AsyncConnection, principal: Principal, *, current: Current, clock: Callable[[], datetime]
) -> dict[str, int]:
    """The counts of everything a principal sees, as they are now."""
    timezone = current().catalog.gateway.timezone
    known = views(principal, now=clock(), timezone=timezone)
    return await queue.counts(conn, principal, {name: view.filter for name, view in known.items()}, most=MOST)


def _end_of_day(now: datetime, timezone: str) -> datetime:
    zone = ZoneInfo(timezone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)
