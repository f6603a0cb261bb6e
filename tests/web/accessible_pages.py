"""A lived-in office, and every page that it has: which address shows it, and to whom."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import aiohttp
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import DeliveryStatus
from gateway.accounts import passwords
from gateway.clock import new_id, now
from gateway.principal import Principal, Role
from gateway.store import accounts, logins, outbox, staff
from gateway.store.logins import Opening
from gateway.web.auth import LIFETIME, SESSION_COOKIE, hashed
from tests.support.clocks import MovableClock
from tests.support.running import Running
from tests.web.test_api import a_file, an_exchange, stopped
from tests.web.test_page_matrix import Scene
from tests.web.visitor import PASSWORD

# Telegram has no credentials here, so it is simulated, and the simulator has its page.
SIMULATED: Final[dict[str, Any]] = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_SECRET_TOKEN": ""}

# Each page of either listener, by its route: who opens it (None: anybody), and the addresses, filled from the scene.
# A page that only some see, or that looks different to them, is named for each of them.
PAGES: Final[dict[str, tuple[tuple[str | None, str], ...]]] = {
    "internal /login": ((None, "/login"), (None, "/login?next=/console")),
    "internal /login/code": (("half", "/login/code"),),
    "internal /console": (
        ("manager", "/console?view=open"),
        ("manager", "/console?view=mine&done=nothing"),
        ("head", "/console?view=overdue"),
        ("triage", "/console?view=failed&agency=sena"),
        ("auditor", "/console?view=ended"),
    ),
    "internal /console/search": (
        ("manager", "/console/search"),
        ("manager", "/console/search?q=inscripciones"),
        ("triage", "/console/search?q=nadieescribioesto"),
    ),
    "internal /console/reports": (("manager", "/console/reports"), ("auditor", "/console/reports?by=agency")),
    "internal /console/reports/cases": (("head", "/console/reports/cases"),),
    "internal /console/notices": (("manager", "/console/notices"), ("auditor", "/console/notices")),
    "internal /console/team": (
        ("head", "/console/team"),
        ("head", "/console/team?member={luz}"),
        ("triage", "/console/team"),
        ("auditor", "/console/team?agency=sena"),
    ),
    "internal /console/canned": (("manager", "/console/canned"), ("head", "/console/canned")),
    "internal /console/texts": (("head", "/console/texts"), ("administrator", "/console/texts")),
    "internal /console/cases/{number}": (
        ("manager", "/console/cases/{held}"),
        ("manager", "/console/cases/{waiting}"),
        ("head", "/console/cases/{answered}"),
        ("auditor", "/console/cases/{held}"),
        ("triage", "/console/cases/{late}"),
    ),
    "internal /console/cases/{number}/merge": (("manager", "/console/cases/{late}/merge"),),
    "internal /console/cases/{number}/document": (("manager", "/console/cases/{answered}/document"),),
    "internal /console/new": (("manager", "/console/new"),),
    "internal /console/new/{number}": (("manager", "/console/new/{held}"),),
    "internal /console/saved": (("head", "/console/saved"),),
    "internal /console/bulk/{id}": (("manager", "{bulk}"),),
    "internal /operations": (("operator", "/operations"), ("auditor", "/operations")),
    "internal /operations/exchanges/{id}": (("operator", "/operations/exchanges/{exchange}"),),
    "internal /account": (("manager", "/account"), ("auditor", "/account")),
    "internal /account/second-factor": (("manager", "/account/second-factor"),),
    "internal /staff": (("administrator", "/staff"),),
    "internal /staff/{id}": (("administrator", "/staff/{luz}"),),
    "internal /invitation/{token}": ((None, "/invitation/{invitation}"),),
    "internal /audit": (("auditor", "/audit"),),
    "internal /simulator": ((None, "/simulator"),),
    "public /": ((None, "/"), (None, "/?agency=sena")),
    "public /s/{token}": ((None, "{follow_up}"),),
}
# What no route names: what is said when something is refused.
REFUSALS: Final[tuple[tuple[str, str | None, str], ...]] = (
    ("internal", "manager", "/operations"),
    ("internal", "manager", "/console/cases/20990000011"),
    ("internal", None, "/invitation/nobody-was-given-this-token"),
    ("public", None, "/s/nobody-was-given-this-token"),
)
# Forms that are refused, by the page they stand on: the address, the form's own one, and what it is sent with.
REFUSED_FORMS: Final[tuple[tuple[str, str | None, str, str, dict[str, str]], ...]] = (
    ("internal", None, "/login", "/login", {"login": "nadie", "password": "no es esta frase"}),
    ("internal", "manager", "/console/cases/{held}", "/console/cases/{held}/reply", {"text": ""}),
    ("internal", "manager", "/account", "/account/password", {"password": "corta"}),
    ("internal", "manager", "/account", "/account/notices", {"address": "no es un número"}),
    ("public", None, "/", "/", {"text": ""}),
    ("public", None, "{follow_up}", "{follow_up}", {"text": ""}),
)
# Routes that show no page, and what they answer instead.
NO_PAGES: Final = {
    "internal /": "sends on",
    "internal /health": "JSON",
    "internal /metrics": "text",
    "internal /static/{name}": "files",
    "public /static/{name}": "files",
    "internal /login/sso": "sends on",
    "internal /login/sso/return": "sends on",
    "internal /console/queue/rows": "a part of the queue",
    "internal /console/cases/{number}/story": "a part of the case",
    "internal /console/cases/{number}/answers": "JSON",
    "internal /console/cases/{number}/colleagues": "JSON",
    "internal /console/saved/counts": "JSON",
    "internal /console/stream": "events",
    "internal /console/attachments/{id}": "a file",
    "internal /console/reports/timeliness.csv": "CSV",
    "internal /console/reports/legal.csv": "CSV",
    "internal /console/team.csv": "CSV",
    "internal /audit.csv": "CSV",
    "public /s/{token}/files/{id}": "a file",
    "public /api/public/messages/{token}": "JSON",
}
# The API and what stands for providers show nothing to people.
PROGRAMS: Final = ("/api/v1/", "/simulator/")


@dataclass
class Office:
    """The scene, its clock, and what the addresses are filled with."""

    scene: Scene
    clock: MovableClock
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> Running:
        return self.scene.running

    async def ask(self, text: str) -> str:
        """A new case from somebody new; its number."""
        before = {case.number for case in await self.running.cases()}
        await self.running.text(text, sender=f"+57{next(self.scene.phones)}")
        [number] = {case.number for case in await self.running.cases()} - before
        return str(number)

    async def cookie(self, caller: str) -> str:
        """A new session of the caller's; `half` is the manager's whose second factor is missing."""
        if caller != "half":
            return (await self.scene.session(caller))[0]
        token, at = f"half-{new_id()}", now()
        opening = Opening(
            token_hash=hashed(token), staff_id=self.names["luz"], csrf="x", stage="code", method="password",
            remote="127.0.0.1", agent="test",
        )  # fmt: skip
        await self.running.gateway.store.transact(
            lambda conn: logins.open_session(conn, opening, now=at, expires_at=at + LIFETIME)
        )
        return token

    def path(self, pattern: str) -> str:
        """An address of this scene."""
        return pattern.format(**self.names)


async def lived_in(running: Running, clock: MovableClock) -> Office:
    """Cases in every state, files, notices, a colleague who is away, and what waits for an operator."""
    office = Office(Scene(running), clock)
    desk, luz = running.gateway.desk, await _people(office)
    office.names["late"] = await office.ask("SENA: sigo esperando una respuesta sobre mi certificado.")
    office.names["held"] = await office.ask("¿Cuándo abren las inscripciones del SENA en Leticia? 👍")
    await running.gateway.timekeeper.round()
    clock.move(days=13)
    await _worked_on(office, luz, office.names["held"])
    office.names["waiting"] = await office.ask("SENA: quiero un duplicado de mi diploma")
    await stopped(running, office.names["waiting"])
    office.names["answered"] = await office.ask("SENA: ¿a qué hora abren la sede de Leticia?")
    await desk.reply(luz, office.names["answered"], "De lunes a viernes, de 8:00 a 16:00.")
    await office.ask("SENA: otra inscripción, por favor")
    clock.move(days=9)
    await running.gateway.timekeeper.round()
    office.names["exchange"] = await an_exchange(running)
    office.names["invitation"] = await office.scene.invitation()
    office.names["follow_up"] = await _public(office, luz)
    office.names["bulk"] = await _at_once(office, await office.ask("SENA: un spam cualquiera"))
    return office


async def _people(office: Office) -> Principal:
    for caller, (role, agency) in {
        "manager": (Role.MANAGER, "sena"), "head": (Role.HEAD, "sena"), "triage": (Role.TRIAGE, None),
        "operator": (Role.OPERATOR, None), "auditor": (Role.AUDITOR, None), "administrator": (Role.ADMINISTRATOR, None),
    }.items():  # fmt: skip
        office.scene.members[caller] = (await office.scene.member(agency, role)).id
    luz = office.names["luz"] = office.scene.members["manager"]
    password = await passwords.hashed(PASSWORD)

    async def settled(conn: AsyncConnection) -> None:
        await accounts.set_notices(conn, luz, urn="tel:+573005559999", channel="sms")
        await staff.set_password(conn, luz, password)

    await office.running.gateway.store.transact(settled)
    return Principal(id=luz, name="luz", role=Role.MANAGER, agency="sena")


async def _worked_on(office: Office, luz: Principal, number: str) -> None:
    """A case with everything a story can hold at once."""
    desk = office.running.gateway.desk
    await desk.take(luz, number)
    await desk.note(luz, number, "Llamar primero al Centro de Biodiversidad.")
    await a_file(office.running, number)
    [message] = await desk.reply(luz, number, "Estamos preguntando en la sede.", then="open")
    await desk.extend(luz, number, until=date(2026, 8, 5), reason="La sede no ha respondido.")
    running = office.running

    async def has_left() -> bool:
        messages, _ = await running.story(number)
        return any(said.id == message and said.outbox_state == "done" for said in messages)

    await running.eventually(has_left)
    await running.gateway.store.transact(
        lambda conn: outbox.advance(conn, message, DeliveryStatus.FAILED, now=office.clock(), code="30003")
    )


async def _at_once(office: Office, number: str) -> str:
    """An act on several cases, of which one does not exist; the page that tells what became of it."""
    running = office.running
    token, csrf = await office.scene.session("manager")
    form = {
        "csrf": csrf, "act": "close", "numbers": f"{number} 20990000011", "outcome": "spam", "reason": "No es nada.",
        "key": "a-key-of-these-tests",
    }  # fmt: skip
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"}
    address = f"{running.internal}/console/bulk/do"
    async with running.http.post(address, data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def _public(office: Office, luz: Principal) -> str:
    """A question by the public form, answered; the path of its page."""
    running = office.running
    form = aiohttp.FormData({"form_key": "form-key-of-the-tests", "language": "es"}, default_to_multipart=True)
    form.add_field("text", "SENA: ¿dónde reclamo mi carné?")
    form.add_field("files", b"Radicado 42", filename="mi carta.txt", content_type="text/plain")
    async with running.http.post(running.public + "/", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        path = answer.headers["Location"]
    [case] = [case for case in await running.cases() if case.channel == "web"]
    await running.gateway.desk.reply(luz, case.number, "En la sede de Leticia, con su documento.")
    return path
