"""Who is asking, and what they may see and do. Part of every query that touches a case."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Forbidden


class Role(StrEnum):
    """What a person or a token is here for."""

    MANAGER = "manager"  # answers the cases of one agency
    OPERATOR = "operator"  # watches the channels; reads, does not answer
    ADMINISTRATOR = "administrator"  # everything, on every agency


class Right(StrEnum):
    """What may be done."""

    READ_CASES = "read_cases"
    WORK_CASES = "work_cases"
    WATCH_CHANNELS = "watch_channels"
    REPLAY = "replay"
    ADMINISTER = "administer"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.MANAGER: frozenset({Right.READ_CASES, Right.WORK_CASES}),
    Role.OPERATOR: frozenset({Right.READ_CASES, Right.WATCH_CHANNELS, Right.REPLAY}),
    Role.ADMINISTRATOR: frozenset(Right),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A member of staff who is logged in, or a token's bearer. `agency` None: every agency."""

    id: int
    name: str
    role: Role
    agency: str | None
    is_token: bool = False

    @property
    def actor(self) -> str:
        """How an event names them."""
        return f"{'token' if self.is_token else 'staff'}:{self.id}"

    def may(self, right: Right) -> bool:
        """Whether the role has the right."""
        return right in _RIGHTS[self.role]

    def need(self, right: Right) -> None:
        """Forbidden unless the role has the right."""
        if not self.may(right):
            raise Forbidden(f"this needs the right to {right.replace('_', ' ')}, which a {self.role} has not")
