"""Second factors: what is kept of them, and that nothing opens a door twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t

_FACTOR = t.second_factor.c
_CODE = t.recovery_code.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A member's second factor. `secret` is encrypted; `confirmed_at` None: nobody has shown that they hold it."""

    secret: str
    confirmed_at: datetime | None


async def get(conn: AsyncConnection, staff_id: int) -> Factor | None:
    """The member's factor, confirmed or not, or None."""
    row = (await conn.execute(select(t.second_factor).where(_FACTOR.staff_id == staff_id))).one_or_none()
    return None if row is None else Factor(secret=row.secret, confirmed_at=row.confirmed_at)


async def begin(conn: AsyncConnection, staff_id: int, secret: str) -> bool:
    """Keep a secret that waits to be confirmed, in place of one that waited; False when one is confirmed already."""
    mine = _FACTOR.staff_id == staff_id
    await conn.execute(delete(t.second_factor).where(mine, _FACTOR.confirmed_at.is_(None)))
    if await get(conn, staff_id) is not None:
        return False
    await conn.execute(insert(t.second_factor).values(staff_id=staff_id, secret=secret, last_step=0))
    return True


async def confirm(conn: AsyncConnection, staff_id: int, *, step: int, now: datetime) -> bool:
    """The member has shown a code of the waiting secret; False when none waits."""
    done = await conn.execute(
        update(t.second_factor)
        .where(_FACTOR.staff_id == staff_id, _FACTOR.confirmed_at.is_(None))
        .values(confirmed_at=now, last_step=step)
    )
    return done.rowcount == 1


async def spend_step(conn: AsyncConnection, staff_id: int, step: int) -> bool:
    """Take the code of a time step; False when it, or a later one, was taken before."""
    done = await conn.execute(
        update(t.second_factor)
        .where(_FACTOR.staff_id == staff_id, _FACTOR.confirmed_at.is_not(None), _FACTOR.last_step < step)
        .values(last_step=step)
    )
    return done.rowcount == 1


async def spend_recovery(conn: AsyncConnection, staff_id: int, code_hash: str, *, now: datetime) -> bool:
    """Take a recovery code; False when it is none of theirs or was taken before."""
    done = await conn.execute(
        update(t.recovery_code)
        .where(_CODE.code_hash == code_hash, _CODE.staff_id == staff_id, _CODE.used_at.is_(None))
        .values(used_at=now)
    )
    return done.rowcount == 1


async def replace_recovery(conn: AsyncConnection, staff_id: int, code_hashes: Sequence[str]) -> None:
    """These recovery codes, and no others."""
    await conn.execute(delete(t.recovery_code).where(_CODE.staff_id == staff_id))
    await conn.execute(insert(t.recovery_code), [{"code_hash": each, "staff_id": staff_id} for each in code_hashes])


async def recovery_left(conn: AsyncConnection, staff_id: int) -> int:
    """How many recovery codes are unused."""
    query = select(func.count()).where(_CODE.staff_id == staff_id, _CODE.used_at.is_(None))
    return int((await conn.execute(query)).scalar_one())


async def remove(conn: AsyncConnection, staff_id: int) -> bool:
    """No second factor any more, and no recovery codes; False when there was none."""
    await conn.execute(delete(t.recovery_code).where(_CODE.staff_id == staff_id))
    gone = await conn.execute(delete(t.second_factor).where(_FACTOR.staff_id == staff_id))
    return gone.rowcount == 1
