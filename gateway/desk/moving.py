"""Where a case goes: to another agency, to its end, back to life, apart."""

from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import words
from gateway.desk.acts import given_reason
from gateway.desk.opening import Opening
from gateway.errors import Conflict, Invalid, NotFound
from gateway.principal import Principal
from gateway.store import cases as case_store
from gateway.store import queue, staff
from gateway.store import schema as t
from routing.case import CITIZEN, CaseState, EventKind

# What a case may be closed as.
OUTCOMES = ("answered", "not_needed", "duplicate", "withdrawn", "not_competent", "denied", "spam")
# What a citizen said; an edit is a version of it.
_QUESTIONS = (t.message.c.direction == "in", t.message.c.version_of.is_(None))


class Moving(Opening):
    """Transfer, close, reopen, split, move."""

    async def transfer(self, principal: Principal, number: str, *, agency: str, reason: str) -> None:
        """Hand the case to another agency, with a reason the citizen is told."""
        why = given_reason(reason)
        catalog = self._current().catalog
        if agency not in catalog.agencies:
            raise Invalid("agency", f"there is no agency {agency}")

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.agency == agency:
                raise Invalid("agency", "the case is already there")
            if not CaseState(case.state).is_open:
                raise Conflict(f"the case is {case.state}; reopen it before it is transferred")
            if agency != catalog.gateway.triage and not await staff.colleagues(conn, agency):
                raise Conflict(f"{agency} has no active response manager; choose another agency or the triage desk")
            now = self._clock()
            await case_store.touch(
                conn, case.id, agency=agency, topic=None, assignee_id=None, state=CaseState.OPEN, asked_at=None,
                waiting_since=case.waiting_since or now, duplicate_of=None,
            )  # fmt: skip
            await self._separate(conn, case, principal, reason=why)
            await self._event(
                conn, case.id, EventKind.TRANSFERRED, principal, **{"from": case.agency, "to": agency, "reason": why}
            )
            short = words.short_name(catalog, agency)
            text = catalog.say("transferred", case.language, of=case.agency, number=number, agency=short, reason=why)
            await self._tell(conn, case, text)

        await self._on(principal, number, work)
        self._wake_channels()

    async def close(self, principal: Principal, number: str, *, outcome: str, reason: str = "") -> None:
        """End a case. Without an answer it needs a reason, and the citizen is told."""
        if outcome not in OUTCOMES:
            raise Invalid("outcome", f"outcome must be one of {', '.join(OUTCOMES)}")

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.state == CaseState.CLOSED:
                raise Conflict("the case is already closed")
            # What was answered before the case was opened again answers nothing now.
            answered = case.state == CaseState.ANSWERED
            why = reason.strip() if answered else given_reason(reason)
            now = self._clock()
            await case_store.touch(
                conn, case.id, state=CaseState.CLOSED, outcome=outcome, ended_at=now, waiting_since=None, asked_at=None,
                duplicate_of=None,
            )  # fmt: skip
            await self._separate(conn, case, principal, reason=why)
            await self._event(conn, case.id, EventKind.CLOSED, principal, outcome=outcome, reason=why)
            if not answered and outcome != "spam":
                text = self._current().catalog.say("closed", case.language, of=case.agency, number=number)
                await self._tell(conn, case, text)

        await self._on(principal, number, work)
        self._wake_channels()

    async def reopen(self, principal: Principal, number: str, *, reason: str) -> None:
        """Open an answered or closed case again."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            if CaseState(case.state).is_open:
                raise Conflict("the case is open")
            now = self._clock()
            await case_store.touch(
                conn, case.id, state=CaseState.OPEN, ended_at=None, outcome=None, active_at=now, waiting_since=now
            )
            await self._event(conn, case.id, EventKind.REOPENED, principal, reason=why)

        await self._on(principal, number, work)

    async def split(self, principal: Principal, number: str, message_id: int) -> str:
        """Make a message of the case a case of its own; the new number comes back."""

        async def work(conn: AsyncConnection, case: Any) -> str:
            message = await self._question(conn, case, message_id)
            taken = ("contact_id", "reply_urn", "reply_channel", "channel", "service_number", "agency", "topic",
                     "term_class", "territory", "language", "transcribed_by")  # fmt: skip
            row = await self._open(
                conn, {name: getattr(case, name) for name in taken} | {"predecessor_id": case.id},
                received_at=message.at, text=message.text, rule="split", actor=CITIZEN,
            )  # fmt: skip
            new_number = str(row["number"])
            await self._rehome(conn, message_id, row["id"])
            await self._event(conn, case.id, EventKind.SPLIT, principal, message=str(message_id), to=new_number)
            await self._event(conn, row["id"], EventKind.LINKED, principal, predecessor=number)
            await self._keep(conn, row["id"])
            return new_number

        return await self._on(principal, number, work)

    async def move(self, principal: Principal, number: str, message_id: int, *, to: str) -> None:
        """Move a message of the case to another case of the same person."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            if to == number:
                raise Conflict("the message is in that case already")
            await self._question(conn, case, message_id)
            target = await queue.find(conn, principal, to, lock=True)
            if target.contact_id != case.contact_id:
                raise Conflict("that case belongs to another person")
            await self._rehome(conn, message_id, target.id)
            for case_id in (case.id, target.id):
                await case_store.touch(conn, case_id)
                await self._event(
                    conn, case_id, EventKind.MOVED, principal, **{"message": str(message_id), "from": number, "to": to}
                )

        await self._on(principal, number, work)

    async def _question(self, conn: AsyncConnection, case: Any, message_id: int) -> Any:
        row = (
            await conn.execute(
                select(t.message).where(t.message.c.id == message_id, t.message.c.case_id == case.id, *_QUESTIONS)
            )
        ).one_or_none()
        if row is None:
            raise NotFound("there is no message of the citizen's of that id in this case")
        count = select(func.count()).where(t.message.c.case_id == case.id, *_QUESTIONS)
        if (await conn.execute(count)).scalar_one() < 2:
            raise Conflict("it is the case's only message: transfer the case instead")
        return row

    async def _rehome(self, conn: AsyncConnection, message_id: int, case_id: int) -> None:
        # Its newer versions go with it.
        moved = or_(t.message.c.id == message_id, t.message.c.version_of == message_id)
        await conn.execute(update(t.message).where(moved).values(case_id=case_id))
