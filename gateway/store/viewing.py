"""Who has which case on their screen just now, and whether they write in it. It expires when nobody repeats it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros

# A page repeats it every twenty seconds; one repetition may be lost.
EXPIRES: Final = timedelta(seconds=45)
# Who leaves is still there for a moment: a page that saw them hears of it, and a page loaded anew is no leaving.
LINGERS: Final = timedelta(seconds=1.5)
_V = t.viewing.c


@dataclass(frozen=True, slots=True, order=True)
class Viewer:
    """Somebody in front of a case."""

    staff_id: int
    name: str
    writing: bool


async def see(conn: AsyncConnection, case_id: int, staff_id: int, *, writing: bool, now: datetime) -> None:
    """Note that somebody has the case on the screen; what has expired goes."""
    await conn.execute(delete(t.viewing).where(_V.seen_at <= now - EXPIRES))
    row = {"case_id": case_id, "staff_id": staff_id, "seen_at": micros(now), "writing": writing}
    newer = "ON CONFLICT (case_id, staff_id) DO UPDATE SET seen_at = excluded.seen_at, writing = excluded.writing"
    await insert_rows(conn, t.viewing, [row], conflict=newer)


async def leave(conn: AsyncConnection, case_id: int, staff_id: int, *, now: datetime) -> None:
    """Note that somebody has left the case."""
    theirs = update(t.viewing).where(_V.case_id == case_id, _V.staff_id == staff_id)
    await conn.execute(theirs.values(seen_at=now - EXPIRES + LINGERS, writing=False))


async def everywhere(conn: AsyncConnection, *, now: datetime) -> dict[tuple[str, str], tuple[Viewer, ...]]:
    """Who is in front of which case, by its number and agency."""
    rows = await conn.execute(
        select(t.cases.c.number, t.cases.c.agency, _V.staff_id, t.staff.c.name, _V.writing)
        .join_from(t.viewing, t.cases, t.cases.c.id == _V.case_id)
        .join(t.staff, t.staff.c.id == _V.staff_id)
        .where(_V.seen_at > now - EXPIRES)
        .order_by(_V.staff_id)
    )
    found: dict[tuple[str, str], tuple[Viewer, ...]] = {}
    for row in rows:
        key = (row.number, row.agency)
        found[key] = (*found.get(key, ()), Viewer(row.staff_id, row.name, row.writing))
    return found


async def of_cases(
    conn: AsyncConnection, case_ids: Collection[int], *, but: int, now: datetime
) -> dict[int, list[Viewer]]:
    """Who else is in front of each of these cases. The caller has found the cases with its principal."""
    rows = await conn.execute(
        select(_V.case_id, _V.staff_id, t.staff.c.name, _V.writing)
        .join_from(t.viewing, t.staff, t.staff.c.id == _V.staff_id)
        .where(_V.case_id.in_(list(case_ids)), _V.seen_at > now - EXPIRES, _V.staff_id != but)
        .order_by(_V.staff_id)
    )
    found: dict[int, list[Viewer]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(Viewer(row.staff_id, row.name, row.writing))
    return found
