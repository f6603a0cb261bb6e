"""Which case a message belongs to, and that the story says why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.principal import Principal, Role
from gateway.store import schema as t
from routing import case_number
from tests.support import telegram_api
from tests.support.clocks import MovableClock
from tests.support.running import PHONE, Running, running

SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
ASKED = "SENA ¿cuándo abren las inscripciones?"


class Town(Running):
    """A gateway with a clock that is moved by hand."""

    clock: MovableClock

    async def says(self, body: str, **more: str) -> None:
        assert (await self.text(body, **more)).status == 200

    async def number(self) -> str:
        """The number of the latest case."""
        return str((await self.cases())[0].number)

    async def received(self, number: str) -> list[tuple[str, set[str]]]:
        """The rule of each message of a case, and the codes of its reasons."""
        _, events = await self.story(number)
        return [(e.data["rule"], {r["code"] for r in e.data["reasons"]}) for e in events if e.kind == "received"]

    async def kinds(self, number: str) -> list[str]:
        _, events = await self.story(number)
        return [event.kind for event in events]

    async def answered(self, number: str) -> None:
        """The agency answers, and the case is answered."""
        await self.gateway.desk.reply(SENA, number, "Abren el 15 de enero.")


@pytest.fixture
async def town(database: str, tmp_path: Path) -> AsyncIterator[Town]:
    clock = MovableClock()
    async with running(database, tmp_path, now=clock) as started:
        here = Town(started.gateway, started.http, started.twilio, started.telegram, started.ids)
        here.clock = clock
        yield here


async def test_a_first_message_is_a_new_case_and_says_why_it_went_where_it_went(town: Town) -> None:
    await town.says(ASKED)
    number = await town.number()
    assert await town.received(number) == [("new", {"new"})]
    _, events = await town.story(number)
    [routed] = [event for event in events if event.kind == "routed"]
    assert routed.data["agency"] == "sena"
    assert ("keyword", "sena → sena") in {(r["code"], r["detail"]) for r in routed.data["reasons"]}


async def test_the_next_lines_of_a_conversation_are_one_case_acknowledged_once(town: Town) -> None:
    await town.says(ASKED)
    town.clock.move(hours=70)
    await town.says("Es para mi hija, vive en Leticia")
    town.clock.move(hours=70)
    await town.says("¿Y qué papeles lleva?")
    [case] = await town.cases()
    rules = await town.received(case.number)
    assert [rule for rule, _ in rules] == ["new", "conversation", "conversation"]
    assert all("conversation" in codes for _, codes in rules[1:])
    texts = await town.texts_to(at_least=3)
    assert [case.number in text for text in texts] == [True, True, True]
    assert (case.last_line, case.last_by) == ("¿Y qué papeles lleva?", "citizen")


async def test_a_case_number_in_the_text_wins_over_the_latest_conversation(town: Town) -> None:
    await town.says(ASKED)
    first = await town.number()
    await town.says("DIAN ¿cómo saco el RUT?")
    second = await town.number()
    assert first != second
    await town.says(f"Sobre el {first[:4]} {first[4:]}: ¿también hay de noche?")
    assert [rule for rule, _ in await town.received(first)] == ["new", "case_number"]
    assert "named" in (await town.received(first))[1][1]
    assert [rule for rule, _ in await town.received(second)] == ["other_agency"]


async def test_a_keyword_of_another_agency_opens_another_case_and_its_own_keyword_does_not(town: Town) -> None:
    await town.says(ASKED)
    first = await town.number()
    await town.says("DIAN ¿cómo saco el RUT?")
    second = await town.number()
    assert {case.agency for case in await town.cases()} == {"sena", "dian"}
    assert "other_agency" in (await town.received(second))[0][1]
    _, events = await town.story(second)
    assert [e.data["predecessor"] for e in events if e.kind == "linked"] == [first]
    await town.says("SENA ¿y para adultos?")
    assert [rule for rule, _ in await town.received(first)] == ["new", "conversation"]
    assert len(await town.cases()) == 2


async def test_two_questions_for_two_agencies_in_one_commit_are_linked_by_number(town: Town) -> None:
    await asyncio.gather(town.says(ASKED), town.says("DIAN ¿cómo saco el RUT?"), town.says("ICBF ¿hay cupo?"))
    numbers = {case.number for case in await town.cases()}
    assert len(numbers) == 3
    linked = [e for number in numbers for e in (await town.story(number))[1] if e.kind == "linked"]
    assert len(linked) == 2
    assert {event.data["predecessor"] for event in linked} < numbers
    reasons = [r for n in numbers for e in (await town.story(n))[1] for r in e.data.get("reasons", ())]
    assert {r["detail"] for r in reasons if r["code"] == "linked"} < numbers


async def test_lines_that_arrive_together_name_their_case_in_their_reasons(town: Town) -> None:
    await asyncio.gather(*(town.says(text) for text in ("Hola SENA", "una pregunta", "¿abren el lunes?")))
    [case] = await town.cases()
    _, events = await town.story(case.number)
    reasons = [r for event in events for r in event.data.get("reasons", ())]
    assert {r["detail"] for r in reasons if r["code"] == "conversation"} == {case.number}


async def test_silence_beyond_the_window_makes_the_next_message_a_new_linked_case(town: Town) -> None:
    await town.says(ASKED)
    first = await town.number()
    town.clock.move(hours=73)
    await town.says("¿Hay subsidio de transporte?")
    second = await town.number()
    assert second != first
    [(rule, reasons)] = await town.received(second)
    assert rule == "new"
    assert {"no_conversation", "none_ended", "new", "linked"} <= reasons
    _, events = await town.story(second)
    assert [e.data["predecessor"] for e in events if e.kind == "linked"] == [first]


async def test_a_word_after_the_answer_reopens_the_case_and_is_acknowledged(town: Town) -> None:
    await town.says(ASKED)
    number = await town.number()
    await town.answered(number)
    town.clock.move(days=6)
    await town.says("No me sirve, ¿hay en la noche?")
    [case] = await town.cases()
    assert (case.state, case.ended_at, case.waiting_since) == ("open", None, town.clock())
    assert (await town.received(number))[-1] == ("reopened", {"no_conversation", "reopened"})
    assert "reopened" in await town.kinds(number)
    texts = await town.texts_to(at_least=3)
    assert "Abrimos otra vez" in texts[-1]


async def test_a_closed_case_that_is_reopened_has_no_outcome_any_more(town: Town) -> None:
    await town.says(ASKED)
    number = await town.number()
    await town.gateway.desk.reply(SENA, number, "Abren el 15.", then="closed")
    await town.says("¿Y en Leticia?")
    [case] = await town.cases()
    assert (case.state, case.outcome) == ("open", None)


async def test_more_than_the_reopening_days_after_the_answer_it_is_a_new_linked_case(town: Town) -> None:
    await town.says(ASKED)
    first = await town.number()
    await town.answered(first)
    town.clock.move(days=7, seconds=1)
    await town.says(f"Sobre {first}: ¿y ahora?")
    second = await town.number()
    assert second != first
    [(rule, reasons)] = await town.received(second)
    assert rule == "case_number"
    assert {"named", "too_late", "linked"} <= reasons


async def test_thanks_are_kept_with_the_answered_case_and_start_nothing(town: Town) -> None:
    thanks = "¡Muchas gracias!"
    await town.says(ASKED)
    number = await town.number()
    await town.answered(number)
    await town.texts_to(at_least=2)
    [before] = await town.cases()
    town.clock.move(hours=2)
    await town.says(thanks)
    [case] = await town.cases()
    assert (case.state, case.ended_at, case.active_at) == ("answered", before.ended_at, before.active_at)
    assert (await town.received(number))[-1][0] == "thanks"
    messages, _ = await town.story(number)
    assert (messages[-1].text, messages[-1].kind) == (thanks, "thanks")
    assert len(await town.texts_to()) == 2


async def test_new_makes_the_next_message_a_case_of_its_own_once(town: Town) -> None:
    await town.says(ASKED)
    first = await town.number()
    await town.says("NUEVO")
    await town.says("¿Cuándo hay vacantes?")
    second = await town.number()
    assert second != first
    [(rule, reasons)] = await town.received(second)
    assert (rule, "wants_new" in reasons) == ("new", True)
    await town.says("En Leticia, por favor")
    assert len(await town.cases()) == 2
    assert [rule for rule, _ in await town.received(second)] == ["new", "conversation"]


async def test_new_and_its_question_in_one_commit_are_a_case_of_their_own(town: Town) -> None:
    await town.says(ASKED)
    await asyncio.gather(town.says("NUEVO"), town.says("¿Cuándo hay vacantes?"))
    assert len(await town.cases()) == 2


async def test_new_is_forgotten_after_two_hours(town: Town) -> None:
    await town.says(ASKED)
    await town.says("NUEVO")
    town.clock.move(hours=2, seconds=1)
    await town.says("¿Cuándo hay vacantes?")
    assert len(await town.cases()) == 1


async def test_status_lists_the_persons_cases_and_opens_none(town: Town) -> None:
    await town.says("ESTADO")
    await town.says(ASKED)
    first = await town.number()
    await town.says("DIAN ¿cómo saco el RUT?")
    second = await town.number()
    await town.says("Estado")
    none, _, _, listed = await town.texts_to(at_least=4)
    assert "no tiene casos" in none
    assert listed.splitlines()[0] == "Sus casos:"
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [second, first]
    assert len(await town.cases()) == 2


async def test_status_with_a_number_tells_of_that_case_alone(town: Town) -> None:
    await town.says(ASKED)
    number = await town.number()
    await town.answered(number)
    await town.says(f"ESTADO {number}")
    texts = await town.texts_to(at_least=3)
    assert texts[-1].startswith(f"{number} SENA: respondido")


@pytest.mark.parametrize("digits", ["20260000016", "2026 1 5"])
async def test_a_mistyped_number_is_told_once_and_nothing_is_opened(town: Town, digits: str) -> None:
    await town.says(f"ESTADO {digits}")
    [text] = await town.texts_to()
    assert digits.replace(" ", "") in text
    async with town.gateway.store.read() as conn:
        said = await conn.execute(select(func.count()).where(t.message.c.direction == "out"))
        assert said.scalar_one() == 1
    assert await town.cases() == []


async def test_a_case_of_somebody_else_is_neither_shown_nor_joined(town: Town) -> None:
    await town.says(ASKED, sender="+573009990001")
    theirs = await town.number()
    await town.says(f"ESTADO {theirs}")
    await town.says(f"SENA sobre el caso {theirs} quiero saber más")
    texts = await town.texts_to(at_least=2)
    assert "No encontramos" in texts[0]
    assert len(await town.cases()) == 2
    mine = await town.number()
    assert "not_mine" in (await town.received(mine))[0][1]
    assert len(await town.received(theirs)) == 1


async def test_a_number_with_a_wrong_digit_does_not_stop_the_message(town: Town) -> None:
    await town.says(ASKED)
    number = await town.number()
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not case_number.is_valid(wrong)
    await town.says(f"Sobre el caso {wrong}: ¿hay de noche?")
    assert [rule for rule, _ in await town.received(number)] == ["new", "conversation"]
    assert any(wrong in text and "cifra" in text for text in await town.texts_to(at_least=2))


async def test_a_command_word_inside_a_petition_is_a_petition(town: Town) -> None:
    await town.says("Nuevo en la ciudad, ¿dónde me inscribo al SENA?")
    await town.says("Estado de la vía al SENA")
    assert [rule for rule, _ in await town.received(await town.number())] == ["new", "conversation"]


async def test_forty_messages_of_one_sender_are_all_kept_and_acknowledged_once(town: Town) -> None:
    await asyncio.gather(*(town.says(f"SENA ¿me oyen? {place}") for place in range(20)))
    for place in range(20):
        await town.says(f"¿Me oyen? {place}")
    [case] = await town.cases()
    messages, _ = await town.story(case.number)
    assert len([message for message in messages if message.direction == "in"]) == 40
    assert len([message for message in messages if message.direction == "out"]) == 1
    town.clock.move(minutes=11)
    await town.says("¿Siguen ahí?")
    assert len(await town.texts_to(at_least=2)) == 2


# Across channels


async def ussd_question(town: Town, question: str, *, session: str = "ATUid_1", phone: str = PHONE) -> str:
    """A question sent over six screens; the last one comes back."""
    typed = ""
    for said in ("", "1", "1", "1", "1", "1", question, "1"):
        typed = f"{typed}*{said}" if typed else said
        screen = await town.dial(typed, session=session, phone=phone)
    return screen


async def test_a_question_by_ussd_is_continued_and_answered_by_sms(town: Town) -> None:
    last = await ussd_question(town, "¿Cuándo abren?")
    [case] = await town.cases()
    assert last.startswith("END")
    assert case.number in last
    assert (case.channel, case.reply_channel, case.agency, case.topic) == ("ussd", "sms", "sena", "inscripciones")
    await town.says("Es en Leticia")
    assert len(await town.cases()) == 1
    assert [rule for rule, _ in await town.received(case.number)] == ["new", "conversation"]
    await town.answered(case.number)
    assert "Abren el 15 de enero." in await town.texts_to(at_least=2)


async def contact_update(phone: str) -> dict[str, Any]:
    update = telegram_api.captured("contact_own")
    update["message"]["contact"]["phone_number"] = phone.removeprefix("+")
    return update


async def test_who_shares_the_phone_on_telegram_sees_and_continues_the_sms_cases(town: Town) -> None:
    # inbound case 18
    await town.says(ASKED)
    number = await town.number()
    assert await town.update(await contact_update(PHONE)) == 200

    async def told() -> list[str]:
        return [call["text"] for call in town.telegram.asked("sendMessage")]

    [text] = await town.eventually(told)
    assert number in text
    assert await town.update(telegram_api.text_update("¿Y en la noche?")) == 200
    [case] = await town.cases()
    assert [rule for rule, _ in await town.received(number)] == ["new", "conversation"]
    assert (case.reply_channel, case.reply_urn) == ("telegram", f"telegram:{telegram_api.CHAT}")
    assert "joined" in await town.kinds(number)


async def test_two_people_who_turn_out_to_be_one_have_all_their_cases(town: Town) -> None:
    await town.says(ASKED)
    await town.update(telegram_api.text_update("DIAN ¿cómo saco el RUT?"))
    assert len({case.contact_id for case in await town.cases()}) == 2
    await town.update(await contact_update(PHONE))
    assert len({case.contact_id for case in await town.cases()}) == 1
    async with town.gateway.store.read() as conn:
        assert len((await conn.execute(select(t.contact).where(t.contact.c.merged_into.is_not(None)))).all()) == 1
    await town.says("Estado")
    listed = (await town.texts_to(at_least=2))[-1]
    assert len(listed.splitlines()) == 3


async def test_somebody_elses_phone_on_telegram_joins_nobody(town: Town) -> None:
    # inbound case 18
    await town.says(ASKED)
    update = telegram_api.captured("contact_other")
    update["message"]["contact"]["phone_number"] = PHONE.removeprefix("+")
    assert await town.update(update) == 200
    assert len({case.contact_id for case in await town.cases()}) == 2


async def test_whatsapp_and_sms_of_one_number_are_one_person_with_one_case(town: Town) -> None:
    # inbound case 7
    await town.says(ASKED)
    wanted = {"sender": f"whatsapp:{PHONE}", "To": "whatsapp:+576017440000", "WaId": PHONE[1:], "ProfileName": "Ana"}
    await town.says("¿Y en la noche?", **wanted)
    [case] = await town.cases()
    assert [rule for rule, _ in await town.received(case.number)] == ["new", "conversation"]
    assert case.reply_urn == f"whatsapp:{PHONE}"


async def test_whatsapp_first_and_sms_in_the_same_commit_are_one_person(town: Town) -> None:
    await asyncio.gather(
        town.says(ASKED),
        town.says("¿Y de noche?", sender=f"whatsapp:{PHONE}", WaId=PHONE[1:]),
        town.says("¿Y sábados?"),
    )
    [case] = await town.cases()
    assert len(await town.received(case.number)) == 3
