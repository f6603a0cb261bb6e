"""A case: its states, the moves between them, and the events that are its whole story.

`case_event` rows are append-only; everything else about a case is their projection. The kinds below are the
vocabulary of that log, so a kind is never renamed and never reused.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Who did what an event tells, when it was no member of staff (`staff:<id>`) and no program (`token:<id>`).
SYSTEM, CITIZEN = "system", "citizen"


class CaseState(StrEnum):
    """Where a case stands. `OPEN` waits for the agency, `WAITING` for the citizen."""

    OPEN = "open"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        """True while somebody still owes something."""
        return self in (CaseState.OPEN, CaseState.WAITING)


class EventKind(StrEnum):
    """What can happen to a case."""

    RECEIVED = "received"  # a message of the citizen's; data: message, rule, reasons
    TRANSCRIBED = "transcribed"  # a member of staff wrote down what was said; data: message, way
    ROUTED = "routed"  # data: agency, topic, class, rule, reasons
    ASSIGNED = "assigned"  # data: staff, how
    UNASSIGNED = "unassigned"  # data: staff, reason
    TAKEN = "taken"  # data: staff
    NOTED = "noted"  # data: message
    REPLIED = "replied"  # data: messages, final (it answers the case; a question back
    # does not), before (what it changed), also (the duplicates it answered)
    REPLY_UNDONE = "reply_undone"  # the answer was taken back before it left; data: messages
    MERGED = "merged"  # another case stands for this one, and its answer is given here too; data: into, reason
    SEPARATED = "separated"  # it stands for itself again; data: from, reason
    DELIVERED = "delivered"  # data: message, status
    DELIVERY_FAILED = "delivery_failed"  # data: message, code
    TRANSFERRED = "transferred"  # data: from, to, reason
    CLOSED = "closed"  # data: outcome, reason
    REOPENED = "reopened"  # data: rule or reason
    SPLIT = "split"  # data: message, to
    MOVED = "moved"  # data: message, from, to
    EDITED = "edited"  # a newer version of a message; data: message, version
    LINKED = "linked"  # data: predecessor
    JOINED = "joined"  # the person turned out to be one we know; data: addresses
    CLASSIFIED = "classified"  # another kind of petition, another term; data: class, from, reason
    COMPLETION_REQUESTED = "completion_requested"  # the citizen is asked for what is missing; data: messages, missing
    SUSPENDED = "suspended"  # the citizen was notified of it: the clock stands still; data: message
    COMPLETION_PROLONGED = "completion_prolonged"  # the citizen asked for a second month; data: reason
    COMPLETED = "completed"  # the citizen answered it: the clock goes on the day after; data: message
    INCOMPLETE = "incomplete"  # a person found that answer to be partial: it still stands; data: missing
    RESUMED = "resumed"  # a person lets the clock go on without the citizen's answer; data: reason
    EXTENDED = "extended"  # more time, told to the citizen before the old deadline; data: n, unit, due, reason
    RECOMPUTED = "recomputed"  # calendar or terms changed; data: from, to (the due instants), citizen_from, citizen_to
    WARNED = "warned"  # a step of the timekeeper's before the deadline; data: step, due
    BREACHED = "breached"  # the first second past the deadline; data: clock (its number, or "citizen"), due
    ESCALATED = "escalated"  # a step past the deadline; data: step, due
    DEEMED_GRANTED = "deemed_granted"  # unanswered information counts as granted; data: copies_due
    WITHDRAWAL_PROPOSED = "withdrawal_proposed"  # the citizen's month is over; a person decides


MOVES: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.WAITING, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.WAITING: frozenset({CaseState.OPEN, CaseState.ANSWERED, CaseState.CLOSED}),
    CaseState.ANSWERED: frozenset({CaseState.OPEN, CaseState.WAITING, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN}),
}


def may_move(current: CaseState, to: CaseState) -> bool:
    """Whether a case may go from one state to another. Staying is always allowed."""
    return current is to or to in MOVES[current]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """What threading must know of a case of this person's.

    `active_at` is the last thing either side said; `ended_at` when it was answered or closed, None while open.
    `origin` is the channel it came by. All instants are aware.
    """

    id: int
    number: str
    agency: str
    state: CaseState
    received_at: datetime
    active_at: datetime
    ended_at: datetime | None = None
    topic: str | None = None
    assignee_id: int | None = None
    due_at: datetime | None = None
    # The citizen was asked to complete the request, and has not yet.
    asked: bool = False
