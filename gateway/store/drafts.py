"""What somebody has begun to write in a case. Only they read it, and only while they may see the case."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import schema as t

ANSWER: Final = "answer"
NOTE: Final = "note"
# What may be begun.
KINDS: Final = (ANSWER, NOTE)
# An answer that was given, until it can no longer be taken back.
_GIVEN: Final = "given"
_D = t.reply_draft.c


@dataclass(frozen=True, slots=True)
class Draft:
    """What was begun, and when it was kept."""

    text: str
    at: datetime


async def save(conn: AsyncConnection, case_id: int, staff_id: int, kind: str, text: str, *, now: datetime) -> None:
    """Keep what was begun instead of what was; nothing but blanks is nothing. Who is no member of staff keeps nothing.

    The caller has found the case with its principal, and holds its lock.
    """
    await clear(conn, case_id, staff_id, kind)
    if not text.strip():
        return
    row = select(
        literal(case_id, _D.case_id.type), t.staff.c.id, literal(kind, _D.kind.type), literal(text, _D.text.type),
        literal(now, _D.updated_at.type),
    ).where(t.staff.c.id == staff_id)  # fmt: skip
    names = ["case_id", "staff_id", "kind", "text", "updated_at"]
    await conn.execute(insert(t.reply_draft).from_select(names, row))


async def clear(conn: AsyncConnection, case_id: int, staff_id: int, kind: str) -> None:
    """What was begun has been sent, or is no longer wanted."""
    await conn.execute(delete(t.reply_draft).where(_one(case_id, staff_id, kind)))


async def given(conn: AsyncConnection, case_id: int, staff_id: int, text: str, *, now: datetime) -> None:
    """An answer was given that may still be taken back. Only the last one of a person's may."""
    await clear(conn, case_id, staff_id, ANSWER)
    await conn.execute(delete(t.reply_draft).where(and_(_D.staff_id == staff_id, _D.kind == _GIVEN)))
    await save(conn, case_id, staff_id, _GIVEN, text, now=now)


async def taken_back(conn: AsyncConnection, case_id: int, staff_id: int, *, now: datetime) -> None:
    """The answer given last is a draft again, before what has been begun since."""
    texts = {row.kind: row.text for row in await conn.execute(select(t.reply_draft).where(_all(case_id, staff_id)))}
    whole = "\n\n".join(texts[kind] for kind in (_GIVEN, ANSWER) if kind in texts)
    await clear(conn, case_id, staff_id, _GIVEN)
    await save(conn, case_id, staff_id, ANSWER, whole, now=now)


async def of_case(conn: AsyncConnection, case_id: int, staff_id: int) -> dict[str, Draft]:
    """What somebody has begun in a case, by kind. The caller has found the case with its principal."""
    rows = await conn.execute(select(t.reply_draft).where(_all(case_id, staff_id), _D.kind.in_(KINDS)))
    return {row.kind: Draft(row.text, row.updated_at) for row in rows}


async def begun(conn: AsyncConnection, staff_id: int, case_ids: Collection[int]) -> set[int]:
    """In which of these cases somebody has begun to write."""
    mine = and_(_D.staff_id == staff_id, _D.case_id.in_(list(case_ids)), _D.kind.in_(KINDS))
    return set((await conn.execute(select(_D.case_id).where(mine))).scalars())


def _all(case_id: int, staff_id: int) -> ColumnElement[bool]:
    return and_(_D.case_id == case_id, _D.staff_id == staff_id)


def _one(case_id: int, staff_id: int, kind: str) -> ColumnElement[bool]:
    return and_(_all(case_id, staff_id), _D.kind == kind)
