"""USSD through Africa's Talking.

Provider pages:
- Sessions: https://developers.africastalking.com/docs/ussd/handle_sessions
- End of session: https://developers.africastalking.com/docs/ussd/notifications

Quirks:
- `text` holds every input of the session so far, joined with `*`; it is "" on the first screen, and not "" when the
  person dialled choices along with the code. See `channels.accumulated`.
- Requests carry no signature. The callback URL ends in a secret, and the provider's addresses can be listed.
- The answer must be 200 and begin with `CON ` or `END `; anything else, or too late, cuts the session.
- The end-of-session notification goes to a URL of its own, which operators confuse with the first: both take both.
- A screen carries 160 GSM-7 characters on most networks, 80 when one character is outside GSM-7 (á, í, ó, ú).
- There is no way to write to a phone first: what is said after the session goes by another channel.
"""

import hmac
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import parse_qsl

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

from channels import phone
from channels.channel import (
    Capabilities,
    Channel,
    ChannelSettings,
    FileUnavailable,
    NotAuthentic,
    Outcome,
    RawRequest,
    RawResponse,
    Screen,
    SendOutcome,
    Unreadable,
)
from channels.message import Address, Attachment, Inbound, OutboundMessage, SessionEnd, SessionTurn

PATH_SECRET = "path_secret"  # noqa: S105 - the name of the secret, not the secret
STATUS_PATH = "/status"
# The provider sends about ten fields; more than this is not the provider.
MAX_FIELDS = 100


class Options(BaseModel):
    """The adapter's options in `config/gateway.yaml`. Screens are counted in characters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Addresses or CIDR ranges requests may come from; None: any.
    allowed_addresses: tuple[IPvAnyNetwork, ...] | None = None
    screen_gsm7: int = Field(default=160, ge=40)
    screen_ucs2: int = Field(default=80, ge=20)


# The only word of the three (Success, Incomplete, Failed) that means the last screen was reached.
COMPLETED = "Success"
# Fields that only the end-of-session notification has.
END_FIELDS = frozenset({"status", "durationInMillis", "hopsCount"})
TURN_FIELD = "text"


class AfricasTalkingUssd:
    """See the module's docstring. Built by `build`."""

    def __init__(self, settings: ChannelSettings, options: Options) -> None:
        self.name = settings.name
        self.capabilities = Capabilities(
            max_length=options.screen_gsm7,
            session=True,
            screen_gsm7=options.screen_gsm7,
            screen_ucs2=options.screen_ucs2,
        )
        self._country = settings.country
        self._secret = settings.secrets.get(PATH_SECRET, "")
        self._allowed = options.allowed_addresses

    def verify(self, raw: RawRequest) -> None:
        """NotAuthentic unless the path ends in the secret and the request comes from a listed address."""
        if not self._secret:
            raise NotAuthentic("no path secret is configured, so nothing is accepted")
        given = raw.tail.removesuffix("/").removesuffix(STATUS_PATH).removeprefix("/")
        if not hmac.compare_digest(given.encode(errors="replace"), self._secret.encode()):
            raise NotAuthentic("the path does not end in the secret")
        if self._allowed is not None and not _within(raw.remote, self._allowed):
            raise NotAuthentic("the request comes from an address that is not listed")

    def parse(self, raw: RawRequest) -> Sequence[Inbound]:
        """One screen's answer, or the end of a session. Unreadable without a session id or a phone number."""
        fields = _form(raw.body)
        session_id, number = fields.get("sessionId", "").strip(), fields.get("phoneNumber", "")
        if not session_id or not number.strip():
            raise Unreadable("sessionId or phoneNumber is missing")
        sender = Address("tel", phone.normalise(_with_plus(number), self._country))
        if _is_end(raw.tail, fields):
            return [self._end(session_id, sender, fields)]
        return [self._turn(session_id, sender, fields)]

    def _turn(self, session_id: str, sender: Address, fields: Mapping[str, str]) -> SessionTurn:
        return SessionTurn(
            channel=self.name,
            session_id=session_id,
            sender=sender,
            dialled=fields.get("serviceCode") or None,
            network=fields.get("networkCode") or None,
            accumulated=fields.get(TURN_FIELD, ""),
            raw=fields,
        )

    def _end(self, session_id: str, sender: Address, fields: Mapping[str, str]) -> SessionEnd:
        status = fields.get("status", "")
        return SessionEnd(
            channel=self.name,
            session_id=session_id,
            sender=sender,
            completed=status == COMPLETED,
            reason=fields.get("errorMessage") or status or None,
        )

    def acknowledge(self, raw: RawRequest, screen: Screen | None = None) -> RawResponse:
        """`CON …` or `END …`; empty for a notification, which has no screen."""
        if screen is None:
            return RawResponse()
        return RawResponse(body=f"{'END' if screen.final else 'CON'} {screen.text}")

    async def send(self, message: OutboundMessage) -> SendOutcome:
        """Refused: a phone cannot be written to over USSD. The channel named in `answers_by` does it."""
        return SendOutcome(
            outcome=Outcome.REFUSED,
            code="not_textable",
            detail="USSD cannot be texted: set answers_by to an SMS channel",
        )

    async def fetch(self, attachment: Attachment) -> bytes:
        """USSD carries no files."""
        raise FileUnavailable("USSD carries no files", permanent=True)

    async def start(self) -> None:
        """Nothing: the callback URLs are set in the provider's dashboard."""

    async def close(self) -> None:
        """Nothing is kept."""


def _form(body: bytes) -> dict[str, str]:
    """The form's fields; of a repeated field the first. Bytes that are not UTF-8 become U+FFFD."""
    try:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Unreadable("the form has more fields than the provider sends") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def _is_end(tail: str, fields: Mapping[str, str]) -> bool:
    """Whether these are a notification's fields. The path decides only when the fields do not."""
    if TURN_FIELD in fields:
        return False
    return not END_FIELDS.isdisjoint(fields) or tail.removesuffix("/").endswith(STATUS_PATH)


def _with_plus(number: str) -> str:
    """The plus back in its place: a `+` that was not escaped in a form is read as a space."""
    return "+" + number.strip() if number[:1] == " " and number.strip()[:1].isdigit() else number.strip()


def _within(remote: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(remote)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in network for network in networks)


def build(settings: ChannelSettings, session: aiohttp.ClientSession) -> Channel:
    """The channel, or pydantic's ValidationError for options that do not hold."""
    return AfricasTalkingUssd(settings, Options.model_validate(dict(settings.options)))
