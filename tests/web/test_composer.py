"""The composer without scripts: canned answers, drafts, sending and going on, taking back, naming colleagues."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.principal import Principal, Role
from gateway.store import canned
from gateway.store import schema as t
from gateway.store.canned import Wording
from gateway.store.staff import Member
from tests.support.clocks import MovableClock
from tests.support.running import PHONE, Running, running, sample_deployment, undoable
from tests.web.visitor import Visitor, employ, visitor

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
OTHER_PHONE = "+573005550002"


@pytest.fixture
async def luz(ventanilla: Running) -> Member:
    return await employ(ventanilla, "luz", agency="sena")


async def asked(ventanilla: Running, *, sender: str = PHONE, text: str = QUESTION) -> str:
    """The number of a new case."""
    before = {case.number for case in await ventanilla.cases()}
    await ventanilla.text(text, sender=sender)
    [number] = {case.number for case in await ventanilla.cases()} - before
    return str(number)


async def word(ventanilla: Running, shortcut: str, text: str, **more: Any) -> int:
    """A canned answer of SENA's in Spanish, or another."""
    values: dict[str, Any] = {"agency": "sena", "language": "es", "title": f"Sobre {shortcut}", **more}
    wording = Wording(shortcut=shortcut, text=text, **values)
    gateway = ventanilla.gateway
    return await gateway.store.transact(lambda conn: canned.add(conn, wording, by=1, now=gateway.clock()))


async def options(browser: Visitor, path: str) -> list[dict[str, str]]:
    """What a list of the composer's offers."""
    async with browser.http.get(browser.base + path) as answer:
        assert answer.status == 200, answer.status
        found: list[dict[str, str]] = (await answer.json())["options"]
        return found


async def kept(ventanilla: Running) -> list[tuple[str, str]]:
    """Every draft's kind and text."""
    async with ventanilla.gateway.store.read() as conn:
        rows = await conn.execute(select(t.reply_draft).order_by(t.reply_draft.c.updated_at))
        return [(row.kind, row.text) for row in rows]


async def test_a_canned_answer_is_put_at_the_end_of_what_was_typed_and_filled_for_the_case(
    ventanilla: Running, luz: Member
) -> None:
    number = await asked(ventanilla)
    chosen = await word(
        ventanilla, "requisitos", "Buenos días, {name}: su caso {number} lo atiende {agency} en Leticia, carrera 11."
    )
    await word(ventanilla, "horario", "Our hours are 8 to 5.", agency=None, language="en", title="Hours")
    await word(ventanilla, "rut", "El RUT se saca en línea.", agency="dian")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/cases/{number}")
        assert "/requisitos · Sobre requisitos · 2 SMS" in page.text
        assert page.text.index("/requisitos") < page.text.index("/horario · Hours · English")
        assert "/rut" not in page.text
        put = await browser.post(
            f"/console/cases/{number}/draft", kind="answer", text="Un momento.", canned=str(chosen), put_in="1"
        )
        assert "Un momento.\nBuenos días: su caso " + number + " lo atiende SENA en Leticia" in put.text
        [first, *_] = await options(browser, f"/console/cases/{number}/answers?q=req")
        assert (first["name"], first["detail"]) == ("/requisitos Sobre requisitos", "2 SMS")
        assert first["text"] == f"Buenos días: su caso {number} lo atiende SENA en Leticia, carrera 11."
        both = await options(browser, f"/console/cases/{number}/answers")
        assert [each["name"] for each in both] == ["/requisitos Sobre requisitos", "/horario Hours"]
        assert both[1]["detail"].startswith("English")


