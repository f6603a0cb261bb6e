"""`ventanilla verify`: what is kept is what the logs say, or it is told and can be mended."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert, select, update

from gateway.cli import main
from gateway.deployment import Deployment
from gateway.store import clocks as clock_store
from gateway.store import schema as t
from gateway.store.engine import Store, open_store
from gateway.timekeeping import almanac, recount
from gateway.timekeeping.clocks import clock_rows, keep
from gateway.timekeeping.verify import Difference, Verdict, verify
from routing.catalog import Catalog, Suspension
from routing.clocks import clocks
from tests.support.histories import NOW, histories, write
from tests.support.running import CONFIG, sample_deployment


@dataclass
class Kept:
    """A database full of cases, to be tampered with."""

    store: Store
    catalog: Catalog

    async def verify(self, *, repair: bool = False) -> tuple[Verdict, list[Difference]]:
        told: list[Difference] = []
        verdict = await verify(self.store, self.catalog, now=NOW, repair=repair, tell=told.append)
        return verdict, told

    async def write(self, statement: Any) -> None:
        await self.store.transact(lambda conn: conn.execute(statement))

    async def first(self, statement: Any) -> Any:
        async with self.store.read() as conn:
            return (await conn.execute(statement.limit(1))).one()

    async def ended(self) -> dict[tuple[int, int], Any]:
        """The clocks that have ended, as they are kept, by case and place."""
        async with self.store.read() as conn:
            rows = await conn.execute(select(t.clock).where(t.clock.c.ended_at.is_not(None)))
            return {(row.case_id, row.no): tuple(row) for row in rows}


@pytest.fixture
async def kept(database: str) -> AsyncIterator[Kept]:
    store, catalog = await open_store(database, serving=True), sample_deployment().catalog
    await write(store, catalog, histories(90, seed=3))
    yield Kept(store, catalog)
    await store.close()


async def test_what_the_gateway_keeps_is_what_the_logs_say(kept: Kept) -> None:
    verdict, told = await kept.verify()

    assert told == []
    assert verdict == Verdict(cases=90)


async def test_what_is_derived_is_equal_to_what_is_kept_so_that_nothing_is_written_again(kept: Kept) -> None:
    zone = ZoneInfo(kept.catalog.gateway.timezone)
    async with kept.store.read() as conn:
        found = await clock_store.logs(
            conn, await clock_store.page(conn, after=0, limit=90, only_open=False), kept=True
        )

    for logged in found:
        derived = clock_rows(logged.case, clocks(logged.events, kept.catalog, NOW), zone=zone)
        assert [tuple(row.values()) for row in derived] == sorted(map(tuple, logged.kept)), logged.case.number
    assert max(len(logged.kept) for logged in found) > 1


async def test_each_difference_is_told_with_case_and_column_and_mended_on_demand(kept: Kept) -> None:
    case = await kept.first(select(t.cases).where(t.cases.c.state == "answered").order_by(t.cases.c.id))
    clock = await kept.first(select(t.clock).where(t.clock.c.case_id == case.id, t.clock.c.days.is_not(None)))
    await kept.write(update(t.cases).where(t.cases.c.id == case.id).values(effective="1999-01-01"))
    await kept.write(
        update(t.clock).where(t.clock.c.case_id == case.id, t.clock.c.no == clock.no).values(days=clock.days + 7)
    )
    other = await kept.first(select(t.clock).where(t.clock.c.case_id != case.id, t.clock.c.latest))
    await kept.write(delete(t.clock).where(t.clock.c.case_id == other.case_id, t.clock.c.no == other.no))
    surplus = {**clock._mapping, "no": 40, "latest": False}
    await kept.write(insert(t.clock).values(**surplus))

    verdict, told = await kept.verify(repair=True)

    mine = {(d.column, d.kept, d.derived) for d in told if d.case == case.number}
    assert (f"clock[{clock.no}].days", clock.days + 7, clock.days) in mine
    assert ("effective", "1999-01-01", case.effective) in mine
    assert ("clock[40]", "kept", None) in mine
    assert any(d.column == f"clock[{other.no}]" and d.kept is None for d in told)
    assert any(d.case is None and d.column == "figure received" for d in told)
    assert (verdict.differing, verdict.repaired) == (2, 2)
    assert (await kept.verify())[1] == []


async def test_a_case_the_timekeeper_is_about_to_look_at_is_only_counted(kept: Kept) -> None:
    clock = await kept.first(select(t.clock).where(t.clock.c.latest))
    await kept.write(
        update(t.cases).where(t.cases.c.id == clock.case_id).values(next_step_at=NOW, effective="1999-01-01")
    )

    verdict, told = await kept.verify()

    assert told == []
    assert (verdict.awaiting, verdict.differing) == (1, 0)


async def test_a_log_that_no_longer_fits_the_configuration_is_told(kept: Kept) -> None:
    agencies = {key: agency for key, agency in kept.catalog.agencies.items() if key != "dian"}
    kept.catalog = kept.catalog.model_copy(update={"agencies": agencies})

    _, told = await kept.verify()

    assert any("cannot be derived: no agency “dian”" in str(d.derived) for d in told)


async def test_what_had_ended_when_the_calendar_changed_stays_as_it_was_counted(kept: Kept) -> None:
    await almanac.keep(kept.store, kept.catalog)
    before = await kept.ended()

    struck = Deployment.of(await almanac.keep(kept.store, closed(kept.catalog, date(2026, 2, 2), date(2026, 4, 30))))
    await recount.recount(kept.store, lambda: struck, clock=lambda: NOW, told=lambda _: None)

    kept.catalog = struck.catalog
    assert await kept.verify() == (Verdict(cases=90), [])
    assert await kept.ended() == before
    # Whoever did not know the calendar of then would date them anew.
    kept.catalog = struck.catalog.model_copy(update={"earlier": ()})
    verdict, told = await kept.verify()
    assert verdict.differing > 20
    assert {d.column for d in told if d.case is None} >= {"figure on_time", "figure days"}


async def test_a_repair_after_a_change_of_the_calendar_dates_nothing_anew_that_had_ended(kept: Kept) -> None:
    await almanac.keep(kept.store, kept.catalog)
    before = await kept.ended()
    kept.catalog = await almanac.keep(kept.store, closed(kept.catalog, date(2026, 2, 2), date(2026, 4, 30)))
    spoilt = min(before)
    await kept.write(
        update(t.clock).where(t.clock.c.case_id == spoilt[0], t.clock.c.no == spoilt[1]).values(effective="1999-01-01")
    )

    verdict, _ = await kept.verify(repair=True)

    assert verdict.repaired > 1
    assert await kept.ended() == before


async def test_another_act_on_a_case_that_had_ended_before_the_calendar_changed_moves_no_deadline(kept: Kept) -> None:
    await almanac.keep(kept.store, kept.catalog)
    before = await kept.ended()
    struck = await almanac.keep(kept.store, closed(kept.catalog, date(2026, 2, 2), date(2026, 4, 30)))

    await kept.store.transact(lambda conn: keep(conn, struck, {case_id for case_id, _ in before}, now=NOW))

    assert await kept.ended() == before


def closed(catalog: Catalog, first: date, last: date) -> Catalog:
    """The catalog with a closure of the country's offices."""
    row = Suspension(first=first, last=last, reason={"es": "Emergencia", "en": "Emergency"})
    national = catalog.calendars["national"].model_copy(update={"suspensions": (row,)})
    return catalog.model_copy(update={"calendars": {**catalog.calendars, "national": national}})


