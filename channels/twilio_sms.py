"""SMS, MMS and WhatsApp through Twilio.

Provider's pages:
    webhook fields      https://www.twilio.com/docs/messaging/guides/webhook-request
    signature           https://www.twilio.com/docs/usage/security#validating-requests
    sending             https://www.twilio.com/docs/messaging/api/message-resource
    status callbacks    https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
    error codes         https://www.twilio.com/docs/api/errors
    media               https://www.twilio.com/docs/messaging/api/media-resource

Quirks:
    Fields appear unannounced: the signature covers all of them, parsing ignores what it does not know.
    The signature covers the URL as configured at Twilio, so it is checked against the configured public base. Twilio
    sometimes signs the URL with a port and sometimes without. The signature carries no time: the claim on MessageSid
    is the only defence against a replay.
    The answer is always TwiML. A text/plain answer can be sent to the citizen as a message.
    Twilio knows no idempotency key: a send that timed out is never repeated, its callback (which carries our own id)
    or a person settles it.
    Media URLs redirect to a storage host that must not see the account's credentials.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, parse_qsl, unquote_plus, unquote_to_bytes, urlsplit

import aiohttp
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

from channels import phone
from channels import twilio_fields as fields
from channels.channel import (
    Capabilities,
    Channel,
    ChannelSettings,
    NotAuthentic,
    RawRequest,
    RawResponse,
    Screen,
    SendOutcome,
    Unreadable,
)
from channels.download import download
from channels.message import (
    Attachment,
    DeliveryReceipt,
    Inbound,
    InboundMessage,
    OptOut,
    OutboundMessage,
)
from channels.twilio_api import API_URL, OPTED_OUT_CODE, STATUS_WORDS, rest_client
from channels.twilio_fields import Form
from channels.twilio_sending import STATUS_TAIL, TwilioOptions, media_source, send

EMPTY_TWIML: Final = RawResponse(content_type="text/xml", body="<Response/>")
# Twilio refuses a longer body with 21617.
CAPABILITIES: Final = Capabilities(max_length=1600, segments=True, receipts=True)
INBOUND_WORDS: Final = frozenset({"receiving", "received"})
OPT_OUT_WORDS: Final = {"STOP": True, "START": False}


def validators(secrets: Mapping[str, str]) -> tuple[RequestValidator, ...]:
    """One for the auth token, one more while it is being rotated; none without the first."""
    if not secrets.get("auth_token"):
        return ()
    tokens = (secrets["auth_token"], secrets.get("auth_token_secondary"))
    return tuple(RequestValidator(token) for token in tokens if token)


def verify(raw: RawRequest, form: Form, validators: Sequence[RequestValidator]) -> None:
    """NotAuthentic unless one of the tokens signed this URL and these fields."""
    if not validators:
        raise NotAuthentic("no auth token is configured, so nothing can be believed")
    signature = raw.headers.get("x-twilio-signature", "")
    if not signature:
        raise NotAuthentic("the request carries no X-Twilio-Signature")
    signed: Form = form if _is_form(raw) else Form()
    if _is_json(raw) and not _body_is_the_signed_one(raw):
        raise NotAuthentic("the body is not the one whose hash is in the URL")
    if not any(_signed_by(validator, raw.url, signed, signature) for validator in validators):
        raise NotAuthentic("the signature does not match: is the public base URL, or the auth token, another one?")


def _signed_by(validator: RequestValidator, url: str, form: Form, signature: str) -> bool:
    """The URL as configured is almost always what was signed: one digest. Only then both forms of its port."""
    try:
        if hmac.compare_digest(_digest(validator.token, url, form), signature.encode("utf-8", "replace")):
            return True
        return bool(validator.validate(url, form, signature))
    except ValueError:  # a URL or a field that no UTF-8 can hold was never signed
        return False


def _digest(token: bytes, url: str, form: Form) -> bytes:
    """What the validator's `compute_signature` computes, in a third of its time."""
    fields = sorted(form.items())
    signed = [name + (values[0] if len(values) == 1 else name.join(sorted(set(values)))) for name, values in fields]
    return base64.b64encode(hmac.digest(token, (url + "".join(signed)).encode(), "sha1"))


def _body_is_the_signed_one(raw: RawRequest) -> bool:
    claimed = parse_qs(urlsplit(raw.url).query).get("bodySHA256", [""])[0]
    actual = hashlib.sha256(raw.body).hexdigest()
    return hmac.compare_digest(actual.encode(), claimed.lower().encode("utf-8", "replace"))


def _is_json(raw: RawRequest) -> bool:
    return raw.method != "GET" and raw.headers.get("content-type", "").lower().startswith("application/json")


def _is_form(raw: RawRequest) -> bool:
    return raw.method != "GET" and not _is_json(raw)


def read_form(raw: RawRequest) -> Form:
    """The fields of a form POST or of a GET's query; none for JSON. Bytes that are not UTF-8 become U+FFFD."""
    form = Form()
    if _is_json(raw):
        return form
    for name, value in _pairs(raw.body if _is_form(raw) else raw.query.encode("utf-8", "surrogatepass")):
        form.setdefault(name, []).append(value)
    return form


def _pairs(encoded: bytes) -> Iterable[Sequence[str]]:
    """The names and values of a form. All are decoded at once, with control characters between them."""
    # Decoding each of twenty fields by itself takes longer than verifying their signature.
    marked = encoded.replace(b"+", b" ").replace(b"&", b"\x1e").replace(b"=", b"\x1f")
    decoded = unquote_to_bytes(marked).decode("utf-8", "replace")
    pairs = [pair.split("\x1f") for pair in decoded.split("\x1e")]
    if encoded.isascii() and decoded.count("\x1e") == encoded.count(b"&") and set(map(len, pairs)) == {2}:
        return pairs
    # An empty pair, a value with a bare "=", or a text that itself holds one of the two characters.
    text = encoded.decode("utf-8", "replace")
    parts = (pair.partition("=") for pair in text.split("&") if pair)
    return [(_unquoted(name), _unquoted(value)) for name, _, value in parts]


