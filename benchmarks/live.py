"""Two hundred consoles on the stream, fifty changes a second: what each costs, and when the change arrives.

python -m benchmarks.live [--consoles 200] [--rate 50] [--seconds 20]
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.footprint import resident_megabytes
from benchmarks.inbound import gateway_environment
from benchmarks.processes import free_port, started, wait_for
from gateway.catalog.file import load
from gateway.clock import new_id, now
from gateway.store import logins, staff
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import open_store
from gateway.store.logins import Opening
from gateway.store.migrate import migrate
from gateway.store.schema import micros
from gateway.web.auth import SESSION_COOKIE, hashed
from routing.case_number import format_number

CONFIG: Final = Path(__file__).parent.parent / "config"
# Of all consoles, those that hear the whole network.
_CENTRAL: Final = 0.1
_CASES: Final = 2_000
_CSRF: Final = "benchmark"


@dataclass
class Heard:
    """By case and version: when each change was asked for and answered, and when each console heard of it. Seconds."""

    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    arrived: list[tuple[str, float]] = field(default_factory=list)
    gaps: int = 0

    def since(self, begun: dict[str, float]) -> tuple[float, float]:
        """Median and p99, milliseconds, from then to the arrival; it may come before the answer does."""
        cuts = statistics.quantiles((1000 * max(0.0, at - begun[key]) for key, at in self.arrived), n=100)
        return cuts[49], cuts[98]


async def fill(url: str, consoles: int) -> tuple[list[str], list[str]]:
    """Cases of every agency, and logged-in people: a tenth at the centre, the others spread over the agencies."""
    agencies = sorted(load(CONFIG).agencies)
    store = await open_store(url, serving=True)
    await migrate(store)
    numbers = [format_number(2026, place + 1) for place in range(_CASES)]
    await store.transact(lambda conn: _cases(conn, numbers, agencies))
    central = int(consoles * _CENTRAL)
    for place in range(consoles):
        agency = None if place < central else agencies[place % len(agencies)]
        await store.transact(partial(_person, place=place, agency=agency))
    await store.close()
    return numbers, [_token(place) for place in range(consoles)]


async def _cases(conn: AsyncConnection, numbers: list[str], agencies: list[str]) -> None:
    at = micros(now())
    await insert_rows(conn, t.contact, [{"id": 1, "name": None, "language": "es", "created_at": at}])
    rows = [
        {
            "id": new_id(), "number": number, "contact_id": 1, "reply_channel": "sms", "channel": "sms",
            "agency": agencies[place % len(agencies)], "term_class": "general", "language": "es", "state": "open",
            "received_at": at, "due_at": at + 10**12, "effective": f"{now():%Y-%m-%d}", "citizen_due_at": at + 10**12,
            "active_at": at, "last_line": "x", "last_by": "citizen",
        }
        for place, number in enumerate(numbers)
    ]  # fmt: skip
    await insert_rows(conn, t.cases, rows)
    received = [
        {"id": new_id(), "case_id": row["id"], "kind": kind, "at": at, "actor": "citizen", "data": data}
        for row in rows
        for kind, data in (
            ("received", {"message": "1", "rule": "first", "reasons": []}),
            ("routed", {"agency": row["agency"], "topic": None, "term_class": "general", "rule": "x", "reasons": []}),
        )
    ]
    await insert_rows(conn, t.case_event, received)


def _token(place: int) -> str:
    return f"benchmark-{place}"


async def _person(conn: AsyncConnection, *, place: int, agency: str | None) -> None:
    login, at = f"p{place}", now()
    role = "manager" if agency else "triage"
    member = await staff.add(conn, login=login, name=login, role=role, agency=agency, password_hash=None, now=at)
    opening = Opening(
        token_hash=hashed(_token(place)), staff_id=member.id, csrf=_CSRF, stage="open", method="password",
        remote="127.0.0.1", agent="benchmark",
    )  # fmt: skip
    await logins.open_session(conn, opening, now=at, expires_at=at + timedelta(hours=1))


async def console(http: aiohttp.ClientSession, base: str, token: str, heard: Heard, ready: asyncio.Semaphore) -> None:
    """One console, until it is cancelled."""
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"}
    async with http.get(f"{base}/console/stream?after={new_id()}", headers=headers) as answer:
        kind = b""
        async for line in answer.content:
            if line.startswith(b"event: "):
                kind = line[7:-1]
                ready.release() if kind == b"counts" else None
                heard.gaps += kind == b"gap"
            elif kind == b"case" and line.startswith(b"data: "):
                _note(heard, orjson.loads(line[6:]))


def _note(heard: Heard, changed: dict[str, Any]) -> None:
    key = f"{changed['number']}/{changed['version']}"
    if key in heard.asked:
        heard.arrived.append((key, time.perf_counter()))


async def act(http: aiohttp.ClientSession, base: str, number: str, version: int, heard: Heard) -> None:
    """A note in a case, by somebody at the centre; each makes the next version of the case."""
    key = f"{number}/{version}"
    heard.asked[key] = time.perf_counter()
    form = {"csrf": _CSRF, "text": "Una nota."}
    headers = {"Cookie": f"{SESSION_COOKIE}={_token(0)}"}
    path = f"{base}/console/cases/{number}/note"
    async with http.post(path, data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303, answer.status
    heard.answered[key] = time.perf_counter()


async def acts_of(
    http: aiohttp.ClientSession, base: str, numbers: list[str], heard: Heard, *, rate: float, seconds: float
) -> float:
    """So many acts a second, at an even pace whatever the answers take; the rate that was reached comes back."""
    versions = dict.fromkeys(numbers, 1)
    chosen = random.Random(7).sample(numbers, min(len(numbers), int(rate * seconds)))
    acts = []
    begun = time.perf_counter()
    for place, number in enumerate(chosen):
        await asyncio.sleep(max(0.0, begun + place / rate - time.perf_counter()))
        versions[number] += 1
        acts.append(asyncio.create_task(act(http, base, number, versions[number], heard)))
    await asyncio.gather(*acts)
    return len(acts) / (time.perf_counter() - begun)


def processor_seconds(pid: int) -> float:
    """What the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(consoles: int, rate: float, seconds: float) -> str:
    """The figures, as docs/benchmarks.md shows them."""
    heard, ready = Heard(), asyncio.Semaphore(0)
    with tempfile.TemporaryDirectory() as name:
        folder, public, internal = Path(name), free_port(), free_port()
        numbers, tokens = await fill(f"sqlite:///{folder}/ventanilla.db", consoles)
        environment = gateway_environment(folder, public, internal, free_port())
        base = f"http://127.0.0.1:{internal}"
        with started([sys.executable, "-m", "gateway", "serve"], environment, stdout=subprocess.DEVNULL) as process:
            await wait_for(internal)
            connector = aiohttp.TCPConnector(limit=0)
            timeout = aiohttp.ClientTimeout(total=None)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
                at_rest = resident_megabytes(process.pid)
                tasks = [asyncio.create_task(console(http, base, token, heard, ready)) for token in tokens]
                for _ in tokens:
                    await ready.acquire()
                listening, used = resident_megabytes(process.pid), processor_seconds(process.pid)
                idle_from = time.perf_counter()
                await asyncio.sleep(5)
                idle = (processor_seconds(process.pid) - used) / (time.perf_counter() - idle_from)
                # Whoever comes asks for everything once, and the cases laid out a moment ago are news by the hundred.
                heard.gaps = 0
                used, begun = processor_seconds(process.pid), time.perf_counter()
                reached = await acts_of(http, base, numbers, heard, rate=rate, seconds=seconds)
                busy = (processor_seconds(process.pid) - used) / (time.perf_counter() - begun)
                await asyncio.sleep(1)
                after = resident_megabytes(process.pid)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    asked, answered = heard.since(heard.asked), heard.since(heard.answered)
    return (
        f"{consoles} consoles, {reached:.0f} changes/s, {len(heard.arrived):,} heard, {heard.gaps} gaps\n"
        f"from the act's answer to the page: p50 {answered[0]:.0f} ms, p99 {answered[1]:.0f} ms\n"
        f"from the act's beginning to the page: p50 {asked[0]:.0f} ms, p99 {asked[1]:.0f} ms\n"
        f"memory: {at_rest:.0f} MB at rest, {listening:.0f} MB listening, {after:.0f} MB after\n"
        f"processor: {100 * idle:.0f} % of a core listening, {100 * busy:.0f} % with the changes and their acts"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--consoles", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    chosen = parser.parse_args()
    print(asyncio.run(run(chosen.consoles, chosen.rate, chosen.seconds)))


if __name__ == "__main__":
    main()
