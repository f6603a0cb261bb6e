"""What becomes of a question: the life of a case, from its receipt to whatever its end is.

A life is drawn from the seed and its own place, so that one more or less changes no other's lot. It acts only when the
case allows what it wants; what the timekeeper and other messages did meanwhile is the gateway's own affair.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from gateway.demo.cast import in_time
from gateway.demo.past import Life
from gateway.demo.telling import Telling
from gateway.errors import Conflict
from routing.case import CaseState
from routing.terms import counted

_DAY: Final = timedelta(days=1)


class CaseLife(Telling):
    """Its chapters, from receipt to the end."""

    async def live(self) -> Life:
        """From receipt to the end."""
        self._world.alive.add(self._number)
        for chapter in (self._move, self._begin, self._middle, self._answer, self._afterwards):
            try:
                async for instant in chapter():
                    yield instant
            except Conflict:
                # The desk forbids it by now: it was too late, or somebody was there before. The next chapter goes on.
                pass
            if not await self._office.is_open(self._number) and chapter not in (self._answer, self._afterwards):
                break
        self._world.alive.discard(self._number)

    async def _move(self) -> Life:
        """To the agency that can answer it, by those it reached."""
        for agency in (*self._plot.detours, self._entry.agency):
            case = await self._office.case(self._number)
            if case.agency == agency:
                continue
            late = self._rng.random() < 0.06
            yield self._after(case, self._rng.uniform(20, 900) + (3200 if late else 0))
            case = await self._office.case(self._number)
            if not CaseState(case.state).is_open or case.agency == agency:
                return
            reason = self._phrase("transfer")
            await self._desk.transfer(self._someone(case), self._number, agency=agency, reason=reason)

    async def _begin(self) -> Life:
        """Somebody takes it, reads it, perhaps notes something."""
        case = await self._office.case(self._number)
        if self._plot.ending == "unheard":
            return
        yield self._taken_at(case)
        case = await self._office.case(self._number)
        if not CaseState(case.state).is_open:
            return
        if case.assignee_id is None:
            await self._desk.take(self._someone(case), self._number)
        if self._plot.classified and case.term_class == "general":
            term_class = self._rng.choice(("complaint", "consultation", "documents"))
            await self._desk.classify(
                self._someone(case), self._number, term_class=term_class, reason=self._phrase("classify")
            )
        if self._plot.noted:
            yield self._after(case, self._rng.uniform(10, 200))
            case = await self._office.case(self._number)
            await self._desk.note(self._someone(case), self._number, self._phrase("notes"))

    def _taken_at(self, case: Any) -> datetime:
        """Soon, or when it will be answered soon after: what is taken and not touched is offered to others again."""
        if self._in_hours(case):
            return self._after(case, self._rng.betavariate(1, 3.2) * 120)
        if self._swift:
            return self._after(case, self._rng.betavariate(1, 3.2) * 1300)
        days = int(self._rng.betavariate(1.4, 2.6) * max(1, self._days_left(case)))
        return self._office.days_on(case.agency, self._past.now, days, self._rng)

    async def _middle(self) -> Life:
        """What lies between taking and answering."""
        steps = {
            "more": self._add,
            "asked_back": self._ask_back,
            "completion": self._complete,
            "extended": self._extend,
        }
        for name, step in steps.items():
            if getattr(self._plot, name):
                async for instant in step():
                    yield instant
        if self._plot.repeated:
            async for instant in self._repeat():
                yield instant

    async def _add(self) -> Life:
        yield self._past.now + timedelta(minutes=self._rng.uniform(2, 900))
        await self._say(self._citizens.phrase(self._who, "more", self._facts, self._rng))

    async def _ask_back(self) -> Life:
        case = await self._office.case(self._number)
        yield self._after(case, self._rng.uniform(5, 300))
        case = await self._office.case(self._number)
        if case.state != CaseState.OPEN or case.reply_urn is None:
            return
        await self._desk.reply(self._someone(case), self._number, self._phrase("ask_back"), then="waiting")
        yield self._past.now + timedelta(minutes=self._rng.uniform(8, 2600))
        await self._say(self._citizens.phrase(self._who, "told_back", self._facts, self._rng))

    async def _complete(self) -> Life:
        case = await self._office.case(self._number)
        if self._in_hours(case) or case.reply_urn is None:
            return
        yield self._office.days_on(case.agency, self._past.now, self._rng.randint(0, 4), self._rng)
        case = await self._office.case(self._number)
        if case.state != CaseState.OPEN or case.asked_at is not None:
            return
        await self._desk.ask_completion(self._someone(case), self._number, self._phrase("completion"))
        match self._plot.completion:
            case "completed" | "partly":
                async for instant in self._completed(case):
                    yield instant
            case "resumed":
                yield self._office.days_on(case.agency, self._past.now, self._rng.randint(2, 8), self._rng)
                await self._resume()
            case _:
                async for instant in self._never_completed(case):
                    yield instant

    async def _completed(self, case: Any) -> Life:
        yield self._past.now + _DAY * self._rng.uniform(0.3, 14)
        await self._say(self._citizens.phrase(self._who, "completed", self._facts, self._rng))
        if self._plot.completion == "partly":
            yield self._office.days_on(case.agency, self._past.now, 1, self._rng)
            now = await self._office.case(self._number)
            await self._desk.incomplete(self._someone(now), self._number, self._phrase("incomplete"))
            yield self._past.now + _DAY * self._rng.uniform(0.2, 4)
            await self._say(self._citizens.phrase(self._who, "completed", self._facts, self._rng))

    async def _resume(self) -> None:
        case = await self._office.case(self._number)
        if case.asked_at is not None:
            await self._desk.resume(self._someone(case), self._number, reason=self._phrase("resume"))

    async def _never_completed(self, case: Any) -> Life:
        if self._rng.random() < 0.3:
            yield self._office.days_on(case.agency, self._past.now, 15, self._rng)
            now = await self._office.case(self._number)
            if now.suspended_at is not None:
                await self._desk.prolong_completion(self._someone(now), self._number, reason=self._phrase("prolong"))
            yield self._past.now + 32 * _DAY
        yield self._office.days_on(case.agency, self._past.now + 33 * _DAY, self._rng.randint(0, 5), self._rng)
        now = await self._office.case(self._number)
        if now.asked_at is not None:
            await self._close("withdrawn", self._corpus.said("es", "withdrawn")[0])

    async def _extend(self) -> Life:
        case = await self._office.case(self._number)
        if self._in_hours(case):
            return
        days = self._days_left(case)
        yield self._office.days_on(case.agency, self._past.now, max(0, days - self._rng.randint(1, 4)), self._rng)
        case = await self._office.case(self._number)
        if case.state != CaseState.OPEN:
            return
        workdays = counted(self._past.deployment.catalog, case.agency).workdays
        until = workdays.add(case.due_at.astimezone(workdays.zone).date(), self._rng.randint(4, 9))
        await self._desk.extend(self._someone(case), self._number, until=until, reason=self._phrase("extend"))

    async def _repeat(self) -> Life:
        """The same again by another way: one case comes to stand for both."""
        other = self._rng.choice([way for way in ("sms", "telegram", "web") if way != self._way])
        yield self._past.now + timedelta(hours=self._rng.uniform(3, 40))
        text = self._phrase("again") + self._entry.question.format(**self._facts)
        again, _ = await self._citizens.say(self._who, other, text)
        if again.number in (None, self._number):
            return
        case = await self._office.case(self._number)
        if again.agency != case.agency:
            self._stray(again.number)
            return
        yield self._after(case, self._rng.uniform(10, 200))
        if await self._office.is_open(self._number) and await self._office.is_open(str(again.number)):
            case = await self._office.case(self._number)
            reason = self._phrase("merge")
            await self._desk.merge(self._someone(case), str(again.number), into=self._number, reason=reason)

    async def _answer(self) -> Life:
        """The answer, in time or not, or none; and what citizens write who wait for it."""
        if not await self._office.is_open(self._number):
            return
        case = await self._office.case(self._number)
        at = self._answer_at(case)
        waits = at is None or at - self._past.now > 8 * _DAY
        if waits and self._rng.random() < 0.35:
            yield self._past.now + _DAY * self._rng.uniform(6, 9)
            await self._say(self._citizens.phrase(self._who, "impatient", self._facts, self._rng))
        if at is None:
            return
        yield max(at, self._past.now)
        await self._end()

    def _answer_at(self, case: Any) -> datetime | None:
        """When it is answered; None: never, so far."""
        if self._plot.ending in ("never", "unheard"):
            return None
        prompt = self._rng.random() < in_time(case.agency)
        if self._in_hours(case):
            term = case.due_at - case.received_at
            share = self._rng.betavariate(1.5, 2.6) if prompt else self._rng.uniform(1.05, 3)
            return case.received_at + share * term  # type: ignore[no-any-return]
        left = self._days_left(case)
        if prompt and self._swift:
            days = int(self._rng.betavariate(1.5, 2.4) * max(0, left))
        elif prompt:
            days = min(left, self._rng.randint(0, 2))
        else:
            days = max(0, left) + 1 + int(self._rng.expovariate(0.22))
        return self._office.days_on(case.agency, self._past.now, days, self._rng)

    async def _end(self) -> None:
        """Answer it, or close it without an answer."""
        case = await self._office.case(self._number)
        if not CaseState(case.state).is_open or case.duplicate_of is not None:
            return
        if self._plot.ending in ("withdrawn", "spam", "not_competent"):
            await self._close(self._plot.ending, self._rng.choice(self._corpus.said("es", self._plot.ending)))
        elif case.reply_urn is not None:
            await self._reply(self._rng.choice(self._entry.answers).format(**self._facts))

    async def _reply(self, text: str) -> None:
        case = await self._office.case(self._number)
        then = "closed" if self._rng.random() < 0.3 else "answered"
        await self._desk.reply(self._someone(case), self._number, text, then=then)

    async def _close(self, outcome: str, reason: str) -> None:
        case = await self._office.case(self._number)
        if case.state != CaseState.CLOSED:
            await self._desk.close(self._someone(case), self._number, outcome=outcome, reason=reason)

    async def _afterwards(self) -> Life:
        """Thanks, a failed delivery sent once more, a reopening, the end."""
        if await self._office.is_open(self._number):
            return
        yield self._past.now + timedelta(minutes=self._rng.uniform(3, 1200))
        case = await self._office.case(self._number)
        if case.failed_delivery and self._rng.random() < 0.5:
            await self._send_again(case)
        if self._plot.thankful:
            await self._say(self._citizens.phrase(self._who, "thanks", self._facts, self._rng), ended=True)
        if self._plot.reopened and case.outcome in (None, "answered"):
            async for instant in self._reopen():
                yield instant
        yield self._office.days_on(case.agency, self._past.now, self._rng.randint(2, 8), self._rng)
        if (await self._office.case(self._number)).state == CaseState.ANSWERED and self._rng.random() < 0.6:
            await self._close("answered", "")

    async def _send_again(self, case: Any) -> None:
        for message_id in (await self._office.lost_answers(case))[:1]:
            await self._desk.send_again(self._someone(case), self._number, message_id)

    async def _reopen(self) -> Life:
        yield self._past.now + _DAY * self._rng.uniform(0.2, 5)
        await self._say(self._citizens.phrase(self._who, "reopened", self._facts, self._rng), ended=True)
        case = await self._office.case(self._number)
        if not CaseState(case.state).is_open:
            return
        left = max(1, self._days_left(case))
        yield self._office.days_on(case.agency, self._past.now, self._rng.randrange(left), self._rng)
        if await self._office.is_open(self._number):
            await self._reply(self._rng.choice(self._entry.answers).format(**self._facts))
