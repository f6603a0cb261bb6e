"""Reports that take long to count are counted once in a while, and told with the instant at which they were.

A year of a million cases takes seconds, and many people look at the same year. What was counted within a minute is
told again; what is older, but not old, is told while it is counted anew, so that nobody waits but the first. A report
that is counted in no time is never kept. The page, its file and the API ask here, so their figures are equal. Where
many cases are, a page does not wait for the first count: it says that it is being made, and asks again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from gateway.deployment import Current
from gateway.errors import Invalid
from gateway.principal import Principal
from gateway.reports import timeliness
from gateway.reports.period import Wanted, period
from gateway.reports.timeliness import Report
from gateway.store import timeliness as rows
from gateway.store.engine import Store
from routing.catalog import Catalog

log = structlog.get_logger()

# Seconds: of counting that make a report worth keeping; of age up to which it is told as it is; and up to which it is
# told while it is counted anew.
_WORTH: Final = 0.5
_FRESH: Final = 60.0
_OLD: Final = 900.0
# Seconds a page waits for a count where there are more clocks than these; where there are fewer, it waits for it. And
# seconds it waits to learn for the first time which it is: on a file nobody has read yet even that takes long.
_PATIENCE: Final = 0.005
_MANY: Final = 50_000
_WEIGHING: Final = 0.02
# Reports kept: with more, the one counted first is forgotten.
_MOST: Final = 64

# The boundary within which it is counted, what is asked for, and whether people and messages are counted.
_Key = tuple[str | None, Wanted, bool]


@dataclass(frozen=True, slots=True)
class _Kept:
    report: Report
    catalog: Catalog
    # By the loop's clock.
    counted_at: float


class Reports:
    """The reports of one process."""

    def __init__(self, store: Store, current: Current, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._current = current
        self._clock = clock
        self._kept: dict[_Key, _Kept] = {}
        self._counting: dict[_Key, asyncio.Task[Report]] = {}
        # Counts that somebody will come back for: they are kept, however short they were.
        self._awaited: set[_Key] = set()
        # Whether there are many clocks, as was found out last; None before it was.
        self._many: bool | None = None
        self._weighing: asyncio.Task[bool] | None = None
        # Two counts take as long one after the other, and leave the other connections to the pages.
        self._one = asyncio.Lock()

    async def start(self) -> None:
        """Begin to find out whether there are many cases, so that the first page need not wait for that."""
        self._weighing = asyncio.create_task(self._are_many(), name="how many")

    async def timeliness(self, principal: Principal, wanted: Wanted, *, people: bool = True) -> Report:
        """The figures of a period within the principal's boundary, as they stood at its `at`.

        Invalid for days that are no period. See `gateway.reports.timeliness.report` for `people`.
        """
        # What is no period is refused at once, and does not wait for others to be counted.
        period(self._current().catalog, wanted.first, wanted.last)
        key = principal.agency, wanted, people
        kept, age = self._kept.get(key), float("inf")
        if kept is not None and kept.catalog is self._current().catalog:
            age = asyncio.get_running_loop().time() - kept.counted_at
        if kept is None or age > _OLD:
            # Whoever goes away must not take the count from the others who wait for it.
            return await asyncio.shield(self._count(key, principal))
        if age > _FRESH:
            self._count(key, principal)
        return kept.report

    async def if_counted(self, principal: Principal, wanted: Wanted, *, people: bool = True) -> Report | None:
        """The same; None while it is counted and that takes long: ask again in a second."""
        asked = asyncio.ensure_future(self.timeliness(principal, wanted, people=people))
        await asyncio.wait([asked], timeout=_PATIENCE)
        if not asked.done() and await self._is_long() and not asked.done():
            self._awaited.add((principal.agency, wanted, people))
            asked.cancel()
            return None
        return await asked

    async def _is_long(self) -> bool:
        if self._many:
            return True
        weighing = self._weighing = self._weighing or asyncio.create_task(self._are_many(), name="how many")
        # Where there were few a moment ago it is found out in no time, however busy the machine.
        done, _ = await asyncio.wait([weighing], timeout=_WEIGHING if self._many is None else None)
        return weighing.result() if done else True

    async def _are_many(self) -> bool:
        try:
            async with self._store.read() as conn:
                self._many = await rows.has_more(conn, than=_MANY)
            return self._many
        finally:
            # There may be more by and by.
            self._weighing = None

    async def stop(self) -> None:
        """Count no further."""
        ending = [*self._counting.values(), *([self._weighing] if self._weighing else [])]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _count(self, key: _Key, principal: Principal) -> "asyncio.Task[Report]":
        """The count of a report, begun unless somebody has begun it."""
        if key not in self._counting:
            task = asyncio.create_task(self._counted(key, principal), name="report")
            self._counting[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return self._counting[key]

    async def _counted(self, key: _Key, principal: Principal) -> Report:
        loop = asyncio.get_running_loop()
        _, wanted, people = key
        async with self._one, self._store.read() as conn:
            began, catalog = loop.time(), self._current().catalog
            found = await timeliness.report(conn, catalog, principal, wanted, now=self._clock(), people=people)
        self._kept.pop(key, None)
        if loop.time() - began >= _WORTH or key in self._awaited:
            self._kept[key] = _Kept(found, catalog, loop.time())
            while len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        return found

    def _done(self, key: _Key, task: "asyncio.Task[Report]") -> None:
        del self._counting[key]
        self._awaited.discard(key)
        # Where nobody waits for it any more, nobody else would hear of it.
        if not task.cancelled() and (fault := task.exception()) is not None and not isinstance(fault, Invalid):
            log.error("a report could not be counted", error=type(fault).__name__)
