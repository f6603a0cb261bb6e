"""The cases behind a figure: the very clocks that were counted, one by one.

A page is found in the order of an index and ends with its limit, however many there are. Neither engine knows which of
our indexes is short, so a column that must not choose one is written as an expression: `started_at + 0`.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store.bulk import Query, fetch
from gateway.store.counts import among, condition
from gateway.store.schema import micros
from gateway.store.timeliness import Asked, Conditions, narrowed
from routing.timeliness import Scope

# A clock's place in a list: when it began (microseconds), its case_id and its no.
Place = tuple[int, int, int]

# What can be asked for -> what it is counted as, by what counts as one. None: open now, whenever it came.
_COUNTED: Final[dict[str, dict[Scope, str] | str | None]] = {
    "received": "n",
    "answered": "answered",
    "late": "late",
    "extended": "extended",
    "suspended": "suspended",
    "transferred": {Scope.CASES: "arrived", Scope.STAYS: "sent_on"},
    "deemed_granted": "granted",
    "open": None,
}
WHAT: Final = tuple(_COUNTED)
# Nearly every clock counts as these, so the order of all of them is theirs; the others have indexes of their own.
_MOST: Final = ("n", "answered")
# What a clock counts as from the day it is past due, noted or not: the note, and what it says of those without it.
_NOTED: Final = {"late": "c.late_at IS NOT NULL", "granted": "c.deemed_granted_at IS NOT NULL"}
_COLUMNS: Final = "case_id, no, number, agency, here, term_class, started_at, due_at, answered_at, ended_by, late_at"


async def listed(
    conn: AsyncConnection,
    principal: Principal,
    asked: Asked,
    what: str,
    *,
    scope: Scope,
    after: Place | None = None,
    limit: int,
) -> list[Any]:
    """The clocks behind a figure, those that began first at its head, after the place `after`. `what` is of `WHAT`.

    `agency` had the case, `here` has it now. Instants are microseconds.
    """
    counted = _COUNTED[what]
    if counted is None:
        parts = [_running(principal, asked, after)]
    else:
        parts = list(_parts(principal, asked, counted if isinstance(counted, str) else counted[scope], after))
        for where, _ in parts:
            if scope is Scope.CASES:
                where.add("c.latest")
    chosen = " UNION ALL ".join(
        f"SELECT * FROM (SELECT c.started_at AS at, c.case_id AS id, c.no AS place FROM clock c WHERE {where}"
        f" ORDER BY {began}, c.case_id, c.no LIMIT {limit:d}) AS part{n}"
        for n, (where, began) in enumerate(parts)
    )
    sql = (
        "SELECT c.case_id, c.no, k.number, c.agency, k.agency, c.term_class, c.started_at, c.due_at, c.answered_at,"
        f" c.ended_by, c.late_at FROM (SELECT * FROM ({chosen}) AS parts ORDER BY at, id, place LIMIT {limit:d}) AS p"
        " JOIN clock c ON c.case_id = p.id AND c.no = p.place JOIN cases k ON k.id = c.case_id"
        " ORDER BY p.at, p.id, p.place"
    )
    [rows] = await fetch(conn, Query(sql, [value for where, _ in parts for value in where.values], _COLUMNS))
    return rows


# The conditions of a part, and what it is ordered by.
_Part = tuple[Conditions, str]


def _parts(principal: Principal, asked: Asked, name: str, after: Place | None) -> Iterator[_Part]:
    """Those of the period that count as `name`: what their row says, and for some what only the clock on the wall does.

    No clock is in two parts.
    """
    few = name not in _MOST
    where = narrowed(principal, asked, "c", agency="(c.agency || '')" if few else "")
    _within(where, asked, "c.started_at", after)
    if name not in _NOTED:
        sql, values = condition(name, asked, running=False)
        where.add(sql, *values)
    else:
        where.add(_NOTED[name])
        if name == "granted":
            where.add(among("c.term_class", asked.granted), *asked.granted)
        unnoted, began = _running(principal, asked, None)
        _within(unnoted, asked, began, after)
        sql, values = condition(name, asked, running=True)
        unnoted.add(f"c.late_at IS NULL AND NOT ({_NOTED[name]}) AND ({sql})", *values)
        yield unnoted, began
    yield where, "c.started_at"


def _running(principal: Principal, asked: Asked, after: Place | None) -> _Part:
    """Those that have not ended: few enough to be looked through and sorted."""
    # Every clock has a day; that it is asked for leads SQLite to the index of the running ones.
    where = narrowed(principal, asked, "c", "c.ended_by IS NULL", "c.effective > ''")
    began = "(c.started_at + 0)"
    if after is not None:
        where.add(_beyond(began, after))
    return where, began


def _within(where: Conditions, asked: Asked, began: str, after: Place | None) -> None:
    """Those that began in the period, reopenings aside."""
    start = (micros(asked.start), 0, -1)
    where.add(f"c.began <> 'reopened' AND {_beyond(began, max(start, after or start))}")
    where.add(f"{began} < {micros(asked.end)}")


def _beyond(began: str, place: Place) -> str:
    at, case_id, no = place
    return f"({began}, c.case_id, c.no) > ({at:d}, {case_id:d}, {no:d})"
