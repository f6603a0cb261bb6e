"""What the timekeeper reads and writes beside the clocks themselves."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import Query, document, each, fetch, insert_rows

_C = t.cases.c
_OPEN = ("open", "waiting")
_HELD = "c.id, c.assignee_id"


async def lock(conn: AsyncConnection, case_id: int) -> list[int]:
    """The case, locked; empty when somebody else has it locked, and will do what is to be done."""
    query = select(_C.id).where(_C.id == case_id).with_for_update(skip_locked=True)
    return list((await conn.execute(query)).scalars())


async def lock_open(conn: AsyncConnection, *, after: int, upto: int, limit: int) -> list[int]:
    """Ids of open cases in order, those after `after` up to `upto`; locked, so that nobody changes them meanwhile."""
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE"
    sql = (
        "SELECT c.id FROM cases c WHERE c.id > ? AND c.id <= ? AND c.state IN ('open', 'waiting') ORDER BY c.id"
        f" LIMIT ?{lock}"
    )
    [rows] = await fetch(conn, Query(sql, (after, upto, limit), "c.id"))
    return [row.id for row in rows]


async def put_off(conn: AsyncConnection, case_id: int, *, until: datetime) -> str:
    """Look at a case later: what is wrong with it must not hold up the others. Its agency comes back."""
    put = update(t.cases).where(_C.id == case_id).values(next_step_at=until).returning(_C.agency)
    return str((await conn.execute(put)).scalar_one())


async def holders(conn: AsyncConnection, case_ids: Collection[int]) -> dict[int, int]:
    """Who has each of these cases; one that nobody has is missing."""
    ids = f"SELECT CAST(e.value AS bigint) FROM {each(conn)}"
    sql = f"SELECT {_HELD} FROM cases c WHERE c.id IN ({ids}) AND c.assignee_id IS NOT NULL"
    [rows] = await fetch(conn, Query(sql, (document([str(case_id) for case_id in case_ids]),), _HELD))
    return {row.id: row.assignee_id for row in rows}


async def held_by(conn: AsyncConnection, staff_id: int, *, limit: int) -> list[int]:
    """Open cases somebody has, the first due first; locked."""
    query = (
        select(_C.id)
        .where(_C.assignee_id == staff_id, _C.state.in_(_OPEN))
        .order_by(_C.due_at, _C.id)
        .limit(limit)
        .with_for_update()
    )
    return list((await conn.execute(query)).scalars())


async def let_go(conn: AsyncConnection, case_ids: Collection[int]) -> None:
    """Nobody has these cases."""
    await conn.execute(
        update(t.cases).where(_C.id.in_(list(case_ids))).values(assignee_id=None, version=_C.version + 1)
    )


async def free(conn: AsyncConnection, case_ids: Collection[int]) -> list[Any]:
    """Those of these that are open, and that nobody has or stands for: id and agency, the first due first."""
    query = (
        select(_C.id, _C.agency)
        .where(_C.id.in_(list(case_ids)), _C.assignee_id.is_(None), _C.duplicate_of.is_(None), _C.state.in_(_OPEN))
        .order_by(_C.due_at, _C.id)
    )
    return list(await conn.execute(query))


async def waiting_at(conn: AsyncConnection, agency: str, *, limit: int) -> list[int]:
    """Open cases of an agency that nobody has, the first due first; locked, but for those somebody is just taking."""
    query = (
        select(_C.id)
        .where(_C.agency == agency, _C.state == "open", _C.assignee_id.is_(None), _C.duplicate_of.is_(None))
        .order_by(_C.due_at, _C.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await conn.execute(query)).scalars())


async def fingerprint(conn: AsyncConnection, name: str) -> str | None:
    """The value kept under a name, or None."""
    query = select(t.fingerprint.c.value).where(t.fingerprint.c.name == name)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def keep_fingerprint(conn: AsyncConnection, name: str, value: str) -> None:
    """Keep a value under a name."""
    await insert_rows(
        conn,
        t.fingerprint,
        [{"name": name, "value": value}],
        conflict="ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )


async def forget_fingerprint(conn: AsyncConnection, name: str) -> None:
    """Keep nothing under a name."""
    await conn.execute(delete(t.fingerprint).where(t.fingerprint.c.name == name))
