"""Who is asking, and what they may see and do. Part of every query that touches a case."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.errors import Forbidden, Invalid

# As in the configuration: what can be typed and read out on the telephone.
LOGIN: Final = re.compile(r"[a-z][a-z0-9._-]{1,39}")


class Role(StrEnum):
    """What a person or a token is here for."""

    MANAGER = "manager"  # answers the cases of one agency
    HEAD = "head"  # answers for one agency: its cases, its staff, its texts
    TRIAGE = "triage"  # the central desk: works every agency's cases and passes them on
    OPERATOR = "operator"  # watches the channels; reads, does not answer
    AUDITOR = "auditor"  # reads everything, of the whole network or of one agency; changes nothing
    ADMINISTRATOR = "administrator"  # everything, on every agency


class Right(StrEnum):
    """What may be done."""

    READ_CASES = "read_cases"
    WORK_CASES = "work_cases"
    TRANSCRIBE = "transcribe"  # write down what somebody says, as a case
    SUPERVISE = "supervise"  # give cases to others, note absences, see who carries what
    EDIT_TEXTS = "edit_texts"  # an agency's canned answers and texts
    MANAGE_STAFF = "manage_staff"
    READ_AUDIT = "read_audit"
    WATCH_CHANNELS = "watch_channels"
    REPLAY = "replay"
    ADMINISTER = "administer"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.MANAGER: frozenset({Right.READ_CASES, Right.WORK_CASES, Right.TRANSCRIBE}),
    Role.HEAD: frozenset(
        {
            Right.READ_CASES, Right.WORK_CASES, Right.TRANSCRIBE, Right.SUPERVISE, Right.EDIT_TEXTS,
            Right.MANAGE_STAFF,
        }
    ),
    Role.TRIAGE: frozenset({Right.READ_CASES, Right.WORK_CASES, Right.TRANSCRIBE, Right.SUPERVISE}),
    Role.OPERATOR: frozenset({Right.READ_CASES, Right.TRANSCRIBE, Right.WATCH_CHANNELS, Right.REPLAY}),
    Role.AUDITOR: frozenset({Right.READ_CASES, Right.READ_AUDIT, Right.WATCH_CHANNELS}),
    Role.ADMINISTRATOR: frozenset(Right),
}  # fmt: skip
# Channels carry every agency's messages, so nobody who belongs to one agency has these.
_OF_THE_NETWORK = frozenset({Right.WATCH_CHANNELS, Right.REPLAY, Right.ADMINISTER})
# Those who answer for one agency; an auditor may be kept to one; the others serve the whole network.
OF_ONE_AGENCY = frozenset({Role.MANAGER, Role.HEAD})
_OF_EITHER = frozenset({Role.AUDITOR})


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
        return right in _RIGHTS[self.role] and (self.agency is None or right not in _OF_THE_NETWORK)

    def need(self, right: Right) -> None:
        """Forbidden unless the role has the right."""
        if not self.may(right):
            raise Forbidden(f"this needs the right to {right.replace('_', ' ')}, which a {self.role} has not")


def check_agency(role: Role, agency: str | None) -> None:
    """Invalid unless a manager or head has an agency, and nobody else has; an auditor may."""
    if role in OF_ONE_AGENCY and agency is None:
        raise Invalid("agency", f"a {role} answers for one agency: name it")
    if role not in OF_ONE_AGENCY | _OF_EITHER and agency is not None:
        raise Invalid("agency", f"the role {role} serves the whole network: leave the agency out")


def boundary_of(role: Role, agency: str | None) -> str | None:
    """The agency a principal is kept to; one who should have an agency and has none sees nothing, not everything."""
    return agency if agency or role not in OF_ONE_AGENCY else ""
