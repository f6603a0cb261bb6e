"""The last clock of each case of a list, in one statement."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t


async def last_clocks(conn: AsyncConnection, case_ids: Collection[int]) -> dict[int, Any]:
    """The row of the last legal clock of each of these cases."""
    query = select(t.clock).where(t.clock.c.case_id.in_(list(case_ids))).order_by(t.clock.c.case_id, t.clock.c.no)
    return {row.case_id: row for row in await conn.execute(query)} if case_ids else {}
