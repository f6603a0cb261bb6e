"""Legal terms and the days they count."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.catalog import Calendar, Catalog, Hours, TermClass, Unit
from routing.terms import Due, due
from routing.workdays import Workdays
from tests.support.catalogs import small_catalog

CATALOG = small_catalog()
BOGOTA = timezone(timedelta(hours=-5))


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), BOGOTA)


def due_of(term_class: str, received_at: datetime, agency: str = "sena") -> Due:
    return due(CATALOG, agency=agency, term_class=term_class, received_at=received_at)


def last_day(term_class: str, received_at: datetime, agency: str = "sena") -> str:
    local = due_of(term_class, received_at, agency).due_at.astimezone(BOGOTA)
    assert local.time() == time(23, 59, 59)
    return local.date().isoformat()


@pytest.mark.parametrize(
    ("received", "term_class", "last"),
    [
        ("2024-01-15", "general", "2024-02-05"),
        ("2025-06-27", "information", "2025-07-14"),  # two holidays on one date
        ("2026-03-26", "general", "2026-04-20"),  # Holy Week
        ("2026-07-03", "information", "2026-07-21"),  # the holiday of Ley 2578/2026
    ],
)
def test_the_known_vectors(received: str, term_class: str, last: str) -> None:
    assert last_day(term_class, at(received)) == last


def test_a_weekend_receipt_rolls_to_the_next_business_day() -> None:
    saturday, monday = due_of("general", at("2024-01-13")), due_of("general", at("2024-01-15"))
    assert saturday.effective == date(2024, 1, 15)
    assert saturday.due_at == monday.due_at
    assert saturday.received_at != monday.received_at


def test_after_closing_it_is_the_next_day_or_the_same_as_the_agency_says() -> None:
    assert due_of("general", at("2026-07-03", "17:00")).effective == date(2026, 7, 3)
    assert due_of("general", at("2026-07-03", "17:01")).effective == date(2026, 7, 6)
    assert due_of("general", at("2026-07-03", "17:01"), "dian").effective == date(2026, 7, 3)


def test_the_local_day_counts_and_not_the_one_in_greenwich() -> None:
    assert due_of("general", datetime(2026, 7, 4, 3, 0, tzinfo=UTC), "dian").effective == date(2026, 7, 3)


def test_the_row_valid_on_the_effective_date_applies() -> None:
    assert due_of("general", at("2021-06-01")).term.n == 30
    assert due_of("consultation", at("2021-06-01")).term.n == 35
    assert due_of("general", at("2020-03-27", "18:00")).term.n == 30
    assert due_of("general", at("2022-05-18")).term.n == 15


def test_hours_run_through_nights_and_weekends() -> None:
    received = at("2026-07-04", "22:15")
    vital = due_of("health-vital", received)
    assert vital.due_at == received + timedelta(hours=24)
    assert vital.effective == date(2026, 7, 4)


def test_calendar_days_run_through_weekends() -> None:
    assert last_day("congress", at("2026-07-03")) == "2026-07-08"


def test_a_strike_suspends_only_the_agency_it_is_in() -> None:
    assert last_day("information", at("2026-03-06"), "dian") == "2026-03-25"
    assert last_day("information", at("2026-03-06"), "sena") == "2026-03-20"


def test_a_flood_suspends_the_territory_and_what_lies_in_it() -> None:
    icbf = Workdays.of(CATALOG, CATALOG.agencies["icbf"])
    assert icbf.skipped(date(2026, 5, 5)) == ("suspension", "Emergencia invernal")
    assert Workdays.of(CATALOG, CATALOG.agencies["sena"]).skipped(date(2026, 5, 5)) is None


def test_saturday_counts_where_the_calendar_says_so() -> None:
    assert Workdays.of(CATALOG, CATALOG.agencies["icbf"]).is_business_day(date(2026, 7, 4))
    assert Workdays.of(CATALOG, CATALOG.agencies["sena"]).skipped(date(2026, 7, 4)) == ("weekday", "Saturday")


def test_a_holiday_has_its_name() -> None:
    reason = Workdays.of(CATALOG, CATALOG.agencies["sena"]).skipped(date(2026, 7, 20))
    assert reason == ("holiday", "Día de la Independencia")


def test_the_office_is_open_within_its_hours_and_on_no_holiday() -> None:
    icbf = Workdays.of(CATALOG, CATALOG.agencies["icbf"])
    assert icbf.is_open(at("2026-07-04", "11:59"))
    assert not icbf.is_open(at("2026-07-04", "12:00"))
    assert not icbf.is_open(at("2026-07-05", "10:00"))
    assert not icbf.is_open(at("2026-07-20", "10:00"))


def test_every_day_of_a_clock_is_explained() -> None:
    days = due_of("information", at("2026-03-06"), "dian").explain()
    assert (days[0].date, days[0].number, days[0].reason) == (date(2026, 3, 6), 0, "receipt")
    assert [day.reason for day in days[1:5]] == ["Saturday", "Sunday", "Cese de actividades", "Cese de actividades"]
    assert [day.number for day in days if day.number is not None] == list(range(11))
    assert days[-1].date == date(2026, 3, 25)


def test_the_days_before_the_effective_one_are_explained_too() -> None:
    clock = due_of("general", at("2026-07-03", "18:00"))
    assert [(day.number, day.reason) for day in clock.explain()[:4]] == [
        (None, "received after closing time"),
        (None, "Saturday"),
        (None, "Sunday"),
        (0, "receipt"),
    ]


def test_what_the_catalog_does_not_have_is_said_clearly() -> None:
    with pytest.raises(KeyError, match="no term class “pardon” in the catalog; there are: complaint"):
        due_of("pardon", at("2026-07-03"))
    with pytest.raises(KeyError, match="no agency “mint”"):
        due_of("general", at("2026-07-03"), "mint")
    with pytest.raises(KeyError, match="has no row for 2009"):
        due_of("general", at("2009-07-03"))
    with pytest.raises(ValueError, match="aware"):
        due_of("general", datetime(2026, 7, 3))  # noqa: DTZ001 - the naive instant is the point


def test_a_catalog_that_replaces_another_is_counted_by_its_own_terms() -> None:
    general = CATALOG.terms["general"]
    rows = tuple(row.model_copy(update={"n": row.n + 1}) for row in general.rows)
    longer = small_catalog(terms={**CATALOG.terms, "general": general.model_copy(update={"rows": rows})})
    one, other = (
        due(catalog, agency="sena", term_class="general", received_at=at("2024-01-15")) for catalog in (CATALOG, longer)
    )
    assert other.due_at - one.due_at == timedelta(days=1)


# --- other countries, other zones -------------------------------------------------------------------------------------


def abroad(country: str | None, zone: str, n: int = 20) -> Catalog:
    """A deployment with one agency whose calendar and term are another country's."""
    hours = Hours(days=("mon", "tue", "wed", "thu", "fri"), open=("09:00-17:00",))
    calendar = Calendar(key="abroad", timezone=zone, holidays=country, hours=(hours,))
    row = {"first": "2005-01-01", "n": n, "source": "Freedom of information"}
    term = TermClass.model_validate({"key": "request", "name": {"es": "Solicitud", "en": "Request"}, "rows": [row]})
    agency = CATALOG.agencies["presidencia"].model_copy(update={"key": "office", "calendar": "abroad"})
    return small_catalog(calendars={"abroad": calendar}, agencies={"office": agency}, terms={"request": term})


