"""Canned answers and agencies' own texts, in the pages and over the API."""

import pytest

from gateway.audit import Action
from gateway.principal import Role
from tests.support.running import Running
from tests.web.test_api import client
from tests.web.test_audit import log_of
from tests.web.visitor import employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOURS = {"language": "es", "shortcut": "horario", "title": "Horario", "text": "Hola {name}: de 8 a 5."}
CLOSED = "El SENA cierra su caso {number}. Escriba otra vez cuando quiera."


async def test_a_head_keeps_answers_and_managers_read_them(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console/canned")
        page = await browser.post("/console/canned", agency="dian", **HOURS)
        assert "Hola Rosa Elvira Tapiero: de 8 a 5." in page.text
        assert "Por ejemplo: 35 caracteres, 1 SMS" in page.text
        answer_id = page.html.partition('action="/console/canned/')[2].partition('"')[0]
        taken = await browser.post("/console/canned", **HOURS)
        assert (taken.status, "El atajo horario ya está en uso" in taken.text) == (409, True)
        wrong = await browser.post(f"/console/canned/{answer_id}", **HOURS | {"text": "Hola {nombre}"})
        assert (wrong.status, "{nombre} no se llena" in wrong.text, "Hola {nombre}" in wrong.text) == (422, True, True)
        page = await browser.post(f"/console/canned/{answer_id}", **HOURS | {"text": "De 7 a 4."})
        assert "De 7 a 4." in page.text
        page = await browser.post(f"/console/canned/{answer_id}/use", active="0")
        assert "Retirada" in page.text
    async with visitor(ventanilla, "luz") as browser:
        assert "De 7 a 4." not in (await browser.get("/console/canned")).text
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console/canned")
        await browser.post(f"/console/canned/{answer_id}/use", active="1")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console/canned")
        assert ("De 7 a 4." in page.text, "<textarea" in page.html) == (True, False)
    noted = await log_of(ventanilla, action=Action.TEXTS_CHANGED)
    assert [(row.object, row.agency, row.detail) for row in noted] == [
        ("canned:horario", "sena", f"es {what}") for what in ("added", "changed", "out of use", "in use")
    ]


async def test_a_program_finds_answers_of_its_agency_and_everybodys(ventanilla: Running) -> None:
    await employ(ventanilla, "admin", role="administrator")
    async with visitor(ventanilla, "admin") as browser:
        await browser.get("/console/canned")
        await browser.post("/console/canned", agency="sena", **HOURS)
        await browser.post("/console/canned", agency="", **HOURS | {"shortcut": "gracias", "title": "Gracias"})
        await browser.post("/console/canned", agency="dian", **HOURS)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    auditor = await client(ventanilla, Role.AUDITOR)

    _, found = await manager.get("/canned", language="es")
    assert [(each["agency"], each["shortcut"]) for each in found["items"]] == [("sena", "horario"), (None, "gracias")]
    _, found = await manager.get("/canned", agency="dian", q="HOR")
    assert [(each["agency"], each["text"]) for each in found["items"]] == [("sena", "Hola {name}: de 8 a 5.")]
    _, found = await auditor.get("/canned", agency="dian")
    assert [each["agency"] for each in found["items"]] == ["dian", None]


async def test_an_agency_words_a_text_sees_it_and_goes_back(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    form = {"agency": "dian", "language": "es", "name": "closed", "text": CLOSED}
    default = ventanilla.gateway.current().catalog.say("closed", "es", of="sena", number=7)
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console/texts")
        preview = await browser.post("/console/texts", do="preview", **form)
        assert "Así se leería (sin guardar)" in preview.text
        assert ventanilla.gateway.current().catalog.say("closed", "es", of="sena", number=7) == default
        saved = await browser.post("/console/texts", do="save", **form)
        assert "Texto propio" in saved.text
        say = ventanilla.gateway.current().catalog.say
        assert say("closed", "es", of="sena", number=7) == CLOSED.replace("{number}", "7")
        assert say("closed", "es", of="dian", number=7) == default
        back = await browser.post("/console/texts", do="restore", **form | {"text": ""})
        assert "Texto propio" not in back.text
        assert ventanilla.gateway.current().catalog.say("closed", "es", of="sena", number=7) == default
    noted = await log_of(ventanilla, action=Action.TEXTS_CHANGED)
    assert [(row.object, row.agency, row.detail) for row in noted] == [
        ("text:closed", "sena", "es changed"), ("text:closed", "sena", "es restored"),
    ]  # fmt: skip


@ON_SQLITE
async def test_a_wording_that_cannot_be_is_refused_with_its_reason_and_comes_back(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    acknowledgement = "{number} {agency} {date} {due}"
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console/texts")

        async def refused(name: str, text: str) -> str:
            page = await browser.post("/console/texts", do="save", language="es", name=name, text=text)
            assert page.status == 422
            assert text in page.text
            return page.text

        assert "El texto debe contener {number}." in await refused("closed", "Cerramos su caso.")
        assert "{fecha} no se llena" in await refused("closed", "Cerramos su caso {number} el {fecha}.")
        assert "debe caber en uno de 160" in await refused("ack_new", acknowledgement + " gracias" * 20)
        assert "lo acortan a 70: ☺" in await refused("ack_new", acknowledgement + " que le vaya muy bien hoy ☺")
        gone = await browser.post("/console/texts", do="save", language="es", name="help", text="Hola")
        assert gone.status == 404
    assert ventanilla.gateway.current().catalog.own_texts == {}
