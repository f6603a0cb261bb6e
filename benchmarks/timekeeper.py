"""The timekeeper: ten cases due among a million open ones, and a million derived anew while messages come in.

python -m benchmarks.timekeeper [--sizes 10000,1000000] [--sweeps 30] [--rate 20]
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Capabilities
from channels.message import Address, InboundMessage
from gateway.app import collect_seldom
from gateway.clock import new_id, now
from gateway.deployment import Deployment
from gateway.inbound.intake import Intake
from gateway.store import schema as t
from gateway.store import timekeeping
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.store.schema import micros
from gateway.timekeeping import almanac, recount
from gateway.timekeeping.timekeeper import Timekeeper
from routing.catalog import Catalog, Suspension
from routing.terms import due

CONFIG = Path(__file__).parent.parent / "config"
# Cases that fall due in each sweep: health matters, whose half is twelve hours after they came in.
DUE = 10
_BLOCK = 5000
# Seven working days of cases, so that none of the general ones is near a warning.
_SPREAD = timedelta(days=7)


def cases(catalog: Catalog, size: int, sweeps: int, begun: datetime) -> Iterator[tuple[str, str, datetime]]:
    """Agency, class and receipt of each case: nearly all general, and ten for each minute of the sweeps."""
    keys = sorted(catalog.agencies)
    for number in range(size):
        yield keys[number % len(keys)], "general", begun - (number * 7_919 % 10_000) / 10_000 * _SPREAD
    for sweep in range(sweeps):
        for number in range(DUE):
            yield keys[number % len(keys)], "health-vital", begun + timedelta(minutes=sweep + 1) - timedelta(hours=12)


async def fill(store: Store, catalog: Catalog, size: int, sweeps: int, begun: datetime) -> None:
    """Write the cases as intake would have: with a clock and the events they are derived from."""
    contact = {"id": 1, "name": None, "language": "es", "created_at": micros(begun)}

    async def person(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, [contact])

    await store.transact(person)
    block: list[Written] = []
    for number, (agency, term_class, at) in enumerate(cases(catalog, size, sweeps, begun)):
        block.append(written(catalog, number, agency, term_class, at))
        if len(block) == _BLOCK:
            await write(store, block)
            block = []
    await write(store, block)


@dataclass(frozen=True, slots=True)
class Written:
    """The rows of one case."""

    case: dict[str, Any]
    clock: dict[str, Any]
    events: tuple[dict[str, Any], ...]


def written(catalog: Catalog, number: int, agency: str, term_class: str, at: datetime) -> Written:
    """The rows of a case that came in at an instant."""
    case_id, received = new_id(), micros(at)
    clock = due(catalog, agency=agency, term_class=term_class, received_at=at)
    due_at, effective = micros(clock.due_at), clock.effective.isoformat()
    # Only the hourly ones have a step within the sweeps.
    step = received + 12 * 3_600_000_000 if term_class == "health-vital" else due_at
    case = {
        "id": case_id, "number": f"2026{number:09d}0", "contact_id": 1, "reply_channel": "sms", "channel": "sms",
        "agency": agency, "term_class": term_class, "language": "es", "state": "open", "received_at": received,
        "due_at": due_at, "effective": effective, "citizen_due_at": due_at, "next_step_at": step,
        "waiting_since": received, "active_at": received, "last_line": "x", "last_by": "citizen",
    }  # fmt: skip
    kept = {
        "case_id": case_id, "no": 0, "began": "received", "agency": agency, "term_class": term_class, "channel": "sms",
        "started_at": received, "month": "2026-11", "effective": effective, "due_at": due_at, "latest": True,
    }  # fmt: skip
    routed = {"agency": agency, "topic": None, "term_class": term_class, "rule": "keyword", "reasons": [
        {"code": "keyword", "detail": "SENA"}, {"code": "topic", "detail": "otros"},
    ]}  # fmt: skip
    events = (
        event(case_id, "received", received, {"message": str(case_id), "rule": "new_case", "reasons": []}),
        event(case_id, "routed", received, routed),
    )
    return Written(case, kept, events)


def event(case_id: int, kind: str, at: int, data: dict[str, Any]) -> dict[str, Any]:
    """A row of a case's log."""
    return {"id": new_id(), "case_id": case_id, "kind": kind, "at": at, "actor": "system", "data": data}


async def write(store: Store, block: list[Written]) -> None:
    """A block in one transaction."""

    async def work(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.cases, [each.case for each in block])
        await insert_rows(conn, t.clock, [each.clock for each in block])
        await insert_rows(conn, t.case_event, [row for each in block for row in each.events])

    await store.transact(work)


