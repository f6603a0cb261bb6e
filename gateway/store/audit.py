"""The audit log: rows are added and read, never changed; the database itself refuses the rest."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros

_A = t.audit.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was seen or done. `id` orders entries by time; the other fields are the columns'."""

    id: int
    at: datetime
    actor: str
    who: str
    role: str | None
    agency: str | None
    action: str
    object: str
    detail: str
    remote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries. Every field narrows; None does not. Instants: from `since`, before `until`."""

    who: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def write(conn: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries; one that is there already, because its commit was in doubt, stays as it is."""
    rows = [asdict(entry) | {"at": micros(entry.at)} for entry in entries]
    await insert_rows(conn, t.audit, rows, conflict="ON CONFLICT (id) DO NOTHING")


async def listed(
    conn: AsyncConnection, principal: Principal, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> tuple[list[Any], int | None]:
    """A page, the latest first, and what to pass as `before` for the next one, or None.

    Who belongs to an agency reads what concerns it.
    """
    query = select(t.audit).order_by(_A.id.desc()).limit(limit + 1)
    if principal.agency is not None:
        query = query.where(_A.agency == principal.agency)
    for column, value in ((_A.who, wanted.who), (_A.action, wanted.action), (_A.object, wanted.object)):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(_A.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_A.at < wanted.until)
    if before is not None:
        query = query.where(_A.id < before)
    rows = list(await conn.execute(query))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
