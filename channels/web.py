"""The public web form and its JSON twin, as a channel.

No provider stands behind it: anybody may write, so `verify` has nothing to check, and what the form says of a person
proves nothing. A phone given there is a wish to be called, never an identity. The answer is read on the follow-up page,
which only its random token opens.

`message_from_fields` is the one way in. The web layer reads multipart and hands over names, texts and files; `parse`
does the same for a JSON body with the keys text, name, language, agency, topic, territory, phone, idempotency_key.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
from pydantic import BaseModel, ConfigDict

from channels import phone
from channels.channel import (
    Capabilities,
    ChannelSettings,
    FileUnavailable,
    Outcome,
    RawRequest,
    RawResponse,
    Screen,
    SendOutcome,
    Unreadable,
)
from channels.json_body import read_object
from channels.message import Address, Attachment, DeliveryStatus, Inbound, InboundMessage, OutboundMessage

SCHEME = "web"
KEY_HEADER = "idempotency-key"
# In characters. A name or a fact is cut or dropped rather than refused; a text never is.
MAX_TEXT = 10_000
MAX_NAME = 200
# Two people must not meet on one key: shorter ones are counted up from 1, longer ones are not keys.
KEY_FORMAT = re.compile(r"[!-~]{8,200}")
# Fields that say where the message should go, in the order they become facts.
FACTS: Final = ("language", "agency", "topic", "territory")
FACT_FORMAT = re.compile(r"[A-Za-z0-9._-]{1,80}")

# Field and fault -> what the person reads.
SENTENCES: Final = {
    ("text", "empty"): {
        "es": "Por favor escriba su mensaje o adjunte un archivo.",
        "en": "Please write your message or attach a file.",
    },
    ("text", "long"): {
        "es": "Su mensaje es muy largo: puede tener hasta 10.000 caracteres. Si lo necesita, adjunte un archivo.",
        "en": "Your message is too long: it can have up to 10,000 characters. If you need to, attach a file.",
    },
    ("phone", "bad"): {
        "es": "Por favor revise su número de teléfono: escríbalo con su indicativo, por ejemplo +57 300 123 4567.",
        "en": "Please check your phone number: write it with its country code, for example +57 300 123 4567.",
    },
    ("idempotency_key", "bad"): {
        "es": "La clave Idempotency-Key debe tener entre 8 y 200 caracteres ASCII sin espacios.",
        "en": "The Idempotency-Key must have 8 to 200 ASCII characters and no spaces.",
    },
}


class Options(BaseModel):
    """The adapter has no options: an unknown one is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldError(ValueError):
    """A field to be corrected. `sentence` is for the person, in the language of the form; it repeats nothing typed."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


def message_from_fields(
    fields: Mapping[str, str],
    attachments: Sequence[Attachment],
    *,
    channel: str,
    country: str,
    idempotency_key: str,
    token: str,
) -> InboundMessage:
    """What the form says. FieldError for the first field to be corrected.

    `token` opens the follow-up page and is the sender's address. The phone, in E.164, is kept in `raw["phone"]` only.
    """
    language = _fact(fields, "language")
    if not KEY_FORMAT.fullmatch(idempotency_key):
        raise _fault("idempotency_key", "bad", language)
    return InboundMessage(
        channel=channel,
        provider_id=idempotency_key,
        sender=Address(SCHEME, token),
        text=_text(fields, language, empty_allowed=bool(attachments)),
        attachments=tuple(attachments),
        sender_name=fields.get("name", "").strip()[:MAX_NAME] or None,
        language=language or None,
        facts=tuple((name, _fact(fields, name)) for name in FACTS if _fact(fields, name)),
        raw={**fields, "phone": _phone(fields, country, language)},
    )


def _text(fields: Mapping[str, str], language: str, *, empty_allowed: bool) -> str:
    # Browsers send each end of a line as two characters; nobody typed two.
    text = fields.get("text", "").replace("\r\n", "\n").strip()
    if not text and not empty_allowed:
        raise _fault("text", "empty", language)
    if len(text) > MAX_TEXT:
        raise _fault("text", "long", language)
    return text


def _phone(fields: Mapping[str, str], country: str, language: str) -> str | None:
    """The number in E.164; None when none was given. A short code is nobody's phone."""
    given = fields.get("phone", "").strip()
    if not given:
        return None
    number = phone.normalise(given, country)
    if not number.startswith("+") or not phone.is_answerable(number):
        raise _fault("phone", "bad", language)
    return number


def _fact(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    return value if FACT_FORMAT.fullmatch(value) else ""


def _fault(field: str, fault: str, language: str) -> FieldError:
    sentences = SENTENCES[field, fault]
    return FieldError(field, sentences.get(language[:2].lower(), sentences["es"]))


class WebChannel:
    """See the module's docstring. Built by `build`."""

    capabilities = Capabilities(max_length=MAX_TEXT, attachments=True)

    def __init__(self, settings: ChannelSettings) -> None:
        self.name = settings.name
        self._country = settings.country
        self._pepper = settings.secrets.get("token_secret", "").encode() or secrets.token_bytes(32)

    def verify(self, raw: RawRequest) -> None:
        """Nothing to check: the form is public."""

    def parse(self, raw: RawRequest) -> Sequence[Inbound]:
        """The message in a JSON body. Unreadable for a field to be corrected."""
        fields = _strings(read_object(raw.body))
        key = fields.get("idempotency_key") or raw.headers.get(KEY_HEADER, "")
        try:
            message = message_from_fields(
                fields, [], channel=self.name, country=self._country, idempotency_key=key, token=self._token(key)
            )
        except FieldError as error:
            raise Unreadable(str(error)) from None
        return [message]

    def _token(self, key: str) -> str:
        """The same token for the same key, so that a repeated request says the same.

        Without `token_secret` that holds while the process lives.
        """
        return hmac.new(self._pepper, key.encode(errors="replace"), hashlib.sha256).hexdigest()[:32]

    def acknowledge(self, raw: RawRequest, screen: Screen | None = None) -> RawResponse:
        """200; the page that a person sees is the web layer's."""
        return RawResponse(content_type="application/json", body='{"received": true}')

    async def send(self, message: OutboundMessage) -> SendOutcome:
        """Delivered at once: the answer stands on the follow-up page."""
        return SendOutcome(outcome=Outcome.SENT, provider_id=str(message.id), status=DeliveryStatus.DELIVERED)

    async def fetch(self, attachment: Attachment) -> bytes:
        """Files come with the form; there is nowhere to fetch them from."""
        raise FileUnavailable("files of the web form came with it", permanent=True)

    async def start(self) -> None:
        """Nobody needs to be told."""

    async def close(self) -> None:
        """Nothing is kept."""


def _strings(body: Mapping[str, object]) -> dict[str, str]:
    """The fields that are texts; a number or a list in a field that should be one is not guessed at."""
    wrong = [
        name for name in ("text", "phone", "name") if body.get(name) is not None and not isinstance(body[name], str)
    ]
    if wrong:
        raise Unreadable(f"a field must be a string: {wrong[0]}")
    return {name: value for name, value in body.items() if isinstance(value, str)}


def build(settings: ChannelSettings, session: aiohttp.ClientSession) -> WebChannel:
    """The channel, or pydantic's ValidationError for an option."""
    Options.model_validate(dict(settings.options))
    return WebChannel(settings)
