"""Filling a database with a made-up past."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Capabilities
from gateway.clock import ids_by
from gateway.demo import cast as casting
from gateway.demo import days, people
from gateway.demo.at_hand import lay_out
from gateway.demo.citizens import Citizens
from gateway.demo.corpus import corpus
from gateway.demo.incidents import happen
from gateway.demo.past import Past, in_this_thread
from gateway.demo.providers import Providers
from gateway.demo.questions import Questions
from gateway.demo.telling import World
from gateway.demo.watch import watch
from gateway.demo.working import Office
from gateway.deployment import Deployment
from gateway.errors import Conflict
from gateway.files import Files
from gateway.store import demo as rows
from gateway.store.engine import Store
from gateway.timekeeping import notices
from routing.terms import counted

# Before the first question, staff come and the office is set up.
_EARLIER: Final = timedelta(days=4)
# Cases whose clocks are kept at once.
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made: `cases` questions in the `days` before `ends`, the same ones for the same seed."""

    cases: int
    days: int
    seed: int
    ends: datetime
    # Beside cases that are there already.
    beside: bool = False


async def fill(
    store: Store, deployment: Deployment, files: Files, wanted: Wanted, capable: Callable[[str], Capabilities]
) -> Mapping[str, int]:
    """Make the past in one transaction; how many rows of each kind there are now. Conflict when cases are there."""

    async def work(conn: AsyncConnection) -> Mapping[str, int]:
        if not wanted.beside and (await rows.counts(conn))["cases"]:
            raise Conflict("the database has cases already: --add makes more beside them")
        await _make(conn, deployment, files, wanted, capable)
        return await rows.counts(conn)

    return await store.transact(work)


async def _make(
    conn: AsyncConnection,
    deployment: Deployment,
    files: Files,
    wanted: Wanted,
    capable: Callable[[str], Capabilities],
) -> None:
    told, catalog = corpus(), deployment.catalog
    # Beside others, the same people would go on with their own cases.
    seed = f"{wanted.seed} {wanted.ends}" if wanted.beside else f"{wanted.seed}"
    rng = random.Random(seed)  # noqa: S311 — a lot, no secret
    begins = wanted.ends - timedelta(days=wanted.days)
    past = Past(conn, deployment, capable, begins=begins - _EARLIER)
    block = rng.randrange(600, 950) if wanted.beside else people.FIRST_BLOCK
    run = f"{wanted.seed:x}.{int(wanted.ends.timestamp()):x}."
    with ids_by(past.clock), in_this_thread(conn):
        cast = await casting.engage(conn, people.staff(catalog, told.weights, rng), beside=wanted.beside, now=past.now)
        if not wanted.beside:
            await lay_out(conn, cast, catalog, now=past.now)
        cast = replace(cast, away=await casting.absent(conn, cast, begins=begins, ends=wanted.ends, rng=rng))
        office = Office(past, cast)
        world = World(past=past, citizens=Citizens(past, told, run=run), office=office, corpus=told, alive=set())
        providers = Providers(past, random.Random(f"{seed} providers"), ends=wanted.ends)  # noqa: S311
        past.carriers = providers.round
        questions = Questions(world, files, seed=seed, ends=wanted.ends, first_block=block)
        calendar = counted(catalog, catalog.gateway.triage).workdays
        for place, at in enumerate(
            days.arrivals(wanted.cases, begins=begins, ends=wanted.ends, office=calendar, rng=rng)
        ):
            past.begin(questions.ask(place), at=at)
        past.begin(watch(past, calendar), at=begins)
        past.begin(happen(past, cast, rng), at=wanted.ends - timedelta(hours=60))
        await past.until(wanted.ends)
        await _settle(past, providers)


async def _settle(past: Past, providers: Providers) -> None:
    """Nothing waits to be sent, nothing has fallen due that is not noted, and every open case's next step is known."""
    await past.timekeeper.round(past.now)
    open_cases = await rows.open_cases(past.conn)
    for first in range(0, len(open_cases), _AT_ONCE):
        page = open_cases[first : first + _AT_ONCE]
        await notices.keep(past.conn, past.deployment.catalog, page, now=past.now)
    await providers.carry()
    await past.timekeeper.round(past.now)
