"""The outbox: what is to be sent, leased by whoever sends it, and what became of each attempt."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import DeliveryStatus
from gateway.clock import new_id
from gateway.store import contacts
from gateway.store import schema as t
from gateway.store.bulk import Query, Writes, fetch, inserts
from gateway.store.schema import instant_of, micros
from routing.case import SYSTEM, EventKind

# The phone has it.
_TOLD = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ})
# The provider or the phone has it: whatever was planned for it, it needs no other attempt.
ARRIVED = _TOLD | {DeliveryStatus.SENT}


_LEASED = "m.id, m.urn, m.kind, m.text, m.raw, o.tries, o.created_at, c.service_number, c.channel AS case_channel"


async def lease(conn: AsyncConnection, channel: str, *, limit: int, now: datetime, until: datetime) -> list[Any]:
    """Take up to `limit` due messages, answers first, and write an attempt for each before anybody calls a provider."""
    sqlite = conn.dialect.name == "sqlite"
    at = micros(now)
    # A common table, because PostgreSQL may run a plain subquery with LIMIT again for each row.
    sql = (
        "WITH due AS (SELECT message_id FROM outbox WHERE channel = ? AND state = 'pending' AND next_at <= ?"
        f" ORDER BY priority, next_at, message_id LIMIT ?{'' if sqlite else ' FOR UPDATE SKIP LOCKED'})"
        " UPDATE outbox SET state = 'leased', lease_until = ?, tries = tries + 1"
        " WHERE message_id IN (SELECT message_id FROM due) RETURNING message_id"
    )
    [taken] = await fetch(conn, Query(sql, (channel, at, limit, micros(until)), "message_id"))
    if not taken:
        return []
    ids = [row.message_id for row in taken]
    attempts = [{"id": new_id(), "message_id": message_id, "at": at} for message_id in ids]
    *_, leased = await fetch(
        conn,
        *(Query(statement, values, "") for statement, values in inserts(conn, t.attempt, attempts)),
        Query(
            f"SELECT {_LEASED} FROM message m JOIN outbox o ON o.message_id = m.id"
            f" LEFT JOIN cases c ON c.id = m.case_id WHERE m.id IN ({', '.join('?' * len(ids))})"
            " ORDER BY o.priority, m.id",
            ids,
            _LEASED,
        ),
    )
    return [row._replace(created_at=instant_of(row.created_at), raw=_document(row.raw)) for row in leased]


def _document(raw: Any) -> Any:
    return json.loads(raw) if isinstance(raw, str) else raw


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an attempt ended, and where its message goes in the outbox: done, pending (at `next_at`), dead, unknown."""

    message_id: int
    channel: str
    outcome: str
    state: str
    status: DeliveryStatus | None = None
    provider_id: str | None = None
    next_at: datetime | None = None
    code: str | None = None
    detail: str | None = None


_MESSAGE = "id, status, case_id, kind, channel"
_EARLY = "id, channel, provider_id, status, code"


async def settle(conn: AsyncConnection, ends: Sequence[End], *, now: datetime, silent: Collection[str] = ()) -> bool:
    """Write how attempts ended, set-wise: one read, then every write together. Whether a clock stopped by it.

    Receipts that came before the provider's answer to the send are applied here. `silent` names the channels that
    never report a delivery: what was sent there counts as told.
    """
    by_id = {end.message_id: end for end in ends}
    marks = ", ".join("?" * len(by_id))
    lock = "" if conn.dialect.name == "sqlite" else " ORDER BY id FOR UPDATE"
    [rows] = await fetch(
        conn, Query(f"SELECT {_MESSAGE} FROM message WHERE id IN ({marks}){lock}", tuple(by_id), _MESSAGE)
    )
    early = await _early_receipts(conn, [end for end in ends if end.provider_id])
    at = micros(now)
    writes, stopped = Writes(conn), False
    for row in rows:
        end = by_id[row.id]
        said = early.get((end.channel, end.provider_id or ""), [])
        status = DeliveryStatus(row.status)
        reached = status.advance(end.status) if end.status else status
        for receipt in said:
            writes.add("UPDATE receipt SET message_id = ? WHERE id = ?", row.id, receipt.id)
            reached = reached.advance(DeliveryStatus(receipt.status)) if receipt.status else reached
        code = end.code or next((receipt.code for receipt in said if receipt.code), None)
        end = replace(end, state=_place(end.state, reached))
        _write_end(writes, end, at=at)
        _write_status(writes, row, end, reached, code, at=at)
        if reached is not status and row.case_id is not None:
            _write_story(writes, row.case_id, row.id, reached, code, at=at)
            if row.kind == "completion" and reached in (ARRIVED if row.channel in silent else _TOLD):
                _write_notified(writes, row.case_id, row.id, at=at)
                stopped = True
    await writes.send()
    return stopped


def _place(state: str, reached: DeliveryStatus) -> str:
    """Where a message stands in the outbox when a receipt has said more than the answer to the send."""
    if state == "done" and reached is DeliveryStatus.FAILED:
        return "dead"
    return "done" if state in ("pending", "unknown") and reached in ARRIVED else state


