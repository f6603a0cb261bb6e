"""What response managers do, and what they may not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.deployment import Deployment
from gateway.errors import Conflict, Forbidden, Invalid, NotFound
from gateway.principal import Principal, Role
from gateway.store import alarms, staff
from gateway.store import schema as t
from routing.catalog import Assignment
from tests.support.clocks import MovableClock
from tests.support.running import ADMINISTRATOR, PHONE, Running, running, sample_deployment

ASKED = "SENA ¿cuándo abren las inscripciones?"


def manager(staff_id: int, agency: str = "sena") -> Principal:
    return Principal(id=staff_id, name=f"Luz {staff_id}", role=Role.MANAGER, agency=agency)


LUZ, MARIO, DIAN = manager(77), manager(78), manager(79, "dian")


async def asks(started: Running, *texts: str, sender: str = PHONE) -> str:
    """The number of the case these texts made."""
    for text in texts or (ASKED,):
        await started.text(text, sender=sender)
    return str((await started.cases())[0].number)


async def last_event(started: Running, number: str, kind: str) -> Any:
    _, events = await started.story(number)
    return [event for event in events if event.kind == kind][-1]


async def disabled(started: Running, login: str) -> None:
    """The agency's only manager may no longer log in."""
    now = started.gateway.clock()
    await started.gateway.store.transact(lambda conn: staff.set_active(conn, login, active=False, now=now))


async def test_twenty_who_press_together_take_each_case_exactly_once(ventanilla: Running) -> None:
    for place in range(12):
        await ventanilla.text(ASKED, sender=f"+5730055510{place:02d}")
    people = [manager(100 + place) for place in range(20)]
    taken = await asyncio.gather(*(ventanilla.gateway.desk.take_next(each) for each in people))
    numbers = [number for number in taken if number]
    assert sorted(numbers) == sorted({case.number for case in await ventanilla.cases()})
    assert await ventanilla.gateway.desk.take_next(LUZ) is None
    for case in await ventanilla.cases():
        assert (await last_event(ventanilla, case.number, "taken")).data["staff"] == str(case.assignee_id)


async def test_take_next_gives_what_is_due_first(ventanilla: Running) -> None:
    await ventanilla.text("SENA quiero mi certificado", sender="+573009990001")
    await ventanilla.text(ASKED)
    cases = sorted(await ventanilla.cases(), key=lambda case: (case.due_at, case.id))

    async def receipts_are_written() -> bool:
        stories = [await ventanilla.story(case.number) for case in cases]
        return all(message.outbox_state in (None, "done") for messages, _ in stories for message in messages)

    # On PostgreSQL a case whose receipt is just being written is passed over.
    await ventanilla.eventually(receipts_are_written)
    assert [await ventanilla.gateway.desk.take_next(LUZ) for _ in cases] == [case.number for case in cases]


async def test_a_case_of_another_agency_does_not_exist_for_any_act(ventanilla: Running) -> None:
    number = await asks(ventanilla, ASKED, "¿Y de noche?")
    desk = ventanilla.gateway.desk
    messages, _ = await ventanilla.story(number)
    acts = (
        desk.take(DIAN, number),
        desk.release(DIAN, number),
        desk.reply(DIAN, number, "Hola"),
        desk.note(DIAN, number, "Hola"),
        desk.transfer(DIAN, number, agency="dian", reason="es nuestro"),
        desk.close(DIAN, number, outcome="answered", reason="porque sí"),
        desk.reopen(DIAN, number, reason="porque sí"),
        desk.split(DIAN, number, messages[0].id),
        desk.move(DIAN, number, messages[0].id, to=number),
        desk.send_again(DIAN, number, messages[-1].id),
    )
    for outcome in await asyncio.gather(*acts, return_exceptions=True):
        assert isinstance(outcome, NotFound)
    assert await desk.take_next(DIAN) is None
    assert await ventanilla.cases(DIAN) == []
    [case] = await ventanilla.cases(LUZ)
    assert (case.agency, case.state, case.assignee_id) == ("sena", "open", None)


