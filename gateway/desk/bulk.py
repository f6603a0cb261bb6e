"""One act on many cases: each case by the desk's own verb, in a transaction and with an event of its own.

A case that refuses is kept with its reason, and the others go on. A form that is sent twice is one act. What an act
changed only in here can be taken back, case by case, where nothing has happened since; a transfer and a closing are
told to citizens, so they are not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk import OUTCOMES, Desk
from gateway.desk.acts import given_reason
from gateway.errors import Conflict, Invalid, NotFound, Refusal
from gateway.principal import Principal, Right
from gateway.store import audit, bulk_acts
from gateway.store.bulk_acts import Begun
from gateway.store.engine import Store
from routing.case import EventKind
from routing.catalog import Catalog

# Of one act: a person can still read through that many refusals, and it takes seconds.
MOST: Final = 1000
# Cases between two notes of how far it is.
_PAGE: Final = 25


class Act(StrEnum):
    """What can be done with many cases at once."""

    ASSIGN = "assign"
    RELEASE = "release"
    TRANSFER = "transfer"
    CLASSIFY = "classify"
    CLOSE = "close"


# The events an act leaves in a case's log, and those that taking it back leaves.
_LEAVES: Final = {
    Act.ASSIGN: (EventKind.ASSIGNED, EventKind.TAKEN),
    Act.RELEASE: (EventKind.UNASSIGNED,),
    Act.TRANSFER: (EventKind.TRANSFERRED,),
    Act.CLASSIFY: (EventKind.CLASSIFIED,),
    Act.CLOSE: (EventKind.CLOSED,),
}
_BACK_LEAVES: Final = {
    Act.ASSIGN: (EventKind.ASSIGNED, EventKind.TAKEN, EventKind.UNASSIGNED),
    Act.RELEASE: (EventKind.ASSIGNED, EventKind.TAKEN),
    Act.CLASSIFY: (EventKind.CLASSIFIED,),
}
# What nobody outside has heard of.
UNDOABLE: Final = frozenset({Act.ASSIGN, Act.RELEASE, Act.CLASSIFY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An act with what it needs: whom to give to, the agency, the class, the outcome; and why."""

    act: Act
    staff: int | None = None
    agency: str = ""
    term_class: str = ""
    outcome: str = ""
    reason: str = ""

    def details(self) -> dict[str, str]:
        """As it is kept."""
        kept = {
            "staff": str(self.staff or ""), "agency": self.agency, "class": self.term_class, "outcome": self.outcome,
            "reason": self.reason,
        }  # fmt: skip
        return {name: value for name, value in kept.items() if value}


def wish_of(act: str, details: Mapping[str, str]) -> Wish:
    """The wish of an act that was kept."""
    return Wish(
        act=Act(act), staff=int(details["staff"]) if details.get("staff") else None, agency=details.get("agency", ""),
        term_class=details.get("class", ""), outcome=details.get("outcome", ""), reason=details.get("reason", ""),
    )  # fmt: skip


def check(wish: Wish, numbers: Sequence[str], catalog: Catalog, principal: Principal) -> None:
    """Invalid for what would be refused for every case alike."""
    if not numbers:
        raise Invalid("case", "tick the cases that are meant")
    if len(numbers) > MOST:
        raise Invalid("case", f"one act takes at most {MOST} cases: narrow the list")
    if wish.act is Act.ASSIGN and wish.staff is None:
        raise Invalid("staff", "choose who is to have the cases")
    if wish.act is Act.TRANSFER and wish.agency not in catalog.agencies:
        raise Invalid("agency", f"there is no agency {wish.agency}")
    if wish.act is Act.CLASSIFY and wish.term_class not in catalog.terms:
        raise Invalid("class", f"there is no class {wish.term_class}")
    if wish.act is Act.CLOSE and wish.outcome not in OUTCOMES:
        raise Invalid("outcome", f"outcome must be one of {', '.join(OUTCOMES)}")
    if wish.reason or wish.act is not Act.RELEASE or principal.may(Right.SUPERVISE):
        given_reason(wish.reason)