def _unquoted(part: str) -> str:
    return unquote_plus(part, errors="replace")


def _form_of_json(body: bytes) -> Form:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body says it is JSON and is not") from error
    if not isinstance(payload, dict):
        raise Unreadable("the JSON body is not an object")
    return Form({name: [value if isinstance(value, str) else json.dumps(value)] for name, value in payload.items()})


def parse(raw: RawRequest, form: Form, settings: ChannelSettings) -> list[Inbound]:
    """Inbound messages at the webhook, receipts at its `/status`; each is understood at the other's address too."""
    form = _form_of_json(raw.body) if _is_json(raw) else form
    if not _message_sid(form) and "CallSid" in form:
        raise Unreadable("this is a call: has the messaging URL been set as the voice URL?")
    if not _message_sid(form):
        raise Unreadable("there is no MessageSid")
    if _is_receipt(raw, form):
        return [_receipt(raw, form, settings.name)]
    return list(_inbound(form, settings))


def _message_sid(form: Form) -> str:
    return (form.first("MessageSid") or form.first("SmsSid") or form.first("SmsMessageSid")).strip()


def _status_word(form: Form) -> str:
    return (form.first("MessageStatus") or form.first("SmsStatus")).strip().lower()


def _is_receipt(raw: RawRequest, form: Form) -> bool:
    word = _status_word(form)
    if not word or word in INBOUND_WORDS:
        return False
    return raw.tail == STATUS_TAIL or "Body" not in form


def _receipt(raw: RawRequest, form: Form, channel: str) -> DeliveryReceipt:
    word, code = _status_word(form), form.first("ErrorCode").strip()
    own_id = next((value for name, value in parse_qsl(raw.query, errors="replace") if name == "m"), "")
    return DeliveryReceipt(
        channel=channel,
        provider_id=_message_sid(form),
        status=STATUS_WORDS.get(word),
        provider_status=word,
        message_id=int(own_id) if re.fullmatch(r"[0-9]{1,18}", own_id) else None,
        code=code or None,
        opted_out=code == str(OPTED_OUT_CODE),
    )


def _inbound(form: Form, settings: ChannelSettings) -> Iterator[Inbound]:
    sender = fields.address(form.first("From"), settings.country)
    body, button = form.first("Body"), form.first("ButtonText")
    yield InboundMessage(
        channel=settings.name,
        provider_id=_message_sid(form),
        sender=sender,
        text=body or button,
        attachments=tuple(fields.attachments(form)),
        also=tuple(fields.also(form, sender)),
        recipient=fields.recipient(form.first("To"), settings.country),
        sender_name=form.first("ProfileName").strip() or None,
        location=fields.location(form),
        choice=form.first("ButtonPayload") or None,
        in_reply_to=form.first("OriginalRepliedMessageSid") or None,
        decoded_text=fields.decoded(body),
        answerable=sender.scheme == "whatsapp" or phone.is_answerable(sender.value),
        raw=form.plain(),
    )
    opted_out = OPT_OUT_WORDS.get(form.first("OptOutType").strip().upper())
    if opted_out is not None:
        yield OptOut(channel=settings.name, address=sender, opted_out=opted_out, source="twilio")


class TwilioChannel:
    """The functions above, with what they were configured with."""

    capabilities = CAPABILITIES

    def __init__(self, settings: ChannelSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._options = TwilioOptions.model_validate(dict(settings.options))
        self._validators = validators(settings.secrets)
        self._client = rest_client(settings.secrets, session)
        self._media = media_source(self._options, settings.secrets)
        self._last: tuple[RawRequest, Form] | None = None

    @property
    def name(self) -> str:
        return self._settings.name

    def verify(self, raw: RawRequest) -> None:
        verify(raw, self._form(raw), self._validators)

    def parse(self, raw: RawRequest) -> Sequence[Inbound]:
        return parse(raw, self._form(raw), self._settings)

    def acknowledge(self, raw: RawRequest, screen: Screen | None = None) -> RawResponse:
        return EMPTY_TWIML

    async def send(self, message: OutboundMessage) -> SendOutcome:
        return await send(message, self._client, self._options, self._settings.webhook_url)

    async def fetch(self, attachment: Attachment) -> bytes:
        return await download(attachment.reference, self._media, self._session)

    async def start(self) -> None:
        """Twilio's URLs are set in its console, so there is nothing to tell it."""

    async def close(self) -> None:
        """The session belongs to whoever built the channel."""

    def _form(self, raw: RawRequest) -> Form:
        """Decoded once for verify and parse, which see the same request one after the other."""
        last = self._last
        if last is None or last[0] is not raw:
            last = self._last = (raw, read_form(raw))
        return last[1]


def build(settings: ChannelSettings, session: aiohttp.ClientSession) -> Channel:
    """The channel. `settings.secrets`: account_sid, auth_token, auth_token_secondary while rotating, api_url.

    ValueError (pydantic's, or for an api_url that is no URL) when the configuration cannot be right.
    """
    if not URL(settings.secrets.get("api_url") or API_URL).absolute:
        raise ValueError("the API URL must be absolute, like https://api.twilio.com")
    return TwilioChannel(settings, session)
