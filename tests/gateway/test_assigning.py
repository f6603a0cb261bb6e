"""Whoever supervises gives cases to others, puts people on duty and off, and sees who carries what."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from gateway.principal import Principal, Role
from gateway.staffing import duty
from gateway.staffing.team import Load, Team, team
from gateway.store import queue, staff
from tests.support.office import Office, giving, office

WHY = "está más cerca del tema"


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, tmp_path) as opened:
        await opened.employ("luz")
        await opened.employ("ana")
        await opened.employ("jefa", role=Role.HEAD)
        await opened.employ("mesa", role=Role.TRIAGE, agency=None)
        await opened.employ("dian2", agency="dian")
        yield opened


async def assign(desk: Office, by: str, number: str, to: str) -> None:
    await desk.running.gateway.desk.assign(desk.people[by], number, desk.people[to].id, WHY)


@pytest.mark.parametrize("by", ["jefa", "mesa"])
async def test_a_case_goes_to_a_colleague_with_a_reason_that_stays(desk: Office, by: str) -> None:
    number = await desk.ask()

    await assign(desk, by, number, "luz")
    await assign(desk, by, number, "ana")

    assert (await desk.case(number)).assignee_id == desk.people["ana"].id
    first, second = (event for event in await desk.story(number, "assigned") if event.data.get("how") == "supervisor")
    assert first.data == {"staff": str(desk.people["luz"].id), "how": "supervisor", "reason": WHY}
    assert (second.data["from"], second.actor) == (str(desk.people["luz"].id), desk.people[by].actor)


async def test_only_who_supervises_the_agency_assigns(desk: Office) -> None:
    number = await desk.ask()
    head = await desk.employ("jefe.dian", role=Role.HEAD, agency="dian")

    with pytest.raises(Forbidden):
        await assign(desk, "luz", number, "ana")
    with pytest.raises(NotFound):
        await desk.running.gateway.desk.assign(head, number, desk.people["dian2"].id, WHY)
    assert (await desk.case(number)).assignee_id is None


@pytest.mark.parametrize(
    ("to", "refusal"), [("dian2", Invalid), ("mesa", Invalid), ("gone", Invalid), ("away", Conflict)]
)
async def test_the_target_is_there_and_answers_for_the_agency(desk: Office, to: str, refusal: type[Refusal]) -> None:
    number = await desk.ask()
    await desk.employ("gone")
    await desk.set_staff("gone", active=False)
    await desk.employ("away")
    await desk.leaves("away")

    with pytest.raises(refusal):
        await assign(desk, "jefa", number, to)

    assert (await desk.case(number)).assignee_id is None


async def test_the_central_desk_answers_for_the_triage_agency(desk: Office) -> None:
    number = await desk.ask("no sé a quién preguntarle esto")
    triage = desk.running.gateway.current().catalog.gateway.triage
    assert (await desk.case(number)).agency == triage

    await assign(desk, "mesa", number, "mesa")

    assert (await desk.case(number)).assignee_id == desk.people["mesa"].id


async def test_many_cases_go_in_one_act_and_what_cannot_go_stays(desk: Office) -> None:
    numbers = [await desk.ask() for _ in range(3)]
    elsewhere = await desk.ask("DIAN ¿cómo saco el RUT?")
    verbs = desk.running.gateway.desk
    await verbs.close(desk.people["jefa"], numbers[2], outcome="spam", reason="una prueba")

    luz = desk.people["luz"].id
    done = await verbs.assign_all(desk.people["jefa"], [*numbers, elsewhere, "20990000011"], luz, WHY)

    assert done == sorted(numbers[:2])
    assert [(await desk.case(each)).assignee_id for each in (*numbers, elsewhere)] == [luz, luz, None, None]


async def test_what_is_offered_again_can_be_taken_by_others(desk: Office) -> None:
    number = await desk.ask()
    verbs = desk.running.gateway.desk
    await verbs.take(desk.people["luz"], number)

    await verbs.offer_again(desk.people["jefa"], number, WHY)

    [offered] = await desk.story(number, "unassigned")
    assert offered.data == {"staff": str(desk.people["luz"].id), "reason": WHY}
    with pytest.raises(Conflict):
        await verbs.offer_again(desk.people["jefa"], number, WHY)
    assert await verbs.take_next(desk.people["ana"]) == number


async def test_an_agency_that_gives_out_gives_what_is_offered_again_to_somebody_else(
    database: str, tmp_path: Path
) -> None:
    async with office(database, tmp_path, change=giving("sena")) as desk:
        await desk.employ("luz")
        head = await desk.employ("jefa", role=Role.HEAD)
        number = await desk.ask()
        first = (await desk.case(number)).assignee_id

        assert await desk.running.gateway.desk.offer_all_again(head, [number], WHY) == [number]

        assert (await desk.case(number)).assignee_id not in (None, first, head.id)


async def test_a_given_case_has_a_whole_lease(desk: Office) -> None:
    number = await desk.ask()
    await desk.at("2026-07-10", "10:00:00")
    await assign(desk, "jefa", number, "luz")

    await desk.at("2026-07-15", "10:59:59")
    held = (await desk.case(number)).assignee_id
    await desk.at("2026-07-15", "11:00:00")

    assert held == desk.people["luz"].id
    assert (await desk.case(number)).assignee_id is None


async def on_duty(desk: Office, by: Principal, login: str, value: bool) -> Any:
    gateway = desk.running.gateway
    return await gateway.store.transact(
        lambda conn: duty.set_on_duty(
            conn, gateway.current().catalog, by, login, on_duty=value, now=desk.clock()
        )
    )  # fmt: skip


async def test_who_comes_on_duty_is_given_what_waits_where_cases_are_given_out(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path, change=giving("sena")) as desk:
        head, luz = await desk.employ("jefa", role=Role.HEAD), await desk.employ("luz")
        for member in await desk.running.gateway.store.transact(lambda conn: staff.listed(conn, agency="sena")):
            await on_duty(desk, head, member.login, False)
        number = await desk.ask()
        waiting = (await desk.case(number)).assignee_id

        member = await on_duty(desk, head, "luz", True)

        assert (waiting, member.on_duty) == (None, True)
        assert (await desk.case(number)).assignee_id == luz.id


async def test_duty_and_capacity_are_said_by_whoever_supervises_the_agency(desk: Office) -> None:
    head = await desk.employ("jefe.dian", role=Role.HEAD, agency="dian")
    store = desk.running.gateway.store

    with pytest.raises(NotFound):
        await on_duty(desk, head, "luz", False)
    with pytest.raises(Forbidden):
        await on_duty(desk, desk.people["ana"], "luz", False)
    with pytest.raises(Invalid):
        await store.transact(lambda conn: duty.set_capacity(conn, desk.people["jefa"], "luz", 0))
    await store.transact(lambda conn: duty.set_capacity(conn, desk.people["jefa"], "luz", 7))

    assert (await load_of(desk, "luz")).may_carry == 7


async def told(desk: Office, by: str = "jefa") -> Team:
    gateway = desk.running.gateway
    return await team(gateway.store, gateway.current().catalog, desk.people[by], "sena", now=desk.clock())


async def load_of(desk: Office, login: str) -> Load:
    [load] = [each for each in (await told(desk)).loads if each.id == desk.people[login].id]
    return load


async def test_the_load_of_each_is_counted_and_that_of_nobody(desk: Office) -> None:
    verbs, luz = desk.running.gateway.desk, desk.people["luz"]
    old = [await desk.ask() for _ in range(2)]
    await desk.at("2026-07-30", "09:00:00")
    new = [await desk.ask() for _ in range(5)]
    await verbs.assign_all(desk.people["jefa"], [*old, *new[:4]], luz.id, WHY)
    await verbs.reply(luz, new[0], "¿De qué centro?", then="waiting")
    await verbs.reply(luz, new[1], "Abren el 15 de enero.")
    await verbs.ask_completion(luz, new[2], "¿De qué centro?")

    # The old ones fell due on Wednesday 29, two holidays being between; the new ones have all their days.
    load, found = await load_of(desk, "luz"), await told(desk)

    assert (load.open, load.soon, load.overdue, load.waiting, load.answered, load.carried) == (3, 0, 2, 2, 1, 5)
    assert (found.nobody.open, found.nobody.carried) == (1, 1)
    assert found.whole.open == 4
    assert found.days_left == [0, 2, 0, 0, 0, 0, 0, 0, 4, 0]


async def test_an_answer_of_last_week_is_not_of_this_one(desk: Office) -> None:
    verbs, luz = desk.running.gateway.desk, desk.people["luz"]
    number = await desk.ask()
    await verbs.take(luz, number)
    await verbs.reply(luz, number, "Abren el 15 de enero.")
    before = (await load_of(desk, "luz")).answered

    # Sunday's last second, then Monday.
    await desk.at("2026-07-12", "23:59:59")
    sunday = (await load_of(desk, "luz")).answered
    await desk.at("2026-07-13", "00:00:00")

    assert (before, sunday, (await load_of(desk, "luz")).answered) == (1, 1, 0)


async def test_who_has_cases_and_no_longer_answers_here_is_still_seen(desk: Office) -> None:
    number = await desk.ask()
    await desk.running.gateway.desk.take(desk.people["luz"], number)
    await desk.set_staff("luz", active=False)

    load = await load_of(desk, "luz")

    assert (load.member, load.open, load.may_carry) == (None, 1, 0)


async def test_who_is_away_is_not_on_duty(desk: Office) -> None:
    await desk.leaves("luz", until=desk.clock() + timedelta(days=2))

    load = await load_of(desk, "luz")

    assert (load.on_duty, load.absence is not None) == (False, True)


async def test_a_team_of_another_agency_has_no_cases_to_be_seen(desk: Office) -> None:
    number = await desk.ask()

    found = await told(desk, "dian2")

    assert (found.whole.open, sum(found.days_left)) == (0, 0)
    async with desk.running.gateway.store.read() as conn:
        with pytest.raises(NotFound):
            await queue.find(conn, desk.people["dian2"], number)
