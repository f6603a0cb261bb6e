"""People and where they can be reached: one contact, many addresses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Address, InboundMessage
from gateway.clock import new_id, new_ids
from gateway.store import schema as t
from gateway.store.bulk import Query, document, each, inserts
from gateway.store.schema import MICROSECOND, micros

# Phones are the identity the others join: a Telegram user who shares a number becomes the person we know by it.
_ELDERS = ("tel", "whatsapp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wrote, as the batch sees them.

    `recent` counts their messages in the flood window, this batch included; `joined` names the contacts that turned
    out, with this message, to be the same person.
    """

    contact_id: int
    language: str
    name: str | None
    opted_out: bool
    recent: int
    wants_new: bool
    joined: tuple[int, ...] = ()


_SEEN = "a.urn, a.contact_id, c.language, c.name, c.wants_new_until"


def seen(conn: AsyncConnection, messages: Sequence[InboundMessage]) -> Query:
    """The contacts behind the addresses of these messages, as far as they are known."""
    urns = {str(a) for message in messages for a in (message.sender, *message.also)}
    return Query(
        f"SELECT {_SEEN} FROM {each(conn)} JOIN address a ON a.urn = e.value JOIN contact c ON c.id = a.contact_id",
        (document(sorted(urns)),),
        _SEEN,
    )


@dataclass(slots=True)
class Meeting:
    """Who wrote, before and after their addresses are written."""

    messages: Sequence[InboundMessage]
    known: Mapping[str, Any]
    language: Callable[[str | None], str]
    now: datetime
    joined: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def people(self, states: Sequence[Any]) -> dict[str, Person]:
        """The person behind each sender's address; `states` are the rows the addresses' upsert gave back."""
        by_urn = {row.urn: row for row in states}
        return {
            urn: self._person(message, urn, by_urn[urn])
            for urn, message in {str(message.sender): message for message in self.messages}.items()
        }

    async def reunite(self, conn: AsyncConnection, states: Sequence[Any]) -> list[Any]:
        """The states again, with those joined whom another process wrote down between our reading and our writing."""
        stays: dict[int, int] = {}
        owners = {row.urn: row.contact_id for row in states}
        for message in self.messages:
            circle = [str(a) for a in sorted((message.sender, *message.also), key=_eldest)]
            first, *others = dict.fromkeys(stays.get(owners[urn], owners[urn]) for urn in circle)
            if others:
                stays = {other: first if kept in others else kept for other, kept in stays.items()}
                stays |= dict.fromkeys(others, first)
                self.joined[str(message.sender)] = tuple(others)
                await _join(conn, first, others)
        return [row._replace(contact_id=stays.get(row.contact_id, row.contact_id)) for row in states]

    def parted(self, states: Sequence[Any]) -> bool:
        """Whether the addresses of a message turned out to belong to several contacts."""
        owners = {row.urn: row.contact_id for row in states}
        return any(
            message.also and len({owners[str(a)] for a in (message.sender, *message.also)}) > 1
            for message in self.messages
        )

    def _person(self, message: InboundMessage, urn: str, state: Any) -> Person:
        known = self.known.get(urn)
        return Person(
            contact_id=state.contact_id,
            language=known.language if known else self.language(message.language),
            name=known.name if known else message.sender_name,
            opted_out=state.opted_out_at is not None,
            recent=state.recent_count,
            wants_new=bool(known and known.wants_new_until and known.wants_new_until > micros(self.now)),
            joined=self.joined.get(urn, ()),
        )


async def meet(
    conn: AsyncConnection,
    messages: Sequence[InboundMessage],
    rows: Sequence[Any],
    *,
    now: datetime,
    window: timedelta,
    language: Callable[[str | None], str],
) -> tuple[Meeting, list[Query]]:
    """Who is behind each sender, and the statements that write down strangers and lock every address.

    `rows` are those of `seen`. The lock (the upsert's, on a row) is what keeps two processes from opening two cases for
    one conversation. `language` is the deployment's language nearest to what a provider says of a stranger.
    """
    meeting = Meeting(messages, {row.urn: row for row in rows}, language, now)
    owners = {urn: int(row.contact_id) for urn, row in meeting.known.items()}
    strangers: dict[int, InboundMessage] = {}
    for message, new in zip(messages, new_ids(len(messages)), strict=True):
        others = _claim_circle(message, owners, strangers, new)
        if others:
            meeting.joined[str(message.sender)] = others
            await _join(conn, owners[str(message.sender)], others)
    at = micros(now)
    rows_of_strangers = [_contact_row(i, m, language, at) for i, m in strangers.items()]
    written = [Query(sql, values, "") for sql, values in inserts(conn, t.contact, rows_of_strangers)]
    return meeting, written + _upsert(conn, _address_rows(messages, owners, now), window=window)


