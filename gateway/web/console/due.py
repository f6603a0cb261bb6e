"""The due chip: how much of the legal term is left, in words and in a colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.timekeeping import standing
from routing.catalog import Catalog, Unit
from routing.clocks import Clock, Standing

# The CSS class of each standing's chip.
LOOKS: Final = {
    Standing.ON_TIME: "ok",
    Standing.DUE_SOON: "soon",
    Standing.OVERDUE: "late",
    Standing.ANSWERED_ON_TIME: "ok",
    Standing.ANSWERED_LATE: "late",
    Standing.SUSPENDED: "wait",
    Standing.TRANSFERRED: "plain",
    Standing.WITHDRAWN: "plain",
    Standing.DEEMED_GRANTED: "late",
    Standing.CLOSED: "plain",
}
_TIMED: Final = (Standing.ON_TIME, Standing.DUE_SOON, Standing.OVERDUE)


@dataclass(frozen=True, slots=True)
class Chip:
    """`look` is a CSS class: late, soon, ok, wait, plain. The text of `key`, with `n`, makes its words."""

    look: str
    key: str
    n: int = 0


def chip(catalog: Catalog, case: Any, now: datetime, last: Any | None = None) -> Chip:
    """The chip of a case's row, from what is kept of its clock; `last` is the row of its last clock, if it is known."""
    clock = standing.kept(catalog, case, last, now)
    if clock is None:
        stands = standing.of_row(catalog, case, last, now)
        return Chip(LOOKS[stands], f"standing.{stands}")
    return of_clock(catalog, clock, now)


def of_clock(catalog: Catalog, clock: Clock, now: datetime) -> Chip:
    """The chip of a clock: what is left of it, or how it ended."""
    stands = standing.of_clock(catalog, clock, now)
    if stands not in _TIMED:
        return Chip(LOOKS[stands], f"standing.{stands}")
    # In a list most are on time: only what needs an eye has a colour.
    look = "plain" if stands is Standing.ON_TIME else LOOKS[stands]
    if clock.term.unit is Unit.HOURS:
        return _hours(clock, look, now)
    return _late(clock, look, now) if stands is Standing.OVERDUE else _days(clock, look, now)


def _hours(clock: Clock, look: str, now: datetime) -> Chip:
    left = (clock.due_at - now) // timedelta(hours=1)
    if now > clock.due_at:
        return Chip(look, "due.late_hours", max(1, -left - 1))
    return Chip(look, "due.hours", left) if left else Chip(look, "due.within_hour")


def _days(clock: Clock, look: str, now: datetime) -> Chip:
    zone = clock.count.zone
    if now.astimezone(zone).date() >= clock.due_at.astimezone(zone).date():
        return Chip(look, "due.today")
    return _counted(look, "due.days" if clock.term.unit is Unit.BUSINESS_DAYS else "due.calendar_days", clock.left(now))


def _late(clock: Clock, look: str, now: datetime) -> Chip:
    zone = clock.count.zone
    since, today = clock.due_at.astimezone(zone).date(), now.astimezone(zone).date()
    late = clock.count.between(since, today, Unit.BUSINESS_DAYS)
    return _counted(look, "due.late_days", late) if late else Chip(look, "due.late")


def _counted(look: str, key: str, n: float) -> Chip:
    return Chip(look, f"{key}_one" if n == 1 else key, int(n))
