"""What clocks are counted by is kept, and an ended case is explained by what held when it ended."""

import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.store import schema as t
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.timekeeping import almanac, standing
from routing import terms
from routing.catalog import Catalog, Suspension
from tests.routing.story import at
from tests.support.clocks import MovableClock
from tests.support.office import Office
from tests.support.running import ADMINISTRATOR, CONFIG, running, sample_deployment

CATALOG = sample_deployment().catalog


def with_strike(catalog: Catalog) -> Catalog:
    row = Suspension(first=date(2026, 7, 21), last=date(2026, 7, 23), reason={"es": "Paro", "en": "Strike"})
    national = catalog.calendars["national"].model_copy(update={"suspensions": (row,)})
    return catalog.model_copy(update={"calendars": {**catalog.calendars, "national": national}})


def due_in_july(catalog: Catalog, agency: str = "sena") -> str:
    """The last day of what an agency receives on Monday 6 July at ten in the evening."""
    due = terms.due(catalog, agency=agency, term_class="general", received_at=at("2026-07-06", "22:00"))
    return due.due_at.astimezone(due.workdays.zone).date().isoformat()


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await open_store(database, serving=True)
    await migrate(opened)
    yield opened
    await opened.close()


async def test_the_same_calendar_is_kept_once_and_the_first_has_nothing_before_it(store: Store) -> None:
    for _ in range(3):
        assert (await almanac.keep(store, CATALOG)) is CATALOG

    async with store.read() as conn:
        assert len(list(await conn.execute(select(t.almanac)))) == 1


async def test_another_calendar_remembers_the_one_before_and_a_return_to_it_both(store: Store) -> None:
    await almanac.keep(store, CATALOG)
    struck = await almanac.keep(store, with_strike(CATALOG))
    back = await almanac.keep(store, CATALOG)

    assert [due_in_july(each.catalog) for each in struck.earlier] == ["2026-07-30"]
    assert due_in_july(struck) == "2026-08-04"
    assert [due_in_july(each.catalog) for each in back.earlier] == ["2026-07-30", "2026-08-04"]
    assert back.earlier[0].until == struck.earlier[0].until < back.earlier[1].until


async def test_terms_hours_and_holidays_come_back_as_they_were(store: Store) -> None:
    await almanac.keep(store, CATALOG)
    rows = tuple(row.model_copy(update={"n": 5}) for row in CATALOG.terms["general"].rows)
    general = CATALOG.terms["general"].model_copy(update={"rows": rows})
    changed = CATALOG.model_copy(
        update={
            "terms": {**CATALOG.terms, "general": general},
            "agencies": {
                **CATALOG.agencies,
                "sena": CATALOG.agencies["sena"].model_copy(update={"after_hours": "same_day"}),
                "new": CATALOG.agencies["dian"].model_copy(update={"key": "new"}),
            },
        }
    )

    now = await almanac.keep(store, changed)

    [then] = (each.catalog for each in now.earlier)
    assert (due_in_july(now), due_in_july(then), due_in_july(then, "dian")) == (
        "2026-07-14", due_in_july(CATALOG), due_in_july(CATALOG, "dian"),
    )  # fmt: skip
    assert then.holidays["CO"][2026][date(2026, 7, 20)]
    assert "new" not in then.agencies


async def test_whoever_only_looks_keeps_nothing_and_knows_all_that_held(store: Store) -> None:
    await almanac.keep(store, CATALOG)

    async with store.read() as conn:
        looked = await almanac.known(conn, with_strike(CATALOG))
        assert [due_in_july(each.catalog) for each in looked.earlier] == ["2026-07-30"]
        assert (await almanac.known(conn, CATALOG)) is CATALOG
        assert len(list(await conn.execute(select(t.almanac)))) == 1


async def test_an_answered_case_is_explained_by_the_calendar_of_its_time(database: str, tmp_path: Path) -> None:
    clock, config = MovableClock(), Path(shutil.copytree(CONFIG, tmp_path / "config"))
    async with running(
        database, tmp_path, now=clock, deployment=sample_deployment(), VENTANILLA_CONFIG_DIR=str(config)
    ) as started:
        desk = Office(started, clock)
        await desk.settled()
        number, open_still = await desk.ask(), await desk.ask()
        await started.gateway.desk.reply(ADMINISTRATOR, number, "Abren el 15 de enero.")
        path = config / "calendars" / "national.yaml"
        text = path.read_text("utf-8")
        strike = "suspensions:\n  - {first: 2026-07-21, last: 2026-07-23, reason: {es: Paro, en: Strike}}\n"
        path.write_text(text[: text.index("suspensions:")] + strike, "utf-8")

        assert await started.gateway.reload() is True

        async def moved() -> bool:
            return bool(await desk.story(open_still, "recomputed"))

        await started.eventually(moved)
        answered, present = await explained(desk, number), await explained(desk, open_still)
    assert [(last.isoformat(), suspended) for last, suspended in (answered, present)] == [
        ("2026-07-29", 0), ("2026-08-03", 3),
    ]  # fmt: skip


async def explained(desk: Office, number: str) -> tuple[date, int]:
    """The last day of a case's clock as console, API and follow-up page tell it, and how many days it was suspended."""
    gateway = desk.running.gateway
    case = await desk.case(number)
    async with gateway.store.read() as conn:
        [told] = (await standing.derived(conn, gateway.current().catalog, [case.id], now=desk.clock())).values()
    days = told.clocks.present.explain(desk.clock())
    return days[-1].date, [day.code for day in days].count("suspension")
