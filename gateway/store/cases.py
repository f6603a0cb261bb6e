"""Cases: what intake must know of them, and the queue the desk works from."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import document, fetch
from gateway.store.schema import instant_of, micros
from routing.case import CaseState, KnownCase

_KNOWN = (
    "c.id, c.number, c.contact_id, c.agency, c.topic, c.state, c.received_at, c.active_at, c.ended_at, c.assignee_id,"
    " c.due_at"
)


async def known_to(
    conn: AsyncConnection, contacts: Iterable[int], *, numbers: Sequence[str], now: datetime, window: timedelta
) -> dict[int, list[KnownCase]]:
    """The cases of each contact that threading may ask for, newest first.

    Open ones, those ended within `window`, those whose number is among `numbers`, and always the latest.
    """
    wanted = {"contacts": sorted(set(contacts)), "numbers": list(numbers)}
    if not wanted["contacts"]:
        return {}
    values = (document(wanted), micros(now - window))
    rows = await fetch(conn, _known_sql(conn.dialect.name), values, columns=_KNOWN)
    known: dict[int, list[KnownCase]] = {}
    for row in rows:
        known.setdefault(row.contact_id, []).append(_known(row))
    return known


def _known_sql(dialect: str) -> str:
    if dialect == "sqlite":
        ids, numbers, horizon = "SELECT value FROM json_each(?1, '$.contacts')", "json_each(?1, '$.numbers')", "?2"
        numbers = f"SELECT value FROM {numbers}"
    else:
        packed = "CAST(CAST($1 AS text) AS json)"
        ids = f"SELECT CAST(value AS bigint) FROM json_array_elements_text({packed}->'contacts')"
        numbers = f"SELECT value FROM json_array_elements_text({packed}->'numbers')"
        horizon = "CAST($2 AS bigint)"
    return (
        f"SELECT {_KNOWN} FROM cases c WHERE c.contact_id IN ({ids}) AND (c.state IN ('open', 'waiting')"
        f" OR c.ended_at > {horizon} OR c.number IN ({numbers})"
        " OR c.id = (SELECT max(l.id) FROM cases l WHERE l.contact_id = c.contact_id)) ORDER BY c.id DESC"
    )


def _known(row: Any) -> KnownCase:
    return KnownCase(
        id=row.id,
        number=row.number,
        agency=row.agency,
        topic=row.topic,
        state=CaseState(row.state),
        received_at=instant_of(row.received_at),
        active_at=instant_of(row.active_at),
        ended_at=None if row.ended_at is None else instant_of(row.ended_at),
        assignee_id=row.assignee_id,
        due_at=instant_of(row.due_at),
    )


async def take_numbers(conn: AsyncConnection, year: int, count: int) -> int:
    """Reserve `count` consecutive case numbers of a year; the first comes back.

    One row a year, updated once a batch: what a batch does not commit, no number is lost to.
    """
    first, second = ("?1", "?2") if conn.dialect.name == "sqlite" else ("CAST($1 AS int)", "CAST($2 AS int)")
    [row] = await fetch(
        conn,
        f"INSERT INTO case_counter (year, next) VALUES ({first}, 1 + {second})"
        f" ON CONFLICT (year) DO UPDATE SET next = case_counter.next + {second} RETURNING next",
        (year, count),
        columns="next",
    )
    return int(row.next) - count


async def of_messages(conn: AsyncConnection, message_ids: Iterable[int]) -> dict[int, Any]:
    """The sender's urn of each message, and its case (id, number, agency, due_at) when it has one."""
    rows = await conn.execute(
        select(
            t.message.c.id.label("message_id"),
            t.message.c.urn,
            t.cases.c.id,
            t.cases.c.number,
            t.cases.c.agency,
            t.cases.c.due_at,
        )
        .select_from(t.message.outerjoin(t.cases, t.cases.c.id == t.message.c.case_id))
        .where(t.message.c.id.in_(list(message_ids)))
    )
    return {row.message_id: row for row in rows}


async def touch(conn: AsyncConnection, case_id: int, **values: Any) -> None:
    """Change a case's projection; its version counts up, so that a screen can tell it is stale."""
    await conn.execute(update(t.cases).where(t.cases.c.id == case_id).values(version=t.cases.c.version + 1, **values))
