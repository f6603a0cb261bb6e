"""How a message of ours is put to the Bot API, and what the Bot API's answer means.

Limits: https://core.telegram.org/bots/api#sendmessage. Errors: https://core.telegram.org/bots/api#making-requests.
The descriptions of errors are not documented, so only whole phrases that have been stable for years are read.
"""

import re
from typing import Final

import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from channels.channel import Outcome, SendOutcome
from channels.message import OutboundMessage
from channels.telegram_request import NotSent, ServerFault, Throttled

# UTF-16 units.
MAX_TEXT = 4096

Markup = telegram.InlineKeyboardMarkup | telegram.ReplyKeyboardMarkup

# What Telegram says -> what it means to us. The first phrase found counts.
REFUSALS: Final = (
    ("bot was blocked", Outcome.OPTED_OUT, "blocked"),
    ("user is deactivated", Outcome.OPTED_OUT, "deactivated"),
    ("can't initiate conversation", Outcome.REFUSED, "not_started"),
    ("chat not found", Outcome.REFUSED, "chat_not_found"),
    ("message text is empty", Outcome.REFUSED, "empty_text"),
)


def split(text: str, limit: int = MAX_TEXT) -> list[str]:
    """`text` in parts of at most `limit` UTF-16 units, cut at a line, else at a space, else between characters."""
    parts = []
    while len(text.encode("utf-16-le", "replace")) > limit * 2:
        head = text.encode("utf-16-le", "replace")[: limit * 2].decode("utf-16-le", "ignore")
        # A cut in the first half would make more messages than it saves readers trouble.
        half = len(head) // 2
        cut = next((at for at in (head.rfind("\n", half), head.rfind(" ", half)) if at > 0), len(head))
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in [*parts, text] if part] or [text]


def markup(message: OutboundMessage) -> Markup | None:
    """Buttons under the message, or the keyboard that shares the phone. Telegram shows one of the two; buttons win."""
    if message.buttons:
        return telegram.InlineKeyboardMarkup(
            [[telegram.InlineKeyboardButton(each.label, callback_data=each.payload) for each in row]
             for row in message.buttons]
        )  # fmt: skip
    if message.ask_phone:
        button = telegram.KeyboardButton(message.ask_phone, request_contact=True)
        return telegram.ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
    return None


def quoted_id(message: OutboundMessage) -> int | None:
    """The id within the chat of the message to quote. None for a key of another chat, or of another form."""
    chat, _, number = (message.in_reply_to or "").partition(":")
    return int(number) if chat == message.to.value and number.isdecimal() else None


def outcome_of(error: TelegramError) -> SendOutcome:
    """What became of a send that the Bot API, or the way to it, answered with `error`."""
    detail = first_clause(error)
    if isinstance(error, Throttled):
        return SendOutcome(outcome=Outcome.THROTTLED, code="429", detail=detail, after=error.after)
    if isinstance(error, InvalidToken):
        return SendOutcome(outcome=Outcome.MISCONFIGURED, code="bad_token", detail=detail)
    if isinstance(error, NotSent | ServerFault):
        return SendOutcome(outcome=Outcome.TEMPORARY, code=type(error).__name__, detail=detail)
    if isinstance(error, Forbidden | BadRequest | ChatMigrated):
        return _refusal(error)
    return SendOutcome(outcome=Outcome.UNKNOWN, code=type(error).__name__, detail=detail)


def _refusal(error: TelegramError) -> SendOutcome:
    said = str(error).lower()
    for phrase, meaning, code in REFUSALS:
        if phrase in said:
            return SendOutcome(outcome=meaning, code=code, detail=first_clause(error))
    return SendOutcome(outcome=Outcome.REFUSED, code=type(error).__name__, detail=first_clause(error))


def first_clause(error: Exception) -> str:
    """The first clause of what Telegram said: what follows a colon or a full stop may repeat our text."""
    return re.split(r"[:.(]", str(error))[0].strip()[:100] or type(error).__name__


def partly(outcome: SendOutcome, *, sent: int, of: int) -> SendOutcome:
    """`outcome` of the first part that failed after `sent` went out: nothing that says "again" may pass."""
    if outcome.outcome not in (Outcome.THROTTLED, Outcome.TEMPORARY):
        return outcome
    return SendOutcome(outcome=Outcome.UNKNOWN, code="partly_sent", detail=f"{sent} of {of} parts were sent")
