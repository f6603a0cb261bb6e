"""Requests one by one, as the law wants them reported: received, passed on, answered, denied. No personal data."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store.bulk import Query, fetch
from gateway.store.schema import micros
from gateway.store.timeliness import Asked

_COLUMNS: Final = (
    "case_id, no, number, received_at, channel, agency, term_class, territory, transferred_to, transferred_at,"
    " answered_at, days, citizen_days, due_at, late_at, suspended_at, ended_by"
)
_PASSED_ON: Final = "CASE WHEN l.began = 'transferred' THEN"
_OF_CASES: Final = (
    "SELECT s.case_id, s.no, c.number, s.started_at, s.channel, s.agency, l.term_class, s.territory,"
    f" {_PASSED_ON} l.agency END, {_PASSED_ON} l.started_at END, l.answered_at, l.days, l.citizen_days, l.due_at,"
    " c.late_at, l.suspended_at, l.ended_by FROM clock s JOIN cases c ON c.id = s.case_id AND s.no = 0"
    " JOIN clock l ON l.case_id = s.case_id AND l.latest"
)
_SENT_ON: Final = "CASE WHEN s.ended_by = 'transferred' THEN"
_OF_STAYS: Final = (
    "SELECT s.case_id, s.no, c.number, s.started_at, s.channel, s.agency, s.term_class, s.territory,"
    f" {_SENT_ON} (SELECT n.agency FROM clock n WHERE n.case_id = s.case_id AND n.no = s.no + 1) END,"
    f" {_SENT_ON} s.ended_at END, s.answered_at, s.days, s.citizen_days, s.due_at, s.late_at, s.suspended_at,"
    " s.ended_by FROM clock s JOIN cases c ON c.id = s.case_id AND s.began <> 'reopened' AND (s.agency || '') = ?"
)


async def page(
    conn: AsyncConnection, principal: Principal, asked: Asked, *, after: tuple[int, int] = (0, -1), limit: int
) -> list[Any]:
    """Requests in the order in which they came, after `after` (a case_id and a no). Instants are microseconds.

    Of the whole network a row is a case: who received it first, and who has it at last. Of one agency it is a stay
    there: what that agency received and what it did.
    """
    kept_to = asked.agency if principal.agency is None else principal.agency
    query = _OF_CASES if kept_to is None else _OF_STAYS
    if principal.agency is not None and asked.agency not in (None, principal.agency):
        return []
    narrowed, values = _narrowed(asked)
    sql = (
        f"{query} WHERE {narrowed} AND (s.case_id > {after[0]:d} OR (s.case_id = {after[0]:d} AND s.no > {after[1]:d}))"
        # Both that and the agency are written so that SQLite walks the cases in their order, and sorts nothing.
        f" AND s.started_at + 0 >= {micros(asked.start)} AND s.started_at + 0 < {micros(asked.end)}"
        f" ORDER BY s.case_id, s.no LIMIT {limit:d}"
    )
    [rows] = await fetch(conn, Query(sql, [*([kept_to] if kept_to is not None else []), *values], _COLUMNS))
    return rows


def _narrowed(asked: Asked) -> tuple[str, list[str]]:
    conditions, values = ["1 = 1"], []
    for column, value in (("s.term_class", asked.term_class), ("s.channel", asked.channel)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if asked.territory is not None:
        conditions.append(f"substr(s.territory, 1, {len(asked.territory)}) = ?")
        values.append(asked.territory)
    return " AND ".join(conditions), values
