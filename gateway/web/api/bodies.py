"""What a program may ask: the query parameters and the bodies of the API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.web.api.asked import Asked, CaseNumber, Id, Key
from routing.case import CaseState

# A citizen's channel carries no more than a few messages; a program that writes a book has a defect. In characters.
_TEXT = 10_000

Text = Annotated[str, Field(min_length=1, max_length=_TEXT)]
Reason = Annotated[str, Field(min_length=3, max_length=300, description="read by citizens and auditors")]
Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$", description="`next` of the page before")]


class CasesQuery(Asked):
    """Which cases; every parameter narrows."""

    agency: Key | None = None
    state: tuple[CaseState, ...] = Field(default=(), description="repeated, or separated by commas")
    channel: Key | None = None
    topic: Key | None = None
    assignee: Id | None = None
    unassigned: bool = Field(default=False, description="only those that nobody has")
    overdue: bool = Field(default=False, description="only open ones whose term has passed")
    failed: bool = Field(default=False, description="only those with an answer that did not arrive")
    received_from: AwareDatetime | None = None
    received_to: AwareDatetime | None = Field(default=None, description="before this instant")
    order: Literal["due", "received", "active"] = "due"
    limit: Limit = 50
    cursor: Cursor | None = None


class AgencyQuery(Asked):
    """Whose queue; those who serve one agency may leave it out."""

    agency: Key | None = None


class ContactsQuery(Asked):
    """Which page."""

    cursor: Id | None = Field(default=None, description="`next` of the page before")
    limit: Limit = 50


class NextBody(Asked):
    """Whose queue; those who serve one agency may leave it out."""

    agency: Key | None = None


class TakeBody(Asked):
    """`reason` takes a case over from somebody else."""

    reason: Reason | None = None


class ReplyBody(Asked):
    """`then` is the state the case goes to: `answered` is the final answer, `waiting` asks the citizen back."""

    text: Text
    then: Literal["answered", "waiting", "open", "closed"] = "answered"


class NoteBody(Asked):
    """An internal note, never sent."""

    text: Text


class TransferBody(Asked):
    """The citizen is told the reason."""

    agency: Key
    reason: Reason


class CloseBody(Asked):
    """A case that was never answered needs a reason."""

    outcome: Literal["answered", "not_needed", "duplicate", "withdrawn", "not_competent", "spam"]
    reason: str = Field(default="", max_length=300)


class ReopenBody(Asked):
    """Why the case is opened again."""

    reason: Reason


class SplitBody(Asked):
    """The message that becomes a case of its own."""

    message: Id


class MoveBody(Asked):
    """The message, and the case of the same person that it goes to."""

    message: Id
    to: CaseNumber
