"""What a channel must be able to do, and how it says that something went wrong.

    ChannelError                    never raised itself
    ├── NotAuthentic                the request does not come from the provider: answer 403, keep it for replay
    ├── Unreadable                  it is authentic, but its shape surprised us: store it raw, answer 200, tell a person
    └── FileUnavailable             an attachment cannot be had now; `permanent` says whether to try again

Sending raises nothing: a `SendOutcome` is data, because what to do next depends on it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from channels.message import Attachment, DeliveryStatus, Inbound, OutboundMessage


class ChannelError(Exception):
    """Root of the errors a channel raises."""


class NotAuthentic(ChannelError):
    """The signature, secret or token is missing or wrong."""


class Unreadable(ChannelError):
    """An authentic request we could not understand."""


class FileUnavailable(ChannelError):
    """The provider did not give us the file."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A provider's HTTP request as it came.

    `url` is built from the configured public base, the path and the query, never from a client's Host header.
    `tail` is the rest of the path after `/webhooks/{channel}`: "", "/status", "/<secret>".
    `headers` are keyed in lower case.
    """

    method: str
    url: str
    tail: str
    headers: Mapping[str, str]
    query: str
    body: bytes
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """What the provider wants to read."""

    status: int = 200
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a session shows next; `final` ends the session."""

    text: str
    final: bool


class Outcome(StrEnum):
    """What became of an attempt to send."""

    SENT = "sent"
    THROTTLED = "throttled"  # try again after `after` seconds; the whole channel waits
    TEMPORARY = "temporary"  # try again later
    REFUSED = "refused"  # this address or text will never work
    OPTED_OUT = "opted_out"  # the person does not want messages from this number
    MISCONFIGURED = "misconfigured"  # our credentials or settings are wrong: the channel stops, an operator is told
    UNKNOWN = "unknown"  # the request left and no answer came: never blindly repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutcome:
    """The result of one attempt. `detail` is for operators: no phone number, no text, no secret."""

    outcome: Outcome
    provider_id: str | None = None
    # The provider's first word on it, when the send was accepted.
    status: DeliveryStatus = DeliveryStatus.SENT
    code: str | None = None
    detail: str | None = None
    # Seconds to wait before anything else is sent on this channel (throttled).
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. Lengths are in characters unless said otherwise."""

    max_length: int
    # SMS: text is counted in GSM-7 / UCS-2 segments.
    segments: bool = False
    buttons: bool = False
    attachments: bool = False
    # The provider reports deliveries (so "sent" is not yet the end).
    receipts: bool = False
    # The citizen's turn is answered inside the HTTP response (USSD).
    session: bool = False
    # Octets a session screen may hold when every character is GSM-7, and when one is not.
    screen_gsm7: int = 0
    screen_ucs2: int = 0


class Channel(Protocol):
    """One way in and out. Parsing is synchronous and pure: no clock, no network, no database."""

    @property
    def name(self) -> str:
        """The name in the configuration and in `/webhooks/{name}`."""

    @property
    def capabilities(self) -> Capabilities: ...

    def verify(self, raw: RawRequest) -> None:
        """NotAuthentic unless the provider sent this. Constant time; a missing secret refuses everything."""

    def parse(self, raw: RawRequest) -> Sequence[Inbound]:
        """What the request says. Unreadable when it cannot be understood at all."""

    def acknowledge(self, raw: RawRequest, screen: Screen | None = None) -> RawResponse:
        """The HTTP answer, given after the durable commit."""

    async def send(self, message: OutboundMessage) -> SendOutcome:
        """One attempt. Never raises for what a provider or a network can do."""

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of a file that came in. FileUnavailable when they cannot be had."""

    async def start(self) -> None:
        """Whatever the provider must be told at start (for example its webhook). Called once, before traffic."""

    async def close(self) -> None:
        """Let go of what `build` was given to keep."""


# A channel that pulls (long polling) calls this with each payload it got, and confirms it to the provider only after
# the returned awaitable is done.
Deliver = Callable[[RawRequest], Awaitable[None]]


@runtime_checkable
class Pulls(Protocol):
    """A channel that can fetch its messages itself, where no public URL lets the provider push them."""

    @property
    def use_polling(self) -> bool:
        """Whether it must."""

    async def poll(self, deliver: Deliver) -> None:
        """Pull until cancelled."""


@runtime_checkable
class AnswersPresses(Protocol):
    """A channel whose buttons spin until they are answered."""

    async def answer_press(self, press_id: str, text: str = "") -> bool:
        """Stop the wheel; False when it was too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """What an adapter is built from.

    `options` come from `config/gateway.yaml` (checked by the adapter's own options type), `secrets` from the
    environment, `webhook_url` is the public URL of this channel's webhook.
    """

    name: str
    country: str
    webhook_url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
