"""Which days count for an agency: working days of its calendar, less public holidays, less suspensions.

Holidays are taken by date from the `holidays` package (0.109 or later, for Ley 2578/2026), never by name: two can
fall on one date. A calendar year is computed when it is first asked for, and kept.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holidays import country_holidays

from routing.catalog import Agency, Catalog, Suspension
from routing.per_catalog import per_catalog
from routing.territory import covers

_KEYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Workdays:
    """The business days and the opening hours of one agency, in its calendar's time zone."""

    def __init__(self, catalog: Catalog, agency: Agency) -> None:
        calendar = catalog.calendars[agency.calendar]
        self.zone = ZoneInfo(calendar.timezone)
        self._working = frozenset(_KEYS.index(key) for key in calendar.working_days)
        self._country = calendar.holidays
        self._language = catalog.default_language
        self._suspensions = tuple(row for row in calendar.suspensions if _applies(row, agency))
        self._hours: dict[int, tuple[tuple[time, time], ...]] = {
            _KEYS.index(key): hours.intervals() for hours in agency.hours or calendar.hours for key in hours.days
        }
        self._closures: dict[int, dict[date, str]] = {}
        # Ordinals of the business days of every year from _first to _last, in order and without a gap.
        self._days: list[int] = []
        self._first = self._last = 0

    @classmethod
    def of(cls, catalog: Catalog, agency: Agency) -> "Workdays":
        """The agency's days, built once per catalog. KeyError when its calendar is not in the catalog."""
        return _all(catalog)(agency)

    def is_business_day(self, day: date) -> bool:
        """Whether a term counts this day."""
        return day.weekday() in self._working and self._closure(day) is None

    def skip_reason(self, day: date) -> str | None:
        """Why a term does not count this day: the weekday's English name, the holiday's name or the suspension's."""
        closure = self._closure(day)
        if closure is not None:
            return closure
        return None if day.weekday() in self._working else _NAMES[day.weekday()]

    def next_business_day(self, day: date) -> date:
        """This day if it counts, else the first one after it that does."""
        return self._nth(day, bisect_left, 0)

    def add(self, day: date, n: int) -> date:
        """The n-th business day after a day; the day itself is day 0, moved forward when it does not count."""
        return self.next_business_day(day) if n <= 0 else self._nth(day, bisect_right, n - 1)

    def closing(self, day: date) -> time | None:
        """When the office closes that weekday, local time; None when no hours are known for it."""
        intervals = self._hours.get(day.weekday())
        return max(closes for _, closes in intervals) if intervals else None

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at an (aware) instant: within its hours, on no holiday and in no suspension."""
        local = at.astimezone(self.zone)
        if self._closure(local.date()) is not None:
            return False
        return any(opens <= local.time() < closes for opens, closes in self._hours.get(local.weekday(), ()))

    def _nth(self, day: date, bisect: Callable[[list[int], int], int], n: int) -> date:
        self._reach(day.year, day.year)
        ordinal = day.toordinal()
        while bisect(self._days, ordinal) + n >= len(self._days):
            self._reach(day.year, self._last + 1)
        return date.fromordinal(self._days[bisect(self._days, ordinal) + n])

    def _reach(self, first: int, last: int) -> None:
        """Make sure that the years first to last are in `_days`."""
        if not self._days:
            self._first = self._last = first
            self._days = self._year(first)
        while first < self._first:
            self._first -= 1
            self._days = self._year(self._first) + self._days
        while last > self._last:
            self._last += 1
            self._days = self._days + self._year(self._last)

    def _year(self, year: int) -> list[int]:
        start, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        return [ordinal for ordinal in range(start, end + 1) if self.is_business_day(date.fromordinal(ordinal))]

    def _closure(self, day: date) -> str | None:
        closures = self._closures.get(day.year)
        if closures is None:
            closures = self._closures[day.year] = self._closures_of(day.year)
        return closures.get(day)

    def _closures_of(self, year: int) -> dict[date, str]:
        closures: dict[date, str] = {}
        if self._country is not None:
            closures.update(country_holidays(self._country, years=year, language=self._language))
        for row in self._suspensions:
            reason = row.reason.get(self._language) or next(iter(row.reason.values()))
            first, last = max(row.first, date(year, 1, 1)), min(row.last, date(year, 12, 31))
            for ahead in range((last - first).days + 1):
                closures.setdefault(first + timedelta(days=ahead), reason)
        return closures


def _applies(row: Suspension, agency: Agency) -> bool:
    if row.agencies and agency.key not in row.agencies:
        return False
    place = agency.territory
    return not row.territories or (place is not None and any(covers(code, place) for code in row.territories))


@per_catalog
def _all(catalog: Catalog) -> Callable[[Agency], Workdays]:
    built: dict[str, Workdays] = {}

    def of(agency: Agency) -> Workdays:
        workdays = built.get(agency.key)
        if workdays is None:
            workdays = built[agency.key] = Workdays(catalog, agency)
        return workdays

    return of
