"""A network in its second year: a million cases, of which one in twenty is open, written by SQL in a minute.

A quarter of the cases belong to the agency that `largest` names, the others are spread over the rest. What is open or
ended in the last week has its messages, events and address; of what is older only the case and its clock are there.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import id_at
from gateway.store.engine import Store
from gateway.store.schema import instant_of
from routing.catalog import Catalog

# Of the largest agency: each has about a hundred and fifty open cases of a million.
MANAGERS: Final = 40
_DAY: Final = 86_400_000_000
_DAYS: Final = 364
_BLOCK: Final = 50_000
# Spread by multiplication instead of a random generator: the same rows each time. All of the last eleven days are open,
# and three in a hundred of the older ones, of which one waits for the citizen; ended ones took up to thirty days.
_SPREAD = f"""
    WITH RECURSIVE counting(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counting WHERE n + 1 < :end),
    aged AS (
        SELECT n + 1 AS id, n, :now - {_DAY} * {_DAYS} + CAST(1.0 * n * {_DAYS} / :size * {_DAY} AS INTEGER) AS at,
            n * 69621 % 100 AS fate, n * 48271 % 30 + 1 AS days,
            CASE WHEN n * 7919 % 4 = 0 THEN 0 ELSE n * 31 % :agencies END AS agency
        FROM counting
    ),
    spread AS (
        SELECT *, CASE WHEN at + days * {_DAY} < :now AND fate > 2 THEN at + days * {_DAY} END AS ended,
            CASE WHEN at > :now - 11 * {_DAY} OR fate IN (1, 2) THEN 'open' WHEN fate = 0 THEN 'waiting'
                WHEN fate < 8 THEN 'closed' ELSE 'answered' END AS state
        FROM aged
    )
"""
_CASES = f"""{_SPREAD}
    INSERT INTO cases (id, number, contact_id, reply_urn, reply_channel, channel, agency, term_class, territory,
        language, state, assignee_id, received_at, due_at, effective, citizen_due_at, active_at, answered_at, ended_at,
        last_line, last_by, failed_delivery)
    SELECT id, printf('2026%09d0', n), id, printf('tel:+57300%07d', n), 'sms',
        CASE n % 4 WHEN 0 THEN 'ussd' WHEN 1 THEN 'web' ELSE 'sms' END,
        (SELECT key FROM temp.agencies WHERE place = agency), CASE n % 3 WHEN 0 THEN 'information' ELSE 'general' END,
        '91001', 'es', state, CASE WHEN agency = 0 AND n % 3 > 0 THEN 1 + n / 3 % {MANAGERS} END, at,
        at + 21 * {_DAY}, date(at / 1000000, 'unixepoch'), at + 21 * {_DAY}, coalesce(ended, at),
        CASE state WHEN 'answered' THEN coalesce(ended, at) END,
        CASE WHEN state IN ('answered', 'closed') THEN coalesce(ended, at) END,
        '¿Cuándo abren las inscripciones de este año en Leticia, y qué documentos hay que llevar?', 'citizen',
        n * 17 % 200 = 0
    FROM spread
"""
_CLOCKS = """
    INSERT INTO clock (case_id, no, began, agency, term_class, channel, territory, started_at, month, effective, due_at,
        latest, answered_at, ended_at, ended_by, late_at, days, citizen_days, touch_minutes)
    SELECT id, 0, 'received', agency, term_class, channel, territory, received_at,
        strftime('%Y-%m', received_at / 1000000 - 18000, 'unixepoch'), effective, due_at, true, answered_at, ended_at,
        CASE state WHEN 'answered' THEN 'answered' WHEN 'closed' THEN 'withdrawn' END,
        CASE WHEN due_at < :now THEN due_at END, (answered_at - received_at) / 86400000000 * 5 / 7,
        (answered_at - received_at) / 86400000000, id % 2400
    FROM cases WHERE id > :first AND id <= :end
"""
# What is looked at: the open ones and those that ended in the last week.
_SHOWN = f"(state IN ('open', 'waiting') OR active_at > :now - 7 * {_DAY}) AND id > :first AND id <= :end"
_PEOPLE = (
    "INSERT INTO contact (id, name, language, created_at)"
    " SELECT id, 'Persona ' || id, 'es', received_at FROM cases WHERE id > :first AND id <= :end",
    "INSERT INTO address (urn, contact_id, channel, answerable, created_at)"
    f" SELECT reply_urn, id, 'sms', true, received_at FROM cases WHERE {_SHOWN}",
)
# 4,194,304 ids a millisecond: those of a case's rows lie at its instant, as in earnest.
_MADE = "((received_at / 1000 - :epoch) << 22) + id % 1000 * 4"
_SAID = (
    "INSERT INTO message (id, case_id, contact_id, urn, channel, direction, kind, text, status, at)"
    f" SELECT {_MADE} + part, id, id, reply_urn, 'sms', CASE part WHEN 0 THEN 'in' ELSE 'out' END,"
    " CASE part WHEN 0 THEN 'question' ELSE 'acknowledgement' END,"
    " CASE part WHEN 0 THEN last_line ELSE 'Recibimos su mensaje. Su caso es el ' || number || '.' END,"
    " CASE part WHEN 0 THEN 'received' ELSE 'delivered' END, received_at"
    f" FROM cases JOIN (SELECT 0 AS part UNION ALL SELECT 1) WHERE {_SHOWN}",
    "INSERT INTO case_event (id, case_id, kind, at, actor, data)"
    f" SELECT {_MADE} + part, id, CASE part WHEN 0 THEN 'received' ELSE 'routed' END, received_at,"
    " CASE part WHEN 0 THEN 'citizen' ELSE 'system' END, CASE part WHEN 0"
    f" THEN json_object('message', cast({_MADE} AS TEXT), 'rule', 'first', 'reasons', json_array())"
    " ELSE json_object('agency', agency, 'topic', NULL, 'term_class', term_class, 'rule', 'x', 'reasons',"
    " json_array()) END"
    f" FROM cases JOIN (SELECT 0 AS part UNION ALL SELECT 1) WHERE {_SHOWN}",
)
_STATEMENTS: Final = (_CASES, *_PEOPLE, _CLOCKS, *_SAID)


def largest(catalog: Catalog) -> str:
    """The agency that has a quarter of all cases."""
    return next(iter(catalog.agencies))


async def fill(store: Store, catalog: Catalog, size: int, *, now: int) -> None:
    """So many cases over every agency, until `now` in microseconds. For SQLite only."""
    await store.transact(lambda conn: _agencies(conn, catalog))
    epoch = now // 1000 - (id_at(instant_of(now)) >> 22)
    for first in range(0, size, _BLOCK):
        values = {
            "first": first, "end": min(first + _BLOCK, size), "size": size, "now": now, "epoch": epoch,
            "agencies": len(catalog.agencies),
        }  # fmt: skip

        async def block(conn: AsyncConnection, values: dict[str, int] = values) -> None:
            # Cases name their people, who are made of them.
            await conn.execute(text("PRAGMA defer_foreign_keys = ON"))
            for statement in _STATEMENTS:
                needed = {name: value for name, value in values.items() if f":{name}" in statement}
                await conn.execute(text(statement), needed)

        await store.transact(block)


async def _agencies(conn: AsyncConnection, catalog: Catalog) -> None:
    await conn.execute(text("CREATE TEMP TABLE agencies (place INTEGER PRIMARY KEY, key TEXT)"))
    rows = [{"place": place, "key": key} for place, key in enumerate(catalog.agencies)]
    await conn.execute(text("INSERT INTO agencies VALUES (:place, :key)"), rows)
