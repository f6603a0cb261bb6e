"""A case on paper: what stands on it, what never does, and what was noted of who printed it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit import Action
from gateway.principal import Principal, Role
from tests.support.office import Office, office
from tests.support.running import Running
from tests.web.test_api import asked
from tests.web.test_audit import log_of
from tests.web.visitor import Page, employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LUZ = Principal(id=77, name="Luz Secreta", role=Role.MANAGER, agency="sena")
DORA = Principal(id=79, name="Dora", role=Role.MANAGER, agency="dian")
LONG = "Las inscripciones abren el quince de enero en la sede de Leticia. " * 12


async def printed(at: Office, login: str, number: str) -> Page:
    async with visitor(at.running, login) as browser:
        page = await browser.get(f"/console/cases/{number}/document")
    assert page.status == 200, page.text
    return page


@ON_SQLITE
async def test_it_holds_the_request_the_answers_in_full_the_transfers_and_the_terms_and_nothing_else(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as at:
        await employ(at.running, "dora", agency="dian")
        desk = at.running.gateway.desk
        number = await at.ask("SENA: ¿cuándo abren <b>las inscripciones</b>?")
        [case] = await at.running.cases()
        phone = case.reply_urn.removeprefix("tel:")
        await desk.note(LUZ, number, "Ojo: nota secreta")
        await desk.reply(LUZ, number, "¿En qué sede?", then="waiting")
        await at.running.text("En la de Leticia", sender=phone)
        await desk.transfer(LUZ, number, agency="dian", reason="Es un impuesto")
        other = await at.ask("DIAN: otra persona pregunta lo mismo")
        await desk.merge(DORA, other, into=number, reason="Es la misma pregunta")
        # Monday 6 July 2026 was day 0; 13 July is a holiday.
        at.clock.at = datetime(2026, 7, 15, 15, tzinfo=UTC)
        await desk.reply(DORA, number, LONG)
        page = await printed(at, "dora", number)
        for text in (
            "Dirección de Impuestos y Aduanas Nacionales", "Ventanilla Única del Ciudadano", f"Caso {number}",
            "¿En qué sede?", "En la de Leticia", LONG.strip(), "Es un impuesto", "Respondido a tiempo",
            "día 6 de 10 hábiles", "Trasladado",
        ):  # fmt: skip
            assert text in page.text, text
        assert '<html lang="es">' in page.html
        assert "&lt;b&gt;las inscripciones&lt;/b&gt;" in page.html
        for hidden in ("nota secreta", "Luz", "Dora", phone, phone[3:], "otra persona", other, "(1/", "style="):
            assert hidden not in page.html, hidden
        assert phone[-4:] in page.text
        # What was only shown on the way in: no navigation of the console.
        assert page.html.count("<nav") == 1


@ON_SQLITE
async def test_what_was_taken_back_was_never_said_and_a_late_answer_counts_its_days(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path) as at:
        await employ(at.running, "luz", agency="sena")
        desk = at.running.gateway.desk
        number = await at.ask()
        await desk.reply(LUZ, number, "Una equivocación", undo_for=timedelta(seconds=30))
        await desk.undo(LUZ, number)
        at.clock.at = datetime(2026, 7, 31, 15, tzinfo=UTC)
        await desk.reply(LUZ, number, "Abren el 15.")
        page = await printed(at, "luz", number)
        assert "Una equivocación" not in page.text
        assert "Respondido tarde" in page.text
        # Fifteen business days after Monday 6 July, with holidays on 13 and 20 July: the last one was Wednesday 29.
        assert re.findall(r"día \d+ de \d+ hábiles", page.text) == ["día 17 de 15 hábiles"] * 2


@ON_SQLITE
async def test_it_is_for_those_who_read_the_case_and_is_noted(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "ana", agency="dian")
    number = await asked(ventanilla)
    async with visitor(ventanilla, "ana") as browser:
        assert (await browser.get(f"/console/cases/{number}/document")).status == 404
    async with visitor(ventanilla, "luz", language="en") as browser:
        assert f'href="/console/cases/{number}/document"' in (await browser.get(f"/console/cases/{number}")).html
        # The citizen's language, not the reader's, but for what is never printed.
        document = (await browser.get(f"/console/cases/{number}/document")).text
        assert "Petición y respuestas" in document
        assert "Back to the case" in document
    noted = await log_of(ventanilla, object=number)
    assert [(row.action, row.detail, row.who) for row in noted] == [
        (Action.CASE_OPENED, "", "luz"), (Action.CASE_OPENED, "document", "luz"),
    ]  # fmt: skip
