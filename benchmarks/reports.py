"""A year's indicators over a million cases, as a ratio to a bare count of the same rows.

python -m benchmarks.reports [--cases 1000000] [--rounds 5] [--messages]
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.deployment import Deployment
from gateway.principal import Principal, Role
from gateway.reports import timeliness
from gateway.reports.period import Wanted, asked_of
from gateway.store import reach
from gateway.store import timeliness as rows
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.store.timeliness import Dimension
from routing.catalog import Catalog

CONFIG = Path(__file__).parent.parent / "config"
EVERYBODY = Principal(id=1, name="bench", role=Role.ADMINISTRATOR, agency=None)
NOW = datetime(2026, 12, 31, 17, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)

# Instants in microseconds: the year's first local midnight, a day, and the days of the year that are filled.
_START, _DAY, _DAYS = 1_767_243_600_000_000, 86_400_000_000, 364
_BLOCK = 50_000
# Spread by multiplication instead of a random generator: the same rows each time. One case in twenty still runs, one in
# twenty is closed without an answer, the others are answered after 0 to 30 business days.
_SPREAD = f"""
    WITH RECURSIVE counting(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counting WHERE n + 1 < :end),
    spread AS (
        SELECT n + 1 AS id, n, {_START} + n * {_DAYS} / :size * {_DAY} + (n * 7919 % 36000) * 1000000 AS at,
            n * 48271 % 31 * (n * 16807 % 31) / 30 AS days, n * 69621 % 20 AS fate, n * 31 % :agencies AS agency,
            n * 12289 % 2400 AS touch
        FROM counting
    )
"""
_CASES = f"""{_SPREAD}
    INSERT INTO cases (id, number, contact_id, reply_channel, channel, agency, term_class, territory, language, state,
        received_at, due_at, effective, citizen_due_at, active_at, last_line, last_by)
    SELECT id, printf('2026%09d0', n), 1 + n / 2, 'sms', CASE n % 4 WHEN 0 THEN 'ussd' WHEN 1 THEN 'web' ELSE 'sms' END,
        (SELECT key FROM agencies WHERE place = agency), CASE n % 3 WHEN 0 THEN 'information' ELSE 'general' END,
        '91001', 'es', CASE WHEN fate = 0 THEN 'open' ELSE 'answered' END, at, at + 21 * {_DAY}, date(at / 1000000,
        'unixepoch'), at + 21 * {_DAY}, at, 'x', 'citizen'
    FROM spread
"""
_ENDED = f"CASE WHEN fate > 0 THEN at + days * 7 / 5 * {_DAY} END"
_CLOCKS = f"""{_SPREAD}
    INSERT INTO clock (case_id, no, began, agency, term_class, channel, territory, started_at, month, effective, due_at,
        latest, answered_at, ended_at, ended_by, late_at, days, citizen_days, touch_minutes)
    SELECT id, 0, 'received', c.agency, c.term_class, c.channel, '91001', at, strftime('%Y-%m', at / 1000000 - 18000,
        'unixepoch'), c.effective, c.due_at, true, CASE WHEN fate > 1 THEN {_ENDED} END, {_ENDED},
        CASE WHEN fate > 1 THEN 'answered' WHEN fate = 1 THEN 'withdrawn' END,
        CASE WHEN days > 15 THEN c.due_at + 1000000 END, CASE WHEN fate > 1 THEN days END,
        CASE WHEN fate > 1 THEN days * 7 / 5 END, touch
    FROM spread JOIN cases c USING (id)
"""
_MESSAGES = f"""{_SPREAD}
    INSERT INTO message (id, case_id, contact_id, urn, channel, direction, kind, text, status, at)
    SELECT id * 3 + part, id, 1 + n / 2, 'tel:+57300', 'sms', CASE part WHEN 0 THEN 'in' ELSE 'out' END,
        CASE part WHEN 0 THEN 'question' WHEN 1 THEN 'acknowledgement' ELSE 'answer' END,
        'Las inscripciones abren el 15 de enero; lleve su documento y dos fotos.', 'delivered', at + part * {_DAY}
    FROM spread JOIN (SELECT 0 AS part UNION ALL SELECT 1 UNION ALL SELECT 2)
