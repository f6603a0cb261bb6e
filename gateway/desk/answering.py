"""Taking cases and answering them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import mentions, words
from gateway.desk.acts import LINE, Acts, given_reason
from gateway.errors import Conflict, Invalid
from gateway.ledger import ANSWER, Ledger
from gateway.principal import Principal, Right
from gateway.store import absences, colleagues, drafts, duplicates, notices, outbox, queue, undoing
from gateway.store import cases as case_store
from gateway.store import schema as t
from gateway.store.notices import Notice
from routing.case import CaseState, EventKind, may_move

# PostgreSQL skips a case that somebody else is just taking: while others wait, the press is repeated this often.
_PRESSES = 5
# No time to undo.
_AT_ONCE = timedelta()


class Answering(Acts):
    """Take, answer, note, send again."""

    async def take_next(self, principal: Principal, *, agency: str | None = None) -> str | None:
        """Take the oldest-due case of the agency that nobody has; its number, or None when nothing waits."""
        principal.need(Right.WORK_CASES)
        wanted = principal.agency or agency
        if wanted is None:
            raise Invalid("agency", "name the agency whose next case is to be taken")

        async def work(conn: AsyncConnection) -> tuple[str | None, bool]:
            if await absences.is_away(conn, principal.id, now=self._clock()):
                raise Conflict("you are noted as away, so nothing is given to you; say first that you are back")
            row = await queue.take_next(conn, agency=wanted, staff_id=principal.id)
            if row is None:
                return None, await queue.any_waits(conn, agency=wanted)
            await self._event(conn, row.id, EventKind.TAKEN, principal, staff=str(principal.id), how="next")
            await self._keep(conn, row.id)
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
            over = case.assignee_id is not None
            if over and not reason:
                raise Conflict("somebody else has this case; to take it over, give a reason")
            if not CaseState(case.state).is_open:
                raise Conflict(f"the case is {case.state}; reopen it first")
            await case_store.touch(conn, case.id, assignee_id=principal.id)
            await self._event(
                conn, case.id, EventKind.TAKEN, principal, staff=str(principal.id),
                **({"reason": given_reason(reason), "from": str(case.assignee_id)} if over and reason else {}),
            )  # fmt: skip

        await self._on(principal, number, work)

    async def release(self, principal: Principal, number: str) -> None:
        """Give a case back to the agency's queue."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            self._must_hold(principal, case)
            await case_store.touch(conn, case.id, assignee_id=None)
            await self._event(conn, case.id, EventKind.UNASSIGNED, principal, staff=str(case.assignee_id or ""))

        await self._on(principal, number, work)

    async def reply(
        self, principal: Principal, number: str, text: str, *, then: str = "answered", undo_for: timedelta = _AT_ONCE
    ) -> list[int]:
        """Answer the citizen on their own channel; the ids of the messages come back.

        `then` is the state the case goes to: `answered` (the final answer), `waiting` (a question back to the
        citizen, which stops no clock: `ask_completion` does), `open` (more will follow) or `closed`. Conflict
        when the case is somebody else's, or its sender cannot be answered. A text longer than the channel carries goes
        out in numbered parts. For `undo_for` it waits in the outbox, and `undo` takes it back. What answers a case
        answers its duplicates as well, each on its own channel.
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
            if case.reply_urn is None and case.transcribed_by is None:
                raise Conflict("the sender of this case cannot be answered (an alphanumeric sender); close it instead")
            others = await duplicates.open_of(conn, case.id) if then in ("answered", "closed") else []
            ids = await self._answer(conn, case, principal, said, then, undo_for, also=[str(o.id) for o in others])
            for other in others:
                await self._answer(conn, other, principal, said, then, undo_for)
            await self._keep(conn, *(other.id for other in others))
            await self._settle_draft(conn, case, principal, said, undo_for)
            return ids

        ids = await self._on(principal, number, work)
        self._wake_channels(after=undo_for)
        return ids

    async def _settle_draft(
        self, conn: AsyncConnection, case: Any, principal: Principal, said: str, undo_for: timedelta
    ) -> None:
        if undo_for:
            await drafts.given(conn, case.id, principal.id, said, now=self._clock())
        else:
            await drafts.clear(conn, case.id, principal.id, drafts.ANSWER)

    async def _answer(
        self,
        conn: AsyncConnection,
        case: Any,
        principal: Principal,
        said: str,
        then: str,
        undo_for: timedelta,
        *,
        also: Sequence[str] = (),
    ) -> list[int]:
        if case.reply_urn is not None:
            parts = await self._parts(conn, case, said)
            ids = await self._say(
                conn, case, parts, kind="answer", priority=ANSWER, principal=principal, after=undo_for
            )
        else:
            ids = [await self._keep_answer(conn, case, principal, said)] if case.transcribed_by is not None else []
        await self._event(
            conn, case.id, EventKind.REPLIED, principal,
            messages=[str(i) for i in ids], final=then in ("answered", "closed"), before=undoing.state_of(case),
            also=list(also),
        )  # fmt: skip
        await self._after_reply(conn, case, principal, said, then)
        if then == "closed":
            await self._event(conn, case.id, EventKind.CLOSED, principal, outcome="answered", reason="")
        return ids

    async def _keep_answer(self, conn: AsyncConnection, case: Any, principal: Principal, said: str) -> int:
        """The answer to whoever asked at the counter and comes for it: written down, and sent nowhere."""
        ledger = Ledger(self._clock())
        kept = ledger.note(
            case_id=case.id, contact_id=case.contact_id, channel=case.channel, text=said, staff_id=principal.id
        )
        ledger.messages[-1] |= {"direction": "out", "kind": "answer", "status": "to_collect"}
        await ledger.write(conn)
        return kept

    async def undo(self, principal: Principal, number: str) -> None:
        """Take back the answer just given, as long as none of it has been sent; its text is a draft again."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            said = await undoing.take_back(conn, case.id, actor=principal.actor)
            if said is None:
                raise Conflict("there is no answer of yours that has not left yet: it cannot be taken back")
            await self._event(conn, case.id, EventKind.REPLY_UNDONE, principal, messages=said["messages"])
            await drafts.taken_back(conn, case.id, principal.id, now=self._clock())
            for other in map(int, said["also"]):
                # What has left to a duplicate's citizen has answered it, whatever becomes of the others.
                echoed = await undoing.take_back(conn, other, actor=principal.actor, with_another=True)
                if echoed is not None:
                    await self._event(conn, other, EventKind.REPLY_UNDONE, principal, messages=echoed["messages"])
                    await self._keep(conn, other)

        await self._on(principal, number, work)

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
            asked_at=None if ends else case.asked_at,
            answered_at=case.answered_at or (now if ends else None),
            ended_at=now if ends else None,
            outcome="answered" if then == "closed" else case.outcome,
            duplicate_of=None if ends else case.duplicate_of,
            last_line=said[:LINE],
            last_by=principal.actor,
        )

    async def _parts(self, conn: AsyncConnection, case: Any, said: str) -> list[str]:
        """The answer as the channel carries it; with its case number, when the person follows several cases."""
        catalog = self._current().catalog
        limits = self._capable(case.reply_channel)
        if limits.segments and await self._follows_several(conn, case):
            agency = words.short_name(catalog, case.agency)
            prefix = catalog.say("answer_prefix", case.language, of=case.agency, number=case.number, agency=agency)
            said = f"{prefix.rstrip()} {said}"
        return pieces(said, limits.max_length)

    async def _follows_several(self, conn: AsyncConnection, case: Any) -> bool:
        since = self._clock() - timedelta(days=30)
        query = select(func.count()).where(
            t.cases.c.contact_id == case.contact_id, t.cases.c.id != case.id, t.cases.c.active_at > since
        )
        return int((await conn.execute(query)).scalar_one()) > 0

    async def note(self, principal: Principal, number: str, text: str) -> int:
        """An internal note: never sent. Whom it names, as `@login`, is told; Invalid unless they may read the case."""
        said = text.strip()
        if not said:
            raise Invalid("text", "a note needs words")

        async def work(conn: AsyncConnection, case: Any) -> int:
            mentioned = await self._mentioned(conn, case, said)
            ledger = Ledger(self._clock())
            row = ledger.note(
                case_id=case.id, contact_id=case.contact_id, channel=case.channel, text=said, staff_id=principal.id
            )
            await ledger.write(conn)
            await case_store.touch(conn, case.id)
            data = {"mentions": [str(staff_id) for staff_id in mentioned]} if mentioned else {}
            await self._event(conn, case.id, EventKind.NOTED, principal, message=str(row), **data)
            await self._tell_colleagues(conn, case, principal, mentioned)
            await drafts.clear(conn, case.id, principal.id, drafts.NOTE)
            return row

        return await self._on(principal, number, work)

    async def _mentioned(self, conn: AsyncConnection, case: Any, said: str) -> list[int]:
        named = mentions.logins(said)
        found = await colleagues.called(conn, case, named) if named else {}
        for login in named:
            if login not in found:
                raise Invalid("text", f"nobody with the login {login} may read this case")
        return [found[login] for login in named]

    async def _tell_colleagues(
        self, conn: AsyncConnection, case: Any, principal: Principal, mentioned: Sequence[int]
    ) -> None:
        data = {"event": EventKind.NOTED.value, "by": principal.name}
        told = [staff_id for staff_id in mentioned if staff_id != principal.id]
        await notices.write(
            conn, [Notice(staff_id=to, case_id=case.id, kind="mention", at=self._clock(), data=data) for to in told]
        )

    async def send_again(self, principal: Principal, number: str, message_id: int) -> None:
        """Send a message that failed, or whose end is unknown, once more: a person's decision."""

        async def work(conn: AsyncConnection, case: Any) -> None:
            found = await conn.execute(
                select(t.message.c.id).where(t.message.c.id == message_id, t.message.c.case_id == case.id)
            )
            if found.one_or_none() is None or not await outbox.again(conn, message_id, now=self._clock()):
                raise Conflict("there is no failed message of that id in this case")

        await self._on(principal, number, work)
        self._wake_channels()


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
