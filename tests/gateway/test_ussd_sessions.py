"""A handset's session over HTTP: screens, repeats, drops, restarts, and the case at its end."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.store import schema as t
from tests.support.running import PHONE, USSD_SECRET, Running, running

# Language, ask, education, SENA, enrolment.
TO_THE_QUESTION = ["1", "1", "1", "1", "1"]


class Handset:
    """A phone in one session: everything typed travels again each time, as the provider sends it."""

    def __init__(self, started: Running, *, session: str = "ATUid_1", phone: str = PHONE, code: str = "*484#") -> None:
        self.started, self.session, self.phone, self.code = started, session, phone, code
        self.accumulated = ""
        self.begun = False

    async def dial(self, choices: str = "") -> str:
        """The first screen."""
        self.accumulated, self.begun = choices, True
        return await self.again()

    async def type(self, *inputs: str) -> str:
        """Type and send, one screen after the other; the last screen comes back."""
        screen = "" if self.begun else await self.dial()
        for each in inputs:
            self.accumulated = f"{self.accumulated}*{each}" if self.accumulated else each
            screen = await self.again()
        return screen

    async def again(self) -> str:
        """The last request once more."""
        screen = await self.started.dial(self.accumulated, session=self.session, phone=self.phone, code=self.code)
        assert len(screen) <= len("CON ") + 160
        return screen

    async def ends(self, status: str) -> int:
        """The provider's notification that the session is over."""
        form = {
            "sessionId": self.session, "phoneNumber": self.phone, "serviceCode": self.code, "status": status,
            "durationInMillis": "9000", "hopsCount": "3", "input": self.accumulated,
        }  # fmt: skip
        url = f"{self.started.public}/webhooks/ussd/{USSD_SECRET}/status"
        async with self.started.http.post(url, data=form) as answer:
            return answer.status


async def questions(started: Running) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(t.message).where(t.message.c.direction == "in").order_by(t.message.c.id)))


async def test_the_first_screen_takes_the_dialled_code_for_nothing_that_was_said(ventanilla: Running) -> None:
    # inbound case 26
    screen = await Handset(ventanilla).dial()
    assert screen.startswith("CON ")
    assert "1. Español" in screen
    assert await questions(ventanilla) == []


async def test_a_question_is_a_case_whose_number_is_on_the_last_screen(ventanilla: Running) -> None:
    last = await Handset(ventanilla).type(*TO_THE_QUESTION, "¿Cuándo abren?", "1")
    [case] = await ventanilla.cases()
    assert last.startswith("END ")
    assert case.number in last
    assert "SENA" in last
    assert (case.agency, case.topic, case.channel) == ("sena", "inscripciones", "ussd")
    assert [row.text for row in await questions(ventanilla)] == ["¿Cuándo abren?"]
    assert any(case.number in text for text in await ventanilla.texts_to())


async def test_a_star_in_a_question_is_part_of_it(ventanilla: Running) -> None:
    # inbound case 27
    await Handset(ventanilla).type(*TO_THE_QUESTION, "¿2*3*1 cupos? *", "1")
    assert [row.text for row in await questions(ventanilla)] == ["¿2*3*1 cupos? *"]


async def test_the_identical_request_shows_the_same_screen_and_moves_nothing(ventanilla: Running) -> None:
    # inbound case 28
    handset = Handset(ventanilla)
    for each in ("", *TO_THE_QUESTION, "¿Cuándo abren?", "1"):
        first = await (handset.type(each) if each else handset.dial())
        assert [await handset.again() for _ in range(2)] == [first, first]
    assert len(await ventanilla.cases()) == 1
    assert len(await questions(ventanilla)) == 1


async def test_the_identical_last_request_at_the_same_time_is_one_case(ventanilla: Running) -> None:
    # inbound case 28
    handset = Handset(ventanilla)
    await handset.type(*TO_THE_QUESTION, "¿Cuándo abren?")
    handset.accumulated += "*1"
    screens = await asyncio.gather(*(handset.again() for _ in range(10)))
    [case] = await ventanilla.cases()
    assert set(screens) == {screens[0]}
    assert case.number in screens[0]
    assert len(await questions(ventanilla)) == 1


