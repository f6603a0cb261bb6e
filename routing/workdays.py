"""Which days count for an agency: working days of its calendar, less public holidays, less suspensions.

Holidays are taken by date from the `holidays` package (0.109 or later, for Ley 2578/2026), never by name: two can
fall on one date. A calendar year is computed when it is first asked for, and kept.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing.catalog import Agency, Calendar, Catalog, Hours, Suspension
from routing.holidays_of import public_holidays
from routing.per_catalog import per_catalog
from routing.territory import covers

_KEYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A calendar that counts no day for so many years counts none at all, as far as a deadline goes.
_FARTHEST = 5
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Workdays:
    """The business days and the opening hours of one agency, in its calendar's time zone."""

    def __init__(self, catalog: Catalog, agency: Agency) -> None:
        calendar = catalog.calendars[agency.calendar]
        self.zone = ZoneInfo(calendar.timezone)
        self._working = frozenset(_KEYS.index(key) for key in calendar.working_days)
        self._country = calendar.holidays
        self._language = catalog.default_language
        self._known = catalog.holidays.get(calendar.holidays or "", {})
        self._suspensions = tuple(calendar.suspensions[place] for place in _closing(calendar, agency))
        self._hours: dict[int, tuple[tuple[time, time], ...]] = {
            _KEYS.index(key): tuple(sorted(hours.intervals()))
            for hours in agency.hours or calendar.hours
            for key in hours.days
        }
        self._closings = {day: max(closes for _, closes in spans) for day, spans in self._hours.items() if spans}
        self._minutes: dict[date, int] = {}
        self._closures: dict[int, dict[date, tuple[str, str]]] = {}
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

    def skipped(self, day: date) -> tuple[str, str] | None:
        """Why a term does not count this day: a code and a name; None when it counts.

        The codes are `holiday` and `suspension`, with their names in the deployment's first language, and `weekday`,
        with its name in English.
        """
        closure = self._closure(day)
        if closure is not None:
            return closure
        return None if day.weekday() in self._working else ("weekday", _NAMES[day.weekday()])

    def next_business_day(self, day: date) -> date:
        """This day if it counts, else the first one after it that does. ValueError when none does for years."""
        return self._nth(day, bisect_left, 0)

    def add(self, day: date, n: int) -> date:
        """The n-th business day after a day; for 0 the day itself, or the next that counts. ValueError as above."""
        return self.next_business_day(day) if n <= 0 else self._nth(day, bisect_right, n - 1)

    def between(self, first: date, last: date) -> int:
        """How many business days lie after `first`, up to and with `last`; 0 when `last` is not later."""
        if last <= first:
            return 0
        self._reach(first.year, last.year)
        return bisect_right(self._days, last.toordinal()) - bisect_right(self._days, first.toordinal())

    def opening(self, day: date) -> datetime:
        """When the office opens that day, an aware instant; midnight of a weekday for which no hours are known."""
        intervals = self._hours.get(day.weekday())
        return datetime.combine(day, min(opens for opens, _ in intervals) if intervals else time(0), self.zone)

    def minutes(self, since: datetime, until: datetime) -> int:
        """Whole minutes within office hours between two (aware) instants; 0 when `until` is not later."""
        first, last = since.astimezone(self.zone), until.astimezone(self.zone)
        if last <= first:
            return 0
        whole = 0
        day = first.date() + timedelta(days=1)
        while day < last.date():
            whole += self._whole(day)
            day += timedelta(days=1)
        # Of one zone, Python compares what the clocks on the wall show: an hour that comes twice would be lost.
        ends, first, last = {first.date(), last.date()}, first.astimezone(UTC), last.astimezone(UTC)
        spent = (min(closes, last) - max(opens, first) for day in ends for opens, closes in self._open(day))
        return whole + sum((max(timedelta(), part) for part in spent), timedelta()) // timedelta(minutes=1)

    def after(self, since: datetime, minutes: int) -> datetime:
        """The instant (in UTC) at which so many minutes within office hours have gone by since another (aware) one.

        ValueError when the office is not open for so long within a year.
        """
        left = timedelta(minutes=minutes)
        start = since.astimezone(UTC)
        today = since.astimezone(self.zone).date()
        for ahead in range(366):
            for opens, closes in self._open(today + timedelta(days=ahead)):
                begins = max(opens, start)
                if begins + left <= closes:
                    return begins + left
                left -= max(timedelta(), closes - begins)
        raise ValueError(f"the office is not open for {minutes} minutes within a year")

    def _whole(self, day: date) -> int:
        """The office minutes of a whole day."""
        found = self._minutes.get(day)
        if found is None:
            spans = sum((closes - opens for opens, closes in self._open(day)), timedelta())
            found = self._minutes[day] = spans // timedelta(minutes=1)
        return found

    def _open(self, day: date) -> list[tuple[datetime, datetime]]:
        """The opening intervals of one day in UTC; none on a holiday and in a suspension."""
        if self._closure(day) is not None:
            return []
        return [
            (
                datetime.combine(day, opens, self.zone).astimezone(UTC),
                datetime.combine(day, closes, self.zone).astimezone(UTC),
            )
            for opens, closes in self._hours.get(day.weekday(), ())
        ]

    def closing(self, day: date) -> time | None:
        """When the office closes that weekday, local time; None when no hours are known for it."""
        return self._closings.get(day.weekday())

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at an (aware) instant: within its hours, on no holiday and in no suspension."""
        local = at.astimezone(self.zone)
        if self._closure(local.date()) is not None:
            return False
        return any(opens <= local.time() < closes for opens, closes in self._hours.get(local.weekday(), ()))

    def _nth(self, day: date, bisect: Callable[[list[int], int], int], n: int) -> date:
        self._reach(day.year, day.year)
        place, empty = bisect(self._days, day.toordinal()) + n, 0
        while place >= len(self._days):
            known = len(self._days)
            self._reach(day.year, self._last + 1)
            empty = empty + 1 if len(self._days) == known else 0
            if empty == _FARTHEST:
                raise ValueError(f"the calendar has no business day for {_FARTHEST} years after {day.isoformat()}")
        return date.fromordinal(self._days[place])

    def _reach(self, first: int, last: int) -> None:
        """Make sure that the years first to last are in `_days`."""
        if not self._first:
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

    def _closure(self, day: date) -> tuple[str, str] | None:
        closures = self._closures.get(day.year)
        if closures is None:
            closures = self._closures[day.year] = self._closures_of(day.year)
        return closures.get(day)

    def _closures_of(self, year: int) -> dict[date, tuple[str, str]]:
        closures: dict[date, tuple[str, str]] = {}
        if self._country is not None:
            public = self._known.get(year)
            if public is None:
                public = public_holidays(self._country, year, self._language)
            closures.update((day, ("holiday", name)) for day, name in public.items())
        for row in self._suspensions:
            reason = row.reason.get(self._language) or next(iter(row.reason.values()))
            first, last = max(row.first, date(year, 1, 1)), min(row.last, date(year, 12, 31))
            for ahead in range((last - first).days + 1):
                closures.setdefault(first + timedelta(days=ahead), ("suspension", reason))
        return closures


# Many agencies share a country, and a catalog that is read anew has the same holidays.
def _closing(calendar: Calendar, agency: Agency) -> tuple[int, ...]:
    """Which suspensions of a calendar are the agency's, by their places."""
    return tuple(place for place, row in enumerate(calendar.suspensions) if _applies(row, agency))


def _applies(row: Suspension, agency: Agency) -> bool:
    if row.agencies and agency.key not in row.agencies:
        return False
    place = agency.territory
    return not row.territories or (place is not None and any(covers(code, place) for code in row.territories))


@per_catalog
def _all(catalog: Catalog) -> Callable[[Agency], Workdays]:
    built: dict[str, Workdays] = {}
    # Most agencies of a country have the same days, and it is enough to count them once.
    alike: dict[tuple[str, tuple[Hours, ...], tuple[int, ...]], Workdays] = {}

    def of(agency: Agency) -> Workdays:
        workdays = built.get(agency.key)
        if workdays is None:
            key = (agency.calendar, agency.hours, _closing(catalog.calendars[agency.calendar], agency))
            workdays = built[agency.key] = alike[key] = alike.get(key) or Workdays(catalog, agency)
        return workdays

    return of
