"""Whoever supervises an agency gives its cases to others, or offers them again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk.acts import Acts, given_reason
from gateway.errors import Conflict, Invalid
from gateway.ledger import Ledger
from gateway.principal import Principal, Right
from gateway.staffing import assigning
from gateway.store import absences, staff, team
from routing.case import CaseState, EventKind


class Assigning(Acts):
    """Assign and offer again, one case or many. The reason stays in the case's story."""

    async def assign(self, principal: Principal, number: str, staff_id: int, reason: str) -> None:
        """Give a case to somebody who answers for its agency, whoever has it now.

        Invalid when they do not, Conflict when they are away or the case has ended.
        """
        principal.need(Right.SUPERVISE)
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            _must_be_open(case)
            member = await self._present(conn, staff_id)
            if not self._answers(member, case):
                raise Invalid("staff", "they do not answer for the agency of this case")
            await self._give(conn, principal, [case], staff_id, why)

        await self._on(principal, number, work)
        self._wake_channels()

    async def assign_all(self, principal: Principal, numbers: Sequence[str], staff_id: int, reason: str) -> list[str]:
        """Give cases to somebody in one act; the numbers of those that they have now.

        Left out is what has ended, is another agency's, or is not there to be seen.
        """
        principal.need(Right.SUPERVISE)
        why = given_reason(reason)

        async def unit(conn: AsyncConnection) -> list[str]:
            member = await self._present(conn, staff_id)
            cases = [case for case in await team.locked(conn, principal, numbers) if self._answers(member, case)]
            return await self._give(conn, principal, [case for case in cases if _is_open(case)], staff_id, why)

        done = await self._store.transact(unit)
        self._wake_channels()
        return done

    async def offer_again(self, principal: Principal, number: str, reason: str) -> None:
        """Take a case from whoever has it, so that others can take it. Conflict when nobody has it."""
        principal.need(Right.SUPERVISE)
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            _must_be_open(case)
            if case.assignee_id is None:
                raise Conflict("nobody has this case: it is on offer already")
            await self._offer(conn, principal, [case], why)

        await self._on(principal, number, work)
        self._wake_channels()

    async def offer_all_again(self, principal: Principal, numbers: Sequence[str], reason: str) -> list[str]:
        """The same with many; the numbers of those that were taken from somebody."""
        principal.need(Right.SUPERVISE)
        why = given_reason(reason)

        async def unit(conn: AsyncConnection) -> list[str]:
            cases = await team.locked(conn, principal, numbers)
            held = [case for case in cases if _is_open(case) and case.assignee_id is not None]
            return await self._offer(conn, principal, held, why)

        done = await self._store.transact(unit)
        self._wake_channels()
        return done

    async def _present(self, conn: AsyncConnection, staff_id: int) -> Any:
        member = await team.member(conn, staff_id)
        if member is None or not member.active:
            raise Invalid("staff", "there is no such member of staff")
        if await absences.is_away(conn, staff_id, now=self._clock()):
            raise Conflict("they are noted as away; choose somebody who is there")
        return member

    def _answers(self, member: Any, case: Any) -> bool:
        if case.agency == self._current().catalog.gateway.triage and member.role == "triage":
            return True
        return bool(member.agency == case.agency and member.role in staff.ANSWERING)

    async def _give(
        self, conn: AsyncConnection, principal: Principal, cases: Sequence[Any], staff_id: int, why: str
    ) -> list[str]:
        given = [case for case in cases if case.assignee_id != staff_id]
        if given:
            await team.give(conn, [case.id for case in given], staff_id)
            ledger = Ledger(self._clock())
            for case in given:
                before = {} if case.assignee_id is None else {"from": str(case.assignee_id)}
                ledger.event(
                    case.id, EventKind.ASSIGNED, actor=principal.actor, staff=str(staff_id), how="supervisor",
                    reason=why, **before,
                )  # fmt: skip
            await ledger.write(conn)
            await staff.assigned(conn, [staff_id], now=self._clock())
            await self._keep(conn, *(case.id for case in given))
        return [case.number for case in cases]

    async def _offer(self, conn: AsyncConnection, principal: Principal, cases: Sequence[Any], why: str) -> list[str]:
        if not cases:
            return []
        ids, now = [case.id for case in cases], self._clock()
        await team.give(conn, ids, None)
        ledger = Ledger(now)
        for case in cases:
            ledger.event(
                case.id, EventKind.UNASSIGNED, actor=principal.actor, staff=str(case.assignee_id), reason=why
            )  # fmt: skip
        await ledger.write(conn)
        # An agency that gives its cases out gives them to somebody else.
        before = {case.id: case.assignee_id for case in cases}
        await assigning.give_out(conn, self._current().catalog, ids, but=before, now=now)
        await self._keep(conn, *ids)
        return [case.number for case in cases]


def _is_open(case: Any) -> bool:
    return CaseState(case.state).is_open


def _must_be_open(case: Any) -> None:
    if not _is_open(case):
        raise Conflict(f"the case is {case.state}; reopen it first")
