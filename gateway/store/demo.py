"""What a made-up past must know of the rows it has written, in short statements: it asks ten thousand times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t
from gateway.store.bulk import Query, Writes, document, each, fetch
from gateway.store.schema import instant_of, micros

_CASE = (
    "id, agency, state, assignee_id, term_class, due_at, received_at, suspended_at, asked_at, reply_urn,"
    " failed_delivery, duplicate_of, outcome"
)
_WAITING = "m.id, m.channel, m.urn"


async def case(conn: AsyncConnection, number: str) -> Any:
    """A case that exists, as far as those who act in it look. `due_at` and `received_at` are aware instants."""
    [[row]] = await fetch(conn, Query(f"SELECT {_CASE} FROM cases WHERE number = ?", (number,), _CASE))
    return row._replace(due_at=instant_of(row.due_at), received_at=instant_of(row.received_at))


async def latest_of(conn: AsyncConnection, urn: str) -> str | None:
    """The number of the latest case of whoever has that address."""
    query = (
        "SELECT c.number FROM cases c JOIN address a ON a.contact_id = c.contact_id WHERE a.urn = ?"
        " ORDER BY c.id DESC LIMIT 1"
    )
    [found] = await fetch(conn, Query(query, (urn,), "number"))
    return str(found[0].number) if found else None


async def lost_answers(conn: AsyncConnection, case_id: int) -> list[int]:
    """The answers of a case that did not arrive."""
    query = "SELECT id FROM message WHERE case_id = ? AND kind = 'answer' AND status = 'failed' ORDER BY id"
    [found] = await fetch(conn, Query(query, (case_id,), "id"))
    return [row.id for row in found]


async def take_waiting(conn: AsyncConnection, *, now: datetime, until: datetime) -> Sequence[Any]:
    """Lease everything that waits in the outbox on any channel, and write an attempt each; id, channel, urn of each."""
    sql = (
        f"SELECT {_WAITING} FROM outbox o JOIN message m ON m.id = o.message_id WHERE o.state = 'pending' ORDER BY m.id"
    )
    [waiting] = await fetch(conn, Query(sql, (), _WAITING))
    if waiting:
        writes = Writes(conn)
        at = micros(now)
        writes.insert(t.attempt, [{"id": new_id(), "message_id": row.id, "at": at} for row in waiting])
        leased = f"SELECT CAST(e.value AS bigint) FROM {each(conn)}"
        writes.add(
            "UPDATE outbox SET state = 'leased', lease_until = CAST(? AS bigint), tries = tries + 1"
            f" WHERE message_id IN ({leased})",
            micros(until),
            document([str(row.id) for row in waiting]),
        )
        await writes.send()
    return waiting


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """How many rows of each kind there are."""
    kinds = {
        "cases": t.cases, "events": t.case_event, "messages": t.message, "people": t.contact, "addresses": t.address,
        "attachments": t.attachment, "staff": t.staff, "absences": t.absence, "unread requests": t.exchange,
    }  # fmt: skip
    query = select(*(select(func.count()).select_from(table).scalar_subquery() for table in kinds.values()))
    return dict(zip(kinds, map(int, (await conn.execute(query)).one()), strict=True))


async def open_cases(conn: AsyncConnection) -> list[int]:
    """The ids of all cases that are not ended, in order."""
    query = select(t.cases.c.id).where(t.cases.c.state.in_(("open", "waiting"))).order_by(t.cases.c.id)
    return list((await conn.execute(query)).scalars())


async def a_login_each(conn: AsyncConnection, agency: str) -> dict[str, str]:
    """By role, the first login of an agency."""
    query = select(t.staff.c.login, t.staff.c.role).where(t.staff.c.agency == agency).order_by(t.staff.c.id.desc())
    return {row.role: row.login for row in await conn.execute(query)}
