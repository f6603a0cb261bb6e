"""Who carries what at an agency: a few statements, each off an index, whatever the agency has answered before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal, Role
from gateway.store import schema as t
from gateway.store.queue import OWED, boundary
from gateway.store.staff import ANSWERING

_C = t.cases.c
_K = t.clock.c
_S = t.staff.c
_SHOWN = (_S.id, _S.login, _S.name, _S.role, _S.agency, _S.active, _S.on_duty, _S.capacity)


async def members(conn: AsyncConnection, agency: str, *, is_triage: bool) -> list[Any]:
    """Who is active and answers for an agency, by name; those of the central desk answer for the triage agency."""
    answering = and_(_S.agency == agency, _S.role.in_(ANSWERING))
    answering = or_(answering, _S.role == Role.TRIAGE) if is_triage else answering
    return list(await conn.execute(select(*_SHOWN).where(answering, _S.active).order_by(_S.name, _S.id)))


async def member(conn: AsyncConnection, staff_id: int) -> Any | None:
    """One member of staff as `members` has them, active or not; None when there is none."""
    return (await conn.execute(select(*_SHOWN).where(_S.id == staff_id))).one_or_none()


async def open_cases(conn: AsyncConnection, principal: Principal, agency: str) -> list[Any]:
    """What an agency owes, `n` cases a row: those that somebody has (or nobody) with the same class and deadline.

    Off the index `cases_agency_due`, so only open cases are read. A row has what `gateway.standing` needs of a case.
    """
    alike = (_C.agency, _C.assignee_id, _C.state, _C.term_class, _C.effective, _C.due_at, _C.suspended_at)
    query = (
        select(
            *alike,
            func.count().label("n"),
            func.min(_C.received_at).label("received_at"),
            func.min(_C.late_at).label("late_at"),
        )
        .where(boundary(principal), _C.agency == agency, OWED)
        .group_by(*alike)
    )
    return list(await conn.execute(query))


async def answered(
    conn: AsyncConnection, principal: Principal, agency: str, *, months: Sequence[str], since: datetime
) -> dict[int, int]:
    """How many of their cases have been answered since an instant, by whoever has them.

    Off the index `clock_ended`, which holds everything but whose case it is: `months` are those in which the cases may
    have come.
    """
    query = (
        select(_C.assignee_id, func.count(_K.case_id.distinct()).label("n"))
        .join_from(t.clock, t.cases, _C.id == _K.case_id)
        .where(
            boundary(principal),
            _K.ended_by.is_not(None),
            _K.month.in_(months),
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