@pytest.mark.parametrize(("country", "zone", "received", "last"), [
    ("KR", "Asia/Seoul", "2024-09-02", "2024-10-07"),  # Chuseok, a day off for the army's, the nation's foundation
    ("KR", "Asia/Seoul", "2026-02-02", "2026-03-06"),
    ("GB", "Europe/London", "2025-12-08", "2026-01-08"),
    ("GB", "Europe/London", "2026-03-02", "2026-03-30"),  # across the beginning of summer time
    ("GB", "Europe/London", "2026-10-12", "2026-11-09"),  # and its end
])  # fmt: skip
def test_twenty_working_days_elsewhere(country: str, zone: str, received: str, last: str) -> None:
    local = datetime.combine(date.fromisoformat(received), time(10), ZoneInfo(zone))
    found = due(abroad(country, zone), agency="office", term_class="request", received_at=local)
    assert found.due_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime.fromisoformat(f"{last}T23:59:59")
    assert found.explain()[-1].number == 20


def test_the_last_second_is_the_local_one_before_and_after_summer_time_begins() -> None:
    catalog = abroad("GB", "Europe/London", n=1)
    ends = [
        due(catalog, agency="office", term_class="request", received_at=datetime(2026, 3, day, 10, tzinfo=UTC)).due_at
        for day in (26, 27)
    ]
    assert ends == [datetime(2026, 3, 27, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 30, 22, 59, 59, tzinfo=UTC)]