"""
_BARE = (
    f"SELECT count(*) FROM clock WHERE month BETWEEN '2026-01' AND '2026-12' AND started_at >= {_START}"
    f" AND started_at < {_START + 365 * _DAY} AND began <> 'reopened'"
)


async def fill(store: Store, catalog: Catalog, size: int, *, messages: bool) -> None:
    """So many cases with a clock each over every agency, and three messages each when wanted."""
    statements = [_CASES, _CLOCKS, *([_MESSAGES] if messages else [])]

    async def people(conn: AsyncConnection) -> None:
        await conn.execute(text("CREATE TEMP TABLE agencies (place INTEGER PRIMARY KEY, key TEXT)"))
        await conn.execute(
            text("INSERT INTO agencies VALUES (:place, :key)"),
            [{"place": place, "key": key} for place, key in enumerate(catalog.agencies)],
        )
        counting = f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n <= {size // 2})"
        await conn.execute(
            text(f"{counting} INSERT INTO contact (id, language, created_at) SELECT n, 'es', {_START} FROM c")
        )

    await store.transact(people)
    for first in range(0, size, _BLOCK):
        values = {"first": first, "end": min(first + _BLOCK, size), "size": size, "agencies": len(catalog.agencies)}

        async def block(conn: AsyncConnection, values: dict[str, Any] = values) -> None:
            for statement in statements:
                await conn.execute(text(statement), values)

        await store.transact(block)


async def _seconds(rounds: int, work: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Medians of the time on the wall and of the processor's, all threads together: the latter bears company better."""
    wall, processor = [], []
    for _ in range(rounds):
        begun, spent = time.perf_counter(), time.process_time()
        await work()
        wall.append(time.perf_counter() - begun)
        processor.append(time.process_time() - spent)
    return statistics.median(wall), statistics.median(processor)


async def measure(size: int, rounds: int, *, messages: bool) -> None:
    """Fill, measure, print."""
    catalog = Deployment.load(CONFIG).catalog
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'v.db'}", serving=True)
        await migrate(store)
        await fill(store, catalog, size, messages=messages)
        async with store.read() as conn:

            async def bare() -> None:
                assert (await conn.execute(text(_BARE))).scalar_one() == size

            once = await _seconds(rounds, bare)
            print(f"bare count of {size:,} clocks: {once[0]:.3f} s, processor {once[1]:.3f} s\n")
            print("| by | s | processor s | ratio to the bare count, processor |\n|---|---|---|---|")
            for by in Dimension:
                await _measured(conn, catalog, by, rounds, once)
            if messages:
                await _people(conn, catalog, rounds, once)
        await store.close()


async def _measured(
    conn: AsyncConnection, catalog: Catalog, by: Dimension, rounds: int, once: tuple[float, float]
) -> None:
    async def reported() -> None:
        await timeliness.report(conn, catalog, EVERYBODY, Wanted(first=FIRST, last=LAST, by=by), now=NOW)

    _row(str(by), await _seconds(rounds, reported), once)


async def _people(conn: AsyncConnection, catalog: Catalog, rounds: int, once: tuple[float, float]) -> None:
    asked = asked_of(catalog, Wanted(first=FIRST, last=LAST), NOW)
    _row("(of none: clocks)", await _seconds(rounds, lambda: rows.count(conn, EVERYBODY, asked)), once)
    _row("(of none: messages)", await _seconds(rounds, lambda: reach.said(conn, EVERYBODY, asked)), once)


def _row(name: str, taken: tuple[float, float], once: tuple[float, float]) -> None:
    print(f"| {name} | {taken[0]:.2f} | {taken[1]:.2f} | {taken[1] / once[1]:.1f} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", action="store_true", help="three messages a case, too")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.cases, chosen.rounds, messages=chosen.messages))


if __name__ == "__main__":
    main()
