"""The words every channel is translated into.

A provider's request becomes a list of `Inbound` things: messages, session turns, session ends, receipts,
opt-outs. What goes out is an `OutboundMessage`. Everything here is frozen and knows nothing of any database,
web server or office: an adapter can be read, tested and reused with this module alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody can be reached: `tel:+573005550001`, `whatsapp:+57…`, `telegram:42`, `web:<random>`.

    `value` of a phone is E.164 with its plus, a short code (3 to 6 digits), or, as some carriers send it, a word
    such as `PRIZES`. A sender that cannot be answered is still a sender: see `InboundMessage.answerable`.
    """

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"

    @classmethod
    def of(cls, urn: str) -> "Address":
        """`tel:+57300…` as an Address. ValueError when there is no scheme."""
        scheme, separator, value = urn.partition(":")
        if not separator or not scheme or not value:
            raise ValueError("an address reads scheme:value, for example tel:+573005550001")
        return cls(scheme, value)


class AttachmentKind(StrEnum):
    """What a person would call the file."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message.

    `reference` is what the channel's `fetch` needs (a URL at the provider, a file id); it may hold a secret's
    neighbourhood, so it is never shown. `content` is set when the bytes came with the request (the web form).
    `content_type` is what the provider claims, to be sniffed before it is believed. `size` is in bytes.
    """

    kind: AttachmentKind
    reference: str = ""
    content_type: str | None = None
    filename: str | None = None
    size: int | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A point in degrees (WGS 84), with the label the sender's application gave it."""

    latitude: float
    longitude: float
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One thing a person said, whatever the channel.

    `provider_id` is the provider's own stable id: the same id is the same message, for ever.
    `sent_at` is the provider's clock, aware, and may be wrong: receipt is stamped by the gateway.
    """

    channel: str
    provider_id: str
    sender: Address
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    # Other addresses the provider vouches are the same person: the phone behind a WhatsApp name, a shared contact.
    also: tuple[Address, ...] = ()
    # The service number, short code or dial string the person used.
    recipient: str | None = None
    sender_name: str | None = None
    # BCP 47 as the provider says it: "es", "en-GB".
    language: str | None = None
    location: Location | None = None
    # A button's payload, when a button was pressed.
    choice: str | None = None
    # Id of the button press to be confirmed to the provider, so that its wheel stops turning.
    press_id: str | None = None
    # Parts of one album carry the same group.
    group: str | None = None
    # Set on an edit: the provider_id of the message whose newer version this is.
    version_of: str | None = None
    # The provider_id of the message this one answers to, when the person quoted it.
    in_reply_to: str | None = None
    # A reading we offer beside the text (for example a body that was base64).
    decoded_text: str | None = None
    # False when no reply can reach the sender (an alphanumeric sender, a group).
    answerable: bool = True
    # Where a menu has already led: ("language", "en"), ("topic", "sena.inscripciones"), ("agency", "sena")
    facts: tuple[tuple[str, str], ...] = ()
    sent_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sent_at is not None and self.sent_at.tzinfo is None:
            raise ValueError("sent_at must be an aware datetime")
        if not self.provider_id:
            raise ValueError("a message without a provider id cannot be claimed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTurn:
    """One screen's answer in a session such as USSD.

    Providers either repeat everything typed so far (`accumulated`, "" on the first screen) or send only what is new
    (`typed`). Exactly one of the two is set. `dialled` is the code as dialled, never content.
    """

    channel: str
    session_id: str
    sender: Address
    dialled: str | None = None
    network: str | None = None
    accumulated: str | None = None
    typed: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The provider says a session is over. `completed` is False when the person or the network dropped it."""

    channel: str
    session_id: str
    sender: Address
    completed: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The provider itself stopped (or resumed) sending to an address."""

    channel: str
    address: Address
    opted_out: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Authentic, understood, and nothing for us: a poll, a reaction, a membership change. Counted by `reason`."""

    channel: str
    reason: str
    # Some ignored things deserve one line back (a group chat told to write in private).
    reply_to: Address | None = None


class DeliveryStatus(StrEnum):
    """How far a message of ours has come. See `advance` for the order."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"

    def advance(self, later: "DeliveryStatus") -> "DeliveryStatus":
        """The status after hearing `later`. Receipts come late, twice and out of order, so this never goes back.

        Rank: queued, sending, unknown, sent, failed, delivered, read. A failure overrides every hope but not a
        delivery that was already confirmed; a delivery overrides an earlier failure, because the phone has it.
        """
        return later if _RANK[later] > _RANK[self] else self


_RANK = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.SENDING: 1,
    DeliveryStatus.UNKNOWN: 2,
    DeliveryStatus.SENT: 3,
    DeliveryStatus.FAILED: 4,
    DeliveryStatus.DELIVERED: 5,
    DeliveryStatus.READ: 6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReceipt:
    """What the provider says of a message of ours.

    `message_id` is our own id when the callback URL carried it (so a receipt that precedes the answer to the send
    still finds its message); otherwise `provider_id` must match. `status` is None for a word we do not know: it is
    recorded and changes nothing.
    """

    channel: str
    provider_id: str
    status: DeliveryStatus | None
    provider_status: str
    message_id: int | None = None
    code: str | None = None
    at: datetime | None = None
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered under a message. `payload` is at most 64 bytes of UTF-8 (Telegram's limit)."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """Something to be said to one address.

    `id` is our own, and travels with the message wherever a provider lets it, so that an uncertain send can be
    reconciled. `buttons` are rows; a channel without buttons leaves them out, so the text must stand alone.
    """

    id: int
    to: Address
    text: str
    # The service number it must come from: the one the person wrote to, when the channel has several.
    sender: str | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    # Asks the person to share their phone number, where the channel has such a button; the label to show on it.
    ask_phone: str | None = None
    # The provider id of the message being answered, where the channel can quote.
    in_reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()


Inbound = InboundMessage | SessionTurn | SessionEnd | DeliveryReceipt | OptOut | Ignored
