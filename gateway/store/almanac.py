"""What clocks were counted by, and since when."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t

_A = t.almanac.c


async def every(conn: AsyncConnection) -> list[Any]:
    """All of them, the oldest first: id, fingerprint, document."""
    return list(await conn.execute(select(_A.id, _A.fingerprint, _A.document).order_by(_A.id)))


async def add(conn: AsyncConnection, *, fingerprint: str, document: Mapping[str, Any]) -> None:
    """Clocks are counted by this from now on."""
    await conn.execute(insert(t.almanac).values(id=new_id(), fingerprint=fingerprint, document=document))