async def test_who_only_watches_may_not_answer(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    watching = Principal(id=5, name="Op", role=Role.OPERATOR, agency=None)
    with pytest.raises(Forbidden):
        await ventanilla.gateway.desk.reply(watching, number, "Hola")
    with pytest.raises(Forbidden):
        await ventanilla.gateway.desk.take_next(watching, agency="sena")


async def test_taking_over_needs_a_reason_and_the_story_tells_it(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    desk = ventanilla.gateway.desk
    await desk.take(LUZ, number)
    await desk.take(LUZ, number)
    for act in (desk.take(MARIO, number), desk.reply(MARIO, number, "Hola"), desk.release(MARIO, number)):
        with pytest.raises(Conflict):
            await act
    with pytest.raises(Invalid):
        await desk.take(MARIO, number, reason="x")
    await desk.take(MARIO, number, reason="Luz está de vacaciones")
    event = await last_event(ventanilla, number, "taken")
    assert (event.actor, event.data) == (
        "staff:78", {"staff": "78", "reason": "Luz está de vacaciones", "from": "77"},
    )  # fmt: skip


async def test_a_transfer_tells_the_citizen_and_moves_the_due_date(database: str, tmp_path: Path) -> None:
    clock = MovableClock()
    async with running(database, tmp_path, now=clock) as started:
        number = await asks(started)
        await started.gateway.desk.take(LUZ, number)
        [before] = await started.cases()
        clock.move(days=3)
        with pytest.raises(Invalid):
            await started.gateway.desk.transfer(LUZ, number, agency="dian", reason="")
        await started.gateway.desk.transfer(LUZ, number, agency="dian", reason="Es un impuesto")
        [case] = await started.cases(DIAN)
        assert (case.number, case.assignee_id, case.state, case.topic) == (number, None, "open", None)
        assert case.due_at > before.due_at
        assert await started.cases(LUZ) == []
        texts = await started.texts_to(at_least=2)
        assert number in texts[1]
        assert "DIAN" in texts[1]
        assert "Es un impuesto" in texts[1]
        event = await last_event(started, number, "transferred")
        assert event.data == {"from": "sena", "to": "dian", "reason": "Es un impuesto"}


async def test_no_case_goes_to_an_agency_where_nobody_answers(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    await ventanilla.gateway.store.transact(
        lambda conn: staff.set_active(conn, "dian", active=False, now=ventanilla.gateway.clock())
    )
    with pytest.raises(Conflict, match="no active response manager"):
        await ventanilla.gateway.desk.transfer(LUZ, number, agency="dian", reason="Es un impuesto")
    with pytest.raises(Invalid):
        await ventanilla.gateway.desk.transfer(LUZ, number, agency="nowhere", reason="Es un impuesto")
    with pytest.raises(Invalid):
        await ventanilla.gateway.desk.transfer(LUZ, number, agency="sena", reason="Es un impuesto")


async def test_an_agency_without_an_active_manager_rings_and_its_cases_go_to_triage(ventanilla: Running) -> None:
    await ventanilla.gateway.store.transact(
        lambda conn: staff.set_active(conn, "sena", active=False, now=ventanilla.gateway.clock())
    )
    await asyncio.gather(*(ventanilla.text(ASKED, sender=f"+5730055510{place:02d}") for place in range(5)))
    assert {case.agency for case in await ventanilla.cases()} == {"presidencia"}
    async with ventanilla.gateway.store.read() as conn:
        [alarm] = await alarms.ringing(conn)
    assert (alarm.key, alarm.count) == ("no-manager:sena", 5)
    event = await last_event(ventanilla, (await ventanilla.cases())[0].number, "routed")
    assert ("no_manager", "sena") in {(r["code"], r["detail"]) for r in event.data["reasons"]}


async def test_the_same_alarm_of_two_processes_is_one_alarm(ventanilla: Running) -> None:
    store, now = ventanilla.gateway.store, ventanilla.gateway.clock()

    async def ring(conn: Any) -> None:
        await alarms.ring(conn, kind="no-manager", subject="sena", detail="x", now=now)

    await asyncio.gather(*(store.transact(ring) for _ in range(8)))
    async with store.read() as conn:
        assert [alarm.count for alarm in await alarms.ringing(conn)] == [8]


async def test_closing_without_an_answer_needs_a_reason_and_tells_the_citizen(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    desk = ventanilla.gateway.desk
    with pytest.raises(Invalid):
        await desk.close(LUZ, number, outcome="withdrawn")
    with pytest.raises(Invalid):
        await desk.close(LUZ, number, outcome="bored", reason="porque sí")
    await desk.close(LUZ, number, outcome="withdrawn", reason="La señora desistió")
    assert number in (await ventanilla.texts_to(at_least=2))[1]
    with pytest.raises(Conflict):
        await desk.close(LUZ, number, outcome="withdrawn", reason="otra vez")
    event = await last_event(ventanilla, number, "closed")
    assert event.data == {"outcome": "withdrawn", "reason": "La señora desistió"}


async def test_an_answered_case_is_closed_without_a_reason_and_without_a_word(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    await ventanilla.gateway.desk.reply(LUZ, number, "El 15.")
    await ventanilla.gateway.desk.close(LUZ, number, outcome="answered")
    assert len(await ventanilla.texts_to(at_least=2)) == 2


async def test_a_reopened_case_is_not_closed_on_the_strength_of_its_old_answer(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    await ventanilla.gateway.desk.reply(LUZ, number, "El 15.")
    await ventanilla.text("No me sirve, ¿y de noche?")
    with pytest.raises(Invalid):
        await ventanilla.gateway.desk.close(LUZ, number, outcome="answered")
    await ventanilla.gateway.desk.close(LUZ, number, outcome="duplicate", reason="Ya se contestó en otro")
    assert "cerrado" in (await ventanilla.texts_to(at_least=4))[3]


async def test_an_answer_needs_words_and_a_known_state(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    for text, then in ((" \n", "answered"), ("Hola", "someday")):
        with pytest.raises(Invalid):
            await ventanilla.gateway.desk.reply(LUZ, number, text, then=then)
    await ventanilla.gateway.desk.reply(LUZ, number, "¿Su cédula?", then="waiting")
    [case] = await ventanilla.cases()
    assert (case.state, case.waiting_since, case.answered_at) == ("waiting", None, None)
    await ventanilla.text("1234")
    [case] = await ventanilla.cases()
    assert case.state == "open"
    assert case.waiting_since is not None


async def test_a_note_is_never_sent(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    await ventanilla.texts_to()
    await ventanilla.gateway.desk.note(LUZ, number, "Llamar a la regional")
    messages, _ = await ventanilla.story(number)
    assert [(m.kind, m.outbox_state) for m in messages if m.direction == "note"] == [("note", None)]


async def test_a_message_split_off_is_a_case_of_its_own_with_its_versions(ventanilla: Running) -> None:
    number = await asks(ventanilla, ASKED, "Además, ¿dónde pido el certificado?")
    messages, _ = await ventanilla.story(number)
    second = [m for m in messages if m.direction == "in"][1]
    new = await ventanilla.gateway.desk.split(LUZ, number, second.id)
    assert new != number
    here, there = await ventanilla.story(number), await ventanilla.story(new)
    assert second.id not in {m.id for m in here[0]}
    assert [m.id for m in there[0]] == [second.id]
    assert [e.data for e in there[1] if e.kind == "linked"] == [{"predecessor": number}]
    with pytest.raises(Conflict):
        await ventanilla.gateway.desk.split(LUZ, new, second.id)


async def test_an_edit_is_no_message_of_its_own_and_goes_where_its_message_goes(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    first, *_ = (await ventanilla.story(number))[0]

    async def edited(conn: Any) -> None:
        columns = [column.name for column in t.message.c]
        row = {name: getattr(first, name) for name in columns}
        await conn.execute(
            t.message.insert().values(**row | {"id": first.id + 1, "kind": "edit", "version_of": first.id})
        )

    await ventanilla.gateway.store.transact(edited)
    with pytest.raises(Conflict, match="only message"):
        await ventanilla.gateway.desk.split(LUZ, number, first.id)
    await ventanilla.text("Además, ¿y el certificado?")
    with pytest.raises(NotFound):
        await ventanilla.gateway.desk.split(LUZ, number, first.id + 1)
    new = await ventanilla.gateway.desk.split(LUZ, number, first.id)
    assert {m.id for m in (await ventanilla.story(new))[0]} == {first.id, first.id + 1}


async def test_a_message_is_moved_to_another_case_of_the_same_person_only(ventanilla: Running) -> None:
    first = await asks(ventanilla, ASKED, "¿Y la hoja de vida?")
    await ventanilla.text("NUEVO")
    second = await asks(ventanilla, "¿Hay vacantes?")
    theirs = await asks(ventanilla, ASKED, sender="+573009990001")
    message = [m for m in (await ventanilla.story(first))[0] if m.direction == "in"][1]
    desk = ventanilla.gateway.desk
    with pytest.raises(Conflict):
        await desk.move(LUZ, first, message.id, to=theirs)
    with pytest.raises(Conflict):
        await desk.move(LUZ, first, message.id, to=first)
    await desk.move(LUZ, first, message.id, to=second)
    assert message.id in {m.id for m in (await ventanilla.story(second))[0]}
    for number in (first, second):
        assert (await last_event(ventanilla, number, "moved")).data["to"] == second


async def test_reopening_needs_a_reason_and_an_ended_case(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    desk = ventanilla.gateway.desk
    with pytest.raises(Conflict):
        await desk.reopen(LUZ, number, reason="faltó algo")
    await desk.reply(LUZ, number, "El 15.", then="closed")
    with pytest.raises(Invalid):
        await desk.reopen(LUZ, number, reason=" ")
    await desk.reopen(LUZ, number, reason="faltó algo")
    [case] = await ventanilla.cases()
    assert (case.state, case.outcome, case.ended_at) == ("open", None, None)


def balanced(capacity: int) -> Deployment:
    """The sample deployment, where SENA gives its cases out."""
    catalog = sample_deployment().catalog
    changes = {"assignment": Assignment.BALANCED, "capacity": capacity}
    agencies = catalog.agencies | {"sena": catalog.agencies["sena"].model_copy(update=changes)}
    return Deployment.of(catalog.model_copy(update={"agencies": agencies}))


async def test_a_balanced_agency_gives_cases_by_room_and_keeps_what_exceeds_it(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, deployment=balanced(3)) as started:
        gateway = started.gateway

        async def two(conn: Any) -> None:
            await staff.add(
                conn, login="mario", name="Mario", role="manager", agency="sena", password_hash=None,
                now=gateway.clock(),
            )  # fmt: skip

        await gateway.store.transact(two)
        await asyncio.gather(*(started.text(ASKED, sender=f"+5730055510{place:02d}") for place in range(4)))
        for place in range(4, 8):
            await started.text(ASKED, sender=f"+5730055510{place:02d}")
        carried: dict[Any, int] = {}
        for case in await started.cases():
            carried[case.assignee_id] = carried.get(case.assignee_id, 0) + 1
        assert sorted(carried.values()) == [2, 3, 3]
        assert carried[None] == 2
        async with gateway.store.read() as conn:
            ids = {row.id for row in await conn.execute(select(t.staff.c.id).where(t.staff.c.agency == "sena"))}
        assert carried.keys() - {None} == ids

        async def off(conn: Any) -> None:
            await conn.execute(update(t.staff).where(t.staff.c.login == "mario").values(on_duty=False))

        await gateway.store.transact(off)
        first = next(case for case in await started.cases() if case.assignee_id)
        await gateway.desk.close(ADMINISTRATOR, first.number, outcome="spam", reason="publicidad")
        await started.text(ASKED, sender="+573005551099")
        newest = (await started.cases())[0]
        assert newest.assignee_id in (None, first.assignee_id)


async def test_a_closed_case_is_opened_again_before_it_is_answered(ventanilla: Running) -> None:
    number = await asks(ventanilla)
    await ventanilla.gateway.desk.close(LUZ, number, outcome="duplicate", reason="Es el mismo caso de ayer")
    with pytest.raises(Conflict, match="the case is closed; reopen it first"):
        await ventanilla.gateway.desk.reply(LUZ, number, "Abren en enero.")
    await ventanilla.gateway.desk.reopen(LUZ, number, reason="No era el mismo")
    await ventanilla.gateway.desk.reply(LUZ, number, "Abren en enero.")
    [case] = await ventanilla.cases()
    assert case.state == "answered"
