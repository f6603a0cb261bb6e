"""Staff: who may answer, on whose behalf, and how much they carry."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.store import alarms
from gateway.store import schema as t
from gateway.store.absences import AWAY
from gateway.store.bulk import Query, insert_rows
from gateway.store.schema import instant_of, micros
from routing.assign import Duty

# Who may answer for an agency. Cases are given out to managers; a head takes what they choose.
ANSWERING = ("manager", "head")


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


def managers(balanced: Mapping[str, int], *, now: datetime) -> Query:
    """The active response managers; of the agencies in `balanced`: who is on duty, with the cases they carry."""
    marks = ", ".join("?" * len(balanced)) or "''"
    return Query(
        "SELECT id, agency, capacity, last_assigned_at,"
        f" (agency IN ({marks}) AND on_duty AND role = 'manager' AND NOT {AWAY}) AS on_duty,"
        f" CASE WHEN agency IN ({marks}) THEN (SELECT count(*) FROM cases"
        " WHERE assignee_id = staff.id AND state IN ('open', 'waiting')) ELSE 0 END AS open_cases"
        " FROM staff WHERE active AND role IN ('manager', 'head') AND agency IS NOT NULL",
        (*balanced, micros(now), micros(now), *balanced),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who is to work here. `password_hash` is None while nobody has set a password."""

    login: str
    name: str
    role: str
    agency: str | None
    password_hash: str | None


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
    newcomer = Newcomer(login=login, name=name, role=role, agency=agency, password_hash=password_hash)
    [staff_id] = await add_all(conn, [newcomer], now=now)
    return await get(conn, staff_id)


async def add_all(conn: AsyncConnection, newcomers: Collection[Newcomer], *, now: datetime) -> list[int]:
    """New members of staff, in few statements however many they are; their ids. Conflict when a login is taken."""
    logins = [newcomer.login for newcomer in newcomers]
    taken = await conn.execute(select(t.staff.c.login).where(t.staff.c.login.in_(logins)))
    for login in taken.scalars():
        raise Conflict(f"the login {login} is taken")
    rows = [
        {"id": new_id(), **asdict(newcomer), "active": True, "on_duty": True, "created_at": micros(now)}
        for newcomer in newcomers
    ]
    await insert_rows(conn, t.staff, rows)
    await _staffed(conn, newcomers, now=now)
    return [int(row["id"]) for row in rows]


async def _staffed(conn: AsyncConnection, people: Iterable[Member | Newcomer], *, now: datetime) -> None:
    """An agency that has somebody again needs no alarm."""
    agencies = [each.agency for each in people if each.role in ANSWERING and each.agency is not None]
    await alarms.end_all(conn, kind="no-manager", subjects=agencies, now=now)


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
        await _staffed(conn, [member], now=now)
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
        and_(t.staff.c.agency == agency, t.staff.c.active, t.staff.c.role.in_(ANSWERING)),
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
