"""The same question twice: one case stands for the others, and its answer goes to all of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk.acts import Acts, given_reason
from gateway.errors import Conflict
from gateway.principal import Principal
from gateway.store import cases as case_store
from gateway.store import duplicates, queue
from routing.case import CaseState, EventKind


class Merging(Acts):
    """Merge, gather and separate."""

    async def merge(self, principal: Principal, number: str, *, into: str, reason: str) -> None:
        """Let another open case of the same agency stand for this one.

        This one leaves the queue and keeps its own clocks and its own citizen; what answers the other answers it too.
        """
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            if into == number:
                raise Conflict("a case cannot stand for itself")
            leader = await queue.find(conn, principal, into, lock=True)
            await self._merge(conn, principal, case, leader, why)

        await self._on(principal, number, work)

    async def gather(self, principal: Principal, number: str, others: Sequence[str], *, reason: str) -> None:
        """Let this case stand for all of these, or, when one of them cannot be merged, for none."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, leader: Any) -> None:
            if number in others:
                raise Conflict("a case cannot stand for itself")
            # One order for everybody, or two people could wait for each other's cases.
            cases = [await queue.find(conn, principal, other, lock=True) for other in sorted(set(others))]
            for case in cases:
                await self._merge(conn, principal, case, leader, why)
            await self._keep(conn, *(case.id for case in cases))

        await self._on(principal, number, work)

    async def _merge(self, conn: AsyncConnection, principal: Principal, case: Any, leader: Any, why: str) -> None:
        if leader.agency != case.agency:
            raise Conflict("the other case is at another agency: transfer one of them first")
        if not (CaseState(case.state).is_open and CaseState(leader.state).is_open):
            raise Conflict("both cases must be open")
        if leader.duplicate_of is not None:
            raise Conflict("the other case is a duplicate itself: choose the one that stands for it")
        if await duplicates.stands_for_others(conn, case.id):
            raise Conflict("this case stands for others: merge the other into it, or separate them first")
        await case_store.touch(conn, case.id, duplicate_of=leader.id, assignee_id=None)
        await case_store.touch(conn, leader.id)
        await self._event(conn, case.id, EventKind.MERGED, principal, into=leader.number, reason=why)

    async def separate(self, principal: Principal, number: str, *, reason: str) -> None:
        """Let a duplicate stand for itself again."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.duplicate_of is None:
                raise Conflict("no other case stands for this one")
            leader = str(await case_store.number_of(conn, case.duplicate_of))
            await self._stand_alone(conn, case.id, principal, leader=leader, reason=why)

        await self._on(principal, number, work)
