"""SQLite's driver with one trip to its thread for each statement.

The driver's cursor goes there four times for a statement: to be made, to execute, to fetch and to be closed, each some
70 µs of waiting for another thread. Here a statement is executed, read to its end and closed in one: what SQLAlchemy
asks a cursor for, and nothing else, since it reads all rows of every statement at once anyway.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

_Rows = list[tuple[Any, ...]]


def connect(path: Path | str) -> "OneTripConnection":
    """A connection, to be awaited; BEGIN is said by the caller. Its thread does not hold up the end of the process."""
    connection = OneTripConnection(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), 64)
    connection._thread.daemon = True
    return connection


class OneTripConnection(aiosqlite.Connection):
    """The driver's connection; its cursors know their rows as soon as they have executed."""

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]
        """A cursor; nothing is asked of the thread before it executes."""
        return OneTripCursor(self)


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
        connection = self._connection
        told = await connection._execute(_in_thread, connection._conn, *call)  # type: ignore[no-untyped-call]
        self._rows, self.description, self.rowcount, self.lastrowid = told


def _in_thread(connection: sqlite3.Connection, run: Any, statement: str, parameters: Any) -> tuple[Any, ...]:
    cursor = connection.cursor()
    try:
        run(cursor, statement, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()
