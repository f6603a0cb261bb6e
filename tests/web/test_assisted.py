"""Writing down for somebody else: the page, what comes of it, and the same over the API."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.desk.transcribing import Spoken
from gateway.errors import Conflict
from gateway.principal import Principal, Role
from gateway.store import schema as t
from tests.support import telegram_api
from tests.support.office import giving, office
from tests.support.running import Running
from tests.web.test_api import client
from tests.web.visitor import Visitor, employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LUZ = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
ASKED = "Quiere saber cuándo abre el SENA en Leticia"


def key_of(html: str) -> str:
    """The form's one-time key."""
    [key] = re.findall(r'name="key" value="([\w-]+)"', html)
    return str(key)


async def write(browser: Visitor, **fields: str) -> Any:
    page = await browser.get("/console/new")
    return await browser.post("/console/new", **{"key": key_of(page.html), "way": "phone", "text": ASKED, **fields})


async def test_a_call_is_written_down_read_out_counted_and_answered_like_a_message(ventanilla: Running) -> None:
    await employ(ventanilla, "olga", role="operator")
    async with visitor(ventanilla, "olga") as browser:
        assert 'href="/console/new"' in (await browser.get("/console")).html
        page = await write(
            browser, name="Ana Ruiz", answer_channel="sms", answer_to="300 555 0003", territory="Leticia", language="es"
        )
        [case] = await ventanilla.cases()
        assert page.path == f"/console/new/{case.number}"
        assert f'data-number="{case.number}">{case.number[:4]} ' in page.html
        assert "a más tardar" in page.text
        assert re.search(r"(lunes|martes|miércoles|jueves|viernes), \d+ de \w+ de 20\d\d", page.text)
        assert 'href="/console/new?way=phone"' in page.html
        story = await browser.get(f"/console/cases/{case.number}")
        assert "Nombre de olga escribió lo que la persona dijo" in story.text
        assert re.search(r"Lo escribió\s+Nombre de olga", story.text)
        assert "Llamada" in story.text
    row = (case.channel, case.agency, case.reply_channel, case.reply_urn, case.territory)
    assert row == ("phone", "sena", "sms", "tel:+573005550003", "91001")
    assert case.number in (await ventanilla.texts_to("+573005550003"))[0]
    async with ventanilla.gateway.store.read() as conn:
        [routed] = await conn.execute(select(t.case_event).where(t.case_event.c.kind == "routed"))
    # Why it went there is told, as for a message.
    assert routed.data["reasons"]
    await ventanilla.gateway.desk.reply(LUZ, case.number, "Abre el 15.")
    assert "Abre el 15." in (await ventanilla.texts_to("+573005550003", at_least=2))[1]


@ON_SQLITE
async def test_a_form_that_is_sent_twice_opens_one_case_and_a_refused_one_keeps_what_was_typed(
    ventanilla: Running,
) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        key = key_of((await browser.get("/console/new")).html)
        for _ in range(2):
            page = await browser.post("/console/new", key=key, way="visit", text=ASKED)
        [case] = await ventanilla.cases()
        assert page.path == f"/console/new/{case.number}"
        # Back, another text, and again: that is another case, and said before it is one.
        page = await browser.post("/console/new", key=key, way="visit", text="Otra cosa <b>")
        assert (page.status, f"ya abrió el caso {case.number}" in page.text) == (409, True)
        assert "Otra cosa &lt;b&gt;</textarea>" in page.html
        page = await browser.post("/console/new", key=key_of(page.html), way="visit", text="Otra cosa <b>")
        assert len(await ventanilla.cases()) == 2
        for wrong, sentence in (
            ({"answer_channel": "sms", "answer_to": "Ana"}, "no es un teléfono"),
            ({"answer_channel": "telegram", "answer_to": "3005550009"}, "nadie ha escrito por ese canal"),
            ({"territory": "Nunca Jamás"}, "Ese territorio no existe"),
            ({"received_at": "2099-01-01T10:00"}, "futuro"),
            ({"received_at": "1950-01-01T10:00"}, "no hay un término legal"),
            ({"received_at": "ayer"}, "fecha y la hora"),
            ({"text": " "}, "Escriba"),
        ):
            page = await write(browser, name="Ana «Ruiz»", **wrong)
            assert (page.status, sentence in page.text) == (422, True), (wrong, page.text)
            assert 'value="Ana «Ruiz»"' in page.html
            [name] = wrong.keys() - {"answer_channel"}
            assert re.search(rf'name="{name}"[^>]*aria-invalid="true"', page.html)
        assert len(await ventanilla.cases()) == 2


