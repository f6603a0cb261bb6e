"""What somebody leaves or does not touch is offered again, and given to others where cases are given out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.principal import Role
from tests.support.office import Office, giving, office


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def giving_desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An agency that gives its cases out. Its first manager, of the configuration, works there too."""
    async with office(database, tmp_path, change=giving("sena")) as opened:
        yield opened


async def test_a_lease_lasts_eighteen_office_hours_over_a_long_weekend(desk: Office) -> None:
    luz = await desk.employ("luz")
    number = await desk.ask()
    await desk.at("2026-07-10", "10:00:00")
    await desk.running.gateway.desk.take(luz, number)

    # Six hours on Friday; Monday 13 is a holiday; eight and a half on Tuesday; three and a half on Wednesday.
    await desk.at("2026-07-15", "10:59:59")
    held = (await desk.case(number)).assignee_id
    await desk.at("2026-07-15", "11:00:00")

    assert held == luz.id
    assert (await desk.case(number)).assignee_id is None
    [lapsed] = await desk.story(number, "unassigned")
    assert lapsed.data == {"staff": str(luz.id), "reason": "lease"}


async def test_touching_a_case_renews_its_lease(desk: Office) -> None:
    luz = await desk.employ("luz")
    number = await desk.ask()
    await desk.at("2026-07-10", "10:00:00")
    await desk.running.gateway.desk.take(luz, number)
    await desk.at("2026-07-14", "16:00:00")
    await desk.running.gateway.desk.note(luz, number, "Espero a la sede.")

    await desk.at("2026-07-15", "11:00:00")

    assert (await desk.case(number)).assignee_id == luz.id


async def test_a_lapsed_case_is_given_to_somebody_else_and_never_back(giving_desk: Office) -> None:
    number = await giving_desk.ask()
    first = (await giving_desk.case(number)).assignee_id
    luz = await giving_desk.employ("luz")

    await giving_desk.at("2026-07-09", "08:00:00")

    assert first not in (None, luz.id)
    assert (await giving_desk.case(number)).assignee_id == luz.id
    given = await giving_desk.story(number, "assigned")
    assert [event.data for event in given[1:]] == [{"staff": str(luz.id), "how": "balanced"}]


async def test_a_lapsed_case_waits_when_nobody_else_is_there(giving_desk: Office) -> None:
    number = await giving_desk.ask()

    await giving_desk.at("2026-07-09", "08:00:00")

    assert (await giving_desk.case(number)).assignee_id is None


async def test_the_cases_of_somebody_who_leaves_are_offered_again(desk: Office) -> None:
    luz = await desk.employ("luz")
    numbers = [await desk.ask(), await desk.ask()]
    for number in numbers:
        await desk.running.gateway.desk.take(luz, number)
    await desk.leaves("luz", since=desk.clock() + timedelta(hours=1))

    assert await desk.round() == 0
    desk.clock.move(hours=1)
    await desk.round()

    for number in numbers:
        assert (await desk.case(number)).assignee_id is None
        [event] = await desk.story(number, "unassigned")
        assert (event.actor, event.data) == ("system", {"staff": str(luz.id), "reason": "absent"})
    assert await desk.round() == 0


async def test_what_somebody_leaves_is_given_to_who_is_there(giving_desk: Office) -> None:
    luz = await giving_desk.employ("luz")
    numbers = [await giving_desk.ask() for _ in range(4)]
    await giving_desk.leaves("luz", until=giving_desk.clock() + timedelta(days=9))

    await giving_desk.round()

    holders = {(await giving_desk.case(number)).assignee_id for number in numbers}
    assert len(holders) == 1
    assert holders.isdisjoint({luz.id, None})


async def test_nothing_new_is_given_to_who_is_away_and_everything_waiting_to_who_comes_back(
    giving_desk: Office,
) -> None:
    await giving_desk.set_staff("sena", on_duty=False)
    luz = await giving_desk.employ("luz")
    await giving_desk.leaves("luz", until=giving_desk.clock() + timedelta(hours=1))
    number = await giving_desk.ask()
    waiting = (await giving_desk.case(number)).assignee_id

    giving_desk.clock.move(hours=1)
    await giving_desk.round()

    assert waiting is None
    assert (await giving_desk.case(number)).assignee_id == luz.id


async def test_an_absence_that_passed_while_switched_off_takes_nothing_away(desk: Office) -> None:
    luz = await desk.employ("luz")
    await desk.leaves("luz", since=desk.clock() + timedelta(hours=1), until=desk.clock() + timedelta(hours=2))
    number = await desk.ask()
    await desk.running.gateway.desk.take(luz, number)

    desk.clock.move(hours=3)
    await desk.round()

    assert (await desk.case(number)).assignee_id == luz.id


async def test_who_is_away_is_told_nothing_and_others_are_told_instead(desk: Office) -> None:
    await desk.employ("jefa", role=Role.HEAD)
    await desk.employ("luz")
    await desk.leaves("luz")
    await desk.leaves("jefa")
    await desk.employ("ana")
    await desk.ask()

    await desk.at("2026-07-30", "08:00:00")

    assert await desk.told("luz") == []
    assert await desk.told("jefa") == []
    assert (await desk.told("ana"))[-1] == "breach"