class Noting(Protocol):
    """Makes the audit log's entry of an act: its id as the object, and what is said of it."""

    def __call__(self, act_id: int, detail: str) -> audit.Entry: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one case: `refused` says why nothing did. `before` is what it was, as far as it was changed."""

    number: str
    before: Mapping[str, str | None]
    refused: str | None = None

    def kept(self) -> dict[str, Any]:
        """As a document."""
        return {"number": self.number, "before": dict(self.before), "refused": self.refused}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """The acts of one principal on many cases."""

    store: Store
    desk: Desk
    principal: Principal
    clock: Callable[[], datetime]
    noting: Noting

    async def do(self, wish: Wish, numbers: Sequence[str], *, key: str) -> int:
        """Do it; the act's id, by which `find` tells what came of it. A key that was used before does nothing more."""
        begun = Begun(key=key, act=wish.act, details=wish.details(), numbers=list(dict.fromkeys(numbers)))
        return await self._begin(begun)

    async def undo(self, act_id: int, *, key: str, reason: str) -> int:
        """Take an act back, where nothing has happened since; the id of this act. Conflict when it cannot be."""
        row = await self.find(act_id)
        if not is_undoable(row):
            raise Conflict("this act cannot be taken back")
        done = [each["number"] for each in row.results if not each["refused"]]
        details = {**row.details, "reason": reason}
        return await self._begin(Begun(key=key, act=row.act, details=details, numbers=done, undoes=act_id))

    async def go_on(self, act_id: int) -> None:
        """Go through what is left of an act that was interrupted; nothing when somebody does so."""
        noted_at = (await self.find(act_id)).seen_at
        if await self.store.transact(lambda conn: bulk_acts.lease(conn, act_id, now=self.clock())):
            row = await self.find(act_id)
            await self._run(row, done=await self._done_since(row, noted_at))

    async def find(self, act_id: int) -> Any:
        """The act as it stands. NotFound when it is not the principal's own."""
        async with self.store.read() as conn:
            return await bulk_acts.find(conn, self.principal, act_id)

    async def _begin(self, begun: Begun) -> int:
        self.principal.need(Right.WORK_CASES)

        async def work(conn: AsyncConnection) -> tuple[int, bool]:
            act_id, fresh = await bulk_acts.begin(conn, self.principal, begun, now=self.clock())
            if fresh:
                said = f"{'undo ' if begun.undoes else ''}{begun.act}: {len(begun.numbers)} asked{_whom(begun)}"
                await audit.write(conn, [self.noting(act_id, said)])
            return act_id, fresh

        act_id, fresh = await self.store.transact(work)
        if fresh:
            await self._run(await self.find(act_id))
        return act_id

    async def _done_since(self, row: Any, noted_at: datetime) -> dict[str, Result]:
        """What became of the cases of the page in which the act was interrupted, as far as their logs tell."""
        act = Act(row.act)
        kinds = _LEAVES[act] if row.undoes is None else _BACK_LEAVES[act]
        page = list(row.numbers)[len(row.results) :][:_PAGE]
        async with self.store.read() as conn:
            told = await bulk_acts.told_since(conn, self.principal, page, kinds, since=noted_at)
        return {number: Result(number=number, before=_was(act, data)) for number, data in told.items()}

    async def _run(self, row: Any, *, done: Mapping[str, Result] | None = None) -> None:
        """Go through what is left but for what is `done`, a page at a time."""
        known = done or {}
        before = await self._before(row)
        results = [dict(each) for each in row.results]
        left = list(row.numbers)[len(results) :]
        for place in range(0, max(len(left), 1), _PAGE):
            page = left[place : place + _PAGE]
            found = await self._page(row, [number for number in page if number not in known], before)
            results += [(known.get(number) or found[number]).kept() for number in page]
            await self._note(row, results, ended=place + _PAGE >= len(left))

    async def _before(self, row: Any) -> dict[str, Mapping[str, str | None]]:
        """What the cases were before the act that is taken back."""
        if row.undoes is None:
            return {}
        return {each["number"]: each["before"] for each in (await self.find(row.undoes)).results}

    async def _page(
        self, row: Any, numbers: Sequence[str], before: Mapping[str, Mapping[str, str | None]]
    ) -> dict[str, Result]:
        wish = wish_of(row.act, row.details)
        async with self.store.read() as conn:
            standing = await bulk_acts.standing(conn, self.principal, numbers)
        found = {}
        for number in numbers:
            case, why = standing.get(number), None
            try:
                if case is None:
                    raise NotFound(f"there is no case {number} that you may see")
                if row.undoes is None:
                    await self._one(wish, case)
                else:
                    await self._back(wish, case, before[number])
            except Refusal as refusal:
                why = str(refusal)
            found[number] = Result(number=number, before=_kept(case), refused=why)
        return found

    async def _note(self, row: Any, results: Sequence[Mapping[str, Any]], *, ended: bool) -> None:
        refused = sum(1 for each in results if each["refused"])

        async def work(conn: AsyncConnection) -> None:
            await bulk_acts.progress(conn, row.id, results, now=self.clock(), ended=ended)
            if ended:
                said = f"{'undo ' if row.undoes else ''}{row.act}: {len(results) - refused} done, {refused} refused"
                await audit.write(conn, [self.noting(row.id, said)])

        await self.store.transact(work)

    async def _one(self, wish: Wish, case: Any) -> None:
        desk, me, number = self.desk, self.principal, case.number
        match wish.act:
            case Act.ASSIGN:
                if case.assignee_id == wish.staff:
                    raise Conflict("they have this case already")
                await self._give(wish.staff or 0, number, wish.reason)
            case Act.RELEASE:
                await self._release(case, wish.reason)
            case Act.TRANSFER:
                await desk.transfer(me, number, agency=wish.agency, reason=wish.reason)
            case Act.CLASSIFY:
                await desk.classify(me, number, term_class=wish.term_class, reason=wish.reason)
            case Act.CLOSE:
                await desk.close(me, number, outcome=wish.outcome, reason=wish.reason)

    async def _give(self, staff_id: int, number: str, reason: str) -> None:
        # Who supervises nobody gives cases to nobody but themselves.
        if staff_id == self.principal.id and not self.principal.may(Right.SUPERVISE):
            await self.desk.take(self.principal, number, reason=reason or None)
        else:
            await self.desk.assign(self.principal, number, staff_id, reason)

    async def _release(self, case: Any, reason: str) -> None:
        if case.assignee_id is None:
            raise Conflict("nobody has this case: it is on offer already")
        others = case.assignee_id != self.principal.id
        if others and self.principal.may(Right.SUPERVISE):
            await self.desk.offer_again(self.principal, case.number, reason)
        else:
            await self.desk.release(self.principal, case.number)

    async def _back(self, wish: Wish, case: Any, before: Mapping[str, str | None]) -> None:
        """Put one case back as it was; Conflict when it is not as the act had left it."""
        made = {Act.ASSIGN: ("assignee", str(wish.staff)), Act.RELEASE: ("assignee", None),
                Act.CLASSIFY: ("class", wish.term_class)}  # fmt: skip
        name, value = made[wish.act]
        if _kept(case)[name] != value:
            raise Conflict("the case has moved on since")
        was = before[name]
        if wish.act is Act.CLASSIFY:
            await self.desk.classify(self.principal, case.number, term_class=was or "", reason=wish.reason)
        elif was is None:
            await self._release(case, wish.reason)
        else:
            await self._give(int(was), case.number, wish.reason)


def is_undoable(row: Any) -> bool:
    """Whether an act can be taken back: it has ended, did something, and nobody outside has heard of it."""
    did = any(not each["refused"] for each in row.results)
    return row.ended_at is not None and row.undoes is None and row.act in UNDOABLE and did


def _kept(case: Any) -> dict[str, str | None]:
    if case is None:
        return {}
    return {"assignee": None if case.assignee_id is None else str(case.assignee_id), "class": case.term_class}


def _was(act: Act, data: Mapping[str, Any]) -> dict[str, str | None]:
    """What a case was before an act, as its event tells."""
    match act:
        case Act.ASSIGN:
            return {"assignee": data.get("from")}
        case Act.RELEASE:
            return {"assignee": data.get("staff")}
        case Act.CLASSIFY:
            return {"class": data.get("from")}
        case _:
            return {}


def _whom(begun: Begun) -> str:
    """The end of an audit entry: whom, where to, what as; never a reason, which may hold anything."""
    said = [
        f"{name}:{begun.details[name]}" for name in ("staff", "agency", "class", "outcome") if name in begun.details
    ]
    return f", {' '.join(said)}" if said else ""
