"""From a provider's request to what must be said back: verified, read, made durable, acknowledged."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

import structlog
from prometheus_client import Counter

from channels.channel import AnswersPresses, Channel, NotAuthentic, RawRequest, RawResponse, Screen, Unreadable
from channels.message import (
    Address,
    DeliveryReceipt,
    Ignored,
    Inbound,
    InboundMessage,
    OptOut,
    OutboundMessage,
    SessionEnd,
    SessionTurn,
)
from gateway import metrics
from gateway.clock import new_id
from gateway.deployment import Current
from gateway.files import Fetcher
from gateway.inbound.intake import Intake
from gateway.outbound.receipts import Receipts
from gateway.store import exchanges
from gateway.store.engine import Store

log = structlog.get_logger()

# A group chat is told once an hour that we answer in private.
_TELL_GROUP_EVERY: Final = 3600.0


class Inbox:
    """Every channel's way in."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        store: Store,
        intake: Intake,
        receipts: Receipts,
        fetcher: Fetcher,
        current: Current,
        clock: Callable[[], datetime],
    ) -> None:
        self._channels = channels
        self._store = store
        self._intake = intake
        self._receipts = receipts
        self._fetcher = fetcher
        self._current = current
        self._clock = clock
        self._told: dict[Address, float] = {}
        self._aside: set[asyncio.Task[object]] = set()

    async def accept(self, channel: Channel, raw: RawRequest) -> RawResponse:
        """Take a request in; the answer is what the provider wants to read, given after the durable commit.

        NotAuthentic when the provider did not send it. What was authentic and could not be read is kept raw, and
        answered like everything else, so that the provider does not repeat it for ever.
        """
        try:
            channel.verify(raw)
        except NotAuthentic as error:
            metrics.INBOUND.labels(channel=channel.name, result="rejected").inc()
            await self._keep(raw, channel.name, kind="rejected", reason=str(error))
            raise
        return await self.take(channel, raw)

    async def take(self, channel: Channel, raw: RawRequest) -> RawResponse:
        """The same for a request that is known to be authentic (a poll, a replay by a person)."""
        try:
            items = channel.parse(raw)
        except Unreadable as error:
            return await self._unreadable(channel, raw, str(error))
        except Exception as error:  # an adapter's defect must not lose what a citizen said
            log.exception("parse failed", channel=channel.name)
            return await self._unreadable(channel, raw, f"a defect of ours: {type(error).__name__}")
        if len(items) == 1:
            screen = await self._one(channel, items[0])
        else:
            screens = await asyncio.gather(*(self._one(channel, item) for item in items))
            screen = next((s for s in screens if s), None)
        return channel.acknowledge(raw, screen)

    async def _unreadable(self, channel: Channel, raw: RawRequest, reason: str) -> RawResponse:
        metrics.INBOUND.labels(channel=channel.name, result="unparsed").inc()
        await self._keep(raw, channel.name, kind="unparsed", reason=reason)
        return channel.acknowledge(raw)

    async def _keep(self, raw: RawRequest, channel: str, *, kind: str, reason: str) -> None:
        now = self._clock()
        await self._store.transact(
            lambda conn: exchanges.keep(conn, raw, channel=channel, kind=kind, reason=reason, now=now)
        )

    async def _one(self, channel: Channel, item: Inbound) -> Screen | None:
        _counted(channel.name, _RESULTS[type(item)]).inc()
        if isinstance(item, InboundMessage):
            await self._intake.receive(item)
            if item.attachments:
                self._fetcher.wake()
            if item.press_id and isinstance(channel, AnswersPresses):
                self._beside(channel.answer_press(item.press_id))
        elif isinstance(item, SessionTurn):
            return await self._intake.turn(item)
        elif isinstance(item, SessionEnd):
            await self._intake.end(item)
        elif isinstance(item, DeliveryReceipt | OptOut):
            await self._receipts.receive(item)
        elif item.reply_to is not None:
            self._write_in_private(channel, item)
        return None

    def _write_in_private(self, channel: Channel, ignored: Ignored) -> None:
        now = asyncio.get_running_loop().time()
        group = ignored.reply_to
        if group is None or now - self._told.get(group, -_TELL_GROUP_EVERY) < _TELL_GROUP_EVERY:
            return
        self._told[group] = now
        catalog = self._current().catalog
        text = catalog.say("private_only", catalog.default_language)
        self._beside(channel.send(OutboundMessage(id=new_id(), to=group, text=text)))

    def _beside(self, work: "asyncio.Future[object] | object") -> None:
        """Do something that nobody waits for and nothing depends on."""
        task: asyncio.Task[object] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def close(self) -> None:
        """Let go of what nobody waits for."""
        for task in self._aside:
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)


@lru_cache(maxsize=256)
def _counted(channel: str, result: str) -> Counter:
    # Finding a labelled counter takes longer than counting.
    return metrics.INBOUND.labels(channel=channel, result=result)


_RESULTS: Final[dict[type, str]] = {
    InboundMessage: "message",
    SessionTurn: "turn",
    SessionEnd: "session_end",
    DeliveryReceipt: "receipt",
    OptOut: "opt_out",
    Ignored: "ignored",
}
