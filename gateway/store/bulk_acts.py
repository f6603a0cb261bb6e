"""Acts on many cases: claimed by a form's key, gone through in pages, kept with what became of each case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros

_B = t.bulk_act.c
# Whoever goes through an act says so after every page; after so long without a word they are gone.
LEASE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An act to begin. `details` is what it needs beside the cases; `undoes` is the act it takes back."""

    key: str
    act: str
    details: Mapping[str, str]
    numbers: Sequence[str]
    undoes: int | None = None


async def begin(conn: AsyncConnection, principal: Principal, begun: Begun, *, now: datetime) -> tuple[int, bool]:
    """The act's id, and whether this call has begun it: a key that was used before names the act of then.

    Conflict when the act to be taken back was taken back already.
    """
    row = {
        "id": new_id(), "actor": principal.actor, "key": begun.key, "act": begun.act, "details": dict(begun.details),
        "numbers": list(begun.numbers), "results": [], "begun_at": micros(now), "seen_at": micros(now),
        "undoes": begun.undoes,
    }  # fmt: skip
    added = await insert_rows(conn, t.bulk_act, [row], conflict="ON CONFLICT DO NOTHING", returning="id")
    if added:
        return int(added[0].id), True
    known = select(_B.id).where(_B.actor == principal.actor, _B.key == begun.key)
    found = (await conn.execute(known)).scalar_one_or_none()
    if found is None:
        raise Conflict("this act was taken back already")
    return int(found), False


async def find(conn: AsyncConnection, principal: Principal, act_id: int) -> Any:
    """One of the principal's own acts. NotFound."""
    query = select(t.bulk_act).where(_B.id == act_id, _B.actor == principal.actor)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("there is no such act of yours")
    return row


async def undone_by(conn: AsyncConnection, act_id: int) -> int | None:
    """The act that took this one back, or None."""
    return (await conn.execute(select(_B.id).where(_B.undoes == act_id))).scalar_one_or_none()


async def lease(conn: AsyncConnection, act_id: int, *, now: datetime) -> bool:
    """Take up an act that nobody goes through any more; False when somebody does, or it has ended."""
    free = update(t.bulk_act).where(_B.id == act_id, _B.ended_at.is_(None), _B.seen_at < now - LEASE)
    return bool((await conn.execute(free.values(seen_at=now))).rowcount)


async def progress(
    conn: AsyncConnection, act_id: int, results: Sequence[Mapping[str, Any]], *, now: datetime, ended: bool
) -> None:
    """What became of the cases that have been gone through so far."""
    values = {"results": [dict(each) for each in results], "seen_at": now, "ended_at": now if ended else None}
    await conn.execute(update(t.bulk_act).where(_B.id == act_id).values(**values))


async def told_since(
    conn: AsyncConnection, principal: Principal, numbers: Sequence[str], kinds: Sequence[str], *, since: datetime
) -> dict[str, Mapping[str, Any]]:
    """What the principal has done with those cases from an instant on: the first event of those kinds, by number."""
    case, event = t.cases.c, t.case_event.c
    query = (
        select(case.number, event.data)
        .join_from(t.cases, t.case_event, event.case_id == case.id)
        .where(case.number.in_(list(numbers)), event.actor == principal.actor, event.kind.in_(list(kinds)))
        .where(event.at >= since)
        .order_by(event.id.desc())
    )
    return {row.number: row.data for row in await conn.execute(query)}


async def standing(conn: AsyncConnection, principal: Principal, numbers: Sequence[str]) -> dict[str, Any]:
    """What undoing must know of those of the cases that the principal may see, by number."""
    case = t.cases.c
    query = select(case.number, case.agency, case.assignee_id, case.term_class).where(
        case.number.in_(list(numbers)), queue.boundary(principal)
    )
    return {row.number: row for row in await conn.execute(query)}


async def numbers(conn: AsyncConnection, principal: Principal, wanted: queue.Filter, *, most: int) -> list[str]:
    """The numbers of the cases a filter finds, the first due first, at most so many."""
    case = t.cases.c
    query = select(case.number).where(*queue.conditions(principal, wanted)).order_by(case.due_at, case.id).limit(most)
    return [row.number for row in await conn.execute(query)]
