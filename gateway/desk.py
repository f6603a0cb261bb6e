"""What a person does with a case: take, reply, note, transfer, close, reopen, split and move.

Every act is one transaction: the case, its event and, where something is said, the outbox row. Every act asks for the
case with its principal, so that a case of another agency does not exist.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Capabilities
from gateway import words
from gateway.clock import new_id
from gateway.deployment import Current
from gateway.errors import Conflict, Invalid, NotFound
from gateway.ledger import ANSWER, NOTICE, Ledger
from gateway.principal import Principal, Right
from gateway.store import cases as case_store
from gateway.store import outbox, queue, staff
from gateway.store import schema as t
from gateway.store.engine import Store
from routing import case_number
from routing.case import CaseState, EventKind, may_move
from routing.terms import due

T = TypeVar("T")

# What a case may be closed as.
OUTCOMES = ("answered", "not_needed", "duplicate", "withdrawn", "not_competent", "spam")
# A reason is read by citizens and auditors: in characters.
_REASON = (3, 300)
_LINE = 120
# PostgreSQL skips a case that somebody else is just taking: while others wait, the press is repeated this often.
_PRESSES = 5
# What a citizen said; an edit is a version of it.
_QUESTIONS = (t.message.c.direction == "in", t.message.c.version_of.is_(None))


class Desk:
    """The acts of response managers. `wake` is told the channels on which something is to be sent."""

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

    async def take_next(self, principal: Principal, *, agency: str | None = None) -> str | None:
        """Take the oldest-due case of the agency that nobody has; its number, or None when nothing waits."""
        principal.need(Right.WORK_CASES)
        wanted = principal.agency or agency
        if wanted is None:
            raise Invalid("agency", "name the agency whose next case is to be taken")

        async def work(conn: AsyncConnection) -> tuple[str | None, bool]:
            row = await queue.take_next(conn, agency=wanted, staff_id=principal.id)
            if row is None:
                return None, await queue.any_waits(conn, agency=wanted)
            await self._event(conn, row.id, EventKind.TAKEN, principal, staff=str(principal.id), how="next")
            return str(row.number), False

        number = None
        for _ in range(_PRESSES):
            number, more = await self._store.transact(work)
            if not more:
                break
        return number

    async def take(self, principal: Principal, number: str, *, reason: str | None = None) -> None:
        """Take a case. Conflict when somebody else has it, unless a reason to take it over is given."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.assignee_id == principal.id:
                return
            if case.assignee_id is not None and not reason:
                raise Conflict("somebody else has this case; to take it over, give a reason")
            if not CaseState(case.state).is_open:
                raise Conflict(f"the case is {case.state}; reopen it first")
            await case_store.touch(conn, case.id, assignee_id=principal.id)
            await self._event(
                conn, case.id, EventKind.TAKEN, principal, staff=str(principal.id),
                **({"reason": _reason(reason), "from": str(case.assignee_id)} if reason and case.assignee_id else {}),
            )  # fmt: skip

        await self._on(principal, number, work)

    async def release(self, principal: Principal, number: str) -> None:
        """Give a case back to the agency's queue."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            self._must_hold(principal, case)
            await case_store.touch(conn, case.id, assignee_id=None)
            await self._event(conn, case.id, EventKind.UNASSIGNED, principal, staff=str(case.assignee_id or ""))

        await self._on(principal, number, work)

    async def reply(self, principal: Principal, number: str, text: str, *, then: str = "answered") -> list[int]:
        """Answer the citizen on their own channel; the ids of the messages come back.

        `then` is the state the case goes to: `answered` (the final answer), `waiting` (a question back to the
        citizen), `open` (more will follow) or `closed`. Conflict when the case is somebody else's, or its sender
        cannot be answered. A text longer than the channel carries goes out in numbered parts.
        """
        said = text.strip()
        if not said:
            raise Invalid("text", "an answer needs words")
        if then not in ("answered", "waiting", "open", "closed"):
            raise Invalid("then", "then must be answered, waiting, open or closed")

        async def work(conn: AsyncConnection, case: Any) -> list[int]:
            self._must_hold(principal, case)
            if not may_move(CaseState(case.state), CaseState(then)):
                raise Conflict(f"the case is {case.state}; reopen it first")
            if case.reply_urn is None:
                raise Conflict("the sender of this case cannot be answered (an alphanumeric sender); close it instead")
            parts = await self._parts(conn, case, said)
            ids = await self._say(conn, case, parts, kind="answer", priority=ANSWER, principal=principal)
            await self._after_reply(conn, case, principal, said, then)
            await self._event(
                conn, case.id, EventKind.REPLIED, principal, messages=[str(i) for i in ids], final=then != "open"
            )
            if then == "closed":
                await self._event(conn, case.id, EventKind.CLOSED, principal, outcome="answered", reason="")
            return ids

        ids = await self._on(principal, number, work)
        self._wake(self._current().catalog.gateway.channels)
        return ids

    async def _after_reply(self, conn: AsyncConnection, case: Any, principal: Principal, said: str, then: str) -> None:
        now = self._clock()
        ends = then in ("answered", "closed")
        await case_store.touch(
            conn,
            case.id,
            state=then,
            assignee_id=case.assignee_id or principal.id,
            active_at=now,
            waiting_since=None if then != "open" else case.waiting_since,
            answered_at=case.answered_at or (now if ends else None),
            ended_at=now if ends else None,
            outcome="answered" if then == "closed" else case.outcome,
            last_line=said[:_LINE],
            last_by=principal.actor,
        )

    async def _parts(self, conn: AsyncConnection, case: Any, said: str) -> list[str]:
        """The answer as the channel carries it; with its case number, when the person follows several cases."""
        catalog = self._current().catalog
        limits = self._capable(case.reply_channel)
        if limits.segments and await self._follows_several(conn, case):
            agency = words.short_name(catalog, case.agency)
            said = catalog.say("answer_prefix", case.language, number=case.number, agency=agency) + said
        return pieces(said, limits.max_length)

    async def _follows_several(self, conn: AsyncConnection, case: Any) -> bool:
        since = self._clock() - timedelta(days=30)
        query = select(func.count()).where(
            t.cases.c.contact_id == case.contact_id, t.cases.c.id != case.id, t.cases.c.active_at > since
        )
        return int((await conn.execute(query)).scalar_one()) > 0

    async def note(self, principal: Principal, number: str, text: str) -> int:
        """An internal note: never sent."""
        said = text.strip()
        if not said:
            raise Invalid("text", "a note needs words")

        async def work(conn: AsyncConnection, case: Any) -> int:
            ledger = Ledger(self._clock())
            row = ledger.note(
                case_id=case.id, contact_id=case.contact_id, channel=case.channel, text=said, staff_id=principal.id
            )
            await ledger.write(conn)
            await case_store.touch(conn, case.id)
            await self._event(conn, case.id, EventKind.NOTED, principal, message=str(row))
            return row

        return await self._on(principal, number, work)

    async def transfer(self, principal: Principal, number: str, *, agency: str, reason: str) -> None:
        """Hand the case to another agency, with a reason the citizen is told."""
        why = _reason(reason)
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
            clock = due(catalog, agency=agency, term_class=case.term_class, received_at=now)
            await case_store.touch(
                conn, case.id, agency=agency, topic=None, assignee_id=None, state=CaseState.OPEN, due_at=clock.due_at,
                waiting_since=case.waiting_since or now,
            )  # fmt: skip
            await self._event(
                conn, case.id, EventKind.TRANSFERRED, principal, **{"from": case.agency, "to": agency, "reason": why}
            )
            short = words.short_name(catalog, agency)
            text = catalog.say("transferred", case.language, number=number, agency=short, reason=why)
            await self._tell(conn, case, text)

        await self._on(principal, number, work)
        self._wake(self._current().catalog.gateway.channels)

    async def close(self, principal: Principal, number: str, *, outcome: str, reason: str = "") -> None:
        """End a case. Without an answer it needs a reason, and the citizen is told."""
        if outcome not in OUTCOMES:
            raise Invalid("outcome", f"outcome must be one of {', '.join(OUTCOMES)}")

        async def work(conn: AsyncConnection, case: Any) -> None:
            if case.state == CaseState.CLOSED:
                raise Conflict("the case is already closed")
            # What was answered before the case was opened again answers nothing now.
            answered = case.state == CaseState.ANSWERED
            why = reason.strip() if answered else _reason(reason)
            now = self._clock()
            await case_store.touch(
                conn, case.id, state=CaseState.CLOSED, outcome=outcome, ended_at=now, waiting_since=None
            )
            await self._event(conn, case.id, EventKind.CLOSED, principal, outcome=outcome, reason=why)
            if not answered and outcome != "spam":
                await self._tell(conn, case, self._current().catalog.say("closed", case.language, number=number))

        await self._on(principal, number, work)
        self._wake(self._current().catalog.gateway.channels)

    async def reopen(self, principal: Principal, number: str, *, reason: str) -> None:
        """Open an answered or closed case again."""
        why = _reason(reason)

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
            now = self._clock()
            catalog = self._current().catalog
            year = int(words.day(now, catalog)[-4:])
            new_number = case_number.format_number(year, await case_store.take_numbers(conn, year, 1))
            row = {c.name: getattr(case, c.name) for c in t.cases.c} | {
                "id": new_id(), "number": new_number, "state": CaseState.OPEN, "received_at": message.at,
                "active_at": now, "waiting_since": message.at, "answered_at": None, "ended_at": None, "outcome": None,
                "predecessor_id": case.id, "last_line": message.text[:_LINE], "last_by": "citizen", "version": 1,
                "assignee_id": None, "failed_delivery": False,
                "due_at": due(catalog, agency=case.agency, term_class=case.term_class, received_at=message.at).due_at,
            }  # fmt: skip
            await conn.execute(t.cases.insert().values(**row))
            await self._rehome(conn, message_id, row["id"])
            await self._event(conn, case.id, EventKind.SPLIT, principal, message=str(message_id), to=new_number)
            await self._event(conn, row["id"], EventKind.LINKED, principal, predecessor=number)
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

    async def send_again(self, principal: Principal, number: str, message_id: int) -> None:
        """Send a message that failed, or whose end is unknown, once more: a person's decision."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            found = await conn.execute(
                select(t.message.c.id).where(t.message.c.id == message_id, t.message.c.case_id == case.id)
            )
            if found.one_or_none() is None or not await outbox.again(conn, message_id, now=self._clock()):
                raise Conflict("there is no failed message of that id in this case")

        await self._on(principal, number, work)
        self._wake(self._current().catalog.gateway.channels)

    async def _on(self, principal: Principal, number: str, work: Callable[[AsyncConnection, Any], Awaitable[T]]) -> T:
        principal.need(Right.WORK_CASES)

        async def unit(conn: AsyncConnection) -> T:
            return await work(conn, await queue.find(conn, principal, number, lock=True))

        return await self._store.transact(unit)

    def _must_hold(self, principal: Principal, case: Any) -> None:
        if case.assignee_id not in (None, principal.id) and principal.agency is not None:
            raise Conflict("somebody else has this case; take it over first")

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
        await ledger.write(conn)
        return ids


def pieces(text: str, limit: int) -> list[str]:
    """A text in parts of at most `limit` characters, cut at a line, sentence or word, and numbered when several."""
    if len(text) <= limit:
        return [text]
    room = limit - len(" (99/99)")
    parts: list[str] = []
    rest = text
    while rest:
        cut = _cut(rest, room)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [f"{part} ({place}/{len(parts)})" for place, part in enumerate(parts, 1)]


def _cut(text: str, room: int) -> int:
    if len(text) <= room:
        return len(text)
    window = text[: room + 1]
    for mark in ("\n", ". ", " "):
        found = window.rfind(mark)
        # A cut in the first half would leave a stub: rather the next finer mark.
        if found > room // 2:
            return found + len(mark)
    return room


def _reason(text: str | None) -> str:
    said = (text or "").strip()
    if not _REASON[0] <= len(said) <= _REASON[1]:
        raise Invalid("reason", f"a reason of {_REASON[0]} to {_REASON[1]} characters is needed")
    return said
