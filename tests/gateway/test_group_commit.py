"""Many at once, in one process and in two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.principal import Principal, Role
from gateway.store import contacts
from gateway.store import schema as t
from tests.support import databases, telegram_api
from tests.support.running import PHONE, Running, running

ASKED = "SENA ¿cuándo abren las inscripciones?"


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Running, Running]]:
    """Two gateways on one PostgreSQL database."""
    database = databases.fresh("postgresql", tmp_path)
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(running(database, tmp_path / "1"))
        other = await stack.enter_async_context(running(database, tmp_path / "2"))
        yield one, other
    databases.drop(database)


async def rows(started: Running, table: Any) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(table).order_by(*table.primary_key)))


async def asked(started: Running) -> list[Any]:
    return [row for row in await rows(started, t.message) if row.direction == "in"]


async def test_the_same_message_at_two_processes_is_one_message(two: tuple[Running, Running]) -> None:
    # inbound case 12
    answers = await asyncio.gather(*(each.text(ASKED, sid="SM" + "a" * 32) for _ in range(25) for each in two))
    assert {answer.status for answer in answers} == {200}
    assert len(await asked(two[0])) == len(await two[0].cases()) == 1


async def test_one_senders_lines_at_two_processes_are_one_conversation(two: tuple[Running, Running]) -> None:
    answers = await asyncio.gather(
        *(each.text(f"SENA {place}", sid=f"SM{place}{side}") for place in range(20) for side, each in enumerate(two))
    )
    assert {answer.status for answer in answers} == {200}
    assert len(await asked(two[0])) == 40
    assert len(await two[0].cases()) == len(await rows(two[0], t.address)) == 1


async def test_many_senders_at_two_processes_never_wait_for_each_other_for_ever(two: tuple[Running, Running]) -> None:
    phones = [f"+5730055520{place:02d}" for place in range(15)]
    answers = await asyncio.gather(
        *(
            each.text(ASKED, sender=phone, sid=f"SM{phone}{side}{turn}")
            for turn in range(3)
            for side, each in enumerate(two)
            for phone in (phones if side else reversed(phones))
        )
    )
    assert {answer.status for answer in answers} == {200}
    assert len(await asked(two[0])) == 90
    numbers = [case.number for case in await two[0].cases()]
    assert len(numbers) == len(set(numbers)) == 15


async def test_two_addresses_of_one_person_meet_at_two_processes(two: tuple[Running, Running]) -> None:
    one, other = two
    whatsapp = {"sender": f"whatsapp:{PHONE}", "WaId": PHONE[1:]}
    answers = await asyncio.gather(
        *(one.text(ASKED, sid=f"SMa{place}") for place in range(5)),
        *(other.text(ASKED, sid=f"SMb{place}", **whatsapp) for place in range(5)),
    )
    assert {answer.status for answer in answers} == {200}
    assert len({row.contact_id for row in await rows(one, t.address)}) == 1
    assert len(await one.cases()) == 1


async def test_an_address_written_down_by_another_process_meanwhile_is_the_same_person(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ventanilla.text(ASKED)
    looked = contacts.seen
    # What the other process has just committed is not seen yet.
    monkeypatch.setattr(contacts, "seen", lambda conn, _messages: looked(conn, []))
    await ventanilla.text("¿Y de noche?", sender=f"whatsapp:{PHONE}", WaId=PHONE[1:])
    assert len({row.contact_id for row in await rows(ventanilla, t.address)}) == 1
    assert len(await ventanilla.cases()) == 1


async def test_an_album_at_two_processes_is_one_message(two: tuple[Running, Running]) -> None:
    # inbound case 22
    parts = []
    for place in range(8):
        part = telegram_api.captured("album_second")
        part["update_id"] += place
        part["message"]["message_id"] = 600 + place
        parts.append(part)
    statuses = await asyncio.gather(*(two[place % 2].update(part) for place, part in enumerate(parts)))
    assert set(statuses) == {200}
    assert len(await asked(two[0])) == len(await two[0].cases()) == 1
    assert sorted(row.position for row in await rows(two[0], t.attachment)) == list(range(8))


async def test_a_turn_and_its_repeat_at_two_processes_are_one_case(two: tuple[Running, Running]) -> None:
    # inbound case 28
    typed = ""
    for said in ("", "1", "1", "1", "1", "1", "¿Cuándo abren?"):
        typed = f"{typed}*{said}" if typed else said
        await two[0].dial(typed)
    screens = await asyncio.gather(*(each.dial(f"{typed}*1") for _ in range(5) for each in two))
    [case] = await two[0].cases()
    assert set(screens) == {screens[0]}
    assert case.number in screens[0]


async def test_a_receipt_at_both_processes_is_one_receipt_and_one_event(two: tuple[Running, Running]) -> None:
    await two[0].text(ASKED)
    await two[0].eventually(lambda: _sent(two[0]))
    [message] = [row for row in await rows(two[0], t.message) if row.direction == "out"]
    form = {"MessageSid": "SM" + "f" * 32, "MessageStatus": "delivered", "AccountSid": "AC"}
    await asyncio.gather(
        *(each.twilio_post(f"/webhooks/sms/status?m={message.id}", form) for _ in range(5) for each in two)
    )
    assert len(await rows(two[0], t.receipt)) == 1
    assert [row.kind for row in await rows(two[0], t.case_event)].count("delivered") == 1


async def _sent(started: Running) -> bool:
    return any(row.provider_id for row in await rows(started, t.message) if row.direction == "out")


async def test_twenty_managers_at_two_processes_take_different_cases(two: tuple[Running, Running]) -> None:
    for place in range(10):
        await two[0].text(ASKED, sender=f"+5730055510{place:02d}")
    people = [Principal(id=100 + place, name="x", role=Role.MANAGER, agency="sena") for place in range(20)]
    taken = await asyncio.gather(*(two[place % 2].gateway.desk.take_next(each) for place, each in enumerate(people)))
    numbers = [number for number in taken if number]
    assert len(numbers) == len(set(numbers))


async def test_a_message_is_sent_by_one_of_two_processes(two: tuple[Running, Running]) -> None:
    await asyncio.gather(
        *(two[place % 2].text(ASKED, sender=f"+5730055510{place:02d}", sid=f"SM{place}") for place in range(10))
    )

    async def all_sent() -> bool:
        return {row.state for row in await rows(two[0], t.outbox)} == {"done"}

    await two[0].eventually(all_sent)
    heard = [each.form["To"] for started in two for each in started.twilio.heard]
    assert len(heard) == len(set(heard)) == 10
