"""Cases that another case stands for."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t

_STILL_OPEN = ("open", "waiting")


async def open_of(conn: AsyncConnection, case_id: int) -> list[Any]:
    """The open cases that this one stands for, oldest first; locked."""
    return await _of(conn, case_id, t.cases.c.state.in_(_STILL_OPEN))


async def answered_of(conn: AsyncConnection, case_id: int) -> list[Any]:
    """The ended cases that this one stands for, oldest first; locked."""
    return await _of(conn, case_id, t.cases.c.state.not_in(_STILL_OPEN))


async def _of(conn: AsyncConnection, case_id: int, condition: Any) -> list[Any]:
    query = select(t.cases).where(t.cases.c.duplicate_of == case_id, condition).order_by(t.cases.c.id)
    return list(await conn.execute(query.with_for_update()))


async def stands_for_others(conn: AsyncConnection, case_id: int) -> bool:
    """Whether the case has duplicates."""
    query = select(t.cases.c.id).where(t.cases.c.duplicate_of == case_id).limit(1)
    return (await conn.execute(query)).first() is not None
