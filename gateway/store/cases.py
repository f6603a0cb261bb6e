"""Cases: what intake must know of them, and the queue the desk works from."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import Query, document, fetch
from gateway.store.schema import instant_of, micros
from routing.case import CaseState, KnownCase

_KNOWN = (
    "c.id, c.number, c.contact_id, c.agency, c.topic, c.state, c.received_at, c.active_at, c.ended_at, c.assignee_id,"
    " c.due_at, c.asked_at"
)


def known_to(
    conn: AsyncConnection, urns: Iterable[str], *, numbers: Sequence[str], now: datetime, window: timedelta
) -> Query:
    """The cases of the people behind these addresses that threading may ask for, newest first.

    Open ones, those ended within `window`, those whose number is among `numbers`, and always the latest.
    """
    packed = "json_each(?)" if conn.dialect.name == "sqlite" else (
        "json_array_elements_text(CAST(CAST(? AS text) AS json)) AS e(value)"
    )  # fmt: skip
    values = f"SELECT value FROM {packed}"
    lock = "" if conn.dialect.name == "sqlite" else " FOR UPDATE OF c"
    sql = (
        f"SELECT {_KNOWN} FROM address a JOIN cases c ON c.contact_id = a.contact_id WHERE a.urn IN ({values})"
        f" AND (c.state IN ('open', 'waiting') OR c.ended_at > CAST(? AS bigint) OR c.number IN ({values})"
        f" OR c.id = (SELECT max(l.id) FROM cases l WHERE l.contact_id = c.contact_id)) ORDER BY c.id DESC{lock}"
    )
    wanted = (document(sorted(set(urns))), micros(now - window), document(list(numbers)))
    return Query(sql, wanted, _KNOWN)


def by_contact(rows: Iterable[Any]) -> dict[int, list[KnownCase]]:
    """The rows of `known_to` as cases of each contact. A person of several addresses has each case once."""
    known: dict[int, dict[int, KnownCase]] = {}
    for row in rows:
        known.setdefault(row.contact_id, {}).setdefault(row.id, _known(row))
    return {contact_id: list(cases.values()) for contact_id, cases in known.items()}


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
        asked=row.asked_at is not None,
    )


async def take_numbers(conn: AsyncConnection, year: int, count: int) -> int:
    """Reserve `count` consecutive case numbers of a year; the first comes back.

    One row a year, updated once a batch: what a batch does not commit, no number is lost to.
    """
    first, second = ("?1", "?2") if conn.dialect.name == "sqlite" else ("CAST($1 AS int)", "CAST($2 AS int)")
    [[row]] = await fetch(
        conn,
        Query(
            f"INSERT INTO case_counter (year, next) VALUES ({first}, 1 + {second})"
            f" ON CONFLICT (year) DO UPDATE SET next = case_counter.next + {second} RETURNING next",
            (year, count),
            "next",
        ),
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


async def number_of(conn: AsyncConnection, case_id: int) -> str:
    """The number of a case that exists."""
    return str((await conn.execute(select(t.cases.c.number).where(t.cases.c.id == case_id))).scalar_one())
