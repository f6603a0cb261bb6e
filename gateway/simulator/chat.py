"""What people do in the Telegram chat, as updates that the bot's webhook gets.

Types: https://core.telegram.org/bots/api#update.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from random import SystemRandom
from typing import Any, Final

import aiohttp
from aiohttp import web

from gateway.simulator.files import File
from gateway.simulator.network import Network
from gateway.simulator.phones import ChatMessage, Phone

BOT_USER: Final = {"id": 6_000_000_001, "is_bot": True, "first_name": "Ventanilla", "username": "ventanilla_bot"}
_KEPT_UPDATES: Final = 500


@dataclass(slots=True)
class Bot:
    """What Telegram knows of the bot: its webhook, and the updates not yet confirmed."""

    webhook: str = ""
    secret: str = ""
    last_error: str | None = None
    pending: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_UPDATES))
    # Telegram counts on from a random number.
    update_ids: Any = field(default_factory=lambda: count(SystemRandom().randrange(10**8, 10**9)))
    press_ids: Any = field(default_factory=lambda: count(SystemRandom().randrange(10**17, 10**18)))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    delivering: asyncio.Lock = field(default_factory=asyncio.Lock)


BOT = web.AppKey("bot", Bot)


async def write(network: Network, bot: Bot, phone: Phone, text: str, *, sent: File | None = None) -> ChatMessage:
    """The person writes, perhaps with a photo or a document. NotSimulated."""
    network.channel("telegram")
    phone.chat_started = True
    key = network.files.keep(sent) if sent else None
    message = network.phones.add_chat(phone, mine=True, text=text, photo=key)
    content: dict[str, Any] = {"text": text}
    if sent and key:
        content = _file_fields(sent, key) | ({"caption": text} if text else {})
    await push(network, bot, {"message": {**message_fields(phone, message), **content, "from": _person(phone)}})
    return message


def _file_fields(sent: File, key: str) -> dict[str, Any]:
    stored = {"file_id": key, "file_unique_id": key[-12:], "file_size": len(sent.content)}
    if sent.is_image:
        # The real one lists smaller copies first.
        return {"photo": [{**stored, "width": 90, "height": 67}, {**stored, "width": 1280, "height": 960}]}
    return {"document": {**stored, "file_name": sent.name or "archivo", "mime_type": sent.content_type}}


async def press(network: Network, bot: Bot, phone: Phone, *, message_id: int, data: str) -> bool:
    """The person presses a button; False when the chat has no such button."""
    network.channel("telegram")
    message = phone.find_chat_message(message_id)
    if message is None or data not in {each for row in message.buttons for _, each in row}:
        return False
    message.pressed = str(next(bot.press_ids))
    network.phones.changed(message)
    under = {**message_fields(phone, message), "from": BOT_USER}
    query = {
        "id": message.pressed, "from": _person(phone), "message": under, "data": data,
        "chat_instance": str(phone.chat_id),
    }  # fmt: skip
    await push(network, bot, {"callback_query": query})
    return True


async def share_phone(network: Network, bot: Bot, phone: Phone) -> ChatMessage:
    """The person shares their own number. NotSimulated."""
    network.channel("telegram")
    phone.chat_started = True
    message = network.phones.add_chat(phone, mine=True, text=f"☎ {phone.number}")
    contact = {"phone_number": phone.number.lstrip("+"), "first_name": phone.name, "user_id": phone.chat_id}
    said = {key: value for key, value in message_fields(phone, message).items() if key != "text"}
    await push(network, bot, {"message": {**said, "contact": contact, "from": _person(phone)}})
    return message


async def push(network: Network, bot: Bot, update: dict[str, Any]) -> None:
    """Bring an update to the webhook, after those that wait; without one it waits for whoever asks."""
    bot.pending.append({"update_id": next(bot.update_ids), **update})
    bot.arrived.set()
    await deliver(network, bot)


async def deliver(network: Network, bot: Bot) -> None:
    """One after the other, until one is not taken; that one is tried again with the next."""
    async with bot.delivering:
        while bot.webhook and bot.pending:
            bot.last_error = await _refusal_of(network, bot, bot.pending[0])
            if bot.last_error:
                return
            bot.pending.popleft()


async def _refusal_of(network: Network, bot: Bot, update: Mapping[str, Any]) -> str | None:
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": bot.secret}
    try:
        status, _ = await network.post(bot.webhook, body=json.dumps(update).encode(), headers=headers)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return f"Connection failed: {type(error).__name__}"
    return None if 200 <= status < 300 else f"Wrong response from the webhook: {status}"


def _person(phone: Phone) -> dict[str, Any]:
    first, _, last = phone.name.partition(" ")
    return {
        "id": phone.chat_id, "is_bot": False, "first_name": first, "last_name": last, "language_code": phone.language,
    }  # fmt: skip


def message_fields(phone: Phone, message: ChatMessage) -> dict[str, Any]:
    """A message as Telegram writes it."""
    chat = {"id": phone.chat_id, "type": "private", "first_name": phone.name}
    return {"message_id": message.id, "date": int(message.at.timestamp()), "chat": chat, "text": message.text}
