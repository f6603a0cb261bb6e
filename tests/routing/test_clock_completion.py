"""What the citizen is asked to complete: when the clock stops, when it goes on, and with how much.

In February 2026 there is no holiday: of a petition received on Monday the 2nd, day 5 is the 9th, day 10 the 16th and
day 15 the 23rd.
"""

from datetime import date

import pytest

from routing.clock import Standing, month_later
from tests.routing.story import at, days, last_day, received, with_closure

MONDAY = at("2026-02-02")
GENERAL = received(MONDAY)


def test_the_clock_stops_at_the_notice_and_goes_on_the_day_after_the_answer() -> None:
    story = GENERAL.asked(at("2026-02-04")).notified(at("2026-02-09"))
    still = story.clocks(at("2026-05-01"))
    assert still.present.suspended_at == still.citizen.suspended_at == at("2026-02-09")
    assert (still.present.left(at("2026-05-01")), still.late_at) == (10, None)
    # Five days were used; ten of March follow, one of which is a holiday.
    assert days(story.completed(at("2026-03-10")).clocks()) == ("2026-03-25", "2026-03-25")


def test_asking_alone_stops_nothing() -> None:
    found = GENERAL.asked(at("2026-02-04")).clocks(at("2026-02-20"))
    assert (found.asked_at, found.present.suspended_at) == (at("2026-02-04"), None)


@pytest.mark.parametrize(("asked", "until"), [("2026-02-16", "2026-03-09"), ("2026-02-17", "2026-03-06")])
def test_completion_asked_on_the_tenth_day_or_the_eleventh_is_counted_alike(asked: str, until: str) -> None:
    """Whether it may still be asked is the desk's to say; the log is counted as it is."""
    assert last_day(GENERAL.suspended(at(asked)).completed(at("2026-03-02")).present()) == until


def test_a_clock_that_stops_on_its_last_day_keeps_that_day() -> None:
    clock = GENERAL.suspended(at("2026-02-23", "08:00")).completed(at("2026-02-27")).present()
    assert last_day(clock) == "2026-03-02"
    assert (clock.day(14), clock.day(15)) == (date(2026, 2, 20), date(2026, 3, 2))


def test_a_term_that_is_over_is_not_brought_back_by_asking() -> None:
    story = GENERAL.suspended(at("2026-02-24"))
    assert story.present().standing(at("2026-03-20")) is Standing.OVERDUE
    back = story.completed(at("2026-03-02")).clocks()
    assert days(back) == ("2026-02-23", "2026-02-23")
    assert back.late_at == at("2026-02-24", "00:00:00")


def test_a_completion_on_the_day_of_its_request_costs_no_day() -> None:
    assert last_day(GENERAL.suspended(at("2026-02-04")).completed(at("2026-02-04", "16:00")).present()) == "2026-02-23"


def test_a_completion_at_the_weekend_goes_on_on_monday() -> None:
    assert last_day(GENERAL.suspended(at("2026-02-04")).completed(at("2026-02-07")).present()) == "2026-02-25"


def test_a_pause_before_the_effective_day_moves_nothing_it_does_not_cover() -> None:
    story = received(at("2026-01-30", "18:00")).suspended(at("2026-01-31"))
    assert last_day(story.completed(at("2026-02-01")).present()) == "2026-02-23"
    assert last_day(story.completed(at("2026-02-03")).present()) == "2026-02-24"


def test_two_pauses_before_the_effective_day_leave_it_day_nought() -> None:
    story = received(at("2026-01-30", "18:00")).suspended(at("2026-01-31")).completed(at("2026-01-31", "12:00"))
    again = story.suspended(at("2026-02-01")).completed(at("2026-02-01", "12:00"))
    assert last_day(again.present()) == "2026-02-23"
    assert last_day(again.suspended(at("2026-02-23")).completed(at("2026-02-25")).present()) == "2026-02-26"


def test_a_pause_within_a_closure_counts_each_day_once() -> None:
    story = (
        GENERAL.under(with_closure("2026-02-09", "2026-02-13")).suspended(at("2026-02-10")).completed(at("2026-02-12"))
    )
    assert last_day(story.present()) == "2026-03-02"
    longer = (
        GENERAL.under(with_closure("2026-02-09", "2026-02-13")).suspended(at("2026-02-05")).completed(at("2026-02-17"))
    )
    assert last_day(longer.present()) == "2026-03-05"
    codes = [day.code for day in longer.present().explain(at("2026-02-17"))]
    assert (codes.count("waiting"), codes.count("suspension")) == (12, 0)


