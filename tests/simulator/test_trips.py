"""The trips a citizen makes, from the handset to the manager's answer and back, over real HTTP."""

import base64

from sqlalchemy import select

from gateway.store import schema as t
from tests.simulator.desk import PNG, Desk, manager
from tests.support.running import PHONE

QUESTION = "Buenos días, ¿cuándo abren las inscripciones del SENA en Leticia?"
ANSWER = "Abren el 15 de enero en el Centro de Leticia."


async def test_a_text_is_acknowledged_and_answered_on_the_same_phone(desk: Desk) -> None:
    state = await desk.do("sms", text=QUESTION)
    assert [(each["from"], each["status"]) for each in state["sms"] if each["from"] == "phone"] == [
        ("phone", "received")
    ]
    [acknowledgement] = await desk.delivered()
    [case] = await desk.running.cases()
    assert case.number in acknowledgement["text"]
    assert case.agency == "sena"
    await desk.gateway.desk.reply(manager("sena"), case.number, ANSWER)
    texts = await desk.delivered(at_least=2)
    assert texts[-1]["text"] == ANSWER
    await desk.settled(case.number, ("acknowledgement", "delivered", "done"), ("answer", "delivered", "done"))


async def test_a_text_with_a_picture_brings_the_picture_from_the_providers_storage(desk: Desk) -> None:
    picture = {"content_type": "image/png", "base64": base64.b64encode(PNG).decode()}
    await desk.do("sms", text=QUESTION, media=[picture])

    async def stored() -> list[bytes]:
        async with desk.gateway.store.read() as conn:
            rows = await conn.execute(select(t.attachment.c.stored_as).where(t.attachment.c.state == "stored"))
            return [desk.gateway.files.path(row.stored_as).read_bytes() for row in rows]

    assert await desk.soon(stored) == [PNG]


async def test_a_question_typed_over_two_screens_is_answered_by_text(desk: Desk) -> None:
    await desk.do("dial")
    for key in ("1", "1", "8"):
        state = await desk.do("answer", text=key)
    assert "Escriba su pregunta" in state["ussd"]["screen"]
    await desk.do("answer", text="Necesito saber del SENA")
    state = await desk.do("answer", text="2")
    assert state["ussd"]["open"]
    state = await desk.do("answer", text="cuando abren las inscripciones")
    assert "cuando abren las inscripciones" in state["ussd"]["screen"]
    state = await desk.do("answer", text="1")
    [case] = await desk.running.cases()
    assert case.number in state["ussd"]["screen"]
    assert (state["ussd"]["open"], state["ussd"]["ended"]) == (False, "terminada")
    assert (case.agency, case.last_line) == ("sena", "Necesito saber del SENA cuando abren las inscripciones")
    await desk.gateway.desk.reply(manager("sena"), case.number, ANSWER)
    assert ANSWER.replace("é", "e") in [each["text"] for each in await desk.delivered(at_least=2)]


async def test_my_cases_on_the_handset_lists_the_case_that_came_by_text(desk: Desk) -> None:
    await desk.do("sms", text=QUESTION)
    [case] = await desk.running.cases()
    state = await desk.do("dial", text="1*2")
    assert case.number in state["ussd"]["screen"]
    assert "SENA" in state["ussd"]["screen"]


async def test_a_dropped_session_keeps_what_was_typed_and_offers_it_again(desk: Desk) -> None:
    # inbound cases 31 and 32
    await desk.do("dial")
    for typed in ("1", "1", "8", "Se rompio el puente de mi vereda"):
        await desk.do("answer", text=typed)
    state = await desk.do("drop")
    assert (state["ussd"]["open"], state["ussd"]["ended"]) == (False, "cortada")
    async with desk.gateway.store.read() as conn:
        assert (await conn.execute(select(t.session.c.ended))).scalars().all() == ["dropped"]
    state = await desk.do("dial")
    assert "Se rompio el puente" in state["ussd"]["screen"]
    await desk.do("answer", text="1")
    await desk.do("answer", text="1")
    [case] = await desk.running.cases()
    assert case.last_line == "Se rompio el puente de mi vereda"


