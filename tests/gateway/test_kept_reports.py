"""Reports that take long: told again for a minute, then told while they are counted anew, each within its boundary."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import Any

import pytest

from gateway.errors import Invalid
from gateway.principal import Principal, Role
from gateway.reports import kept
from gateway.reports.period import Wanted
from gateway.reports.timeliness import Report
from gateway.store import timeliness
from tests.support.running import Running

ALL = Principal(id=1, name="test", role=Role.AUDITOR, agency=None)
SENA = Principal(id=2, name="luz", role=Role.MANAGER, agency="sena")
YEARS = Wanted(first=date(2026, 1, 1), last=date(2030, 12, 31))

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every report takes long enough to be kept."""
    monkeypatch.setattr(kept, "_WORTH", 0.0)
    return monkeypatch


def received(report: Report) -> int:
    return report.whole.tally.received


async def test_what_is_counted_in_no_time_is_counted_each_time(ventanilla: Running) -> None:
    reports = ventanilla.gateway.reports
    assert received(await reports.timeliness(ALL, YEARS)) == 0
    await ventanilla.text("SENA: ¿cuándo abren las inscripciones?")
    assert received(await reports.timeliness(ALL, YEARS)) == 1


async def test_what_took_long_is_told_again_with_its_instant(ventanilla: Running, slow: pytest.MonkeyPatch) -> None:
    reports = ventanilla.gateway.reports
    first = await reports.timeliness(ALL, YEARS)
    await ventanilla.text("SENA: ¿cuándo abren las inscripciones?")
    assert await reports.timeliness(ALL, YEARS) is first
    assert received(await reports.timeliness(SENA, YEARS)) == 1, "another boundary has a report of its own"


async def test_what_is_older_than_a_minute_is_told_while_it_is_counted_anew(
    ventanilla: Running, slow: pytest.MonkeyPatch
) -> None:
    reports = ventanilla.gateway.reports
    first = await reports.timeliness(ALL, YEARS)
    await ventanilla.text("SENA: ¿cuándo abren las inscripciones?")
    slow.setattr(kept, "_FRESH", -1.0)
    assert await reports.timeliness(ALL, YEARS) is first

    async def counted_anew() -> bool:
        return received(await reports.timeliness(ALL, YEARS)) == 1

    await ventanilla.eventually(counted_anew)


async def test_what_is_old_is_not_told(ventanilla: Running, slow: pytest.MonkeyPatch) -> None:
    reports = ventanilla.gateway.reports
    await reports.timeliness(ALL, YEARS)
    await ventanilla.text("SENA: ¿cuándo abren las inscripciones?")
    slow.setattr(kept, "_OLD", -1.0)
    assert received(await reports.timeliness(ALL, YEARS)) == 1


async def test_another_configuration_has_reports_of_its_own(ventanilla: Running, slow: pytest.MonkeyPatch) -> None:
    reports = ventanilla.gateway.reports
    first = await reports.timeliness(ALL, YEARS)
    assert await ventanilla.gateway.reload()
    assert await reports.timeliness(ALL, YEARS) is not first


async def test_many_who_ask_at_once_wait_for_one_count_and_one_who_leaves_takes_it_from_nobody(
    ventanilla: Running,
) -> None:
    reports = ventanilla.gateway.reports
    leaving, *asking = [asyncio.create_task(reports.timeliness(ALL, YEARS)) for _ in range(10)]
    await asyncio.sleep(0)
    leaving.cancel()
    first, *others = await asyncio.gather(*asking)
    assert all(other is first for other in others)


async def test_days_that_are_no_period_are_refused_each_time(ventanilla: Running, slow: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with pytest.raises(Invalid):
            await ventanilla.gateway.reports.timeliness(ALL, Wanted(first=YEARS.last, last=YEARS.first))


async def test_so_many_are_kept_and_no_more(ventanilla: Running, slow: pytest.MonkeyPatch) -> None:
    reports = ventanilla.gateway.reports
    slow.setattr(kept, "_MOST", 2)
    first = await reports.timeliness(ALL, YEARS)
    for day in (1, 2):
        await reports.timeliness(ALL, Wanted(first=YEARS.first, last=date(2027, 1, day)))
    assert await reports.timeliness(ALL, YEARS) is not first


async def test_who_asks_for_a_long_count_is_not_kept_waiting_and_finds_it_when_they_come_back(
    ventanilla: Running, slow: pytest.MonkeyPatch
) -> None:
    reports = ventanilla.gateway.reports
    await ventanilla.text("SENA: ¿cuándo abren las inscripciones?")
    slow.setattr(kept, "_WORTH", 60.0)
    slow.setattr(kept, "_PATIENCE", 0.0)
    slow.setattr(kept, "_WEIGHING", 60.0)
    assert received(await found(reports.if_counted(ALL, YEARS))) == 1, "few cases are waited for"
    slow.setattr(kept, "_MANY", 0)

    assert await reports.if_counted(ALL, YEARS) is None

    async def counted() -> Report | None:
        return await reports.if_counted(ALL, YEARS)

    first = await ventanilla.eventually(counted)
    assert received(await found(counted())) == 1
    assert await counted() is first, "it is kept, for them who were asked to come back"
    with pytest.raises(Invalid):
        await reports.if_counted(ALL, Wanted(first=date(2026, 2, 1), last=date(2026, 1, 1)))


async def test_where_it_takes_long_to_know_whether_there_are_many_cases_nobody_waits_for_that_either(
    ventanilla: Running, slow: pytest.MonkeyPatch
) -> None:
    gateway, known = ventanilla.gateway, asyncio.Event()
    reports = kept.Reports(gateway.store, gateway.current, clock=gateway.clock)

    async def has_more(*_: Any, than: int) -> bool:
        await known.wait()
        return False

    slow.setattr(timeliness, "has_more", has_more)
    slow.setattr(kept, "_PATIENCE", 0.0)
    slow.setattr(kept, "_WEIGHING", 0.0)
    assert await reports.if_counted(ALL, YEARS) is None
    known.set()
    slow.setattr(kept, "_WEIGHING", 60.0)
    assert received(await found(reports.if_counted(ALL, YEARS))) == 0


async def test_where_there_were_few_cases_a_page_waits_however_busy_the_machine(
    ventanilla: Running, slow: pytest.MonkeyPatch
) -> None:
    reports = ventanilla.gateway.reports

    async def has_more(*_: Any, than: int) -> bool:
        await asyncio.sleep(0.1)
        return False

    await found(reports.if_counted(ALL, YEARS))
    slow.setattr(timeliness, "has_more", has_more)
    slow.setattr(kept, "_PATIENCE", 0.0)
    slow.setattr(kept, "_WEIGHING", 0.0)
    assert received(await found(reports.if_counted(SENA, YEARS))) == 0


async def found(asked: Awaitable[Report | None]) -> Report:
    report = await asked
    assert report is not None
    return report
