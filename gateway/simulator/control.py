"""The JSON control API: what a test or a script does with the phones.

POST /simulator/phones/{number}/sms        {"text", "number"?, "media"?: [{"content_type", "base64"}]}
POST /simulator/phones/{number}/dial       {"text"?} choices dialled with the code, or {"code"?: "*484*1#"}
POST /simulator/phones/{number}/answer     {"text"}
POST /simulator/phones/{number}/drop
POST /simulator/phones/{number}/telegram   {"text"?, "file"?: {"content_type", "base64", "name"?}}
POST /simulator/phones/{number}/press      {"message", "data"}
POST /simulator/phones/{number}/contact
POST /simulator/faults                     {"fault", "seconds"?}; DELETE clears them
GET  /simulator/state                      ?phone=…&since=N
"""

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from gateway.simulator import shown, twilio, ussd
from gateway.simulator.chat import BOT, share_phone
from gateway.simulator.chat import press as press_button
from gateway.simulator.chat import write as write_chat
from gateway.simulator.faults import Fault
from gateway.simulator.files import LARGEST, File
from gateway.simulator.network import NETWORK, Network, NotSimulated
from gateway.simulator.phones import OFFERED, Phone

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST: Final = 20_000

Given = Mapping[str, Any]
Action = Callable[[web.Request, Phone, Given], Awaitable[None]]


def phone_number(text: str) -> str:
    """A number in E.164, from what a person may type. ValueError when it is none."""
    number = re.sub(r"[\s().-]", "", text)
    if not _NUMBER.fullmatch(number):
        raise ValueError("write the number as +573005550001")
    return number


def from_here(request: web.Request) -> None:
    """HTTPForbidden for a browser that another site's page sent: it must not play with the phones."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="Only the simulator's own page may do this.")


async def sms(request: web.Request, phone: Phone, given: Given) -> None:
    """The phone sends a text."""
    network = request.app[NETWORK]
    known = twilio.numbers(network)
    number = str(given.get("number") or known[0])
    if number not in known:
        raise ValueError("that is none of the service numbers")
    media = [_file(each) for each in given.get("media") or ()]
    await twilio.write(network, phone, _text(given, empty=bool(media)), number=number, media=media)


async def dial(request: web.Request, phone: Phone, given: Given) -> None:
    """The phone dials the code."""
    choices = str(given.get("text") or "")
    code = str(given.get("code") or ussd.SHORT_CODE)
    await ussd.dial(request.app[NETWORK], phone, f"{ussd.SHORT_CODE[:-1]}*{choices}#" if choices else code)


async def answer(request: web.Request, phone: Phone, given: Given) -> None:
    """The phone answers the screen."""
    if await ussd.answer(request.app[NETWORK], phone, _text(given, empty=True)) is None:
        raise ValueError("no session is open: dial first")


async def drop(request: web.Request, phone: Phone, _given: Given) -> None:
    """The session is lost."""
    await ussd.drop(request.app[NETWORK], phone)


async def chat(request: web.Request, phone: Phone, given: Given) -> None:
    """The person writes to the bot."""
    sent = _file(given["file"]) if given.get("file") else None
    text = _text(given, empty=sent is not None)
    await write_chat(request.app[NETWORK], request.app[BOT], phone, text, sent=sent)


async def press(request: web.Request, phone: Phone, given: Given) -> None:
    """The person presses a button of the bot's."""
    bot, message = request.app[BOT], str(given.get("message"))
    message_id = int(message) if message.isdecimal() and len(message) < 10 else 0
    data = str(given.get("data", ""))
    if not await press_button(request.app[NETWORK], bot, phone, message_id=message_id, data=data):
        raise ValueError("there is no such button")


async def contact(request: web.Request, phone: Phone, _given: Given) -> None:
    """The person shares their number with the bot."""
    await share_phone(request.app[NETWORK], request.app[BOT], phone)


ACTIONS: Final[Mapping[str, Action]] = {
    "sms": sms,
    "dial": dial,
    "answer": answer,
    "drop": drop,
    "telegram": chat,
    "press": press,
    "contact": contact,
}


def arm(network: Network, given: Given) -> None:
    """Arm a fault. ValueError for one there is not."""
    seconds = given.get("seconds")
    try:
        fault = Fault(str(given.get("fault")))
    except ValueError:
        raise ValueError(f"fault must be one of {', '.join(Fault)}") from None
    network.faults.arm(fault, None if seconds in (None, "") else float(str(seconds)))


def _text(given: Given, *, empty: bool) -> str:
    text = given.get("text") or ""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError("text must be a string of at most 20,000 characters")
    if not text.strip() and not empty:
        raise ValueError("a message needs words")
    return text


def _file(given: Given) -> File:
    try:
        content = base64.b64decode(str(given["base64"]), validate=True)
        kind = str(given["content_type"])
    except (KeyError, TypeError, binascii.Error):
        raise ValueError("a file has content_type and base64") from None
    if len(content) > LARGEST:
        raise ValueError("the file is larger than the simulator takes")
    return File(kind, content, str(given["name"]) if given.get("name") else None)


async def act(request: web.Request) -> web.Response:
    """Do it; the phone's state after it comes back."""
    from_here(request)
    network = request.app[NETWORK]
    try:
        phone = network.phones.get(phone_number(request.match_info["number"]))
        await ACTIONS[request.match_info["action"]](request, phone, await _json(request))
    except NotSimulated as error:
        return web.json_response({"error": str(error)}, status=409)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=422)
    return web.json_response(shown.state(network, phone))


async def _json(request: web.Request) -> Given:
    if not request.can_read_body:
        return {}
    try:
        given = json.loads(await request.text())
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(given, dict):
        raise ValueError("the body is not a JSON object")
    return given


async def faults(request: web.Request) -> web.Response:
    """POST arms one, DELETE clears them, GET lists them."""
    from_here(request)
    network = request.app[NETWORK]
    if request.method == "DELETE":
        network.faults.clear()
    elif request.method == "POST":
        try:
            arm(network, await _json(request))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=422)
    return web.json_response({"faults": shown.waiting(network)})


async def state(request: web.Request) -> web.Response:
    """What stands on a phone, or, of its `since`, what is new there."""
    network, since = request.app[NETWORK], request.query.get("since", "")
    try:
        phone = network.phones.get(phone_number(request.query.get("phone") or OFFERED[0][0]))
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=422)
    number = int(since) if since.isdecimal() and len(since) < 16 else 0
    return web.json_response(shown.state(network, phone, since=number), headers={"Cache-Control": "no-store"})


def add_routes(app: web.Application) -> None:
    """Add the API to the internal listener."""
    actions = "|".join(ACTIONS)
    app.router.add_post(rf"/simulator/phones/{{number}}/{{action:{actions}}}", act)
    for method in ("GET", "POST", "DELETE"):
        app.router.add_route(method, "/simulator/faults", faults)
    app.router.add_get("/simulator/state", state)