async def test_a_draft_is_there_for_its_writer_alone_and_goes_with_its_answer(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    number, other = await asked(ventanilla), await asked(ventanilla, sender=OTHER_PHONE)
    case = f"/console/cases/{number}"
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jorge") as colleague:
        await browser.get(case)
        saved = await browser.post(f"{case}/draft", kind="answer", text="Abren el\r\n15")
        assert (saved.status, saved.path) == (200, f"{case}?done=draft_saved")
        assert "Abren el\n15</textarea>" in saved.html
        assert "Borrador guardado" in saved.text
        await browser.post(f"{case}/draft", kind="note", text="Preguntar a la sede")
        assert "Preguntar a la sede</textarea>" in (await browser.get(case)).html
        assert "Abren el" not in (await colleague.get(case)).text
        assert (await browser.get("/console?view=open")).html.count(">Borrador<") == 1
        assert ">Borrador<" not in (await colleague.get("/console?view=open")).html
        await browser.post(f"{case}/reply", text="Abren el 15 de enero.", then="open")
        assert await kept(ventanilla) == [("note", "Preguntar a la sede")]
        await browser.post(f"{case}/note", text="La sede dice que el 15.")
        assert await kept(ventanilla) == []
        await browser.post(f"/console/cases/{other}/draft", kind="answer", text="Otra cosa")
        await browser.post(f"/console/cases/{other}/draft", kind="answer", text="  ")
        assert await kept(ventanilla) == []


async def test_what_is_no_draft_is_refused_and_a_refused_answer_stays_one(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    number = await asked(ventanilla)
    case = f"/console/cases/{number}"
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jorge") as colleague:
        await browser.get(case)
        assert (await browser.post(f"{case}/draft", kind="poem", text="Oda")).status == 422
        long = await browser.post(f"{case}/draft", kind="answer", text="x" * 20_001)
        assert (long.status, "a lo sumo 20000 caracteres" in long.text) == (422, True)
        assert (await browser.post(f"{case}/draft", kind="answer", text="Hola", put_in="1", canned="17")).status == 404
        await browser.post(f"{case}/draft", kind="answer", text="Abren el 15")
        await colleague.post("/console/next")
        assert (await browser.post(f"{case}/reply", text="Abren el 15 de enero", then="answered")).status == 409
        assert await kept(ventanilla) == [("answer", "Abren el 15")]


async def test_a_script_is_told_when_its_draft_was_kept(ventanilla: Running, luz: Member) -> None:
    number = await asked(ventanilla)
    async with visitor(ventanilla, "luz", language="en") as browser:
        await browser.get(f"/console/cases/{number}")
        told = await browser.post(f"/console/cases/{number}/draft", kind="answer", text="Opens on", script="1")
        assert told.status == 200
        assert told.html.startswith('{"said": "Draft saved ')
        gone = await browser.post(f"/console/cases/{number}/draft", kind="answer", text="", script="1")
        assert gone.html == '{"said": ""}'
        assert await kept(ventanilla) == []


async def test_send_and_next_goes_on_until_nothing_waits(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jefa", role="administrator")
    first, second = await asked(ventanilla), await asked(ventanilla, sender=OTHER_PHONE)
    elsewhere = await asked(ventanilla, sender="+573005550003", text="DIAN cómo saco el RUT")
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jefa") as boss:
        await browser.post("/console/next")
        following = await browser.post(f"/console/cases/{first}/reply", text="Abren el 15.", then="next")
        assert following.path == f"/console/cases/{second}?done=next"
        assert "Este es el caso que sigue." in following.text
        last = await browser.post(f"/console/cases/{second}/reply", text="Abren el 15.", then="next")
        assert last.path == "/console?view=mine&done=nothing"
        assert "No hay casos esperando." in last.text
        # Who serves every agency goes on in the agency they have just answered for.
        await boss.get("/console")
        assert (await boss.post(f"/console/cases/{first}/reply", text="Y el 20.", then="next")).status == 200
        assert {case.number: case.assignee_id for case in await ventanilla.cases()}[elsewhere] is None


@pytest.fixture
async def undoing(database: str, tmp_path: Path) -> AsyncIterator[tuple[Running, MovableClock]]:
    """A gateway where answers wait ten seconds, on a clock that stands."""
    clock = MovableClock()
    deployment = undoable(sample_deployment(), seconds=10)
    async with running(database, tmp_path, now=clock, deployment=deployment) as started:
        await employ(started, "luz", agency="sena")
        yield started, clock


async def test_an_answer_is_taken_back_on_the_page_that_follows_and_leaves_when_its_time_is_over(
    undoing: tuple[Running, MovableClock],
) -> None:
    ventanilla, clock = undoing
    number, second = await asked(ventanilla), await asked(ventanilla, sender=OTHER_PHONE)
    case = f"/console/cases/{number}"
    async with visitor(ventanilla, "luz") as browser:
        await browser.post("/console/next")
        following = await browser.post(f"{case}/reply", text="Abren el 15.\r\nLleve su cédula.", then="next")
        assert following.path == f"/console/cases/{second}?done=next&undo={number}"
        assert f'action="{case}/undo"' in following.html
        assert f"La respuesta del caso {number} sale en unos segundos." in following.text
        assert ">Borrador<" not in (await browser.get("/console?view=open")).html
        back = await browser.post(f"{case}/undo")
        assert back.path == f"{case}?done=undone"
        assert "Abren el 15.\nLleve su cédula.</textarea>" in back.html
        assert "No salió; se deshizo" in back.text
        sent = await browser.post(f"{case}/reply", text="Abren el 16.", then="closed")
        assert sent.path == f"{case}?done=replied_closed&undo={number}"
        assert "El caso quedó cerrado. La respuesta sale en unos segundos." in sent.text
        assert "La respuesta salió" not in sent.text
        clock.move(seconds=11)
        assert await ventanilla.texts_to(PHONE, at_least=2) == [
            *(await ventanilla.texts_to(PHONE))[:1], "Abren el 16."
        ]  # fmt: skip
        assert "/undo" not in (await browser.get(sent.path)).html
        late = await browser.post(f"{case}/undo")
        assert (late.status, "Ya no se puede deshacer." in late.text) == (409, True)
    assert [kind for kind, _ in await kept(ventanilla)] == ["given"]


async def test_what_was_begun_since_stays_below_an_answer_that_is_taken_back(
    undoing: tuple[Running, MovableClock],
) -> None:
    ventanilla, _ = undoing
    number = await asked(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        await browser.post("/console/next")
        await browser.post(f"/console/cases/{number}/reply", text="Abren el 15.", then="open")
        await browser.post(f"/console/cases/{number}/draft", kind="answer", text="Y otra cosa")
        await browser.post(f"/console/cases/{number}/undo")
    assert await kept(ventanilla) == [("answer", "Abren el 15.\n\nY otra cosa")]


async def test_a_colleague_named_in_a_note_is_told_and_one_who_may_not_read_it_is_refused(
    ventanilla: Running, luz: Member
) -> None:
    jorge = await employ(ventanilla, "jorge.p", agency="sena")
    guia = await employ(ventanilla, "guia", role="triage")
    await employ(ventanilla, "diana", agency="dian")
    number = await asked(ventanilla)
    case = f"/console/cases/{number}"
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jorge.p") as told:
        await browser.get(case)
        for login in ("diana", "nadie"):
            refused = await browser.post(f"{case}/note", text=f"¿Esto es suyo, @{login}?")
            assert refused.status == 422
            assert f"Nadie con el usuario {login} puede leer este caso." in refused.text
            assert f"@{login}?</textarea>" in refused.html
        noted = await browser.post(
            f"{case}/note", text="@Jorge.p, ¿lo llama usted? Copia a @guia y a @luz. ana@sena.co"
        )
        assert "<mark>@Jorge.p</mark>, ¿lo llama" in noted.html
        assert "<mark>@sena" not in noted.html
        _, events = await ventanilla.story(number)
        assert events[-1].data["mentions"] == [str(jorge.id), str(guia.id), str(luz.id)]
        notices = await told.get("/console/notices")
        assert "Nombre de luz le nombró en una nota." in notices.text
        assert number in notices.text
        assert "nombró" not in (await browser.get("/console/notices")).text
        [found] = await options(browser, f"{case}/colleagues?q=j")
        assert found["name"] == "Nombre de jorge.p"
        assert (found["detail"], found["text"]) == ("@jorge.p · Responde por su entidad", "@jorge.p ")
        every = await options(browser, f"{case}/colleagues?q=nombre")
        assert [each["text"] for each in every] == ["@jorge.p ", "@guia "]


async def test_who_is_named_by_a_program_is_told_too_and_a_token_keeps_no_draft(
    ventanilla: Running, luz: Member
) -> None:
    number = await asked(ventanilla)
    program = Principal(id=4711, name="programa", role=Role.MANAGER, agency="sena", is_token=True)
    await ventanilla.gateway.desk.note(program, number, "Mire esto, @luz.")
    await ventanilla.gateway.desk.reply(program, number, "Abren el 15.")
    async with visitor(ventanilla, "luz") as browser:
        assert "programa le nombró en una nota." in (await browser.get("/console/notices")).text
    assert await kept(ventanilla) == []
