"""A case: its states, the moves between them, and the events that are its whole story.

`case_event` rows are append-only; everything else about a case is their projection. The kinds below are the
vocabulary of that log, so a kind is never renamed and never reused.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    ROUTED = "routed"  # data: agency, topic, class, rule, reasons
    ASSIGNED = "assigned"  # data: staff, how
    UNASSIGNED = "unassigned"  # data: staff, reason
    TAKEN = "taken"  # data: staff
    NOTED = "noted"  # data: message
    REPLIED = "replied"  # data: message, final
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
