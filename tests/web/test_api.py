"""The API: who may ask for what, and what comes back."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import DeliveryStatus
from gateway import log
from gateway.clock import new_id, now
from gateway.principal import Principal, Role
from gateway.staffing import absences
from gateway.store import exchanges, outbox, queue, staff, tokens
from gateway.store import schema as t
from gateway.timekeeping.clocks import keep
from gateway.web.api.route import BASE, Route
from gateway.web.api.routes import ROUTES
from routing.catalog import Unit
from routing.terms import counted
from tests.support.running import PHONE, Running

QUESTION = "Buenos días, ¿cuándo abren las inscripciones del SENA en Leticia?"
CALLERS = (
    "none", "bad", "disabled", "other", "manager", "head", "triage", "operator", "auditor", "administrator",
)  # fmt: skip

# What each caller gets: no token, an unknown one, a revoked one, a manager of another agency, the case's own manager,
# its agency's head, the triage desk, an operator, an auditor, an administrator. A route that is missing here fails the
# test below.
EXPECTED = {
    "GET /cases": "401 401 401 200 200 200 200 200 200 200",
    "POST /cases": "401 401 401 201 201 201 201 201 403 201",
    "POST /cases/bulk": "401 401 401 200 200 200 200 403 403 200",
    "GET /cases/{number}": "401 401 401 404 200 200 200 200 200 200",
    "GET /cases/{number}/clocks": "401 401 401 404 200 200 200 200 200 200",
    "POST /cases/{number}/classify": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/completion": "401 401 401 404 201 201 201 403 403 201",
    "POST /cases/{number}/completion/incomplete": "401 401 401 404 201 201 201 403 403 201",
    "POST /cases/{number}/completion/prolong": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/completion/resume": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/extend": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/take": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/release": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/reply": "401 401 401 404 201 201 201 403 403 201",
    # The answer that waits is another's.
    "POST /cases/{number}/undo": "401 401 401 404 409 409 409 403 403 409",
    "POST /cases/{number}/merge": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/separate": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/note": "401 401 401 404 201 201 201 403 403 201",
    "POST /cases/{number}/transfer": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/close": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/reopen": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/split": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/move": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/messages/{id}/again": "401 401 401 404 200 200 200 403 403 200",
    "POST /cases/{number}/assign": "401 401 401 403 403 200 200 403 403 200",
    "GET /queue/next": "401 401 401 403 200 200 200 403 403 200",
    "POST /queue/next": "401 401 401 403 200 200 200 403 403 200",
    "GET /attachments/{id}": "401 401 401 404 200 200 200 200 200 200",
    "GET /agencies": "401 401 401 200 200 200 200 200 200 200",
    "GET /agencies/{key}": "401 401 401 200 200 200 200 200 200 200",
    "GET /contacts": "401 401 401 200 200 200 200 200 200 200",
    "GET /contacts/{id}": "401 401 401 404 200 200 200 200 200 200",
    "GET /channels": "401 401 401 403 403 403 403 200 200 200",
    "GET /unparsed": "401 401 401 403 403 403 403 200 200 200",
    "POST /unparsed/{id}/replay": "401 401 401 403 403 403 403 200 403 200",
    "GET /notices": "401 401 401 200 200 200 200 200 200 200",
    "POST /notices/read": "401 401 401 200 200 200 200 403 403 200",
    "GET /staff/{login}/absences": "401 401 401 403 403 200 200 403 403 200",
    "POST /staff/{login}/absences": "401 401 401 403 403 201 201 403 403 201",
    "DELETE /staff/{login}/absences/{id}": "401 401 401 403 403 200 200 403 403 200",
    "POST /staff/{login}/duty": "401 401 401 403 403 200 200 403 403 200",
    "GET /canned": "401 401 401 200 200 200 200 200 200 200",
    "GET /audit": "401 401 401 403 403 403 403 403 200 200",
    "GET /reports/timeliness": "401 401 401 200 200 200 200 200 200 200",
    "GET /reports/legal": "401 401 401 200 200 200 200 200 200 200",
    "GET /openapi.json": "200 200 200 200 200 200 200 200 200 200",
}
BODIES: dict[str, dict[str, Any]] = {
    "reply": {"text": "Abren el 15 de enero."},
    "note": {"text": "Llamar a la sede."},
    "cases": {"way": "phone", "text": "¿Cuándo abre el SENA?"},
    "merge": {"reason": "Es la misma pregunta."},
    "separate": {"reason": "No era la misma."},
    "transfer": {"agency": "dian", "reason": "Es un asunto de impuestos."},
    "close": {"outcome": "spam", "reason": "No era para nosotros."},
    "reopen": {"reason": "Faltaba una respuesta."},
    "classify": {"class": "consultation", "reason": "Pide un concepto."},
    "completion": {"text": "¿De qué centro nos escribe?"},
    "incomplete": {"text": "Falta su cédula."},
    "prolong": {"reason": "La persona pidió más tiempo."},
    "resume": {"reason": "Ya no hace falta."},
    # What somebody may do is decided case by case: who sees none of them is told so of each.
    "bulk": {"act": "release", "numbers": ["20990000011"], "reason": "una prueba"},
    "assign": {"staff": "sena", "reason": "Está más cerca del tema."},
}


@dataclass
class Client:
    """A program that calls the API with a token."""

    running: Running
    token: str | None

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return await self.call("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        return await self.call("POST", path, json=body)

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        answer = await self.raw(method, path, **more)
        text = await answer.text()
        return answer.status, json.loads(text) if text else None

    async def raw(self, method: str, path: str, **more: Any) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        url = self.running.internal + BASE + path
        async with self.running.http.request(method, url, headers=headers, **more) as answer:
            await answer.read()
            return answer


async def client(running: Running, role: Role, agency: str | None = None, *, name: str = "") -> Client:
    """A caller with a token of its own."""
    token = await running.gateway.store.transact(
        lambda conn: tokens.create(conn, name=name or f"{role}-{agency}", role=role, agency=agency, now=now())
    )
    return Client(running, token)


async def callers(running: Running) -> dict[str, Client]:
    disabled = await client(running, Role.ADMINISTRATOR, name="disabled")
    await running.gateway.store.transact(lambda conn: tokens.revoke(conn, "disabled"))
    return {
        "none": Client(running, None),
        "bad": Client(running, "vt_made-up"),
        "disabled": disabled,
        "other": await client(running, Role.MANAGER, "dian"),
        "manager": await client(running, Role.MANAGER, "sena"),
        "head": await client(running, Role.HEAD, "sena"),
        "triage": await client(running, Role.TRIAGE),
        "operator": await client(running, Role.OPERATOR),
        "auditor": await client(running, Role.AUDITOR),
        "administrator": await client(running, Role.ADMINISTRATOR),
    }


async def asked(running: Running, sender: str = PHONE, *more: str) -> str:
    """The number of a new case of the SENA's."""
    for text in (QUESTION, *more):
        await running.text(text, sender=sender)
    theirs = select(t.cases.c.number).where(t.cases.c.reply_urn == f"tel:{sender}").order_by(t.cases.c.id.desc())
    async with running.gateway.store.read() as conn:
        return str((await conn.execute(theirs.limit(1))).scalar_one())


