"""Every page of the console over a million cases: under 100 KB each, and under 50 ms of the server's time.

python -m benchmarks.pages [--cases 1000000] [--rounds 30] [--keep folder] [--only team]

Bytes are those that travel to a browser that has nothing yet: pages as they are, scripts and sheets compressed.
"""

import argparse
import asyncio
import gzip
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.backlog import MANAGERS, fill, largest
from benchmarks.inbound import gateway_environment
from benchmarks.live import processor_seconds
from benchmarks.processes import free_port, started, wait_for
from gateway.catalog.file import load
from gateway.clock import now
from gateway.search.reader import rebuild
from gateway.store import logins, timekeeping
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import open_store
from gateway.store.logins import Opening
from gateway.store.migrate import migrate
from gateway.store.schema import micros
from gateway.timekeeping.almanac import fingerprint
from gateway.web.auth import SESSION_COOKIE, hashed
from routing.catalog import Catalog

_CONFIG: Final = Path(__file__).parent.parent / "config"
_VIEWS: Final = ("mine", "unassigned", "open", "overdue", "today", "waiting", "failed", "ended")
_ASSET: Final = re.compile(r'"(/static/[^"?]+\.(?:js|css))\?')
_IMPORTED: Final = re.compile(r'"(/static/[^"]+\.js)"')
# A page's size, and its time on the wall at p95.
_KB_GOAL, _MS_GOAL = 100, 50
_HEAD, _TRIAGE = MANAGERS + 1, MANAGERS + 2
# Reports of which each is asked for the first time.
_FIRSTS: Final = 8
_READERS: Final = (("manager", 1), ("head", _HEAD), ("triage", _TRIAGE))


@dataclass(frozen=True, slots=True)
class Measured:
    """A page: its own bytes, those with its scripts and sheets as they travel, and milliseconds."""

    who: str
    page: str
    html: int
    whole: int
    median: float
    p95: float
    processor: float

    def row(self) -> str:
        """A line of the table; what misses a goal is marked."""
        over = " **over**" if self.p95 > _MS_GOAL or self.whole > _KB_GOAL * 1024 else ""
        return (
            f"| {self.who} | {self.page} | {self.html / 1024:.0f} | {self.whole / 1024:.0f} | {self.median:.1f}"
            f" | {self.p95:.1f} | {self.processor:.1f} |{over}"
        )


def pages(*, role: str, number: str) -> Iterator[tuple[str, str]]:
    """What is asked for, by the name it has in the table."""
    if role == "head":
        yield "team", "/console/team"
        yield "texts", "/console/texts"
        return
    for view in _VIEWS:
        yield f"queue: {view}", f"/console?view={view}"
    yield "queue: rows alone", "/console/queue/rows?view=open"
    yield "case", f"/console/cases/{number}"
    yield "case: story alone", f"/console/cases/{number}/story"
    yield "search: a number", f"/console/search?q={number}"
    yield "search: two words", "/console/search?q=inscripciones+documentos"
    yield "reports", "/console/reports"
    yield "reports: cases", "/console/reports/cases"
    yield "notices", "/console/notices"
    yield "canned answers", "/console/canned"
    yield "account", "/account"
    if role == "triage":
        yield "queue: one agency", "/console?view=open&agency=sena"
        yield "team: one agency", "/console/team?agency=sena"


async def build(url: str, catalog: Catalog, size: int) -> None:
    """The cases and the people, and what a gateway would otherwise do first: read for search, derive clocks."""
    store = await open_store(url, serving=True)
    await migrate(store)
    await fill(store, catalog, size, now=micros(now()))
    await rebuild(store)
    known = fingerprint(catalog)
    await store.transact(lambda conn: timekeeping.keep_fingerprint(conn, "clocks", known))
    await store.transact(lambda conn: _people(conn, largest(catalog)))
    await store.close()


async def _people(conn: AsyncConnection, agency: str) -> None:
    """Managers of the largest agency, its head and somebody of the triage desk; one each is logged in."""
    at = now()
    everybody = [
        *((n + 1, "manager", agency) for n in range(MANAGERS)),
        (_HEAD, "head", agency),
        (_TRIAGE, "triage", None),
    ]
    rows = [
        {
            "id": id, "login": f"p{id}", "name": f"Persona {id}", "role": role, "agency": of, "active": True,
            "on_duty": True, "created_at": micros(at),
        }
        for id, role, of in everybody
    ]  # fmt: skip
    await insert_rows(conn, t.staff, rows)
    for id in (1, _HEAD, _TRIAGE):
        opening = Opening(
            token_hash=hashed(_token(id)), staff_id=id, csrf="x", stage="open", method="password",
            remote="127.0.0.1", agent="benchmark",
        )  # fmt: skip
        await logins.open_session(conn, opening, now=at, expires_at=at + timedelta(days=365))


def _token(staff_id: int) -> str:
    return f"benchmark-{staff_id}"


