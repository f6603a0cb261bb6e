"""From a citizen's phone to the manager's answer and back."""

import asyncio
import gc

from gateway.inbound.batch import Batch
from gateway.ledger import Ledger
from gateway.principal import Principal, Role
from tests.support.running import PHONE, Running

QUESTION = "Buenos días, ¿cuándo abren las inscripciones del SENA en Leticia?"
SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")


async def test_a_text_becomes_a_case_and_is_acknowledged_with_its_number(ventanilla: Running) -> None:
    answer = await ventanilla.text(QUESTION)
    assert (answer.status, await answer.text()) == (200, "<Response/>")
    [case] = await ventanilla.cases()
    assert (case.agency, case.topic, case.state, case.last_line) == ("sena", "inscripciones", "open", QUESTION)
    [acknowledgement] = await ventanilla.texts_to(PHONE)
    assert case.number in acknowledgement
    assert "SENA" in acknowledgement


async def test_the_answer_reaches_the_phone_and_its_delivery_the_case(ventanilla: Running) -> None:
    await ventanilla.text(QUESTION)
    number = await ventanilla.gateway.desk.take_next(SENA)
    assert number is not None
    [message_id] = await ventanilla.gateway.desk.reply(SENA, number, "Abren el 15 de enero en el Centro de Leticia.")
    texts = await ventanilla.texts_to(PHONE, at_least=2)
    assert "Abren el 15 de enero en el Centro de Leticia." in texts
    await ventanilla.twilio_post(
        f"/webhooks/sms/status?m={message_id}",
        {"MessageSid": "SM" + "f" * 32, "MessageStatus": "delivered", "AccountSid": "AC"},
    )
    [case] = await ventanilla.cases()
    assert (case.state, case.assignee_id) == ("answered", SENA.id)
    messages, events = await ventanilla.story(number)
    assert [m.status for m in messages if m.id == message_id] == ["delivered"]
    assert [e.kind for e in events if e.data.get("message") == str(message_id)] == ["delivered"]


async def test_fifty_equal_requests_are_one_message_one_case_and_fifty_equal_answers(ventanilla: Running) -> None:
    # inbound case 12
    answers = await asyncio.gather(*(ventanilla.text(QUESTION, sid="SM" + "a" * 32) for _ in range(50)))
    assert {(a.status, await a.text()) for a in answers} == {(200, "<Response/>")}
    [case] = await ventanilla.cases()
    messages, _ = await ventanilla.story(case.number)
    assert len([m for m in messages if m.direction == "in"]) == 1


async def test_a_batch_is_gone_when_it_is_done(ventanilla: Running) -> None:
    """Rows that wait for the garbage collector are memory, and a pause in the middle of somebody's message."""

    async def gone() -> bool:
        # The timekeeper may just be at work with a ledger of its own.
        return not any(isinstance(each, Batch | Ledger) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        await ventanilla.text(QUESTION)
        await ventanilla.eventually(gone)
    finally:
        gc.enable()
