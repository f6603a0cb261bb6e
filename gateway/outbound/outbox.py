"""The way out: one worker a channel, at the channel's own pace.

A message is leased and its attempt written in one commit, then the provider is called, then the outcome is written. A
kill between the call and the outcome leaves an attempt without an end: its lease runs out and the message becomes
"unknown", which a receipt may settle and otherwise a person decides. It is never texted a second time blindly.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
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
from gateway.inbound.group_commit import GroupCommit
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
# How long a stop waits for calls under way, seconds. What has no answer by then is "unknown", like after a kill.
_LAST_CALLS: Final = 2.0


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

    @property
    def worthwhile(self) -> int:
        """The fewest worth a round: a quarter of a second's, so that a backlog shares its commits."""
        return max(1, min(self.burst, _AT_ONCE, int(self.rate / 4)))

    def wait(self) -> float:
        """Seconds until a round is worthwhile."""
        return max(0.0, (self.worthwhile - self.tokens) / self.rate)


@dataclass(frozen=True, slots=True)
class _Ended:
    message_id: int
    channel: str
    tries: int
    created_at: datetime
    outcome: SendOutcome


# Kinds of messages in a person's own words.
_WRITTEN: Final = frozenset({"answer", "completion"})


class Outbox:
    """Sends what is due, on every channel. `clock_stopped` is called when a request to complete has got there."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        current: Current,
        *,
        clock: Callable[[], datetime],
        clock_stopped: Callable[[], object] = lambda: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._channels = channels
        # They never report a delivery: what was sent there counts as told.
        self._silent = frozenset(name for name, channel in channels.items() if not channel.capabilities.receipts)
        self._current = current
        self._clock = clock
        self._clock_stopped = clock_stopped
        self._chance = chance
        self._bells = {name: asyncio.Event() for name in channels}
        self._rests: dict[str, float] = {}
        # Channels whose alarm may ring: all, until a message has gone out.
        self._misconfigured = set(channels)
        self._tasks: list[asyncio.Task[None]] = []
        # Calls under way: a provider that does not answer one must not hold up the others.
        self._flying: dict[str, set[asyncio.Task[None]]] = {name: set() for name in channels}
        self._outcomes: GroupCommit[_Ended, bool] = GroupCommit(store, self._record)

    def wake(self, channels: Iterable[str]) -> None:
        """There is something to send on these channels."""
        for name in channels:
            if name in self._bells:
                self._bells[name].set()

    async def start(self) -> None:
        """Begin sending."""
        await self.recover(all_leases=self._store.dialect == "sqlite")
        self._tasks = [asyncio.create_task(self._serve(name), name=f"outbox {name}") for name in self._channels]
        self._tasks.append(asyncio.create_task(self._recover_forever(), name="outbox recovery"))

    async def stop(self) -> None:
        """Stop leasing, give the calls under way a moment to end, write their outcomes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        flying = set().union(*self._flying.values())
        if flying:
            _, endless = await asyncio.wait(flying, timeout=_LAST_CALLS)
            for task in endless:
                task.cancel()
            await asyncio.gather(*endless, return_exceptions=True)
        await self._outcomes.close()

    async def recover(self, *, all_leases: bool = False) -> None:
        """Give up on leases whose holder is gone. At start on SQLite no other process can hold one."""
        now = self._clock() + (LEASE if all_leases else timedelta())

        async def work(conn: AsyncConnection) -> None:
            ends = [
                rows.End(
                    message_id=message_id,
                    channel=channel,
                    outcome=Outcome.UNKNOWN.value,
                    state="unknown",
                    status=DeliveryStatus.UNKNOWN,
                    detail="the gateway stopped while it was being sent",
                )
                for message_id, channel in await rows.abandoned(conn, now=now)
            ]
            if ends:
                await rows.settle(conn, ends, now=self._clock(), silent=self._silent)

        await self._store.transact(work)

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
        # Not wait_for: in Python 3.11 it can swallow the cancellation that stops us.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bells[name].wait()

    async def _round(self, name: str, bucket: Bucket, at: float) -> float:
        """Send what may go now; the seconds to wait before the next round come back."""
        flying = self._flying[name]
        room = _AT_ONCE - len(flying)
        if room < bucket.worthwhile:
            await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            return 0.0
        limit = min(bucket.available(at), room)
        if limit < bucket.worthwhile:
            await asyncio.sleep(bucket.wait())
            return 0.0
        now = self._clock()
        leased = await self._store.transact(
            lambda conn: rows.lease(conn, name, limit=limit, now=now, until=now + LEASE)
        )
        if not leased:
            return _LOOK
        bucket.tokens -= len(leased)
        for row in leased:
            task = asyncio.create_task(self._send(name, row), name=f"sending on {name}")
            flying.add(task)
            task.add_done_callback(flying.discard)
        return 0.0

    async def _send(self, name: str, row: Any) -> None:
        outcome = await self._attempt(self._channels[name], self._message(name, row))
        metrics.SENT.labels(channel=name, outcome=outcome.outcome).inc()
        loop = asyncio.get_running_loop()
        if outcome.outcome is Outcome.THROTTLED:
            self._rests[name] = loop.time() + (outcome.after or 1.0)
        elif outcome.outcome is Outcome.MISCONFIGURED:
            self._rests[name] = loop.time() + _MISCONFIGURED_REST
        try:
            if await self._outcomes.do(_Ended(row.id, name, row.tries, row.created_at, outcome)):
                self._clock_stopped()
        except Exception:  # the outermost frame of a send: its lease runs out, and the message becomes "unknown"
            log.exception("outcome not written", channel=name, outcome=outcome.outcome.value)

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
            # What we say by ourselves is made to fit; a person's words go as the person wrote them.
            text=fold(row.text) if config and config.fold_accents and row.kind not in _WRITTEN else row.text,
            sender=row.service_number if row.case_channel == name else None,
            buttons=tuple(
                tuple(Button(label, payload) for label, payload in line) for line in extra.get("buttons", ())
            ),
            ask_phone=extra.get("ask_phone"),
        )

    async def _record(self, conn: AsyncConnection, ended: Sequence[_Ended]) -> Sequence[bool]:
        """For each, whether a clock stopped by one of them."""
        now = self._clock()
        stopped = await rows.settle(conn, [self._end(end, now) for end in ended], now=now, silent=self._silent)
        for end in ended:
            await self._consequences(conn, end, now)
        return [stopped] * len(ended)

    def _end(self, end: _Ended, now: datetime) -> rows.End:
        """Where a message goes after an attempt."""
        outcome = end.outcome
        state, status, next_at = "pending", None, None
        if outcome.outcome is Outcome.SENT:
            state, status = "done", outcome.status
        elif outcome.outcome is Outcome.UNKNOWN:
            state, status = "unknown", DeliveryStatus.UNKNOWN
        elif self._is_final(end, now):
            state, status = "dead", DeliveryStatus.FAILED
        else:
            next_at = now + timedelta(seconds=outcome.after or self.wait(end.tries))
        return rows.End(
            message_id=end.message_id,
            channel=end.channel,
            outcome=outcome.outcome.value,
            state=state,
            status=status,
            provider_id=outcome.provider_id,
            next_at=next_at,
            code=outcome.code,
            detail=outcome.detail,
        )

    def _is_final(self, end: _Ended, now: datetime) -> bool:
        refused = end.outcome.outcome in (Outcome.REFUSED, Outcome.OPTED_OUT)
        return refused or (end.outcome.outcome is Outcome.TEMPORARY and now - end.created_at > _GIVE_UP)

    async def _consequences(self, conn: AsyncConnection, end: _Ended, now: datetime) -> None:
        outcome = end.outcome.outcome
        if outcome is Outcome.OPTED_OUT:
            await rows.opted_out(conn, end.message_id, source="provider", now=now)
        elif outcome is Outcome.MISCONFIGURED:
            self._misconfigured.add(end.channel)
            await alarms.ring(
                conn, kind="misconfigured", subject=end.channel, now=now,
                detail=f"{end.channel}: the provider refuses our credentials or settings ({end.outcome.code})",
            )  # fmt: skip
        elif outcome is Outcome.SENT and end.channel in self._misconfigured:
            self._misconfigured.discard(end.channel)
            await alarms.end(conn, kind="misconfigured", subject=end.channel, now=now)

    def wait(self, tries: int) -> float:
        """Seconds before repetition number `tries`: growing, and spread so that a crowd does not return at once."""
        return _WAITS[min(tries, len(_WAITS)) - 1] * (0.75 + self._chance() / 2)
