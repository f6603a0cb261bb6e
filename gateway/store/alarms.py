"""What an operator must be told, once each, until it ends."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t


async def ring(conn: AsyncConnection, *, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Raise the alarm `kind:subject`, or count it again while it rings. `detail` holds no personal data."""
    key = f"{kind}:{subject}"
    table = t.alarm
    result = await conn.execute(
        update(table).where(table.c.key == key).values(count=table.c.count + 1, at=now, detail=detail, ended_at=None)
    )
    if result.rowcount == 0:
        await conn.execute(insert(table).values(key=key, at=now, kind=kind, detail=detail, count=1))


async def end(conn: AsyncConnection, *, kind: str, subject: str, now: datetime) -> None:
    """The cause is gone."""
    table = t.alarm
    await conn.execute(
        update(table).where(table.c.key == f"{kind}:{subject}", table.c.ended_at.is_(None)).values(ended_at=now)
    )


async def ringing(conn: AsyncConnection) -> list[Any]:
    """The alarms that ring now, the newest first."""
    return list(await conn.execute(select(t.alarm).where(t.alarm.c.ended_at.is_(None)).order_by(t.alarm.c.at.desc())))