async def case_of(running: Running, number: str) -> Any:
    """The case of a number."""
    async with running.gateway.store.read() as conn:
        return await queue.find(conn, ADMINISTRATOR, number)


async def inbound_ids(running: Running, number: str) -> list[str]:
    messages, _ = await running.story(number)
    return [str(m.id) for m in messages if m.direction == "in"]


class Scene:
    """A fresh case, and whatever else a route needs, for every call."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.phones = iter(range(3005551000, 3005559999))
        self.weeks = count(1)

    async def request(self, route: Route) -> tuple[str, dict[str, Any]]:
        """The path to call and what goes with it."""
        if route.path.endswith("/duty"):
            return route.path.replace("{login}", "sena"), {"json": {"on_duty": True}}
        if "{login}" in route.path:
            return await self.absence(route)
        if route.path == "/cases/bulk":
            return route.path, {"json": BODIES["bulk"]}
        if "{number}" not in route.path and "{id}" not in route.path and route.path != "/queue/next":
            opens = route.method == "POST" and route.path == "/cases"
            return route.path.replace("{key}", "sena"), {"json": BODIES["cases"]} if opens else {}
        phone = f"+57{next(self.phones)}"
        number = await asked(self.running, phone, "¿Y en Puerto Nariño también?")
        first, _ = await inbound_ids(self.running, number)
        act = route.path.rpartition("/")[2]
        path = route.path.replace("{number}", number)
        more: dict[str, Any] = {"json": BODIES.get(act, {})} if route.method == "POST" else {}
        if act == "reopen":
            await self.running.gateway.desk.close(ADMINISTRATOR, number, outcome="spam", reason="una prueba")
        elif act == "extend":
            more["json"] = {"until": await later(self.running, number), "reason": "Falta un concepto técnico."}
        elif act in ("incomplete", "prolong", "resume"):
            await stopped(self.running, number)
            if act == "incomplete":
                await self.running.gateway.desk.release(ADMINISTRATOR, number)
                await self.third_message(number)
        elif act == "split":
            more["json"] = {"message": first}
        elif act in ("merge", "separate"):
            leader = await self.leader(number, act)
            more["json"] = BODIES[act] | ({"into": leader} if act == "merge" else {})
        elif act == "move":
            more["json"] = {"message": first, "to": await self.second_case(number)}
        elif route.path == "/queue/next":
            more = {"json": {"agency": "sena"}} if route.method == "POST" else {"params": {"agency": "sena"}}
        if "{id}" in path:
            path = path.replace("{id}", await self.an_id(route.path, number))
        return path, more

    async def absence(self, route: Route) -> tuple[str, dict[str, Any]]:
        """A week of its own in years to come."""
        begins = now() + timedelta(weeks=2 * next(self.weeks))
        path = route.path.replace("{login}", "sena")
        if "{id}" not in path:
            until = (begins + timedelta(weeks=1)).isoformat()
            body = {"from": begins.isoformat(), "until": until, "reason": "vacaciones"}
            return path, {"json": body} if route.method == "POST" else {}
        noted = await self.running.gateway.store.transact(
            lambda conn: absences.note(
                conn, ADMINISTRATOR, "sena", from_at=begins, until_at=begins + timedelta(weeks=1),
                reason="vacaciones", now=now(),
            )
        )  # fmt: skip
        return path.replace("{id}", str(noted.id)), {}

    async def leader(self, number: str, act: str) -> str:
        """The case of somebody else that is to stand for this one, or does already."""
        leader = await asked(self.running, f"+57{next(self.phones)}")
        if act == "separate":
            await self.running.gateway.desk.merge(ADMINISTRATOR, number, into=leader, reason="una prueba")
        return leader

    async def second_case(self, number: str) -> str:
        return await self.running.gateway.desk.split(
            ADMINISTRATOR, await self.third_message(number), (await self.ids(number))[-1]
        )

    async def third_message(self, number: str) -> str:
        case = await case_of(self.running, number)
        await self.running.text("Una cosa más, por favor.", sender=case.reply_urn.removeprefix("tel:"))
        return number

    async def ids(self, number: str) -> list[int]:
        return [int(i) for i in await inbound_ids(self.running, number)]

    async def an_id(self, path: str, number: str) -> str:
        if path.startswith("/contacts"):
            return str((await case_of(self.running, number)).contact_id)
        if path.startswith("/attachments"):
            return await a_file(self.running, number)
        if path.startswith("/unparsed"):
            return await an_exchange(self.running)
        [message_id] = await self.running.gateway.desk.reply(ADMINISTRATOR, number, "No llegará.", then="open")
        await dead(self.running, message_id)
        return str(message_id)


ADMINISTRATOR = Principal(id=1, name="test", role=Role.ADMINISTRATOR, agency=None)


async def stopped(running: Running, number: str) -> None:
    """The citizen was asked to complete the case, and notified of it."""
    gateway = running.gateway
    ids = await gateway.desk.ask_completion(ADMINISTRATOR, number, "¿De qué centro nos escribe?")

    async def done(conn: AsyncConnection) -> None:
        await outbox.advance(conn, ids[-1], DeliveryStatus.DELIVERED, now=gateway.clock())
        case = (await conn.execute(t.cases.select().where(t.cases.c.number == number))).one()
        await keep(conn, gateway.current().catalog, [case.id], now=gateway.clock())

    await gateway.store.transact(done)


async def later(running: Running, number: str) -> str:
    """A business day after the case's last one, as a local date."""
    case = await case_of(running, number)
    count = counted(running.gateway.current().catalog, case.agency)
    return count.add(case.due_at.astimezone(count.zone).date(), 5, Unit.BUSINESS_DAYS).isoformat()


