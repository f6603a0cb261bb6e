"""The outbox: what is to be sent, leased by whoever sends it, and what became of each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import DeliveryStatus
from gateway.clock import new_id
from gateway.ledger import SYSTEM
from gateway.store import contacts
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros
from routing.case import EventKind


async def lease(conn: AsyncConnection, channel: str, *, limit: int, now: datetime, until: datetime) -> list[Any]:
    """Take up to `limit` due messages, answers first, and write an attempt for each before anybody calls a provider."""
    due = (
        select(t.outbox.c.message_id)
        .where(t.outbox.c.channel == channel, t.outbox.c.state == "pending", t.outbox.c.next_at <= now)
        .order_by(t.outbox.c.priority, t.outbox.c.next_at, t.outbox.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await conn.execute(
        update(t.outbox)
        .where(t.outbox.c.message_id.in_(due.scalar_subquery()))
        .values(state="leased", lease_until=until, tries=t.outbox.c.tries + 1)
        .returning(t.outbox.c.message_id)
    )
    ids = [row.message_id for row in taken]
    if not ids:
        return []
    attempts = [{"id": new_id(), "message_id": message_id, "at": micros(now)} for message_id in ids]
    await insert_rows(conn, t.attempt, attempts)
    rows = await conn.execute(
        select(
            t.message, t.outbox.c.tries, t.outbox.c.created_at, t.cases.c.service_number,
            t.cases.c.channel.label("case_channel"),
        )
        .select_from(
            t.message.join(t.outbox, t.outbox.c.message_id == t.message.c.id).outerjoin(
                t.cases, t.cases.c.id == t.message.c.case_id
            )
        )
        .where(t.message.c.id.in_(ids))
        .order_by(t.outbox.c.priority, t.message.c.id)
    )  # fmt: skip
    return list(rows)


async def next_due(conn: AsyncConnection, channel: str) -> datetime | None:
    """When the next pending message of a channel is due."""
    query = (
        select(t.outbox.c.next_at)
        .where(t.outbox.c.channel == channel, t.outbox.c.state == "pending")
        .order_by(t.outbox.c.next_at)
        .limit(1)
    )
    found: datetime | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def close_attempt(
    conn: AsyncConnection, message_id: int, *, now: datetime, outcome: str, code: str | None, detail: str | None
) -> None:
    """Write the end of the message's open attempt."""
    await conn.execute(
        update(t.attempt)
        .where(t.attempt.c.message_id == message_id, t.attempt.c.outcome.is_(None))
        .values(ended_at=now, outcome=outcome, code=code, detail=detail)
    )


async def put(conn: AsyncConnection, message_id: int, *, state: str, next_at: datetime | None = None) -> None:
    """Move a message in the outbox."""
    values: dict[str, Any] = {"state": state, "lease_until": None}
    if next_at is not None:
        values["next_at"] = next_at
    await conn.execute(update(t.outbox).where(t.outbox.c.message_id == message_id).values(**values))


async def abandoned(conn: AsyncConnection, *, now: datetime) -> list[int]:
    """Messages whose lease ran out: their sender died, and nobody knows whether the provider was called."""
    rows = await conn.execute(
        update(t.outbox)
        .where(t.outbox.c.state == "leased", t.outbox.c.lease_until < now)
        .values(state="unknown", lease_until=None)
        .returning(t.outbox.c.message_id)
    )
    return [row.message_id for row in rows]


async def sent(conn: AsyncConnection, message_id: int, *, provider_id: str | None, now: datetime) -> None:
    """The provider has it, under its own id."""
    values: dict[str, Any] = {"sent_at": now}
    if provider_id:
        values["provider_id"] = provider_id
    await conn.execute(update(t.message).where(t.message.c.id == message_id).values(**values))


