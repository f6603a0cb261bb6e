"""Reading the log of a case from its first event to its last: what each does to the clocks."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from routing.case import CITIZEN, EventKind
from routing.catalog import Catalog
from routing.clock import Began, Clock, Pause, answer_by
from routing.terms import counted

# The id of an event that is not written yet: later than all that are.
_UNWRITTEN: Final = 2**63 - 1


class Event(NamedTuple):
    """A row of a case's log. `at` is aware; `actor` is `citizen`, `system`, `staff:<id>` or `token:<id>`.

    `id` says when it was written, which for what is imported is long after `at`.
    """

    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]
    # The words of what may happen once only (`routing.steps`): the timekeeper's own entries.
    once: str | None = None
    id: int = _UNWRITTEN

    @property
    def by_a_person(self) -> bool:
        """Whether a member of staff did it (or a program in the name of one)."""
        return self.actor.startswith(("staff:", "token:"))


class Clocks(NamedTuple):
    """All clocks of a case. `legal` are the agencies', in the order in which they began; the last is the present one.

    `touches` has the first act of a person under each of them.
    """

    legal: tuple[Clock, ...]
    citizen: Clock
    # The first act of a person on the case.
    touched_at: datetime | None
    touches: tuple[datetime | None, ...]
    # When completion was asked and the citizen is not yet notified.
    asked_at: datetime | None = None
    # When the citizen answered the last request to complete, until that is undone or overtaken.
    completed_at: datetime | None = None
    # When the case was last given to somebody, or a person did something with it.
    worked_at: datetime | None = None
    # What the timekeeper has done already, by its own words.
    done: frozenset[str] = frozenset()

    @property
    def present(self) -> Clock:
        """The legal clock of the agency that has the case."""
        return self.legal[-1]

    @property
    def late_at(self) -> datetime | None:
        """The first second in which any clock of the case was past due."""
        late = [clock.late_at for clock in self.legal if clock.late_at is not None]
        if self.citizen.late_at is not None:
            late.append(self.citizen.late_at)
        return min(late, default=None)


def folded(events: Iterable[Event], catalog: Catalog, now: datetime) -> Clocks:
    """The clocks of a case as one catalog counts them from beginning to end; errors as `routing.clocks.clocks`."""
    fold = _Fold(catalog)
    for event in events:
        fold.take(event)
    return fold.close(now)


class _Fold:
    """The clocks while the log is read."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._months = catalog.timekeeping.completion_months
        self._legal: list[Clock] = []
        self._citizen: Clock | None = None
        self._received_at: datetime | None = None
        self._touched_at: datetime | None = None
        self._touches: list[datetime | None] = []
        self._asked_at: datetime | None = None
        # When the citizen answered the last request to complete, until that is undone or overtaken.
        self._completed_at: datetime | None = None
        # What an answer changed, until anything else happens to the clocks.
        self._unanswered: tuple[Clock, Clock, datetime | None, datetime | None] | None = None
        self._worked_at: datetime | None = None
        self._done: set[str] = set()
        self._at: datetime | None = None

    def take(self, event: Event) -> None:
        """One more event."""
        if event.once is not None:
            # It bears the instant at which it fell due, and may have been written much later: it moves nothing.
            self._done.add(event.once)
            self._noted(event)
            return
        # A clock that was set back must not make time run backwards in the log.
        at = self._at = max(event.at, self._at or event.at)
        self._pass(at)
        handler = _HANDLERS.get(event.kind)
        if handler is not None and (self._legal or event.kind in _BEGINNINGS):
            handler(self, event, at)
        if event.by_a_person:
            self._touch(event, at)
            self._worked_at = at
        elif event.kind == EventKind.ASSIGNED:
            self._worked_at = at

    def close(self, now: datetime) -> Clocks:
        """The clocks as they stand at `now`."""
        self._pass(now)
        return Clocks(
            legal=tuple(self._legal),
            citizen=self._the_citizen,
            touched_at=self._touched_at,
            touches=tuple(self._touches),
            asked_at=self._asked_at,
            completed_at=self._completed_at,
            worked_at=self._worked_at,
            done=frozenset(self._done),
        )

    def _pass(self, at: datetime) -> None:
        """Time goes by up to `at`: what is past due is late from its first second on, and for ever."""
        if self._citizen is not None:
            self._citizen = self._citizen.passed(at, grants=False)
        if self._legal:
            present = self._legal[-1]
            grants = self._catalog.terms[present.term_class].granted_after is not None
            self._legal[-1] = present.passed(at, grants=grants)

    def _received(self, event: Event, at: datetime) -> None:
        self._received_at = self._received_at or at

    def _routed(self, event: Event, at: datetime) -> None:
        """The first start; or, before anybody worked on it, another agency of the citizen's own choice."""
        agency, key = event.data["agency"], event.data["term_class"]
        if not self._legal:
            self._citizen = self._begin(agency, key, Began.RECEIVED, self._received_at or at)
        elif self._legal[-1].answered_at is None:
            self._legal[-1] = replace(self._legal[-1], agency=agency, count=counted(self._catalog, agency))
            self._both(lambda clock: clock.reclassified(key, at))

    def _transferred(self, event: Event, at: datetime) -> None:
        present = self._legal[-1]
        if present.ended_at is None:
            row = self._catalog.terms.get("transfer")
            by = present.count.term("transfer", present.started_at).due_at if row is not None else None
            self._legal[-1] = replace(
                present.resumed(at), ended_at=at, ended_by=EventKind.TRANSFERRED.value, transfer_due_at=by
            )
        self._citizen = self._the_citizen.resumed(at)
        self._begin(event.data["to"], present.term_class, Began.TRANSFERRED, at)
        self._asked_at = self._completed_at = None

    def _classified(self, event: Event, at: datetime) -> None:
        key = event.data["class"]
        self._both(lambda clock: clock.reclassified(key, at))

    def _asked(self, event: Event, at: datetime) -> None:
        self._asked_at, self._completed_at = at, None

    def _suspended(self, event: Event, at: datetime) -> None:
        # A receipt may come late: after the citizen has answered, or after another agency has taken over.
        if self._asked_at is None:
            return
        self._asked_at = None
        present = self._legal[-1]
        pause = Pause(at, answer_by(present.count, present.local(at), self._months))
        self._both(lambda clock: clock.paused(pause))

    def _prolonged(self, event: Event, at: datetime) -> None:
        present = self._legal[-1]
        if present.suspended_at is None:
            return
        # Counted from the beginning: 31 January and two months is 31 March, not 28.
        until = answer_by(present.count, present.local(present.suspended_at), 2 * self._months)

        def longer(clock: Clock) -> Clock:
            if clock.suspended_at is None:
                return clock
            pause = replace(clock.pauses[-1], until=until, prolonged=True)
            return replace(clock, pauses=(*clock.pauses[:-1], pause))

        self._both(longer)

    def _completed(self, event: Event, at: datetime) -> None:
        if self._asked_at is not None or self._legal[-1].suspended_at is not None:
            self._go_on(event, at)
            self._completed_at = at

    def _go_on(self, event: Event, at: datetime) -> None:
        self._asked_at = self._completed_at = None
        self._both(lambda clock: clock.resumed(at))

    def _incomplete(self, event: Event, at: datetime) -> None:
        """The answer was partial: what it let go on has been standing still; what it forestalled is still asked."""
        answered_at, self._completed_at = self._completed_at, None
        if answered_at is None:
            return

        def stopped(clock: Clock) -> Clock:
            if clock.ended_at is not None or not clock.pauses or clock.pauses[-1].ended != answered_at:
                return clock
            still = replace(clock, pauses=(*clock.pauses[:-1], replace(clock.pauses[-1], ended=None)))
            return still.with_deadline()

        self._both(stopped)
        if self._legal[-1].runs:
            self._asked_at = at

    def _extended(self, event: Event, at: datetime) -> None:
        n = int(event.data["n"])
        self._both(lambda clock: clock.extended(n, at))

    def _replied(self, event: Event, at: datetime) -> None:
        if not event.data.get("final"):
            return
        self._unanswered = self._legal[-1], self._the_citizen, self._asked_at, self._completed_at

        def answered(clock: Clock) -> Clock:
            if clock.ended_at is not None:
                return clock
            return replace(clock.resumed(at), answered_at=at, ended_at=at, ended_by="answered")

        self._both(answered)
        self._asked_at = self._completed_at = None

    def _undone(self, event: Event, at: datetime) -> None:
        """The answer was taken back before it left: everything is as it was before it."""
        if self._unanswered is not None:
            self._legal[-1], self._citizen, self._asked_at, self._completed_at = self._unanswered
            self._unanswered = None

    def _closed(self, event: Event, at: datetime) -> None:
        outcome = event.data.get("outcome", "closed")
        self._both(lambda clock: clock if clock.ended_at else replace(clock, ended_at=at, ended_by=outcome))
        self._asked_at = self._completed_at = None

    def _reopened(self, event: Event, at: datetime) -> None:
        """What was answered stays answered and a new clock begins; what was only closed goes on as if it never was.

        If it stood still, it runs again: whoever opens the case again no longer waits for the citizen.
        """
        present = self._legal[-1]
        if present.ended_at is None:
            return

        def going_on(clock: Clock) -> Clock:
            if clock.ended_at is None or clock.answered_at is not None:
                return clock
            return replace(clock, ended_at=None, ended_by=None).resumed(at).with_deadline()

        self._both(going_on)
        if present.answered_at is not None:
            self._begin(present.agency, present.term_class, Began.REOPENED, at)

    @property
    def _the_citizen(self) -> Clock:
        if self._citizen is None:
            raise ValueError("a case that was never received and routed has no clock")
        return self._citizen

    def _both(self, change: Callable[[Clock], Clock]) -> None:
        """Change the present legal clock and the citizen's in the same manner."""
        self._legal[-1], self._citizen = change(self._legal[-1]), change(self._the_citizen)

    def _begin(self, agency: str, term_class: str, began: Began, at: datetime) -> Clock:
        """Another legal clock."""
        count = counted(self._catalog, agency)
        due = count.term(term_class, at)
        clock = Clock(
            agency=agency,
            term_class=term_class,
            began=began,
            started_at=at,
            effective=due.effective,
            term=due.term,
            n=due.term.n,
            due_at=due.due_at,
            count=count,
        )
        self._legal.append(clock)
        self._touches.append(None)
        self._unanswered = None
        return clock

    def _noted(self, event: Event) -> None:
        """What the timekeeper has noted of a clock stays, whatever a later calendar says."""
        named = event.data.get("clock", len(self._legal) - 1)
        if named == CITIZEN:
            self._citizen = self._late(self._the_citizen, event.at)
            return
        no = int(named)
        if not 0 <= no < len(self._legal):
            return
        clock = self._legal[no]
        if event.kind == EventKind.BREACHED:
            self._legal[no] = self._late(clock, event.at)
            if clock.due_at == self._the_citizen.due_at:
                self._citizen = self._late(self._the_citizen, event.at)
        elif event.kind == EventKind.DEEMED_GRANTED:
            self._legal[no] = replace(clock, deemed_granted_at=clock.deemed_granted_at or event.at)

    @staticmethod
    def _late(clock: Clock, at: datetime) -> Clock:
        return replace(clock, late_at=clock.late_at or at)

    def _touch(self, event: Event, at: datetime) -> None:
        self._touched_at = self._touched_at or at
        # Passing a case on is the last act under the old clock, not the first under the new one.
        place = len(self._touches) - (2 if event.kind == EventKind.TRANSFERRED else 1)
        if place >= 0 and self._touches[place] is None:
            self._touches[place] = at


_BEGINNINGS = (EventKind.RECEIVED, EventKind.ROUTED)
_HANDLERS: dict[str, Callable[[_Fold, Event, datetime], None]] = {
    EventKind.RECEIVED: _Fold._received,
    EventKind.ROUTED: _Fold._routed,
    EventKind.TRANSFERRED: _Fold._transferred,
    EventKind.CLASSIFIED: _Fold._classified,
    EventKind.COMPLETION_REQUESTED: _Fold._asked,
    EventKind.SUSPENDED: _Fold._suspended,
    EventKind.COMPLETION_PROLONGED: _Fold._prolonged,
    EventKind.COMPLETED: _Fold._completed,
    EventKind.RESUMED: _Fold._go_on,
    EventKind.INCOMPLETE: _Fold._incomplete,
    EventKind.EXTENDED: _Fold._extended,
    EventKind.REPLIED: _Fold._replied,
    EventKind.REPLY_UNDONE: _Fold._undone,
    EventKind.CLOSED: _Fold._closed,
    EventKind.REOPENED: _Fold._reopened,
}
