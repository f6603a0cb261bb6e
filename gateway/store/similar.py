"""Cases that resemble a question: ended ones, with what was answered in them, and open ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, and_, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.fulltext import Expression, newest_words
from routing.case import CaseState, EventKind

_M, _C = t.message.c, t.cases.c
# Of these a question's answer, or its agency, can be learnt: a person gave one, or closed it as answered.
_SETTLED: Final = (CaseState.ANSWERED, CaseState.CLOSED)
_OPEN: Final = (CaseState.OPEN, CaseState.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of a case."""

    message_id: int
    case_id: int
    number: str
    agency: str
    language: str
    text: str


async def holders(conn: AsyncConnection, expressions: Sequence[Expression], *, most: Sequence[int]) -> list[list[int]]:
    """For each expression the newest messages that it fits, at most so many of each."""
    found: list[list[int]] = [[] for _ in expressions]
    parts = []
    for place, (expression, limit) in enumerate(zip(expressions, most, strict=True)):
        newest = newest_words(conn.dialect.name, expression, below=2**63 - 1, limit=limit).subquery()
        parts.append(select(literal(place, Integer).label("place"), newest.c.id))
    for place, message_id in (await conn.execute(union_all(*parts))).all():
        found[place].append(message_id)
    return found


async def asked(conn: AsyncConnection, message_ids: Sequence[int], *within: ColumnElement[bool]) -> list[Asked]:
    """Those of the messages that are questions of cases `within` (see `answered` and `open_at`)."""
    shown = t.cases.alias("shown")
    query = (
        select(_M.id, _M.case_id, _M.text, shown.c.number, shown.c.agency, shown.c.language)
        .select_from(t.message.join(shown, shown.c.id == _M.case_id))
        .where(_fit(message_ids, *within))
    )
    return [
        Asked(
            message_id=row.id, case_id=row.case_id, number=row.number, agency=row.agency, language=row.language,
            text=row.text,
        )
        for row in await conn.execute(query)
    ]  # fmt: skip


async def fitting(conn: AsyncConnection, message_ids: Sequence[int], *within: ColumnElement[bool]) -> set[int]:
    """Which of the messages `asked` would find."""
    return set(await conn.scalars(select(_M.id).where(_fit(message_ids, *within))))


def _fit(message_ids: Sequence[int], *within: ColumnElement[bool]) -> ColumnElement[bool]:
    # The case is judged apart from the message, so that SQLite begins there and not at all cases of an agency.
    case = select(_C.id).where(_C.id == _M.case_id, *within).correlate(t.message)
    return and_(_M.id.in_(message_ids), _M.direction == "in", case.exists())


def answered() -> list[ColumnElement[bool]]:
    """Cases that were answered and have ended."""
    return [_C.state.in_(_SETTLED), _C.answered_at.is_not(None)]


def open_at(agency: str) -> list[ColumnElement[bool]]:
    """Open cases of an agency for which no other stands."""
    return [_C.agency == agency, _C.state.in_(_OPEN), _C.duplicate_of.is_(None)]


def seen_by(principal: Principal, *, but: int) -> list[ColumnElement[bool]]:
    """Cases that the principal may see, except one."""
    return [queue.boundary(principal), _C.id != but]


async def question_of(conn: AsyncConnection, case_id: int) -> str:
    """What the person asked in a case, all of it. The caller has found the case with its principal."""
    rows = await conn.execute(
        select(_M.text, _M.decoded_text)
        .where(_M.case_id == case_id, _M.direction == "in", _M.kind.not_in(("thanks", "command")))
        .order_by(_M.id)
    )
    return "\n".join(text for row in rows for text in (row.text, row.decoded_text) if text)


async def answers(conn: AsyncConnection, case_ids: Sequence[int]) -> dict[int, tuple[int, list[str]]]:
    """The last final answer of each case: the id of its first message, and its parts."""
    if not case_ids:
        return {}
    event = t.case_event.c
    rows = await conn.execute(
        select(event.case_id, event.data)
        .where(event.case_id.in_(case_ids), event.kind == EventKind.REPLIED)
        .order_by(event.id)
    )
    last = {row.case_id: [int(i) for i in row.data["messages"]] for row in rows if row.data.get("final")}
    ids = [message_id for parts in last.values() for message_id in parts]
    texts = {row.id: row.text for row in await conn.execute(select(_M.id, _M.text).where(_M.id.in_(ids)))}
    return {case_id: (parts[0], [texts[i] for i in parts if i in texts]) for case_id, parts in last.items() if parts}


async def answer(conn: AsyncConnection, principal: Principal, message_id: int) -> Any | None:
    """The case (`id`, `number`, `agency`, `language`) in which this message was said as an answer; None beyond the
    boundary."""
    query = (
        select(_C.id, _C.number, _C.agency, _C.language)
        .select_from(t.message.join(t.cases, _C.id == _M.case_id))
        .where(_M.id == message_id, _M.kind == "answer", queue.boundary(principal))
    )
    return (await conn.execute(query)).one_or_none()
