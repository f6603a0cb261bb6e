"""The due chip: how much of the legal term is left, in words and in a colour."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from routing.case import CaseState
from routing.catalog import Catalog, Unit
from routing.terms import Due, due
from routing.workdays import Workdays

# A chip turns amber this many business days before the end.
_SOON = 3
# Beyond this nobody counts on fingers: the chip says "more".
_MOST = 250


@dataclass(frozen=True, slots=True)
class Chip:
    """`look` is a CSS class: late, soon, ok, plain. `key` below `due.` and `n` make its words."""

    look: str
    key: str
    n: int


def chip(catalog: Catalog, case: Any, now: datetime) -> Chip:
    """The chip of a case's row. An agency or class that the configuration no longer has is counted in calendar days."""
    if not CaseState(case.state).is_open:
        kept = case.answered_at is not None and case.answered_at <= case.due_at
        if case.answered_at is None:
            return Chip("plain", "ended", 0)
        return Chip("ok", "kept", 0) if kept else Chip("late", "missed", 0)
    if _in_hours(catalog, case):
        return _hours(case.due_at, now)
    return _days(catalog, case, now)


def _in_hours(catalog: Catalog, case: Any) -> bool:
    term = catalog.terms.get(case.term_class)
    return term is not None and any(row.unit is Unit.HOURS for row in term.rows)


def _hours(due_at: datetime, now: datetime) -> Chip:
    left = (due_at - now) // timedelta(hours=1)
    if now > due_at:
        return Chip("late", "late_hours", max(1, -left - 1))
    return Chip("soon", "hours", left) if left else Chip("soon", "within_hour", 0)


def _days(catalog: Catalog, case: Any, now: datetime) -> Chip:
    zone = ZoneInfo(catalog.gateway.timezone)
    today, last = now.astimezone(zone).date(), case.due_at.astimezone(zone).date()
    if now > case.due_at:
        late = between(catalog, case.agency, last, today)
        return Chip("late", "late_days", late) if late else Chip("late", "late", 0)
    left = between(catalog, case.agency, today, last)
    if today == last:
        return Chip("soon", "today", 0)
    return Chip("soon" if left <= _SOON else "plain", "days", left)


def between(catalog: Catalog, agency: str, first: date, last: date) -> int:
    """Business days after `first` up to and including `last`."""
    known = catalog.agencies.get(agency)
    span = min((last - first).days, _MOST * 2)
    if known is None:
        return span
    workdays = Workdays.of(catalog, known)
    return sum(workdays.is_business_day(first + timedelta(days=ahead)) for ahead in range(1, span + 1))


def clock(catalog: Catalog, case: Any, events: list[Any]) -> Due | None:
    """The computation behind a case's due instant, or None when the configuration no longer gives it.

    A transfer starts the agency's term anew, so the last one is where the counting began.
    """
    began = next((event.at for event in reversed(events) if event.kind == "transferred"), case.received_at)
    try:
        found = due(catalog, agency=case.agency, term_class=case.term_class, received_at=began)
    except KeyError:
        return None
    return found if found.due_at == case.due_at else None
