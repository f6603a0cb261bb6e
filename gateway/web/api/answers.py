"""What the API answers: the types that are serialised and that the OpenAPI document shows. Ids are texts."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.message import AttachmentKind
from gateway.audit import Action
from gateway.principal import Role
from routing.case import CaseState, EventKind
from routing.catalog import Unit
from routing.clocks import Began, Standing


class Answer(BaseModel):
    """Instants are ISO 8601 in UTC, with Z. Every key is always there."""

    # Built when the first of them is answered: a server starts sooner, and has what is asked of it in memory.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class Person(Answer):
    """A citizen, or the member of staff or token that has a case. A citizen may have no name."""

    id: str
    name: str | None


class Case(Answer):
    """A case as it stands. `due_at` is the agency's last second; while suspended, what it was when it stopped."""

    number: str
    state: CaseState
    agency: str
    topic: str | None
    term_class: str = Field(alias="class")
    language: str
    channel: str
    territory: str | None
    received_at: datetime
    effective: date | None = Field(description="the local day from which days are counted")
    due_at: datetime
    citizen_due_at: datetime = Field(description="the same of the citizen's own clock, which no transfer starts again")
    standing: Standing = Field(description="where the agency's clock stands")
    suspended_at: datetime | None = Field(description="since when it stands still, because the citizen owes an answer")
    late_at: datetime | None = Field(description="the first second past a deadline, kept for ever")
    waiting_since: datetime | None = Field(description="since when the citizen waits for us")
    active_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    assignee: Person | None
    contact: Person
    last_line: str
    last_by: str = Field(description="citizen, system, or staff:<id> or token:<id>")
    failed_delivery: bool
    predecessor: str | None = Field(description="the number of the person's case before, when it may be seen")
    version: int


class Cases(Answer):
    """A page of cases; `next` is the cursor of the one after, or null."""

    items: list[Case]
    next: str | None


class Fault(Answer):
    """Why a message did not arrive, in the provider's words."""

    code: str | None
    detail: str | None


class Place(Answer):
    """A point in degrees (WGS 84)."""

    latitude: float
    longitude: float
    label: str | None


class File(Answer):
    """A file of a message. `size` in bytes; `url` once it is stored, to be fetched with the same token."""

    id: str
    kind: AttachmentKind
    filename: str | None
    content_type: str | None
    size: int | None
    state: Literal["pending", "stored", "unavailable", "refused"]
    url: str | None


class Message(Answer):
    """Something the citizen said (`in`), was told (`out`), or a note. `version_of` is the message this one corrects."""

    id: str
    direction: Literal["in", "out", "note"]
    kind: str
    channel: str
    provider_id: str | None
    text: str
    decoded_text: str | None
    attachments: list[File]
    status: str
    error: Fault | None
    staff: str | None
    at: datetime
    sent_at: datetime | None
    location: Place | None
    version_of: str | None


class Reason(Answer):
    """A step of a decision's trail."""

    code: str
    detail: str


class Event(Answer):
    """What happened to a case, when, by whom, and why."""

    id: str
    kind: EventKind
    at: datetime
    actor: str
    data: dict[str, Any]
    reasons: list[Reason]


class Address(Answer):
    """Where a person can be reached: `tel:+573005550001`."""

    urn: str
    channel: str
    opted_out: bool


class Contact(Person):
    """A person with every address."""

    addresses: list[Address]


class CaseStory(Case):
    """A case with everything that was said and done."""

    contact: Contact
    messages: list[Message]
    events: list[Event]


class Number(Answer):
    """The number of the case that came to be."""

    number: str


class Replied(Answer):
    """The messages that go out (several, when the channel carries less than the text), and the case after."""

    messages: list[str]
    case: Case


class Noted(Answer):
    """The note, and the case after."""

    message: str
    case: Case


class Transferred(Answer):
    """Where the case is now; whoever handed it over may no longer see it."""

    number: str
    agency: str


