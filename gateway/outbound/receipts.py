"""What providers say of our messages: late, twice, out of order, and sometimes before they answered the send."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import DeliveryReceipt, DeliveryStatus, OptOut
from gateway.clock import new_id
from gateway.inbound.group_commit import GroupCommit
from gateway.store import contacts, outbox
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store
from gateway.store.schema import micros, storable

log = structlog.get_logger()

Report = DeliveryReceipt | OptOut


class Receipts:
    """Takes providers' reports in. `clock_stopped` is called when a request to complete has reached somebody."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime], clock_stopped: Callable[[], object] = lambda: None
    ) -> None:
        self._clock = clock
        self._clock_stopped = clock_stopped
        self._commits: GroupCommit[Report, bool] = GroupCommit(store, self._work)

    async def receive(self, report: Report) -> None:
        """Durable when it returns."""
        if await self._commits.do(report):
            self._clock_stopped()

    async def close(self) -> None:
        """Finish what has begun."""
        await self._commits.close()

    async def _work(self, conn: AsyncConnection, reports: Sequence[Report]) -> Sequence[bool]:
        """For each, whether a clock stopped by one of them."""
        now, stopped = self._clock(), False
        for report in reports:
            if isinstance(report, OptOut):
                await contacts.set_opted_out(
                    conn, str(report.address), opted_out=report.opted_out, source=report.source, now=now
                )
            else:
                stopped = await record(conn, _nameable(report), now=now) or stopped
        return [stopped] * len(reports)


def _nameable(report: DeliveryReceipt) -> DeliveryReceipt:
    """The report with names both engines can hold."""
    return replace(
        report,
        provider_id=storable(report.provider_id),
        provider_status=storable(report.provider_status),
        code=None if report.code is None else storable(report.code),
    )


async def record(conn: AsyncConnection, report: DeliveryReceipt, *, now: datetime) -> bool:
    """Write a receipt once, and move its message when it is known; an unmatched one waits for its message.

    Whether a clock stopped by it.
    """
    message_id = await _message_of(conn, report)
    row = {
        "id": new_id(),
        "channel": report.channel,
        "provider_id": report.provider_id,
        "provider_status": report.provider_status,
        "status": report.status,
        "code": report.code,
        "at": micros(report.at or now),
        "message_id": message_id,
    }
    fresh = await insert_rows(conn, t.receipt, [row], conflict="ON CONFLICT DO NOTHING", returning="id")
    if report.status is None:
        log.info("unknown delivery status", channel=report.channel, status=report.provider_status[:40])
    return bool(fresh) and message_id is not None and await _apply(conn, message_id, report, now=now)


async def _message_of(conn: AsyncConnection, report: DeliveryReceipt) -> int | None:
    table = t.message
    named = table.c.id == report.message_id if report.message_id else table.c.provider_id == report.provider_id
    query = select(table.c.id).where(named, table.c.channel == report.channel, table.c.direction == "out")
    found: int | None = (await conn.execute(query.limit(1))).scalar_one_or_none()
    return found


async def _apply(conn: AsyncConnection, message_id: int, report: DeliveryReceipt, *, now: datetime) -> bool:
    # The report proves that the provider has the message: an attempt whose end was unknown is known now.
    await conn.execute(
        update(t.message)
        .where(t.message.c.id == message_id, t.message.c.provider_id.is_(None))
        .values(provider_id=report.provider_id, sent_at=now)
    )
    needless = ("unknown", "dead", "pending") if report.status in outbox.ARRIVED else ("unknown",)
    place = t.outbox.c
    await conn.execute(
        update(t.outbox).where(place.message_id == message_id, place.state.in_(needless)).values(state="done")
    )
    stopped = report.status is not None and await outbox.advance(
        conn, message_id, report.status, now=now, code=report.code
    )
    if report.status is DeliveryStatus.FAILED:
        await conn.execute(
            update(t.outbox).where(t.outbox.c.message_id == message_id, t.outbox.c.state == "done").values(state="dead")
        )
    if report.opted_out:
        await outbox.opted_out(conn, message_id, source="receipt", now=now)
    return stopped
