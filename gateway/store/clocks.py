"""Clocks of cases: the log they are derived from, and the rows that are kept of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t
from gateway.store.bulk import Query, Writes, each, insert_rows, packed, rows_of
from gateway.store.schema import instant_of, micros
from routing.case import SYSTEM
from routing.clocks import Event
from routing.steps import Moment

_CASE = (
    "c.id, c.number, c.contact_id, c.agency, c.term_class, c.channel, c.territory, c.state, c.assignee_id, c.due_at,"
    " c.citizen_due_at, c.effective, c.suspended_at, c.late_at, c.touched_at, c.next_step_at, c.language, c.reply_urn,"
    " c.reply_channel"
)
_CLOCK = ", ".join(f"k.{column.name}" for column in t.clock.c)
_EVENT = "v.case_id, v.id, v.kind, v.at, v.actor, v.data, v.once"
_ANEW = "ON CONFLICT (case_id, no) DO UPDATE SET " + ", ".join(
    f"{column.name} = excluded.{column.name}" for column in t.clock.c if not column.primary_key
)
# The kinds that move no clock; the rest of a case's log is read to derive its clocks.
_STILL = "('delivered', 'delivery_failed', 'edited', 'linked', 'joined', 'recomputed')"


class Logged(NamedTuple):
    """A case as it is kept, with the log of what moves its clocks. Instants of `case` are microseconds.

    `kept` are the rows of its clocks, with all columns in order, if they were asked for.
    """

    case: Any
    events: list[Event]
    kept: list[Any]


async def logs(conn: AsyncConnection, case_ids: Collection[int], *, kept: bool = False) -> list[Logged]:
    """The cases of those ids and their logs, oldest entry first; with `kept`, their clocks as they are kept."""
    ids = f"SELECT CAST(e.value AS bigint) FROM {each(conn)}"
    wanted = (orjson.dumps([str(case_id) for case_id in case_ids]).decode(),)
    queries = [
        Query(f"SELECT {_CASE} FROM cases c WHERE c.id IN ({ids}) ORDER BY c.id", wanted, _CASE),
        Query(
            f"SELECT {_EVENT} FROM case_event v WHERE v.case_id IN ({ids}) AND v.kind NOT IN {_STILL}"
            " ORDER BY v.case_id, v.id",
            wanted,
            _EVENT,
            documents=("data",),
        ),
    ]
    if kept:
        queries.append(Query(f"SELECT {_CLOCK} FROM clock k WHERE k.case_id IN ({ids})", wanted, _CLOCK))
    cases, events, *clocks = await packed(conn, *queries)
    # An aggregate promises no order of its own.
    found = {case.id: Logged(case, [], []) for case in sorted(rows_of(cases, _CASE), key=itemgetter(0))}
    for row in sorted(rows_of(events, _EVENT), key=itemgetter(0, 1)):
        found[row.case_id].events.append(Event(row.kind, instant_of(row.at), row.actor, row.data, row.once, row.id))
    for text in clocks:
        for clock in rows_of(text, _CLOCK):
            found[clock.case_id].kept.append(clock)
    return list(found.values())


async def note(conn: AsyncConnection, noted: Sequence[tuple[int, Moment]]) -> set[tuple[int, str]]:
    """Write what the timekeeper found, each once for ever; which of them nobody had written before comes back."""
    rows = [
        {
            "id": new_id(),
            "case_id": case_id,
            "kind": moment.kind.value,
            "at": micros(moment.at),
            "actor": SYSTEM,
            "data": moment.data,
            "once": moment.once,
        }
        for case_id, moment in noted
    ]
    fresh = await insert_rows(conn, t.case_event, rows, conflict="ON CONFLICT DO NOTHING", returning="case_id, once")
    return {(row.case_id, row.once) for row in fresh}


async def write(
    conn: AsyncConnection,
    cases: Iterable[Mapping[str, Any]],
    clocks: Sequence[Mapping[str, Any]],
    changed: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Keep the projection: columns of cases (after their `id`), whole rows of clocks, and some columns of others.

    Those that changed are found by their `case_id` and `no`, which come first.
    """
    writes = Writes(conn)
    add(writes, cases, clocks, changed)
    await writes.send()


def add(
    writes: Writes,
    cases: Iterable[Mapping[str, Any]],
    clocks: Sequence[Mapping[str, Any]],
    changed: Iterable[Mapping[str, Any]] = (),
) -> None:
    """The same, to be sent with others."""
    writes.change(t.cases, cases, keys=("id",))
    writes.change(t.clock, changed, keys=("case_id", "no"))
    writes.insert(t.clock, clocks, conflict=_ANEW)


def begin(writes: Writes, conn: AsyncConnection, case_ids: Collection[int], *, month: str) -> None:
    """The first clock of cases that have just been written: nothing in it that their rows do not say."""
    ids = f"SELECT CAST(e.value AS bigint) FROM {each(conn)}"
    writes.add(
        "INSERT INTO clock (case_id, no, began, agency, term_class, channel, territory, started_at, month, effective,"
        " due_at, latest) SELECT id, 0, 'received', agency, term_class, channel, territory, received_at,"
        f" CAST(? AS text), effective, due_at, true FROM cases WHERE id IN ({ids})",
        month,
        orjson.dumps([str(case_id) for case_id in case_ids]).decode(),
    )


async def due(conn: AsyncConnection, now: datetime, *, limit: int) -> list[int]:
    """Cases the timekeeper must look at now, the longest overdue first; locked, where others could take them too."""
    query = (
        select(t.cases.c.id)
        .where(t.cases.c.next_step_at <= now)
        .order_by(t.cases.c.next_step_at, t.cases.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [row.id for row in await conn.execute(query)]


async def next_due(conn: AsyncConnection) -> datetime | None:
    """When the next case must be looked at; None when there is none."""
    query = select(func.min(t.cases.c.next_step_at)).where(t.cases.c.next_step_at.is_not(None))
    found: datetime | None = (await conn.execute(query)).scalar_one()
    return found


async def leave(conn: AsyncConnection, case_id: int) -> None:
    """Look at a case no more: its clocks cannot be derived."""
    await conn.execute(update(t.cases).where(t.cases.c.id == case_id).values(next_step_at=None))


async def page(conn: AsyncConnection, *, after: int, limit: int, only_open: bool) -> list[int]:
    """Ids of cases in order, from the one after `after`."""
    query = select(t.cases.c.id).where(t.cases.c.id > after).order_by(t.cases.c.id).limit(limit)
    if only_open:
        query = query.where(t.cases.c.state.in_(("open", "waiting")))
    return [row.id for row in await conn.execute(query)]
