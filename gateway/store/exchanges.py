"""Requests that did not become messages, kept for a person and for replay."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import RawRequest
from gateway.clock import new_id
from gateway.store import schema as t
from gateway.store.schema import storable

# A forger must not fill the disk: beyond this many open rejected requests a channel's are only counted.
_REJECTED_KEPT = 1000
# Headers that hold a secret are not kept; a replay is signed anew or trusted by the person who does it.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-telegram-bot-api-secret-token"})


async def keep(
    conn: AsyncConnection, raw: RawRequest, *, channel: str, kind: str, reason: str, now: datetime
) -> int | None:
    """Keep a request; its id, or None when enough of its kind are kept already."""
    table = t.exchange
    if kind == "rejected":
        count = select(func.count()).where(table.c.kind == kind, table.c.state == "open", table.c.channel == channel)
        if (await conn.execute(count)).scalar_one() >= _REJECTED_KEPT:
            return None
    exchange_id = new_id()
    await conn.execute(
        insert(table).values(
            id=exchange_id,
            at=now,
            channel=channel,
            kind=kind,
            reason=reason,
            # A forger chooses the path, the query and the headers, bytes that no UTF-8 allows among them.
            method=storable(raw.method),
            url=storable(raw.url),
            tail=storable(raw.tail),
            query=storable(raw.query),
            headers={storable(k): storable(v) for k, v in raw.headers.items() if k not in _SECRET_HEADERS},
            body=raw.body,
            state="open",
        )
    )
    return exchange_id


async def listed(conn: AsyncConnection, *, limit: int = 200) -> list[Any]:
    """The open ones, the newest first, without their bodies."""
    table = t.exchange
    columns = [c for c in table.c if c.name != "body"]
    query = select(*columns).where(table.c.state == "open").order_by(table.c.id.desc()).limit(limit)
    return list(await conn.execute(query))


async def get(conn: AsyncConnection, exchange_id: int) -> Any | None:
    """One, whole, or None."""
    return (await conn.execute(select(t.exchange).where(t.exchange.c.id == exchange_id))).one_or_none()


async def settle(conn: AsyncConnection, exchange_id: int, *, state: str) -> None:
    """It was replayed or dismissed."""
    await conn.execute(update(t.exchange).where(t.exchange.c.id == exchange_id).values(state=state))


def as_request(row: Any) -> RawRequest:
    """The kept request, as it came."""
    return RawRequest(
        method=row.method,
        url=row.url,
        tail=row.tail,
        headers=row.headers,
        query=row.query,
        body=bytes(row.body),
    )
