"""The indicators of a period: equal to a count by hand from the event logs, on both engines and within the boundary."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from gateway.errors import Invalid
from gateway.principal import Principal, Role
from gateway.reports import timeliness
from gateway.reports.period import Wanted, asked_of
from gateway.reports.timeliness import Report
from gateway.store import behind
from gateway.store import clocks as clock_store
from gateway.store import schema as t
from gateway.store import timeliness as timeliness_store
from gateway.store.bulk import Query, fetch
from gateway.store.engine import Store, open_store
from gateway.store.timeliness import Dimension
from routing.catalog import Catalog
from routing.clocks import Began, clocks
from routing.timeliness import Scope
from tests.support.brute_force import Recounted, Stay, Told, of_messages
from tests.support.histories import NOW, histories, write
from tests.support.running import sample_deployment

ALL = Principal(id=1, name="test", role=Role.AUDITOR, agency=None)
SENA = Principal(id=2, name="luz", role=Role.MANAGER, agency="sena")
# What is counted neither of clocks nor of messages.
OF_AGENCIES = {"manager_coverage", "partnerships_national", "partnerships_territorial"}


@dataclass(repr=False)
class Filled:
    """A database with some months of cases, and what a person would count in it."""

    store: Store
    catalog: Catalog
    stays: list[Stay]
    messages: list[Any]
    cases: dict[int, Any]

    async def report(self, principal: Principal = ALL, **wanted: Any) -> Report:
        given = Wanted(**({"first": date(2026, 1, 20), "last": date(2026, 3, 18)} | wanted))
        async with self.store.read() as conn:
            return await timeliness.report(conn, self.catalog, principal, given, now=NOW)

    def within(self, at: datetime, first: date, last: date) -> bool:
        return first <= self.local(at) <= last

    def local(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.catalog.gateway.timezone)).date()


@pytest.fixture
async def filled(database: str) -> AsyncIterator[Filled]:
    store, catalog = await open_store(database, serving=True), sample_deployment().catalog
    await write(store, catalog, histories(160, seed=11))
    async with store.read() as conn:
        cases = {row.id: row for row in await conn.execute(select(t.cases))}
        messages = list(await conn.execute(select(t.message)))
        logs = await clock_store.logs(conn, list(cases))
    said: dict[int, list[Any]] = {case_id: [] for case_id in cases}
    for message in messages:
        said[message.case_id].append(message)
    stays = []
    for logged in logs:
        found, case = clocks(logged.events, catalog, NOW), cases[logged.case.id]
        stays += [Stay(case, found, no, said[case.id]) for no in range(len(found.legal))]
    yield Filled(store, catalog, stays, messages, cases)
    await store.close()


def key_of(filled: Filled, stay: Stay, by: Dimension) -> str:
    keys: dict[Dimension, str] = {
        Dimension.AGENCY: stay.clock.agency,
        Dimension.CLASS: stay.clock.term_class,
        Dimension.CHANNEL: stay.case.channel,
        Dimension.TERRITORY: stay.case.territory or "",
        Dimension.MONTH: f"{filled.local(stay.clock.started_at):%Y-%m}",
    }
    return keys[by]


def key_of_message(filled: Filled, message: Any, by: Dimension) -> str:
    case = filled.cases[message.case_id]
    keys: dict[Dimension, str] = {
        Dimension.AGENCY: case.agency,
        Dimension.CLASS: case.term_class,
        Dimension.CHANNEL: message.channel,
        Dimension.TERRITORY: case.territory or "",
        Dimension.MONTH: f"{filled.local(message.at):%Y-%m}",
    }
    return keys[by]


def told(group: timeliness.Group) -> dict[str, Told]:
    found = {name: (f.value, f.numerator, f.n) for name, f in group.figures.items() if name not in OF_AGENCIES}
    return rounded(found)


def rounded(found: dict[str, Told]) -> dict[str, Told]:
    return {name: (None if value is None else round(value, 9), part, n) for name, (value, part, n) in found.items()}


def expected(filled: Filled, found: Report, *, agency: str | None = None, key: str | None = None) -> dict[str, Told]:
    """What a count by hand gives for the whole, or for a group."""
    wanted = found.wanted
    stays = [stay for stay in filled.stays if agency in (None, stay.clock.agency)]
    messages = [m for m in filled.messages if filled.within(m.at, wanted.first, wanted.last)]
    if agency is not None:
        messages = [m for m in messages if key_of_message(filled, m, Dimension.AGENCY) == agency]
    of_all = len(messages)
    if key is not None:
        stays = [stay for stay in stays if key_of(filled, stay, wanted.by) == key]
        messages = [m for m in messages if key_of_message(filled, m, wanted.by) == key]
    counted = [stay for stay in stays if filled.within(stay.clock.started_at, wanted.first, wanted.last)]
    backlog = [stay for stay in stays if stay.clock.ended_at is None]
    recounted = Recounted(filled.catalog, NOW, filled.stays)
    scope = found.whole_scope if key is None else found.scope
    of = recounted.of_cases if scope is Scope.CASES else recounted.of_stays
    return rounded(of(counted, backlog) | of_messages(messages, of_all=of_all))


@pytest.mark.parametrize("by", Dimension)
async def test_every_figure_is_what_a_count_by_hand_gives(filled: Filled, by: Dimension) -> None:
    found = await filled.report(by=by)

    assert told(found.whole) == expected(filled, found)
    assert len(found.groups) > 1 or by is Dimension.NONE
    for group in found.groups:
        assert told(group) == expected(filled, found, key=group.key), group.key


@pytest.mark.parametrize("by", [Dimension.NONE, Dimension.AGENCY, Dimension.MONTH])
async def test_a_manager_sees_the_figures_of_their_own_agency_alone(filled: Filled, by: Dimension) -> None:
    found = await filled.report(SENA, by=by)

    assert found.whole_scope is Scope.STAYS
    assert told(found.whole) == expected(filled, found, agency="sena")
    assert {group.key for group in found.groups} <= {"sena", "2026-01", "2026-02", "2026-03"}
    for group in found.groups:
        assert told(group) == expected(filled, found, agency="sena", key=group.key)


async def test_an_agency_has_the_same_figures_as_a_filter_as_a_group_and_as_its_managers(filled: Filled) -> None:
    filtered = await filled.report(agency="sena")
    own = await filled.report(SENA)
    grouped = next(group for group in (await filled.report(by=Dimension.AGENCY)).groups if group.key == "sena")

    assert told(filtered.whole) == told(own.whole)
    shared = {name: figure for name, figure in told(grouped).items() if not name.startswith("messages")}
    assert shared == {name: told(own.whole)[name] for name in shared}


async def test_what_lies_beyond_the_boundary_is_not_counted_though_it_is_asked_for(filled: Filled) -> None:
    found = await filled.report(SENA, agency="dian")

    assert (found.whole.tally.received, found.whole.tally.ages.total(), found.whole.tally.messages_in) == (0, 0, 0)
    assert found.whole.figures["backlog_oldest"].value is None


async def test_somebody_who_should_have_an_agency_and_has_none_sees_nothing(filled: Filled) -> None:
    nobody = Principal(id=3, name="x", role=Role.MANAGER, agency="")
    assert (await filled.report(nobody)).whole.tally.received == 0


async def test_filters_narrow_and_a_department_covers_its_municipalities(filled: Filled) -> None:
    found = await filled.report(territory="91", channel="sms", term_class="general")
    stays = [
        stay for stay in filled.stays
        if stay.is_last and stay.clock.began is not Began.REOPENED
        and (stay.case.territory or "").startswith("91") and stay.case.channel == "sms"
        and stay.clock.term_class == "general"
        and filled.within(stay.clock.started_at, date(2026, 1, 20), date(2026, 3, 18))
    ]  # fmt: skip

    assert found.whole.tally.received == len(stays) > 0


async def test_a_period_without_cases_has_empty_figures(filled: Filled) -> None:
    found = await filled.report(first=date(2019, 1, 1), last=date(2019, 2, 28), by=Dimension.MONTH)

    assert [group.key for group in found.groups] == ["2019-01", "2019-02"]
    assert all(figure.value in (None, 0) and figure.n == 0 for figure in found.groups[0].figures.values())
    assert found.whole.figures["on_time"].value is None
    assert found.whole.figures["backlog"].n > 0


async def test_a_day_is_the_local_day(filled: Filled) -> None:
    day = filled.local(filled.stays[0].clock.started_at)
    found = await filled.report(first=day, last=day)

    same = [
        s
        for s in filled.stays
        if s.is_last and s.clock.began is not Began.REOPENED and filled.local(s.clock.started_at) == day
    ]
    assert found.whole.tally.received == len(same)


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 2, 1), date(2026, 1, 31)), (date(2000, 1, 1), date(2026, 1, 1))]
)
async def test_days_that_are_no_period_are_refused(filled: Filled, first: date, last: date) -> None:
    with pytest.raises(Invalid):
        await filled.report(first=first, last=last)


@pytest.mark.parametrize("principal", [ALL, SENA], ids=["everywhere", "one agency"])
@pytest.mark.parametrize("noted", [True, False], ids=["noted", "not noted yet"])
async def test_pages_of_the_clocks_behind_a_figure_have_each_of_them_once_and_in_order(
    filled: Filled, principal: Principal, noted: bool
) -> None:
    if not noted:
        running = update(t.clock).where(t.clock.c.ended_by.is_(None)).values(late_at=None, deemed_granted_at=None)
        await filled.store.transact(lambda conn: conn.execute(running))
    figures = {
        "received": "received", "answered": "answered", "late": "ever_late", "open": "backlog", "extended": "extended",
        "suspended": "suspended", "transferred": "transferred", "deemed_granted": "deemed_granted",
    }  # fmt: skip
    report = await filled.report(principal)
    for what in behind.WHAT:
        found = await _pages(filled, principal, report.wanted, what)
        assert len(found) == report.whole.figures[figures[what]].numerator, what
        assert found == sorted(set(found)), what
    assert len(await _pages(filled, principal, report.wanted, "received")) > 6


async def _pages(filled: Filled, principal: Principal, wanted: Wanted, what: str) -> list[behind.Place]:
    """The places of all clocks behind a figure, three a page."""
    asked, scope = asked_of(filled.catalog, wanted, NOW), timeliness.scope_of(principal, wanted)
    found: list[behind.Place] = []
    while True:
        async with filled.store.read() as conn:
            after = found[-1] if found else None
            rows = await behind.listed(conn, principal, asked, what, scope=scope, after=after, limit=3)
        assert len(rows) <= 3
        found += [(row.started_at, row.case_id, row.no) for row in rows]
        if len(rows) < 3:
            return found


@pytest.mark.parametrize("principal", [ALL, SENA], ids=["everywhere", "one agency"])
async def test_a_report_is_read_off_the_indexes_made_for_it(
    filled: Filled, principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short lists' indexes of agencies and beginnings would have every row of a year looked up."""
    plans: list[str] = []

    async def explained(conn: Any, *queries: Query) -> list[list[Any]]:
        if conn.dialect.name == "sqlite":
            asked = [
                query._replace(sql=f"EXPLAIN QUERY PLAN {query.sql}", columns="a, b, c, plan") for query in queries
            ]
            plans.extend(row.plan for rows in await fetch(conn, *asked) for row in rows)
        return await fetch(conn, *queries)

    monkeypatch.setattr(timeliness_store, "fetch", explained)
    await filled.report(principal, by=Dimension.AGENCY)

    assert any("clock_ended" in plan for plan in plans) or filled.store.dialect != "sqlite"
    assert [plan for plan in plans if re.search("clock_(agency|started|late|marked|answered)", plan)] == []
