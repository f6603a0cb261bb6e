"""The timekeeper: asleep until something falls due, then it is noted once for ever and people are told.

It looks at what is due and at nothing else, so a million open cases cost it no more than ten. Several processes may
keep time together: a case is locked by one of them, and what was noted bears words that cannot be written twice. After
days of being switched off, everything is noted at the instant at which it fell due.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import metrics
from gateway.deployment import Current
from gateway.ledger import Ledger
from gateway.staffing import assigning
from gateway.store import absences
from gateway.store import clocks as clock_rows
from gateway.store import timekeeping as rows
from gateway.store.absences import Absence
from gateway.store.engine import Store
from gateway.timekeeping import keeping, recount
from gateway.timekeeping.almanac import fingerprint
from gateway.timekeeping.keeping import Kept
from routing.case import SYSTEM, EventKind
from routing.catalog import Catalog

log = structlog.get_logger()

# Cases a transaction: a message that comes in meanwhile waits for no more than one of them.
_BATCH: Final = 100
# The longest sleep, seconds: a receipt, or another process, can bring the next instant nearer.
_LONGEST: Final = 60.0
# The shortest: what another process is just doing needs no second look at once.
_SHORTEST: Final = 0.05
# After a database that was away, seconds.
_AGAIN: Final = 5.0
# For how long before the start a return is looked back to.
_LOOK_BACK: Final = timedelta(days=7)


class Timekeeper:
    """Keeps time for every open case. `wake_outbox` is told the channels on which something is to be sent."""

    def __init__(
        self,
        store: Store,
        current: Current,
        *,
        clock: Callable[[], datetime],
        wake_outbox: Callable[[Iterable[str]], None],
    ) -> None:
        self._store = store
        self._current = current
        self._clock = clock
        self._wake_outbox = wake_outbox
        self._bell = asyncio.Event()
        self._changed = asyncio.Event()
        self._catalog = current().catalog
        self._looked_at: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Something may be due earlier than was known, or another configuration is in force."""
        self._bell.set()

    async def start(self) -> None:
        """Begin to keep time, and to derive open cases anew if the configuration has changed since the last run."""
        self._tasks = [
            asyncio.create_task(self._serve(), name="timekeeper"),
            asyncio.create_task(self._recount_when_changed(), name="recount"),
        ]

    async def stop(self) -> None:
        """End; what is being written is finished first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def round(self, now: datetime | None = None) -> Kept:
        """Do everything that has fallen due at `now`; what was done comes back."""
        at = now or self._clock()
        async with self._store.read() as conn:
            back = await absences.returned(conn, since=self._looked_at or at - _LOOK_BACK, now=at)
            gone = await absences.begun(conn, now=at) is not None
        done = await self._return(back, at)
        if gone:
            done.add(await self._leave(at))
        full = True
        while full:
            kept = await self._batch(at)
            done.add(kept)
            # What is due and is not in it, another process has locked and is doing.
            full = len(kept.case_ids) == _BATCH
        self._looked_at = at
        return done

    async def recount(self) -> None:
        """Derive every open case anew, unless that was done by this configuration already."""
        if await recount.is_needed(self._store, self._current().catalog):
            await self._recount(resume=True)

    async def _serve(self) -> None:
        while True:
            self._bell.clear()
            if self._current().catalog is not self._catalog:
                self._changed.set()
            try:
                await self.round()
                pause = await self._until_next()
            except Exception:  # the outermost loop: a database that is away for a moment comes back
                log.exception("timekeeper round failed")
                pause = _AGAIN
            # Not wait_for: in Python 3.11 it can swallow the cancellation that stops us.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._bell.wait()

    async def _until_next(self) -> float:
        now = self._clock()
        async with self._store.read() as conn:
            instants = (await clock_rows.next_due(conn), await absences.next_change(conn, now=now))
        following = min((instant for instant in instants if instant is not None), default=None)
        if following is None:
            return _LONGEST
        return min(max((following - now).total_seconds(), _SHORTEST), _LONGEST)

    async def _batch(self, now: datetime) -> Kept:
        catalog = self._current().catalog

        async def choose(conn: AsyncConnection) -> list[int]:
            return await clock_rows.due(conn, now, limit=_BATCH)

        return self._told(await keeping.keep(self._store, catalog, choose, now=now))

    def _told(self, kept: Kept) -> Kept:
        self._wake_outbox(kept.outgoing)
        for kind, count in kept.noted.items():
            metrics.MOMENTS.labels(kind=kind).inc(count)
        return kept

    async def _leave(self, now: datetime) -> Kept:
        """Offer what those have who have just gone."""
        catalog, done = self._current().catalog, Kept()
        while (left := await self._store.transact(lambda conn: _left(conn, catalog, now))) is not None:
            done.add(self._told(left))
        return done

    async def _return(self, agencies: Collection[str], now: datetime) -> Kept:
        """Give what waits to those who have just come back, where cases are given out."""
        catalog, done = self._current().catalog, Kept()
        for agency in sorted(agencies):
            work = partial(_given, catalog=catalog, agency=agency, now=now)
            done.add(self._told(await self._store.transact(work)))
        return done

    async def _recount_when_changed(self) -> None:
        begin: Callable[[], Awaitable[None]] = self.recount
        while True:
            try:
                await begin()
            except Exception:  # the outermost loop: the fingerprint is not kept, so it is begun again
                log.exception("clocks could not be derived anew")
                await asyncio.sleep(_AGAIN)
                continue
            await self._changed.wait()
            self._changed.clear()
            begin = self._recount_if_moved

    async def _recount_if_moved(self) -> None:
        old, self._catalog = self._catalog, self._current().catalog
        # Another process may have finished with the same configuration while this one still kept time by the old one.
        if fingerprint(old) != fingerprint(self._catalog):
            await self._recount(resume=False)

    async def _recount(self, *, resume: bool) -> None:
        done = False
        while not done:
            self._catalog = self._current().catalog
            done = await recount.recount(self._store, self._current, clock=self._clock, told=self._told, resume=resume)
            resume = False
        # A deadline may have come nearer than the next look.
        self.wake()


async def _left(conn: AsyncConnection, catalog: Catalog, now: datetime) -> Kept | None:
    """Offer a batch of the cases of somebody who has gone; None when nobody has whose cases are not all offered."""
    absence = await absences.begun(conn, now=now)
    if absence is None:
        return None
    is_away = absence.until_at is None or absence.until_at > now
    case_ids = await rows.held_by(conn, absence.staff_id, limit=_BATCH) if is_away else []
    if len(case_ids) < _BATCH:
        await absences.offered(conn, absence.id, now=now)
    return await _offered(conn, catalog, case_ids, absence, now) if case_ids else Kept()


async def _offered(
    conn: AsyncConnection, catalog: Catalog, case_ids: list[int], absence: Absence, now: datetime
) -> Kept:
    ledger = Ledger(now)
    for case_id in case_ids:
        ledger.event(case_id, EventKind.UNASSIGNED, actor=SYSTEM, staff=str(absence.staff_id), reason="absent")
    await rows.let_go(conn, case_ids)
    await ledger.write(conn)
    await assigning.give_out(conn, catalog, case_ids, but={}, now=now)
    return await keeping.together(conn, catalog, case_ids, now=now)


async def _given(conn: AsyncConnection, *, catalog: Catalog, agency: str, now: datetime) -> Kept:
    given = await assigning.give_waiting(conn, catalog, agency, now=now)
    return await keeping.together(conn, catalog, given, now=now)
