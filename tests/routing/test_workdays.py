"""Business days and office hours."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.catalog import Calendar, Hours, Suspension
from routing.terms import due
from routing.workdays import Workdays
from tests.routing import colombia
from tests.routing.story import BOGOTA, CATALOG, at
from tests.support.catalogs import small_catalog

SENA = Workdays.of(CATALOG, CATALOG.agencies["sena"])
FIRST, LAST = date(2020, 1, 1), date(2030, 12, 31)
BUSINESS = colombia.business_days(FIRST, LAST + timedelta(days=120))
EVERY_DAY = [FIRST + timedelta(days=ahead) for ahead in range((LAST - FIRST).days + 1)]
few = settings(max_examples=80)


def of(*, zone: str = "America/Bogota", country: str | None = None, **fields: Any) -> Workdays:
    """The days of an agency whose calendar has these fields."""
    everyday = Hours(days=("mon", "tue", "wed", "thu", "fri"), open=("09:00-17:00",))
    calendar = Calendar.model_validate(
        {"key": "other", "timezone": zone, "holidays": country, "hours": (everyday,)} | fields
    )
    agency = CATALOG.agencies["presidencia"].model_copy(update={"calendar": "other"})
    return Workdays(small_catalog(calendars={"other": calendar}), agency)


def test_easter_is_on_its_known_sundays() -> None:
    known = {2020: (4, 12), 2022: (4, 17), 2024: (3, 31), 2025: (4, 20), 2026: (4, 5), 2030: (4, 21)}
    assert {year: (day.month, day.day) for year in known for day in [colombia.easter(year)]} == known


def test_every_day_of_eleven_years_counts_as_the_holiday_laws_say() -> None:
    assert [day for day in EVERY_DAY if SENA.is_business_day(day)] == [day for day in BUSINESS if day <= LAST]


def test_the_feast_of_chiquinquira_moves_to_its_monday_since_2026() -> None:
    assert SENA.skipped(date(2026, 7, 13)) == (
        "holiday",
        "Día de Nuestra Señora del Rosario de Chiquinquirá (observado)",
    )
    assert SENA.is_business_day(date(2026, 7, 9))
    assert SENA.is_business_day(date(2025, 7, 14))


@pytest.mark.parametrize("n", [1, 5, 10, 15, 23, 30, 60])
def test_the_nth_day_after_every_day_of_eleven_years_is_found_by_counting(n: int) -> None:
    next_place = 0
    for day in EVERY_DAY:
        while BUSINESS[next_place] <= day:
            next_place += 1
        assert SENA.add(day, n) == BUSINESS[next_place + n - 1], day
        assert SENA.between(day, BUSINESS[next_place + n - 1]) == n, day


@pytest.mark.parametrize(("term_class", "n", "emergency"), [("information", 10, 20), ("general", 15, 30)])
def test_a_petition_of_every_day_of_eleven_years_is_due_on_the_counted_day(
    term_class: str, n: int, emergency: int
) -> None:
    place = 0
    for day in EVERY_DAY:
        while BUSINESS[place] < day:
            place += 1
        term = emergency if date(2020, 3, 28) <= BUSINESS[place] <= date(2022, 5, 17) else n
        found = due(CATALOG, agency="sena", term_class=term_class, received_at=at(day.isoformat()))
        assert found.effective == BUSINESS[place]
        assert found.due_at.astimezone(BOGOTA) == datetime.combine(BUSINESS[place + term], time(23, 59, 59), BOGOTA)


def test_two_holidays_on_one_date_are_one_day() -> None:
    code, name = SENA.skipped(date(2025, 6, 30)) or ("", "")
    assert code == "holiday"
    assert ";" in name
    assert SENA.between(date(2025, 6, 27), date(2025, 7, 1)) == 1


@few
@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_adding_days_counts_them_one_by_one(day: date, n: int) -> None:
    counted, reached = 0, SENA.next_business_day(day)
    start = reached
    while counted < n:
        reached += timedelta(days=1)
        counted += SENA.is_business_day(reached)
    assert SENA.add(start, n) == reached


@settings(max_examples=50)
@given(st.lists(st.dates(date(2022, 1, 1), date(2030, 1, 1)), min_size=3, max_size=3).map(sorted))
def test_days_between_add_up(days: list[date]) -> None:
    # A fresh one, so that years are reached in any order.
    fresh = Workdays(CATALOG, CATALOG.agencies["icbf"])
    first, middle, last = days
    assert fresh.between(middle, last) + fresh.between(first, middle) == fresh.between(first, last)
    assert fresh.between(last, first) == 0


def test_what_was_asked_first_does_not_matter() -> None:
    late_first, early_first = (Workdays(CATALOG, CATALOG.agencies["sena"]) for _ in range(2))
    days = [date(2030, 12, 20), date(2024, 12, 20), date(2027, 6, 1)]
    one = [late_first.add(day, 15) for day in days]
    assert one == [early_first.add(day, 15) for day in reversed(days)][::-1]


def test_many_years_ahead_are_reached() -> None:
    fresh = Workdays(CATALOG, CATALOG.agencies["sena"])
    assert fresh.between(date(2022, 1, 3), fresh.add(date(2022, 1, 3), 2000)) == 2000


def test_a_suspension_of_a_whole_year_is_passed_over() -> None:
    closed = Suspension(first=date(2026, 1, 1), last=date(2026, 12, 31), reason={"es": "Obra", "en": "Works"})
    days = of(suspensions=(closed,))
    assert days.next_business_day(date(2026, 3, 2)) == date(2027, 1, 1)
    assert days.between(date(2026, 1, 1), date(2026, 12, 31)) == 0


FOR_EVER = Suspension(first=date(2020, 1, 1), last=date(9999, 12, 31), reason={"es": "Cierre", "en": "Closed"})


@pytest.mark.parametrize("fields", [{"working_days": ()}, {"suspensions": (FOR_EVER,)}])
def test_a_calendar_that_counts_no_day_is_said_and_not_searched_for_ever(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no business day for 5 years after 2026-03-02"):
        of(**fields).add(date(2026, 3, 2), 1)


def test_minutes_are_those_of_the_office() -> None:
    monday, friday = at("2026-07-06", "16:30"), at("2026-07-03", "16:30")
    assert SENA.minutes(friday, monday) == 30 + 8 * 60 + 30
    assert SENA.minutes(at("2026-07-04"), at("2026-07-05")) == 0
    assert SENA.minutes(at("2026-07-06", "17:30"), at("2026-07-07", "08:10")) == 10
    assert SENA.minutes(monday, friday) == 0


def test_the_office_clock_stands_at_noon_and_on_holidays() -> None:
    icbf = Workdays.of(CATALOG, CATALOG.agencies["icbf"])
    assert icbf.minutes(at("2026-07-18", "11:00"), at("2026-07-21", "09:00")) == 60 + 3 * 60 + 60
    assert icbf.after(at("2026-07-18", "11:00"), 5 * 60) == at("2026-07-21", "09:00")
    assert icbf.after(at("2026-07-18", "11:00"), 60) == at("2026-07-18", "12:00")


def test_opening_hours_may_be_written_in_any_order() -> None:
    hours = Hours(days=("mon",), open=("14:00-17:00", "08:00-12:00"))
    days = of(hours=(hours,))
    assert days.after(at("2026-07-06", "07:00"), 60) == at("2026-07-06", "09:00")
    assert days.opening(date(2026, 7, 6)) == at("2026-07-06", "08:00")
    assert days.closing(date(2026, 7, 6)) == time(17, 0)


def test_an_office_that_is_never_open_says_so() -> None:
    with pytest.raises(ValueError, match="not open for 60 minutes within a year"):
        of(hours=()).after(at("2026-07-06"), 60)


@few
@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)), st.integers(1, 5000))  # noqa: DTZ001
def test_after_so_many_minutes_so_many_minutes_have_gone_by(since: datetime, minutes: int) -> None:
    since = since.replace(second=0, microsecond=0)
    assert SENA.minutes(since, SENA.after(since, minutes)) == minutes


def test_the_hour_that_comes_twice_is_counted_twice() -> None:
    night = Hours(days=("sat", "sun"), open=("00:00-06:00",))
    london = of(zone="Europe/London", hours=(night,), working_days=("sat", "sun"))
    autumn, spring, plain = (
        datetime.combine(day, time(0, 0), ZoneInfo("Europe/London"))
        for day in (date(2026, 10, 25), date(2026, 3, 29), date(2026, 10, 24))
    )
    half_day = timedelta(hours=12)
    assert [london.minutes(day, day + half_day) for day in (autumn, spring, plain)] == [7 * 60, 5 * 60, 6 * 60]
    assert london.after(autumn, 6 * 60) == datetime(2026, 10, 25, 5, 0, tzinfo=UTC)
