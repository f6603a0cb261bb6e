"""Staff: who may answer, on whose behalf, and how much they carry."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.store import alarms
from gateway.store import schema as t
from gateway.store.bulk import Query
from gateway.store.schema import instant_of
from routing.assign import Duty

ROLES = ("manager", "operator", "administrator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who works here. `agency` is None for those who serve the whole network."""

    id: int
    login: str
    name: str
    role: str
    agency: str | None
    language: str | None
    active: bool
    on_duty: bool


def _member(row: object) -> Member:
    names = ("id", "login", "name", "role", "agency", "language", "active", "on_duty")
    return Member(**{name: getattr(row, name) for name in names})


_MANAGER = "id, agency, capacity, last_assigned_at, on_duty, open_cases"


def managers(balanced: Mapping[str, int]) -> Query:
    """The active response managers; those of the agencies in `balanced` with the cases they carry."""
    marks = ", ".join("?" * len(balanced)) or "''"
    return Query(
        "SELECT id, agency, capacity, last_assigned_at, on_duty,"
        f" CASE WHEN agency IN ({marks}) THEN (SELECT count(*) FROM cases"
        " WHERE assignee_id = staff.id AND state IN ('open', 'waiting')) ELSE 0 END AS open_cases"
        " FROM staff WHERE active AND role = 'manager' AND agency IS NOT NULL",
        tuple(balanced),
        _MANAGER,
    )


def duties(rows: Iterable[Any], balanced: Mapping[str, int]) -> dict[str, list[Duty]]:
    """For each agency with an active response manager: who is on duty, with their load.

    `balanced` names the agencies that give cases out, with what one manager may carry; elsewhere the list is empty.
    """
    found: dict[str, list[Duty]] = {}
    for row in rows:
        duties = found.setdefault(row.agency, [])
        if row.on_duty and row.agency in balanced:
            duties.append(
                Duty(
                    staff_id=row.id,
                    open_cases=row.open_cases,
                    capacity=row.capacity or balanced[row.agency],
                    last_assigned_at=None if row.last_assigned_at is None else instant_of(row.last_assigned_at),
                )
            )
    return found


async def assigned(conn: AsyncConnection, staff_ids: Collection[int], *, now: datetime) -> None:
    """Remember who was given a case last, so that the next one goes to somebody else."""
    if staff_ids:
        await conn.execute(update(t.staff).where(t.staff.c.id.in_(list(staff_ids))).values(last_assigned_at=now))


async def add(
    conn: AsyncConnection,
    *,
    login: str,
    name: str,
    role: str,
    agency: str | None,
    password_hash: str | None,
    now: datetime,
) -> Member:
    """A new member of staff. Conflict when the login is taken."""
    if await find_by_login(conn, login):
        raise Conflict(f"the login {login} is taken")
    staff_id = new_id()
    await conn.execute(
        insert(t.staff).values(
            id=staff_id, login=login, name=name, role=role, agency=agency, password_hash=password_hash,
            active=True, on_duty=True, created_at=now,
        )
    )  # fmt: skip
    await _staffed(conn, role=role, agency=agency, now=now)
    return await get(conn, staff_id)


async def _staffed(conn: AsyncConnection, *, role: str, agency: str | None, now: datetime) -> None:
    """An agency that has somebody again needs no alarm."""
    if role == "manager" and agency is not None:
        await alarms.end(conn, kind="no-manager", subject=agency, now=now)


async def get(conn: AsyncConnection, staff_id: int) -> Member:
    """The member of that id. NotFound."""
    row = (await conn.execute(select(t.staff).where(t.staff.c.id == staff_id))).one_or_none()
    if row is None:
        raise NotFound("there is no such member of staff")
    return _member(row)


async def find_by_login(conn: AsyncConnection, login: str) -> Member | None:
    """The member of that login, or None."""
    row = (await conn.execute(select(t.staff).where(t.staff.c.login == login))).one_or_none()
    return None if row is None else _member(row)


async def listed(conn: AsyncConnection, *, agency: str | None = None) -> list[Member]:
    """Everybody, or everybody of an agency, by login."""
    query = select(t.staff).order_by(t.staff.c.login)
    if agency is not None:
        query = query.where(t.staff.c.agency == agency)
    return [_member(row) for row in await conn.execute(query)]


async def set_active(conn: AsyncConnection, login: str, *, active: bool, now: datetime) -> Member:
    """Enable or disable a login; disabling ends its sessions. NotFound."""
    member = await find_by_login(conn, login)
    if member is None:
        raise NotFound(f"nobody has the login {login}")
    await conn.execute(update(t.staff).where(t.staff.c.id == member.id).values(active=active))
    if active:
        await _staffed(conn, role=member.role, agency=member.agency, now=now)
    else:
        await conn.execute(t.login_session.delete().where(t.login_session.c.staff_id == member.id))
    return await get(conn, member.id)


async def set_password(conn: AsyncConnection, staff_id: int, password_hash: str) -> None:
    """Change a password; every session of the member ends."""
    await conn.execute(update(t.staff).where(t.staff.c.id == staff_id).values(password_hash=password_hash))
    await conn.execute(t.login_session.delete().where(t.login_session.c.staff_id == staff_id))


async def colleagues(conn: AsyncConnection, agency: str) -> int:
    """How many active response managers an agency has."""
    query = select(func.count()).where(
        and_(t.staff.c.agency == agency, t.staff.c.active, t.staff.c.role == "manager"),
    )
    return int((await conn.execute(query)).scalar_one())


async def password_hash(conn: AsyncConnection, login: str) -> str | None:
    """The kept hash of a member's password; None when nobody can log in as them."""
    query = select(t.staff.c.password_hash).where(t.staff.c.login == login)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def clear_password(conn: AsyncConnection, login: str) -> None:
    """Nobody can log in as this member until a password is set; every session of theirs ends."""
    mine = select(t.staff.c.id).where(t.staff.c.login == login)
    await conn.execute(t.login_session.delete().where(t.login_session.c.staff_id.in_(mine)))
    await conn.execute(update(t.staff).where(t.staff.c.login == login).values(password_hash=None))
