"""What moves a case's clocks at the desk: class, completion, more time, transfer, reopening; what the law forbids."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.desk.transcribing import Spoken
from gateway.errors import Conflict, Invalid
from gateway.principal import Principal, Role
from gateway.store import schema as t
from gateway.timekeeping.clocks import keep
from tests.support.clocks import MovableClock
from tests.support.running import PHONE, Running, running

LUZ = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
DIAN = Principal(id=79, name="Dora", role=Role.MANAGER, agency="dian")
ASKED = "SENA necesito que me ayuden con un instructor"
# The clock of these tests begins on Monday 6 July 2026 at 10:00; 13 and 20 July are holidays.
DUE, EXTENDED_DUE = "2026-07-29", "2026-08-05"


class Desk:
    """A running gateway, its clock, and one case."""

    def __init__(self, started: Running, clock: MovableClock, number: str) -> None:
        self.started, self.clock, self.number = started, clock, number
        self.desk = started.gateway.desk

    async def case(self) -> Any:
        """The case as it is kept, after the timekeeper has looked."""
        gateway = self.started.gateway
        [row] = [row for row in await self.started.cases() if row.number == self.number]
        await gateway.store.transact(
            lambda conn: keep(conn, gateway.current().catalog, [row.id], now=self.clock(), recount=True)
        )
        [row] = [row for row in await self.started.cases() if row.number == self.number]
        return row

    async def clocks(self) -> list[Any]:
        async with self.started.gateway.store.read() as conn:
            return list(
                await conn.execute(
                    select(t.clock)
                    .join(t.cases, t.cases.c.id == t.clock.c.case_id)
                    .where(t.cases.c.number == self.number)
                    .order_by(t.clock.c.no)
                )
            )

    async def kinds(self) -> list[str]:
        _, events = await self.started.story(self.number)
        return [event.kind for event in events]

    async def delivered(self) -> None:
        """The phone has everything that was sent to it."""

        async def sent() -> list[Any]:
            messages, _ = await self.started.story(self.number)
            out = [m for m in messages if m.direction == "out"]
            return out if all(m.sent_at is not None for m in out) else []

        for message in await self.started.eventually(sent):
            form = {"MessageSid": f"SM{message.id:032x}", "MessageStatus": "delivered", "To": PHONE}
            await self.started.twilio_post(f"/webhooks/sms/status?m={message.id}", form)


@pytest.fixture
async def at(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = MovableClock()
    async with running(database, tmp_path, now=clock) as started:
        await started.text(ASKED)
        [case] = await started.cases()
        yield Desk(started, clock, case.number)


def on(instant: datetime) -> str:
    """The last day of a term in Bogotá: it ends a second before midnight there."""
    assert (instant.hour, instant.minute, instant.second) == (4, 59, 59)
    return date.fromordinal(instant.astimezone(UTC).date().toordinal() - 1).isoformat()


async def test_a_new_case_says_at_once_what_deriving_its_clocks_says(at: Desk) -> None:
    [before], [first] = await at.started.cases(), await at.clocks()
    after = await at.case()
    assert on(before.due_at) == DUE
    assert tuple(before) == tuple(after)
    assert [tuple(row) for row in await at.clocks()] == [tuple(first)]
    assert (before.citizen_due_at, before.effective, before.late_at) == (before.due_at, "2026-07-06", None)
    assert before.next_step_at is not None


async def test_another_class_has_another_term_from_the_same_day(at: Desk) -> None:
    await at.desk.classify(LUZ, at.number, term_class="information", reason="Pide un documento")
    case = await at.case()
    assert (on(case.due_at), on(case.citizen_due_at)) == ("2026-07-22", "2026-07-22")
    assert case.effective == "2026-07-06"
    with pytest.raises(Conflict, match="already"):
        await at.desk.classify(LUZ, at.number, term_class="information", reason="Pide un documento")
    with pytest.raises(Invalid, match=r"there are: .*general"):
        await at.desk.classify(LUZ, at.number, term_class="inquiry", reason="Pide un documento")


async def test_the_clock_stops_when_the_citizen_is_notified_and_not_when_they_are_asked(at: Desk) -> None:
    at.clock.move(days=2)
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro nos escribe?")
    assert (await at.case()).suspended_at is None
    at.clock.move(days=1)
    await at.delivered()
    case = await at.case()
    assert (case.suspended_at, case.state) == (at.clock(), "waiting")
    [clock] = await at.clocks()
    assert clock.paused

    assert "10/08/2026" in (await at.started.texts_to(at_least=2))[-1]  # a month later is a Saturday


async def test_it_goes_on_the_day_after_the_answer_with_what_was_left(at: Desk) -> None:
    at.clock.move(days=3)
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro nos escribe?")
    await at.delivered()
    await at.case()
    at.clock.move(days=14)  # Thursday 23 July: three of fifteen days were used
    await at.started.text("Del centro de Leticia")
    case = await at.case()
    assert (case.suspended_at, case.asked_at, case.state) == (None, None, "open")
    assert on(case.due_at) == on(case.citizen_due_at) == "2026-08-11"  # 7 August is a holiday
    assert "completed" in await at.kinds()


async def test_a_partial_answer_does_not_let_it_go_on(at: Desk) -> None:
    at.clock.move(days=3)
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro y con qué cédula?")
    await at.delivered()
    stopped = (await at.case()).suspended_at
    at.clock.move(days=1)
    await at.started.text("De Leticia")
    assert (await at.case()).suspended_at is None
    await at.desk.incomplete(LUZ, at.number, "Falta su cédula")
    assert (await at.case()).suspended_at == stopped
    at.clock.move(days=13)
    await at.started.text("La 123456")
    assert on((await at.case()).due_at) == "2026-08-11"


async def test_who_answers_before_the_receipt_comes_stops_nothing(at: Desk) -> None:
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro?")
    await at.started.text("De Leticia")
    await at.delivered()
    case = await at.case()
    assert (case.suspended_at, on(case.due_at)) == (None, DUE)


async def test_completion_is_asked_until_the_tenth_day_and_once_at_a_time(at: Desk) -> None:
    at.clock.move(days=16)  # Wednesday 22 July, day 10
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro?")
    with pytest.raises(Conflict, match="no second request"):
        await at.desk.ask_completion(LUZ, at.number, "¿Y su cédula?")
    await at.desk.resume(LUZ, at.number, reason="Ya lo encontramos")
    at.clock.move(days=1)
    with pytest.raises(Conflict, match="within 10 business days of receipt, until 2026-07-22"):
        await at.desk.ask_completion(LUZ, at.number, "¿De qué centro?")


async def test_the_citizens_month_is_prolonged_once_and_before_it_ends(at: Desk) -> None:
    with pytest.raises(Conflict, match="the clock runs"):
        await at.desk.prolong_completion(LUZ, at.number, reason="Lo pidió")
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro?")
    await at.delivered()
    at.clock.move(days=31)  # 6 August, the last day
    await at.desk.prolong_completion(LUZ, at.number, reason="Lo pidió")
    with pytest.raises(Conflict, match="allows it once"):
        await at.desk.prolong_completion(LUZ, at.number, reason="Lo pidió")
    at.clock.move(days=33)  # the second month ends on a Sunday, so on Monday 7 September
    await at.case()
    kinds = await at.kinds()
    assert kinds.count("withdrawal_proposed") == 1
    await at.desk.close(LUZ, at.number, outcome="withdrawn", reason="Pasaron dos meses sin respuesta")
    assert [clock.ended_by for clock in await at.clocks()] == ["withdrawn"]


async def test_a_term_is_extended_once_before_it_ends_and_up_to_its_cap(at: Desk) -> None:
    desk, luz, number = at.desk, LUZ, at.number
    for until, match in (
        (date(2026, 7, 29), "after the present one"),
        (date(2026, 8, 8), "no business day"),
        (date(2026, 8, 24), "30 days in all: until 2026-08-21"),
    ):
        with pytest.raises((Invalid, Conflict), match=match):
            await desk.extend(luz, number, until=until, reason="Hay que visitar el centro")
    at.clock.move(days=23)  # the last day
    await desk.extend(luz, number, until=date.fromisoformat(EXTENDED_DUE), reason="Hay que visitar el centro")
    case = await at.case()
    assert on(case.due_at) == on(case.citizen_due_at) == EXTENDED_DUE
    assert "05/08/2026" in (await at.started.texts_to(at_least=2))[-1]
    with pytest.raises(Conflict, match="extended already"):
        await desk.extend(luz, number, until=date(2026, 8, 6), reason="Hay que visitar el centro")


async def test_no_term_is_extended_when_it_is_over_or_has_no_extension(at: Desk) -> None:
    await at.desk.classify(LUZ, at.number, term_class="between-authorities", reason="La pide otra entidad")
    with pytest.raises(Conflict, match=r"no extension .*art\. 30"):
        await at.desk.extend(LUZ, at.number, until=date(2026, 8, 5), reason="Hay que visitar el centro")
    await at.desk.classify(LUZ, at.number, term_class="general", reason="La pide un ciudadano")
    at.clock.move(days=24)
    with pytest.raises(Conflict, match="only be extended before"):
        await at.desk.extend(LUZ, at.number, until=date(2026, 8, 5), reason="Hay que visitar el centro")


async def test_a_transfer_ends_one_clock_and_begins_another_and_the_citizens_goes_on(at: Desk) -> None:
    at.clock.move(days=23)
    await at.desk.transfer(LUZ, at.number, agency="dian", reason="Es un impuesto")
    case = await at.case()
    assert (on(case.due_at), on(case.citizen_due_at)) == ("2026-08-21", DUE)
    first, second = await at.clocks()
    assert (first.ended_by, first.agency, on(first.transfer_due_at)) == ("transferred", "sena", "2026-07-14")
    assert (second.began, second.agency, second.latest, first.latest) == ("transferred", "dian", True, False)
    at.clock.move(days=1)
    await at.case()
    assert (await at.case()).late_at is not None  # the citizen's clock: a minute past, whoever has the case


async def test_an_answer_that_is_late_stays_late_and_says_since_when(at: Desk) -> None:
    at.clock.move(days=24, hours=3)
    await at.desk.reply(LUZ, at.number, "Abren el 15.")
    case = await at.case()
    assert (case.late_at, case.next_step_at) == (datetime(2026, 7, 30, 5, 0, tzinfo=UTC), None)
    [clock] = await at.clocks()
    assert (clock.late_at, clock.days, clock.citizen_days) == (case.late_at, 16, 24)
    assert (await at.kinds()).count("breached") == 1


async def test_what_was_answered_and_is_opened_again_has_a_new_clock(at: Desk) -> None:
    at.clock.move(days=1)
    await at.desk.reply(LUZ, at.number, "Abren el 15.")
    answered = await at.case()
    assert answered.next_step_at is None
    at.clock.move(days=1)
    await at.started.text("¿Y de noche también?")
    case = await at.case()
    first, second = await at.clocks()
    assert (first.ended_by, first.days, second.began) == ("answered", 1, "reopened")
    assert (second.effective, first.latest, second.latest) == ("2026-07-08", True, False)
    assert (case.due_at, case.citizen_due_at) == (second.due_at, first.due_at)


async def test_what_was_closed_without_an_answer_goes_on_when_it_is_opened_again(at: Desk) -> None:
    await at.desk.close(LUZ, at.number, outcome="not_needed", reason="Parece una prueba")
    at.clock.move(days=2)
    await at.desk.reopen(LUZ, at.number, reason="No lo era")
    case = await at.case()
    [clock] = await at.clocks()
    assert (on(case.due_at), clock.ended_at, clock.ended_by) == (DUE, None, None)


async def test_a_question_back_to_the_citizen_is_no_answer(at: Desk) -> None:
    await at.desk.reply(LUZ, at.number, "¿De qué centro?", then="waiting")
    case = await at.case()
    [clock] = await at.clocks()
    assert (clock.answered_at, case.suspended_at, on(case.due_at)) == (None, None, DUE)
    assert clock.touch_minutes == 0


async def test_a_case_nobody_touches_is_offered_again_after_the_lease_in_office_hours(at: Desk) -> None:
    assert await at.desk.take_next(LUZ) == at.number
    at.clock.move(days=2, minutes=59)  # Wednesday 10:59: the office has 8 hours a day, and lunch
    assert (await at.case()).assignee_id == LUZ.id
    at.clock.move(minutes=1)
    assert (await at.case()).assignee_id is None
    assert (await at.kinds())[-1] == "unassigned"


async def test_a_split_message_is_received_when_it_was_written(at: Desk) -> None:
    at.clock.move(days=1)
    await at.started.text("Y otra cosa: ¿dan subsidio?")
    messages, _ = await at.started.story(at.number)
    second = [m for m in messages if m.direction == "in"][-1]
    at.clock.move(days=3)
    number = await at.desk.split(LUZ, at.number, second.id)
    other = Desk(at.started, at.clock, number)
    before = [tuple(row) for row in await other.clocks()]
    case = await other.case()
    assert (case.effective, on(case.due_at)) == ("2026-07-07", "2026-07-30")
    assert [tuple(row) for row in await other.clocks()] == before


async def test_an_answer_that_has_not_left_is_taken_back_whole(at: Desk) -> None:
    await at.desk.take_next(LUZ)
    before, story = await at.case(), await at.started.story(at.number)
    at.clock.move(hours=1)
    await at.desk.reply(LUZ, at.number, "Abren el 15.", undo_for=timedelta(seconds=10))
    assert (await at.case()).state == "answered"
    with pytest.raises(Conflict, match="no answer of yours"):
        await at.desk.undo(Principal(id=78, name="Mario", role=Role.MANAGER, agency="sena"), at.number)
    await at.desk.undo(LUZ, at.number)
    after = await at.case()
    kept = ("state", "assignee_id", "answered_at", "ended_at", "due_at", "waiting_since", "last_line", "last_by")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    [clock] = await at.clocks()
    assert (clock.answered_at, clock.ended_at) == (None, None)
    messages, _ = await at.started.story(at.number)
    assert [m.kind for m in messages if m.id not in {old.id for old in story[0]}] == ["undone"]
    at.clock.move(minutes=1)
    await at.desk.reply(LUZ, at.number, "Abren el 16.")
    assert (await at.started.texts_to(at_least=2))[1:] == ["Abren el 16."]
    with pytest.raises(Conflict, match="no answer of yours"):
        await at.desk.undo(LUZ, at.number)


async def test_a_duplicate_is_answered_with_the_case_that_stands_for_it(at: Desk) -> None:
    await at.started.text(ASKED, sender="+573005550002")
    [second] = [row for row in await at.started.cases() if row.number != at.number]
    await at.desk.merge(LUZ, second.number, into=at.number, reason="Es la misma pregunta")
    assert await at.desk.take_next(LUZ) == at.number
    assert await at.desk.take_next(LUZ) is None
    for number, into, match in (
        (at.number, second.number, "a duplicate itself"),
        (second.number, second.number, "itself"),
    ):
        with pytest.raises(Conflict, match=match):
            await at.desk.merge(LUZ, number, into=into, reason="Es la misma pregunta")
    await at.desk.reply(LUZ, at.number, "Abren el 15.")
    assert [row.state for row in await at.started.cases()] == ["answered", "answered"]
    assert "Abren el 15." in (await at.started.texts_to("+573005550002", at_least=2))[-1]


async def test_a_duplicate_that_is_none_goes_back_to_the_queue(at: Desk) -> None:
    await at.started.text(ASKED, sender="+573005550002")
    [second] = [row for row in await at.started.cases() if row.number != at.number]
    await at.desk.merge(LUZ, second.number, into=at.number, reason="Es la misma pregunta")
    await at.desk.separate(LUZ, second.number, reason="No lo era")
    with pytest.raises(Conflict, match="no other case"):
        await at.desk.separate(LUZ, second.number, reason="No lo era")
    assert {await at.desk.take_next(LUZ), await at.desk.take_next(LUZ)} == {at.number, second.number}


async def test_what_is_said_on_the_telephone_is_a_case_like_any_other(at: Desk) -> None:
    operator = Principal(id=90, name="Olga", role=Role.OPERATOR, agency=None)
    number = await at.desk.transcribe(
        operator,
        Spoken(way="phone", text="Quiere saber cuándo abre el SENA", name="Ana", answer_channel="sms",
               answer_to="300 555 0003"),
    )  # fmt: skip
    call = Desk(at.started, at.clock, number)
    before = [tuple(row) for row in await call.clocks()]
    case = await call.case()
    assert (case.channel, case.agency, case.transcribed_by, case.touched_at) == ("phone", "sena", 90, at.clock())
    assert [tuple(row) for row in await call.clocks()] == before
    assert number in (await at.started.texts_to("+573005550003"))[0]
    await at.desk.reply(LUZ, number, "El 15.")
    assert "El 15." in (await at.started.texts_to("+573005550003", at_least=2))[1]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"way": "pigeon"}, "way"),
        ({"text": " "}, "text"),
        ({"agency": "nowhere"}, "agency"),
        ({"agency": "sena", "topic": "none"}, "topic"),
        ({"term_class": "none"}, "class"),
        ({"answer_channel": "ussd", "answer_to": "1"}, "answer_channel"),
        ({"answer_channel": "sms", "answer_to": "Ana"}, "answer_to"),
        ({"received_at": datetime(2027, 1, 1, tzinfo=UTC)}, "received_at"),
    ],
)
async def test_what_is_wrong_in_a_transcription_is_said_by_its_field(
    ventanilla: Running, wrong: dict[str, Any], field: str
) -> None:
    operator = Principal(id=90, name="Olga", role=Role.OPERATOR, agency=None)
    with pytest.raises(Invalid) as refused:
        await ventanilla.gateway.desk.transcribe(operator, replace(Spoken(way="phone", text="Hola"), **wrong))
    assert refused.value.field == field
    assert await ventanilla.cases() == []


async def test_a_holder_whose_citizen_answers_has_a_lease_again(at: Desk) -> None:
    await at.desk.take_next(LUZ)
    await at.desk.reply(LUZ, at.number, "¿De qué centro?", then="waiting")
    at.clock.move(hours=1)
    await at.started.text("Del de Leticia")
    [before] = await at.started.cases()
    assert tuple(await at.case()) == tuple(before)
    assert before.next_step_at < at.clock() + timedelta(days=3)


async def test_only_a_citizens_own_answer_can_be_partial(at: Desk) -> None:
    await at.desk.ask_completion(LUZ, at.number, "¿De qué centro?")
    await at.delivered()
    await at.case()
    await at.desk.resume(LUZ, at.number, reason="Ya lo encontramos")
    with pytest.raises(Conflict, match="has not answered"):
        await at.desk.incomplete(LUZ, at.number, "Falta su cédula")


async def test_what_a_person_asks_keeps_its_accents(at: Desk) -> None:
    await at.desk.ask_completion(LUZ, at.number, "¿Cuál es su salón?")
    assert (await at.started.texts_to(at_least=2))[-1].startswith("¿Cuál es su salón?")


async def a_duplicate(at: Desk) -> str:
    """The number of a second person's case that the first one stands for."""
    await at.started.text(ASKED, sender="+573005550002")
    [second] = [row for row in await at.started.cases() if row.number != at.number]
    await at.desk.merge(LUZ, second.number, into=at.number, reason="Es la misma pregunta")
    return str(second.number)