async def _early_receipts(conn: AsyncConnection, ends: Sequence[End]) -> dict[tuple[str, str], list[Any]]:
    if not ends:
        return {}
    marks = ", ".join("?" * len(ends))
    [rows] = await fetch(
        conn,
        Query(
            f"SELECT {_EARLY} FROM receipt WHERE message_id IS NULL AND provider_id IN ({marks}) ORDER BY id",
            tuple(end.provider_id for end in ends),
            _EARLY,
        ),
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row.channel, row.provider_id), []).append(row)
    return found


def _write_end(writes: Writes, end: End, *, at: int) -> None:
    writes.add(
        "UPDATE attempt SET ended_at = ?, outcome = ?, code = ?, detail = ? WHERE message_id = ? AND outcome IS NULL",
        at, end.outcome, end.code, end.detail, end.message_id,
    )  # fmt: skip
    next_at = micros(end.next_at) if end.next_at else at
    writes.add(
        "UPDATE outbox SET state = ?, lease_until = NULL, next_at = ? WHERE message_id = ?",
        end.state, next_at, end.message_id,
    )  # fmt: skip


def _write_status(writes: Writes, row: Any, end: End, reached: DeliveryStatus, code: str | None, *, at: int) -> None:
    writes.add(
        "UPDATE message SET status = ?, provider_id = COALESCE(?, provider_id), sent_at = COALESCE(?, sent_at)"
        " WHERE id = ?",
        reached.value, end.provider_id, at if end.state == "done" else None, row.id,
    )  # fmt: skip
    if reached is DeliveryStatus.FAILED:
        # A receipt that came first may have said the code already.
        writes.add(
            "UPDATE message SET error_code = COALESCE(?, error_code), error_detail = COALESCE(?, error_detail)"
            " WHERE id = ?",
            code, end.detail, row.id,
        )  # fmt: skip


def _write_story(
    writes: Writes, case_id: int, message_id: int, status: DeliveryStatus, code: str | None, *, at: int
) -> None:
    """The event of a delivery or a failure, and the mark it leaves on the case."""
    failed = status is DeliveryStatus.FAILED
    if not failed and status not in _TOLD:
        return
    kind = EventKind.DELIVERY_FAILED if failed else EventKind.DELIVERED
    data = {"message": str(message_id), "status": status.value, **({"code": code} if code else {})}
    writes.insert(
        t.case_event,
        [{"id": new_id(), "case_id": case_id, "kind": kind.value, "at": at, "actor": SYSTEM, "data": data}],
    )
    writes.add("UPDATE cases SET failed_delivery = ?, version = version + 1 WHERE id = ?", failed, case_id)


def _write_notified(writes: Writes, case_id: int, message_id: int, *, at: int) -> None:
    """The citizen has the request to complete: the clock stops now (Ley 1437/2011 art. 17); the timekeeper keeps it."""
    writes.insert(
        t.case_event,
        [
            {
                "id": new_id(),
                "case_id": case_id,
                "kind": EventKind.SUSPENDED.value,
                "at": at,
                "actor": SYSTEM,
                "data": {"message": str(message_id)},
            }
        ],
    )
    writes.add("UPDATE cases SET next_step_at = ? WHERE id = ?", at, case_id)


async def abandoned(conn: AsyncConnection, *, now: datetime) -> list[tuple[int, str]]:
    """Messages whose lease ran out: their sender died, and nobody knows whether the provider was called."""
    rows = await conn.execute(
        update(t.outbox)
        .where(t.outbox.c.state == "leased", t.outbox.c.lease_until < now)
        .values(state="unknown", lease_until=None)
        .returning(t.outbox.c.message_id, t.outbox.c.channel)
    )
    return [(row.message_id, row.channel) for row in rows]


async def advance(
    conn: AsyncConnection,
    message_id: int,
    status: DeliveryStatus,
    *,
    now: datetime,
    code: str | None = None,
    detail: str | None = None,
) -> bool:
    """Move a message of ours to a later status, with the event that tells it. Whether a clock stopped by it."""
    row = (
        await conn.execute(
            select(t.message.c.status, t.message.c.case_id, t.message.c.kind)
            .where(t.message.c.id == message_id, t.message.c.direction == "out")
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        return False
    reached = DeliveryStatus(row.status).advance(status)
    if reached is DeliveryStatus(row.status):
        return False
    failed = reached is DeliveryStatus.FAILED
    await conn.execute(
        update(t.message)
        .where(t.message.c.id == message_id)
        .values(status=reached, error_code=code if failed else None, error_detail=detail if failed else None)
    )
    if row.case_id is None:
        return False
    writes, stopped = Writes(conn), row.kind == "completion" and reached in _TOLD
    _write_story(writes, row.case_id, message_id, reached, code, at=micros(now))
    if stopped:
        _write_notified(writes, row.case_id, message_id, at=micros(now))
    await writes.send()
    return stopped


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
