"""Finding cases by the words of their messages, and by who wrote them. The principal is part of every query.

The index knows a message's agency from a moment ago and is only asked for candidates, the newest first. Whether a case
may be seen is decided by its row, in the same statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock
from gateway.principal import Principal
from gateway.search.query import Query
from gateway.search.words import agency_label, months_between, number_token
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.fulltext import Beginning, Expression, newest_words, people
from gateway.store.queue import Filter

# A page counts cases up to this many and says "50+".
COUNTED: Final = 50
# Nobody reads further; who must see everything narrows the search. Cases.
MOST: Final = 500
# How many candidates are looked at, a window after the other. The first serves nearly everybody; the last one only a
# search that few of its candidates fit, such as a frequent word in one person's open cases.
_WINDOWS: Final = (400, 4_000, 30_000)
# People of one name or number.
_PEOPLE: Final = 100
_RECENT: Final = timedelta(days=62)
_M, _C = t.message.c, t.cases.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of cases, `said` the message by which a case was found, if it was one. `more`: a page follows.

    `counted` is the number of cases, up to `COUNTED` + 1.
    """

    cases: Sequence[Any]
    said: dict[int, Any]
    counted: int
    more: bool


async def find(
    conn: AsyncConnection,
    principal: Principal,
    query: Query,
    wanted: Filter,
    *,
    below: int,
    skip: int = 0,
    limit: int = 20,
) -> Found:
    """Cases with a number, a person or a message as the query says; by messages the newest first.

    Of a query without words, all that the filter finds, the newest first. The query's own filters are in `wanted` (see
    `narrowed`); only its dates are taken from it.
    `below` is an id: of messages only older ones count, so that the pages of one search fit together.
    """
    where = queue.conditions(principal, wanted)
    needed = min(max(skip + limit, COUNTED) + 1, MOST + 1)
    ranked: dict[int, int | None] = dict.fromkeys(await _by_number(conn, query, where))
    ranked |= dict.fromkeys(await _by_person(conn, principal, query, where))
    if not query.has_words:
        ranked |= dict.fromkeys(await _newest(conn, [*where, *_received(query)], limit=needed))
    if query.wanted:
        await _by_words(conn, _expression(principal, query, wanted), query, where, ranked, below=below, needed=needed)
    ids = list(ranked)[:MOST]
    page = ids[skip : skip + limit]
    said = [message_id for case_id in page if (message_id := ranked[case_id]) is not None]
    return Found(
        cases=await _cases(conn, principal, page),
        said=await _messages(conn, said),
        counted=min(len(ids), COUNTED + 1),
        more=len(ids) > skip + limit,
    )


def narrowed(query: Query, wanted: Filter) -> Filter:
    """A filter with what the query says of agency, channel and state, where the filter itself says nothing."""
    return replace(
        wanted,
        agency=wanted.agency or query.agency,
        channel=wanted.channel or query.channel,
        state=wanted.state or query.state,
    )


def _expression(principal: Principal, query: Query, wanted: Filter) -> Expression:
    """What the index is asked: the words, and the labels that keep it from offering what cannot fit."""
    agency = principal.agency if principal.agency is not None else wanted.agency
    labels = [] if agency is None else [agency_label(agency)]
    return Expression(
        every=[*labels, *query.wanted], none=query.unwanted, any=months_between(query.said_from, query.said_to)
    )


async def _by_number(conn: AsyncConnection, query: Query, where: Sequence[ColumnElement[bool]]) -> list[int]:
    numbers = [digits for digits in query.numbers if 11 <= len(digits) <= 14]
    if not numbers:
        return []
    rows = await conn.execute(select(_C.id).where(_C.number.in_(numbers), *where, *_received(query)))
    return [row.id for row in rows]


async def _by_person(
    conn: AsyncConnection, principal: Principal, query: Query, where: Sequence[ColumnElement[bool]]
) -> list[int]:
    """Cases of people whose name has all the words, and who have a number that ends so; the last active first.

    The limit within is a fence: without statistics SQLite would rather walk through all cases of the agency.
    """
    numbers = [Beginning(token) for digits in query.numbers if (token := number_token(digits))]
    if not (query.names or numbers):
        return []
    labels = [] if principal.agency is None else [agency_label(principal.agency)]
    expression = Expression(every=[*labels, *(query.names or ()), *numbers])
    ids = [row.id for row in await conn.execute(people(conn.dialect.name, expression, limit=_PEOPLE))]
    if not ids:
        return []
    theirs = select(_C.id, _C.active_at).where(_C.contact_id.in_(ids)).order_by(_C.id.desc()).limit(4 * MOST)
    near = theirs.subquery("theirs")
    fits = select(_C.id).where(_C.id == near.c.id, *where, *_received(query)).correlate(near).exists()
    rows = await conn.execute(select(near.c.id).where(fits).order_by(near.c.active_at.desc(), near.c.id.desc()))
    return [row.id for row in rows]


