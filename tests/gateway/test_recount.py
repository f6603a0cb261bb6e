"""Another calendar, another term: every open case is derived anew, in the background, and says so."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import ids_by, now
from gateway.deployment import Deployment
from gateway.store import timekeeping
from gateway.store.schema import instant_of
from gateway.timekeeping import recount
from gateway.timekeeping.almanac import fingerprint
from gateway.timekeeping.timekeeper import Timekeeper
from routing.catalog import Catalog, Suspension
from tests.support.clocks import MovableClock
from tests.support.office import Office
from tests.support.running import ADMINISTRATOR, CONFIG, running, sample_deployment

STRIKE = """
  - first: 2026-07-21
    last: 2026-07-23
    reason: {es: Paro, en: Strike}
"""
# 15 business days from Monday 6 July: Wednesday 29; three days of strike more: Monday 3 August.
BEFORE, AFTER = "2026-07-30T04:59:59Z", "2026-08-04T04:59:59Z"


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    """An office with a configuration folder of its own."""
    clock, config = MovableClock(), Path(shutil.copytree(CONFIG, tmp_path / "config"))
    stood = sample_deployment()
    async with running(
        database, tmp_path, now=clock, deployment=stood, VENTANILLA_CONFIG_DIR=str(config)
    ) as started:  # fmt: skip
        opened = Office(started, clock)
        await opened.settled()
        yield opened


async def strike(desk: Office, rows: str = STRIKE) -> None:
    """Write a suspension into the calendar, and apply it."""
    path = desk.running.gateway.settings.config_dir / "calendars" / "national.yaml"
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("suspensions:")] + f"suspensions:{rows}", "utf-8")
    assert await desk.running.gateway.reload() is True


async def until_told(desk: Office, number: str, times: int = 1) -> list[dict[str, Any]]:
    async def told() -> list[dict[str, Any]]:
        found = [event.data for event in await desk.story(number, "recomputed")]
        return found if len(found) >= times else []

    return await desk.running.eventually(told)


async def test_a_new_suspension_moves_open_cases_and_their_logs_say_from_when_to_when(desk: Office) -> None:
    number, answered = await desk.ask(), await desk.ask()
    await desk.running.gateway.desk.reply(ADMINISTRATOR, answered, "Abren el 15 de enero.")

    await strike(desk)

    assert await until_told(desk, number) == [
        {"from": BEFORE, "to": AFTER, "citizen_from": BEFORE, "citizen_to": AFTER}
    ]
    assert (await desk.case(number)).due_at == datetime(2026, 8, 4, 4, 59, 59, tzinfo=UTC)
    assert await desk.story(answered, "recomputed") == []
    # The warning of the eighth business day is given by the new calendar.
    await desk.at("2026-07-29", "12:00:00")
    assert [kind for kind, _ in await desk.events(number, "warned", "breached")] == ["warned:half", "warned:most"]


async def test_what_comes_in_meanwhile_is_not_derived_anew_so_that_a_run_ends_while_people_write(desk: Office) -> None:
    number = await desk.ask()
    with ids_by(lambda: now() + timedelta(minutes=1)):
        await desk.ask()
    kept: list[int] = []
    catalog = sample_deployment()

    await recount.recount(
        desk.running.gateway.store, lambda: catalog, clock=desk.clock, told=lambda page: kept.extend(page.case_ids)
    )

    assert kept == [(await desk.case(number)).id]


async def test_a_strike_that_is_called_off_moves_them_back(desk: Office) -> None:
    number = await desk.ask()
    await strike(desk)
    await until_told(desk, number)

    await strike(desk, " []\n")

    assert [(told["from"], told["to"]) for told in await until_told(desk, number, 2)] == [
        (BEFORE, AFTER), (AFTER, BEFORE),
    ]  # fmt: skip


async def test_what_was_late_before_the_calendar_changed_stays_late(desk: Office) -> None:
    number = await desk.ask()
    await desk.at("2026-07-30", "08:00:00")

    await strike(desk)
    await until_told(desk, number)

    assert (await desk.case(number)).late_at == datetime(2026, 7, 30, 5, tzinfo=UTC)
    assert len(await desk.story(number, "breached")) == 1


async def test_a_change_that_moves_no_clock_derives_nothing(desk: Office) -> None:
    catalog = desk.running.gateway.current().catalog
    said = {**catalog.texts["es"].messages, "help": "Otra ayuda."}
    texts = {**catalog.texts, "es": catalog.texts["es"].model_copy(update={"messages": said})}
    hours = catalog.agencies["sena"].model_copy(update={"hours": ()})

    same = catalog.model_copy(update={"texts": texts})
    other = catalog.model_copy(update={"agencies": {**catalog.agencies, "sena": hours}})

    assert fingerprint(same) == fingerprint(catalog)
    assert fingerprint(other) != fingerprint(catalog)


async def test_a_start_with_another_calendar_derives_anew_and_one_with_the_same_does_not(desk: Office) -> None:
    number = await desk.ask()
    gateway = desk.running.gateway
    struck = Deployment.of(on_strike(gateway.current().catalog))

    for _ in range(2):
        await Timekeeper(gateway.store, lambda: struck, clock=desk.clock, wake_outbox=print).recount()

    assert [(e.data["from"], e.data["to"]) for e in await desk.story(number, "recomputed")] == [(BEFORE, AFTER)]


async def test_a_run_that_was_killed_goes_on_where_it_was(desk: Office) -> None:
    numbers = [await desk.ask() for _ in range(3)]
    gateway = desk.running.gateway
    catalog = on_strike(gateway.current().catalog)
    reached = (await desk.case(numbers[1])).id
    await gateway.store.transact(
        lambda conn: timekeeping.keep_fingerprint(
            conn, "clocks reached", f"{fingerprint(catalog)} {reached}"
        )
    )  # fmt: skip

    await Timekeeper(
        gateway.store, lambda: Deployment.of(catalog), clock=desk.clock, wake_outbox=print
    ).recount()  # fmt: skip

    assert [len(await desk.story(number, "recomputed")) for number in numbers] == [0, 0, 1]


async def test_a_dry_run_tells_what_would_move_and_writes_nothing(desk: Office) -> None:
    number = await desk.ask()
    catalog = on_strike(desk.running.gateway.current().catalog)

    async with desk.running.gateway.store.read() as conn:
        found = [move async for move in recount.moves(conn, catalog, now=desk.clock())]

    assert [(m.number, m.agency, m.due_from, m.due_to) for m in found] == [
        (number, "sena", instant_of(micros_of(BEFORE)), instant_of(micros_of(AFTER)))
    ]
    assert await desk.story(number, "recomputed") == []
    assert (await desk.case(number)).due_at == instant_of(micros_of(BEFORE))


def on_strike(catalog: Catalog) -> Catalog:
    row = Suspension(first=date(2026, 7, 21), last=date(2026, 7, 23), reason={"es": "Paro", "en": "Strike"})
    national = catalog.calendars["national"].model_copy(update={"suspensions": (row,)})
    return catalog.model_copy(update={"calendars": {**catalog.calendars, "national": national}})


def micros_of(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp()) * 1_000_000
