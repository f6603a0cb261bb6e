"""What the indicators count, set-wise: rows of `clock` and of `message`, grouped by the engine.

A year of a million cases must not be read row by row, nor sorted: ended clocks come grouped from the index
`clock_ended` alone, in its order, and running ones, of which there are few, from `clock_running`. What is counted of
each is its code (`gateway.store.counts`), and all codes of a group come as one text. The conditions
`ended_by IS NOT NULL` and `ended_by IS NULL` are written as the partial indexes have them, or SQLite would not use
them. Instants and numbers of ours stand in the text; what comes from outside is a value.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import counts
from gateway.store import schema as t
from gateway.store.bulk import Query, document, each, fetch, joined
from gateway.store.counts import among
from gateway.store.schema import micros

_SECOND: Final = 1_000_000
# What is sent to a citizen by a person; receipts and notices are automatic.
_PERSONAL: Final = "('answer', 'completion')"


async def has_more(conn: AsyncConnection, *, than: int) -> bool:
    """Whether there are more clocks than so many."""
    return (await conn.execute(select(literal(1)).select_from(t.clock).offset(than).limit(1))).first() is not None


class Dimension(StrEnum):
    """What a report is broken down by."""

    NONE = "none"
    AGENCY = "agency"
    CLASS = "class"
    CHANNEL = "channel"
    TERRITORY = "territory"
    MONTH = "month"


# What identifies a group of clocks.
_CLOCK_KEYS: Final = {
    Dimension.CLASS: "{c}.term_class",
    Dimension.CHANNEL: "{c}.channel",
    Dimension.TERRITORY: "coalesce({c}.territory, '')",
    Dimension.AGENCY: "{c}.agency",
    Dimension.MONTH: "{c}.month",
    Dimension.NONE: "''",
}
# What all clocks have in common that stand together in an index.
_ENDED_TOGETHER: Final = frozenset({Dimension.NONE, Dimension.AGENCY, Dimension.MONTH})
_RUNNING_TOGETHER: Final = frozenset({Dimension.NONE, Dimension.AGENCY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be counted: clocks that began in [start, end), and what narrows them.

    `months` are the local months of the period with the instant at which each begins. `granted` are the classes that
    silence grants, `texting` the channels of SMS and USSD.
    """

    by: Dimension
    start: datetime
    end: datetime
    months: tuple[tuple[str, datetime], ...]
    now: datetime
    granted: tuple[str, ...] = ()
    texting: tuple[str, ...] = ()
    agency: str | None = None
    term_class: str | None = None
    channel: str | None = None
    territory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Rows as the engine counted them; every row has a `key`, the group it belongs to, unless it has `keys`."""

    # key, keys, codes, n, latest, days, citizen_days. Of `n` clocks, `keys` are the groups they belong to and `codes`
    # what they count as (`counts.spread`), a text each; None where they have one key, or nothing counts.
    ended: Sequence[Any]
    # key, keys, codes, n, agency, effective: whenever they began; the codes are of those of the period.
    running: Sequence[Any]
    # key, n, scored, in_time, misrouted: by stay, and by case
    transfers_of_stays: Sequence[Any]
    transfers_of_cases: Sequence[Any]
    # key, latest, n
    wordless: Sequence[Any]
    # key, latest, agency, ended_at, reopened_at (microseconds): one for each reopening
    reopenings: Sequence[Any]


class Conditions:
    """Conditions and their values, in the order of their marks."""

    def __init__(self, *sql: str) -> None:
        self._sql = list(sql)
        self.values: list[Any] = []

    def add(self, sql: str, *values: Any) -> None:
        self._sql.append(sql)
        self.values += values

    def equal(self, column: str, value: str | None) -> None:
        if value is not None:
            self.add(f"{column} = ?", value)

    def __str__(self) -> str:
        return " AND ".join(self._sql)


async def count(conn: AsyncConnection, principal: Principal, asked: Asked) -> Counted:
    """What is counted of clocks within the principal's boundary."""
    ended, running, stays, cases, wordless, reopenings = await fetch(
        conn,
        _ended(conn, principal, asked),
        _running(conn, principal, asked),
        _transfers(principal, asked),
        _transferred_cases(principal, asked),
        _wordless(principal, asked),
        _reopenings(principal, asked),
    )
    return Counted(
        ended=ended,
        running=running,
        transfers_of_stays=stays,
        transfers_of_cases=cases,
        wordless=wordless,
        reopenings=reopenings,
    )