async def _newest(conn: AsyncConnection, where: Sequence[ColumnElement[bool]], *, limit: int) -> list[int]:
    rows = await conn.execute(select(_C.id).where(*where).order_by(_C.id.desc()).limit(limit))
    return [row.id for row in rows]


def _received(query: Query) -> list[ColumnElement[bool]]:
    """The dates of a query, for cases that were not found by a message."""
    return _within(_C.received_at, query)


def _within(column: Any, query: Query) -> list[ColumnElement[bool]]:
    found = [] if query.said_from is None else [column >= query.said_from]
    return found if query.said_to is None else [*found, column < query.said_to]


async def _by_words(
    conn: AsyncConnection,
    expression: Expression,
    query: Query,
    where: Sequence[ColumnElement[bool]],
    ranked: dict[int, int | None],
    *,
    below: int,
    needed: int,
) -> None:
    """Add the cases of messages that fit, until there are enough."""
    fits = [*where, *_within(_M.at, query)]
    for asked in _recent_first(conn.dialect.name, expression):
        end = below
        for size in _WINDOWS:
            rows = list(await conn.execute(_window(conn.dialect.name, asked, fits, below=end, size=size)))
            for row in rows:
                if row.case_id is not None:
                    ranked.setdefault(row.case_id, row.message_id)
            if len(ranked) >= needed:
                return
            if rows[0].tried < size:
                break
            end = rows[0].low


def _recent_first(dialect: str, expression: Expression) -> list[Expression]:
    """PostgreSQL's GIN has no order and brings all that fit: a frequent word is looked for in the last months first."""
    if dialect == "sqlite" or expression.any:
        return [expression]
    recent = months_between(clock.now() - _RECENT, clock.now())
    return [replace(expression, any=recent), expression]


def _window(
    dialect: str, expression: Expression, fits: Sequence[ColumnElement[bool]], *, below: int, size: int
) -> Select[Any]:
    """Of the next `size` candidates those that fit, with `tried` and `low` of the whole window; at least one row.

    The case is a subquery of each candidate, so that no planner begins at the cases.
    """
    candidates = newest_words(dialect, expression, below=below, limit=size).cte("candidates")
    joined = t.message.join(t.cases, _C.id == _M.case_id)
    case_id = select(_C.id).select_from(joined).where(_M.id == candidates.c.id, *fits).scalar_subquery()
    tried = select(candidates.c.id.label("message_id"), case_id.label("case_id")).subquery("looked_at")
    bounds = select(func.count().label("tried"), func.min(candidates.c.id).label("low")).subquery("bounds")
    return (
        select(bounds.c.tried, bounds.c.low, tried.c.message_id, tried.c.case_id)
        .select_from(bounds.outerjoin(tried, tried.c.case_id.is_not(None)))
        .order_by(tried.c.message_id.desc())
    )


async def _cases(conn: AsyncConnection, principal: Principal, ids: Sequence[int]) -> list[Any]:
    """The rows of `queue.listed`, in the order of the ids."""
    if not ids:
        return []
    joined = t.cases.join(t.contact, t.contact.c.id == _C.contact_id)
    query = (
        select(t.cases, t.contact.c.name.label("contact_name"), t.staff.c.name.label("assignee_name"))
        .select_from(joined.outerjoin(t.staff, t.staff.c.id == _C.assignee_id))
        .where(_C.id.in_(ids))
    )
    place = {case_id: place for place, case_id in enumerate(ids)}
    # Not in the statement: SQLite would begin at the agency, and read all its cases.
    seen = [row for row in await conn.execute(query) if principal.agency in (None, row.agency)]
    return sorted(seen, key=lambda row: place[row.id])


async def _messages(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Any]:
    """What was said, by its case."""
    if not ids:
        return {}
    columns = (_M.id, _M.case_id, _M.direction, _M.kind, _M.text, _M.decoded_text, _M.at)
    return {row.case_id: row for row in await conn.execute(select(*columns).where(_M.id.in_(ids)))}
