"""Who carries what at an agency: a few statements, each off an index, whatever the agency has answered before."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal, Role
from gateway.store import schema as t
from gateway.store.queue import OWED, boundary
from gateway.store.schema import micros
from gateway.store.staff import ANSWERING
from routing.case import CaseState

_C = t.cases.c
_K = t.clock.c
_S = t.staff.c
_SECOND: Final = 1_000_000
_SHOWN = (_S.id, _S.login, _S.name, _S.role, _S.agency, _S.active, _S.on_duty, _S.capacity)


async def members(conn: AsyncConnection, agency: str, *, is_triage: bool) -> list[Any]:
    """Who is active and answers for an agency, by name; those of the central desk answer for the triage agency."""
    answering = and_(_S.agency == agency, _S.role.in_(ANSWERING))
    answering = or_(answering, _S.role == Role.TRIAGE) if is_triage else answering
    return list(await conn.execute(select(*_SHOWN).where(answering, _S.active).order_by(_S.name, _S.id)))


async def member(conn: AsyncConnection, staff_id: int) -> Any | None:
    """One member of staff as `members` has them, active or not; None when there is none."""
    return (await conn.execute(select(*_SHOWN).where(_S.id == staff_id))).one_or_none()


async def carried(conn: AsyncConnection, principal: Principal, agency: str) -> list[Any]:
    """What an agency owes: `n` cases by `assignee_id` (or None: nobody) and `state`.

    They come grouped in the order of the index `cases_carried`, and nothing is sorted.
    """
    groups = (_C.assignee_id, _C.state)
    query = select(*groups, func.count().label("n")).where(boundary(principal), _C.agency == agency, OWED)
    return list(await conn.execute(query.group_by(*groups)))


async def overdue(conn: AsyncConnection, principal: Principal, agency: str, *, now: datetime) -> dict[int | None, int]:
    """How many of an agency's open cases are past due, by who has them, read off the index `cases_agency_due`."""
    late = (_C.state == CaseState.OPEN, _C.due_at < now, _past(now))
    query = select(_C.assignee_id, func.count().label("n")).where(boundary(principal), _C.agency == agency, OWED, *late)
    return {row.assignee_id: row.n for row in await conn.execute(query.group_by(_C.assignee_id))}


async def due_between(
    conn: AsyncConnection, principal: Principal, agency: str, *, edges: Sequence[datetime]
) -> list[int]:
    """How many of an agency's cases are due before the first edge, between each and the next, and from the last on.

    What waits for a citizen's completion is in none of them. Counted off the index `cases_agency_due`.
    """
    owed = (boundary(principal), _C.agency == agency, OWED, _C.suspended_at.is_(None))
    counts = []
    for first, end in pairwise([None, *edges, None]):
        from_on = [] if first is None else [_C.due_at >= first]
        before = [] if end is None else [_C.due_at < end]
        counts.append(select(func.count(_C.id)).where(*owed, *from_on, *before).scalar_subquery())
    return list((await conn.execute(select(*counts))).one())


def _past(now: datetime) -> ColumnElement[bool]:
    """Whether the first second past due has come, or had when the clock was stopped."""
    due = type_coerce(_C.due_at, BigInteger)
    return func.coalesce(type_coerce(_C.suspended_at, BigInteger), micros(now)) >= due + _SECOND


async def nearly_due(
    conn: AsyncConnection, principal: Principal, agency: str, *, now: datetime, until: Mapping[str, datetime]
) -> list[Any]:
    """Open cases due from `now` on and before what `until` says of their class, `n` cases a row.

    A row is of those that somebody has (or nobody) with the same class and deadline, and has what `gateway.standing`
    needs of a case.
    """
    alike = (_C.agency, _C.assignee_id, _C.state, _C.term_class, _C.effective, _C.due_at, _C.suspended_at)
    query = (
        select(
            *alike,
            func.count().label("n"),
            func.min(_C.received_at).label("received_at"),
            func.min(_C.late_at).label("late_at"),
        )
        .where(
            boundary(principal),
            _C.agency == agency,
            OWED,
            _C.state == CaseState.OPEN,
            _C.due_at > now - timedelta(seconds=1),
            _C.due_at < max(until.values()),
            _C.due_at < case({key: literal(at, t.Instant) for key, at in until.items()}, value=_C.term_class),
            _C.suspended_at.is_(None),
        )
        .group_by(*alike)
    )
    return list(await conn.execute(query))


async def answered(conn: AsyncConnection, principal: Principal, agency: str, *, since: datetime) -> dict[int, int]:
    """How many of their cases have been answered since an instant, by whoever has them.

    The clocks come off the index `clock_answered` alone (what is answered has ended); whose a case is, it says itself.
    """
    query = (
        select(_C.assignee_id, func.count(_K.case_id.distinct()).label("n"))
        .join_from(t.clock, t.cases, _C.id == _K.case_id)
        .where(
            boundary(principal),
            _K.agency == agency,
            _K.answered_at >= since,
            _C.assignee_id.is_not(None),
        )
        .group_by(_C.assignee_id)
    )
    return {row.assignee_id: row.n for row in await conn.execute(query)}


async def locked(conn: AsyncConnection, principal: Principal, numbers: Sequence[str]) -> list[Any]:
    """Those of the cases with these numbers that the principal may see, locked in one order."""
    query = select(t.cases).where(_C.number.in_(numbers), boundary(principal)).order_by(_C.id).with_for_update()
    return list(await conn.execute(query))


async def give(conn: AsyncConnection, case_ids: Sequence[int], staff_id: int | None) -> None:
    """Somebody has these cases now, or nobody."""
    await conn.execute(
        update(t.cases).where(_C.id.in_(case_ids)).values(assignee_id=staff_id, version=_C.version + 1)
    )  # fmt: skip


async def set_on_duty(conn: AsyncConnection, staff_id: int, *, on_duty: bool) -> None:
    """Whether somebody is given cases and told of deadlines."""
    await conn.execute(update(t.staff).where(_S.id == staff_id).values(on_duty=on_duty))


async def set_capacity(conn: AsyncConnection, staff_id: int, capacity: int | None) -> None:
    """How many open cases somebody may be given; None: as many as the agency says."""
    await conn.execute(update(t.staff).where(_S.id == staff_id).values(capacity=capacity))