async def partners(conn: AsyncConnection, principal: Principal, asked: Asked, agencies: Collection[str]) -> set[str]:
    """Those of the agencies that had a case in the period."""
    had, values, months = [], [], [month for month, _ in asked.months]
    # Every clock has a day; that it is asked for leads SQLite to the index of the running ones.
    for state in ("c.ended_by IS NOT NULL", "c.ended_by IS NULL AND c.effective > ''"):
        where = within(principal, asked, "c", state, "c.agency = e.value", agency="c.agency")
        where.add(among("c.month", months), *months)
        had.append(f"EXISTS (SELECT 1 FROM clock c WHERE {where})")
        values += where.values
    # Each is looked up by its key: that is a moment, where reading all clocks of the period takes as long as a report.
    sql = f"SELECT e.value AS agency FROM {each(conn)} WHERE {' OR '.join(had)}"
    [rows] = await fetch(conn, Query(sql, [document(list(agencies)), *values], "agency"))
    return {row.agency for row in rows}


def narrowed(principal: Principal, asked: Asked, c: str, *sql: str, agency: str = "") -> Conditions:
    """The boundary and the filters. `agency` is what the engine is to compare in place of the column."""
    where = Conditions(*sql)
    where.equal(agency or f"{c}.agency", principal.agency)
    where.equal(agency or f"{c}.agency", asked.agency)
    where.equal(f"{c}.term_class", asked.term_class)
    where.equal(f"{c}.channel", asked.channel)
    if asked.territory is not None:
        # A department covers its municipalities, whose codes begin with its own.
        where.add(f"substr({c}.territory, 1, {len(asked.territory)}) = ?", asked.territory)
    return where


def within(principal: Principal, asked: Asked, c: str, *sql: str, agency: str = "") -> Conditions:
    """The boundary, the filters and the period; reopenings aside. `agency` as for `narrowed`."""
    # Written so that SQLite goes by the month: its other indexes of agencies and beginnings are for short lists.
    where = narrowed(principal, asked, c, *sql, f"{c}.began <> 'reopened'", agency=agency or f"({c}.agency || '')")
    where.add(f"{c}.month BETWEEN ? AND ?", asked.months[0][0], asked.months[-1][0])
    where.add(f"{c}.started_at + 0 >= {micros(asked.start)} AND {c}.started_at + 0 < {micros(asked.end)}")
    return where


def _key(asked: Asked, c: str) -> str:
    return _CLOCK_KEYS[asked.by].format(c=c)


def _ended(conn: AsyncConnection, principal: Principal, asked: Asked) -> Query:
    """Clocks that have ended, grouped as the index has them: nothing must be sorted."""
    code, values = counts.of_ended(asked)
    where = within(principal, asked, "c", "c.ended_by IS NOT NULL")
    sql = (
        f"SELECT {_joined(conn, asked, code, _ENDED_TOGETHER)}, count(*), c.latest, c.days, c.citizen_days FROM clock c"
        f" WHERE {where} GROUP BY c.month, c.agency, c.latest, c.days, c.citizen_days"
    )
    return Query(sql, [*values, *where.values], "key, keys, codes, n, latest, days, citizen_days")


