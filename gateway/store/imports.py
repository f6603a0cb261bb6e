"""Cases of the past: claimed by what they are known by, so that each is written once, and written with their story."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import Query, Row, Writes, fetch, insert_rows

# The name that imports claim under, beside those of channels.
CHANNEL: Final = "import"


async def claim(conn: AsyncConnection, claimed: Mapping[str, int]) -> set[str]:
    """Claim cases by what they are known by (key -> the id the case gets); the keys that nobody had come back."""
    rows = [{"channel": CHANNEL, "provider_id": key, "message_id": case_id} for key, case_id in claimed.items()]
    fresh = await insert_rows(conn, t.claim, rows, conflict="ON CONFLICT DO NOTHING", returning="provider_id")
    return {row.provider_id for row in fresh}


async def claimed(conn: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Those of the keys that were claimed before."""
    table = t.claim.c
    query = select(table.provider_id).where(table.channel == CHANNEL, table.provider_id.in_(list(keys)))
    return {row.provider_id for row in await conn.execute(query)}


async def numbers(conn: AsyncConnection, wanted: Collection[str]) -> set[str]:
    """Those of the numbers that a case has already."""
    query = select(t.cases.c.number).where(t.cases.c.number.in_(list(wanted)))
    return {row.number for row in await conn.execute(query)}


async def pass_numbers(conn: AsyncConnection, year: int, consecutive: int) -> None:
    """Let a year's counter go on after a consecutive, if it has not come so far."""
    greatest = "max" if conn.dialect.name == "sqlite" else "greatest"
    first, second = ("?1", "?2") if conn.dialect.name == "sqlite" else ("CAST($1 AS int)", "CAST($2 AS int)")
    await fetch(
        conn,
        Query(
            f"INSERT INTO case_counter (year, next) VALUES ({first}, {second}) ON CONFLICT (year)"
            f" DO UPDATE SET next = {greatest}(case_counter.next, {second}) RETURNING next",
            (year, consecutive + 1),
            "next",
        ),
    )


async def write(conn: AsyncConnection, *, contacts: Sequence[Row], cases: Sequence[Row], events: Sequence[Row]) -> None:
    """Write cases with who they are of and their stories. Instants are microseconds."""
    writes = Writes(conn)
    writes.insert(t.contact, contacts)
    writes.insert(t.cases, cases)
    writes.insert(t.case_event, events)
    await writes.send()
