"""The reader of messages: a worker that puts what was said into the full-text index, behind the intake.

It sleeps until it is woken, or looks every few seconds for what others wrote. Ids are made by several processes before
their transactions commit, so messages may become visible out of order: each look goes back a few seconds, a wider look
follows once a minute, and a slow sweep walks over everything, again and again. What is in the index already is passed
over by the database, so no look can read a message twice. On PostgreSQL one process reads at a time, whichever it is.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock, metrics
from gateway.search.words import way_of_reading
from gateway.store import search_index as rows
from gateway.store.engine import Store
from gateway.store.search_index import Document

log = structlog.get_logger()

# Messages a commit. On SQLite the intake's commit waits for ours: this many take a few milliseconds.
_AT_ONCE: Final = 40
# Without an intake beside it, larger commits are faster.
_AT_ONCE_ALONE: Final = 2_000
# While there is more, the worker rests this many times as long as it worked: the intake has the rest.
_REST: Final = 3.0
# What comes in a burst shares commits. Seconds.
_GATHER: Final = 0.25
# How often to look for messages of other processes. Seconds.
_LOOK: Final = 3.0
# How far a look goes back: a commit takes milliseconds, and machines' clocks differ by less.
_OVERLAP: Final = timedelta(seconds=10)
# The wide look: how often (seconds in which this process was awake), and how much it goes back beyond the one before.
_WIDE_EVERY: Final = 60.0
_WIDE_OVERLAP: Final = timedelta(minutes=2)
# Messages that the slow sweep passes with each wide look.
_SWEPT: Final = 20_000
_END: Final = 2**63 - 1


class Reader:
    """Reads messages into the index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # Where the next look begins, as an id; when the last wide look began, by the system's clock, which makes ids.
        self._looked: int | None = None
        self._wide: datetime | None = None

    def wake(self) -> None:
        """Something was said."""
        self._bell.set()

    async def start(self) -> None:
        """Begin where the last process ended; from the beginning when words are made in another way now."""
        await self._store.transact(_begin)
        self._task = asyncio.create_task(self._serve(), name="search")

    async def stop(self) -> None:
        """Stop; what was not read is read after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        widened = float("-inf")
        while True:
            self._bell.clear()
            try:
                if self._looked is None or loop.time() - widened >= _WIDE_EVERY:
                    await self._wide_look()
                    widened = loop.time()
                else:
                    await self._look()
            except Exception:  # the outermost loop: a database that is away for a moment comes back
                log.exception("search could not read on")
            # Not wait_for: in Python 3.11 it can swallow the cancellation that stops us.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._bell.wait()
            await asyncio.sleep(_GATHER)

    async def _look(self) -> None:
        began = clock.now()
        if await self._follow() and await self._read(self._looked or 0):
            self._looked = clock.id_at(began - _OVERLAP)

    async def _wide_look(self) -> None:
        """Read from where nothing is certain. What the wide look before this one could see is certain from then on."""
        began = clock.now()
        async with self._store.read() as conn:
            known = await rows.progress(conn)
            end = await rows.nth_after(conn, known.sweep, _SWEPT)
        complete = await self._follow() and await self._read(known.floor)
        if complete and end is not None:
            complete = await self._read(known.sweep, until=end)
        if not complete:
            return
        floor = clock.id_at(self._wide - _WIDE_OVERLAP) if self._wide else 0
        self._looked, self._wide = clock.id_at(began - _OVERLAP), began
        await self._store.transact(
            lambda conn: rows.save(conn, floor=max(known.floor, floor), sweep=end or 0)
        )  # fmt: skip

    async def _follow(self) -> bool:
        """Follow transfers, moves and splits. False when another process is reading."""
        async with self._store.read() as conn:
            waiting = await rows.any_stale(conn)
        while waiting:
            followed = await self._store.transact(_follow)
            if followed is None:
                return False
            waiting = followed > 0
        return True

    async def _read(self, after: int, *, until: int = _END) -> bool:
        """Read what is not in the index, with rests. False when another process is reading."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            async with self._store.read() as conn:
                found = await rows.unread(conn, after=after, until=until, limit=_AT_ONCE)
            metrics.SEARCH_LAG.set(max(0.0, (clock.now() - found[0].at).total_seconds()) if found else 0.0)
            if not found:
                return True
            if not await _add(self._store, found):
                return False
            after = found[-1].message_id
            await asyncio.sleep(_REST * (loop.time() - began))


async def _begin(conn: AsyncConnection) -> None:
    known = await rows.progress(conn)
    if known.version != way_of_reading():
        await rows.clear(conn)
        await rows.save(conn, version=way_of_reading(), floor=0, sweep=0)


async def _follow(conn: AsyncConnection) -> int | None:
    if await rows.claim(conn) is None:
        return None
    return await rows.follow(conn, limit=_AT_ONCE)


async def _add(store: Store, found: Sequence[Document]) -> bool:
    async def work(conn: AsyncConnection) -> bool:
        if await rows.claim(conn) is None:
            return False
        metrics.SEARCH_READ.inc(await rows.add(conn, found))
        return True

    return await store.transact(work)


async def catch_up(store: Store, *, told: Callable[[int], None] = lambda _: None) -> int:
    """Read everything that is visible now, without resting; how many messages that were comes back.

    `told` is called with the number read so far, every few thousand.
    """
    after, read = 0, 0
    await _follow_all(store)
    while True:
        async with store.read() as conn:
            found = await rows.unread(conn, after=after, limit=_AT_ONCE_ALONE)
        if not found:
            return read
        if await _add(store, found):
            after, read = found[-1].message_id, read + len(found)
            told(read)
        else:
            await asyncio.sleep(_GATHER)


async def _follow_all(store: Store) -> None:
    followed = await store.transact(_follow)
    while followed != 0:
        if followed is None:
            # Another process is reading, and will be done in a moment.
            await asyncio.sleep(_GATHER)
        followed = await store.transact(_follow)


async def rebuild(store: Store, *, told: Callable[[int], None] = lambda _: None) -> int:
    """Throw the index away and read every message again, also while a server runs; how many comes back."""

    async def forget(conn: AsyncConnection) -> None:
        await rows.clear(conn)
        await rows.save(conn, version=way_of_reading(), floor=0, sweep=0)

    await store.transact(forget)
    return await catch_up(store, told=told)