def _running(conn: AsyncConnection, principal: Principal, asked: Asked) -> Query:
    """Clocks that run or stand still now, whenever they began, grouped as their index has them."""
    code, values = counts.of_running(asked)
    where = narrowed(principal, asked, "c", "c.ended_by IS NULL")
    began = f"c.started_at >= {micros(asked.start)} AND c.started_at < {micros(asked.end)}"
    code = f"CASE WHEN c.began <> 'reopened' AND {began} THEN {code} END"
    sql = (
        f"SELECT {_joined(conn, asked, code, _RUNNING_TOGETHER)}, count(*), c.agency, c.effective FROM clock c"
        f" WHERE {where} GROUP BY c.agency, c.effective"
    )
    return Query(sql, [*values, *where.values], "key, keys, codes, n, agency, effective")


def _joined(conn: AsyncConnection, asked: Asked, code: str, together: Collection[Dimension]) -> str:
    """Key, keys and codes of a group. Where its clocks have different keys, each code bears its own."""
    key = _key(asked, "c")
    if asked.by in together:
        return f"{key}, NULL, {joined(conn, code)}"
    keyed = f"CAST({code} AS text) || ' ' || {key}"
    return f"'', {joined(conn, key)}, {joined(conn, keyed)}"


_PASSED_ON: Final = "ended_by IS NOT NULL AND {s}.answered_at IS NULL AND {s}.ended_by = 'transferred'"
_SCORED: Final = f"s.transfer_due_at IS NOT NULL), count(*) FILTER (WHERE s.ended_at < s.transfer_due_at + {_SECOND}"


def _transfers(principal: Principal, asked: Asked) -> Query:
    """Transfers by the agency that sent the case on."""
    where = within(principal, asked, "s", "s." + _PASSED_ON.format(s="s"))
    sql = f"SELECT {_key(asked, 's')} AS key, count(*), count(*) FILTER (WHERE {_SCORED}), 0 FROM clock s WHERE {where}"
    return Query(f"{sql} GROUP BY 1", where.values, "key, n, scored, in_time, misrouted")


def _transferred_cases(principal: Principal, asked: Asked) -> Query:
    """Transfers of cases, by the group of the case's last stay; `misrouted` are cases, each once."""
    where = within(principal, asked, "l", f"l.case_id = s.case_id AND s.{_PASSED_ON.format(s='s')}", "l.latest")
    where.add("s.month <= ?", asked.months[-1][0])
    sql = (
        f"SELECT {_key(asked, 'l')} AS key, count(*), count(*) FILTER (WHERE {_SCORED}),"
        " count(DISTINCT CASE WHEN s.late_at IS NULL THEN s.case_id END)"
        # What was passed on is little: SQLite takes a CROSS JOIN in the order in which it is written.
        f" FROM clock s CROSS JOIN clock l WHERE {where} GROUP BY 1"
    )
    return Query(sql, where.values, "key, n, scored, in_time, misrouted")


def _wordless(principal: Principal, asked: Asked) -> Query:
    """Clocks that were closed though no person had written to the citizen since they began."""
    unanswered = "c.ended_by IS NOT NULL AND c.answered_at IS NULL AND c.ended_by <> 'transferred'"
    where = within(principal, asked, "c", unanswered)
    sql = (
        f"SELECT {_key(asked, 'c')} AS key, c.latest, count(*) FROM clock c WHERE {where} AND NOT EXISTS"
        " (SELECT 1 FROM message m WHERE m.case_id = c.case_id AND m.direction = 'out'"
        f" AND m.kind IN {_PERSONAL} AND m.at >= c.started_at) GROUP BY 1, 2"
    )
    return Query(sql, where.values, "key, latest, n")


def _reopenings(principal: Principal, asked: Asked) -> Query:
    """Clocks that were answered and whose case was opened again: the agency, the answer's instant and the reopening's.

    Whether that was within so many business days, the agency's calendar says.
    """
    where = within(principal, asked, "c")
    sql = (
        f"SELECT {_key(asked, 'c')}, c.latest, c.agency, c.ended_at, r.started_at FROM clock r"
        " JOIN clock c ON c.case_id = r.case_id AND c.no = r.no - 1"
        f" WHERE r.began = 'reopened' AND {where}"
    )
    return Query(sql, where.values, "key, latest, agency, ended_at, reopened_at")
