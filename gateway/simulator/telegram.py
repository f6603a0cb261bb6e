"""Telegram's side: the Bot API. What people do in the chat is in `gateway/simulator/chat.py`.

Methods and types: https://core.telegram.org/bots/api. Parameters may come in the query, as a form or as JSON.
"""

import asyncio
import hmac
import json
from collections.abc import Mapping
from itertools import count
from time import time
from typing import Any, Final

from aiohttp import web

from gateway.simulator.chat import BOT, BOT_USER, Bot, deliver, message_fields
from gateway.simulator.faults import CHATTING, Fault
from gateway.simulator.network import NETWORK, Network

_API: Final = "/simulator/telegram"
# Telegram's own limits: UTF-16 units of a text, and seconds a request for updates is held open.
_LONGEST: Final = 4096
_LONGEST_POLL: Final = 50
_elsewhere: Final = count(1)


class _Refused(Exception):
    """What the Bot API says instead of a result."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.parameters = parameters


async def call(request: web.Request) -> web.Response:
    """`/bot{token}/{method}`, GET or POST."""
    network = request.app[NETWORK]
    try:
        _known_token(request, network)
        method = _METHODS.get(request.match_info["method"].lower())
        if method is None:
            raise _Refused(404, "Not Found")
        result = await method(request, await _parameters(request))
    except _Refused as refusal:
        return _refusal(refusal)
    return web.json_response({"ok": True, "result": result})


def _refusal(refusal: _Refused) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.status, "description": str(refusal)}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.status)


def _known_token(request: web.Request, network: Network) -> None:
    token = network.secrets("telegram")["bot_token"] if "telegram" in network.gateway.settings.simulated else ""
    if not token or not hmac.compare_digest(request.match_info["token"].encode(), token.encode()):
        raise _Refused(401, "Unauthorized")


async def _parameters(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text())
        except ValueError:
            raise _Refused(400, "Bad Request: can't parse the JSON") from None
        return found | (body if isinstance(body, dict) else {})
    return found | {name: str(value) for name, value in (await request.post()).items()}


async def _get_me(_request: web.Request, _given: Mapping[str, Any]) -> Any:
    return {**BOT_USER, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}


async def _set_webhook(request: web.Request, given: Mapping[str, Any]) -> Any:
    bot, network = request.app[BOT], request.app[NETWORK]
    bot.webhook, bot.secret = str(given.get("url", "")), str(given.get("secret_token", ""))
    network.later(deliver(network, bot))
    return True


async def _delete_webhook(request: web.Request, given: Mapping[str, Any]) -> Any:
    bot = request.app[BOT]
    bot.webhook = bot.secret = ""
    if str(given.get("drop_pending_updates", "")).lower() == "true":
        bot.pending.clear()
    return True


async def _get_webhook_info(request: web.Request, _given: Mapping[str, Any]) -> Any:
    bot = request.app[BOT]
    info = {"url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.pending)}
    return info | ({"last_error_message": bot.last_error} if bot.last_error else {})


async def _get_updates(request: web.Request, given: Mapping[str, Any]) -> Any:
    bot = request.app[BOT]
    if bot.webhook:
        raise _Refused(409, "Conflict: can't use getUpdates method while webhook is active")
    offset, hold = _number(given.get("offset")), min(_number(given.get("timeout")), _LONGEST_POLL)
    while bot.pending and bot.pending[0]["update_id"] < offset:
        bot.pending.popleft()
    if not bot.pending and hold > 0:
        await _arrival(bot, request.app[NETWORK].closing, seconds=hold)
    return list(bot.pending)[:100]


async def _arrival(bot: Bot, closing: asyncio.Event, *, seconds: int) -> None:
    bot.arrived.clear()
    waits = [asyncio.create_task(event.wait()) for event in (bot.arrived, closing)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _send_message(request: web.Request, given: Mapping[str, Any]) -> Any:
    network = request.app[NETWORK]
    chat_id = _number(given.get("chat_id"))
    phone = network.phones.of_chat(chat_id)
    if chat_id <= 0 or (phone and not phone.chat_started):
        raise _Refused(400, "Bad Request: chat not found")
    text = str(given.get("text", ""))
    if not text.strip():
        raise _Refused(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) > 2 * _LONGEST:
        raise _Refused(400, "Bad Request: message is too long")
    _fail_on_demand(network)
    buttons, ask_phone = _markup(given.get("reply_markup"))
    if phone is None:
        # Somebody of whom only updates are known: `ventanilla simulate` makes people without a phone on this desk.
        chat = {"id": chat_id, "type": "private"}
        return {"message_id": next(_elsewhere), "date": int(time()), "chat": chat, "text": text, "from": BOT_USER}
    sent = network.phones.add_chat(phone, mine=False, text=text, buttons=buttons, ask_phone=ask_phone)
    return {**message_fields(phone, sent), "from": BOT_USER}


def _fail_on_demand(network: Network) -> None:
    armed = network.faults.take(CHATTING)
    if armed and armed.fault is Fault.BLOCKED:
        raise _Refused(403, "Forbidden: bot was blocked by the user")
    if armed:
        after = max(1, round(armed.seconds))
        raise _Refused(429, f"Too Many Requests: retry after {after}", retry_after=after)


def _markup(given: Any) -> tuple[list[list[tuple[str, str]]], str | None]:
    """The inline buttons, and the label of the button that shares the phone number."""
    try:
        markup = json.loads(given) if isinstance(given, str) else given or {}
        inline = [
            [(str(button["text"]), str(button["callback_data"])) for button in row]
            for row in markup.get("inline_keyboard", ())
        ]
        asked = [
            button["text"] for row in markup.get("keyboard", ()) for button in row if button.get("request_contact")
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _Refused(400, "Bad Request: can't parse reply keyboard markup JSON object") from None
    return inline, str(asked[0]) if asked else None


async def _answer_callback_query(request: web.Request, given: Mapping[str, Any]) -> Any:
    network = request.app[NETWORK]
    press = str(given.get("callback_query_id", ""))
    for phone in network.phones.all():
        for message in phone.chat:
            if message.pressed == press:
                message.pressed, message.notice = None, str(given.get("text") or "") or None
                network.phones.changed(message)
                return True
    raise _Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")


async def _get_file(request: web.Request, given: Mapping[str, Any]) -> Any:
    key = str(given.get("file_id", ""))
    file = request.app[NETWORK].files.get(key)
    if file is None:
        raise _Refused(400, "Bad Request: invalid file_id")
    folder = "photos" if file.is_image else "documents"
    return {"file_id": key, "file_unique_id": key[-12:], "file_size": len(file.content), "file_path": f"{folder}/{key}"}


_METHODS: Final = {
    "getme": _get_me,
    "setwebhook": _set_webhook,
    "deletewebhook": _delete_webhook,
    "getwebhookinfo": _get_webhook_info,
    "getupdates": _get_updates,
    "sendmessage": _send_message,
    "answercallbackquery": _answer_callback_query,
    "getfile": _get_file,
}


def _number(given: Any) -> int:
    try:
        return int(given or 0)
    except (TypeError, ValueError):
        return 0


async def file(request: web.Request) -> web.Response:
    """`/file/bot{token}/{path}`: the bytes getFile spoke of."""
    network = request.app[NETWORK]
    try:
        _known_token(request, network)
    except _Refused as refusal:
        return _refusal(refusal)
    found = network.files.get(request.match_info["path"].rpartition("/")[2])
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found.content, content_type="application/octet-stream")


def add_routes(app: web.Application) -> None:
    """Add the Bot API to the internal listener."""
    app[BOT] = Bot()
    for verb in ("GET", "POST"):
        app.router.add_route(verb, _API + "/bot{token}/{method}", call)
    app.router.add_get(_API + "/file/bot{token}/{path:.+}", file)
