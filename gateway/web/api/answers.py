"""What the API answers: the types that are serialised and that the OpenAPI document shows. Ids are texts."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.message import AttachmentKind
from routing.case import CaseState, EventKind


class Answer(BaseModel):
    """Instants are ISO 8601 in UTC, with Z. Every key is always there."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, json_schema_serialization_defaults_required=True
    )


class Person(Answer):
    """A citizen, or the member of staff or token that has a case. A citizen may have no name."""

    id: str
    name: str | None


class Case(Answer):
    """A case as it stands."""

    number: str
    state: CaseState
    agency: str
    topic: str | None
    term_class: str = Field(alias="class")
    language: str
    channel: str
    territory: str | None
    received_at: datetime
    due_at: datetime
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
