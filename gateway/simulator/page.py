"""The page `/simulator`: a person's phones on one desk. Forms and redirects do everything; a module keeps it live."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from aiohttp import web

from gateway.simulator import control, twilio
from gateway.simulator.chat import BOT, write
from gateway.simulator.faults import CHATTING, DIALLING, SENDING, WRITING, Fault
from gateway.simulator.files import LARGEST, File
from gateway.simulator.network import NETWORK, Network, NotSimulated
from gateway.simulator.phones import OFFERED, Phone
from gateway.simulator.ussd import SHORT_CODE
from gateway.web import static
from gateway.web.shown import Times, tame

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOLDER: Final = Path(__file__).parent.parent / "web" / "templates"
# What the desk reads of each fault, in the order of the panel.
_FAULTS: Final = (
    ("Al enviar un SMS", SENDING),
    ("Al escribir un SMS", WRITING),
    ("Telegram", CHATTING),
    ("USSD", DIALLING),
)
LABELS: Final[Mapping[Fault, str]] = {
    Fault.THROTTLED: "429: espere (Retry-After)",
    Fault.SERVER_ERROR: "500: error del proveedor",
    Fault.TIMEOUT: "Llega, pero nunca contesta",
    Fault.ANSWER_LOST: "Se corta antes de contestar",
    Fault.OPTED_OUT: "21610: la persona no quiere mensajes",
    Fault.UNDELIVERED: "30005: no entregado",
    Fault.DELAYED: "Entrega demorada (20 s)",
    Fault.REVERSED: "Recibos en desorden",
    Fault.DUPLICATE: "La misma petición dos veces",
    Fault.BLOCKED: "403: bloqueó el bot",
    Fault.TELEGRAM_THROTTLED: "429: espere (retry_after)",
    Fault.REPEATED: "La misma petición dos veces",
}


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(tame=tame)
    environment.globals.update(asset=static.address)
    return environment


async def show(request: web.Request) -> web.Response:
    """The desk with the chosen phone; `?phone=+57…` chooses."""
    network = request.app[NETWORK]
    note = ""
    try:
        phone = network.phones.get(control.phone_number(request.query.get("phone") or OFFERED[0][0]))
    except ValueError:
        phone, note = network.phones.get(OFFERED[0][0]), "Escriba el número así: +573005550001."
    return _page(network, phone, note=note or _NOTES.get(request.query.get("note", ""), ""))


def _page(network: Network, phone: Phone, *, note: str) -> web.Response:
    zone = network.gateway.current().catalog.gateway.timezone
    html = _templates().get_template("simulator.html").render(
        phone=phone,
        phones=people if phone in (people := network.phones.listed()) else [*people, phone],
        version=network.phones.version,
        has={provider: network.is_simulated(provider) for provider in ("twilio", "africastalking", "telegram")},
        numbers=twilio.numbers(network) if network.is_simulated("twilio") else [],
        code=SHORT_CODE,
        faults=[(title, [(fault.value, LABELS[fault]) for fault in group]) for title, group in _FAULTS],
        waiting=[LABELS[each.fault] for each in network.faults.waiting()],
        public=network.gateway.settings.public_url,
        largest=LARGEST // 1024 // 1024,
        when=Times("es", zone, network.phones.clock()),
        keyboard=next((each.ask_phone for each in reversed(phone.chat) if not each.mine and each.ask_phone), None),
        note=note,
    )  # fmt: skip
    return web.Response(text=html, content_type="text/html", headers=HEADERS)


_NOTES: Final = {
    "wrong": "No se pudo: revise lo que escribió.",
    "large": "El archivo es demasiado grande para el simulador.",
    "real": "Ese proveedor no está simulado.",
}


async def act(request: web.Request) -> web.Response:
    """A form of the page: done, and back to the page."""
    network = request.app[NETWORK]
    control.from_here(request)
    given = await _fields(request)
    phone = network.phones.get(_number(given))
    note = await _done(request, phone, given)
    query = {"phone": phone.number, **({"note": note} if note else {})}
    fragment = {"sms": "sms", "dial": "ussd", "answer": "ussd", "drop": "ussd"}.get(request.match_info["action"])
    where = fragment or ("faults" if request.match_info["action"] == "arm" else "telegram")
    raise web.HTTPSeeOther(f"/simulator?{urlencode(query)}#{where}")


async def _done(request: web.Request, phone: Phone, given: Mapping[str, Any]) -> str:
    """Do it; the key of what to tell the person, or ""."""
    action, network = request.match_info["action"], request.app[NETWORK]
    try:
        if action == "arm":
            control.arm(network, given)
        elif action == "clear":
            network.faults.clear()
        elif action == "telegram":
            bot, sent = request.app[BOT], given.get("file")
            if given.get("text") or sent:
                await write(network, bot, phone, str(given.get("text", "")), sent=sent)
        else:
            await control.ACTIONS[action](request, phone, given)
    except NotSimulated:
        return "real"
    except ValueError:
        return "wrong"
    return ""


def _number(given: Mapping[str, Any]) -> str:
    try:
        return control.phone_number(str(given.get("phone", "")))
    except ValueError:
        return OFFERED[0][0]


async def _fields(request: web.Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if not isinstance(value, web.FileField):
            given[name] = str(value).replace("\r\n", "\n")
        elif value.filename:
            content = value.file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise web.HTTPSeeOther(f"/simulator?{urlencode({'phone': _number(given), 'note': 'large'})}#telegram")
            given[name] = File(value.content_type, content, value.filename)
    return given


async def photo(request: web.Request) -> web.Response:
    """A photo that stands in the chat; anything else is not shown."""
    file = request.app[NETWORK].files.get(request.match_info["file"])
    if file is None or not file.is_image:
        raise web.HTTPNotFound
    headers = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=file.content, content_type=file.content_type, headers=headers)


def add_routes(app: web.Application) -> None:
    """Add the page to the internal listener."""
    actions = "|".join((*control.ACTIONS, "arm", "clear"))
    app.router.add_get("/simulator", show)
    app.router.add_post(rf"/simulator/do/{{action:{actions}}}", act)
    app.router.add_get("/simulator/photos/{file}", photo)
    app.router.add_get(r"/static/{name:simulator\.css|simulator\.js|logo\.svg}", static.serve)
