"""Take next among many open cases: under 5 ms at a million, and flat from ten thousand.

python -m benchmarks.take_next [--sizes 10000,1000000] [--takes 200]
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import now
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.store.schema import micros

AGENCIES = 40
_BLOCK = 5000


async def fill(store: Store, size: int) -> None:
    """So many open cases over forty agencies, due in a spread order."""
    begun = micros(now())
    contact = {"id": 1, "name": None, "language": "es", "created_at": begun}

    async def person(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, [contact])

    await store.transact(person)
    for start in range(0, size, _BLOCK):
        rows = [_case(number, begun) for number in range(start, min(start + _BLOCK, size))]

        async def block(conn: AsyncConnection, rows: list[dict[str, Any]] = rows) -> None:
            await insert_rows(conn, t.cases, rows)

        await store.transact(block)


def _case(number: int, at: int) -> dict[str, Any]:
    # A multiplier prime to the modulus spreads due dates over thirty days without a random generator.
    due = at + (number * 7_919_117 % 2_592_000) * 1_000_000
    return {
        "id": number + 1, "number": f"2026{number:09d}0", "contact_id": 1, "reply_channel": "sms", "channel": "sms",
        "agency": f"a{number % AGENCIES}", "term_class": "general", "language": "es", "state": "open",
        "received_at": at, "due_at": due, "waiting_since": at, "active_at": at, "last_line": "x", "last_by": "citizen",
    }  # fmt: skip


async def measure(size: int, takes: int) -> tuple[float, float]:
    """Median and p99 of one take in milliseconds, its durable commit included, then without it."""
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'v.db'}", serving=True)
        await migrate(store)
        await fill(store, size)
        whole, statement = [], []
        for number in range(takes):
            begun = time.perf_counter()

            async def work(conn: AsyncConnection, agency: str = f"a{number % AGENCIES}") -> None:
                asked = time.perf_counter()
                assert await queue.take_next(conn, agency=agency, staff_id=1) is not None
                statement.append((time.perf_counter() - asked) * 1000)

            await store.transact(work)
            whole.append((time.perf_counter() - begun) * 1000)
        await store.close()
    return statistics.median(whole), statistics.median(statement)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--takes", type=int, default=200)
    chosen = parser.parse_args()
    print("| open cases | take next, durable, ms | of it the statement, ms |\n|---|---|---|")
    for size in map(int, chosen.sizes.split(",")):
        whole, statement = asyncio.run(measure(size, chosen.takes))
        print(f"| {size:,} | {whole:.2f} | {statement:.2f} |", flush=True)


if __name__ == "__main__":
    main()
