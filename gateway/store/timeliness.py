"""What the indicators count, set-wise: rows of `clock` and of `message`, grouped and counted by the engine.

A year of a million cases must not be read row by row: ended clocks come grouped from the index `clock_ended` alone, in
its order, and running ones, of which there are few, from `clock_running`. Days and ages come as histograms. The
conditions `ended_by IS NOT NULL` and `ended_by IS NULL` are written as the partial indexes have them, or SQLite would
not use them. Instants and numbers of ours stand in the text; what comes from outside is a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store.bulk import Query, fetch, joined
from gateway.store.schema import micros
from routing.timeliness import QUARTER_MINUTES

_SECOND: Final = 1_000_000
# What is sent to a citizen by a person; receipts and notices are automatic.
_PERSONAL: Final = "('answer', 'completion')"


class Dimension(StrEnum):
    """What a report is broken down by."""

    NONE = "none"
    AGENCY = "agency"
    CLASS = "class"
    CHANNEL = "channel"
    TERRITORY = "territory"
    MONTH = "month"


# What identifies a group of clocks. The first three are grouped by month and agency together, the index's own order.
_CLOCK_KEYS: Final = {
    Dimension.CLASS: "{c}.term_class",
    Dimension.CHANNEL: "{c}.channel",
    Dimension.TERRITORY: "coalesce({c}.territory, '')",
    Dimension.AGENCY: "{c}.agency",
    Dimension.MONTH: "{c}.month",
    Dimension.NONE: "''",
}
_INDEX_ORDER: Final = frozenset({Dimension.NONE, Dimension.AGENCY, Dimension.MONTH})


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
    """Rows as the engine counted them; every row has a `key`, the group it belongs to."""

    # key, latest, days, citizen_days, quarters, and the counts of `COUNTS`. `quarters` are the business times to the
    # first act of a person, in quarters of an hour, as a text with commas, or None.
    ended: Sequence[Any]
    # key, agency, effective, counted (in the period), quarters, and the counts
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
    quarters = joined(conn, f"c.touch_minutes / {QUARTER_MINUTES}")
    ended, running, stays, cases, wordless, reopenings = await fetch(
        conn,
        _ended(principal, asked, quarters),
        _running(principal, asked, quarters),
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


async def partners(conn: AsyncConnection, principal: Principal, asked: Asked) -> set[str]:
    """The agencies that had a case in the period."""
    found = set()
    for state in ("ended_by IS NOT NULL", "ended_by IS NULL"):
        where = within(principal, asked, "c", f"c.{state}")
        sql = f"SELECT c.agency FROM clock c WHERE {where} GROUP BY c.agency"
        [rows] = await fetch(conn, Query(sql, where.values, "agency"))
        found |= {row.agency for row in rows}
    return found


def narrowed(principal: Principal, asked: Asked, c: str, *sql: str) -> Conditions:
    """The boundary and the filters."""
    where = Conditions(*sql)
    where.equal(f"{c}.agency", principal.agency)
    where.equal(f"{c}.agency", asked.agency)
    where.equal(f"{c}.term_class", asked.term_class)
    where.equal(f"{c}.channel", asked.channel)
    if asked.territory is not None:
        # A department covers its municipalities, whose codes begin with its own.
        where.add(f"substr({c}.territory, 1, {len(asked.territory)}) = ?", asked.territory)
    return where


def within(principal: Principal, asked: Asked, c: str, *sql: str) -> Conditions:
    """The boundary, the filters and the period; reopenings aside."""
    where = narrowed(principal, asked, c, *sql, f"{c}.began <> 'reopened'")
    where.add(f"{c}.month BETWEEN ? AND ?", asked.months[0][0], asked.months[-1][0])
    where.add(f"{c}.started_at >= {micros(asked.start)} AND {c}.started_at < {micros(asked.end)}")
    return where


def _key(asked: Asked, c: str) -> str:
    return _CLOCK_KEYS[asked.by].format(c=c)


COUNTS: Final = (
    "n", "answered", "on_time", "late", "decided", "ripe", "extended", "suspended", "sent_on", "misrouted", "arrived",
    "closed", "grantable", "granted", "texted",
)  # fmt: skip
_NAMES: Final = ", ".join(COUNTS)


def condition(name: str, asked: Asked, *, running: bool) -> tuple[str, tuple[str, ...]]:
    """What a clock `c` must be to count as one of `COUNTS`, and the values of its marks.

    `running`: clocks that have not ended, which may be past due though nobody has noted it yet.
    """
    now = micros(asked.now)
    overdue = f"(c.suspended_at IS NULL AND c.due_at + {_SECOND} <= {now})" if running else "1 = 0"
    late = f"(c.late_at IS NOT NULL OR {overdue})"
    classes, channels = _among("c.term_class", asked.granted), _among("c.channel", asked.texting)
    found: dict[str, tuple[str, tuple[str, ...]]] = {
        "n": ("1 = 1", ()),
        "answered": ("c.answered_at IS NOT NULL", ()),
        # What was answered while the citizen owed something was never late, whatever its old deadline says.
        "on_time": (
            f"c.answered_at IS NOT NULL AND (c.late_at IS NULL OR c.answered_at < c.due_at + {_SECOND})", ()
        ),
        "late": (late, ()),
        "decided": (f"c.answered_at IS NOT NULL OR {late}", ()),
        "ripe": (f"{late} OR (c.answered_at IS NOT NULL AND c.due_at + {_SECOND} <= {now})", ()),
        "extended": ("c.extended", ()),
        "suspended": ("c.paused", ()),
        "sent_on": ("c.ended_by = 'transferred'", ()),
        "misrouted": ("c.ended_by = 'transferred' AND c.late_at IS NULL", ()),
        "arrived": ("c.latest AND c.began = 'transferred'", ()),
        "closed": ("c.ended_by <> 'transferred'", ()),
        "grantable": (classes, asked.granted),
        "granted": (
            f"{classes} AND (c.deemed_granted_at IS NOT NULL OR (c.late_at IS NULL AND {overdue}))", asked.granted
        ),
        "texted": (channels, asked.texting),
    }  # fmt: skip
    return found[name]


def _counts(asked: Asked, *, running: bool) -> tuple[str, list[str]]:
    """The counts of `COUNTS` over clocks `c`, and the values of their marks."""
    conditions = [condition(name, asked, running=running) for name in COUNTS]
    sql = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition, _ in conditions)
    return sql, [value for _, values in conditions for value in values]


def _among(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})" if values else "1 = 0"


def _ended(principal: Principal, asked: Asked, quarters: str) -> Query:
    """Clocks that have ended, grouped as the index has them; the month and the agency come with them."""
    counts, values = _counts(asked, running=False)
    where = within(principal, asked, "c", "c.ended_by IS NOT NULL")
    # Grouped more finely than is asked, in the index's order, nothing must be sorted. A second histogram would need a
    # sort of its own: its values come joined instead.
    first = "c.month, c.agency" if asked.by in _INDEX_ORDER else _key(asked, "c")
    sql = (
        f"SELECT {_key(asked, 'c')}, c.latest, c.days, c.citizen_days, {quarters}, {counts} FROM clock c WHERE {where}"
        f" GROUP BY {first}, c.latest, c.days, c.citizen_days"
    )
    return Query(sql, [*values, *where.values], f"key, latest, days, citizen_days, quarters, {_NAMES}")


def _running(principal: Principal, asked: Asked, quarters: str) -> Query:
    """Clocks that run or stand still now, whenever they began; `counted` are those of the period."""
    counts, values = _counts(asked, running=True)
    where = narrowed(principal, asked, "c", "c.ended_by IS NULL")
    counted = (
        f"CASE WHEN c.began <> 'reopened' AND c.started_at >= {micros(asked.start)}"
        f" AND c.started_at < {micros(asked.end)} THEN 1 ELSE 0 END"
    )
    sql = (
        f"SELECT {_key(asked, 'c')} AS key, c.agency, c.effective, {counted} AS counted, {quarters}, {counts}"
        f" FROM clock c WHERE {where} GROUP BY 1, 2, 3, 4"
    )
    return Query(sql, [*values, *where.values], f"key, agency, effective, counted, quarters, {_NAMES}")


_PASSED_ON: Final = "ended_by IS NOT NULL AND {s}.answered_at IS NULL AND {s}.ended_by = 'transferred'"
_SCORED: Final = f"s.transfer_due_at IS NOT NULL), count(*) FILTER (WHERE s.ended_at < s.transfer_due_at + {_SECOND}"


def _transfers(principal: Principal, asked: Asked) -> Query:
    """Transfers by the agency that sent the case on."""
    where = within(principal, asked, "s", "s." + _PASSED_ON.format(s="s"))
    sql = f"SELECT {_key(asked, 's')} AS key, count(*), count(*) FILTER (WHERE {_SCORED}), 0 FROM clock s WHERE {where}"
    return Query(f"{sql} GROUP BY 1", where.values, "key, n, scored, in_time, misrouted")


def _transferred_cases(principal: Principal, asked: Asked) -> Query:
    """Transfers of cases, by the group of the case's last stay; `misrouted` are cases, each once."""
    where = within(principal, asked, "l", f"s.{_PASSED_ON.format(s='s')}", "l.latest")
    where.add("s.month <= ?", asked.months[-1][0])
    sql = (
        f"SELECT {_key(asked, 'l')} AS key, count(*), count(*) FILTER (WHERE {_SCORED}),"
        " count(DISTINCT CASE WHEN s.late_at IS NULL THEN s.case_id END)"
        f" FROM clock s JOIN clock l ON l.case_id = s.case_id WHERE {where} GROUP BY 1"
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
