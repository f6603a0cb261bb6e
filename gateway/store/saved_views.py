"""Filters with a name: one's own, and those that a head shares with everybody of the agency."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.principal import Principal, Right
from gateway.store import schema as t

_V = t.saved_view.c
# Of one person's own; the rail would become a list to search in.
MOST: Final = 20


def _shared_with(principal: Principal) -> ColumnElement[bool]:
    return false() if principal.agency is None else _V.agency == principal.agency


def _theirs(principal: Principal) -> ColumnElement[bool]:
    """What they may change: their own as long as they are who they were, and what is shared, for whoever supervises."""
    own = and_(_V.staff_id == principal.id, or_(_V.agency.is_(None), _shared_with(principal)))
    return or_(own, _shared_with(principal)) if principal.may(Right.SUPERVISE) else own


async def listed(conn: AsyncConnection, principal: Principal) -> list[Any]:
    """The person's own views in their order, then those of others that are shared with them; `author` names whose."""
    if principal.is_token:
        return []
    own = _V.staff_id == principal.id
    query = (
        select(t.saved_view, t.staff.c.name.label("author"))
        .join_from(t.saved_view, t.staff, t.staff.c.id == _V.staff_id)
        .where(or_(and_(own, _V.agency.is_(None)), _shared_with(principal)))
        .order_by(own.desc(), _V.position, _V.id)
        .limit(2 * MOST)
    )
    return list(await conn.execute(query))


async def get(conn: AsyncConnection, principal: Principal, view_id: int) -> Any:
    """One view that they may change. NotFound."""
    query = select(t.saved_view).where(_V.id == view_id, _theirs(principal))
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("there is no such saved view of yours")
    return row


async def add(
    conn: AsyncConnection, principal: Principal, *, name: str, fields: Mapping[str, str], agency: str | None
) -> int:
    """Keep a filter under a name; its id. Conflict when there are too many."""
    held = select(func.count(), func.coalesce(func.max(_V.position), 0)).where(_V.staff_id == principal.id)
    count, last = (await conn.execute(held)).one()
    if count >= MOST:
        raise Conflict(f"there are {MOST} saved views already: delete one first")
    view_id = new_id()
    await conn.execute(
        insert(t.saved_view).values(
            id=view_id, staff_id=principal.id, agency=agency, name=name, filter=dict(fields), position=last + 1
        )
    )
    return view_id


async def change(conn: AsyncConnection, view_id: int, *, name: str, agency: str | None) -> None:
    """Another name; shared with an agency, or with nobody."""
    await conn.execute(update(t.saved_view).where(_V.id == view_id).values(name=name, agency=agency))


async def move(conn: AsyncConnection, row: Any, *, up: bool) -> None:
    """Change places with the view of the same person before or after it, if there is one."""
    beyond = _V.position < row.position if up else _V.position > row.position
    order = _V.position.desc() if up else _V.position
    near = select(_V.id, _V.position).where(_V.staff_id == row.staff_id, beyond).order_by(order).limit(1)
    other = (await conn.execute(near)).one_or_none()
    if other is not None:
        await conn.execute(update(t.saved_view).where(_V.id == row.id).values(position=other.position))
        await conn.execute(update(t.saved_view).where(_V.id == other.id).values(position=row.position))


async def drop(conn: AsyncConnection, view_id: int) -> None:
    """Delete a view."""
    await conn.execute(delete(t.saved_view).where(_V.id == view_id))