async def test_a_telegram_photo_reaches_the_agency_its_sender_chooses_with_buttons(desk: Desk) -> None:
    photo = {"content_type": "image/png", "base64": base64.b64encode(PNG).decode()}
    await desk.do("telegram", text="Mire cómo quedó esto", file=photo)
    [acknowledgement] = await desk.said()
    [case] = await desk.running.cases()
    assert case.number in acknowledgement["text"]
    assert case.agency == desk.gateway.current().catalog.gateway.triage
    await desk.press(acknowledgement, "Servicios, alcaldías")
    await desk.press((await desk.said(at_least=2))[-1], "INVIAS")
    await desk.press((await desk.said(at_least=3))[-1], "Huecos y puentes")
    moved = (await desk.said(at_least=4))[-1]
    [case] = await desk.running.cases()
    assert (case.agency, case.topic) == ("invias", "huecos")
    assert case.number in moved["text"]
    assert "INVIAS" in moved["text"]
    assert not any(each["waiting"] for each in (await desk.state())["telegram"])

    async def stored() -> list[bytes]:
        async with desk.gateway.store.read() as conn:
            rows = await conn.execute(select(t.attachment.c.stored_as).where(t.attachment.c.state == "stored"))
            return [desk.gateway.files.path(row.stored_as).read_bytes() for row in rows]

    assert await desk.soon(stored) == [PNG]
    await desk.gateway.desk.reply(manager("invias"), case.number, "Mañana va una cuadrilla.")
    assert (await desk.said(at_least=5))[-1]["text"] == "Mañana va una cuadrilla."
    await desk.do("telegram", text="/estado")
    assert case.number in (await desk.said(at_least=6))[-1]["text"]


async def test_start_offers_the_menu_and_a_question_after_it_goes_where_the_menu_led(desk: Desk) -> None:
    # inbound case 14
    await desk.do("telegram", text="/start")
    [menu] = await desk.said()
    await desk.press(menu, "Hacer una pregunta")
    await desk.press((await desk.said(at_least=2))[-1], "Educación")
    await desk.press((await desk.said(at_least=3))[-1], "SENA")
    await desk.press((await desk.said(at_least=4))[-1], "Certificados")
    asked = (await desk.said(at_least=5))[-1]
    assert asked["text"].startswith("Escriba su pregunta")
    await desk.do("telegram", text="No me llega el mío")
    await desk.said(at_least=6)
    [case] = await desk.running.cases()
    assert (case.agency, case.topic) == ("sena", "certificados")


async def test_a_deep_link_leads_straight_to_the_question_for_its_agency(desk: Desk) -> None:
    await desk.do("telegram", text="/start icetex")
    [asked] = await desk.said()
    assert asked["text"].startswith("Escriba su pregunta")
    assert asked["ask_phone"] == "Compartir mi teléfono"
    await desk.do("telegram", text="¿Cuándo me desembolsan?")
    await desk.said(at_least=2)
    [case] = await desk.running.cases()
    assert case.agency == "icetex"


async def test_sharing_the_phone_joins_the_cases_that_came_by_text(desk: Desk) -> None:
    # inbound case 18
    await desk.do("sms", text=QUESTION)
    [case] = await desk.running.cases()
    await desk.do("telegram", text="/estado")
    assert case.number not in (await desk.said())[-1]["text"]
    await desk.do("contact")
    assert case.number in (await desk.said(at_least=2))[-1]["text"]
    await desk.do("telegram", text="/estado")
    assert case.number in (await desk.said(at_least=3))[-1]["text"]


async def test_a_chat_in_english_is_answered_in_english(desk: Desk) -> None:
    # inbound case 13
    mary = "+573005550003"
    await desk.do("telegram", phone=mary, text="When does SENA enrolment open?")
    [acknowledgement] = await desk.said(phone=mary)
    assert acknowledgement["text"].startswith("Thank you.")
    assert (await desk.running.cases())[0].contact_name == "Mary Johnson"


async def test_two_phones_have_two_stories(desk: Desk) -> None:
    # inbound case 34
    other = "+573005550002"
    await desk.do("dial")
    await desk.do("dial", phone=other)
    await desk.do("answer", text="1")
    assert (await desk.state(other))["ussd"]["screen"] != (await desk.state(PHONE))["ussd"]["screen"]
