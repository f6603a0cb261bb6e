"""Deriving every open case anew when the calendar, the terms or who is told when have changed.

What the clocks were last derived by is kept as a fingerprint. The run is in small transactions, so that messages go on
being taken in, and it may be killed at any time: the fingerprint is kept at its end, the place it has reached with
each page.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock as system_clock
from gateway.deployment import Current
from gateway.store import alarms
from gateway.store import clocks as clock_rows
from gateway.store import timekeeping as rows
from gateway.store.clocks import Logged
from gateway.store.engine import Store
from gateway.store.schema import instant_of, micros
from gateway.timekeeping import keeping
from gateway.timekeeping.almanac import fingerprint
from gateway.timekeeping.keeping import Kept
from routing.catalog import Catalog
from routing.clocks import clocks as derived

log = structlog.get_logger()

_NAME: Final = "clocks"
_REACHED: Final = "clocks reached"
# Cases a transaction: a message that comes in meanwhile waits for no more than one of them.
PAGE: Final = 400
# Pages after which the place is kept.
_REMEMBER: Final = 20
# Another process's clock, which makes the ids of its cases, is ahead of ours by less than this.
_SKEW: Final = timedelta(seconds=1)


async def is_needed(store: Store, catalog: Catalog) -> bool:
    """Whether open cases were last derived by something else."""
    async with store.read() as conn:
        return await rows.fingerprint(conn, _NAME) != fingerprint(catalog)


async def recount(
    store: Store,
    current: Current,
    *,
    clock: Callable[[], datetime],
    told: Callable[[Kept], object],
    resume: bool = False,
) -> bool:
    """Derive every open case anew by the present catalog, and tell people; `told` is given what each page did.

    With `resume`, it goes on where a run by the same catalog was killed. False when another catalog came into force
    meanwhile: then it is to be begun again.
    """
    catalog = current().catalog
    wanted = fingerprint(catalog)
    after = await store.transact(lambda conn: _begin(conn, catalog, wanted, resume=resume, now=clock()))
    # What comes in from now on is dated by this catalog: a run that followed it would not end while people write.
    upto = system_clock.id_at(system_clock.now() + _SKEW)
    log.info("clocks are derived anew")
    pages = 0
    while (kept := await _page(store, catalog, after=after, upto=upto, now=clock())).case_ids:
        after = max(kept.case_ids)
        told(kept)
        pages += 1
        if pages % _REMEMBER == 0:
            await store.transact(partial(rows.keep_fingerprint, name=_REACHED, value=f"{wanted} {after}"))
        # Whoever waits for the processor goes first.
        await asyncio.sleep(0)
        if current().catalog is not catalog:
            return False
    await store.transact(lambda conn: _end(conn, wanted))
    log.info("clocks have been derived anew")
    return True


async def _begin(conn: AsyncConnection, catalog: Catalog, wanted: str, *, resume: bool, now: datetime) -> int:
    """The id after which to go on."""
    # An agency or a class may be back; what is still missing rings again.
    await alarms.end_all(conn, kind="no-clock", subjects=catalog.agencies, now=now)
    by, _, after = (await rows.fingerprint(conn, _REACHED) or "").partition(" ")
    return int(after) if resume and by == wanted else 0


async def _page(store: Store, catalog: Catalog, *, after: int, upto: int, now: datetime) -> Kept:
    async def choose(conn: AsyncConnection) -> list[int]:
        return await rows.lock_open(conn, after=after, upto=upto, limit=PAGE)

    return await keeping.keep(store, catalog, choose, now=now)


async def _end(conn: AsyncConnection, wanted: str) -> None:
    await rows.keep_fingerprint(conn, _NAME, wanted)
    await rows.forget_fingerprint(conn, _REACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A case whose deadline would be another. Instants are aware."""

    number: str
    agency: str
    due_from: datetime
    due_to: datetime


async def moves(conn: AsyncConnection, catalog: Catalog, *, now: datetime) -> AsyncIterator[Move]:
    """The open cases whose deadlines the catalog would move; nothing is written."""
    after = 0
    while case_ids := await clock_rows.page(conn, after=after, limit=PAGE, only_open=True):
        after = max(case_ids)
        for logged in await clock_rows.logs(conn, case_ids):
            due_to = _due(logged, catalog, now)
            case = logged.case
            if due_to is not None and micros(due_to) != case.due_at:
                yield Move(number=case.number, agency=case.agency, due_from=instant_of(case.due_at), due_to=due_to)


def _due(logged: Logged, catalog: Catalog, now: datetime) -> datetime | None:
    """When the agency's answer is due; None when the configuration no longer has what the case's log names."""
    try:
        return derived(logged.events, catalog, now).present.due_at
    except (KeyError, ValueError):
        return None
