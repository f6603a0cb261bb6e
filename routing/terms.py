"""When an answer is due: dated terms, counted in business days, calendar days or hours.

Ley 1437/2011 art. 14 (as replaced by Ley 1755/2015): day 0 is the effective day of receipt, the term ends at 23:59:59
local time of day N, and one second later the answer is late. The terms are rows of the catalog with dates, so that
a case of 2021 is still measured by what applied in 2021.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from routing.catalog import Catalog, TermRow, Unit
from routing.per_catalog import per_catalog
from routing.workdays import Workdays

_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a clock: its number when it was counted (0 is the day of receipt), and why it was, or was not."""

    date: date
    number: int | None
    reason: str


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
        return _explained(self)

    @property
    def days(self) -> tuple[Day, ...]:
        """The same days; computed when they are asked for."""
        return _explained(self)


def due(catalog: Catalog, *, agency: str, term_class: str, received_at: datetime) -> Due:
    """When the agency must have answered what it received at an (aware) instant.

    The row is the one valid on the effective date; of several, the one that began last. Calendar days run on through
    weekends and holidays, and hours run through everything. KeyError for an agency or class the catalog does not
    have, and for a date that no row of the class covers; ValueError for a naive instant.
    """
    return _terms(catalog).due(agency, term_class, received_at)


def explain(catalog: Catalog, *, agency: str, term_class: str, received_at: datetime) -> tuple[Day, ...]:
    """Every day of the clock that `due` computes."""
    return due(catalog, agency=agency, term_class=term_class, received_at=received_at).explain()


class _Terms:
    """The counting for one catalog, with what it has already worked out."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._agencies: dict[str, tuple[Workdays, bool]] = {}
        self._ends: dict[tuple[str, date, int, Unit], datetime] = {}
        self._rows = {
            key: tuple(sorted(term.rows, key=lambda row: row.first, reverse=True))
            for key, term in catalog.terms.items()
        }

    def due(self, agency: str, term_class: str, received_at: datetime) -> Due:
        workdays, rolls_after_hours = self._agencies.get(agency) or self._agency(agency)
        if received_at.tzinfo is None:
            raise ValueError("received_at must be an aware datetime")
        local = received_at.astimezone(workdays.zone)
        received_on = local.date()
        row = self._row(term_class, received_on)
        if row.unit is Unit.HOURS:
            due_at = received_at.astimezone(UTC) + timedelta(hours=row.n)
            return Due(received_on, due_at, row, received_at, workdays)
        effective = _effective(workdays, local, rolls_after_hours=rolls_after_hours)
        if effective != received_on:
            row = self._row(term_class, effective)
        due_at = self._end(agency, workdays, effective, row)
        return Due(effective, due_at, row, received_at, workdays)

    def _agency(self, key: str) -> tuple[Workdays, bool]:
        found = self._catalog.agencies.get(key)
        if found is None:
            raise KeyError(f"no agency “{key}” in the catalog: its calendar is unknown")
        self._agencies[key] = (Workdays.of(self._catalog, found), found.after_hours == "next_business_day")
        return self._agencies[key]

    def _row(self, term_class: str, on: date) -> TermRow:
        rows = self._rows.get(term_class)
        if rows is None:
            raise KeyError(f"no term class “{term_class}” in the catalog; there are: {', '.join(sorted(self._rows))}")
        for row in rows:
            if row.first <= on and (row.last is None or on <= row.last):
                return row
        raise KeyError(f"the term class “{term_class}” has no row for {on.isoformat()}")

    def _end(self, agency: str, workdays: Workdays, effective: date, row: TermRow) -> datetime:
        key = (agency, effective, row.n, row.unit)
        end = self._ends.get(key)
        if end is None:
            business = row.unit is Unit.BUSINESS_DAYS
            last = workdays.add(effective, row.n) if business else effective + timedelta(days=row.n)
            end = datetime.combine(last, _END_OF_DAY, workdays.zone).astimezone(UTC)
            # A year has 366 effective days at most; the bound only matters to who scores decades of old cases.
            if len(self._ends) > 50_000:
                self._ends.clear()
            self._ends[key] = end
        return end


_terms = per_catalog(_Terms)


def _effective(workdays: Workdays, local: datetime, *, rolls_after_hours: bool) -> date:
    """The day of receipt: a business day, and the next one for what came after closing, where that is the rule."""
    day = local.date()
    if rolls_after_hours and workdays.is_business_day(day):
        closing = workdays.closing(day)
        if closing is not None and local.time() > closing:
            return workdays.next_business_day(day + timedelta(days=1))
    return workdays.next_business_day(day)


def _explained(clock: Due) -> tuple[Day, ...]:
    workdays = clock.workdays
    received_on = clock.received_at.astimezone(workdays.zone).date()
    last = clock.due_at.astimezone(workdays.zone).date()
    days = []
    number = 0
    for ahead in range((last - received_on).days + 1):
        day = received_on + timedelta(days=ahead)
        days.append(_day(clock, day, number))
        if days[-1].number is not None:
            number += 1
    return tuple(days)


def _day(clock: Due, day: date, number: int) -> Day:
    if day == clock.effective:
        return Day(day, 0, "receipt")
    skipped = clock.workdays.skip_reason(day)
    if day < clock.effective:
        return Day(day, None, skipped or "received after closing time")
    if clock.term.unit is Unit.HOURS:
        return Day(day, number, "all hours count")
    if clock.term.unit is Unit.DAYS:
        return Day(day, number, "calendar day")
    return Day(day, None, skipped) if skipped else Day(day, number, "business day")
