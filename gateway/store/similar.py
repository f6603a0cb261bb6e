"""Cases that resemble a question: ended ones, with what was answered in them, and open ones."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, BigInteger, ColumnElement, Text, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.fulltext import Expression, newest_words
from routing.case import CaseState, EventKind

_M, _C = t.message.c, t.cases.c
_SHOWN: Final = t.cases.alias("shown")
# Of these a question's answer, or its agency, can be learnt: a person gave one, or closed it as answered.
_SETTLED: Final = (CaseState.ANSWERED, CaseState.CLOSED)
_OPEN: Final = (CaseState.OPEN, CaseState.WAITING)


class Asked(NamedTuple):
    """A question of a case."""

    message_id: int
    case_id: int
    number: str
    agency: str
    language: str
    text: str


async def holders(conn: AsyncConnection, expressions: Sequence[Expression], *, most: Sequence[int]) -> list[list[int]]:
    """For each expression the newest messages that it fits, at most so many of each, in no order."""
    parts = []
    for expression, limit in zip(expressions, most, strict=True):
        newest = newest_words(conn.dialect.name, expression, below=2**63 - 1, limit=limit).subquery()
        # One text, because SQLite's driver takes Python's lock again for every row.
        listed = func.aggregate_strings(cast(newest.c.id, Text), ",")
        parts.append(select(listed).scalar_subquery())
    row = (await conn.execute(select(*parts))).one()
    return [[int(message_id) for message_id in listed.split(",")] if listed else [] for listed in row]


async def asked(
    conn: AsyncConnection, message_ids: Sequence[int], *within: ColumnElement[bool], most: int
) -> list[Asked]:
    """The first of the messages, at most so many, that are questions of cases `within` (see `answered`, `open_at`)."""
    # One parameter however many there are: building a statement with hundreds takes longer than the engine does.
    place, message_id = _places(conn.dialect.name, message_ids)
    # The case is judged apart from the message, so that SQLite begins there and not at all cases of an agency.
    case = select(_C.id).where(_C.id == _M.case_id, *within).correlate(t.message)
    query = (
        select(_M.id, _M.case_id, _SHOWN.c.number, _SHOWN.c.agency, _SHOWN.c.language, _M.text)
        .join_from(t.message, _SHOWN, _SHOWN.c.id == _M.case_id)
        .where(_M.id == message_id, _M.direction == "in", case.exists())
        .order_by(place)
        .limit(most)
    )
    return [Asked(*row) for row in await conn.execute(query)]


def _places(dialect: str, message_ids: Sequence[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """A row source with each of the ids: the columns of its place and of itself."""
    listed = literal(json.dumps(message_ids), Text)
    if dialect == "sqlite":
        each = func.json_each(listed).table_valued("key", "value")
        return each.c.key, each.c.value
    each = (
        func.json_array_elements_text(cast(listed, JSON)).table_valued("value", with_ordinality="key").render_derived()
    )
    return each.c.key, cast(each.c.value, BigInteger)


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
