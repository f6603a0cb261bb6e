"""What staff wrote down for somebody else: its one-time key, who it was for, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.principal import Principal
from gateway.store import messages, queue
from gateway.store import schema as t
from gateway.store.bulk import fetch, insert_rows
from gateway.store.schema import micros

# No channel has this name: keys of forms and programs share the table of what providers claim, and never meet theirs.
_CLAIMED = "transcribed:"


async def claim(conn: AsyncConnection, key: str, message_id: int) -> Any | None:
    """Claim a one-time key for a message. None when it is won; else what holds it: `message`, `raw` and case `number`.

    Of several that claim it at once, all but one wait for that one's commit.
    """
    [won] = await fetch(conn, *messages.claims(conn, [
        {"channel": _CLAIMED, "provider_id": key, "message_id": message_id}
    ]))  # fmt: skip
    if won:
        return None
    held = (
        select(t.message.c.raw, t.cases.c.number)
        .select_from(
            t.claim.join(t.message, t.message.c.id == t.claim.c.message_id).join(
                t.cases, t.cases.c.id == t.message.c.case_id
            )
        )
        .where(t.claim.c.channel == _CLAIMED, t.claim.c.provider_id == key)
    )
    return (await conn.execute(held)).one()


async def by_number(conn: AsyncConnection, principal: Principal, number: str) -> Any | None:
    """The case of that number, when the principal wrote it down or may see it; None otherwise."""
    theirs = or_(t.cases.c.transcribed_by == principal.id, queue.boundary(principal))
    found = select(t.cases).where(t.cases.c.number == number, theirs)
    return (await conn.execute(found)).one_or_none()


async def reached_on(conn: AsyncConnection, urn: str, channel: str) -> str | None:
    """The address, on a channel, of whoever has this other address: the one last used; or None."""
    known, other = t.address.alias("known"), t.address.alias("other")
    query = (
        select(other.c.urn)
        .select_from(known.join(other, other.c.contact_id == known.c.contact_id))
        .where(known.c.urn == urn, other.c.channel == channel, other.c.answerable)
        .order_by(other.c.last_inbound_at.desc().nulls_last(), other.c.urn)
        .limit(1)
    )
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def person(
    conn: AsyncConnection, *, urn: str | None, channel: str, name: str | None, language: str, now: datetime
) -> int:
    """The contact behind an address, who gets the name if they had none; or a new one."""
    contact_id = new_id()
    await conn.execute(insert(t.contact).values(id=contact_id, name=name, language=language, created_at=now))
    if urn is None:
        return contact_id
    row = {
        "urn": urn, "contact_id": contact_id, "channel": channel, "answerable": True, "created_at": micros(now),
        "recent_count": 0,
    }  # fmt: skip
    await insert_rows(conn, t.address, [row], conflict="ON CONFLICT (urn) DO NOTHING")
    owner = int((await conn.execute(select(t.address.c.contact_id).where(t.address.c.urn == urn))).scalar_one())
    if owner == contact_id:
        return contact_id
    # Somebody has that address, or wrote from it in this very moment.
    await conn.execute(delete(t.contact).where(t.contact.c.id == contact_id))
    if name is not None:
        nameless = t.contact.c.id == owner, t.contact.c.name.is_(None)
        await conn.execute(update(t.contact).where(*nameless).values(name=name))
    return owner
