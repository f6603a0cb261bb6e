"""The rows one unit of work is about to write, collected while it decides, and written set-wise at its end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Attachment, InboundMessage
from gateway.clock import new_id, new_ids
from gateway.store import schema as t
from gateway.store.bulk import Writes, update_rows
from gateway.store.clocks import begin as begin_clocks
from gateway.store.contacts import Person
from gateway.store.schema import micros
from routing.case import SYSTEM, EventKind
from routing.rules import Reason

# Answers and acknowledgements go before notices, notices before broadcasts.
ANSWER, NOTICE, BROADCAST = 0, 1, 2

# What changes with every word of a citizen's: the version, and since when they wait; an open case has no outcome.
_WITH_A_CHANGE = (
    "version = cases.version + 1,"
    " outcome = CASE WHEN r.state = 'open' THEN NULL ELSE cases.outcome END,"
    " waiting_since = CASE WHEN r.state = 'open' THEN COALESCE(cases.waiting_since, r.active_at)"
    " ELSE cases.waiting_since END"
)

# The column's end. Providers announce files of any size; one of 2 GiB is refused as well as a larger one. Bytes.
_LARGEST = 2**31 - 1


@dataclass(slots=True, kw_only=True)
class Received:
    """What became of a message. `number` is its case's; a repeat carries what the first one got."""

    message_id: int
    urn: str
    case_id: int | None = None
    number: str | None = None
    agency: str | None = None
    due_at: datetime | None = None
    repeated: bool = False


@dataclass(slots=True, kw_only=True)
class Reply:
    """An automatic answer. Its text is made at the end, when new cases have their numbers."""

    message: InboundMessage
    person: Person
    kind: str
    text: Callable[[], str]
    case_id: int | None = None
    raw: dict[str, Any] | None = None


@dataclass(slots=True)
class Ledger:
    """Rows of one unit of work, in the order of the tables' references."""

    now: datetime
    at: int = field(init=False)
    # The local month, of new cases: 2026-11.
    month: str = ""
    cases: list[dict[str, Any]] = field(default_factory=list)
    changed_cases: dict[int, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at = micros(self.now)

    def event(self, case_id: int, kind: EventKind, *, actor: str = SYSTEM, **data: Any) -> dict[str, Any]:
        """Add to a case's story; the event's data come back."""
        self.events.append(
            {"id": None, "case_id": case_id, "kind": kind.value, "at": self.at, "actor": actor, "data": data}
        )
        return data

    def inbound(
        self,
        message: InboundMessage,
        *,
        message_id: int,
        contact_id: int,
        kind: str,
        case_id: int | None = None,
        version_of: int | None = None,
    ) -> None:
        """A citizen's message and its files."""
        self.messages.append(
            {
                **_MESSAGE,
                "id": message_id,
                "case_id": case_id,
                "contact_id": contact_id,
                "urn": str(message.sender),
                "channel": message.channel,
                "direction": "in",
                "kind": kind,
                "provider_id": message.provider_id,
                "text": message.text,
                "decoded_text": message.decoded_text,
                "status": "received",
                "at": self.at,
                "sent_at": micros(message.sent_at) if message.sent_at else None,
                "message_key": message.raw.get("message_key"),
                "album": message.group,
                "version_of": version_of,
                "raw": _kept(message),
            }
        )
        if message.attachments:
            self.attach(message_id, message.attachments)

    def attach(self, message_id: int, attachments: Iterable[Attachment], *, first: int = 0) -> None:
        """Files of a message, to be fetched later, or already stored (their `reference` is then `stored:<name>`)."""
        for position, attachment in enumerate(attachments, first):
            stored = (
                attachment.reference.removeprefix("stored:") if attachment.reference.startswith("stored:") else None
            )
            self.attachments.append(
                {
                    "id": new_id(),
                    "message_id": message_id,
                    "position": position,
                    "kind": attachment.kind,
                    "reference": attachment.reference,
                    "filename": attachment.filename,
                    "content_type": attachment.content_type,
                    "size": None if attachment.size is None else min(attachment.size, _LARGEST),
                    "state": "stored" if stored else "pending",
                    "stored_as": stored,
                    "next_try_at": None if stored else self.at,
                }
            )

    def outbound(self, *, priority: int, not_before: datetime | None = None, **values: Any) -> int:
        """A message of ours and its place in the outbox, where it rests until `not_before`; its id comes back."""
        message_id = new_id()
        self.messages.append(
            {**_MESSAGE, "id": message_id, "direction": "out", "status": "queued", "at": self.at, **values}
        )
        self.outbox.append(
            {
                "message_id": message_id,
                "channel": values["channel"],
                "priority": priority,
                "state": "pending",
                "next_at": self.at if not_before is None else micros(not_before),
                "created_at": self.at,
            }
        )
        return message_id

    def note(self, *, case_id: int, contact_id: int, channel: str, text: str, staff_id: int) -> int:
        """An internal note; its id comes back."""
        message_id = new_id()
        self.messages.append(
            {
                **_MESSAGE,
                "id": message_id,
                "case_id": case_id,
                "contact_id": contact_id,
                "urn": "",
                "channel": channel,
                "direction": "note",
                "kind": "note",
                "text": text,
                "staff_id": staff_id,
                "status": "kept",
                "at": self.at,
            }
        )
        return message_id

    def change(self, case_id: int, row: Mapping[str, Any]) -> None:
        """Set columns of a case that exists."""
        self.changed_cases.setdefault(case_id, {"id": case_id}).update(row)

    async def write(self, conn: AsyncConnection, *, after: Writes | None = None) -> None:
        """Send it all, in the order of the tables' references, after what others have to write."""
        # One statement, as a rule: only a sender who cannot be answered leaves out where to answer.
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in self.changed_cases.values():
            alike.setdefault(tuple(row), []).append(row)
        for rows in alike.values():
            await update_rows(conn, t.cases, rows, key="id", extra=_WITH_A_CHANGE)
        for event, event_id in zip(self.events, new_ids(len(self.events)), strict=True):
            event["id"] = event_id
        writes = after or Writes(conn)
        writes.insert(t.cases, self.cases)
        if self.cases:
            begin_clocks(writes, conn, [row["id"] for row in self.cases], month=self.month)
        writes.insert(t.message, self.messages)
        writes.insert(t.attachment, self.attachments)
        writes.insert(t.case_event, self.events)
        writes.insert(t.outbox, self.outbox)
        await writes.send()


def reasons_data(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """A trail of reasons as it is kept in an event."""
    return [{"code": code, "detail": detail} for code, detail in reasons]


# Every message's columns, in one order: rows of one statement are alike.
_MESSAGE: Final[dict[str, Any]] = {
    "id": None,
    "case_id": None,
    "contact_id": None,
    "urn": None,
    "channel": None,
    "direction": None,
    "kind": None,
    "provider_id": None,
    "text": "",
    "decoded_text": None,
    "staff_id": None,
    "status": None,
    "at": None,
    "sent_at": None,
    "message_key": None,
    "album": None,
    "version_of": None,
    "raw": None,
}


def _kept(message: InboundMessage) -> dict[str, Any]:
    kept: dict[str, Any] = dict(message.raw)
    if message.location:
        kept["location"] = [message.location.latitude, message.location.longitude, message.location.label]
    return kept