async def advance(
    conn: AsyncConnection,
    message_id: int,
    status: DeliveryStatus,
    *,
    now: datetime,
    code: str | None = None,
    detail: str | None = None,
) -> DeliveryStatus | None:
    """Move a message of ours to a later status, with the event that tells it. None when nothing changed."""
    row = (
        await conn.execute(
            select(t.message.c.status, t.message.c.case_id, t.message.c.kind)
            .where(t.message.c.id == message_id, t.message.c.direction == "out")
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        return None
    reached = DeliveryStatus(row.status).advance(status)
    if reached is DeliveryStatus(row.status):
        return None
    failed = reached is DeliveryStatus.FAILED
    await conn.execute(
        update(t.message)
        .where(t.message.c.id == message_id)
        .values(status=reached, error_code=code if failed else None, error_detail=detail if failed else None)
    )
    if row.case_id is not None:
        await _tell(conn, row.case_id, message_id, reached, code=code, now=now)
    return reached


async def _tell(
    conn: AsyncConnection, case_id: int, message_id: int, status: DeliveryStatus, *, code: str | None, now: datetime
) -> None:
    failed = status is DeliveryStatus.FAILED
    if not failed and status not in (DeliveryStatus.DELIVERED, DeliveryStatus.READ):
        return
    await conn.execute(
        insert(t.case_event).values(
            id=new_id(),
            case_id=case_id,
            kind=EventKind.DELIVERY_FAILED if failed else EventKind.DELIVERED,
            at=now,
            actor=SYSTEM,
            data={"message": str(message_id), "status": status, **({"code": code} if code else {})},
        )
    )
    await conn.execute(
        update(t.cases).where(t.cases.c.id == case_id).values(failed_delivery=failed, version=t.cases.c.version + 1)
    )


async def opted_out(conn: AsyncConnection, message_id: int, *, source: str, now: datetime) -> None:
    """The provider says this message's address does not want to hear from us."""
    urn = (await conn.execute(select(t.message.c.urn).where(t.message.c.id == message_id))).scalar_one_or_none()
    if urn is not None:
        await contacts.set_opted_out(conn, urn, opted_out=True, source=source, now=now)


async def trouble(conn: AsyncConnection, *, agencies: Sequence[str] | None = None, limit: int = 200) -> list[Any]:
    """Messages that need a person: dead, or sent with no answer. `agencies` bounds what may be seen; None: all."""
    query = (
        select(
            t.message.c.id, t.message.c.channel, t.message.c.kind, t.message.c.error_code, t.message.c.error_detail,
            t.message.c.at, t.outbox.c.state, t.outbox.c.tries, t.cases.c.number, t.cases.c.agency,
        )
        .select_from(
            t.outbox.join(t.message, t.message.c.id == t.outbox.c.message_id).outerjoin(
                t.cases, t.cases.c.id == t.message.c.case_id
            )
        )
        .where(t.outbox.c.state.in_(["dead", "unknown"]))
        .order_by(t.message.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if agencies is not None:
        query = query.where(t.cases.c.agency.in_(agencies))
    return list(await conn.execute(query))


async def again(conn: AsyncConnection, message_id: int, *, now: datetime) -> bool:
    """A person decided to send a dead or uncertain message once more. False when it is neither."""
    result = await conn.execute(
        update(t.outbox)
        .where(t.outbox.c.message_id == message_id, t.outbox.c.state.in_(["dead", "unknown"]))
        .values(state="pending", next_at=now, tries=0)
    )
    if result.rowcount:
        await conn.execute(
            update(t.message)
            .where(t.message.c.id == message_id)
            .values(status=DeliveryStatus.QUEUED, error_code=None, error_detail=None)
        )
    return bool(result.rowcount)


async def queued(conn: AsyncConnection, now: datetime) -> list[Any]:
    """Per channel: how many wait, and since when the oldest (seconds)."""
    rows = await conn.execute(
        select(t.outbox.c.channel, func.count().label("waiting"), func.min(t.outbox.c.created_at).label("oldest"))
        .where(t.outbox.c.state == "pending")
        .group_by(t.outbox.c.channel)
    )
    return [(row.channel, row.waiting, (now - row.oldest) // timedelta(seconds=1)) for row in rows]
