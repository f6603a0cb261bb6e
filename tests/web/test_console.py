"""The console over HTTP, without scripts: from a citizen's text to the delivered answer, and its edges."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import log
from gateway.clock import new_id
from gateway.store import alarms
from gateway.store import schema as t
from gateway.store.staff import Member
from routing.catalog import FileLimits
from tests.support.running import PHONE, Running
from tests.web.visitor import employ, visitor

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
OTHER_PHONE = "+573005550002"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 17


@pytest.fixture
async def luz(ventanilla: Running) -> Member:
    return await employ(ventanilla, "luz", agency="sena")


async def _case(ventanilla: Running, text: str = QUESTION, **more: str) -> str:
    before = {case.number for case in await ventanilla.cases()}
    await ventanilla.text(text, **more)
    [number] = {case.number for case in await ventanilla.cases()} - before
    return str(number)


async def _attach(ventanilla: Running, number: str, content: bytes, **values: Any) -> int:
    """A file that came with the case's first message, as intake leaves it."""
    gateway = ventanilla.gateway
    kept = gateway.files.keep(content, claimed=None, limits=FileLimits())
    messages, _ = await ventanilla.story(number)
    row = {
        "id": new_id(), "message_id": messages[0].id, "position": 0, "kind": "document", "reference": "x",
        "state": "stored", "stored_as": kept.name, "content_type": kept.content_type, "size": kept.size, "tries": 0,
    } | values  # fmt: skip
    await gateway.store.transact(lambda conn: conn.execute(insert(t.attachment).values(**row)))
    return int(row["id"])


async def test_a_question_is_taken_answered_and_seen_delivered_in_the_pages_alone(
    ventanilla: Running, luz: Member
) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        queue = await browser.get("/console?view=unassigned")
        assert QUESTION in queue.text
        assert "+57 ••• ••• 0001" in queue.text
        assert PHONE not in queue.html
        case = await browser.post("/console/next")
        assert case.path == f"/console/cases/{number}?done=taken"
        answered = await browser.post(
            f"/console/cases/{number}/reply", text="Abren el 15 de enero.\r\nLleve su documento.", then="answered"
        )
        assert answered.path == f"/console/cases/{number}?done=replied_answered"
        assert "La respuesta salió y el caso quedó respondido." in answered.text
        texts = await ventanilla.texts_to(PHONE, at_least=2)
        assert "Abren el 15 de enero.\nLleve su documento." in texts
        await _delivered(ventanilla, number)
        seen = await browser.get(f"/console/cases/{number}")
        assert "✓✓ Entregado" in seen.text
        assert "Nombre de luz" in seen.text
        assert number in (await browser.get("/console?view=ended")).text


async def _delivered(ventanilla: Running, number: str, status: str = "delivered", **more: str) -> None:
    messages, _ = await ventanilla.story(number)
    [answer] = [m for m in messages if m.kind == "answer"]
    await ventanilla.twilio_post(
        f"/webhooks/sms/status?m={answer.id}",
        {"MessageSid": "SM" + "f" * 32, "MessageStatus": status, "AccountSid": "AC", **more},
    )


