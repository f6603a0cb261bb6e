"""The way out: one worker a channel, at the channel's own pace.

A message is leased and its attempt written in one commit, then the provider is called, then the outcome is written. A
kill between the call and the outcome leaves an attempt without an end: its lease runs out and the message becomes
"unknown", which a receipt may settle and otherwise a person decides. It is never texted a second time blindly.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Channel, Outcome, SendOutcome
from channels.gsm import fold
from channels.message import Address, Button, DeliveryStatus, OutboundMessage
from gateway import metrics
from gateway.deployment import Current
from gateway.group_commit import GroupCommit
from gateway.receipts import settle_early
from gateway.store import alarms
from gateway.store import outbox as rows
from gateway.store.engine import Store

log = structlog.get_logger()

# Longer than the slowest provider's time-out, so that a lease never ends under a living attempt.
LEASE: Final = timedelta(seconds=90)
# Seconds before each repetition; the last is repeated until the message is a day old.
_WAITS: Final = (5, 15, 60, 300, 900, 1800, 3600)
_GIVE_UP: Final = timedelta(hours=24)
# How often a worker looks for messages that another process wrote, seconds.
_LOOK: Final = 1.0
# How long a channel rests after its credentials were refused, seconds.
_MISCONFIGURED_REST: Final = 60.0
_AT_ONCE: Final = 16


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` a second, at most `burst` at once."""

    rate: float
    burst: int
    tokens: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def available(self, now: float) -> int:
        """How many may go now; `now` is a monotonic clock's seconds."""
        self.tokens = min(float(self.burst), self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        return int(self.tokens)

    def wait(self) -> float:
        """Seconds until one may go."""
        return max(0.0, (1.0 - self.tokens) / self.rate)


@dataclass(frozen=True, slots=True)
class _Ended:
    message_id: int
    channel: str
    tries: int
    created_at: datetime
    outcome: SendOutcome


class Outbox:
    """Sends what is due, on every channel."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        current: Current,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._channels = channels
        self._current = current
        self._clock = clock
        self._chance = chance
        self._bells = {name: asyncio.Event() for name in channels}
        self._rests: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._outcomes: GroupCommit[_Ended, None] = GroupCommit(store, self._record)

    def wake(self) -> None:
        """There may be something to send."""
        for bell in self._bells.values():
            bell.set()

    async def start(self) -> None:
        """Begin sending."""
        await self.recover(all_leases=self._store.dialect == "sqlite")
        self._tasks = [asyncio.create_task(self._serve(name), name=f"outbox {name}") for name in self._channels]
        self._tasks.append(asyncio.create_task(self._recover_forever(), name="outbox recovery"))

    async def stop(self) -> None:
        """Stop leasing, let the calls under way end (they are short), write their outcomes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._outcomes.close()

    async def recover(self, *, all_leases: bool = False) -> None:
        """Give up on leases whose holder is gone. At start on SQLite no other process can hold one."""
        now = self._clock() + (LEASE if all_leases else timedelta())

        async def work(conn: AsyncConnection) -> None:
            for message_id in await rows.abandoned(conn, now=now):
                await self._uncertain(conn, message_id, detail="the gateway stopped while it was being sent")

        await self._store.transact(work)

    async def _uncertain(self, conn: AsyncConnection, message_id: int, *, detail: str | None) -> None:
        now = self._clock()
        await rows.close_attempt(conn, message_id, now=now, outcome=Outcome.UNKNOWN, code=None, detail=detail)
        await rows.advance(conn, message_id, DeliveryStatus.UNKNOWN, now=now)

    async def _recover_forever(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                await self.recover()
            except Exception:  # the outermost loop: a database that is away for a moment comes back
                log.exception("outbox recovery failed")

    async def _serve(self, name: str) -> None:
        config = self._current().catalog.gateway.channels[name]
        bucket = Bucket(config.rate_per_second, config.burst)
        loop = asyncio.get_running_loop()
        while True:
            self._bells[name].clear()
            try:
                pause = self._rests.get(name, 0.0) - loop.time()
                if pause <= 0:
                    pause = await self._round(name, bucket, loop.time())
            except Exception:  # the outermost loop: one bad round must not end a channel
                log.exception("outbox round failed", channel=name)
                pause = _LOOK
            if pause > 0:
                await self._pause(name, pause)

    async def _pause(self, name: str, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._bells[name].wait(), seconds)
        except TimeoutError:
            return

    async def _round(self, name: str, bucket: Bucket, at: float) -> float:
        """Send what may go now; the seconds to wait before the next round come back."""
        limit = min(bucket.available(at), _AT_ONCE)
        if limit == 0:
            await asyncio.sleep(bucket.wait())
            return 0.0
        now = self._clock()
        leased = await self._store.transact(
            lambda conn: rows.lease(conn, name, limit=limit, now=now, until=now + LEASE)
        )
        if not leased:
            return _LOOK
        bucket.tokens -= len(leased)
        # A cancelled worker still waits for the calls it made, so that their outcomes are written.
        sending = asyncio.gather(*(self._send(name, row) for row in leased))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await sending
            raise
        return 0.0

    async def _send(self, name: str, row: Any) -> None:
        outcome = await self._attempt(self._channels[name], self._message(name, row))
        metrics.SENT.labels(channel=name, outcome=outcome.outcome).inc()
        loop = asyncio.get_running_loop()
        if outcome.outcome is Outcome.THROTTLED:
            self._rests[name] = loop.time() + (outcome.after or 1.0)
        elif outcome.outcome is Outcome.MISCONFIGURED:
            self._rests[name] = loop.time() + _MISCONFIGURED_REST
        await self._outcomes.do(_Ended(row.id, name, row.tries, row.created_at, outcome))

    async def _attempt(self, channel: Channel, message: OutboundMessage) -> SendOutcome:
        try:
            return await channel.send(message)
        except Exception as error:  # an adapter's defect: whether the provider was called cannot be known
            log.exception("send failed", channel=channel.name)
            return SendOutcome(outcome=Outcome.UNKNOWN, detail=type(error).__name__)

    def _message(self, name: str, row: Any) -> OutboundMessage:
        config = self._current().catalog.gateway.channels.get(name)
        extra = row.raw or {}
        return OutboundMessage(
            id=row.id,
            to=Address.of(row.urn),
            text=fold(row.text) if config and config.fold_accents else row.text,
            sender=row.service_number if row.case_channel == name else None,
            buttons=tuple(
                tuple(Button(label, payload) for label, payload in line) for line in extra.get("buttons", ())
            ),
            ask_phone=extra.get("ask_phone"),
        )

    async def _record(self, conn: AsyncConnection, ended: Sequence[_Ended]) -> Sequence[None]:
        for end in ended:
            await self._write(conn, end)
        return [None] * len(ended)

    async def _write(self, conn: AsyncConnection, end: _Ended) -> None:
        outcome, now = end.outcome, self._clock()
        await rows.close_attempt(
            conn, end.message_id, now=now, outcome=outcome.outcome, code=outcome.code, detail=outcome.detail
        )
        if outcome.outcome is Outcome.SENT:
            await self._write_sent(conn, end)
        elif outcome.outcome in (Outcome.REFUSED, Outcome.OPTED_OUT):
            await self._write_dead(conn, end)
        elif outcome.outcome is Outcome.UNKNOWN:
            await rows.put(conn, end.message_id, state="unknown")
            await rows.advance(conn, end.message_id, DeliveryStatus.UNKNOWN, now=now)
        else:
            await self._write_again(conn, end)

    async def _write_sent(self, conn: AsyncConnection, end: _Ended) -> None:
        now, outcome = self._clock(), end.outcome
        await rows.sent(conn, end.message_id, provider_id=outcome.provider_id, now=now)
        await rows.put(conn, end.message_id, state="done")
        await rows.advance(conn, end.message_id, outcome.status, now=now, code=outcome.code)
        await alarms.end(conn, kind="misconfigured", subject=end.channel, now=now)
        if outcome.provider_id:
            await settle_early(
                conn, channel=end.channel, provider_id=outcome.provider_id, message_id=end.message_id, now=now
            )

    async def _write_dead(self, conn: AsyncConnection, end: _Ended) -> None:
        now, outcome = self._clock(), end.outcome
        await rows.put(conn, end.message_id, state="dead")
        await rows.advance(
            conn, end.message_id, DeliveryStatus.FAILED, now=now, code=outcome.code, detail=outcome.detail
        )
        if outcome.outcome is Outcome.OPTED_OUT:
            await rows.opted_out(conn, end.message_id, source="provider", now=now)

    async def _write_again(self, conn: AsyncConnection, end: _Ended) -> None:
        now, outcome = self._clock(), end.outcome
        if outcome.outcome is Outcome.TEMPORARY and now - end.created_at > _GIVE_UP:
            await self._write_dead(conn, end)
            return
        if outcome.outcome is Outcome.MISCONFIGURED:
            await alarms.ring(
                conn, kind="misconfigured", subject=end.channel, now=now,
                detail=f"{end.channel}: the provider refuses our credentials or settings ({outcome.code})",
            )  # fmt: skip
        wait = outcome.after or self.wait(end.tries)
        await rows.put(conn, end.message_id, state="pending", next_at=now + timedelta(seconds=wait))

    def wait(self, tries: int) -> float:
        """Seconds before repetition number `tries`: growing, and spread so that a crowd does not return at once."""
        return _WAITS[min(tries, len(_WAITS)) - 1] * (0.75 + self._chance() / 2)