async def test_an_answer_taken_back_is_taken_back_from_its_duplicates_too(at: Desk) -> None:
    second = await a_duplicate(at)
    await at.desk.take_next(LUZ)
    await at.desk.reply(LUZ, at.number, "Abren el 15.", undo_for=timedelta(seconds=10))
    await at.desk.undo(LUZ, at.number)
    assert [row.state for row in await at.started.cases()] == ["open", "open"]
    assert (await at.started.story(second))[1][-1].kind == "reply_undone"
    await at.desk.reply(LUZ, at.number, "Abren el 16.")
    assert "Abren el 16." in (await at.started.texts_to("+573005550002", at_least=2))[-1]


async def test_a_duplicate_whose_citizen_writes_again_after_the_answer_waits_to_be_taken(at: Desk) -> None:
    second = await a_duplicate(at)
    await at.desk.reply(LUZ, at.number, "Abren el 15.")
    await at.started.text("¿Y de noche también?", sender="+573005550002")
    await at.desk.release(LUZ, second)
    assert await at.desk.take_next(LUZ) == second


@pytest.mark.parametrize("end", ["transfer", "close"])
async def test_no_duplicate_is_forgotten_when_the_case_that_stood_for_it_goes(at: Desk, end: str) -> None:
    second = await a_duplicate(at)
    if end == "transfer":
        await at.desk.transfer(LUZ, at.number, agency="dian", reason="Es un impuesto")
    else:
        await at.desk.close(LUZ, at.number, outcome="not_needed", reason="Ya no hace falta")
    assert await at.desk.take_next(LUZ) == second
    assert "separated" in [event.kind for event in (await at.started.story(second))[1]]


async def test_a_duplicate_that_is_passed_on_stands_for_itself_there(at: Desk) -> None:
    second = await a_duplicate(at)
    await at.desk.transfer(LUZ, second, agency="dian", reason="Es un impuesto")
    assert await at.desk.take_next(DIAN) == second
