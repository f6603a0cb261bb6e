"""Where a clock stands, how much of it is left, and how it is explained."""

from datetime import date, datetime, timedelta

import pytest

from routing.clock import SECOND, Standing
from tests.routing.story import Story, at, last_day, received

MONDAY = at("2026-02-02")
GENERAL = received(MONDAY)


@pytest.mark.parametrize(("term_class", "when", "left", "standing"), [
    ("general", MONDAY, 15, Standing.ON_TIME),
    ("general", at("2026-02-17"), 4, Standing.ON_TIME),
    ("general", at("2026-02-18"), 3, Standing.DUE_SOON),  # a fifth of fifteen
    ("information", at("2026-02-11"), 3, Standing.ON_TIME),
    ("information", at("2026-02-12"), 2, Standing.DUE_SOON),  # two days
    ("consultation", at("2026-03-05"), 7, Standing.ON_TIME),
    ("consultation", at("2026-03-06"), 6, Standing.DUE_SOON),  # a fifth of thirty
    ("general", at("2026-02-23", "23:59:59"), 0, Standing.DUE_SOON),
    ("general", at("2026-02-24", "00:00:00"), 0, Standing.OVERDUE),
    ("congress", MONDAY, 5, Standing.ON_TIME),
    ("congress", at("2026-02-05"), 2, Standing.DUE_SOON),
    ("health-vital", MONDAY, 24, Standing.ON_TIME),
    ("health-vital", at("2026-02-03", "05:12"), 4.8, Standing.DUE_SOON),
    ("health-vital", at("2026-02-03", "10:00:01"), 0, Standing.OVERDUE),
])  # fmt: skip
def test_a_running_clock(term_class: str, when: datetime, left: float, standing: Standing) -> None:
    clock = received(MONDAY, term_class).present(when)
    assert clock.left(when) == left
    assert clock.standing(when) is standing


def test_the_last_second_of_the_term_is_whole() -> None:
    due = at("2026-02-23", "23:59:59")
    assert GENERAL.present().standing(due + SECOND - timedelta(microseconds=1)) is Standing.DUE_SOON
    assert GENERAL.present().standing(due + SECOND) is Standing.OVERDUE


def test_what_is_soon_is_a_setting() -> None:
    clock = GENERAL.present()
    assert clock.standing(at("2026-02-18"), soon_share=0.1) is Standing.ON_TIME
    assert clock.standing(at("2026-02-12"), soon_days=7) is Standing.DUE_SOON
    assert clock.standing(at("2026-02-19"), soon_share=0.1) is Standing.DUE_SOON


LATER = at("2026-06-01")


@pytest.mark.parametrize(("story", "standing"), [
    (GENERAL.answered(at("2026-02-23")), Standing.ANSWERED_ON_TIME),
    (GENERAL.answered(at("2026-02-24")), Standing.ANSWERED_LATE),
    (GENERAL.suspended(at("2026-02-04")), Standing.SUSPENDED),
    (GENERAL.suspended(at("2026-02-24")), Standing.OVERDUE),
    (GENERAL.closed(at("2026-02-04"), "withdrawn"), Standing.WITHDRAWN),
    (GENERAL.closed(at("2026-02-04"), "duplicate"), Standing.CLOSED),
    (received(MONDAY, "information"), Standing.DEEMED_GRANTED),
    (received(MONDAY, "documents").closed(LATER, "withdrawn"), Standing.WITHDRAWN),
    (received(MONDAY, "information").suspended(at("2026-02-04")), Standing.SUSPENDED),
])  # fmt: skip
def test_every_other_state(story: Story, standing: Standing) -> None:
    assert story.present(LATER).standing(LATER) is standing


def test_a_clock_that_was_passed_on() -> None:
    sent, got = GENERAL.transferred(at("2026-02-04"), "dian").clocks(LATER).legal
    assert (sent.standing(LATER), got.standing(LATER)) == (Standing.TRANSFERRED, Standing.OVERDUE)


def test_what_is_left_stands_still_with_the_clock() -> None:
    clock = GENERAL.suspended(at("2026-02-09")).present()
    assert [clock.left(when) for when in (at("2026-02-09"), at("2026-02-20"), LATER)] == [10, 10, 10]
    on_the_last_day = GENERAL.suspended(at("2026-02-23")).present()
    assert on_the_last_day.left(LATER) == 1
    assert GENERAL.answered(at("2026-02-09")).present().left(LATER) == 10


def test_a_plain_clock_is_explained() -> None:
    days = received(at("2026-02-06", "18:00")).present().explain(MONDAY)
    assert [(day.number, day.code) for day in days[:5]] == [
        (None, "after_closing"), (None, "weekday"), (None, "weekday"), (0, "receipt"), (1, "business_day"),
    ]  # fmt: skip
    assert (days[-1].date, days[-1].number) == (date(2026, 3, 2), 15)


def test_a_pause_is_explained_as_waiting_weekends_and_all() -> None:
    clock = GENERAL.suspended(at("2026-02-05")).completed(at("2026-02-10")).present()
    days = {day.date.day: (day.number, day.code) for day in clock.explain(LATER) if day.date.month == 2}
    assert days[5] == (3, "business_day")
    assert {days[day] for day in (6, 7, 8, 9, 10)} == {(None, "waiting")}
    assert days[11] == (4, "business_day")
    assert last_day(clock) == "2026-02-26"


def test_a_clock_that_stands_still_is_explained_up_to_now() -> None:
    clock = GENERAL.suspended(at("2026-02-05")).present()
    for now in (at("2026-02-06"), at("2026-05-01")):
        days = clock.explain(now)
        assert (days[-1].date, days[-1].code) == (clock.local(now), "waiting")
        assert max(day.number or 0 for day in days) == 3
    closed = GENERAL.suspended(at("2026-02-05")).closed(at("2026-03-09"), "withdrawn").present()
    assert closed.explain(LATER)[-1].date == date(2026, 3, 9)


def test_the_last_day_on_which_it_stopped_is_explained_as_waiting() -> None:
    clock = GENERAL.suspended(at("2026-02-23")).completed(at("2026-02-25")).present()
    *_, before, stopped, a, b, last = clock.explain(LATER)
    assert [(day.date.day, day.number) for day in (stopped, a, b, last)] == [
        (23, None), (24, None), (25, None), (26, 15),
    ]  # fmt: skip
    assert (before.date.day, before.number) == (22, None)


def test_hours_are_explained_by_their_days() -> None:
    story = received(at("2026-02-06", "22:15"), "health-vital")
    days = story.suspended(at("2026-02-07", "08:15")).completed(at("2026-02-09", "09:00")).present().explain(LATER)
    assert [(day.date.day, day.code) for day in days] == [
        (6, "receipt"), (7, "hours"), (8, "waiting"), (9, "hours"),
    ]  # fmt: skip


def test_hours_that_were_over_before_the_pause_are_explained_to_their_end() -> None:
    clock = received(at("2026-02-06", "22:15"), "health-vital").suspended(at("2026-02-09")).present()
    assert [(day.date.day, day.code) for day in clock.explain(LATER)] == [(6, "receipt"), (7, "hours")]