async def dead(running: Running, message_id: int) -> None:
    """The message was given up."""
    await running.eventually(lambda: settled(running, message_id))
    await running.gateway.store.transact(
        lambda conn: conn.execute(t.outbox.update().where(t.outbox.c.message_id == message_id).values(state="dead"))
    )


async def settled(running: Running, message_id: int) -> bool:
    async with running.gateway.store.read() as conn:
        query = t.outbox.select().where(t.outbox.c.message_id == message_id)
        return bool((await conn.execute(query)).one().state == "done")


async def a_file(running: Running, number: str, filename: str = "cédula.txt") -> str:
    """The id of a stored file of the case's first message."""
    limits = running.gateway.current().catalog.gateway.files
    kept = running.gateway.files.keep(b"una lista de papeles", claimed="text/plain", limits=limits)
    file_id = new_id()
    row = {
        "id": file_id, "message_id": int((await inbound_ids(running, number))[0]), "position": 0, "kind": "document",
        "reference": "", "filename": filename, "content_type": kept.content_type, "size": kept.size,
        "state": "stored", "stored_as": kept.name,
    }  # fmt: skip
    await running.gateway.store.transact(lambda conn: conn.execute(t.attachment.insert().values(**row)))
    return str(file_id)


async def an_exchange(running: Running, text: str = "Otra vez, por favor.") -> str:
    """The id of a request that was refused for its signature."""
    form = {"MessageSid": f"SM{next(running.ids):032x}", "From": "+573005550099", "To": "+576017440000", "Body": text}
    async with running.http.post(running.public + "/webhooks/sms", data=form) as answer:
        assert answer.status == 403
    async with running.gateway.store.read() as conn:
        return str((await exchanges.listed(conn))[0].id)


