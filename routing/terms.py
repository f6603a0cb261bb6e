"""When an answer is due: dated terms, counted in business days, calendar days or hours.

Ley 1437/2011 art. 14 (as replaced by Ley 1755/2015): day 0 is the effective day of receipt, the term ends at 23:59:59
local time of day N, and one second later the answer is late. The terms are rows of the catalog with dates, so that
a case of 2021 is still measured by what applied in 2021.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from routing.catalog import Agency, Catalog, TermRow, Unit
from routing.per_catalog import per_catalog
from routing.workdays import Workdays

# Where summer time ends at midnight, the last hour of that day comes twice: its second end is meant.
_END_OF_DAY = time(23, 59, 59, fold=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a clock: its number when it was counted (0 is the day of receipt), and why it was, or was not.

    `code` is one of: receipt, business_day, calendar_day, hours (counted); after_closing, weekday, holiday, suspension,
    waiting (skipped). `reason` says it in words; a holiday and a suspension by their names.
    """

    date: date
    number: int | None
    code: str
    reason: str


_REASONS = {
    "receipt": "receipt",
    "business_day": "business day",
    "calendar_day": "calendar day",
    "hours": "all hours count",
    "after_closing": "received after closing time",
    "waiting": "waiting for the citizen to complete the request",
}


def day_of(day: date, number: int | None, code: str, reason: str | None = None) -> Day:
    """A day of a clock, in the words of its code unless others are given."""
    return Day(day, number, code, reason or _REASONS[code])


@dataclass(frozen=True, slots=True)
class Due:
    """When an answer is due, and by which row. `effective` is a local date, `due_at` an instant in UTC."""

    effective: date
    due_at: datetime
    term: TermRow
    received_at: datetime
    workdays: Workdays = field(repr=False, compare=False)

    def explain(self) -> tuple[Day, ...]:
        """Every day from receipt to the last one, counted or skipped, and why."""
        last = self.due_at.astimezone(self.workdays.zone).date()
        return explained(self.workdays, self.term.unit, self.received_at, self.effective, last)


def due(catalog: Catalog, *, agency: str, term_class: str, received_at: datetime) -> Due:
    """When the agency must have answered what it received at an (aware) instant.

    The row is the one valid on the effective date; of several, the one that began last. Calendar days run on through
    weekends and holidays, and hours run through everything. KeyError for an agency or class the catalog does not
    have, and for a date that no row of the class covers; ValueError for a naive instant.
    """
    return counted(catalog, agency).term(term_class, received_at)


def counted(catalog: Catalog, agency: str) -> "Count":
    """The counting of one agency, kept as long as the catalog. KeyError when the catalog does not have it."""
    return _counts(catalog)(agency)


