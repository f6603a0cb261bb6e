"""What a Telegram update says, in the words of `channels.message`.

Types: https://core.telegram.org/bots/api#update and #message. Only the fields named here reach the library, so that a
surprise in any other (a new kind of quotation, of entity, of gift) cannot lose a person's text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import telegram

from channels import phone
from channels.channel import Unreadable
from channels.message import Address, Attachment, AttachmentKind, Ignored, Inbound, InboundMessage, Location, OptOut

SCHEME = "telegram"
# Key in `raw` under which a message is found again by edits, quotations and replies: "chat:message".
MESSAGE_KEY = "message_key"
PRIVATE = "private"
GROUPS = frozenset({"group", "supergroup"})
# The last second of the year 9999, where `datetime` ends.
LAST_SECOND = 253_402_300_799

READ_OF_MESSAGE = frozenset({
    "message_id", "from", "chat", "text", "caption", "photo", "video", "voice", "audio", "document", "sticker",
    "video_note", "animation", "location", "venue", "contact", "media_group_id", "dice", "web_app_data",
})  # fmt: skip
READ_OF_PRESS = frozenset({"id", "from", "data", "chat_instance", "game_short_name"})

# Events that Telegram shows inside a chat and nobody wrote.
SERVICE = frozenset({
    "pinned_message", "new_chat_title", "new_chat_photo", "delete_chat_photo", "message_auto_delete_timer_changed",
    "users_shared", "chat_shared", "connected_website", "write_access_allowed", "chat_background_set", "boost_added",
    "video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited",
    "proximity_alert_triggered", "giveaway_created", "giveaway_completed", "successful_payment", "refunded_payment",
    "passport_data", "gift", "unique_gift",
})  # fmt: skip

# Membership of our bot in a private chat -> whether the person opted out. Other words change nothing.
MEMBERSHIP = {"kicked": True, "left": True, "member": False}

# Field -> what a person would call it, and the type when Telegram names none.
FILES = {
    "video": (AttachmentKind.VIDEO, "video/mp4"),
    "animation": (AttachmentKind.VIDEO, "video/mp4"),
    "video_note": (AttachmentKind.VIDEO, "video/mp4"),
    "voice": (AttachmentKind.AUDIO, "audio/ogg"),
    "audio": (AttachmentKind.AUDIO, "audio/mpeg"),
}
KIND_OF_TYPE = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReader:
    """Reads updates for one channel. `max_file_bytes` decides which size of a photo is taken."""

    channel: str
    country: str
    max_file_bytes: int

    def read(self, update: Mapping[str, Any]) -> Inbound:
        """What one update says. Unreadable when its shape is not the documented one; the message tells no content."""
        kind = next((key for key in update if key != "update_id"), "empty")
        readers: dict[str, Callable[[Mapping[str, Any]], Inbound]] = {
            "message": self._message,
            "edited_message": self._edit,
            "callback_query": self._press,
            "my_chat_member": self._membership,
        }
        if kind not in readers:
            return Ignored(channel=self.channel, reason=kind)
        try:
            return readers[kind](update)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Unreadable(f"its shape is not the documented one: {kind}") from None

    def _message(self, update: Mapping[str, Any]) -> Inbound:
        return self._said(update, update["message"], edited=False)

    def _edit(self, update: Mapping[str, Any]) -> Inbound:
        # A live location moves every few seconds; where the person stood when writing is already known.
        if "location" in update["edited_message"]:
            return Ignored(channel=self.channel, reason="live_location")
        return self._said(update, update["edited_message"], edited=True)

    def _said(self, update: Mapping[str, Any], content: Mapping[str, Any], *, edited: bool) -> Inbound:
        elsewhere = self._not_private(content["chat"], answer=bool(content.get("text") or content.get("caption")))
        if elsewhere:
            return elsewhere
        if not SERVICE.isdisjoint(content):
            return Ignored(channel=self.channel, reason="service")
        message = _parsed(update, content, edited=edited)
        return self._inbound(update, content, message, edited=edited)

    def _inbound(
        self, update: Mapping[str, Any], content: Mapping[str, Any], message: telegram.Message, *, edited: bool
    ) -> InboundMessage:
        key = message_key(message.chat.id, message.message_id)
        text, files, place = _text(message, content), tuple(self._files(message)), _location(message)
        if not (text or files or place or message.contact):
            raise Unreadable("a kind of message we do not carry")
        update_id = int(update["update_id"])
        return InboundMessage(
            channel=self.channel,
            provider_id=f"edit:{update_id}" if edited else str(update_id),
            sender=Address(SCHEME, str(message.chat.id)),
            text=text,
            attachments=files,
            also=self._own_phone(message),
            sender_name=message.from_user.full_name if message.from_user else None,
            language=message.from_user.language_code if message.from_user else None,
            location=place,
            group=message.media_group_id,
            version_of=key if edited else None,
            in_reply_to=_quoted(content),
            sent_at=_sent_at(message),
            raw={**update, MESSAGE_KEY: key},
        )

    def _press(self, update: Mapping[str, Any]) -> Inbound:
        content = update["callback_query"]
        chat = (content.get("message") or {}).get("chat")
        elsewhere = self._not_private(chat, answer=False) if chat else None
        if elsewhere:
            return elsewhere
        reduced = {key: value for key, value in content.items() if key in READ_OF_PRESS}
        press = telegram.Update.de_json({"update_id": update["update_id"], "callback_query": reduced}).callback_query
        if press is None or press.data is None:
            return Ignored(channel=self.channel, reason="press_without_data")
        return InboundMessage(
            channel=self.channel,
            provider_id=str(int(update["update_id"])),
            # The message under the button may be gone; a private chat has the person's own id.
            sender=Address(SCHEME, str(chat["id"] if chat else press.from_user.id)),
            sender_name=press.from_user.full_name,
            language=press.from_user.language_code,
            choice=press.data,
            press_id=press.id,
            in_reply_to=message_key(chat["id"], content["message"]["message_id"]) if chat else None,
            raw=update,
        )

    def _membership(self, update: Mapping[str, Any]) -> Inbound:
        content = update["my_chat_member"]
        elsewhere = self._not_private(content["chat"], answer=False)
        if elsewhere:
            return elsewhere
        opted_out = MEMBERSHIP.get(content["new_chat_member"]["status"])
        if opted_out is None:
            return Ignored(channel=self.channel, reason="my_chat_member")
        address = Address(SCHEME, str(int(content["chat"]["id"])))
        return OptOut(channel=self.channel, address=address, opted_out=opted_out, source="blocked")

    def _not_private(self, chat: Mapping[str, Any], *, answer: bool) -> Ignored | None:
        """Ignored for anything but a private chat. `answer`: somebody said something, so the group is told."""
        if chat["type"] == PRIVATE:
            return None
        told = answer and chat["type"] in GROUPS
        return Ignored(
            channel=self.channel, reason="group", reply_to=Address(SCHEME, str(int(chat["id"]))) if told else None
        )

    def _files(self, message: telegram.Message) -> Iterator[Attachment]:
        if message.photo:
            yield self._photo(message.photo)
        for field, (kind, content_type) in FILES.items():
            if getattr(message, field) is not None:
                yield _attachment(getattr(message, field), kind, content_type)
        if message.sticker:
            yield _attachment(message.sticker, AttachmentKind.STICKER, _sticker_type(message.sticker))
        # An animation comes a second time as a document, for clients that know none.
        if message.document and not message.animation:
            family = (message.document.mime_type or "").partition("/")[0]
            yield _attachment(message.document, KIND_OF_TYPE.get(family, AttachmentKind.DOCUMENT), None)

    def _photo(self, sizes: tuple[telegram.PhotoSize, ...]) -> Attachment:
        """The largest size under the limit; when none is, the smallest, which says so when it is fetched."""
        ordered = sorted(sizes, key=lambda size: size.width * size.height)
        fitting = [size for size in ordered if (size.file_size or 0) <= self.max_file_bytes]
        return _attachment(fitting[-1] if fitting else ordered[0], AttachmentKind.IMAGE, "image/jpeg")

    def _own_phone(self, message: telegram.Message) -> tuple[Address, ...]:
        """The sender's own number, when they shared it. Anybody can share the number of somebody else."""
        contact, sender = message.contact, message.from_user
        if contact is None or sender is None or contact.user_id != sender.id:
            return ()
        # Telegram writes its numbers in the international form, with or without the plus.
        number = phone.normalise("+" + contact.phone_number.strip().removeprefix("+"), self.country)
        return (Address("tel", number),) if number.startswith("+") and phone.is_answerable(number) else ()


