"""SQLite's driver with one trip to its thread for each statement.

The driver's cursor goes there four times for a statement: to be made, to execute, to fetch and to be closed, each some
70 µs of waiting for another thread. Here a statement is executed, read to its end and closed in one: what SQLAlchemy
asks a cursor for, and nothing else, since it reads all rows of every statement at once anyway.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar, TypeVarTuple

import aiosqlite

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

_Rows = list[tuple[Any, ...]]


def connect(path: Path | str, pragmas: Iterable[str] = (), *, snapshots: bool = False) -> "OneTripConnection":
    """A connection, to be awaited; BEGIN is said by the caller. Its thread does not hold up the end of the process.

    With `snapshots` it says BEGIN by itself, for reading: what is read until `rollback` is of one moment.
    """

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    kind = SnapshotConnection if snapshots else OneTripConnection
    connection = kind(opened, 64)
    connection._thread.daemon = True
    return connection


class OneTripConnection(aiosqlite.Connection):
    """The driver's connection; its cursors know their rows as soon as they have executed."""

    _stopped: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread; what comes back is done when it has ended."""
        self._stopped = super().stop()
        return self._stopped

    async def _connect(self) -> Self:
        try:
            return await super()._connect()  # type: ignore[return-value]
        except BaseException:
            # The library leaves its thread to end when it may: after the loop that it wants to tell, if that is quick.
            if self._stopped is not None:
                await self._stopped
            raise

    async def in_thread(self, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        """One trip: what `work` makes of SQLite's own connection, in its thread."""
        # aiosqlite has no public way to do that; `_execute` is what each of its public methods is made of.
        return await self._execute(work, self._conn, *args)  # type: ignore[no-untyped-call,no-any-return]

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]
        """A cursor; nothing is asked of the thread before it executes."""
        return OneTripCursor(self)


class SnapshotConnection(OneTripConnection):
    """A connection for reading whose transactions make no trips of their own: each begins with its first statement, and
    nobody waits for its end, which comes before whatever is asked next."""

    async def in_thread(self, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
        """The same, in a transaction."""
        return await super().in_thread(_in_transaction, work, *args)

    async def rollback(self) -> None:
        """End the transaction, if there is one."""
        self._tx.put_nowait((None, self._conn.rollback))


class OneTripCursor:
    """What came of the last statement: its rows, and how they are described (DB-API)."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: _Rows = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """SQLAlchemy enters a cursor, and never leaves it."""
        return self

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Self:
        """Execute, read to the end, and close; errors as the driver's."""
        await self._go(sqlite3.Cursor.execute, statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Iterable[Any]]) -> Self:
        """The same once for each row of parameters."""
        await self._go(sqlite3.Cursor.executemany, statement, parameters)
        return self

    async def fetchall(self) -> _Rows:
        """The rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""

    async def _go(self, *call: Any) -> None:
        told = await self._connection.in_thread(_in_thread, *call)
        self._rows, self.description, self.rowcount, self.lastrowid = told


def _in_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection, *Ts], T], *args: *Ts) -> T:
    if not connection.in_transaction:
        connection.execute("BEGIN")
    return work(connection, *args)


def _in_thread(connection: sqlite3.Connection, run: Any, statement: str, parameters: Any) -> tuple[Any, ...]:
    cursor = connection.cursor()
    try:
        run(cursor, statement, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