def test_every_route_says_who_may_call_it() -> None:
    assert set(EXPECTED) == {f"{route.method} {route.path}" for route in ROUTES}


@pytest.mark.both_engines
async def test_each_route_answers_each_caller_as_expected(ventanilla: Running) -> None:
    everybody = await callers(ventanilla)
    await hire(ventanilla, "dian")
    scene = Scene(ventanilla)
    found = {}
    for route in ROUTES:
        statuses = []
        for name in CALLERS:
            path, more = await scene.request(route)
            statuses.append(str((await everybody[name].raw(route.method, path, **more)).status))
        found[f"{route.method} {route.path}"] = " ".join(statuses)
    assert found == EXPECTED


async def hire(running: Running, agency: str) -> None:
    """Somebody who can answer for the agency."""
    await running.gateway.store.transact(
        lambda conn: staff.add(
            conn, login=f"m.{agency}", name="Ana", role="manager", agency=agency, password_hash=None, now=now()
        )
    )


async def test_a_case_is_told_whole(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    file_id = await a_file(ventanilla, number)

    status, case = await manager.get(f"/cases/{number}")

    assert status == 200
    assert (case["number"], case["state"], case["agency"], case["topic"]) == (number, "open", "sena", "inscripciones")
    assert case["received_at"].endswith("Z")
    assert (case["assignee"], case["predecessor"], case["outcome"]) == (None, None, None)
    assert case["contact"]["addresses"] == [{"urn": f"tel:{PHONE}", "channel": "sms", "opted_out": False}]
    question = case["messages"][0]
    assert (question["direction"], question["text"], question["error"]) == ("in", QUESTION, None)
    assert question["attachments"][0]["url"] == f"{BASE}/attachments/{file_id}"
    routed = next(event for event in case["events"] if event["kind"] == "routed")
    assert routed["reasons"][-1] == {"code": "phrase", "detail": "sena.inscripciones («inscripciones»)"}
    assert "reasons" not in routed["data"]


async def test_an_answer_by_a_program_reaches_the_phone(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena", name="asistente")

    assert (await manager.get("/queue/next"))[1]["number"] == number
    _, taken = await manager.post("/queue/next")
    status, replied = await manager.post(f"/cases/{number}/reply", text="Abren el 15 de enero.")

    assert taken["assignee"]["name"] == "asistente"
    assert (status, replied["case"]["state"]) == (201, "answered")
    assert "Abren el 15 de enero." in await ventanilla.texts_to(PHONE, at_least=2)
    assert (await manager.post("/queue/next")) == (204, None)
    assert (await manager.get("/queue/next")) == (204, None)


async def test_a_peek_takes_nothing(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    assert (await manager.get("/queue/next"))[1]["number"] == number
    assert (await manager.get(f"/cases/{number}"))[1]["assignee"] is None


async def test_a_note_is_told_with_its_author(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena", name="asistente")
    status, noted = await manager.post(f"/cases/{number}/note", text="Llamar a la sede.")
    _, case = await manager.get(f"/cases/{number}")
    note = next(message for message in case["messages"] if message["id"] == noted["message"])
    assert status == 201
    assert (note["direction"], note["text"], note["staff"]) == ("note", "Llamar a la sede.", "asistente")


async def test_pages_follow_one_another_without_a_gap(ventanilla: Running) -> None:
    numbers = {await asked(ventanilla, f"+5730055520{n:02}") for n in range(5)}
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        _, page = await administrator.get("/cases", limit=2, order="received", **cursor)
        seen += [case["number"] for case in page["items"]]
        cursor = {"cursor": page["next"]}
    assert page["next"] is None
    assert (len(seen), set(seen)) == (5, numbers)


async def test_states_are_repeated_or_separated_by_commas(ventanilla: Running) -> None:
    first = await asked(ventanilla, "+573005552001")
    second = await asked(ventanilla, "+573005552002")
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    await administrator.post(f"/cases/{first}/close", outcome="spam", reason="No era para nosotros.")

    async def numbers(query: str) -> set[str]:
        _, page = await administrator.call("GET", f"/cases?{query}")
        return {case["number"] for case in page["items"]}

    assert await numbers("state=closed") == {first}
    assert await numbers("state=open,closed") == {first, second}
    assert await numbers("state=open&state=closed") == {first, second}
    assert await numbers("state=waiting") == set()
    assert await numbers("failed=true") == set()
    assert await numbers("unassigned=true&agency=sena&channel=sms") == {first, second}
    assert await numbers("received_to=2024-01-01T00:00:00Z") == set()


WRONG_PARAMETERS = {
    "colour=red": "colour",
    "limit=201": "limit",
    "limit=0": "limit",
    "state=lost": "state",
    "order=size": "order",
    "order=due&order=due": "order",
    "received_from=2026-01-01T00:00:00": "received_from",
    "assignee=99999999999999999999": "assignee",
    "assignee=9999999999999999999": "assignee",
    "agency=%00": "agency",
    "cursor=bm90LWEtY3Vyc29y": "cursor",
    # ["due", 1e400, 1]: a number no instant has
    "cursor=WyJkdWUiLCAxZTQwMCwgMV0": "cursor",
}
WRONG_BODIES = {
    b'{"text": "hola", "urgent": true}': "urgent",
    b"{}": "text",
    b'{"text": "   "}': "text",
    b'{"text": 7}': "text",
    b'{"text": "hola", "then": "later"}': "then",
    b'["text"]': "body",
    b'{"text": ': "body",
    b'{"text": "\xff"}': "body",  # inbound case 46
}


async def test_a_wrong_parameter_is_named(ventanilla: Running) -> None:
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    found = {query: await administrator.call("GET", f"/cases?{query}") for query in WRONG_PARAMETERS}
    assert {query: problem["field"] for query, (_, problem) in found.items()} == WRONG_PARAMETERS
    assert {status for status, _ in found.values()} == {422}


async def test_a_wrong_field_is_named(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    headers = {"Content-Type": "application/json"}
    found = {
        body: await manager.call("POST", f"/cases/{number}/reply", data=body, headers=headers) for body in WRONG_BODIES
    }
    assert {body: problem["field"] for body, (_, problem) in found.items()} == WRONG_BODIES
    assert {(status, problem["type"]) for status, problem in found.values()} == {
        (422, "urn:ventanilla:problem:invalid")
    }


async def test_what_comes_before_the_handler_is_refused_as_a_problem(ventanilla: Running) -> None:
    manager = await client(ventanilla, Role.MANAGER, "sena")
    json_type = {"Content-Type": "application/json"}
    reply = "/cases/20260000017/reply"
    answers = {
        401: await Client(ventanilla, None).raw("GET", "/cases"),
        404: await manager.raw("GET", "/nowhere"),
        405: await manager.raw("DELETE", "/cases"),
        413: await manager.raw("POST", reply, data=b" " * 300_000, headers=json_type),
        415: await manager.raw("POST", reply, data=b"text=hola"),
    }
    for status, answer in answers.items():
        problem = await answer.json(content_type=None)
        assert (answer.status, answer.content_type, problem["status"]) == (status, "application/problem+json", status)
        assert set(problem) == {"type", "title", "status", "detail"}
    assert answers[401].headers["WWW-Authenticate"] == "Bearer"
    assert answers[405].headers["Allow"] == "GET, POST"


async def test_a_body_that_does_not_say_its_length_is_limited_too(ventanilla: Running) -> None:
    # inbound case 45
    manager = await client(ventanilla, Role.MANAGER, "sena")

    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 10_000

    answer = await manager.raw("POST", "/queue/next", data=endless(), headers={"Content-Type": "application/json"})
    assert answer.status == 413


async def test_a_failure_of_ours_tells_nothing_and_is_logged_once(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("json")
    administrator = await client(ventanilla, Role.ADMINISTRATOR)

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(staff, "listed", broken)
    monkeypatch.setattr("gateway.store.exchanges.listed", broken)
    status, problem = await administrator.get("/unparsed")
    assert (status, problem["title"], problem["detail"]) == (
        500, "Internal error", "it failed on our side, and is in our log",
    )  # fmt: skip
    said = capsys.readouterr()
    assert (said.out + said.err).count("api request failed") == 1


async def test_another_agencys_manager_sees_nothing_in_lists(ventanilla: Running) -> None:
    await asked(ventanilla)
    other = await client(ventanilla, Role.MANAGER, "dian")
    assert (await other.get("/cases"))[1] == {"items": [], "next": None}
    assert (await other.get("/cases", agency="sena"))[1]["items"] == []
    assert (await other.get("/contacts"))[1]["items"] == []
    _, listed = await other.get("/agencies")
    counts = {agency["key"]: agency["open_cases"] for agency in listed["items"]}
    assert (counts["dian"], counts["sena"]) == (0, None)


async def test_an_agency_is_told_as_it_is_configured(ventanilla: Running) -> None:
    await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    status, agency = await manager.get("/agencies/sena")
    assert (status, agency["short"], agency["open_cases"], agency["managers"]) == (200, "SENA", 1, 1)
    assert "inscripciones" in {topic["key"] for topic in agency["topics"]}
    assert {topic["class"] for topic in agency["topics"]} >= {"general"}
    assert (await manager.get("/agencies/nadie"))[0] == 404


async def test_people_are_paged_and_told_with_their_cases(ventanilla: Running) -> None:
    numbers = [await asked(ventanilla, f"+5730055520{n:02}") for n in range(3)]
    manager = await client(ventanilla, Role.MANAGER, "sena")
    _, first = await manager.get("/contacts", limit=2)
    _, last = await manager.get("/contacts", limit=2, cursor=first["next"])
    people = first["items"] + last["items"]
    assert (len(people), last["next"]) == (3, None)
    assert "addresses" not in people[0]
    told = [(await manager.get(f"/contacts/{person['id']}"))[1] for person in people]
    assert sorted(person["cases"][0]["number"] for person in told) == sorted(numbers)
    assert told[0]["addresses"][0]["channel"] == "sms"


async def test_a_file_is_saved_and_never_shown(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    file_id = await a_file(ventanilla, number, filename="../../fac\u202etura.txt")
    answer = await manager.raw("GET", f"/attachments/{file_id}")
    assert (answer.status, await answer.text()) == (200, "una lista de papeles")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''factura.txt"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_replay_takes_the_request_in_once(ventanilla: Running) -> None:
    operator = await client(ventanilla, Role.OPERATOR)
    exchange_id = await an_exchange(ventanilla, QUESTION)
    _, waiting = await operator.get("/unparsed")
    assert [(row["id"], row["channel"], row["kind"]) for row in waiting["items"]] == [(exchange_id, "sms", "rejected")]
    assert (await operator.post(f"/unparsed/{exchange_id}/replay"))[1] == {"id": exchange_id, "state": "replayed"}
    assert [case.last_line for case in await ventanilla.cases()] == [QUESTION]
    assert (await operator.post(f"/unparsed/{exchange_id}/replay"))[0] == 409
    assert (await operator.get("/unparsed"))[1]["items"] == []


async def test_channels_are_told_with_what_waits(ventanilla: Running) -> None:
    operator = await client(ventanilla, Role.OPERATOR)
    _, listed = await operator.get("/channels")
    found = {channel["name"]: channel for channel in listed["items"]}
    assert found["sms"] == {
        "name": "sms", "provider": "twilio", "simulated": False, "queue_depth": 0, "oldest_seconds": None,
    }  # fmt: skip


async def test_a_case_that_somebody_has_is_taken_over_with_a_reason(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    one = await client(ventanilla, Role.MANAGER, "sena", name="one")
    two = await client(ventanilla, Role.MANAGER, "sena", name="two")
    assert (await one.post(f"/cases/{number}/take"))[0] == 200
    assert (await two.post(f"/cases/{number}/take"))[0] == 409
    _, case = await two.post(f"/cases/{number}/take", reason="Está de vacaciones.")
    assert case["assignee"]["name"] == "two"
    _, mine = await two.get("/cases", assignee=case["assignee"]["id"])
    assert [case["number"] for case in mine["items"]] == [number]


async def test_a_queue_hands_each_case_to_one_program(ventanilla: Running) -> None:
    numbers = {await asked(ventanilla, f"+5730055520{n:02}") for n in range(6)}
    programs = [await client(ventanilla, Role.MANAGER, "sena", name=f"p{n}") for n in range(6)]
    taken = await asyncio.gather(*(program.post("/queue/next") for program in programs))
    assert {case["number"] for _, case in taken} == numbers


async def test_a_queue_needs_an_agency_that_exists(ventanilla: Running) -> None:
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    for status, problem in (
        await administrator.post("/queue/next"),
        await administrator.get("/queue/next", agency="x"),
    ):
        assert (status, problem["field"]) == (422, "agency")


async def test_a_predecessor_of_another_agency_has_no_number(ventanilla: Running) -> None:
    first = await asked(ventanilla)
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    await hire(ventanilla, "dian")
    await ventanilla.text("DIAN ¿cómo saco el RUT?")
    [second] = {case.number for case in await ventanilla.cases()} - {first}
    dian = await client(ventanilla, Role.MANAGER, "dian")
    assert (await administrator.get(f"/cases/{second}"))[1]["predecessor"] == first
    assert (await dian.get(f"/cases/{second}"))[1]["predecessor"] is None


async def test_only_the_hash_of_a_token_is_kept(ventanilla: Running) -> None:
    administrator = await client(ventanilla, Role.ADMINISTRATOR)
    async with ventanilla.gateway.store.read() as conn:
        [row] = await conn.execute(t.api_token.select())
    assert administrator.token is not None
    assert len(administrator.token) >= 43
    assert administrator.token not in str(tuple(row))
