"""The same question twice: one case stands for the others, and its answer goes to all of them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk.acts import Acts, given_reason
from gateway.errors import Conflict
from gateway.principal import Principal
from gateway.store import cases as case_store
from gateway.store import duplicates, queue
from routing.case import CaseState, EventKind


class Merging(Acts):
    """Merge and separate."""

    async def merge(self, principal: Principal, number: str, *, into: str, reason: str) -> None:
        """Let another open case of the same agency stand for this one.

        This one leaves the queue and keeps its own clocks and its own citizen; what answers the other answers it too.
        """
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            if into == number:
                raise Conflict("a case cannot stand for itself")
            leader = await queue.find(conn, principal, into, lock=True)
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
            await self._event(conn, case.id, EventKind.MERGED, principal, into=into, reason=why)

        await self._on(principal, number, work)

    async def separate(self, principal: Principal, number: str, *, reason: str) -> None:
        """Let a duplicate stand for itself again."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.duplicate_of is None:
                raise Conflict("no other case stands for this one")
            leader = str(await case_store.number_of(conn, case.duplicate_of))
            await self._stand_alone(conn, case.id, principal, leader=leader, reason=why)

        await self._on(principal, number, work)