class Count:
    """How the days of an agency, and of those like it, are counted, with what has been worked out already."""

    def __init__(self, catalog: Catalog, agency: Agency) -> None:
        self.workdays = Workdays.of(catalog, agency)
        self.zone = self.workdays.zone
        self._rolls_after_hours = agency.after_hours == "next_business_day"
        self._rows = _rows(catalog)
        self._ends: dict[tuple[date, int, Unit], datetime] = {}
        # By class, local day of receipt, and whether it came after closing: effective day, row, and end but for hours.
        self._known: dict[tuple[str, date, bool], tuple[date, TermRow, datetime | None]] = {}

    def term(self, term_class: str, received_at: datetime) -> Due:
        """When an answer is due to what was received at an (aware) instant; errors as `due`."""
        if received_at.tzinfo is None:
            raise ValueError("received_at must be an aware datetime")
        local = received_at.astimezone(self.zone)
        key = (term_class, local.date(), self._after_closing(local))
        known = self._known.get(key)
        if known is None:
            # A year has 366 days at most; the bound only matters to who scores decades of old cases.
            if len(self._known) > 20_000:
                self._known.clear()
            known = self._known[key] = self._found(*key)
        effective, row, end = known
        if end is None:
            end = received_at.astimezone(UTC) + timedelta(hours=row.n)
        return Due(effective, end, row, received_at, self.workdays)

    def _found(self, term_class: str, day: date, after_closing: bool) -> tuple[date, TermRow, datetime | None]:
        """Effective day, row and end; no end for hours, which run from the second."""
        row = self.row(term_class, day)
        if row.unit is Unit.HOURS:
            return day, row, None
        effective = self.workdays.next_business_day(day + timedelta(days=after_closing))
        row = self.row(term_class, effective)
        return effective, row, self.end(effective, row.n, row.unit)

    def row(self, term_class: str, on: date) -> TermRow:
        """The row of a class that holds on a local day. KeyError when the class or such a row does not exist."""
        rows = self._rows.get(term_class)
        if rows is None:
            raise KeyError(f"no term class “{term_class}” in the catalog; there are: {', '.join(sorted(self._rows))}")
        for row in rows:
            if row.first <= on and (row.last is None or on <= row.last):
                return row
        raise KeyError(f"the term class “{term_class}” has no row for {on.isoformat()}")

    def add(self, day: date, n: int, unit: Unit) -> date:
        """The n-th day after a day, in business or calendar days."""
        return self.workdays.add(day, n) if unit is Unit.BUSINESS_DAYS else day + timedelta(days=n)

    def between(self, first: date, last: date, unit: Unit) -> int:
        """How many days lie after `first`, up to and with `last`; 0 when it is not later."""
        return self.workdays.between(first, last) if unit is Unit.BUSINESS_DAYS else max(0, (last - first).days)

    def end(self, day: date, n: int, unit: Unit) -> datetime:
        """The last second of the n-th day after a day, in UTC."""
        key = (day, n, unit)
        end = self._ends.get(key)
        if end is None:
            end = datetime.combine(self.add(day, n, unit), _END_OF_DAY, self.zone).astimezone(UTC)
            # A year has 366 effective days at most; the bound only matters to who scores decades of old cases.
            if len(self._ends) > 50_000:
                self._ends.clear()
            self._ends[key] = end
        return end

    def _after_closing(self, local: datetime) -> bool:
        """Whether it came so late on its day that the next one is the day of receipt, where that is the rule."""
        closing = self.workdays.closing(local) if self._rolls_after_hours else None
        return closing is not None and local.time() > closing


@per_catalog
def _rows(catalog: Catalog) -> dict[str, tuple[TermRow, ...]]:
    return {
        key: tuple(sorted(term.rows, key=lambda row: row.first, reverse=True)) for key, term in catalog.terms.items()
    }


@per_catalog
def _counts(catalog: Catalog) -> Callable[[str], Count]:
    built: dict[str, Count] = {}
    # Agencies that have the same days and the same rule for the evening share what was worked out.
    alike: dict[tuple[Workdays, str], Count] = {}

    def of(key: str) -> Count:
        count = built.get(key)
        if count is None:
            agency = catalog.agencies.get(key)
            if agency is None:
                raise KeyError(f"no agency “{key}” in the catalog: its calendar is unknown")
            same = (Workdays.of(catalog, agency), agency.after_hours)
            count = built[key] = alike[same] = alike.get(same) or Count(catalog, agency)
        return count

    return of


def explained(
    workdays: Workdays,
    unit: Unit,
    received_at: datetime,
    effective: date,
    last: date,
    *,
    waiting: Callable[[date], bool] = lambda day: False,
) -> tuple[Day, ...]:
    """Every day from receipt to `last`, counted or skipped; on the days of `waiting` the citizen owed an answer."""
    received_on = received_at.astimezone(workdays.zone).date()
    days = []
    number = 0
    for ahead in range((last - received_on).days + 1):
        day = received_on + timedelta(days=ahead)
        code, reason = _counts_as(workdays, unit, day, effective, waits=waiting(day))
        counts = code in ("receipt", "business_day", "calendar_day", "hours")
        days.append(day_of(day, number if counts else None, code, reason))
        number += counts
    return tuple(days)


def _counts_as(workdays: Workdays, unit: Unit, day: date, effective: date, *, waits: bool) -> tuple[str, str | None]:
    if day == effective:
        return "receipt", None
    skipped = workdays.skipped(day)
    if day < effective:
        return skipped or ("after_closing", None)
    if waits:
        return "waiting", None
    if unit is Unit.HOURS:
        return "hours", None
    if unit is Unit.DAYS:
        return "calendar_day", None
    return skipped or ("business_day", None)
