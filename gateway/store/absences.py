"""When somebody is away: from then on they are given nothing, told nothing, and what they have is offered again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.store import schema as t

_A = t.absence.c

# The same as `away`, for statements that are composed by hand: its two marks are the instant, in microseconds.
AWAY = (
    "EXISTS (SELECT 1 FROM absence WHERE absence.staff_id = staff.id AND absence.from_at <= ?"
    " AND (absence.until_at IS NULL OR absence.until_at > ?))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """When somebody is away; `until_at` None: until they say that they are back. Instants are aware."""

    id: int
    staff_id: int
    from_at: datetime
    until_at: datetime | None
    reason: str


def away(now: datetime) -> ColumnElement[bool]:
    """Whether a row of `staff` is of somebody who is away at an instant."""
    return exists().where(_A.staff_id == t.staff.c.id, _A.from_at <= now, _not_over(now))


def _not_over(now: datetime) -> ColumnElement[bool]:
    return or_(_A.until_at.is_(None), _A.until_at > now)


async def is_away(conn: AsyncConnection, staff_id: int, *, now: datetime) -> bool:
    """Whether a member of staff is away."""
    query = select(_A.id).where(_A.staff_id == staff_id, _A.from_at <= now, _not_over(now)).limit(1)
    return (await conn.execute(query)).first() is not None


async def add(
    conn: AsyncConnection, staff_id: int, *, from_at: datetime, until_at: datetime | None, reason: str
) -> Absence:
    """Note an absence. Conflict when it overlaps one that is noted already."""
    # Two that are noted at once must not both find the time free.
    await conn.execute(select(t.staff.c.id).where(t.staff.c.id == staff_id).with_for_update())
    before_it_ends = true() if until_at is None else _A.from_at < until_at
    overlapping = select(_A.id).where(_A.staff_id == staff_id, before_it_ends, _not_over(from_at)).limit(1)
    if (await conn.execute(overlapping)).first() is not None:
        raise Conflict("an absence is noted for part of that time already; end that one first")
    noted = Absence(id=new_id(), staff_id=staff_id, from_at=from_at, until_at=until_at, reason=reason)
    await conn.execute(
        insert(t.absence).values(id=noted.id, staff_id=staff_id, from_at=from_at, until_at=until_at, reason=reason)
    )
    return noted


async def to_come(conn: AsyncConnection, staff_id: int, *, now: datetime) -> list[Absence]:
    """The absences of a member of staff that are not over, the next first."""
    query = (
        select(_A.id, _A.staff_id, _A.from_at, _A.until_at, _A.reason)
        .where(_A.staff_id == staff_id, _not_over(now))
        .order_by(_A.from_at)
    )
    return [Absence(**row._mapping) for row in await conn.execute(query)]


async def end(conn: AsyncConnection, staff_id: int, absence_id: int, *, now: datetime) -> None:
    """They are back; what has not begun is struck out. NotFound when there is no such absence, or it is over."""
    mine = (_A.id == absence_id, _A.staff_id == staff_id, _not_over(now))
    struck = await conn.execute(delete(t.absence).where(*mine, _A.from_at > now))
    if struck.rowcount:
        return
    ended = await conn.execute(update(t.absence).where(*mine).values(until_at=now))
    if not ended.rowcount:
        raise NotFound("there is no such absence")


async def begun(conn: AsyncConnection, *, now: datetime) -> Absence | None:
    """An absence that has begun and whose cases are not all offered again; locked, where others could take it too."""
    query = (
        select(_A.id, _A.staff_id, _A.from_at, _A.until_at, _A.reason)
        .where(_A.from_at <= now, _A.offered_at.is_(None))
        .order_by(_A.from_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Absence(**row._mapping)


async def offered(conn: AsyncConnection, absence_id: int, *, now: datetime) -> None:
    """Its cases have been offered again: it needs nothing more."""
    await conn.execute(update(t.absence).where(_A.id == absence_id).values(offered_at=now))


async def returned(conn: AsyncConnection, *, since: datetime, now: datetime) -> set[str]:
    """The agencies to which somebody came back after `since`."""
    query = (
        select(t.staff.c.agency)
        .distinct()
        .join_from(t.absence, t.staff, t.staff.c.id == _A.staff_id)
        .where(_A.until_at > since, _A.until_at <= now, t.staff.c.agency.is_not(None))
    )
    return set((await conn.execute(query)).scalars())


async def next_change(conn: AsyncConnection, *, now: datetime) -> datetime | None:
    """When the next absence begins or ends; None when none will."""
    begins = select(func.min(_A.from_at)).where(_A.offered_at.is_(None))
    ends = select(func.min(_A.until_at)).where(_A.until_at > now)
    found = [(await conn.execute(query)).scalar_one() for query in (begins, ends)]
    return min((instant for instant in found if instant is not None), default=None)


async def who_is_away(conn: AsyncConnection, staff_ids: Collection[int], *, now: datetime) -> dict[int, Absence]:
    """The present absence of each of these members of staff who is away."""
    query = select(_A.id, _A.staff_id, _A.from_at, _A.until_at, _A.reason).where(
        _A.staff_id.in_(list(staff_ids)), _A.from_at <= now, _not_over(now)
    )
    return {row.staff_id: Absence(**row._mapping) for row in await conn.execute(query)}
