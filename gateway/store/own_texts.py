"""Citizens' texts that agencies word in their own way."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros

_T = t.agency_text.c


async def every(conn: AsyncConnection) -> dict[tuple[str, str, str], str]:
    """All of them, by agency, language and name: a few for each agency, at most."""
    rows = await conn.execute(select(_T.agency, _T.language, _T.name, _T.text))
    return {(row.agency, row.language, row.name): row.text for row in rows}


async def of_agency(conn: AsyncConnection, agency: str) -> dict[tuple[str, str], Any]:
    """An agency's own, by language and name: text, updated_at, and the name of who wrote it last as `author`."""
    query = (
        select(_T.language, _T.name, _T.text, _T.updated_at, t.staff.c.name.label("author"))
        .select_from(t.agency_text.outerjoin(t.staff, t.staff.c.id == _T.updated_by))
        .where(_T.agency == agency)
    )
    return {(row.language, row.name): row for row in await conn.execute(query)}


async def put(
    conn: AsyncConnection, *, agency: str, language: str, name: str, text: str, by: int, now: datetime
) -> None:
    """Keep an agency's own wording of a text."""
    row = {
        "agency": agency, "language": language, "name": name, "text": text, "updated_by": by,
        "updated_at": micros(now),
    }  # fmt: skip
    changed = "text = excluded.text, updated_by = excluded.updated_by, updated_at = excluded.updated_at"
    await insert_rows(
        conn, t.agency_text, [row], conflict=f"ON CONFLICT (agency, language, name) DO UPDATE SET {changed}"
    )


async def drop(conn: AsyncConnection, *, agency: str, language: str, name: str) -> bool:
    """Let the deployment's own text hold again; False when it held already."""
    gone = await conn.execute(
        delete(t.agency_text).where(_T.agency == agency, _T.language == language, _T.name == name)
    )
    return bool(gone.rowcount)
