"""Logins: who holds which session, and how often somebody failed to get one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a login is checked against. `password_hash` None: nobody can log in."""

    staff_id: int
    password_hash: str | None


async def credentials(conn: AsyncConnection, login: str) -> Credentials | None:
    """The active member of that login, or None."""
    query = select(t.staff.c.id, t.staff.c.password_hash).where(t.staff.c.login == login, t.staff.c.active)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Credentials(staff_id=row.id, password_hash=row.password_hash)


async def open_session(
    conn: AsyncConnection, *, token_hash: str, staff_id: int, csrf: str, now: datetime, expires_at: datetime
) -> None:
    """Begin a session; those of the same person that have expired go."""
    table = t.login_session
    await conn.execute(delete(table).where(table.c.staff_id == staff_id, table.c.expires_at < now))
    await conn.execute(
        insert(table).values(
            token_hash=token_hash, staff_id=staff_id, csrf=csrf, created_at=now, expires_at=expires_at
        )
    )  # fmt: skip


async def session(conn: AsyncConnection, token_hash: str, *, now: datetime) -> Any | None:
    """The living session with its member (id, login, name, role, agency, language), or None.

    A member who was disabled has none, whatever the table of sessions says.
    """
    query = (
        select(
            t.login_session.c.csrf, t.staff.c.id, t.staff.c.login, t.staff.c.name, t.staff.c.role, t.staff.c.agency,
            t.staff.c.language,
        )
        .join_from(t.login_session, t.staff, t.staff.c.id == t.login_session.c.staff_id)
        .where(t.login_session.c.token_hash == token_hash, t.login_session.c.expires_at > now, t.staff.c.active)
    )  # fmt: skip
    return (await conn.execute(query)).one_or_none()


async def close_session(conn: AsyncConnection, token_hash: str) -> None:
    """End a session."""
    await conn.execute(delete(t.login_session).where(t.login_session.c.token_hash == token_hash))


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
