"""The clocks of a case from its log: where they begin, silence, hours, and what a log may hold.

In February 2026 there is no holiday: of a petition received on Monday the 2nd, day 5 is the 9th, day 10 the 16th and
day 15 the 23rd.
"""

from datetime import UTC, date, datetime

import pytest

from routing.case import EventKind
from routing.clock import SECOND, Began, Standing
from routing.clocks import each
from tests.routing.story import BOGOTA, CATALOG, Story, at, days, last_day, received, with_closure
from tests.support.catalogs import small_catalog

MONDAY = at("2026-02-02")
GENERAL = received(MONDAY)


def test_both_clocks_begin_with_the_first_receipt() -> None:
    found = GENERAL.clocks()
    assert days(found) == ("2026-02-23", "2026-02-23")
    assert (found.present.began, found.present.effective, found.present.n) == (Began.RECEIVED, date(2026, 2, 2), 15)
    assert list(each(found)) == [found.present, found.citizen]
    assert (found.late_at, found.touched_at, found.touches, found.worked_at) == (None, None, (None,), None)


@pytest.mark.parametrize(("when", "effective"), [
    (at("2026-02-06", "23:59:59"), date(2026, 2, 9)),  # a Friday night, after closing
    (at("2026-02-07"), date(2026, 2, 9)),  # a Saturday
    (at("2026-02-05", "17:00"), date(2026, 2, 5)),
])  # fmt: skip
def test_what_comes_at_night_or_at_the_weekend_begins_on_the_next_business_day(when: datetime, effective: date) -> None:
    clock = received(when).present()
    assert clock.effective == effective
    assert clock.left(when) == 15


def test_one_second_past_the_last_day_is_late_and_stays_so() -> None:
    due = at("2026-02-23", "23:59:59")
    assert GENERAL.present(due).late_at is None
    assert GENERAL.answered(due).present().standing(due) is Standing.ANSWERED_ON_TIME
    late = GENERAL.answered(due + SECOND).clocks(at("2026-06-01"))
    assert late.present.standing(due) is Standing.ANSWERED_LATE
    assert late.present.late_at == late.citizen.late_at == late.late_at == due + SECOND


def test_a_log_without_a_receipt_has_no_clock() -> None:
    for story in (Story().answered(MONDAY), Story().transferred(MONDAY, "dian"), Story().classified(MONDAY, "general")):
        with pytest.raises(ValueError, match="never received"):
            story.clocks()


def test_silence_grants_information_and_nothing_else() -> None:
    later = at("2026-02-20")
    granted = received(MONDAY, "information").clocks(later)
    assert granted.present.deemed_granted_at == granted.present.late_at == at("2026-02-17", "00:00:00")
    assert granted.present.standing(later) is Standing.DEEMED_GRANTED
    assert GENERAL.clocks(at("2026-03-20")).present.deemed_granted_at is None


def test_what_silence_has_granted_stays_granted_when_it_is_answered_extended_or_noted() -> None:
    story = received(MONDAY, "information")
    since = at("2026-02-17", "00:00:00")
    answered = story.answered(at("2026-02-20"))
    assert answered.present().standing(at("2026-02-20")) is Standing.ANSWERED_LATE
    noted, _ = story.looked(at("2026-02-18"))
    for later in (answered, story.extended(at("2026-02-18"), 20), noted, noted.classified(at("2026-02-19"), "general")):
        assert later.present(at("2026-02-20")).deemed_granted_at == since


FRIDAY_NIGHT = at("2026-02-06", "22:15")


def test_hours_run_through_the_weekend() -> None:
    assert received(FRIDAY_NIGHT, "health-vital").present().due_at == at("2026-02-07", "22:15")


def test_a_pause_of_hours_is_counted_to_the_second() -> None:
    story = received(FRIDAY_NIGHT, "health-vital").suspended(at("2026-02-07", "08:15"))
    assert story.present().left(at("2026-02-09")) == 14
    back = story.completed(at("2026-02-08", "09:00:30")).clocks()
    assert back.present.due_at == back.citizen.due_at == at("2026-02-08", "23:00:30")
    assert back.present.hour(10) == at("2026-02-07", "08:15")
    assert back.present.hour(11) == at("2026-02-08", "10:00:30")


def test_a_clock_of_hours_that_stops_in_its_last_hour_keeps_an_hour() -> None:
    story = received(FRIDAY_NIGHT, "health-vital").suspended(at("2026-02-07", "22:05"))
    assert story.present().left(at("2026-02-08")) == 1
    assert story.completed(at("2026-02-09", "10:00")).present().due_at == at("2026-02-09", "11:00")
    over = received(FRIDAY_NIGHT, "health-vital").suspended(at("2026-02-07", "22:16")).completed(at("2026-02-09"))
    assert over.present().due_at == at("2026-02-07", "22:15")


def test_a_clock_that_stepped_back_does_not_turn_time_back() -> None:
    story = GENERAL.suspended(at("2026-02-09")).completed(at("2026-02-06"))
    [pause] = story.present().pauses
    assert (pause.since, pause.ended) == (at("2026-02-09"), at("2026-02-09"))
    assert last_day(story.present()) == "2026-02-23"
    transferred = GENERAL.transferred(at("2026-02-09"), "dian").answered(at("2026-02-05"))
    assert transferred.present().answered_at == at("2026-02-09")