def test_a_partial_answer_has_let_nothing_go_on() -> None:
    story = GENERAL.suspended(at("2026-02-09")).completed(at("2026-02-12")).incomplete(at("2026-02-13"))
    still = story.clocks(at("2026-03-01"))
    assert still.present.suspended_at == still.citizen.suspended_at == at("2026-02-09")
    assert still.present.left(at("2026-03-01")) == 10
    whole = GENERAL.suspended(at("2026-02-09")).completed(at("2026-03-10"))
    assert days(story.completed(at("2026-03-10")).clocks()) == days(whole.clocks())


def test_a_partial_answer_that_came_before_the_notice_leaves_the_request_open() -> None:
    story = GENERAL.asked(at("2026-02-04")).completed(at("2026-02-05")).incomplete(at("2026-02-06"))
    assert story.clocks().asked_at == at("2026-02-06")
    assert story.notified(at("2026-02-09")).present().suspended_at == at("2026-02-09")


def test_a_partial_answer_does_not_reach_back_to_an_earlier_request() -> None:
    first = GENERAL.suspended(at("2026-02-04")).completed(at("2026-02-05"))
    second = first.asked(at("2026-02-06")).completed(at("2026-02-09")).incomplete(at("2026-02-10"))
    assert second.present().suspended_at is None
    assert second.present().pauses == first.present().pauses
    assert first.asked(at("2026-02-06")).incomplete(at("2026-02-09")).present().runs
    # Nor does one that nothing was asked before.
    assert GENERAL.incomplete(at("2026-02-04")).clocks().asked_at is None


def test_a_person_who_lets_it_go_on_is_not_overruled() -> None:
    story = GENERAL.suspended(at("2026-02-04")).resumed(at("2026-02-06")).incomplete(at("2026-02-09"))
    assert story.present().runs
    assert last_day(story.present()) == "2026-02-25"


def test_a_receipt_that_comes_after_the_answer_stops_nothing() -> None:
    story = GENERAL.asked(at("2026-02-04")).completed(at("2026-02-05")).notified(at("2026-02-06"))
    assert story.present().pauses == ()
    assert last_day(story.present(at("2026-02-20"))) == "2026-02-23"


def test_a_second_receipt_stops_nothing_again() -> None:
    story = GENERAL.suspended(at("2026-02-04")).notified(at("2026-02-05"))
    assert len(story.present().pauses) == 1
    assert story.completed(at("2026-02-09")).notified(at("2026-02-10")).present().suspended_at is None


def test_the_month_is_prolonged_from_its_beginning() -> None:
    pause = received(at("2026-01-20")).suspended(at("2026-01-30")).present().pauses[-1]
    # 28 February is a Saturday: a term of months ends on the business day that follows.
    assert (pause.until, pause.prolonged) == (date(2026, 3, 2), False)
    longer = received(at("2026-01-20")).suspended(at("2026-01-30")).prolonged(at("2026-02-27")).clocks()
    assert longer.present.pauses == longer.citizen.pauses
    assert (longer.present.pauses[-1].until, longer.present.pauses[-1].prolonged) == (date(2026, 3, 30), True)
    assert GENERAL.prolonged(at("2026-02-04")).present() == GENERAL.present()


@pytest.mark.parametrize(("day", "months", "later"), [
    ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-01-31", 2, "2026-03-31"),
    ("2026-12-31", 2, "2027-02-28"), ("2026-11-30", 1, "2026-12-30"), ("2026-08-31", 1, "2026-09-30"),
])  # fmt: skip
def test_a_month_later_is_the_same_day_or_the_last_of_the_month(day: str, months: int, later: str) -> None:
    assert month_later(date.fromisoformat(day), months).isoformat() == later


def test_an_answer_while_it_stands_still_is_on_time() -> None:
    found = GENERAL.suspended(at("2026-02-09")).answered(at("2026-03-12")).clocks(at("2026-09-01"))
    assert found.present.standing(at("2026-09-01")) is Standing.ANSWERED_ON_TIME
    assert (found.late_at, found.present.suspended_at) == (None, None)
    assert days(found) == ("2026-03-27", "2026-03-27")