def message_key(chat_id: int, message_id: int) -> str:
    """ "chat:message", the name of a message that edits and quotations refer to."""
    return f"{int(chat_id)}:{int(message_id)}"


def _parsed(update: Mapping[str, Any], content: Mapping[str, Any], *, edited: bool) -> telegram.Message:
    reduced: dict[str, Any] = {key: value for key, value in content.items() if key in READ_OF_MESSAGE}
    moment = content.get("edit_date", content.get("date")) if edited else content.get("date")
    reduced["date"] = moment if isinstance(moment, int) and 0 < moment <= LAST_SECOND else 0
    message = telegram.Update.de_json({"update_id": update["update_id"], "message": reduced}).message
    if message is None:
        raise ValueError("an empty message")
    return message


def _text(message: telegram.Message, content: Mapping[str, Any]) -> str:
    """What was written; for the kinds that Telegram has a form for, the same in words."""
    if "poll" in content:
        # The library asks for fields of the newest Bot API, which an older server does not send.
        return "\n".join([content["poll"]["question"], *(f"- {each['text']}" for each in content["poll"]["options"])])
    if message.dice:
        return message.dice.emoji
    if message.web_app_data:
        return message.web_app_data.data
    if message.contact and (message.from_user is None or message.contact.user_id != message.from_user.id):
        contact = message.contact
        return " ".join(filter(None, [contact.first_name, contact.last_name, contact.phone_number]))
    return message.text or message.caption or ""


def _location(message: telegram.Message) -> Location | None:
    if message.venue:
        label = ", ".join(filter(None, [message.venue.title, message.venue.address]))
        return Location(message.venue.location.latitude, message.venue.location.longitude, label or None)
    if message.location:
        return Location(message.location.latitude, message.location.longitude)
    return None


def _quoted(content: Mapping[str, Any]) -> str | None:
    quoted = content.get("reply_to_message")
    if not isinstance(quoted, Mapping) or not isinstance(quoted.get("message_id"), int):
        return None
    return message_key(content["chat"]["id"], quoted["message_id"])


def _sent_at(message: telegram.Message) -> datetime | None:
    """None for a date that was no date (see `_parsed`)."""
    return message.date if message.date.timestamp() else None


def _attachment(file: Any, kind: AttachmentKind, content_type: str | None) -> Attachment:
    return Attachment(
        kind=kind,
        reference=file.file_id,
        content_type=getattr(file, "mime_type", None) or content_type,
        filename=getattr(file, "file_name", None),
        size=file.file_size,
    )


def _sticker_type(sticker: telegram.Sticker) -> str:
    if sticker.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if sticker.is_video else "image/webp"