def test_a_closure_added_later_moves_the_deadline_of_the_same_log() -> None:
    moved = GENERAL.under(with_closure("2026-02-12", "2026-02-13"))
    assert days(moved.clocks()) == ("2026-02-25", "2026-02-25")
    paused = moved.suspended(at("2026-02-09")).completed(at("2026-02-10"))
    assert days(paused.clocks()) == ("2026-02-26", "2026-02-26")


def test_what_was_noted_as_late_stays_late_when_a_closure_is_added_later() -> None:
    noted, fallen = GENERAL.looked(at("2026-02-24"))
    assert "breached" in [moment.kind for moment in fallen]
    moved = noted.under(with_closure("2026-02-12", "2026-02-13")).clocks(at("2026-02-24"))
    assert moved.present.standing(at("2026-02-24")) is Standing.DUE_SOON
    assert moved.late_at == at("2026-02-24", "00:00:00")


def test_what_the_citizen_was_kept_waiting_stays_late_at_the_next_agency_too() -> None:
    passed_on = GENERAL.transferred(at("2026-02-05"), "dian")
    noted, fallen = passed_on.looked(at("2026-02-24"))
    assert [moment.once for moment in fallen if moment.kind is EventKind.BREACHED] == ["citizen:breach"]
    moved = noted.under(with_closure("2026-02-12", "2026-02-13")).clocks(at("2026-02-24"))
    assert moved.citizen.late_at == moved.late_at == at("2026-02-24", "00:00:00")
    assert moved.present.late_at is None


def test_while_both_clocks_end_together_one_note_speaks_for_both() -> None:
    noted, fallen = GENERAL.looked(at("2026-02-24"))
    assert [moment.once for moment in fallen if moment.kind is EventKind.BREACHED] == ["0:breach"]
    moved = noted.under(with_closure("2026-02-12", "2026-02-13")).clocks(at("2026-02-24"))
    assert moved.citizen.late_at == at("2026-02-24", "00:00:00")


def test_the_first_second_in_which_it_was_late_is_the_one_that_counts() -> None:
    story = GENERAL.answered(at("2026-03-02")).then(EventKind.BREACHED, at("2026-03-01"), once="0:breach", clock=0)
    assert story.clocks().late_at == at("2026-02-24", "00:00:00")


def test_what_the_timekeeper_noted_is_kept_and_moves_nothing() -> None:
    noted, _ = GENERAL.looked(at("2026-02-16"))
    found, plain = noted.clocks(at("2026-02-16")), GENERAL.clocks(at("2026-02-16"))
    assert (found.legal, found.citizen, found.touched_at) == (plain.legal, plain.citizen, plain.touched_at)
    assert found.done == {"0.0:half"}


def test_a_note_on_a_clock_that_the_log_does_not_have_is_passed_over() -> None:
    story = GENERAL.then(EventKind.BREACHED, at("2026-02-24"), once="3:breach", clock=3)
    assert story.clocks().legal == GENERAL.clocks(at("2026-02-24")).legal


def test_the_first_act_of_a_person_under_each_clock_is_known() -> None:
    story = GENERAL.then(EventKind.ASSIGNED, at("2026-02-02", "10:01")).then(
        EventKind.TAKEN, at("2026-02-03"), actor="staff:7"
    )
    assert story.clocks().worked_at == at("2026-02-03")
    passed_on = story.transferred(at("2026-02-05"), "dian")
    assert passed_on.clocks().touches == (at("2026-02-03"), None)
    assert passed_on.answered(at("2026-02-09")).clocks().touches == (at("2026-02-03"), at("2026-02-09"))
    untouched = GENERAL.transferred(at("2026-02-05"), "dian").clocks()
    assert (untouched.touches, untouched.touched_at) == ((at("2026-02-05"), None), at("2026-02-05"))


def test_a_case_of_the_emergency_is_measured_by_the_emergency() -> None:
    found = received(at("2021-06-01")).clocks(at("2026-01-01"))
    assert (found.present.n, found.present.term.source) == (30, "Decreto 491/2020 art. 5")
    assert last_day(found.present) == "2021-07-16"
    assert last_day(received(at("2021-06-01")).extended(at("2021-06-15"), 60).present()) == "2021-08-31"
    # Reopened after it, the new term is that of the new day.
    again = received(at("2022-05-10")).answered(at("2022-05-16")).reopened(at("2022-05-20")).clocks()
    assert [clock.n for clock in again.legal] == [30, 15]


def test_what_the_catalog_lacks_is_said() -> None:
    with pytest.raises(KeyError, match="no agency “mint”"):
        GENERAL.transferred(at("2026-02-04"), "mint").clocks()
    with pytest.raises(KeyError, match="pardon"):
        GENERAL.classified(at("2026-02-04"), "pardon").clocks()


def test_without_a_class_for_transfers_none_is_measured() -> None:
    terms = {key: term for key, term in CATALOG.terms.items() if key != "transfer"}
    story = GENERAL.under(small_catalog(terms=terms)).transferred(at("2026-02-05"), "dian")
    assert story.clocks().legal[0].transfer_due_at is None


def test_instants_may_be_of_any_zone() -> None:
    assert received(MONDAY.astimezone(UTC)).present() == received(MONDAY.astimezone(BOGOTA)).present()