async def test_an_input_that_does_not_continue_the_last_one_is_taken_up_from_its_end(ventanilla: Running) -> None:
    # inbound case 29
    handset = Handset(ventanilla)
    await handset.type("1", "1")
    handset.accumulated = "7*7*1"
    assert "SENA" in await handset.again()


async def test_choices_dialled_with_the_code_lead_where_they_lead_screen_by_screen(ventanilla: Running) -> None:
    # inbound case 30
    handset = Handset(ventanilla, code="*484*1*1*1*1*1#")
    assert "Escriba su pregunta" in await handset.dial("1*1*1*1*1")
    last = await handset.type("¿Cuándo abren?", "1")
    [case] = await ventanilla.cases()
    assert case.number in last


async def test_a_dropped_question_is_kept_and_offered_at_the_next_dial(ventanilla: Running) -> None:
    # inbound cases 31, 32
    handset = Handset(ventanilla)
    await handset.type(*TO_THE_QUESTION, "¿Cuándo abren?")
    assert await handset.ends("Incomplete") == 200
    assert await ventanilla.cases() == []
    again = Handset(ventanilla, session="ATUid_2")
    offered = await again.dial()
    assert "sin enviar: ¿Cuando abren?" in offered
    last = await again.type("1", "1")
    [case] = await ventanilla.cases()
    assert case.number in last
    assert (case.agency, [row.text for row in await questions(ventanilla)]) == ("sena", ["¿Cuándo abren?"])
    assert "sin enviar" not in await Handset(ventanilla, session="ATUid_3").dial()


async def test_a_draft_thrown_away_is_not_offered_again(ventanilla: Running) -> None:
    # inbound case 31
    await Handset(ventanilla).type(*TO_THE_QUESTION, "¿Cuándo abren?")
    screen = await Handset(ventanilla, session="ATUid_2").type("2")
    assert "1. Preguntar" in screen or "1. Español" in screen
    assert "sin enviar" not in await Handset(ventanilla, session="ATUid_3").dial()


async def test_a_draft_is_offered_to_nobody_else(ventanilla: Running) -> None:
    # inbound case 31
    await Handset(ventanilla).type(*TO_THE_QUESTION, "¿Cuándo abren?")
    assert "sin enviar" not in await Handset(ventanilla, session="ATUid_2", phone="+573009990001").dial()


async def test_a_question_may_go_on_over_two_screens(ventanilla: Running) -> None:
    last = await Handset(ventanilla).type(*TO_THE_QUESTION, "¿Cuándo abren", "2", "en Leticia?", "1")
    assert last.startswith("END ")
    assert [row.text for row in await questions(ventanilla)] == ["¿Cuándo abren en Leticia?"]


async def test_the_end_of_a_session_nobody_knows_is_answered_200(ventanilla: Running) -> None:
    # inbound case 32
    assert await Handset(ventanilla, session="never").ends("Incomplete") == 200
    handset = Handset(ventanilla)
    await handset.type("1")
    assert await handset.ends("Success") == 200
    async with ventanilla.gateway.store.read() as conn:
        [session] = await conn.execute(select(t.session))
    assert session.ended == "completed"


async def test_every_screen_fits_and_a_long_question_is_shortened_on_it_but_not_in_the_case(
    ventanilla: Running,
) -> None:
    # inbound case 33
    question = "¿Dónde está la inscripción más próxima según mi vereda? " * 8
    handset = Handset(ventanilla)
    for lead in ("1", "2", "3", "4", "5", "6", "7", "8", "0", "9", "hola", "*", ""):
        await handset.type(lead)
    other = Handset(ventanilla, session="ATUid_2", phone="+573009990001")
    confirm = await other.type(*TO_THE_QUESTION, question.strip())
    assert "Su pregunta: ¿Dónde" in confirm or "Su pregunta: ¿Donde" in confirm
    await other.type("1")
    assert [row.text for row in await questions(ventanilla)] == [question.strip()]


async def test_two_handsets_with_one_session_id_are_two_sessions(ventanilla: Running) -> None:
    # inbound case 34
    one, two = Handset(ventanilla), Handset(ventanilla, phone="+573009990001")
    await one.type(*TO_THE_QUESTION)
    assert "1. Español" in await two.dial()
    await asyncio.gather(one.type("¿Cuándo abren?", "1"), two.type(*TO_THE_QUESTION, "¿Hay cupo?", "1"))
    assert {case.reply_urn for case in await ventanilla.cases()} == {f"tel:{PHONE}", "tel:+573009990001"}


