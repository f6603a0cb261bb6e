"""Sessions and drafts: where each person is in a menu, kept so that any process can show the next screen."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import SessionEnd
from gateway.store import schema as t
from gateway.store.bulk import Query, Row, Writes, document, each, fetch, insert_rows
from gateway.store.schema import instant_of

Key = tuple[str, str, str]

_CHANGING = ("started_at", "seen_at", "accumulated", "state", "screen", "final", "turns")


_SESSION = "s.channel, s.session_id, s.urn, s.started_at, s.accumulated, s.state, s.screen, s.final, s.turns"


async def load(conn: AsyncConnection, keys: Iterable[Key]) -> dict[Key, Any]:
    """The sessions of (channel, session id, address), locked until the commit. `state` is a document."""
    sqlite = conn.dialect.name == "sqlite"
    wanted = sorted(set(keys))
    named = " OR ".join(["(s.channel = ? AND s.session_id = ? AND s.urn = ?)"] * len(wanted))
    order = "" if sqlite else " ORDER BY s.channel, s.session_id, s.urn FOR UPDATE"
    [rows] = await fetch(
        conn,
        Query(
            f"SELECT {_SESSION} FROM session s WHERE {named}{order}", [part for key in wanted for part in key], _SESSION
        ),
    )
    return {
        (row.channel, row.session_id, row.urn): row._replace(
            started_at=instant_of(row.started_at),
            state=_document(row.state),
        )
        for row in rows
    }


async def save(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Write sessions, new or changed."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _CHANGING)
    await insert_rows(conn, t.session, rows, conflict=f"ON CONFLICT (channel, session_id, urn) DO UPDATE SET {changes}")


async def end(conn: AsyncConnection, ended: SessionEnd, *, now: datetime) -> None:
    """The provider says a session is over."""
    table = t.session
    await conn.execute(
        update(table)
        .where(
            table.c.channel == ended.channel,
            table.c.session_id == ended.session_id,
            table.c.urn == str(ended.sender),
        )
        .values(ended="completed" if ended.completed else "dropped", seen_at=now)
    )


async def drafts(conn: AsyncConnection, urns: Iterable[str]) -> dict[str, str]:
    """The menu state each address left unfinished, as JSON text."""
    wanted = Query(
        f"SELECT d.urn, d.state FROM {each(conn)} JOIN draft d ON d.urn = e.value",
        (document(sorted(set(urns))),),
        "d.urn, d.state",
    )
    [rows] = await fetch(conn, wanted)
    return {row.urn: _document(row.state)["menu"] for row in rows}


def _document(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


async def keep_drafts(conn: AsyncConnection, kept: Sequence[Row], dropped: Sequence[str]) -> None:
    """Remember what is half written, forget what was sent or thrown away."""
    writes = Writes(conn)
    writes.insert(t.draft, kept, conflict="ON CONFLICT (urn) DO UPDATE SET state = excluded.state, at = excluded.at")
    if dropped:
        writes.add(f"DELETE FROM draft WHERE urn IN (SELECT value FROM {each(conn)})", document(sorted(dropped)))
    await writes.send()