def test_where_summer_time_ends_at_midnight_the_day_has_its_whole_last_hour() -> None:
    catalog = abroad(None, "America/Santiago", n=1)
    six_days = catalog.calendars["abroad"].model_copy(
        update={"working_days": ("mon", "tue", "wed", "thu", "fri", "sat")}
    )
    catalog = catalog.model_copy(update={"calendars": {"abroad": six_days}})
    friday = datetime(2026, 4, 3, 15, tzinfo=UTC)
    found = due(catalog, agency="office", term_class="request", received_at=friday)
    # On Saturday 4 April 2026 the hour before midnight comes twice: at UTC-3, and then at UTC-4.
    assert found.due_at == datetime(2026, 4, 5, 3, 59, 59, tzinfo=UTC)


def test_an_agency_in_another_zone_has_its_own_days() -> None:
    spain = CATALOG.calendars["national"].model_copy(update={"key": "madrid", "timezone": "Europe/Madrid"})
    consulate = CATALOG.agencies["sena"].model_copy(update={"key": "consulado", "calendar": "madrid"})
    catalog = small_catalog(
        calendars=CATALOG.calendars | {"madrid": spain}, agencies=CATALOG.agencies | {"consulado": consulate}
    )
    # Ten in the morning in Bogotá is five in the afternoon in Madrid; a minute later its office has closed.
    found = [
        due(catalog, agency="consulado", term_class="general", received_at=at("2026-02-02", clock))
        for clock in ("11:00", "11:01")
    ]
    assert [each.effective for each in found] == [date(2026, 2, 2), date(2026, 2, 3)]
    assert found[0].due_at == datetime(2026, 2, 23, 22, 59, 59, tzinfo=UTC)


def test_every_day_is_one_of_the_known_codes() -> None:
    codes = {day.code for day in due_of("general", at("2026-03-06", "18:00"), "icbf").explain()}
    assert codes == {"after_closing", "weekday", "holiday", "receipt", "business_day"}
    assert {day.code for day in due_of("congress", at("2026-07-03")).explain()} == {"receipt", "calendar_day"}
    assert {day.code for day in due_of("health-vital", at("2026-07-03")).explain()} == {"receipt", "hours"}


agencies = st.sampled_from(sorted(CATALOG.agencies))
instants = st.datetimes(datetime(2015, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=100)
@given(agencies, st.sampled_from(["general", "information", "consultation"]), instants)
def test_nothing_is_due_on_a_day_that_does_not_count(agency: str, term_class: str, received_at: datetime) -> None:
    clock = due_of(term_class, received_at, agency)
    workdays = Workdays.of(CATALOG, CATALOG.agencies[agency])
    assert workdays.is_business_day(clock.effective)
    assert workdays.is_business_day(clock.due_at.astimezone(BOGOTA).date())
    assert clock.term.unit is Unit.BUSINESS_DAYS
    assert (clock.explain()[-1].number, clock.explain()[-1].date) == (
        clock.term.n,
        clock.due_at.astimezone(BOGOTA).date(),
    )