def _claim_circle(
    message: InboundMessage, owners: dict[str, int], strangers: dict[int, InboundMessage], new: int
) -> tuple[int, ...]:
    """Give every address of a message one owner, `new` if need be; the owners to be joined to it come back."""
    if not message.also:
        if owners.setdefault(str(message.sender), new) == new:
            strangers[new] = message
        return ()
    circle = [message.sender, *message.also]
    known = list(dict.fromkeys(owners[str(a)] for a in sorted(circle, key=_eldest) if str(a) in owners))
    owner = known[0] if known else new
    if not known:
        strangers[owner] = message
    for urn, other in owners.items():
        if other in known[1:]:
            owners[urn] = owner
    owners.update({str(a): owner for a in circle})
    return tuple(other for other in known[1:] if strangers.pop(other, None) is None)


def _eldest(address: Address) -> bool:
    return address.scheme not in _ELDERS


def _contact_row(
    contact_id: int, message: InboundMessage, language: Callable[[str | None], str], at: int
) -> dict[str, Any]:
    return {
        "id": contact_id,
        "name": message.sender_name,
        "language": language(message.language),
        "created_at": at,
    }


def _address_rows(messages: Sequence[InboundMessage], owners: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    at = micros(now)
    for message in messages:
        for a in (message.sender, *message.also):
            urn = str(a)
            row = rows.setdefault(
                urn,
                {
                    "urn": urn,
                    "contact_id": owners[urn],
                    "channel": message.channel,
                    "answerable": message.answerable,
                    "created_at": at,
                    "last_inbound_at": None,
                    "recent_since": at,
                    "recent_count": 0,
                },
            )
            if a is message.sender:
                row["recent_count"] += 1
                row["last_inbound_at"] = at
    # One order for everybody, or two processes could wait for each other's rows.
    return [rows[urn] for urn in sorted(rows)]


# What the upsert gives back, which `Meeting.people` reads.
STATE = "urn, contact_id, opted_out_at, recent_count"


def _upsert(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]], *, window: timedelta) -> list[Query]:
    # Constant in the text, so that the statement is prepared once.
    lapsed = f"COALESCE(address.recent_since, 0) < excluded.recent_since - {window // MICROSECOND:d}"
    statements = inserts(
        conn,
        t.address,
        rows,
        conflict="ON CONFLICT (urn) DO UPDATE SET"
        " last_inbound_at = COALESCE(excluded.last_inbound_at, address.last_inbound_at),"
        f" recent_count = CASE WHEN {lapsed} THEN excluded.recent_count"
        " ELSE address.recent_count + excluded.recent_count END,"
        f" recent_since = CASE WHEN {lapsed} THEN excluded.recent_since ELSE address.recent_since END",
        returning=STATE,
    )
    return [Query(sql, values, STATE) for sql, values in statements]


async def _join(conn: AsyncConnection, stays: int, others: Sequence[int]) -> None:
    """Make `others` the same person as `stays`: addresses, cases and messages move, the old rows point on."""
    for table in (t.address, t.cases, t.message):
        await conn.execute(update(table).where(table.c.contact_id.in_(others)).values(contact_id=stays))
    await conn.execute(update(t.contact).where(t.contact.c.id.in_(others)).values(merged_into=stays))


async def set_language(conn: AsyncConnection, contact_id: int, language: str) -> None:
    """Remember the language a person chose."""
    await conn.execute(update(t.contact).where(t.contact.c.id == contact_id).values(language=language))


async def expect_new(conn: AsyncConnection, contact_id: int, until: datetime | None) -> None:
    """The person's next message starts a new case, until then; None: no longer."""
    await conn.execute(update(t.contact).where(t.contact.c.id == contact_id).values(wants_new_until=until))


async def set_opted_out(conn: AsyncConnection, urn: str, *, opted_out: bool, source: str, now: datetime) -> bool:
    """Write the opt-out ledger and the address's present state. False when it already stood so."""
    current = (await conn.execute(select(t.address.c.opted_out_at).where(t.address.c.urn == urn))).one_or_none()
    if current is not None and (current.opted_out_at is not None) == opted_out:
        return False
    await conn.execute(
        insert(t.opt_out).values(id=new_id(), urn=urn, at=now, opted_out=opted_out, source=source),
    )
    await conn.execute(update(t.address).where(t.address.c.urn == urn).values(opted_out_at=now if opted_out else None))
    return True


async def owner_of(conn: AsyncConnection, urn: str) -> int | None:
    """The contact an address belongs to, or None when it never wrote."""
    found: int | None = (
        await conn.execute(select(t.address.c.contact_id).where(t.address.c.urn == urn))
    ).scalar_one_or_none()
    return found
