"""Attachments: which are still at the provider, and where the others are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import NotFound
from gateway.principal import Principal
from gateway.store import schema as t
from gateway.store.queue import boundary

_AT_ONCE = 8


async def any_due(conn: AsyncConnection, *, now: datetime) -> bool:
    """Whether a file waits to be fetched."""
    table = t.attachment
    query = select(table.c.id).where(table.c.state == "pending", table.c.next_try_at <= now).limit(1)
    return (await conn.execute(query)).first() is not None


async def take_due(conn: AsyncConnection, *, now: datetime, again: datetime) -> list[Any]:
    """A handful of files to fetch now; they are not given out again before `again`."""
    table = t.attachment
    due = (
        select(table.c.id)
        .where(table.c.state == "pending", table.c.next_try_at <= now)
        .order_by(table.c.next_try_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        # A common table, because PostgreSQL may run a plain subquery with LIMIT again for each row.
        .cte("due")
    )
    taken = await conn.execute(
        update(table)
        .where(table.c.id.in_(select(due.c.id)))
        .values(next_try_at=again, tries=table.c.tries + 1)
        .returning(table.c.id)
    )
    ids = [row.id for row in taken]
    rows = await conn.execute(
        select(table, t.message.c.channel)
        .join_from(table, t.message, t.message.c.id == table.c.message_id)
        .where(table.c.id.in_(ids))
    )
    return list(rows)


async def change(conn: AsyncConnection, attachment_id: int, **values: Any) -> None:
    """Write what became of a file."""
    await conn.execute(update(t.attachment).where(t.attachment.c.id == attachment_id).values(**values))


async def of_messages(conn: AsyncConnection, message_ids: list[int]) -> dict[int, list[Any]]:
    """The files of each message, in their order."""
    table = t.attachment
    rows = await conn.execute(
        select(table).where(table.c.message_id.in_(message_ids)).order_by(table.c.message_id, table.c.position)
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.message_id, []).append(row)
    return found


async def get(conn: AsyncConnection, attachment_id: int) -> Any | None:
    """A file with the case it belongs to, or None."""
    table = t.attachment
    query = (
        select(table, t.message.c.case_id, t.cases.c.agency, t.message.c.urn)
        .select_from(
            table.join(t.message, t.message.c.id == table.c.message_id).outerjoin(
                t.cases, t.cases.c.id == t.message.c.case_id
            )
        )
        .where(table.c.id == attachment_id)
    )
    return (await conn.execute(query)).one_or_none()


async def readable(conn: AsyncConnection, principal: Principal, attachment_id: int) -> Any:
    """A stored file of a case the principal may see, with the case's number and agency. NotFound otherwise."""
    table = t.attachment
    query = (
        select(table, t.cases.c.number, t.cases.c.agency)
        .select_from(
            table.join(t.message, t.message.c.id == table.c.message_id).join(
                t.cases, t.cases.c.id == t.message.c.case_id
            )
        )
        .where(table.c.id == attachment_id, table.c.state == "stored", boundary(principal))
    )
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound("there is no such file that you may see")
    return row


async def sender_to_tell(conn: AsyncConnection, row: Any) -> Any | None:
    """Who sent the file `row` (case_id, contact_id, urn, language), unless another file of that message was refused."""
    message, table = t.message, t.attachment
    # Two files of one message may be refused at the same time: the second looks when the first has been written.
    await conn.execute(select(message.c.id).where(message.c.id == row.message_id).with_for_update())
    others = select(table.c.id).where(
        table.c.message_id == row.message_id, table.c.id != row.id, table.c.state == "refused"
    )
    if (await conn.execute(others.limit(1))).first() is not None:
        return None
    query = (
        select(message.c.case_id, message.c.contact_id, message.c.urn, t.contact.c.language)
        .join_from(message, t.contact, t.contact.c.id == message.c.contact_id)
        .where(message.c.id == row.message_id)
    )
    return (await conn.execute(query)).one_or_none()
