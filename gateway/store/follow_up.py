"""What the holder of one address may see of what was said with it: their own words and what they were answered."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import attachments, contacts
from gateway.store import schema as t

# Far more than a person reads; a page is never longer. Messages.
_MOST = 500


@dataclass(slots=True)
class Followed:
    """A case (None for what belongs to none) with its messages, the oldest first, and the files of each message."""

    case: Any | None
    messages: list[Any] = field(default_factory=list)
    files: dict[int, list[Any]] = field(default_factory=dict)


def stored(text: str) -> str:
    """A text as the tables hold it."""
    return t.storable(text)


async def text_of(conn: AsyncConnection, message_id: int) -> str | None:
    """What a message says, or None when there is none."""
    query = select(t.message.c.text).where(t.message.c.id == message_id)
    found: str | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def case(conn: AsyncConnection, case_id: int) -> Any:
    """A case by its id."""
    return (await conn.execute(select(t.cases).where(t.cases.c.id == case_id))).one()


async def of_address(conn: AsyncConnection, urn: str) -> list[Followed] | None:
    """Everything said from and to an address, by case, the latest case first. None when nobody ever wrote from it."""
    contact_id = await contacts.owner_of(conn, urn)
    if contact_id is None:
        return None
    messages = list(await conn.execute(_said(contact_id, urn)))[::-1]
    cases = await conn.execute(select(t.cases).where(t.cases.c.id.in_({m.case_id for m in messages if m.case_id})))
    found: dict[int | None, Followed] = {row.id: Followed(row) for row in cases}
    files = await attachments.of_messages(conn, [m.id for m in messages if m.direction == "in"])
    for message in messages:
        followed = found.setdefault(message.case_id, Followed(None))
        followed.messages.append(message)
        if message.id in files:
            followed.files[message.id] = files[message.id]
    return sorted(found.values(), key=lambda each: each.case.id if each.case else 0, reverse=True)


def _said(contact_id: int, urn: str) -> Any:
    table, outbox = t.message, t.outbox.c
    # An answer that was taken back, or still can be, has not been said.
    held = exists().where(
        outbox.message_id == table.c.id,
        outbox.state == "pending",
        outbox.tries == 0,
        outbox.next_at > outbox.created_at,
    )
    said = and_(table.c.kind != "undone", ~and_(table.c.kind == "answer", held))
    return (
        select(table)
        .where(and_(table.c.contact_id == contact_id, table.c.urn == urn, table.c.direction.in_(["in", "out"]), said))
        .order_by(table.c.id.desc())
        .limit(_MOST)
    )
