"""The calendar changes while a case lives: what runs is counted anew, what had ended stays as it was counted then.

In February 2026 there is no holiday: of a petition received on Monday the 2nd, day 15 is Monday the 23rd. Three days of
strike, from Monday the 9th, make it Thursday the 26th.
"""

from datetime import date

import pytest

from routing.catalog import Catalog, Earlier
from routing.clock import Standing
from routing.clocks import clocks
from tests.routing.story import CATALOG, Story, at, days, last_day, received, with_closure
from tests.support.catalogs import small_catalog

STRUCK = with_closure("2026-02-09", "2026-02-11")
MONDAY = received(at("2026-02-02"))
BEFORE, AFTER = "2026-02-23", "2026-02-26"


def numbered(story: Story) -> Story:
    """The story with the ids that the log gives its events."""
    return Story(tuple(event._replace(id=place) for place, event in enumerate(story.events)), story.catalog)


def changed(before: Story, after: Story | None = None, *catalogs: Catalog) -> Story:
    """The story, of which `before` was written by the first catalog and the rest by the last."""
    whole, used = after or before, catalogs or (CATALOG, STRUCK)
    earlier = tuple(Earlier(until=len(before.events), catalog=catalog) for catalog in used[:-1])
    return numbered(whole).under(used[-1].model_copy(update={"earlier": earlier}))


def test_what_runs_is_counted_by_the_new_calendar() -> None:
    assert days(changed(MONDAY).clocks()) == (AFTER, AFTER)


def test_what_was_answered_keeps_its_last_day_and_its_days() -> None:
    answered = MONDAY.answered(at("2026-02-13"))
    found = changed(answered).clocks(at("2026-03-01"))
    assert days(found) == (BEFORE, BEFORE)
    assert found == answered.clocks(at("2026-03-01"))
    assert found.present.count.workdays.between(date(2026, 2, 2), date(2026, 2, 13)) == 9
    assert [day.code for day in found.present.explain(at("2026-03-01"))].count("suspension") == 0


def test_what_was_answered_late_does_not_become_punctual_nor_the_reverse() -> None:
    late = MONDAY.answered(at("2026-02-25"))
    assert late.under(STRUCK).present().standing(at("2026-03-01")) is Standing.ANSWERED_ON_TIME
    assert changed(late).present().standing(at("2026-03-01")) is Standing.ANSWERED_LATE
    punctual = changed(late, None, STRUCK, CATALOG)
    assert punctual.present().standing(at("2026-03-01")) is Standing.ANSWERED_ON_TIME
    assert punctual.clocks(at("2026-03-01")).late_at is None


def test_the_clock_of_an_agency_that_passed_a_case_on_stays_and_the_next_one_moves() -> None:
    found = changed(MONDAY.transferred(at("2026-02-05"), "dian")).clocks()
    assert [last_day(clock) for clock in found.legal] == [BEFORE, "2026-03-03"]
    assert last_day(found.citizen) == AFTER


def test_what_is_written_after_the_change_is_by_the_new_calendar_though_it_tells_of_a_day_before() -> None:
    assert days(changed(MONDAY, MONDAY.answered(at("2026-02-04"))).clocks()) == (AFTER, AFTER)


def test_what_was_only_closed_and_goes_on_is_counted_by_the_new_calendar() -> None:
    closed = MONDAY.closed(at("2026-02-05"), "withdrawn")
    assert days(changed(closed).clocks()) == (BEFORE, BEFORE)
    assert days(changed(closed, closed.reopened(at("2026-02-16"))).clocks()) == (AFTER, AFTER)


def test_what_was_answered_and_is_opened_again_keeps_its_answer_and_begins_by_the_new_calendar() -> None:
    answered = MONDAY.answered(at("2026-02-05"))
    found = changed(answered, answered.reopened(at("2026-02-06"))).clocks()
    assert [last_day(clock) for clock in found.legal] == [BEFORE, "2026-03-04"]
    assert last_day(found.citizen) == BEFORE


def test_another_class_for_what_was_closed_is_counted_by_the_new_calendar() -> None:
    closed = MONDAY.closed(at("2026-02-05"), "withdrawn")
    assert days(changed(closed, closed.classified(at("2026-02-16"), "information")).clocks()) == (
        "2026-02-19", "2026-02-19",
    )  # fmt: skip


def test_what_is_found_out_later_about_an_ended_clock_is_still_said_of_it() -> None:
    answered = MONDAY.answered(at("2026-02-25"))
    noted, fallen = answered.looked(at("2026-02-25"))
    assert fallen
    found = changed(answered, noted).clocks(at("2026-03-01"))
    assert found.late_at == at("2026-02-24", "00:00:00")
    assert found.done == {moment.once for moment in fallen}


def test_each_clock_is_counted_by_what_held_when_it_ended_however_often_that_changed() -> None:
    passed_on = MONDAY.transferred(at("2026-02-03"), "dian")
    answered = passed_on.answered(at("2026-02-04"))
    more = with_closure("2026-02-09", "2026-02-13")
    catalog = more.model_copy(
        update={
            "earlier": (
                Earlier(until=len(passed_on.events), catalog=CATALOG),
                Earlier(until=len(answered.events), catalog=STRUCK),
            )
        }
    )
    whole = answered.reopened(at("2026-02-05"))

    found = numbered(whole).under(catalog).clocks()

    assert [last_day(clock) for clock in found.legal] == [BEFORE, "2026-02-27", "2026-03-05"]
    assert last_day(found.citizen) == AFTER


def test_a_catalog_that_lacked_what_the_log_names_says_nothing_about_it() -> None:
    without = CATALOG.model_copy(update={"agencies": {}})
    assert days(changed(MONDAY.answered(at("2026-02-05")), None, without, STRUCK).clocks()) == (AFTER, AFTER)


@pytest.mark.parametrize(("known", "last"), [({}, BEFORE), ({2026: {date(2026, 2, 9): "Fiesta"}}, "2026-02-24")])
def test_holidays_are_those_that_were_known(known: dict[int, dict[date, str]], last: str) -> None:
    then = small_catalog(holidays={"CO": known})
    answered = MONDAY.answered(at("2026-02-05"))
    assert days(clocks(answered.events, then, at("2026-02-05"))) == (last, last)
    assert days(changed(answered, None, then, CATALOG).clocks()) == (last, last)