async def test_an_answer_that_failed_says_why_in_words_and_can_be_sent_again(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        await browser.post("/console/next")
        await browser.post(f"/console/cases/{number}/reply", text="Abren el 15 de enero.", then="open")
        await ventanilla.texts_to(PHONE, at_least=2)
        await ventanilla.eventually(lambda: _outbox_done(ventanilla, number))
        await _delivered(ventanilla, number, "undelivered", ErrorCode="30005")
        page = await browser.get(f"/console/cases/{number}")
        assert "El número no existe o ya no está en servicio." in page.text
        assert number in (await browser.get("/console?view=failed")).text
        messages, _ = await ventanilla.story(number)
        [failed] = [m.id for m in messages if m.status == "failed"]
        again = await browser.post(f"/console/cases/{number}/again", message=str(failed))
        assert again.path.endswith("?done=sent_again")
        assert len(await ventanilla.texts_to(PHONE, at_least=3)) == 3
        twice = await browser.post(f"/console/cases/{number}/again", message=str(failed))
        assert twice.status in (200, 409)


async def _outbox_done(ventanilla: Running, number: str) -> bool:
    messages, _ = await ventanilla.story(number)
    return [m.outbox_state for m in messages if m.kind == "answer"] == ["done"]


@pytest.mark.parametrize("view", ["mine", "unassigned", "open", "overdue", "today", "waiting", "failed", "ended"])
async def test_each_view_tells_what_it_is_when_it_is_empty(ventanilla: Running, luz: Member, view: str) -> None:
    async with visitor(ventanilla, "luz", language="en") as browser:
        page = await browser.get(f"/console?view={view}")
        assert page.status == 200
        assert "New cases show up here by themselves." in page.text


async def test_what_was_due_before_now_is_overdue_and_counted(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    # It would put right what is written here.
    await ventanilla.gateway.timekeeper.stop()
    await ventanilla.gateway.store.transact(
        lambda conn: conn.execute(update(t.cases).values(due_at=t.cases.c.received_at))
    )
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console?view=overdue")
        assert number in page.text
        assert "Vencido" in page.text
        assert '<span class="count alert" data-count="overdue">1</span>' in page.html


async def test_a_long_queue_goes_on_by_pages_and_shows_each_case_once(
    ventanilla: Running, luz: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.console.queue_page.PAGE", 3)
    numbers = {await _case(ventanilla, sender=f"+57300555{n:04d}") for n in range(7)}
    seen: list[str] = []
    async with visitor(ventanilla, "luz") as browser:
        path = "/console?view=open"
        while path:
            page = await browser.get(path)
            seen += [number for number in numbers if number in page.text]
            _, _, rest = page.html.partition('rel="next" href="')
            path = rest.partition('"')[0].replace("&amp;", "&")
    assert sorted(seen) == sorted(numbers)


async def test_whoever_writes_again_does_not_go_to_the_back_of_the_queue(ventanilla: Running, luz: Member) -> None:
    first = await _case(ventanilla)
    second = await _case(ventanilla, sender=OTHER_PHONE)
    await ventanilla.text("¿Y qué papeles llevo?")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console?view=open")
        assert page.html.index(first) < page.html.index(second)
        assert "¿Y qué papeles llevo?" in page.text


async def test_a_case_of_another_agency_does_not_exist_on_any_page_or_form(ventanilla: Running) -> None:
    await employ(ventanilla, "diana", agency="dian")
    number = await _case(ventanilla)
    messages, _ = await ventanilla.story(number)
    file_id = await _attach(ventanilla, number, PNG)
    case, message = f"/console/cases/{number}", str(messages[0].id)
    async with visitor(ventanilla, "diana") as browser:
        assert number not in (await browser.get("/console?view=open&agency=sena")).text
        for path in (case, f"/console/attachments/{file_id}", f"/console/attachments/{file_id}?inline=1"):
            assert (await browser.get(path)).status == 404, path
        assert (await browser.get(f"{case}/story")).status == 404
        for name, fields in (
            ("reply", {"text": "hola", "then": "answered"}),
            ("note", {"text": "hola"}),
            ("take", {}),
            ("release", {}),
            ("transfer", {"agency": "dian", "reason": "es nuestro"}),
            ("close", {"outcome": "spam", "reason": "no sirve"}),
            ("reopen", {"reason": "de nuevo"}),
            ("split", {"message": message}),
            ("move", {"message": message, "to": number}),
            ("again", {"message": message}),
            ("reveal", {}),
            ("presence", {"doing": "viewing"}),
        ):
            answer = await browser.post(f"{case}/{name}", **fields)
            assert (answer.status, QUESTION in answer.text) == (404, False), name
    after, events = await ventanilla.story(number)
    assert [m.id for m in after] == [m.id for m in messages]
    assert {e.kind for e in events} <= {"received", "routed", "assigned", "acknowledged"}


async def test_an_operator_reads_a_case_and_is_offered_no_work_on_it(ventanilla: Running) -> None:
    await employ(ventanilla, "ana", role="operator")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "ana") as browser:
        page = await browser.get(f"/console/cases/{number}")
        assert QUESTION in page.text
        for form in ("/reply", "/note", "/take", "/transfer", "/close"):
            assert f'action="/console/cases/{number}{form}"' not in page.html
        assert (await browser.post(f"/console/cases/{number}/take")).status == 403
        assert (await browser.post("/console/next", agency="sena")).status == 403


async def test_an_administrator_narrows_to_an_agency_and_takes_its_next_case(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="administrator")
    sena, dian = await _case(ventanilla), await _case(ventanilla, "DIAN cómo saco el RUT", sender=OTHER_PHONE)
    async with visitor(ventanilla, "jefa") as browser:
        both = await browser.get("/console?view=open")
        assert sena in both.text
        assert dian in both.text
        one = await browser.get("/console?view=open&agency=dian")
        assert (sena in one.text, dian in one.text) == (False, True)
        assert (await browser.post("/console/next", agency="dian")).path.startswith(f"/console/cases/{dian}")
        assert (await browser.post("/console/next")).status == 422


async def test_two_who_take_next_at_once_get_different_cases(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    numbers = {await _case(ventanilla), await _case(ventanilla, sender=OTHER_PHONE)}
    async with visitor(ventanilla, "luz") as one, visitor(ventanilla, "jorge") as two:
        pages = await asyncio.gather(one.post("/console/next"), two.post("/console/next"))
        assert {page.path.split("/")[-1].partition("?")[0] for page in pages} == numbers
        empty = await one.post("/console/next")
        assert "No hay casos esperando." in empty.text


async def test_when_somebody_else_took_the_case_nothing_typed_is_lost(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    number = await _case(ventanilla)
    typed = 'Abren el "15" de enero </textarea><b>'
    async with visitor(ventanilla, "jorge") as other, visitor(ventanilla, "luz") as browser:
        await browser.get(f"/console/cases/{number}")
        await other.post("/console/next")
        page = await browser.post(f"/console/cases/{number}/reply", text=typed, then="answered")
        assert page.status == 409
        assert "Otra persona tiene este caso." in page.text
        kept = await browser.post(f"/console/cases/{number}/take", reason="no")
        assert kept.status == 422
        assert 'value="no"' in kept.html
        over = await browser.post(f"/console/cases/{number}/take", reason="Jorge está de permiso")
        assert "Nombre de luz lo tomó en lugar de otra persona:" in over.text
        sent = await browser.post(f"/console/cases/{number}/reply", text=typed, then="closed")
        assert "&lt;/textarea&gt;&lt;b&gt;" in sent.html


async def test_a_transfer_needs_an_agency_and_a_reason_and_leaves_the_old_queue(
    ventanilla: Running, luz: Member
) -> None:
    await employ(ventanilla, "diana", agency="dian")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "diana") as other:
        refused = await browser.post(f"/console/cases/{number}/transfer", agency="dian", reason="")
        assert refused.status == 422
        assert "Escriba un motivo de 3 a 300 caracteres." in refused.text
        done = await browser.post(f"/console/cases/{number}/transfer", agency="dian", reason="Es un impuesto")
        assert done.path == "/console?done=transferred"
        assert (await browser.get(f"/console/cases/{number}")).status == 404
        case = await other.get(f"/console/cases/{number}")
        assert "lo trasladó de SENA a DIAN:" in case.text
        assert "Es un impuesto" in case.text


async def test_a_note_is_marked_as_internal_and_never_sent(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.post(f"/console/cases/{number}/note", text="Llamé al Centro.")
        assert '<li class="bubble note"' in page.html
        assert "Llamé al Centro." in page.text
    assert not [body for body in await ventanilla.texts_to(PHONE) if "Centro." in body]


async def test_a_case_is_closed_with_a_reason_and_opened_again(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        closed = await browser.post(f"/console/cases/{number}/close", outcome="duplicate", reason="Ya preguntó ayer")
        assert "Nombre de luz lo cerró (Repetido)" in closed.text
        again = await browser.post(f"/console/cases/{number}/close", outcome="duplicate", reason="Ya preguntó ayer")
        assert (again.status, "El caso ya está cerrado." in again.text) == (409, True)
        opened = await browser.post(f"/console/cases/{number}/reopen", reason="Era otra pregunta")
        assert "Nombre de luz lo reabrió:" in opened.text
        assert "Era otra pregunta" in opened.text


async def test_a_message_becomes_a_case_of_its_own(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    await ventanilla.text("¿Y el contrato de aprendizaje?")
    messages, _ = await ventanilla.story(number)
    [second] = [m.id for m in messages if "contrato" in m.text]
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.post(f"/console/cases/{number}/split", message=str(second))
        assert "Nombre de luz separó un mensaje en el caso" in page.text
        [new] = [case.number for case in await ventanilla.cases() if case.number != number]
        assert new in page.text
        assert f"Continúa el caso {number}" in (await browser.get(f"/console/cases/{new}")).text
        back = await browser.post(f"/console/cases/{number}/move", message="99999999999999999999", to=new)
        assert back.status == 404


async def test_the_due_day_is_explained_day_by_day(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz", language="en") as browser:
        page = await browser.get(f"/console/cases/{number}")
        assert "10 business days." in page.text
        assert "day of receipt" in page.text
        # The agency's clock, and the citizen's.
        assert page.text.count(" business day ") == 2 * 10
        assert "The first word is no keyword." in page.text


async def test_an_address_is_shown_in_full_only_when_asked_for(
    ventanilla: Running, luz: Member, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("json")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        assert PHONE not in (await browser.get(f"/console/cases/{number}")).html
        assert PHONE in (await browser.post(f"/console/cases/{number}/reveal")).text
        assert PHONE not in (await browser.get(f"/console/cases/{number}")).html
    [said] = [line for line in capsys.readouterr().err.splitlines() if "addresses revealed" in line]
    assert f"staff:{luz.id}" in said
    assert number in said
    assert PHONE not in said


HOSTILE = (
    "<script>alert(1)</script>",
    "SENA \u202egpj.exe\u202c fin",
    "SENA \x07\x1b[31mrojo\x1b[0m \x85",
    "SENA {{ 7*7 }} {% raw %} ${7*7}",
    '" onmouseover="alert(1)',
)


async def test_hostile_words_stay_words(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla, "SENA " + " | ".join(HOSTILE))
    await ventanilla.gateway.store.transact(
        lambda conn: conn.execute(update(t.contact).values(name="Ana\u202e\nPérez <img src=x onerror=alert(1)>"))
    )
    await _attach(ventanilla, number, b"<html><script>alert(1)</script>", filename='\u202efdp.<b>"exe\n.html')
    async with visitor(ventanilla, "luz") as browser:
        for path in ("/console?view=open", f"/console/cases/{number}"):
            page = await browser.get(path)
            assert page.status == 200
            assert "<script>" not in page.html
            assert "<img src=x" not in page.html
            assert "<b>" not in page.html.replace("<b>Nosotros:</b>", "")
            assert ' onmouseover="' not in page.html
            assert "\x1b" not in page.html
            assert "\u202e" not in page.html
            assert "49" not in page.text.replace(number, "")
        assert "␛[31mrojo␛[0m" in page.text
        assert '<div class="said" dir="auto">' in page.html
        assert "Ana Pérez" in page.text


async def test_a_file_is_downloaded_and_never_a_page_of_ours(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    page_id = await _attach(ventanilla, number, b"<html><script>alert(1)</script>", filename="../../hoja de vida.html")
    async with visitor(ventanilla, "luz") as browser:
        for path in (f"/console/attachments/{page_id}", f"/console/attachments/{page_id}?inline=1"):
            headers = (await browser.get(path)).headers
            assert headers["content-type"] == "application/octet-stream"
            assert headers["content-disposition"] == "attachment; filename*=UTF-8''_.._hoja%20de%20vida.html"
            assert "sandbox" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
        assert (await browser.get("/console/attachments/9999999999999999999")).status == 404


async def test_a_picture_is_shown_in_the_page(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    file_id = await _attach(ventanilla, number, PNG, kind="image", filename="foto.png")
    async with visitor(ventanilla, "luz") as browser:
        assert (
            f'<img src="/console/attachments/{file_id}?inline=1"'
            in (await browser.get(f"/console/cases/{number}")).html
        )
        shown = await browser.get(f"/console/attachments/{file_id}?inline=1")
        assert shown.headers["content-type"] == "image/png"
        assert shown.headers["content-disposition"].startswith("inline")
        whole = await browser.get(f"/console/attachments/{file_id}")
        assert whole.headers["content-disposition"].startswith("attachment")


async def test_a_place_is_shown_as_coordinates(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    await ventanilla.gateway.store.transact(
        lambda conn: conn.execute(
            update(t.message)
            .where(t.message.c.direction == "in")
            .values(raw={"location": [-4.2153, -69.9406, "Leticia"]})
        )
    )
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/cases/{number}")
        assert "-4.21530, -69.94060" in page.text
        assert "Leticia" in page.text


async def test_a_managers_console_tells_what_rings_for_their_agency(ventanilla: Running, luz: Member) -> None:
    now = ventanilla.gateway.clock()

    async def ring(conn: AsyncConnection) -> None:
        for agency in ("sena", "dian"):
            await alarms.ring(conn, kind="no-manager", subject=agency, detail="-", now=now)

    await ventanilla.gateway.store.transact(ring)
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console")
        assert page.text.count("Su entidad no tiene quién responda") == 1


async def test_a_sender_that_cannot_be_answered_is_closed_instead(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla, "SENA ganó un premio", sender="PRIZES")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/cases/{number}")
        assert f'action="/console/cases/{number}/reply"' not in page.html
        refused = await browser.post(f"/console/cases/{number}/reply", text="hola", then="answered")
        assert (refused.status, "no se le puede responder" in refused.text) == (409, True)
        assert (await browser.get("/console?view=open")).status == 200


async def test_the_console_holds_no_address_of_another_site(ventanilla: Running, luz: Member) -> None:
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        for path in ("/console", f"/console/cases/{number}", "/login"):
            html = (await browser.get(path)).html
            assert "http://" not in html
            assert "https://" not in html


async def test_a_manager_without_an_agency_sees_no_case(ventanilla: Running) -> None:
    await employ(ventanilla, "nadie", agency=None)
    number = await _case(ventanilla)
    async with visitor(ventanilla, "nadie") as browser:
        assert number not in (await browser.get("/console?view=open")).text
        assert (await browser.get(f"/console/cases/{number}")).status == 404
    async with ventanilla.gateway.store.read() as conn:
        assert (await conn.execute(select(t.cases.c.agency))).scalar_one() == "sena"
