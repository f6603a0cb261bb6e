"""What a program may ask: the query parameters and the bodies of the API."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.audit import Action
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

    q: Annotated[str, Field(max_length=500)] | None = Field(
        default=None,
        description="words, a name, a case number or a telephone, as in the console's search; the newest message first",
    )
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


class AuditQuery(Asked):
    """Which entries; every parameter narrows."""

    who: Annotated[str, Field(max_length=100)] | None = Field(default=None, description="a login or a token's name")
    action: Action | None = None
    object: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="a case's number, `staff:<login>`, `token:<name>`"
    )
    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(default=None, description="before this instant")
    limit: Limit = 50
    cursor: Id | None = Field(default=None, description="`next` of the page before")


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
    undo_seconds: Annotated[int, Field(ge=0, le=600)] = Field(
        default=0, description="it waits so long before it leaves, and can be taken back meanwhile"
    )


class NoteBody(Asked):
    """An internal note, never sent; whom it names as `@login` is told."""

    text: Text


class TransferBody(Asked):
    """The citizen is told the reason."""

    agency: Key
    reason: Reason


class CloseBody(Asked):
    """A case that was never answered needs a reason."""

    outcome: Literal["answered", "not_needed", "duplicate", "withdrawn", "not_competent", "denied", "spam"]
    reason: str = Field(default="", max_length=300)


class ReopenBody(Asked):
    """Why the case is opened again."""

    reason: Reason


class ClassifyBody(Asked):
    """The class whose term applies from the day of receipt on."""

    term_class: Key = Field(alias="class")
    reason: Reason


class CompletionBody(Asked):
    """What is missing, in words to the citizen."""

    text: Text


class ProlongBody(Asked):
    """Why the citizen gets a second month."""

    reason: Reason


class ResumeBody(Asked):
    """Why the clock goes on without the citizen's answer."""

    reason: Reason


class ExtendBody(Asked):
    """The new last day and its reason; the citizen is told both."""

    until: date = Field(description="a business day of the agency's, local")
    reason: Reason


class SplitBody(Asked):
    """The message that becomes a case of its own."""

    message: Id


class MoveBody(Asked):
    """The message, and the case of the same person that it goes to."""

    message: Id
    to: CaseNumber
