"""What the live console asks the database again and again, while somebody listens: each by an index, each at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal, Role, boundary_of
from gateway.store import schema as t

_C, _E, _N = t.cases.c, t.case_event.c, t.notice.c


@dataclass(frozen=True, slots=True)
class Change:
    """An event of a case; `left` is the agency it was taken from by it."""

    event_id: int
    case_id: int
    left: str | None


async def changes(conn: AsyncConnection, *, after: int, limit: int) -> list[Change]:
    """The events with a larger id, in the order of their ids."""
    left = case((_E.kind == "transferred", _E.data["from"].as_string()))
    query = select(_E.id, _E.case_id, left).where(_E.id > after).order_by(_E.id).limit(limit)
    return [Change(*row) for row in await conn.execute(query)]


async def cases(conn: AsyncConnection, ids: Collection[int]) -> list[Any]:
    """What everybody who may see a case is told of it: nothing that was said in it."""
    query = select(_C.id, _C.number, _C.agency, _C.version, _C.state, _C.assignee_id, _C.due_at)
    return list(await conn.execute(query.where(_C.id.in_(list(ids)))))


async def living(conn: AsyncConnection, session_ids: Collection[int], *, now: datetime) -> dict[int, Principal]:
    """Who is behind those of the sessions that have not ended."""
    held, member = t.login_session.c, t.staff.c
    rows = await conn.execute(
        select(held.id, member.id.label("staff_id"), member.name, member.role, member.agency)
        .join_from(t.login_session, t.staff, member.id == held.staff_id)
        .where(held.id.in_(list(session_ids)), held.stage == "open", held.expires_at > now, member.active)
    )
    found = {}
    for row in rows:
        role = Role(row.role)
        found[row.id] = Principal(
            id=row.staff_id, name=row.name, role=role, agency=boundary_of(role, row.agency)
        )  # fmt: skip
    return found


async def unread(conn: AsyncConnection, staff_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many unread notices each has, and the last one's id: when these change, the bell may."""
    query = (
        select(_N.staff_id, func.count(), func.max(_N.id))
        .where(_N.read_at.is_(None), _N.staff_id.in_(list(staff_ids)))
        .group_by(_N.staff_id)
    )
    return {row[0]: (row[1], row[2]) for row in await conn.execute(query)}


async def held(conn: AsyncConnection, staff_ids: Collection[int], *, agency: str | None) -> dict[int, int]:
    """How many open cases each of them has, in one agency or anywhere."""
    query = (
        select(_C.assignee_id, func.count())
        .where(_C.assignee_id.in_(list(staff_ids)), _C.state.in_(("open", "waiting")))
        .group_by(_C.assignee_id)
    )
    if agency is not None:
        query = query.where(_C.agency == agency)
    found: Sequence[Any] = list(await conn.execute(query))
    return dict.fromkeys(staff_ids, 0) | {row[0]: row[1] for row in found}
