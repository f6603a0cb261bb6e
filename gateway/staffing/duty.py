"""Who is on duty and how much they may carry: said by whoever supervises their agency."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid, NotFound
from gateway.principal import Principal, Right
from gateway.staffing import assigning
from gateway.store import audit, staff, team
from gateway.store.audit import Entry
from gateway.store.staff import Member
from gateway.timekeeping import notices
from routing.catalog import Catalog

# Nobody answers more at a time; open cases.
MOST: Final = 500


async def set_on_duty(
    conn: AsyncConnection,
    catalog: Catalog,
    principal: Principal,
    login: str,
    *,
    on_duty: bool,
    now: datetime,
    audited: Sequence[Entry] = (),
) -> Member:
    """Give somebody cases from now on, or give them none. What they have stays theirs. NotFound, Forbidden.

    At an agency that gives its cases out, who comes on duty is given what waits, as far as there is room.
    """
    member = await supervised(conn, principal, login)
    await team.set_on_duty(conn, member.id, on_duty=on_duty)
    if on_duty and member.agency is not None:
        given = await assigning.give_waiting(conn, catalog, member.agency, now=now)
        await notices.keep(conn, catalog, given, now=now)
    await audit.write(conn, audited)
    return await staff.get(conn, member.id)


async def set_capacity(
    conn: AsyncConnection, principal: Principal, login: str, capacity: int | None, *, audited: Sequence[Entry] = ()
) -> None:
    """How many open cases somebody may be given; None: as many as their agency says. NotFound, Forbidden, Invalid."""
    member = await supervised(conn, principal, login)
    if capacity is not None and not 1 <= capacity <= MOST:
        raise Invalid("capacity", f"somebody may be given 1 to {MOST} open cases")
    await team.set_capacity(conn, member.id, capacity)
    await audit.write(conn, audited)


async def supervised(conn: AsyncConnection, principal: Principal, login: str) -> Member:
    """Somebody whom the principal supervises. Forbidden without the right; who is elsewhere does not exist."""
    principal.need(Right.SUPERVISE)
    member = await staff.find_by_login(conn, login)
    if member is None or principal.agency not in (None, member.agency):
        raise NotFound("there is no such member of staff that you may see")
    return member
