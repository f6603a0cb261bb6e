"""Noting that somebody is away, and that they are back: oneself, the head of the agency, or an administrator.

From its beginning on the timekeeper offers what they have to others; nothing more is given to them until they are back.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid, NotFound
from gateway.principal import Principal, Right
from gateway.store import absences as rows
from gateway.store import audit, staff
from gateway.store.absences import Absence
from gateway.store.audit import Entry
from gateway.store.staff import Member

# In characters. It is read by colleagues, so it need not say more than "vacaciones".
_REASON = (3, 200)


async def note(
    conn: AsyncConnection,
    principal: Principal,
    login: str,
    *,
    from_at: datetime,
    until_at: datetime | None,
    reason: str,
    now: datetime,
    audited: Sequence[Entry] = (),
) -> Absence:
    """Note an absence; `until_at` None: until somebody says that they are back. Instants are aware.

    NotFound, Forbidden, Invalid for times that are over or out of order, Conflict for one that overlaps another.
    Whoever calls this wakes the timekeeper after the commit.
    """
    member = await _member(conn, principal, login)
    said = reason.strip()
    if not _REASON[0] <= len(said) <= _REASON[1]:
        raise Invalid("reason", f"a reason of {_REASON[0]} to {_REASON[1]} characters is needed")
    if until_at is not None and until_at <= max(from_at, now):
        raise Invalid("until", "an absence ends after it begins, and not in the past")
    noted = await rows.add(conn, member.id, from_at=from_at, until_at=until_at, reason=said)
    await audit.write(conn, audited)
    return noted


async def end(
    conn: AsyncConnection,
    principal: Principal,
    login: str,
    absence_id: int,
    *,
    now: datetime,
    audited: Sequence[Entry] = (),
) -> None:
    """They are back, or will not go. NotFound, Forbidden."""
    member = await _member(conn, principal, login)
    await rows.end(conn, member.id, absence_id, now=now)
    await audit.write(conn, audited)


async def to_come(conn: AsyncConnection, principal: Principal, login: str, *, now: datetime) -> list[Absence]:
    """The absences of a member of staff that are not over, the next first. NotFound, Forbidden."""
    member = await _member(conn, principal, login)
    return await rows.to_come(conn, member.id, now=now)


async def _member(conn: AsyncConnection, principal: Principal, login: str) -> Member:
    """The member whose absence it is; who belongs to another agency does not exist."""
    member = await staff.find_by_login(conn, login)
    is_oneself = member is not None and member.id == principal.id
    if member is None or (principal.agency is not None and principal.agency != member.agency and not is_oneself):
        raise NotFound("there is no such member of staff that you may see")
    if not is_oneself:
        principal.need(Right.SUPERVISE)
    return member
