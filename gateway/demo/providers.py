"""The providers, played: what waits in the outbox is taken, and most of it arrives."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from channels.channel import Outcome
from channels.message import DeliveryStatus
from gateway.clock import new_id
from gateway.demo.past import Life, Past
from gateway.outbound.outbox import LEASE
from gateway.store import demo as rows
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.outbox import End, settle
from gateway.store.schema import micros

# Of a thousand messages: how many the network says it could not deliver, by its code, and how many are refused.
_LOST: Final = (("30003", 8), ("30005", 4), ("30006", 2))
_REFUSED: Final = (("21610", 2), ("21211", 1))
# Older than this an uncertain message has been looked into.
_UNCERTAIN: Final = timedelta(days=9)


class Providers:
    """Carries what was said to whom it was said. `ends`: when the made-up past is over."""

    def __init__(self, past: Past, rng: random.Random, *, ends: datetime) -> None:
        self._past = past
        self._rng = rng
        self._ends = ends
        channels = past.deployment.catalog.gateway.channels
        self._silent = frozenset(name for name in channels if not past.capable(name).receipts)

    async def round(self) -> Life:
        """A few seconds later, take what waits and say what became of it."""
        past = self._past
        yield past.now + timedelta(seconds=self._rng.uniform(2, 25))
        past.ringing.clear()
        await self.carry()

    async def carry(self) -> None:
        """Everything that waits."""
        past = self._past
        waiting = await rows.take_waiting(past.conn, now=past.now, until=past.now + LEASE)
        if not waiting:
            return
        past.pass_by(timedelta(seconds=self._rng.uniform(0.2, 1.8)))
        ends = [self._end(row) for row in waiting]
        await self._report(ends, waiting)
        await settle(past.conn, ends, now=past.now, silent=self._silent)

    def _end(self, row: Any) -> End:
        name = row.channel
        given = f"SM{self._rng.getrandbits(128):032x}" if name not in self._silent else f"{row.id}"
        lot = self._rng.randrange(1000)
        if name not in self._silent and lot < 12 and self._ends - self._past.now < _UNCERTAIN:
            return End(
                message_id=row.id, channel=name, outcome=Outcome.UNKNOWN.value, state="unknown",
                status=DeliveryStatus.UNKNOWN, detail="no answer within 20 s",
            )  # fmt: skip
        if name not in self._silent and (code := _drawn(_REFUSED, self._rng.randrange(1000))):
            return End(
                message_id=row.id, channel=name, outcome=Outcome.REFUSED.value, state="dead",
                status=DeliveryStatus.FAILED, code=code, detail="the provider refuses this number",
            )  # fmt: skip
        return End(
            message_id=row.id, channel=name, outcome=Outcome.SENT.value, state="done", status=DeliveryStatus.SENT,
            provider_id=given,
        )  # fmt: skip

    async def _report(self, ends: Sequence[End], waiting: Sequence[Any]) -> None:
        """Receipts of what was sent, as they come: before our own commit."""
        urns = {row.id: row.urn for row in waiting}
        sent = [end for end in ends if end.provider_id and end.channel not in self._silent]
        if sent:
            await insert_rows(self._past.conn, t.receipt, [self._receipt(end, urns[end.message_id]) for end in sent])

    def _receipt(self, end: End, urn: str) -> dict[str, Any]:
        code = _drawn(_LOST, self._rng.randrange(1000))
        read = urn.startswith("whatsapp:") and self._rng.random() < 0.8
        word = "undelivered" if code else "read" if read else "delivered"
        status = DeliveryStatus.FAILED if code else DeliveryStatus.READ if read else DeliveryStatus.DELIVERED
        return {
            "id": new_id(),
            "channel": end.channel,
            "provider_id": end.provider_id,
            "provider_status": word,
            "status": status.value,
            "code": code,
            "at": micros(self._past.now),
            "message_id": None,
        }


def _drawn(codes: Sequence[tuple[str, int]], lot: int) -> str | None:
    """The code whose share of a thousand a lot fell into."""
    for code, share in codes:
        if lot < share:
            return code
        lot -= share
    return None
