"""What every act at the desk shares: the case asked for with its principal, one transaction, its event, its clocks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Capabilities
from gateway.deployment import Current
from gateway.errors import Conflict, Invalid
from gateway.ledger import NOTICE, Ledger
from gateway.principal import Principal, Right
from gateway.store import cases as case_store
from gateway.store import duplicates, queue
from gateway.store.engine import Store
from gateway.timekeeping import notices
from routing.case import EventKind

T = TypeVar("T")

# A reason is read by citizens and auditors: in characters.
_REASON = (3, 300)
# A list shows this much of what was said last, in characters.
LINE = 120


class Acts:
    """The ground of the desk. `wake` is told the channels on which something is to be sent."""

    def __init__(
        self,
        store: Store,
        current: Current,
        *,
        capable: Callable[[str], Capabilities],
        clock: Callable[[], datetime],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._current = current
        self._capable = capable
        self._clock = clock
        self._wake = wake

    async def _on(self, principal: Principal, number: str, work: Callable[[AsyncConnection, Any], Awaitable[T]]) -> T:
        """Do `work` on a case the principal may see, and keep its clocks, in one transaction."""
        principal.need(Right.WORK_CASES)

        async def unit(conn: AsyncConnection) -> T:
            case = await queue.find(conn, principal, number, lock=True)
            result = await work(conn, case)
            await self._keep(conn, case.id)
            return result

        return await self._store.transact(unit)

    async def _keep(self, conn: AsyncConnection, *case_ids: int) -> None:
        await notices.keep(conn, self._current().catalog, case_ids, now=self._clock())

    async def _separate(self, conn: AsyncConnection, case: Any, principal: Principal, *, reason: str) -> None:
        """A case that leaves or ends unanswered stands for no other: none of them may be forgotten with it."""
        others = await duplicates.open_of(conn, case.id)
        for other in others:
            await self._stand_alone(conn, other.id, principal, leader=case.number, reason=reason)
        await self._keep(conn, *(other.id for other in others))

    async def _stand_alone(
        self, conn: AsyncConnection, case_id: int, principal: Principal, *, leader: str, reason: str
    ) -> None:
        await case_store.touch(conn, case_id, duplicate_of=None)
        await self._event(conn, case_id, EventKind.SEPARATED, principal, **{"from": leader, "reason": reason})

    def _wake_channels(self, *, after: timedelta = timedelta()) -> None:
        channels = self._current().catalog.gateway.channels
        self._wake(channels)
        if after:
            # What waits leaves when it is due, not when the outbox next looks.
            asyncio.get_running_loop().call_later(after.total_seconds(), self._wake, channels)

    def _must_hold(self, principal: Principal, case: Any) -> None:
        if case.assignee_id not in (None, principal.id) and principal.agency is not None:
            raise Conflict("somebody else has this case; take it over first")

    async def _event(
        self, conn: AsyncConnection, case_id: int, kind: EventKind, principal: Principal, **data: Any
    ) -> None:
        ledger = Ledger(self._clock())
        ledger.event(case_id, kind, actor=principal.actor, **data)
        await ledger.write(conn)

    async def _tell(self, conn: AsyncConnection, case: Any, text: str) -> None:
        """A notice to the citizen, where one can be reached."""
        if case.reply_urn is not None:
            await self._say(conn, case, [text], kind="notice", priority=NOTICE, principal=None)

    async def _say(
        self,
        conn: AsyncConnection,
        case: Any,
        parts: list[str],
        *,
        kind: str,
        priority: int,
        principal: Principal | None,
        after: timedelta = timedelta(),
    ) -> list[int]:
        ledger = Ledger(self._clock())
        ids = [
            ledger.outbound(
                priority=priority,
                kind=kind,
                case_id=case.id,
                contact_id=case.contact_id,
                urn=case.reply_urn,
                channel=case.reply_channel,
                text=part,
                staff_id=principal.id if principal and not principal.is_token else None,
            )
            for part in parts
        ]
        for row in ledger.outbox:
            row["next_at"] += after // timedelta(microseconds=1)
        await ledger.write(conn)
        return ids


def given_reason(text: str | None) -> str:
    """A reason, trimmed. Invalid when it is none, or too long."""
    said = (text or "").strip()
    if not _REASON[0] <= len(said) <= _REASON[1]:
        raise Invalid("reason", f"a reason of {_REASON[0]} to {_REASON[1]} characters is needed")
    return said