async def sweep(store: Store, deployment: Deployment, begun: datetime, sweeps: int) -> float:
    """The median of sweeps with ten cases due, and what they make known, in milliseconds."""
    at = begun
    keeper = Timekeeper(store, lambda: deployment, clock=lambda: at, wake_outbox=lambda _channels: None)
    await keeper.round(begun)
    times = []
    for number in range(sweeps):
        at = begun + timedelta(minutes=number + 1)
        started = time.perf_counter()
        done = await keeper.round(at)
        times.append((time.perf_counter() - started) * 1000)
        assert len(done.case_ids) == DUE, len(done.case_ids)
    return statistics.median(times)


async def derive(store: Store, deployment: Deployment, rate: float) -> tuple[float, float, list[float]]:
    """Derive every open case by a calendar with a strike in it, while messages come in.

    Seconds it took, of them on a processor, and how long each message waited (milliseconds, sorted).
    """
    await almanac.keep(store, deployment.catalog)
    struck = deployment.counting(await almanac.keep(store, strike(deployment.catalog)))
    waits: list[float] = []
    load = asyncio.create_task(intake(store, struck, rate, waits))
    started, worked = time.perf_counter(), time.process_time()
    await recount.recount(store, lambda: struck, clock=now, told=lambda _kept: None)
    took, busy = time.perf_counter() - started, time.process_time() - worked
    load.cancel()
    with suppress(asyncio.CancelledError):
        await load
    assert await timekeeping_done(store, struck.catalog)
    return took, busy, sorted(waits)


async def timekeeping_done(store: Store, catalog: Catalog) -> bool:
    """Whether the run has come to its end."""
    async with store.read() as conn:
        return await timekeeping.fingerprint(conn, "clocks") == almanac.fingerprint(catalog)


def strike(catalog: Catalog) -> Catalog:
    """A strike of every agency two weeks from now: it moves every deadline."""
    first = now().date() + timedelta(days=14)
    row = Suspension(first=first, last=date.fromordinal(first.toordinal() + 4), reason={"es": "Paro", "en": "Strike"})
    national = catalog.calendars["national"].model_copy(update={"suspensions": (row,)})
    return catalog.model_copy(update={"calendars": {**catalog.calendars, "national": national}})


async def intake(store: Store, deployment: Deployment, rate: float, waits: list[float]) -> None:
    """Messages of new people at a steady rate; each wait, from receipt to the durable commit, in milliseconds."""
    limits = Capabilities(max_length=1600, segments=True)
    way_in = Intake(store, lambda: deployment, capable=lambda _name: limits, clock=now, wake=lambda _channels: None)

    async def one(number: int) -> None:
        message = InboundMessage(
            channel="sms", provider_id=f"SM{number}", sender=Address("tel", f"+57310{number:07d}"),
            text="SENA: buenas tardes, necesito ayuda",
        )  # fmt: skip
        began = time.perf_counter()
        await way_in.receive(message)
        waits.append((time.perf_counter() - began) * 1000)

    number, begun = 0, time.perf_counter()
    async with asyncio.TaskGroup() as visits:
        while True:
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            visits.create_task(one(number))
            number += 1


async def measure(size: int, sweeps: int, rate: float) -> str:
    """A row of the table."""
    deployment, begun = Deployment.load(CONFIG), now()
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'v.db'}", serving=True)
        try:
            await migrate(store)
            await fill(store, deployment.catalog, size, sweeps, begun)
            # As the server does once it has started.
            collect_seldom()
            swept = await sweep(store, deployment, begun, sweeps)
            took, busy, waits = await derive(store, deployment, rate)
        finally:
            await store.close()
    middle, slow = statistics.median(waits), waits[int(len(waits) * 0.99)]
    return f"| {size:,} | {swept:.1f} | {took:.1f} | {busy:.1f} | {len(waits):,} | {middle:.1f} | {slow:.1f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--sweeps", type=int, default=30)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second while cases are derived anew")
    chosen = parser.parse_args()
    columns = (
        "open cases",
        "sweep with 10 due, ms",
        "all derived anew, s",
        "processor, s",
        "messages",
        "p50 ms",
        "p99 ms",
    )
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for size in map(int, chosen.sizes.split(",")):
        print(uvloop.run(measure(size, chosen.sweeps, chosen.rate)), flush=True)


if __name__ == "__main__":
    main()
