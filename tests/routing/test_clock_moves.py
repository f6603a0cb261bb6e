"""More time, another class, a transfer, an end and a reopening: what they do to both clocks.

In February 2026 there is no holiday: of a petition received on Monday the 2nd, day 5 is the 9th, day 10 the 16th and
day 15 the 23rd.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from routing.case import EventKind
from routing.clock import Began, Standing
from routing.clocks import each
from tests.routing.story import at, days, last_day, received

MONDAY = at("2026-02-02")
GENERAL = received(MONDAY)


@pytest.mark.parametrize("when", [at("2026-02-10"), at("2026-02-23", "23:59:59")])
def test_more_time_is_counted_from_the_original_start_for_both(when: datetime) -> None:
    found = GENERAL.extended(when, 30).clocks(at("2026-03-16"))
    assert days(found) == ("2026-03-16", "2026-03-16")
    assert (found.late_at, found.present.extensions, found.citizen.extensions) == (None, 1, 1)


def test_more_time_after_the_last_day_does_not_undo_that_it_was_late() -> None:
    found = GENERAL.extended(at("2026-02-24"), 30).clocks(at("2026-03-01"))
    assert days(found) == ("2026-03-16", "2026-03-16")
    assert found.late_at == at("2026-02-24", "00:00:00")
    assert found.present.standing(at("2026-03-01")) is Standing.ON_TIME


def test_more_time_twice_is_counted_as_logged_and_never_shortens() -> None:
    twice = GENERAL.extended(at("2026-02-10"), 20).extended(at("2026-02-11"), 30)
    assert (last_day(twice.present()), twice.present().extensions) == ("2026-03-16", 2)
    assert last_day(twice.extended(at("2026-02-12"), 18).present()) == "2026-03-16"


def test_more_time_while_it_stands_still_waits_with_it() -> None:
    story = GENERAL.suspended(at("2026-02-09")).extended(at("2026-02-10"), 30)
    assert story.present().left(at("2026-02-28")) == 25
    assert last_day(story.completed(at("2026-03-10")).present()) == "2026-04-17"


def test_more_time_for_what_has_ended_is_no_time() -> None:
    story = GENERAL.answered(at("2026-02-10"))
    assert story.extended(at("2026-02-11"), 30).present() == story.present()


def test_another_class_counts_from_the_same_day() -> None:
    assert days(GENERAL.classified(at("2026-02-10"), "information").clocks()) == ("2026-02-16", "2026-02-16")
    assert days(GENERAL.classified(at("2026-02-10"), "consultation").clocks()) == ("2026-03-16", "2026-03-16")


def test_a_shorter_class_given_too_late_makes_it_late_since_its_own_deadline() -> None:
    found = GENERAL.classified(at("2026-02-20"), "information").clocks(at("2026-02-20"))
    assert found.late_at == found.present.deemed_granted_at == at("2026-02-17", "00:00:00")
    assert found.citizen.deemed_granted_at is None


def test_a_longer_class_given_after_it_was_late_leaves_it_late() -> None:
    found = GENERAL.classified(at("2026-02-24"), "consultation").clocks(at("2026-02-25"))
    assert days(found) == ("2026-03-16", "2026-03-16")
    assert found.late_at == at("2026-02-24", "00:00:00")
    assert found.present.standing(at("2026-02-25")) is Standing.ON_TIME


def test_more_time_outlives_another_class_as_far_as_that_allows() -> None:
    story = GENERAL.extended(at("2026-02-10"), 30)
    assert story.classified(at("2026-02-11"), "information").present().n == 20
    assert story.classified(at("2026-02-11"), "consultation").present().n == 30
    assert story.classified(at("2026-02-11"), "transfer").present().n == 5
    assert story.classified(at("2026-02-11"), "health-vital").present().n == 24
    hours = received(MONDAY, "health-vital").extended(at("2026-02-02", "11:00"), 48)
    assert hours.classified(at("2026-02-02", "12:00"), "general").present().n == 15


def test_another_class_while_it_stands_still_is_counted_when_it_goes_on() -> None:
    story = GENERAL.suspended(at("2026-02-09")).classified(at("2026-02-10"), "information")
    assert story.present().left(at("2026-02-28")) == 5
    assert last_day(story.completed(at("2026-03-10")).present()) == "2026-03-17"


def test_what_was_answered_keeps_the_class_it_was_answered_as() -> None:
    story = GENERAL.answered(at("2026-02-18"))
    assert story.classified(at("2026-02-19"), "information").present() == story.present()


def test_a_class_of_hours_may_take_the_place_of_one_of_days_and_back() -> None:
    story = GENERAL.classified(at("2026-02-02", "11:00"), "health-vital")
    assert story.present().due_at == MONDAY + timedelta(hours=24)
    assert last_day(story.classified(at("2026-02-02", "12:00"), "general").present()) == "2026-02-23"


def test_a_transfer_begins_a_legal_clock_and_never_the_citizens() -> None:
    found = GENERAL.transferred(at("2026-02-05"), "dian").clocks()
    sent, got = found.legal
    assert sent.standing(at("2026-02-05")) is Standing.TRANSFERRED
    assert sent.transfer_due_at == datetime(2026, 2, 10, 4, 59, 59, tzinfo=UTC)
    assert (got.agency, got.began, got.effective) == ("dian", Began.TRANSFERRED, date(2026, 2, 5))
    assert days(found) == ("2026-02-26", "2026-02-23")
    assert found.citizen.agency == "sena"


def test_a_transfer_on_the_last_day_and_back_is_late_for_the_citizen_alone() -> None:
    story = GENERAL.transferred(at("2026-02-23"), "dian").transferred(at("2026-02-24", "09:00"), "sena")
    found = story.clocks(at("2026-03-16", "23:59:59"))
    assert [clock.late_at for clock in found.legal] == [None, None, None]
    assert days(found) == ("2026-03-17", "2026-02-23")  # the 9th and 10th of March are dian's strike, not sena's
    assert found.late_at == found.citizen.late_at == at("2026-02-24", "00:00:00")
    assert found.legal[0].ended_at is not None
    assert found.legal[0].transfer_due_at is not None
    assert found.legal[0].ended_at > found.legal[0].transfer_due_at


def test_a_transfer_after_the_last_day_leaves_the_sender_late() -> None:
    sent, got = GENERAL.transferred(at("2026-02-24"), "dian").clocks().legal
    assert (sent.late_at, got.late_at) == (at("2026-02-24", "00:00:00"), None)


def test_a_transfer_ends_what_the_sender_had_asked() -> None:
    story = GENERAL.asked(at("2026-02-04")).transferred(at("2026-02-05"), "dian").notified(at("2026-02-06"))
    assert story.present().pauses == story.clocks().citizen.pauses == ()
    paused = GENERAL.suspended(at("2026-02-04")).transferred(at("2026-02-09"), "dian").clocks()
    assert all(clock.suspended_at is None for clock in each(paused))
    assert days(paused) == ("2026-03-02", "2026-02-26")
    assert paused.legal[0].standing(at("2026-02-09")) is Standing.TRANSFERRED
    late_partial = GENERAL.suspended(at("2026-02-04")).completed(at("2026-02-05")).transferred(at("2026-02-09"), "dian")
    assert late_partial.incomplete(at("2026-02-10")).present().runs


def test_the_next_agency_may_pause_and_extend_for_both() -> None:
    story = GENERAL.transferred(at("2026-02-05"), "dian").suspended(at("2026-02-12")).completed(at("2026-02-19"))
    assert days(story.clocks()) == ("2026-03-05", "2026-03-02")
    assert days(story.extended(at("2026-02-20"), 30).clocks()) == ("2026-03-31", "2026-03-24")


def test_whom_the_citizen_chooses_instead_of_triage_has_the_clock_from_the_start() -> None:
    story = received(MONDAY, agency="presidencia").routed(at("2026-02-04"), "dian", "consultation")
    [clock] = story.clocks().legal
    assert (clock.agency, clock.began, clock.started_at, clock.n) == ("dian", Began.RECEIVED, MONDAY, 30)
    assert story.clocks().citizen.n == 30
    assert story.answered(at("2026-02-05")).routed(at("2026-02-06"), "icbf", "general").present().agency == "dian"
    # An agency may have sent it to triage first: that agency's days are not the new one's.
    passed_on = GENERAL.transferred(at("2026-02-05"), "presidencia").routed(at("2026-02-06"), "dian", "general")
    assert [clock.started_at for clock in passed_on.clocks().legal] == [MONDAY, at("2026-02-05")]
    assert passed_on.present().began is Began.TRANSFERRED


def test_what_is_said_before_the_final_answer_ends_nothing() -> None:
    asked_back = GENERAL.then(EventKind.REPLIED, at("2026-02-04"), actor="staff:7", final=False)
    assert asked_back.present().runs
    assert asked_back.clocks().touched_at == at("2026-02-04")


def test_a_reopening_after_an_answer_begins_a_legal_clock_and_leaves_the_citizens() -> None:
    found = GENERAL.answered(at("2026-02-10")).reopened(at("2026-02-12")).clocks(at("2026-04-01"))
    answered, again = found.legal
    assert answered.standing(at("2026-04-01")) is Standing.ANSWERED_ON_TIME
    assert (again.began, again.effective, last_day(again)) == (Began.REOPENED, date(2026, 2, 12), "2026-03-05")
    assert again.late_at is not None
    assert found.citizen.answered_at == at("2026-02-10")
    assert found.citizen.late_at is None


def test_a_reopening_after_an_answer_that_was_closed_too_begins_one_clock() -> None:
    story = GENERAL.answered(at("2026-02-10")).closed(at("2026-02-10"), "answered").reopened(at("2026-02-12"))
    assert [clock.began for clock in story.clocks().legal] == [Began.RECEIVED, Began.REOPENED]


def test_a_reopening_of_what_was_closed_without_an_answer_goes_on() -> None:
    closed = GENERAL.closed(at("2026-02-10"), "duplicate")
    assert closed.present().standing(at("2026-03-01")) is Standing.CLOSED
    assert closed.clocks(at("2026-03-01")).late_at is None
    found = closed.reopened(at("2026-03-02")).clocks(at("2026-03-02"))
    assert [clock.began for clock in found.legal] == [Began.RECEIVED]
    assert days(found) == ("2026-02-23", "2026-02-23")
    assert found.late_at == at("2026-02-24", "00:00:00")


def test_a_reopening_of_a_withdrawn_request_no_longer_waits_for_the_citizen() -> None:
    closed = GENERAL.suspended(at("2026-02-09")).closed(at("2026-03-20"), "withdrawn")
    assert closed.present().standing(at("2026-04-01")) is Standing.WITHDRAWN
    assert closed.present().suspended_at is None
    again = closed.reopened(at("2026-04-06")).clocks()
    assert again.present.runs
    assert days(again) == ("2026-04-20", "2026-04-20")
    assert again.late_at is None


def test_a_reopening_of_what_is_open_changes_nothing() -> None:
    assert GENERAL.reopened(at("2026-02-04")).present() == GENERAL.present()


def test_a_receipt_after_the_end_stops_nothing() -> None:
    for end in (
        GENERAL.asked(MONDAY).answered(at("2026-02-04")),
        GENERAL.asked(MONDAY).closed(at("2026-02-04"), "spam"),
    ):
        assert end.reopened(at("2026-02-05")).notified(at("2026-02-06")).present().runs
