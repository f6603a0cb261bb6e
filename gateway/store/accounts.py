"""Accounts of those who work here: inviting them, what they may, and how they prove who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, Invalid, NotFound
from gateway.store import logins, staff
from gateway.store import schema as t

_STAFF = t.staff.c
_INVITATION = t.invitation.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody who is to work here and sets name and password by a link. `email` is for single sign-on."""

    login: str
    role: str
    agency: str | None
    email: str | None


# What a page of accounts shows: nothing that opens a door.
_SHOWN = (
    _STAFF.id, _STAFF.login, _STAFF.name, _STAFF.role, _STAFF.agency, _STAFF.active, _STAFF.email, _STAFF.created_at,
    _STAFF.password_hash.is_not(None).label("has_password"),
    _STAFF.sign_on_subject.is_not(None).label("has_sign_on"),
    logins.HAS_FACTOR.label("has_factor"), _INVITATION.expires_at.label("invited_until"),
)  # fmt: skip


async def listed(conn: AsyncConnection, *, agency: str | None = None, roles: Sequence[str] = ()) -> list[Any]:
    """Everybody, or those of an agency with one of the roles, by login."""
    query = (
        select(*_SHOWN)
        .select_from(t.staff.outerjoin(t.invitation, _INVITATION.staff_id == _STAFF.id))
        .order_by(_STAFF.login)
    )
    if agency is not None:
        query = query.where(_STAFF.agency == agency, _STAFF.role.in_(roles))
    return list(await conn.execute(query))


async def find(conn: AsyncConnection, staff_id: int) -> Any:
    """One account as it is listed. NotFound."""
    query = (
        select(*_SHOWN)
        .select_from(t.staff.outerjoin(t.invitation, _INVITATION.staff_id == _STAFF.id))
        .where(_STAFF.id == staff_id)
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("there is no such member of staff")
    return row


async def own(conn: AsyncConnection, staff_id: int) -> Any:
    """What a member reads of their own account: login, name, language, e-mail, notices_urn, notices_channel."""
    columns = (
        _STAFF.login, _STAFF.name, _STAFF.language, _STAFF.email, _STAFF.notices_urn, _STAFF.notices_channel,
        _STAFF.password_hash.is_not(None).label("has_password"),
    )  # fmt: skip
    return (await conn.execute(select(*columns).where(_STAFF.id == staff_id))).one()


async def add_invited(conn: AsyncConnection, newcomer: Invited, *, now: datetime) -> int:
    """An account that opens when its invitation is accepted; its id. Conflict, or Invalid for a taken e-mail."""
    if await staff.find_by_login(conn, newcomer.login):
        raise Conflict(f"the login {newcomer.login} is taken")
    await _free(conn, newcomer.email)
    staff_id = new_id()
    await conn.execute(
        insert(t.staff).values(
            id=staff_id, login=newcomer.login, name=newcomer.login, role=newcomer.role, agency=newcomer.agency,
            email=newcomer.email, active=False, on_duty=True, created_at=now,
        )
    )  # fmt: skip
    return staff_id


async def _free(conn: AsyncConnection, email: str | None, *, but: int = 0) -> None:
    query = select(_STAFF.id).where(_STAFF.email == email, _STAFF.id != but)
    if email is not None and (await conn.execute(query)).first():
        raise Invalid("email", "somebody else has this e-mail address")


async def invite(
    conn: AsyncConnection, staff_id: int, *, token_hash: str, by: int, now: datetime, expires_at: datetime
) -> None:
    """A link for the account, in place of one it had."""
    await conn.execute(delete(t.invitation).where(_INVITATION.staff_id == staff_id))
    await conn.execute(
        insert(t.invitation).values(
            token_hash=token_hash, staff_id=staff_id, invited_by=by, created_at=now, expires_at=expires_at
        )
    )


async def invitation(conn: AsyncConnection, token_hash: str, *, now: datetime) -> Any | None:
    """The account that a living link opens, or None."""
    query = (
        select(_STAFF.id, _STAFF.login, _STAFF.name, _STAFF.role, _STAFF.agency)
        .join_from(t.invitation, t.staff, _STAFF.id == _INVITATION.staff_id)
        .where(_INVITATION.token_hash == token_hash, _INVITATION.expires_at > now)
    )
    return (await conn.execute(query)).one_or_none()


async def accept(
    conn: AsyncConnection, token_hash: str, *, name: str, password_hash: str, now: datetime
) -> staff.Member:
    """Set name and password by a link, which opens nothing more. NotFound when it was used or is too old."""
    used = await conn.execute(
        delete(t.invitation)
        .where(_INVITATION.token_hash == token_hash, _INVITATION.expires_at > now)
        .returning(_INVITATION.staff_id)
    )
    staff_id = used.scalar_one_or_none()
    if staff_id is None:
        raise NotFound("the invitation was used, or is too old")
    await staff.set_password(conn, staff_id, password_hash)
    await conn.execute(update(t.staff).where(_STAFF.id == staff_id).values(name=name))
    member = await staff.get(conn, staff_id)
    return await staff.set_active(conn, member.login, active=True, now=now)


async def withdraw(conn: AsyncConnection, staff_id: int) -> None:
    """The account's link opens nothing any more."""
    await conn.execute(delete(t.invitation).where(_INVITATION.staff_id == staff_id))


async def set_role(conn: AsyncConnection, staff_id: int, *, role: str, agency: str | None) -> None:
    """Another role; every session of the member ends, so that no page shows what they may no longer see."""
    await conn.execute(update(t.staff).where(_STAFF.id == staff_id).values(role=role, agency=agency))
    await logins.end_sessions(conn, staff_id)


async def set_email(conn: AsyncConnection, staff_id: int, email: str | None) -> None:
    """The address single sign-on knows them by; whoever it knew before is let go. Invalid when it is taken."""
    await _free(conn, email, but=staff_id)
    await conn.execute(update(t.staff).where(_STAFF.id == staff_id).values(email=email, sign_on_subject=None))


async def set_notices(conn: AsyncConnection, staff_id: int, *, urn: str | None, channel: str | None) -> None:
    """Where warnings reach a member besides the console; None and None: nowhere else."""
    await conn.execute(
        update(t.staff).where(_STAFF.id == staff_id).values(notices_urn=urn, notices_channel=channel)
    )  # fmt: skip


async def set_shortcuts(conn: AsyncConnection, staff_id: int, *, wanted: bool) -> None:
    """Whether single letters do something on the console's pages."""
    await conn.execute(update(t.staff).where(_STAFF.id == staff_id).values(shortcuts=wanted))


async def by_sign_on(conn: AsyncConnection, *, subject: str, login: str | None, email: str | None) -> Any | None:
    """The active member an issuer speaks of: by its own name for them, else one it has not named yet, then named.

    `login` and `email` are what the issuer vouches for; either may be None. None when nobody is found.
    """
    columns = (_STAFF.id, _STAFF.login)
    known = (await conn.execute(select(*columns).where(_STAFF.sign_on_subject == subject, _STAFF.active))).one_or_none()
    if known is not None:
        return known
    if login is None and email is None:
        return None
    vouched = _STAFF.login == login if email is None else _STAFF.email == email
    query = select(*columns).where(vouched, _STAFF.active, _STAFF.sign_on_subject.is_(None))
    row = (await conn.execute(query)).one_or_none()
    if row is not None:
        await conn.execute(update(t.staff).where(_STAFF.id == row.id).values(sign_on_subject=subject))
    return row