def test_the_command_prints_and_says_by_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENTANILLA_DATABASE_URL", f"sqlite:///{tmp_path / 'v.db'}")
    monkeypatch.setenv("VENTANILLA_CONFIG_DIR", str(CONFIG))

    empty = CliRunner().invoke(main, ["verify"])
    as_json = CliRunner().invoke(main, ["verify", "--repair", "--json"])

    assert (empty.exit_code, empty.output) == (0, "0 cases, 0 of them differ\n")
    assert json.loads(as_json.output)["cases"] == 0
    number = asyncio.run(_tampered(f"sqlite:///{tmp_path / 'v.db'}"))
    found = CliRunner().invoke(main, ["verify"])
    assert found.exit_code == 1
    assert f"{number}  effective: kept 1999-01-01, the log says 2026-" in found.output
    mended = CliRunner().invoke(main, ["verify", "--repair"])
    assert mended.exit_code == 1
    assert "1 were repaired" in mended.output
    assert CliRunner().invoke(main, ["verify"]).exit_code == 0


async def _tampered(url: str) -> str:
    """A database in which one answered case's day of receipt is not the log's."""
    store = await open_store(url, serving=True)
    await write(store, sample_deployment().catalog, histories(20, seed=3))
    async with store.read() as conn:
        query = select(t.cases).where(t.cases.c.next_step_at.is_(None)).order_by(t.cases.c.id).limit(1)
        case = (await conn.execute(query)).one()
    changed = update(t.cases).where(t.cases.c.id == case.id).values(effective="1999-01-01")
    await store.transact(lambda conn: conn.execute(changed))
    await store.close()
    return str(case.number)