class Topic(Answer):
    """What an agency is asked about."""

    key: str
    label: dict[str, str]
    term_class: str = Field(alias="class")


class Hours(Answer):
    """Opening hours of some weekdays, as 08:00-17:00."""

    days: list[str]
    open: list[str]


class Agency(Answer):
    """An agency as it is configured. `open_cases` is null for those who may not see its cases."""

    key: str
    name: dict[str, str]
    short: str
    sector: str
    level: str
    territory: str | None
    topics: list[Topic]
    keywords: list[str]
    hours: list[Hours]
    managers: int
    open_cases: int | None


class Agencies(Answer):
    """All agencies."""

    items: list[Agency]


class ListedContact(Person):
    """A person, without addresses."""

    language: str
    created_at: datetime


class Contacts(Answer):
    """A page of people; `next` is the cursor of the one after, or null."""

    items: list[ListedContact]
    next: str | None


class ContactStory(Contact):
    """A person with addresses and the latest cases, at most 200."""

    language: str
    created_at: datetime
    cases: list[Case]


class Channel(Answer):
    """A way in and out, and what waits to be sent by it. `oldest_seconds` is null while nothing waits."""

    name: str
    provider: str
    simulated: bool
    queue_depth: int
    oldest_seconds: int | None


class Channels(Answer):
    """All channels."""

    items: list[Channel]


class Unparsed(Answer):
    """A provider's request that became no message. Its body, address and headers are not shown: they hold secrets."""

    id: str
    at: datetime
    channel: str
    kind: Literal["unparsed", "rejected"]
    reason: str
    method: str


class UnparsedList(Answer):
    """Those that wait for a person, the newest first, at most 200."""

    items: list[Unparsed]


class Replayed(Answer):
    """The request was taken in as if it had just come."""

    id: str
    state: Literal["replayed"]


class Pause(Answer):
    """A time in which the citizen owed an answer. `until` is the last day they may give it."""

    since: datetime
    until: date
    ended: datetime | None
    prolonged: bool


class ClockDay(Answer):
    """A day of a clock: counted with its number (0 is the day of receipt), or skipped, and why."""

    date: date
    number: int | None
    counted: bool
    code: str
    reason: str


class Clock(Answer):
    """One clock. `n` is the whole term in `unit`, extension included."""

    agency: str
    term_class: str = Field(alias="class")
    began: Began
    started_at: datetime
    effective: date
    due: datetime = Field(description="while suspended, as it was when it stopped")
    n: int
    unit: Unit
    source: str = Field(description="the law that gives the term")
    extended: bool
    standing: Standing
    left: int | float | None = Field(description="days or hours of `unit` that are left; null once it has ended")
    late_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None = Field(description="answered, transferred, or the outcome the case was closed with")
    deemed_granted_at: datetime | None
    transfer_due_at: datetime | None = Field(description="by when it had to be passed on, if it ended so")
    pauses: list[Pause]
    days: list[ClockDay]


class Step(Answer):
    """What the timekeeper does next with the case, and when."""

    step: str
    at: datetime


class Clocks(Answer):
    """Every clock of a case, derived from its events at this moment. The last of `legal` is the present one."""

    legal: list[Clock]
    citizen: Clock
    touched_at: datetime | None = Field(description="the first act of a person")
    next: list[Step]


class AuditEntry(Answer):
    """Something that was seen or done. `actor` is staff:<id>, token:<id>, command, or "" for who did not get in."""

    id: str
    at: datetime
    actor: str
    who: str = Field(description="the login or the token's name, as it was then")
    role: Role | None
    agency: str | None
    action: Action
    object: str
    detail: str
    remote: str = Field(description="the network address it came from")


class Audit(Answer):
    """A page of the audit log, the latest first; `next` is the cursor of the one after, or null."""

    items: list[AuditEntry]
    next: str | None
