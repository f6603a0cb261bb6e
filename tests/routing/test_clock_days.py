"""What holds for every clock, whatever happened to it: its days, its deadline, and that its log tells them all."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.case import EventKind
from routing.catalog import Unit
from routing.clock import Clock
from routing.clocks import each
from routing.terms import due
from routing.workdays import Workdays
from tests.routing.story import CATALOG, Story, received
from tests.support.catalogs import small_catalog

few = settings(max_examples=100)
AGENCIES = ("dian", "icbf", "presidencia", "sena")
CLASSES = ("complaint", "congress", "consultation", "documents", "general", "health-vital", "information")
OF_DAYS = ("consultation", "general", "information", "congress")

# The same contents read anew, as after a reload.
READ_AGAIN = small_catalog()

agencies = st.sampled_from(AGENCIES)
# After the emergency regime, whose end made later petitions due before earlier ones.
instants = st.datetimes(datetime(2022, 5, 20), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
delays = st.timedeltas(timedelta(0), timedelta(days=20))


def told(number: int, when: datetime, value: Any) -> Any:
    """One of the things that can happen to a case."""
    return (
        lambda s: s.asked(when),
        lambda s: s.suspended(when),
        lambda s: s.notified(when),
        lambda s: s.completed(when),
        lambda s: s.incomplete(when),
        lambda s: s.prolonged(when),
        lambda s: s.resumed(when),
        lambda s: s.extended(when, 10 + value),
        lambda s: s.classified(when, CLASSES[value % len(CLASSES)]),
        lambda s: s.transferred(when, AGENCIES[value % len(AGENCIES)]),
        lambda s: s.answered(when),
        lambda s: s.closed(when, "withdrawn"),
        lambda s: s.reopened(when),
        lambda s: s.looked(when)[0],
        lambda s: s.then(EventKind.TAKEN, when - timedelta(days=1), actor="staff:9"),
        lambda s: s.routed(when, AGENCIES[value % len(AGENCIES)], CLASSES[value % len(CLASSES)]),
    )[number]


@st.composite
def stories(draw: st.DrawFn) -> tuple[Story, datetime]:
    """Any story, in any order, and an instant after it."""
    when = draw(instants)
    story = received(when, draw(st.sampled_from(CLASSES)), agency=draw(agencies))
    for number, ahead, value in draw(st.lists(st.tuples(st.integers(0, 15), delays, st.integers(0, 50)), max_size=12)):
        when += ahead
        story = told(number, when, value)(story)
    return story, when + draw(delays)


@few
@given(stories())
def test_a_clock_is_explained_day_by_day_up_to_its_last(told: tuple[Story, datetime]) -> None:
    story, now = told
    for clock in each(story.clocks(now)):
        days = clock.explain(now)
        assert days[0].date == clock.local(clock.started_at)
        assert [day.date for day in days] == [days[0].date + timedelta(days=ahead) for ahead in range(len(days))]
        numbers = [day.number for day in days if day.number is not None]
        assert numbers == list(range(len(numbers)))
        _ends_with_its_deadline(clock, now)


def _ends_with_its_deadline(clock: Clock, now: datetime) -> None:
    last = clock.explain(now)[-1]
    stands = bool(clock.pauses) and clock.pauses[-1].ended is None
    if not stands and clock.term.unit is not Unit.HOURS:
        assert (last.number, last.date) == (clock.n, clock.local(clock.due_at))
        assert clock.day(clock.n) == last.date


@few
@given(stories())
def test_a_clock_in_days_is_never_due_on_a_day_that_does_not_count(told: tuple[Story, datetime]) -> None:
    story, now = told
    for clock in each(story.clocks(now)):
        if clock.term.unit is Unit.BUSINESS_DAYS:
            assert clock.count.workdays.is_business_day(clock.local(clock.due_at))
            assert clock.count.workdays.is_business_day(clock.effective)


@few
@given(stories())
def test_deriving_twice_gives_the_same_and_noting_it_moves_nothing(told: tuple[Story, datetime]) -> None:
    story, now = told
    found = story.clocks(now)
    assert story.clocks(now) == found
    assert story.under(READ_AGAIN).clocks(now) == found
    noted, _ = story.looked(now)
    again = noted.clocks(now)
    assert (again.legal, again.citizen) == (found.legal, found.citizen)


@few
@given(stories(), delays)
def test_what_was_late_or_granted_stays_so(told: tuple[Story, datetime], later: timedelta) -> None:
    story, now = told
    first, after = story.clocks(now), story.clocks(now + later)
    for one, other in zip(each(first), each(after), strict=True):
        assert one.late_at is None or other.late_at == one.late_at
        assert one.deemed_granted_at is None or other.deemed_granted_at == one.deemed_granted_at
        assert other.late_at is None or other.late_at <= now + later


@few
@given(stories())
def test_the_citizens_clock_began_once(told: tuple[Story, datetime]) -> None:
    story, now = told
    citizen = story.clocks(now).citizen
    assert (citizen.started_at, citizen.agency) == (story.events[0].at, story.events[1].data["agency"])


@few
@given(agencies, st.sampled_from(OF_DAYS), instants, delays, delays)
def test_a_pause_loses_no_day_and_gives_none(
    agency: str, term_class: str, when: datetime, until_pause: timedelta, pause: timedelta
) -> None:
    story = received(when, term_class, agency=agency)
    plain = story.present()
    since = when + until_pause
    stopped = story.suspended(since)
    clock = stopped.completed(since + pause).present()
    unit, ended = clock.term.unit, clock.local(since + pause)
    if clock.local(since) > clock.local(plain.due_at):
        assert clock.due_at == plain.due_at
        return
    before = plain.count.between(plain.effective, clock.local(since), unit)
    after = plain.count.between(max(ended, clock.effective), clock.local(clock.due_at), unit)
    assert after >= 1
    assert min(before, clock.n - 1) + after == clock.n
    assert stopped.present().left(since + pause) == after


@few
@given(agencies, st.sampled_from(CLASSES), instants, delays)
def test_what_is_received_later_is_never_due_earlier(
    agency: str, term_class: str, when: datetime, delay: timedelta
) -> None:
    one, other = (due(CATALOG, agency=agency, term_class=term_class, received_at=at) for at in (when, when + delay))
    assert one.due_at <= other.due_at


@few
@given(stories(), st.integers(1, 20))
def test_more_days_are_never_due_earlier(told: tuple[Story, datetime], more: int) -> None:
    story, now = told
    one, other = story.present(now), story.extended(now, story.present(now).n + more).present(now)
    assert other.due_at >= one.due_at
    assert other.due_at > one.due_at or one.ended_at is not None


@few
@given(stories(), delays, delays)
def test_a_later_completion_is_never_due_earlier(
    told: tuple[Story, datetime], first: timedelta, more: timedelta
) -> None:
    story, now = told
    asked = story.suspended(now)
    assert (
        asked.completed(now + first).present(now).due_at
        <= asked.completed(now + first + more).present(now).due_at
    )  # fmt: skip


@few
@given(agencies, st.dates(date(2022, 6, 1), date(2029, 1, 1)), st.integers(1, 40))
def test_every_number_is_the_day_that_the_explanation_says(agency: str, day: date, n: int) -> None:
    when = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    story = received(when, agency=agency).extended(when, n).suspended(when + timedelta(days=6))
    clock = story.completed(when + timedelta(days=9)).present()
    explained = {found.number: found.date for found in clock.explain(when)}
    assert [clock.day(number) for number in range(clock.n + 1)] == [explained[number] for number in range(clock.n + 1)]
    assert Workdays.of(CATALOG, CATALOG.agencies[agency]).add(clock.effective, 0) == clock.day(0)
