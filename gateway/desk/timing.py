"""What moves a case's clocks: its class, what the citizen is asked to complete, more time.

The rules are those of Ley 1437/2011, as replaced by Ley 1755/2015: completion in art. 17, extension in art. 14. What
they forbid is refused here, in the words of the rule; `routing.clocks` then counts whatever the log holds.
"""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk.acts import LINE, Acts, given_reason
from gateway.desk.answering import pieces
from gateway.errors import Conflict, Invalid
from gateway.ledger import ANSWER
from gateway.principal import Principal
from gateway.store import cases as case_store
from gateway.store import clocks as clock_store
from gateway.timekeeping import clocks
from routing.case import CaseState, EventKind
from routing.clock import Clock, answer_by
from routing.clocks import Clocks
from routing.clocks import clocks as derive
from routing.terms import counted


class Timing(Acts):
    """Classify, ask to complete, extend."""

    async def classify(self, principal: Principal, number: str, *, term_class: str, reason: str) -> None:
        """Say that a case is another kind of petition: its term is another one, from the same day on."""
        why = given_reason(reason)
        known = self._current().catalog.terms
        if term_class not in known:
            raise Invalid("class", f"there is no class {term_class}; there are: {', '.join(sorted(known))}")

        async def work(conn: AsyncConnection, case: Any) -> None:
            _must_be_open(case)
            if case.term_class == term_class:
                raise Conflict(f"the case is of the class {term_class} already")
            await case_store.touch(conn, case.id, term_class=term_class)
            await self._event(
                conn, case.id, EventKind.CLASSIFIED, principal,
                **{"class": term_class, "from": case.term_class, "reason": why},
            )  # fmt: skip

        await self._on(principal, number, work)

    async def ask_completion(self, principal: Principal, number: str, text: str) -> list[int]:
        """Ask the citizen for what is missing. The clock stops when they are notified, not before (art. 17).

        Conflict when it is asked too late, twice at once, or of somebody who cannot be reached.
        """
        said = text.strip()
        if not said:
            raise Invalid("text", "say what is missing")
        catalog = self._current().catalog

        async def work(conn: AsyncConnection, case: Any) -> list[int]:
            self._must_hold(principal, case)
            _must_be_open(case)
            present = (await self._clocks(conn, case)).present
            if case.asked_at is not None or present.suspended_at is not None:
                raise Conflict("the citizen has been asked already: no second request while one is open (art. 17)")
            days = catalog.timekeeping.completion_days
            last = present.count.workdays.add(present.effective, days)
            if self._clock().astimezone(present.count.zone).date() > last:
                raise Conflict(f"completion is asked within {days} business days of receipt, until {last} (art. 17)")
            ids = await self._ask(conn, case, principal, said)
            await self._event(
                conn, case.id, EventKind.COMPLETION_REQUESTED, principal, messages=[str(each) for each in ids]
            )
            return ids

        ids = await self._on(principal, number, work)
        self._wake_channels()
        return ids

    async def incomplete(self, principal: Principal, number: str, text: str) -> list[int]:
        """What the citizen sent is only a part: say what is still missing. The clock has not moved (art. 17)."""
        said = text.strip()
        if not said:
            raise Invalid("text", "say what is still missing")

        async def work(conn: AsyncConnection, case: Any) -> list[int]:
            self._must_hold(principal, case)
            _must_be_open(case)
            if (await self._clocks(conn, case)).completed_at is None:
                raise Conflict("the citizen has not answered a request to complete")
            ids = await self._ask(conn, case, principal, said)
            await self._event(conn, case.id, EventKind.INCOMPLETE, principal, messages=[str(each) for each in ids])
            return ids

        ids = await self._on(principal, number, work)
        self._wake_channels()
        return ids

    async def prolong_completion(self, principal: Principal, number: str, *, reason: str) -> None:
        """Give the citizen a second month, when they asked for it before the first was over (art. 17)."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            present = (await self._clocks(conn, case)).present
            if present.suspended_at is None:
                raise Conflict("the citizen owes no answer: the clock runs")
            pause = present.pauses[-1]
            if pause.prolonged:
                raise Conflict("the citizen's month was prolonged already: the law allows it once (art. 17)")
            if self._clock().astimezone(present.count.zone).date() > pause.until:
                raise Conflict(
                    f"the month was over on {pause.until.isoformat()}: it is prolonged before that (art. 17)"
                )
            await case_store.touch(conn, case.id)
            await self._event(conn, case.id, EventKind.COMPLETION_PROLONGED, principal, reason=why)

        await self._on(principal, number, work)

    async def resume(self, principal: Principal, number: str, *, reason: str) -> None:
        """Let the clock go on without the citizen's answer: what was asked for is not needed, or came another way."""
        why = given_reason(reason)

        async def work(conn: AsyncConnection, case: Any) -> None:
            present = (await self._clocks(conn, case)).present
            if case.asked_at is None and present.suspended_at is None:
                raise Conflict("the clock is not stopped")
            now = self._clock()
            await case_store.touch(
                conn, case.id, state=CaseState.OPEN, asked_at=None, waiting_since=case.waiting_since or now
            )
            await self._event(conn, case.id, EventKind.RESUMED, principal, reason=why)

        await self._on(principal, number, work)
        self._wake_channels()

    async def extend(self, principal: Principal, number: str, *, until: date, reason: str) -> None:
        """More time, once, before the deadline, told to the citizen with its reason and its new date (art. 14)."""
        why = given_reason(reason)
        catalog = self._current().catalog

        async def work(conn: AsyncConnection, case: Any) -> None:
            self._must_hold(principal, case)
            _must_be_open(case)
            present = (await self._clocks(conn, case)).present
            n = self._extended(present, until)
            await case_store.touch(conn, case.id)
            await self._event(
                conn, case.id, EventKind.EXTENDED, principal,
                n=n, unit=present.term.unit.value, until=until.isoformat(), due=clocks.iso(present.due_at), reason=why,
            )  # fmt: skip
            day = f"{until:%d/%m/%Y}"
            text = catalog.say("extended", case.language, of=case.agency, number=number, due=day, reason=why)
            await self._tell(conn, case, text)

        await self._on(principal, number, work)
        self._wake_channels()

    def _extended(self, present: Clock, until: date) -> int:
        """The whole term that ends on `until`. Conflict with the rule that forbids it."""
        cap = present.term.cap
        if cap is None:
            raise Conflict(f"the law gives the class {present.term_class} no extension ({present.term.source})")
        if present.extensions:
            raise Conflict("the term was extended already: the law allows it once (art. 14)")
        if present.suspended_at is not None:
            raise Conflict("the clock is stopped: it can be extended when it runs again")
        if self._clock() > present.due_at:
            raise Conflict("the term is over: it can only be extended before (art. 14)")
        last = present.due_at.astimezone(present.count.zone).date()
        if until <= last:
            raise Invalid("until", f"the new date must be after the present one, {last}")
        unit = present.term.unit
        if present.count.add(last, present.count.between(last, until, unit), unit) != until:
            raise Invalid("until", f"{until} is no business day")
        n = present.n + present.count.between(last, until, unit)
        if n > cap:
            latest = present.count.add(last, cap - present.n, unit)
            raise Conflict(
                f"the class {present.term_class} may take {cap} days in all: until {latest} at the latest"
                f" ({present.term.source})"
            )
        return n

    async def _clocks(self, conn: AsyncConnection, case: Any) -> Clocks:
        [logged] = await clock_store.logs(conn, [case.id])
        return derive(logged.events, self._current().catalog, self._clock())

    async def _ask(self, conn: AsyncConnection, case: Any, principal: Principal, said: str) -> list[int]:
        """Send what is missing. The last part is the one whose delivery stops the clock."""
        if case.reply_urn is None:
            raise Conflict("the sender of this case cannot be reached, so the clock goes on: answer with what there is")
        catalog = self._current().catalog
        count = counted(catalog, case.agency)
        today = self._clock().astimezone(count.zone).date()
        last_day = answer_by(count, today, catalog.timekeeping.completion_months)
        due = f"{last_day:%d/%m/%Y}"
        tail = catalog.say("completion_asked", case.language, of=case.agency, number=case.number, due=due)
        *first, last = pieces(f"{said}\n{tail}", self._capable(case.reply_channel).max_length)
        ids = await self._say(conn, case, first, kind="answer", priority=ANSWER, principal=principal)
        ids += await self._say(conn, case, [last], kind="completion", priority=ANSWER, principal=principal)
        now = self._clock()
        await case_store.touch(
            conn, case.id, state=CaseState.WAITING, asked_at=now, active_at=now, waiting_since=None,
            assignee_id=case.assignee_id or principal.id, last_line=said[:LINE], last_by=principal.actor,
        )  # fmt: skip
        return ids


def _must_be_open(case: Any) -> None:
    if not CaseState(case.state).is_open:
        raise Conflict(f"the case is {case.state}; reopen it first")
