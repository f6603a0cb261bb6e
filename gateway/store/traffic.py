"""What each channel carried lately, as an operator reads it. Rows are found by their ids, which are ordered by time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock
from gateway.store import schema as t

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# How far back "the last inbound message" is looked for: a channel silent longer than this is silent.
SILENCE: Final = timedelta(days=7)
# A receipt may precede the answer to its send by seconds; after this it belongs to nobody.
EARLY: Final = timedelta(minutes=10)


@dataclass(slots=True)
class Traffic:
    """One channel's. Counts are messages; `failures` are messages of the last day by the provider's code."""

    in_hour: int = 0
    out_hour: int = 0
    in_day: int = 0
    out_day: int = 0
    last_inbound: datetime | None = None
    waiting: int = 0
    # Seconds the oldest waiting message has waited.
    oldest: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    unmatched: int = 0


async def by_channel(conn: AsyncConnection, channels: Mapping[str, object], *, now: datetime) -> dict[str, Traffic]:
    """The traffic of every configured channel."""
    found = {name: Traffic() for name in channels}
    await _messages(conn, found, now)
    await _last_inbound(conn, found, now)
    await _failures(conn, found, now)
    await _waiting(conn, found, now)
    await _unmatched(conn, found, now)
    return found


def _since(now: datetime, span: timedelta) -> int:
    # Ids are of the machine's clock; whoever is given another `now` still finds what was just written.
    return clock.id_at(min(now, clock.now()) - span)


async def _messages(conn: AsyncConnection, found: dict[str, Traffic], now: datetime) -> None:
    table = t.message
    recent = func.sum(case((table.c.at >= now - HOUR, 1), else_=0))
    rows = await conn.execute(
        select(table.c.channel, table.c.direction, func.count().label("day"), recent.label("hour"))
        .where(table.c.id >= _since(now, DAY), table.c.at >= now - DAY, table.c.direction.in_(["in", "out"]))
        .group_by(table.c.channel, table.c.direction)
    )
    for row in rows:
        traffic = found.get(row.channel)
        if traffic is None:
            continue
        if row.direction == "in":
            traffic.in_day, traffic.in_hour = int(row.day), int(row.hour)
        else:
            traffic.out_day, traffic.out_hour = int(row.day), int(row.hour)


async def _last_inbound(conn: AsyncConnection, found: dict[str, Traffic], now: datetime) -> None:
    table = t.message
    rows = await conn.execute(
        select(table.c.channel, func.max(table.c.at).label("at"))
        .where(table.c.id >= _since(now, SILENCE), table.c.direction == "in")
        .group_by(table.c.channel)
    )
    for row in rows:
        if row.channel in found:
            found[row.channel].last_inbound = row.at


async def _failures(conn: AsyncConnection, found: dict[str, Traffic], now: datetime) -> None:
    table = t.message
    rows = await conn.execute(
        select(table.c.channel, table.c.error_code, func.count().label("n"))
        .where(table.c.id >= _since(now, DAY), table.c.direction == "out", table.c.status == "failed")
        .group_by(table.c.channel, table.c.error_code)
        .order_by(func.count().desc())
    )
    for row in rows:
        if row.channel in found:
            found[row.channel].failures[row.error_code or "—"] = int(row.n)


async def _waiting(conn: AsyncConnection, found: dict[str, Traffic], now: datetime) -> None:
    table = t.outbox
    rows = await conn.execute(
        select(table.c.channel, func.count().label("n"), func.min(table.c.created_at).label("oldest"))
        .where(table.c.state == "pending")
        .group_by(table.c.channel)
    )
    for row in rows:
        if row.channel in found:
            found[row.channel].waiting = int(row.n)
            found[row.channel].oldest = max(0, (now - row.oldest) // timedelta(seconds=1))


async def _unmatched(conn: AsyncConnection, found: dict[str, Traffic], now: datetime) -> None:
    table = t.receipt
    rows = await conn.execute(
        select(table.c.channel, func.count().label("n"))
        .where(table.c.message_id.is_(None), table.c.at < now - EARLY)
        .group_by(table.c.channel)
    )
    for row in rows:
        if row.channel in found:
            found[row.channel].unmatched = int(row.n)