def _cookie(staff_id: int) -> dict[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={_token(staff_id)}", "Accept-Language": "es"}


async def measure(
    http: aiohttp.ClientSession, base: str, pid: int, *, who: tuple[str, int], page: tuple[str, str], rounds: int
) -> Measured:
    """One page for one person. Its processor time is the server's whole process."""
    headers = {
        "Cookie": f"{SESSION_COOKIE}={_token(who[1])}", "Accept-Language": "es", "Accept-Encoding": "gzip",
    }  # fmt: skip
    wall, html = [], ""
    used = 0.0
    # A long report is counted first; the first two fill caches: of the templates and of the file.
    while await _is_counted_still(http, base + page[1], headers):  # noqa: ASYNC110 — it is another process that counts
        await asyncio.sleep(0.1)
    for place in range(rounds + 2):
        if place == 2:
            used = processor_seconds(pid)
        begun = time.perf_counter()
        async with http.get(base + page[1], headers=headers, allow_redirects=False) as answer:
            html = await answer.text()
            assert answer.status == 200, (page, answer.status)
            assert "Content-Encoding" not in answer.headers, page
        wall.append((time.perf_counter() - begun) * 1000)
    ordered = sorted(wall[2:])
    return Measured(
        who=who[0],
        page=page[0],
        html=len(html.encode()),
        whole=len(html.encode()) + await _assets(http, base, html),
        median=statistics.median(ordered),
        p95=ordered[round(0.95 * (len(ordered) - 1))],
        processor=(processor_seconds(pid) - used) / rounds * 1000,
    )


async def _is_counted_still(http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> bool:
    async with http.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status == 202


async def first_asked(http: aiohttp.ClientSession, base: str, *, who: tuple[str, int], rounds: int) -> Measured:
    """A year's report that nobody has counted: the page that says so, and how long it is until the report is there."""
    wall: list[float] = []
    until: list[float] = []
    html = ""
    for day in range(2, 2 + rounds):
        begun, status = time.perf_counter(), 202
        while status == 202:
            async with http.get(f"{base}/console/reports?from=2026-01-{day:02}", headers=_cookie(who[1])) as answer:
                said, status = await answer.text(), answer.status
            if len(wall) < day - 1:
                wall.append((time.perf_counter() - begun) * 1000)
                html = said
            await asyncio.sleep(0.1)
        until.append(time.perf_counter() - begun)
    return Measured(
        who=who[0],
        page=f"reports: first asked, there after {statistics.median(until):.1f} s",
        html=len(html.encode()),
        whole=len(html.encode()) + await _assets(http, base, html),
        median=statistics.median(wall),
        p95=max(wall),
        processor=0.0,
    )


async def _assets(http: aiohttp.ClientSession, base: str, html: str) -> int:
    """The bytes of a page's style sheets and scripts, with all that those import, as they travel."""
    found, size = set(_ASSET.findall(html)), 0
    waiting = sorted(found)
    while waiting:
        async with http.get(base + waiting.pop(), headers={"Accept-Encoding": "gzip"}) as answer:
            body = await answer.read()
        size += len(body)
        imported = set(_IMPORTED.findall(gzip.decompress(body).decode())) - found
        found |= imported
        waiting += imported
    return size


async def run(size: int, rounds: int, folder: Path, *, only: str = "") -> None:
    """Build unless it is there; ask for every page (`only`: those with this in their names); print the table."""
    catalog, database = load(_CONFIG), folder / f"pages-{size}.db"
    if not database.exists():
        begun = time.perf_counter()
        await build(f"sqlite:///{database}", catalog, size)
        print(f"built in {time.perf_counter() - begun:.0f} s, {database.stat().st_size / 2**20:,.0f} MB\n", flush=True)
    public, internal = free_port(), free_port()
    environment = gateway_environment(folder, public, internal, free_port(), f"sqlite:///{database}")
    command = [sys.executable, "-m", "gateway", "serve"]
    print("| for | page | HTML, KB | with CSS and JS, KB | median ms | p95 ms | processor ms |")
    print("|---|---|---|---|---|---|---|")
    with started(command, environment, stdout=subprocess.DEVNULL) as process:
        await wait_for(internal, seconds=120)
        async with aiohttp.ClientSession(auto_decompress=False) as http:
            for who, staff_id in _READERS:
                number = await _a_case(http, internal, staff_id)
                if who != "head" and only in "reports: first asked":
                    base = f"http://127.0.0.1:{internal}"
                    # A page before it fills the caches.
                    async with http.get(f"{base}/console/reports/cases", headers=_cookie(staff_id)) as answer:
                        await answer.read()
                    print((await first_asked(http, base, who=(who, staff_id), rounds=_FIRSTS)).row(), flush=True)
                for page in pages(role=who, number=number):
                    if only not in page[0]:
                        continue
                    measured = await measure(
                        http, f"http://127.0.0.1:{internal}", process.pid, who=(who, staff_id), page=page, rounds=rounds
                    )
                    print(measured.row(), flush=True)


async def _a_case(http: aiohttp.ClientSession, port: int, staff_id: int) -> str:
    """The first open case somebody sees."""
    headers = {"Cookie": f"{SESSION_COOKIE}={_token(staff_id)}"}
    async with http.get(f"http://127.0.0.1:{port}/console?view=open", headers=headers) as answer:
        found = re.search(r"/console/cases/([0-9]+)", await answer.text())
    assert found is not None
    return found.group(1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="a folder in which the database stays for the next time")
    parser.add_argument("--only", default="", help="measure the pages that have this in their names")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(chosen.cases, chosen.rounds, chosen.keep or Path(folder), only=chosen.only))


if __name__ == "__main__":
    main()
