"""Which response manager is given a case: the one with most room, then the one who has waited longest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A manager on duty. `last_assigned_at` is aware, or None when nothing was ever assigned."""

    staff_id: int
    open_cases: int
    capacity: int
    last_assigned_at: datetime | None = None


_NEVER = datetime.min.replace(tzinfo=UTC)


def pick(duties: Sequence[Duty]) -> int | None:
    """The id of who takes the next case, or None when nobody has room: the case then waits to be taken."""
    with_room = [duty for duty in duties if duty.open_cases < duty.capacity]
    return min(with_room, key=_order).staff_id if with_room else None


def _order(duty: Duty) -> tuple[float, datetime, int]:
    return duty.open_cases / duty.capacity, duty.last_assigned_at or _NEVER, duty.staff_id
