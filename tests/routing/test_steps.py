"""The moments at which somebody is told: each once for ever, whatever moves the deadline."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.case import EventKind
from routing.catalog import Catalog, Step, Suspension, Timekeeping, Told
from routing.steps import first, lease_ends
from routing.terms import due
from tests.routing.story import BOGOTA, CATALOG, Story, at, received
from tests.routing.test_clock_days import stories
from tests.support.catalogs import small_catalog

MONDAY = at("2026-02-02")
GENERAL = received(MONDAY)
few = settings(max_examples=60)


def keeping(**fields: Any) -> Catalog:
    return small_catalog(timekeeping=Timekeeping(**fields))


def told(story: Story, now: datetime | None = None) -> list[tuple[str, str]]:
    """What is still to come, with its local time."""
    return [(moment.once, f"{moment.at.astimezone(BOGOTA):%m-%d %H:%M:%S}") for moment in story.pending(now)]


def walked(story: Story, until: datetime) -> list[str]:
    """What a timekeeper notes that looks at every moment when it comes."""
    found: list[str] = []
    while (coming := story.pending(until)) and coming[0].at <= until:
        story, fallen = story.looked(coming[0].at)
        found += [moment.once for moment in fallen]
    return found


def test_the_steps_of_a_plain_clock() -> None:
    assert told(GENERAL) == [
        ("0.0:half", "02-12 08:00:00"),
        ("0.0:most", "02-18 08:00:00"),
        ("0.0:last-days", "02-19 08:00:00"),
        ("0:breach", "02-24 00:00:00"),
        ("0.0:coordinator", "02-25 08:00:00"),
    ]
    kinds = [moment.kind for moment in GENERAL.pending()]
    assert kinds == [EventKind.WARNED] * 3 + [EventKind.BREACHED, EventKind.ESCALATED]
    assert GENERAL.pending()[3].tell == (Told.MANAGER, Told.HEAD)
    assert GENERAL.pending()[0].data == {"clock": 0, "step": "half", "due": "2026-02-24T04:59:59Z"}


def test_silence_that_grants_is_told_with_the_day_of_the_copies() -> None:
    moments = {moment.once: moment for moment in received(MONDAY, "information").pending()}
    granted = moments["0:deemed-granted"]
    assert (granted.at, granted.kind) == (at("2026-02-17", "00:00:00"), EventKind.DEEMED_GRANTED)
    assert granted.data["copies_due"] == "2026-02-20T04:59:59Z"


def test_the_steps_of_a_clock_of_hours_are_hours() -> None:
    friday = at("2026-02-06", "22:15")
    assert told(received(friday, "health-vital")) == [
        ("0.0:half", "02-07 10:15:00"),
        ("0.0:most", "02-07 17:27:00"),
        ("0.0:last-days", "02-07 20:15:00"),
        ("0:breach", "02-07 22:15:01"),
        ("0.0:coordinator", "02-08 00:15:01"),
    ]
    paused = received(friday, "health-vital").suspended(at("2026-02-07", "12:15")).completed(at("2026-02-09", "12:15"))
    assert told(paused)[:2] == [("0.0:half", "02-07 10:15:00"), ("0.0:most", "02-09 17:27:00")]


def test_a_term_too_short_for_a_step_goes_without_it() -> None:
    steps = (Step(key="week", before=5, tell=(Told.MANAGER,)), Step(key="day", before=1, tell=(Told.MANAGER,)))
    catalog = keeping(steps=steps)
    assert [once for once, _ in told(GENERAL.under(catalog))] == ["0.0:week", "0.0:day", "0:breach"]
    short = received(MONDAY, "congress", catalog=catalog)
    assert [once for once, _ in told(short)] == ["0.0:day", "0:breach"]
    hours = Step(key="long", before=24, tell=(Told.MANAGER,))
    assert [once for once, _ in told(received(MONDAY, "health-vital", catalog=keeping(steps=(hours,))))] == ["0:breach"]


def test_a_share_is_its_days_and_not_a_hair_more() -> None:
    step = Step(key="share", share=0.28, tell=(Told.MANAGER,))
    [(_, when), *_] = told(received(MONDAY, "information", catalog=keeping(steps=(step,))).extended(MONDAY, 25))
    assert when == "02-11 08:00:00"  # day 7, though 0.28 * 25 is 7.000000000000001


def test_a_breach_is_noted_without_a_step_for_it_and_told_to_all_of_several() -> None:
    [breach] = GENERAL.under(keeping(steps=())).pending()
    assert (breach.once, breach.step, breach.tell) == ("0:breach", "breach", ())
    steps = (
        Step(key="late", after=0, tell=(Told.MANAGER, Told.HEAD)),
        Step(key="very", after=0, tell=(Told.HEAD, Told.COORDINATOR)),
    )
    [breach] = GENERAL.under(keeping(steps=steps)).pending()
    assert (breach.step, breach.tell) == ("late", (Told.MANAGER, Told.HEAD, Told.COORDINATOR))


def test_a_machine_that_was_off_longer_than_the_term_tells_each_moment_once() -> None:
    story, fallen = GENERAL.looked(at("2026-06-01"))
    assert sorted(moment.once for moment in fallen) == [
        "0.0:coordinator", "0.0:half", "0.0:last-days", "0.0:most", "0:breach",
    ]  # fmt: skip
    assert [moment.at for moment in fallen] == sorted(moment.at for moment in fallen)
    assert story.pending(at("2026-06-01")) == []


@few
@given(stories())
def test_each_moment_has_words_of_its_own_and_is_told_once(told: tuple[Story, datetime]) -> None:
    story, now = told
    words = [moment.once for moment in story.pending(now)]
    assert len(set(words)) == len(words)
    once, _ = story.looked(now)
    assert [moment for moment in once.pending(now) if moment.at <= now] == []


@few
@given(stories(), st.timedeltas(timedelta(0), timedelta(days=90)))
def test_looking_often_or_once_tells_the_same(told: tuple[Story, datetime], ahead: timedelta) -> None:
    story, now = told
    story, _ = story.looked(now)
    _, at_once = story.looked(now + ahead)
    assert walked(story, now + ahead) == [moment.once for moment in at_once]


@few
@given(
    st.sampled_from(sorted(CATALOG.agencies)),
    st.sampled_from(sorted(CATALOG.terms)),
    st.datetimes(datetime(2022, 6, 1), datetime(2029, 1, 1), timezones=st.just(BOGOTA)),  # noqa: DTZ001
)
def test_the_first_step_of_a_new_case_is_what_its_log_says(agency: str, term_class: str, when: datetime) -> None:
    found = due(CATALOG, agency=agency, term_class=term_class, received_at=when)
    expected = received(when, term_class, agency=agency).pending()[0].at
    assert first(CATALOG, agency, term_class, found) == expected
    # A second time it is remembered.
    assert first(CATALOG, agency, term_class, found) == expected


def test_what_is_remembered_of_a_day_does_not_hide_another_hour() -> None:
    one, other = (
        first(CATALOG, "sena", "health-vital", due(CATALOG, agency="sena", term_class="health-vital", received_at=when))
        for when in (at("2026-02-02", "09:00"), at("2026-02-02", "15:00"))
    )
    assert one is not None
    assert other == one + timedelta(hours=6)


def test_more_time_makes_new_warnings_and_leaves_out_what_has_passed() -> None:
    story, _ = GENERAL.looked(at("2026-02-19", "09:00"))
    assert told(story.extended(at("2026-02-20"), 20)) == [
        ("0.1:most", "02-24 08:00:00"),
        ("0.1:last-days", "02-26 08:00:00"),
        ("0:breach", "03-03 00:00:00"),
        ("0.1:coordinator", "03-04 08:00:00"),
    ]


def test_another_class_makes_new_warnings() -> None:
    story, _ = GENERAL.looked(at("2026-02-19", "09:00"))
    assert [once for once, _ in told(story.classified(at("2026-02-20"), "consultation"))][:3] == [
        "0.1:half", "0.1:most", "0.1:last-days",
    ]  # fmt: skip
    shorter = [once for once, _ in told(GENERAL.classified(at("2026-02-18"), "information"))]
    assert shorter == ["0:breach", "0:deemed-granted", "0.1:coordinator"]


def test_the_same_class_at_another_agency_makes_none() -> None:
    story, _ = received(MONDAY, agency="presidencia").looked(at("2026-02-12", "09:00"))
    assert told(story.routed(at("2026-02-13"), "dian", "general"))[0][0] == "0.0:most"


def test_a_holiday_added_makes_no_new_warnings() -> None:
    story, fallen = GENERAL.looked(at("2026-02-19", "09:00"))
    closure = Suspension.model_validate({
        "first": "2026-02-20", "last": "2026-02-20", "reason": {"es": "Paro", "en": "Strike"},
    })  # fmt: skip
    calendar = CATALOG.calendars["national"].model_copy(update={"suspensions": (closure,)})
    moved = story.under(small_catalog(calendars=CATALOG.calendars | {"national": calendar}))
    assert len(fallen) == 3
    assert told(moved) == [("0:breach", "02-25 00:00:00"), ("0.0:coordinator", "02-26 08:00:00")]


def test_a_clock_that_was_late_is_not_breached_again() -> None:
    story, _ = GENERAL.looked(at("2026-02-24"))
    words = [once for once, _ in told(story.extended(at("2026-02-24"), 30), at("2026-05-01"))]
    assert "0:breach" not in words
    assert "0.1:coordinator" in words


def test_nothing_is_told_of_a_clock_that_stands_still_but_the_end_of_the_month() -> None:
    story = received(at("2026-01-20")).suspended(at("2026-01-30"))
    # 28 February is a Saturday.
    assert told(story) == [("0:withdrawal-1", "03-03 00:00:00")]
    proposed, _ = story.looked(at("2026-03-03"))
    assert told(proposed) == []
    longer = proposed.prolonged(at("2026-03-04"))
    assert told(longer) == [("0:withdrawal-1-again", "03-31 00:00:00")]
    assert longer.pending()[0].kind is EventKind.WITHDRAWAL_PROPOSED
    second = longer.completed(at("2026-03-05")).suspended(at("2026-03-06"))
    assert told(second) == [("0:withdrawal-2", "04-07 00:00:00")]


def test_more_time_does_not_propose_withdrawal_again() -> None:
    story, _ = GENERAL.suspended(at("2026-02-04")).looked(at("2026-03-10"))
    assert told(story.extended(at("2026-03-11"), 30)) == []


def test_the_warnings_go_on_where_the_clock_does() -> None:
    story, _ = GENERAL.looked(at("2026-02-12", "09:00"))
    paused = story.suspended(at("2026-02-12")).completed(at("2026-03-11"))
    assert told(paused)[:2] == [("0.0:most", "03-17 08:00:00"), ("0.0:last-days", "03-18 08:00:00")]


@pytest.mark.parametrize("story", [
    GENERAL.answered(at("2026-03-02")),
    GENERAL.closed(at("2026-03-02"), "duplicate"),
    GENERAL.suspended(at("2026-03-02")),
])  # fmt: skip
def test_what_became_late_while_nobody_looked_was_late(story: Story) -> None:
    breach = next(moment for moment in story.pending() if moment.once == "0:breach")
    assert (breach.at, breach.data["due"]) == (at("2026-02-24", "00:00:00"), "2026-02-24T04:59:59Z")
    assert (breach.tell == ()) is (story.present().ended_at is not None)


def test_a_clock_that_was_passed_on_late_is_noted_and_nobody_told() -> None:
    story = GENERAL.transferred(at("2026-02-24"), "dian").transferred(at("2026-02-25"), "sena")
    noted = {moment.once: moment for moment in story.pending()}
    assert noted["0:breach"].tell == ()
    assert "1:breach" not in noted
    assert {"2.0:half", "2:breach"} <= noted.keys()


def test_what_silence_granted_while_nobody_looked_was_granted() -> None:
    story = received(MONDAY, "information").answered(at("2026-03-02"))
    assert [moment.once for moment in story.pending()] == ["0:breach", "0:deemed-granted"]
    assert story.pending()[1].tell == ()


def test_it_is_granted_once_whatever_more_time_there_is() -> None:
    story, _ = received(MONDAY, "information").looked(at("2026-02-17"))
    words = [once for once, _ in told(story.extended(at("2026-02-18"), 20), at("2026-04-01"))]
    assert "0:deemed-granted" not in words


def test_an_answered_case_has_nothing_pending() -> None:
    assert GENERAL.answered(at("2026-02-10")).pending() == []
    assert GENERAL.closed(at("2026-02-10"), "withdrawn").pending() == []


def test_the_opening_is_that_of_the_agency() -> None:
    icbf = received(at("2026-02-02"), agency="icbf")
    assert told(icbf)[0] == ("0.0:half", "02-11 08:00:00")  # Saturdays count there


def test_a_lease_ends_after_so_many_office_hours() -> None:
    assigned = GENERAL.then(EventKind.ASSIGNED, at("2026-02-06", "16:00"))
    assert lease_ends(assigned.clocks(), CATALOG) == at("2026-02-10", "16:00")
    assert lease_ends(assigned.clocks(), keeping(lease_hours=2)) == at("2026-02-09", "09:00")
    assert lease_ends(GENERAL.clocks(), CATALOG) is None
    assert lease_ends(assigned.suspended(at("2026-02-09")).clocks(), CATALOG) is None
    assert lease_ends(assigned.answered(at("2026-02-09")).clocks(), CATALOG) is None


def test_a_lease_of_an_agency_without_hours_never_ends() -> None:
    calendar = CATALOG.calendars["national"].model_copy(update={"hours": ()})
    catalog = small_catalog(calendars=CATALOG.calendars | {"national": calendar})
    assert lease_ends(GENERAL.under(catalog).then(EventKind.ASSIGNED, MONDAY).clocks(), catalog) is None
    assert told(GENERAL.under(catalog))[0] == ("0.0:half", "02-12 00:00:00")
