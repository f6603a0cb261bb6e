"""Answers that are given often. Without an agency an answer is everybody's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.principal import Principal
from gateway.store import schema as t
from routing.words import fold

_A = t.canned_answer.c
# An agency keeps dozens; nobody can find their way among more than this.
MOST: Final = 1000
_NO_SUCH = "there is no such canned answer that you may see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an answer says: the word that is typed after "/" to find it, a title, and the text with placeholders."""

    agency: str | None
    language: str
    shortcut: str
    title: str
    text: str


def boundary(principal: Principal) -> ColumnElement[bool]:
    """Whoever belongs to an agency sees its answers and everybody's."""
    return true() if principal.agency is None else or_(_A.agency.is_(None), _A.agency == principal.agency)


async def listed(
    conn: AsyncConnection,
    principal: Principal,
    *,
    agency: str | None = None,
    language: str | None = None,
    every: bool = False,
) -> list[Any]:
    """Answers by shortcut, an agency's own before everybody's; with `every`, also those no longer in use.

    `agency` narrows to what that agency can use: its own and everybody's.
    """
    query = (
        select(t.canned_answer, t.staff.c.name.label("author"))
        .select_from(t.canned_answer.outerjoin(t.staff, t.staff.c.id == _A.updated_by))
        .where(boundary(principal))
        .order_by(_A.agency.is_(None), _A.agency, _A.shortcut, _A.language)
        .limit(MOST)
    )
    if agency is not None:
        query = query.where(or_(_A.agency.is_(None), _A.agency == agency))
    if language is not None:
        query = query.where(_A.language == language)
    if not every:
        query = query.where(_A.active)
    return list(await conn.execute(query))


async def matching(
    conn: AsyncConnection,
    principal: Principal,
    language: str | None,
    prefix: str,
    *,
    agency: str | None = None,
    limit: int = 20,
) -> list[Any]:
    """What somebody means who has typed `/` and these letters, the best first; case and accents do not matter.

    A shortcut that begins so goes before a title with a word that does; an agency's own before everybody's. `agency` is
    the case's, for those who serve them all. Language None: every language.
    """
    sought = fold(prefix).strip()
    found = await listed(conn, principal, agency=principal.agency or agency, language=language)
    ranked = [(rank, row) for row in found if (rank := _rank(row, sought)) is not None]
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])][:limit]


def _rank(row: Any, sought: str) -> int | None:
    if fold(row.shortcut).startswith(sought):
        return 0
    title = fold(row.title)
    return 1 if title.startswith(sought) or f" {sought}" in title else None


async def get(conn: AsyncConnection, principal: Principal, answer_id: int) -> Any:
    """One answer, in use or not. NotFound when there is none or it is not theirs to see."""
    row = (await conn.execute(select(t.canned_answer).where(_A.id == answer_id, boundary(principal)))).one_or_none()
    if row is None:
        raise NotFound(_NO_SUCH)
    return row


async def add(conn: AsyncConnection, wording: Wording, *, by: int, now: datetime) -> int:
    """A new answer; its id. Conflict when its shortcut is taken."""
    await _free(conn, wording, but=0)
    answer_id = new_id()
    await conn.execute(
        insert(t.canned_answer).values(
            id=answer_id, **_values(wording), active=True, updated_by=by, updated_at=now
        )
    )  # fmt: skip
    return answer_id


async def change(conn: AsyncConnection, answer_id: int, wording: Wording, *, by: int, now: datetime) -> None:
    """Word an answer anew. Conflict when its shortcut is taken."""
    await _free(conn, wording, but=answer_id)
    changed = update(t.canned_answer).where(_A.id == answer_id)
    await conn.execute(changed.values(**_values(wording), updated_by=by, updated_at=now))


async def set_active(conn: AsyncConnection, row: Any, *, active: bool, by: int, now: datetime) -> None:
    """Take an answer out of use, or back into it. Conflict when its shortcut was taken meanwhile."""
    if active and not row.active:
        wording = Wording(
            agency=row.agency, language=row.language, shortcut=row.shortcut, title=row.title, text=row.text
        )
        await _free(conn, wording, but=row.id)
    changed = update(t.canned_answer).where(_A.id == row.id)
    await conn.execute(changed.values(active=active, updated_by=by, updated_at=now))


def _values(wording: Wording) -> dict[str, Any]:
    return {name: getattr(wording, name) for name in ("agency", "language", "shortcut", "title", "text")}


async def _free(conn: AsyncConnection, wording: Wording, *, but: int) -> None:
    """Among the answers in use of an agency and a language, a shortcut means one."""
    same = _A.agency.is_(None) if wording.agency is None else _A.agency == wording.agency
    taken = select(func.count()).where(
        and_(same, _A.language == wording.language, _A.shortcut == wording.shortcut, _A.active, _A.id != but)
    )
    if (await conn.execute(taken)).scalar_one():
        raise Conflict(f"the shortcut {wording.shortcut} is taken; choose another, or change that answer")