async def test_a_letter_counts_from_the_day_on_which_it_came(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path, change=giving("sena")) as at:
        ventanilla = at.running
        rosa = await at.employ("rosa")
        await at.set_staff("sena", on_duty=False)
        await employ(ventanilla, "tomas", role="triage")
        async with visitor(ventanilla, "tomas") as browser:
            # A case that comes in now is due later than the letter of the week before.
            fresh = await at.ask()
            await write(browser, way="letter", agency="sena", received_at="2026-06-30T09:00")
        [letter] = [case for case in await ventanilla.cases() if case.number != fresh]
        assert letter.received_at.isoformat() == "2026-06-30T14:00:00+00:00"
        assert letter.effective == "2026-06-30"
        assert letter.due_at < (await at.case(fresh)).due_at - timedelta(days=3)
        # Writing it down is the first act of a person: not in the week before.
        assert letter.touched_at == at.clock()
        # An agency that gives its cases out gives this one too.
        assert letter.assignee_id == rosa.id


@ON_SQLITE
async def test_whoever_leaves_no_number_comes_for_the_answer_which_is_kept(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        await write(browser, way="visit", name="Ana Ruiz")
        [case] = await ventanilla.cases()
        assert case.reply_urn is None
        page = await browser.get(f"/console/cases/{case.number}")
        assert "viene por su respuesta" in page.text
        await browser.post(f"/console/cases/{case.number}/reply", text="Abre el 15.", then="answered")
        page = await browser.get(f"/console/cases/{case.number}")
        assert "Para entregar en persona" in page.text
    [case] = await ventanilla.cases()
    assert (case.state, case.answered_at is not None, case.failed_delivery) == ("answered", True, False)
    async with ventanilla.gateway.store.read() as conn:
        assert list(await conn.execute(select(t.outbox))) == []


@ON_SQLITE
async def test_an_answer_that_is_kept_as_a_copy_is_taken_back_with_the_answer_itself(ventanilla: Running) -> None:
    await ventanilla.text("¿Cuándo abre el SENA en Leticia?")
    [leader] = [case.number for case in await ventanilla.cases()]
    desk = ventanilla.gateway.desk
    kept = await desk.transcribe(LUZ, Spoken(way="visit", text=ASKED))
    await desk.merge(LUZ, kept, into=leader, reason="Es la misma pregunta")
    await desk.reply(LUZ, leader, "Abre el 15.", undo_for=timedelta(minutes=5))
    await desk.undo(LUZ, leader)
    assert {case.state for case in await ventanilla.cases()} == {"open"}
    assert [m.kind for m in (await ventanilla.story(kept))[0]] == ["question", "undone"]
    # By itself it may have been handed over long ago.
    await desk.separate(LUZ, kept, reason="Viene por ella")
    await desk.reply(LUZ, kept, "Abre el 15.")
    with pytest.raises(Conflict, match="cannot be taken back"):
        await desk.undo(LUZ, kept)


async def test_a_chat_that_is_known_by_the_number_gets_the_answer_and_a_nameless_person_a_name(
    ventanilla: Running,
) -> None:
    shared = telegram_api.captured("contact_own")
    shared["message"]["contact"]["phone_number"] = "573005550007"
    assert await ventanilla.update(shared) == 200
    await ventanilla.text(ASKED, sender="+573005550008")
    operator = await client(ventanilla, Role.OPERATOR)
    said = {"way": "phone", "text": ASKED, "name": "Ana Ruiz"}
    status, chat = await operator.post("/cases", **said, answer_channel="telegram", answer_to="300 555 0007")
    assert status == 201
    status, texted = await operator.post("/cases", **said, answer_channel="sms", answer_to="300 555 0008")
    assert status == 201
    found = {case.number: case for case in await ventanilla.cases()}
    assert found[chat["number"]].reply_urn == f"telegram:{shared['message']['chat']['id']}"
    assert found[texted["number"]].contact_name == "Ana Ruiz"
    # Whose telephone it is keeps the name; what was said is told beside it.
    status, again = await operator.post(
        "/cases", **{**said, "name": "Rosa Díaz"}, answer_channel="sms", answer_to="300 555 0008"
    )
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/cases/{again['number']}")
        assert re.search(r"Dijo llamarse\s+Rosa Díaz", page.text)
        assert re.search(r"<strong><bdi>Ana Ruiz", page.html)


@ON_SQLITE
async def test_the_number_is_shown_to_who_wrote_it_down_and_to_nobody_else_beyond_the_agency(
    ventanilla: Running,
) -> None:
    await employ(ventanilla, "dora", agency="dian")
    await employ(ventanilla, "elsa", agency="dian")
    async with visitor(ventanilla, "dora") as browser:
        page = await write(browser, agency="sena")
        [case] = await ventanilla.cases()
        assert case.number[-4:-1] in page.text
        assert f'href="/console/cases/{case.number}"' not in page.html
        assert (await browser.get(f"/console/cases/{case.number}")).status == 404
    async with visitor(ventanilla, "elsa") as browser:
        assert (await browser.get(f"/console/new/{case.number}")).status == 404


async def test_many_at_once_with_one_key_open_one_case_and_with_one_number_are_one_person(ventanilla: Running) -> None:
    spoken = Spoken(way="phone", text=ASKED, name="Ana Ruiz", answer_channel="sms", answer_to="300 555 0003")
    desk = ventanilla.gateway.desk
    numbers = await asyncio.gather(*(desk.transcribe(LUZ, spoken, key="una-sola-vez") for _ in range(5)))
    assert len(set(numbers)) == 1
    await asyncio.gather(*(desk.transcribe(LUZ, replace(spoken, answer_to="300 555 0004")) for _ in range(4)))
    found = await ventanilla.cases()
    assert (len(found), len({case.contact_id for case in found})) == (5, 2)


async def test_a_program_writes_down_once_for_each_of_its_keys(ventanilla: Running) -> None:
    operator = await client(ventanilla, Role.OPERATOR)
    body = {"way": "radio", "text": ASKED, "key": "llamada-1", "name": "Ana Ruiz"}
    status, opened = await operator.post("/cases", **body)
    assert (status, opened["agency"], set(opened)) == (201, "sena", {"number", "agency", "received_at", "due_at"})
    assert await operator.post("/cases", **body) == (201, opened)
    status, problem = await operator.post("/cases", **{**body, "text": "Otra cosa"})
    assert (status, opened["number"] in problem["detail"]) == (409, True)
    other = await client(ventanilla, Role.TRIAGE)
    assert (await other.post("/cases", **body))[1]["number"] != opened["number"]
    assert len(await ventanilla.cases()) == 2
    for wrong, field in (
        ({"way": "pigeon"}, "way"),
        ({"class": "none"}, "class"),
        ({"answer_channel": "ussd"}, "answer_channel"),
    ):
        status, problem = await operator.post("/cases", **{"way": "tv", "text": ASKED, **wrong})
        assert (status, problem["field"]) == (422, field)
