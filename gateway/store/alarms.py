"""What an operator must be told, once each, until it ends."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros


async def ring(conn: AsyncConnection, *, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Raise the alarm `kind:subject`, or count it again while it rings. `detail` holds no personal data."""
    key = f"{kind}:{subject}"
    await insert_rows(
        conn,
        t.alarm,
        [{"key": key, "at": micros(now), "kind": kind, "detail": detail, "count": 1}],
        # One statement, because two processes may ring it at the same time.
        conflict="ON CONFLICT (key) DO UPDATE SET"
        " count = alarm.count + 1, at = excluded.at, detail = excluded.detail, ended_at = NULL",
    )


async def end(conn: AsyncConnection, *, kind: str, subject: str, now: datetime) -> None:
    """The cause is gone."""
    await end_all(conn, kind=kind, subjects=[subject], now=now)


async def end_all(conn: AsyncConnection, *, kind: str, subjects: Collection[str], now: datetime) -> None:
    """The cause is gone for each of `subjects`."""
    table = t.alarm
    keys = [f"{kind}:{subject}" for subject in subjects]
    if keys:
        await conn.execute(update(table).where(table.c.key.in_(keys), table.c.ended_at.is_(None)).values(ended_at=now))


async def ringing(conn: AsyncConnection) -> list[Any]:
    """The alarms that ring now, the newest first."""
    return list(await conn.execute(select(t.alarm).where(t.alarm.c.ended_at.is_(None)).order_by(t.alarm.c.at.desc())))