async def test_one_handset_with_two_codes_is_two_sessions(ventanilla: Running) -> None:
    # inbound case 34
    one = Handset(ventanilla, session="ATUid_1", code="*484#")
    two = Handset(ventanilla, session="ATUid_2", code="*485#")
    await one.type("1")
    assert "1. Español" in await two.dial()
    assert "Educacion" in await one.type("1")


async def test_a_session_id_used_again_after_its_end_is_a_new_session_and_a_new_question(ventanilla: Running) -> None:
    # inbound case 34
    for question in ("¿Cuándo abren?", "¿Hay cupo de noche?"):
        handset = Handset(ventanilla)
        assert "1. Español" in await handset.dial()
        last = await handset.type(*TO_THE_QUESTION, question, "1")
        assert last.startswith("END ")
    assert [row.text for row in await questions(ventanilla)] == ["¿Cuándo abren?", "¿Hay cupo de noche?"]


async def test_a_first_screen_asked_for_again_in_the_middle_begins_anew_and_keeps_what_was_typed(
    ventanilla: Running,
) -> None:
    # inbound case 29
    handset = Handset(ventanilla)
    await handset.type(*TO_THE_QUESTION, "¿Cuándo abren?")
    offered = await handset.dial()
    assert "sin enviar: ¿Cuando abren?" in offered
    await handset.type("1", "1")
    assert [row.text for row in await questions(ventanilla)] == ["¿Cuándo abren?"]


async def test_more_input_after_the_end_opens_no_second_case(ventanilla: Running) -> None:
    # inbound case 35
    handset = Handset(ventanilla)
    await handset.type(*TO_THE_QUESTION, "¿Cuándo abren?", "1")
    screen = await handset.type("1")
    assert screen.startswith("CON ")
    assert len(await questions(ventanilla)) == 1


async def test_a_session_goes_on_after_a_restart_in_its_middle(database: str, tmp_path: Path) -> None:
    # inbound case 35
    async with running(database, tmp_path) as started:
        handset = Handset(started)
        before = await handset.type(*TO_THE_QUESTION, "¿Cuándo abren?")
    async with running(database, tmp_path) as started:
        handset.started = started
        assert await handset.again() == before
        last = await handset.type("1")
        [case] = await started.cases()
        assert case.number in last
        assert await handset.again() == last
        assert len(await started.cases()) == 1


async def test_my_cases_lists_those_of_every_channel(ventanilla: Running) -> None:
    handset = Handset(ventanilla)
    assert "no tiene casos" in await handset.type("1", "2")
    await ventanilla.text("DIAN ¿el RUT?")
    [case] = await ventanilla.cases()
    assert case.number in await Handset(ventanilla, session="ATUid_2").type("1", "2")


async def test_english_is_spoken_from_the_first_choice_on_and_remembered(ventanilla: Running) -> None:
    last = await Handset(ventanilla).type("2", "1", "1", "1", "1", "When do you open?", "1")
    assert "Thank" in last
    [case] = await ventanilla.cases()
    assert case.language == "en"
    assert "Thank" in (await ventanilla.texts_to())[0]


async def test_nothing_typed_breaks_a_session(ventanilla: Running) -> None:
    # inbound case 47
    for place, odd in enumerate(["\x00", "\ufffe", "9" * 5000, "*" * 200, "'; --", "\u202e"]):
        handset = Handset(ventanilla, session=f"ATUid_{place}")
        assert (await handset.type("1", odd)).startswith("CON ")
        assert "Educacion" in await handset.type("1")


async def test_a_turn_without_a_phone_is_kept_for_a_person(ventanilla: Running) -> None:
    url = f"{ventanilla.public}/webhooks/ussd/{USSD_SECRET}"
    async with ventanilla.http.post(url, data={"sessionId": "x", "text": ""}) as answer:
        assert answer.status == 200
    async with ventanilla.gateway.store.read() as conn:
        assert [row.kind for row in await conn.execute(select(t.exchange))] == ["unparsed"]
