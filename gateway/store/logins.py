"""Logins: who holds which session, and how often somebody failed to get one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a login is checked against. `password_hash` None: nobody can log in by password."""

    staff_id: int
    password_hash: str | None
    agency: str | None
    has_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A session to be. `stage` is `open`, or `code` while the second factor is asked for; `method` how they got in."""

    token_hash: str
    staff_id: int
    csrf: str
    stage: str
    method: str
    remote: str
    agent: str


HAS_FACTOR = exists().where(
    t.second_factor.c.staff_id == t.staff.c.id, t.second_factor.c.confirmed_at.is_not(None)
)  # fmt: skip


async def credentials(conn: AsyncConnection, login: str) -> Credentials | None:
    """The active member of that login, or None."""
    member = t.staff.c
    query = select(member.id, member.password_hash, member.agency, HAS_FACTOR.label("has_factor")).where(
        member.login == login, member.active
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    return Credentials(
        staff_id=row.id, password_hash=row.password_hash, agency=row.agency, has_factor=bool(row.has_factor)
    )


async def open_session(conn: AsyncConnection, opening: Opening, *, now: datetime, expires_at: datetime) -> None:
    """Begin a session; those of the same person that have expired go."""
    table = t.login_session
    await conn.execute(delete(table).where(table.c.staff_id == opening.staff_id, table.c.expires_at < now))
    await conn.execute(
        insert(table).values(id=new_id(), **asdict(opening), created_at=now, expires_at=expires_at)
    )  # fmt: skip


async def session(conn: AsyncConnection, token_hash: str, *, stage: str = "open", now: datetime) -> Any | None:
    """The living session at that stage with its member, or None.

    A member who was disabled has none, whatever the table of sessions says.
    """
    held, member = t.login_session.c, t.staff.c
    query = (
        select(
            held.csrf, held.method, held.id.label("session_id"), member.id, member.login, member.name, member.role,
            member.agency, member.language, member.shortcuts, HAS_FACTOR.label("has_factor"),
        )
        .join_from(t.login_session, t.staff, member.id == held.staff_id)
        .where(held.token_hash == token_hash, held.stage == stage, held.expires_at > now, member.active)
    )  # fmt: skip
    return (await conn.execute(query)).one_or_none()


async def close_session(conn: AsyncConnection, token_hash: str) -> None:
    """End a session."""
    await conn.execute(delete(t.login_session).where(t.login_session.c.token_hash == token_hash))


async def sessions(conn: AsyncConnection, staff_id: int, *, now: datetime) -> list[Any]:
    """The living sessions of a member, the newest first, without what opens them."""
    held = t.login_session.c
    query = (
        select(held.id, held.method, held.remote, held.agent, held.created_at, held.expires_at)
        .where(held.staff_id == staff_id, held.stage == "open", held.expires_at > now)
        .order_by(held.id.desc())
    )
    return list(await conn.execute(query))


async def end_session(conn: AsyncConnection, staff_id: int, session_id: int) -> bool:
    """End one session of a member; False when it is none of theirs."""
    held = t.login_session.c
    ended = await conn.execute(delete(t.login_session).where(held.staff_id == staff_id, held.id == session_id))
    return ended.rowcount > 0


async def end_sessions(conn: AsyncConnection, staff_id: int, *, but: int = 0) -> int:
    """End every session of a member, but for the one of that id; how many ended."""
    held = t.login_session.c
    ended = await conn.execute(delete(t.login_session).where(held.staff_id == staff_id, held.id != but))
    return ended.rowcount


async def failures(conn: AsyncConnection, subject: str, *, since: datetime) -> int:
    """How often a subject (`login:…`, `address:…`) failed since then."""
    table = t.login_failure
    query = select(func.count()).where(table.c.subject == subject, table.c.at > since)
    return int((await conn.execute(query)).scalar_one())


async def failed(conn: AsyncConnection, subjects: Sequence[str], *, now: datetime, since: datetime) -> list[int]:
    """Write a failure of each subject, and forget theirs from before `since`; the ids, to take them back."""
    table = t.login_failure
    await conn.execute(delete(table).where(table.c.subject.in_(subjects), table.c.at <= since))
    rows = [{"id": new_id(), "subject": subject, "at": now} for subject in subjects]
    await conn.execute(insert(table), rows)
    return [int(str(row["id"])) for row in rows]


async def forgive(conn: AsyncConnection, subject: str, ids: Sequence[int]) -> None:
    """The right password was given: the subject's failures go, and those of `ids`."""
    table = t.login_failure
    await conn.execute(delete(table).where((table.c.subject == subject) | table.c.id.in_(ids)))


async def set_language(conn: AsyncConnection, staff_id: int, language: str) -> None:
    """Remember the language a member reads."""
    await conn.execute(update(t.staff).where(t.staff.c.id == staff_id).values(language=language))
