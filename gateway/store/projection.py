"""What is kept of cases' clocks, as it stands: to be compared with what their logs say."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.schema import Instant, micros

# The columns of `cases` that say where its clocks stand.
CASE_COLUMNS: Final = (
    "due_at", "effective", "suspended_at", "citizen_due_at", "late_at", "touched_at", "next_step_at",
)  # fmt: skip
_INSTANTS: Final = frozenset(c.name for table in (t.cases, t.clock) for c in table.c if isinstance(c.type, Instant))


async def one_instant(conn: AsyncConnection) -> None:
    """Make everything this connection reads be of one instant; SQLite does so by itself."""
    if conn.dialect.name == "postgresql":
        await conn.execution_options(isolation_level="REPEATABLE READ")


async def kept(conn: AsyncConnection, case_ids: Collection[int]) -> tuple[dict[int, Any], dict[int, list[Any]]]:
    """The kept columns of each case, and its kept clocks in order, as plain values: instants are microseconds."""
    columns = [t.cases.c[name] for name in ("id", *CASE_COLUMNS)]
    cases = await conn.execute(select(*columns).where(t.cases.c.id.in_(list(case_ids))))
    rows = await conn.execute(
        select(t.clock).where(t.clock.c.case_id.in_(list(case_ids))).order_by(t.clock.c.case_id, t.clock.c.no)
    )
    clocks: dict[int, list[Any]] = {case_id: [] for case_id in case_ids}
    for row in rows:
        clocks[row.case_id].append(_plain(row))
    return {row.id: _plain(row) for row in cases}, clocks


async def drop(conn: AsyncConnection, surplus: Sequence[tuple[int, int]]) -> None:
    """Take away clocks (case_id, no) that no log knows of."""
    if surplus:
        await conn.execute(delete(t.clock).where(tuple_(t.clock.c.case_id, t.clock.c.no).in_(list(surplus))))


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: micros(value) if name in _INSTANTS and value is not None else value
        for name, value in row._mapping.items()
    }
