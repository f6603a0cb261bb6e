"""What falls due is noted once, at its true instant, and the right people are told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.principal import Role
from gateway.store import alarms
from gateway.store import schema as t
from gateway.timekeeping.timekeeper import Timekeeper
from tests.support.office import Office, office

NOTED = ("warned", "breached", "escalated", "deemed_granted")


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, tmp_path) as opened:
        yield opened


async def test_the_ladder_is_climbed_step_by_step_each_once(desk: Office) -> None:
    number = await desk.ask()

    for day in ("2026-07-16", "2026-07-17", "2026-07-24", "2026-07-27", "2026-07-30", "2026-07-31", "2026-08-03"):
        await desk.at(day, "12:00:00")
        await desk.round()

    # 15 business days from Monday 6 July, with the holidays of 13 and 20 July: Wednesday 29.
    assert await desk.events(number, *NOTED) == [
        ("warned:half", "07-17 07:30:00"),
        ("warned:most", "07-24 07:30:00"),
        ("warned:last-days", "07-27 07:30:00"),
        ("breached", "07-30 00:00:00"),
        ("escalated:coordinator", "07-31 07:30:00"),
    ]


async def test_after_two_days_off_everything_is_noted_at_its_true_instant(desk: Office) -> None:
    number = await desk.ask()

    await desk.at("2026-07-30", "09:00:00")

    assert (await desk.events(number, *NOTED))[-1] == ("breached", "07-30 00:00:00")
    assert (await desk.case(number)).late_at == (await desk.story(number, "breached"))[0].at


async def test_a_second_before_the_deadline_nothing_is_late(desk: Office) -> None:
    number = await desk.ask()

    await desk.at("2026-07-29", "23:59:59")
    before = await desk.events(number, "breached")
    await desk.at("2026-07-30", "00:00:00")

    assert before == []
    assert await desk.events(number, "breached") == [("breached", "07-30 00:00:00")]


async def test_an_answered_case_is_left_alone(desk: Office) -> None:
    number = await desk.ask()
    luz = await desk.employ("luz")
    await desk.running.gateway.desk.reply(luz, number, "Abren el 15 de enero.")

    await desk.at("2026-08-20")

    assert await desk.events(number, *NOTED) == []


async def test_a_round_costs_only_what_is_due(desk: Office) -> None:
    await desk.ask()
    await desk.ask()

    assert await desk.round() == 0
    assert await desk.at("2026-07-17", "08:00:00") == 2
    assert await desk.round() == 0


async def test_who_has_the_case_is_warned_and_nobody_else(desk: Office) -> None:
    luz, _ = await desk.employ("luz"), await desk.employ("ana")
    number = await desk.ask()
    await desk.at("2026-07-16", "16:00:00")
    await desk.running.gateway.desk.take(luz, number)

    await desk.at("2026-07-17", "08:00:00")

    assert (await desk.told("luz"), await desk.told("ana")) == (["half"], [])


async def test_nobody_has_it_so_every_manager_on_duty_is_warned(desk: Office) -> None:
    for login in ("luz", "ana", "eva", "off"):
        await desk.employ(login)
    await desk.employ("otra", agency="dian")
    await desk.set_staff("eva", active=False)
    await desk.set_staff("off", on_duty=False)
    await desk.ask()

    await desk.at("2026-07-17", "08:00:00")

    assert [await desk.told(login) for login in ("luz", "ana", "eva", "off", "otra")] == [
        ["half"],
        ["half"],
        [],
        [],
        [],
    ]


async def test_a_breach_reaches_the_head_and_two_days_more_the_central_desk(desk: Office) -> None:
    await desk.employ("jefa", role=Role.HEAD)
    await desk.employ("mesa", role=Role.TRIAGE, agency=None)
    await desk.employ("admin", role=Role.ADMINISTRATOR, agency=None)
    await desk.ask()

    await desk.at("2026-07-30", "09:00:00")
    first = [await desk.told(login) for login in ("jefa", "mesa", "admin")]
    await desk.at("2026-07-31", "09:00:00")

    assert first == [["breach"], [], []]
    assert [await desk.told(login) for login in ("jefa", "mesa", "admin")] == [["breach"], ["coordinator"], []]


async def test_an_agency_without_a_head_tells_its_managers_and_a_network_without_a_desk_its_administrators(
    desk: Office,
) -> None:
    await desk.employ("luz")
    await desk.employ("admin", role=Role.ADMINISTRATOR, agency=None)
    await desk.ask()

    await desk.at("2026-07-31", "09:00:00")

    assert await desk.told("luz") == ["half", "most", "last-days", "breach"]
    assert await desk.told("admin") == ["coordinator"]


async def test_several_moments_of_a_case_make_one_message_of_the_gravest(desk: Office) -> None:
    await desk.employ("luz")
    await desk.wants_messages("luz", "tel:+573009990001")
    number = await desk.ask("SENA: soy Ana María Restrepo y necesito ayuda")

    await desk.at("2026-07-30", "09:00:00")

    [(urn, text)] = await desk.sent()
    assert urn == "tel:+573009990001"
    assert number in text
    assert "29/07/2026" in text
    assert "Restrepo" not in text
    assert "ayuda" not in text
    assert await desk.told("luz") == ["half", "most", "last-days", "breach"]


async def test_a_warning_says_how_many_days_are_left_in_the_readers_language(desk: Office) -> None:
    await desk.employ("luz")
    await desk.set_staff("luz", language="en")
    await desk.wants_messages("luz", "tel:+573009990001")
    number = await desk.ask()

    await desk.at("2026-07-27", "08:00:00")

    assert [text for _, text in await desk.sent()] == [f"SENA, case {number}: due on 29/07/2026. Days left: 2."]


async def test_a_message_to_staff_goes_out_and_is_in_no_citizens_story(desk: Office) -> None:
    await desk.employ("luz")
    await desk.wants_messages("luz", "tel:+573009990001")
    number = await desk.ask()

    await desk.at("2026-07-17", "08:00:00")

    [text] = await desk.running.texts_to("+573009990001")
    messages, _ = await desk.running.story(number)
    assert number in text
    assert "staff_notice" not in {message.kind for message in messages}


async def test_a_telephone_rings_when_the_office_is_open_and_the_notice_is_there_at_once(desk: Office) -> None:
    await desk.employ("luz")
    await desk.wants_messages("luz", "tel:+573009990001")
    await desk.ask()

    await desk.at("2026-07-30", "00:00:05")

    assert "breach" in await desk.told("luz")
    assert [f"{leaves:%Y-%m-%d %H:%M %z}" for leaves in await desk.leaving()] == ["2026-07-30 12:30 +0000"]


async def test_whoever_opted_out_or_whose_channel_is_gone_reads_it_on_the_console(desk: Office) -> None:
    await desk.employ("luz")
    await desk.employ("ana")
    await desk.wants_messages("luz", "tel:+573009990001")
    await desk.wants_messages("ana", "tel:+573009990002", channel="pigeon")
    await desk.running.text("SALIR", sender="+573009990001")
    await desk.ask()

    await desk.at("2026-07-17", "08:00:00")

    assert await desk.sent() == []
    assert (await desk.told("luz"), await desk.told("ana")) == (["half"], ["half"])


async def test_two_timekeepers_at_once_tell_each_thing_once(desk: Office) -> None:
    await desk.employ("luz")
    numbers = [await desk.ask() for _ in range(8)]
    gateway = desk.running.gateway
    second = Timekeeper(gateway.store, gateway.current, clock=desk.clock, wake_outbox=gateway.outbox.wake)
    desk.clock.move(days=30)

    await asyncio.gather(*(keeper.round() for keeper in (gateway.timekeeper, second) * 3))

    for number in numbers:
        assert [kind for kind, _ in await desk.events(number, *NOTED)] == [
            "warned:half", "warned:most", "warned:last-days", "breached", "escalated:coordinator",
        ]  # fmt: skip
    assert len(await desk.told("luz")) == 4 * len(numbers)


async def test_a_thousand_cases_due_in_the_same_second_are_all_noted(desk: Office) -> None:
    await copied(desk, await desk.ask(), 999)

    await desk.at("2026-07-30", "00:00:00")

    assert await counted(desk, "breached") == 1000
    assert await desk.round() == 0


async def test_a_case_whose_clocks_cannot_be_kept_holds_up_no_other(desk: Office) -> None:
    broken, sound = await desk.ask(), await desk.ask()
    # No code of ours writes such a thing; a hand in the database might.
    await changed(desk, broken, "routed", data=["sena"])

    await desk.at("2026-07-17", "08:00:00")

    assert await desk.events(sound, "warned") == [("warned:half", "07-17 07:30:00")]
    assert await desk.events(broken, "warned") == []
    async with desk.running.gateway.store.read() as conn:
        assert [alarm.key for alarm in await alarms.ringing(conn)] == ["no-clock:sena"]
    assert (await desk.case(broken)).next_step_at == desk.clock() + timedelta(hours=1)


async def test_a_case_of_a_class_that_is_gone_rings_once_and_is_left_alone(desk: Office) -> None:
    number, sound = await desk.ask(), await desk.ask()
    await relabelled(desk, number, "no-such-class")

    await desk.at("2026-07-17", "08:00:00")

    assert await desk.events(sound, "warned") == [("warned:half", "07-17 07:30:00")]
    assert (await desk.case(number)).next_step_at is None


async def test_it_sleeps_until_the_next_instant_and_is_woken(desk: Office) -> None:
    number = await desk.ask()
    desk.clock.move(days=11)

    desk.running.gateway.timekeeper.wake()

    async def warned() -> list[tuple[str, str]]:
        return await desk.events(number, "warned")

    assert await desk.running.eventually(warned) == [("warned:half", "07-17 07:30:00")]


async def copied(desk: Office, number: str, times: int) -> None:
    """So many more cases just like one."""
    store = desk.running.gateway.store

    async def work(conn: AsyncConnection) -> None:
        case = (await conn.execute(select(t.cases).where(t.cases.c.number == number))).one()._mapping
        query = select(t.case_event).where(t.case_event.c.case_id == case["id"])
        events = [row._mapping for row in await conn.execute(query)]
        ids = [new_id() for _ in range(times)]
        await conn.execute(t.cases.insert(), [{**case, "id": i, "number": f"copy-{i}"} for i in ids])
        await conn.execute(t.case_event.insert(), [{**e, "id": new_id(), "case_id": i} for i in ids for e in events])

    await store.transact(work)


async def counted(desk: Office, kind: str) -> int:
    async with desk.running.gateway.store.read() as conn:
        query = select(func.count()).select_from(t.case_event).where(t.case_event.c.kind == kind)
        return int((await conn.execute(query)).scalar_one())


async def relabelled(desk: Office, number: str, term_class: str) -> None:
    [routed] = await desk.story(number, "routed")
    await changed(desk, number, "routed", data={**routed.data, "term_class": term_class})


async def changed(desk: Office, number: str, kind: str, **values: Any) -> None:
    case = await desk.case(number)
    await desk.running.gateway.store.transact(
        lambda conn: conn.execute(
            update(t.case_event).where(t.case_event.c.case_id == case.id, t.case_event.c.kind == kind).values(**values)
        )
    )
