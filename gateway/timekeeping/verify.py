"""Whether what is kept agrees with the log: clocks of every case, and the figures that are counted of them.

The columns of `cases` and the rows of `clock` are a projection of `case_event`. Here it is made once more, in pages,
and compared; with a repair what differs is written anew. A case that the timekeeper is about to look at is only
counted: it will be derived anew in a moment anyway.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import clocks as clock_store
from gateway.store import projection
from gateway.store.clocks import Logged
from gateway.store.engine import Store
from gateway.store.schema import instant_of, micros
from gateway.timekeeping.clocks import Derived, case_columns, clock_rows
from gateway.timekeeping.verify_figures import Recount
from routing.catalog import Catalog
from routing.clocks import clocks
from routing.steps import pending

# Cases a page: some ten thousand events.
PAGE: Final = 300


@dataclass(frozen=True, slots=True)
class Difference:
    """Something kept that the log does not say. `case` is a case number; for figures it is None.

    `column` is `due_at`, `clock[1].days`, `figure answered`. Instants are ISO 8601.
    """

    case: str | None
    column: str
    kept: Any
    derived: Any


@dataclass(slots=True)
class Verdict:
    """What was looked at, and what became of it."""

    cases: int = 0
    differing: int = 0
    differences: int = 0
    awaiting: int = 0
    repaired: int = 0


@dataclass(slots=True)
class _Page:
    """A page of cases: ids to repair, and their differences."""

    differing: list[int] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


async def verify(
    store: Store, catalog: Catalog, *, now: datetime, repair: bool, tell: Callable[[Difference], None]
) -> Verdict:
    """Compare every case, telling each difference as it is found, and then the figures of all time.

    Figures are not compared while cases await the timekeeper: what is kept of those is known to be of a moment ago.
    With `repair` the differing cases are written as their logs say.
    """
    verdict, recount = Verdict(), Recount(catalog, now)
    to_repair: list[int] = []
    async with store.read() as conn:
        await projection.one_instant(conn)
        after = 0
        while ids := await clock_store.page(conn, after=after, limit=PAGE, only_open=False):
            after = ids[-1]
            page = await _compare(conn, catalog, ids, now, verdict, recount)
            to_repair += page.differing
            for difference in page.differences:
                tell(difference)
        figures = () if verdict.awaiting else await recount.differences(conn)
        for name, kept, derived in figures:
            verdict.differences += 1
            tell(Difference(None, f"figure {name}", kept, derived))
    if repair:
        for first in range(0, len(to_repair), PAGE):
            verdict.repaired += await _repaired(store, catalog, to_repair[first : first + PAGE], now)
    return verdict


async def _compare(
    conn: AsyncConnection, catalog: Catalog, ids: list[int], now: datetime, verdict: Verdict, recount: Recount
) -> _Page:
    page = _Page()
    kept_cases, kept_clocks = await projection.kept(conn, ids)
    zone = ZoneInfo(catalog.gateway.timezone)
    for logged in await clock_store.logs(conn, ids):
        case_id = logged.case.id
        verdict.cases += 1
        found = _derive(catalog, logged, now)
        if isinstance(found, Difference):
            differences = [found]
        else:
            rows = list(clock_rows(logged.case, found.clocks, zone=zone))
            recount.take(rows)
            differences = [*_case_differences(found, kept_cases[case_id], catalog, now)]
            differences += _clock_differences(logged.case.number, kept_clocks[case_id], rows)
        if differences and _awaits(kept_cases[case_id], now):
            verdict.awaiting += 1
        elif differences:
            verdict.differing += 1
            verdict.differences += len(differences)
            page.differences += differences
            page.differing.append(case_id)
    return page


def _derive(catalog: Catalog, logged: Logged, now: datetime) -> Derived | Difference:
    try:
        found = clocks(logged.events, catalog, now)
        return Derived(logged, found, pending(found, catalog))
    except (KeyError, ValueError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        return Difference(logged.case.number, "clock", "kept", f"cannot be derived: {reason}")


def _awaits(case: dict[str, Any], now: datetime) -> bool:
    """Whether the timekeeper is to look at the case now."""
    return case["next_step_at"] is not None and case["next_step_at"] <= micros(now)


def _columns(found: Derived, catalog: Catalog, now: datetime) -> dict[str, Any]:
    """The columns of the case; what has fallen due and is not noted stays the timekeeper's next step."""
    columns = case_columns(found, catalog, now)
    fallen = [moment.at for moment in found.pending if moment.at <= now]
    return columns | ({"next_step_at": micros(min(fallen))} if fallen else {})


def _case_differences(found: Derived, kept: dict[str, Any], catalog: Catalog, now: datetime) -> Iterator[Difference]:
    columns = _columns(found, catalog, now)
    for name in projection.CASE_COLUMNS:
        if kept[name] != columns[name]:
            yield _difference(found.logged.case.number, name, name, kept[name], columns[name])


def _clock_differences(number: str, kept: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Iterator[Difference]:
    there, derived = ({row["no"]: row for row in found} for found in (kept, rows))
    for no in sorted(there.keys() | derived.keys()):
        if no not in there or no not in derived:
            yield Difference(number, f"clock[{no}]", "kept" if no in there else None, "told" if no in derived else None)
            continue
        for name, value in derived[no].items():
            if there[no][name] != value:
                yield _difference(number, f"clock[{no}].{name}", name, there[no][name], value)


def _difference(number: str, column: str, name: str, kept: Any, derived: Any) -> Difference:
    if name.endswith("_at"):
        kept, derived = _iso(kept), _iso(derived)
    return Difference(number, column, kept, derived)


def _iso(at: int | None) -> str | None:
    return None if at is None else instant_of(at).isoformat().replace("+00:00", "Z")


async def _repaired(store: Store, catalog: Catalog, ids: list[int], now: datetime) -> int:
    """Write what the logs say of these cases, read anew: somebody may have worked on them since."""
    zone = ZoneInfo(catalog.gateway.timezone)

    async def work(conn: AsyncConnection) -> int:
        _, kept_clocks = await projection.kept(conn, ids)
        derived = [_derive(catalog, logged, now) for logged in await clock_store.logs(conn, ids)]
        found = [one for one in derived if isinstance(one, Derived)]
        rows = [row for one in found for row in clock_rows(one.logged.case, one.clocks, zone=zone)]
        told = {(row["case_id"], row["no"]) for row in rows}
        known = {one.logged.case.id for one in found}
        kept = {(case_id, row["no"]) for case_id in known for row in kept_clocks[case_id]}
        await projection.drop(conn, sorted(kept - told))
        await clock_store.write(conn, [_columns(one, catalog, now) for one in found], rows)
        return len(found)

    return await store.transact(work)
