"""Work that arrives together shares one commit.

A durable commit waits for the disk, once, however much is in it. While one batch is being committed the next one
gathers; nobody waits for a timer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.engine import Store

Item = TypeVar("Item")
Result = TypeVar("Result")

log = structlog.get_logger()


class GroupCommit(Generic[Item, Result]):
    """Runs `work` on batches of items, each batch in one transaction.

    `work` gives one result an item, in order. When a batch fails, its items are done again one by one, so that one
    item the database refuses does not take the others with it; its own caller gets the error.
    """

    def __init__(
        self,
        store: Store,
        work: Callable[[AsyncConnection, Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        largest: int = 256,
    ) -> None:
        self._store = store
        self._work = work
        self._largest = largest
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The item's result, when it is durable."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._drain(), name="group-commit")
        return await future

    async def close(self) -> None:
        """Commit what waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
                await self._commit(batch)
        finally:
            self._running = None

    async def _commit(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._store.transact(lambda conn: self._work(conn, [item for item, _ in batch]))
        except Exception as error:  # the outermost loop: whatever one item does wrong must not stop the others
            await self._after_failure(batch, error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _after_failure(self, batch: list[tuple[Item, "asyncio.Future[Result]"]], error: Exception) -> None:
        cause = getattr(error, "orig", error) if isinstance(error, SQLAlchemyError) else error
        log.error("batch failed", items=len(batch), error=type(cause).__name__, exc_info=_traceable(error))
        if len(batch) > 1:
            for pair in batch:
                await self._commit([pair])
        elif not batch[0][1].done():
            batch[0][1].set_exception(error)


def _traceable(error: Exception) -> bool:
    # A database error repeats its parameters, which are people's words: its type must do.
    return not isinstance(error, SQLAlchemyError)
