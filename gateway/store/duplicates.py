"""Cases that another case stands for."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t


async def open_of(conn: AsyncConnection, case_id: int) -> list[Any]:
    """The cases that this one stands for, oldest first; locked. They are open: one that ends is a duplicate no more."""
    query = select(t.cases).where(t.cases.c.duplicate_of == case_id).order_by(t.cases.c.id)
    return list(await conn.execute(query.with_for_update()))


async def stands_for_others(conn: AsyncConnection, case_id: int) -> bool:
    """Whether the case has duplicates."""
    query = select(t.cases.c.id).where(t.cases.c.duplicate_of == case_id).limit(1)
    return (await conn.execute(query)).first() is not None
