"""Messages: the claim that makes them ours exactly once, and what a batch writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import InboundMessage
from gateway.store import schema as t
from gateway.store.bulk import Query, Row, inserts


def claims(conn: AsyncConnection, rows: Sequence[Row]) -> list[Query]:
    """Claim (channel, provider_id) for each message id; the ids that won come back. The others are repeats."""
    # One order for everybody, or two processes could wait for each other's claims.
    ordered = sorted(rows, key=lambda row: (row["channel"], row["provider_id"]))
    statements = inserts(conn, t.claim, ordered, conflict="ON CONFLICT DO NOTHING", returning="message_id")
    return [Query(sql, values, "message_id") for sql, values in statements]


async def claimed(conn: AsyncConnection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The message id that holds each (channel, provider_id)."""
    rows = await conn.execute(
        select(t.claim).where(tuple_(t.claim.c.channel, t.claim.c.provider_id).in_(list(keys))),
    )
    return {(row.channel, row.provider_id): row.message_id for row in rows}


@dataclass(slots=True)
class Sibling:
    """A message that another one belongs to: the first of an album, the original of an edit."""

    id: int
    case_id: int | None
    parts: int

    def next_position(self, count: int) -> int:
        """The position of the next `count` attachments."""
        first, self.parts = self.parts, self.parts + count
        return first


@dataclass(slots=True)
class Siblings:
    """The stored messages that the albums and edits of a batch speak of, and the albums that begin in it."""

    albums: dict[tuple[str, str], Sibling] = field(default_factory=dict)
    originals: dict[tuple[str, str], Sibling] = field(default_factory=dict)

    def of(self, message: InboundMessage) -> Sibling | None:
        """What the message belongs to, when it does not stand alone."""
        if message.version_of:
            return self.originals.get((message.channel, message.version_of))
        return self.albums.get((message.channel, message.group)) if message.group else None

    def remember(self, message: InboundMessage, message_id: int, case_id: int | None) -> None:
        """What comes later in the batch may belong to this message: an album's other parts, an edit."""
        key = message.raw.get("message_key")
        if not message.group and not key:
            return
        sibling = Sibling(message_id, case_id, len(message.attachments))
        if message.group:
            self.albums[message.channel, message.group] = sibling
        if key:
            self.originals[message.channel, key] = sibling


async def siblings(conn: AsyncConnection, batch: Sequence[InboundMessage]) -> Siblings:
    """Look up what the edits and albums of a batch belong to; no statement when there are none."""
    found = Siblings()
    albums = {(m.channel, m.group) for m in batch if m.group}
    keys = {(m.channel, m.version_of) for m in batch if m.version_of}
    if not albums and not keys:
        return found
    table = t.message
    parts = select(func.count()).where(t.attachment.c.message_id == table.c.id).scalar_subquery()
    rows = await conn.execute(
        select(table.c.id, table.c.case_id, table.c.channel, table.c.album, table.c.message_key, parts.label("parts"))
        .where(
            or_(
                tuple_(table.c.channel, table.c.album).in_(list(albums)),
                tuple_(table.c.channel, table.c.message_key).in_(list(keys)),
            ),
            table.c.version_of.is_(None),
        )
        .order_by(table.c.id.desc())
    )
    # Newest first, so that the album's first message is what remains in the mapping.
    for row in rows:
        sibling = Sibling(row.id, row.case_id, row.parts)
        if row.album:
            found.albums[row.channel, row.album] = sibling
        if row.message_key:
            found.originals[row.channel, row.message_key] = sibling
    return found
