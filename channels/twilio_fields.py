"""What the fields of Twilio's requests say: the form, addresses, media, a location and a body in base64.

https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import base64
import binascii
import math
import re
from collections.abc import Iterator
from typing import Final

from channels import phone
from channels.channel import Unreadable
from channels.message import Address, Attachment, AttachmentKind, Location

WHATSAPP: Final = "whatsapp:"
# Carriers now and then deliver a whole body in base64; a shorter word could be a word.
MIN_BASE64: Final = 60
BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# No message has more; a request that counts higher is not followed.
MAX_MEDIA: Final = 32
KIND_WORDS: Final = {
    "image": AttachmentKind.IMAGE,
    "audio": AttachmentKind.AUDIO,
    "video": AttachmentKind.VIDEO,
    "application": AttachmentKind.DOCUMENT,
    "text": AttachmentKind.DOCUMENT,
}


class Form(dict[str, list[str]]):
    """The request's fields, each with its values in order: the validator asks for them by `getall`."""

    getall = dict.__getitem__

    def first(self, name: str) -> str:
        """The first value, or "" when there is none."""
        values = self.get(name)
        return values[0] if values else ""

    def plain(self) -> dict[str, str | list[str]]:
        """What is kept as the raw message: a field given once is a string."""
        return {name: values[0] if len(values) == 1 else values for name, values in self.items()}


def address(raw: str, country: str) -> Address:
    """Who wrote, from their number with or without `whatsapp:`. Unreadable when it is empty."""
    stripped = raw.strip()
    value = stripped.removeprefix(WHATSAPP).strip()
    if not value:
        raise Unreadable("there is no sender")
    if stripped.startswith(WHATSAPP):
        return Address("whatsapp", phone.normalise(value, country))
    return Address("tel", phone.normalise(value, country))


def also(form: Form, sender: Address) -> Iterator[Address]:
    """The phone behind a WhatsApp sender, and its business-scoped id when From was the phone."""
    if sender.scheme != "whatsapp":
        return
    behind = sender.value if sender.value.startswith("+") else f"+{form.first('WaId').strip()}"
    if phone.is_answerable(behind):
        yield Address("tel", behind)
    scoped = form.first("ExternalUserId").strip().removeprefix(WHATSAPP)
    if scoped and scoped != sender.value:
        yield Address("whatsapp", scoped)


def recipient(raw: str, country: str) -> str | None:
    """Our number as it is named in the configuration, with its `whatsapp:`."""
    stripped = raw.strip()
    if stripped.startswith(WHATSAPP):
        return WHATSAPP + phone.normalise(stripped.removeprefix(WHATSAPP), country)
    return phone.normalise(stripped, country) or None


def attachments(form: Form) -> Iterator[Attachment]:
    """The media in order. A NumMedia that is no number is not believed: the URLs are what counts."""
    for index in range(MAX_MEDIA):
        url = form.first(f"MediaUrl{index}").strip()
        if not url:
            return
        content_type = form.first(f"MediaContentType{index}").strip() or None
        kind = KIND_WORDS.get((content_type or "").partition("/")[0].lower(), AttachmentKind.OTHER)
        yield Attachment(kind=kind, reference=url, content_type=content_type)


def location(form: Form) -> Location | None:
    """The place that was shared; None when there is none on this earth."""
    try:
        latitude, longitude = float(form.first("Latitude")), float(form.first("Longitude"))
    except ValueError:
        return None
    if not (math.isfinite(latitude) and abs(latitude) <= 90 and math.isfinite(longitude) and abs(longitude) <= 180):
        return None
    return Location(latitude, longitude, form.first("Label") or form.first("Address") or None)


def decoded(body: str) -> str | None:
    """The text in a body that is base64 from end to end and decodes to something a person could have written."""
    if len(body) < MIN_BASE64 or len(body) % 4 or not BASE64.fullmatch(body):
        return None
    try:
        text = base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    readable = sum(character.isprintable() or character in "\r\n\t" for character in text)
    return text if readable == len(text) else None
