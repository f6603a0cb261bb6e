"""The cases behind a figure: the very clocks that were counted, one by one."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store.bulk import Query, fetch
from gateway.store.counts import condition
from gateway.store.timeliness import Asked, narrowed, within
from routing.timeliness import Scope

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
_COLUMNS: Final = "case_id, no, number, agency, here, term_class, started_at, due_at, answered_at, ended_by, late_at"


async def listed(
    conn: AsyncConnection,
    principal: Principal,
    asked: Asked,
    what: str,
    *,
    scope: Scope,
    after: tuple[int, int] = (0, -1),
    limit: int,
) -> list[Any]:
    """The clocks behind a figure, the oldest case first, after `after` (a case_id and a no). `what` is of `WHAT`.

    `agency` had the case, `here` has it now. Instants are microseconds.
    """
    counted = _COUNTED[what]
    if counted is None:
        where = narrowed(principal, asked, "c", "c.ended_by IS NULL")
    else:
        where = within(principal, asked, "c")
        if scope is Scope.CASES:
            where.add("c.latest")
        name = counted if isinstance(counted, str) else counted[scope]
        ended, values = condition(name, asked, running=False)
        running, again = condition(name, asked, running=True)
        sql = f"((c.ended_by IS NOT NULL AND ({ended})) OR (c.ended_by IS NULL AND ({running})))"
        where.add(sql, *values, *again)
    where.add(f"(c.case_id > {after[0]:d} OR (c.case_id = {after[0]:d} AND c.no > {after[1]:d}))")
    sql = (
        "SELECT c.case_id, c.no, k.number, c.agency, k.agency, c.term_class, c.started_at, c.due_at, c.answered_at,"
        f" c.ended_by, c.late_at FROM clock c JOIN cases k ON k.id = c.case_id WHERE {where}"
        f" ORDER BY c.case_id, c.no LIMIT {limit:d}"
    )
    [rows] = await fetch(conn, Query(sql, where.values, _COLUMNS))
    return rows
