"""SQLite's driver in one trip a statement: it says what SQLAlchemy asks, and no more trips are made."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store.one_trip import OneTripConnection, connect


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[OneTripConnection]:
    opened = connect(tmp_path / "trips.db")
    await opened
    await opened.cursor().execute("CREATE TABLE trip (id INTEGER PRIMARY KEY, place TEXT UNIQUE)")
    yield opened
    await opened.close()


@pytest.fixture
def trips(connection: OneTripConnection, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the driver's thread."""
    asked: list[Any] = []
    ask: Any = connection._execute

    async def counted(*call: Any) -> Any:
        asked.append(call)
        return await ask(*call)

    monkeypatch.setattr(connection, "_execute", counted)
    return asked


async def test_a_statement_is_made_executed_read_and_closed_in_one_trip(
    connection: OneTripConnection, trips: list[Any]
) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT ? AS place, 7 AS n UNION ALL SELECT 'Mitú', 8", ("Leticia",))
    assert [column[0] for column in cursor.description] == ["place", "n"]
    assert await cursor.fetchall() == [("Leticia", 7), ("Mitú", 8)]
    assert await cursor.fetchall() == []
    await cursor.close()
    assert len(trips) == 1


async def test_what_was_written_is_counted_and_what_comes_back_of_it_is_read(connection: OneTripConnection) -> None:
    cursor = await connection.cursor().execute("INSERT INTO trip (place) VALUES ('Inírida'), ('Mocoa') RETURNING id")
    assert (await cursor.fetchall(), cursor.rowcount) == ([(1,), (2,)], 2)

    many = await connection.cursor().executemany("INSERT INTO trip (place) VALUES (?)", [("Yopal",), ("Arauca",)])
    assert (many.description, many.rowcount, await many.fetchall()) == (None, 2, [])

    changed = await connection.cursor().execute("UPDATE trip SET place = place || '!' WHERE id > 1")
    assert changed.rowcount == 3


async def test_an_error_is_the_drivers_own_and_the_connection_goes_on(connection: OneTripConnection) -> None:
    await connection.cursor().execute("INSERT INTO trip (place) VALUES ('Tunja')")

    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await connection.cursor().execute("INSERT INTO trip (place) VALUES ('Tunja')")

    assert await (await connection.cursor().execute("SELECT count(*) FROM trip")).fetchall() == [(1,)]


async def test_what_is_read_is_of_one_moment_until_the_rollback_and_neither_end_makes_a_trip(tmp_path: Path) -> None:
    writing = connect(tmp_path / "trips.db", ["journal_mode=WAL"])
    reading = connect(tmp_path / "trips.db", ["query_only=ON"], snapshots=True)
    await writing
    await reading
    try:
        await writing.cursor().execute("CREATE TABLE trip (place TEXT)")
        assert await places(reading) == []
        await writing.cursor().execute("INSERT INTO trip VALUES ('Leticia')")
        assert await places(reading) == []
        assert await reading.in_thread(counted) == 0

        await reading.rollback()
        assert await reading.in_thread(counted) == 1
        await writing.cursor().execute("INSERT INTO trip VALUES ('Mitú')")
        assert await places(reading) == [("Leticia",)]

        await reading.rollback()
        await reading.rollback()
        assert await places(reading) == [("Leticia",), ("Mitú",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reading.cursor().execute("DELETE FROM trip")
    finally:
        await reading.close()
        await writing.close()


@pytest.mark.parametrize("text", [None, "Estimados señores: " * 100], ids=["nothing there", "no database"])
def test_where_nothing_can_be_opened_no_thread_speaks_to_a_loop_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    path = tmp_path / "trips.db"
    if text is None:
        path.mkdir()
    else:
        path.write_text(text)
    complaints: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)

    async def opened() -> None:
        await connect(path, ["journal_mode=WAL"])

    for _ in range(50):
        with pytest.raises(sqlite3.DatabaseError):
            asyncio.run(opened())
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(timeout=5)
    assert complaints == []


async def places(connection: OneTripConnection) -> list[tuple[str]]:
    return await (await connection.cursor().execute("SELECT place FROM trip ORDER BY 1")).fetchall()


def counted(connection: sqlite3.Connection) -> int:
    [(n,)] = connection.execute("SELECT count(*) FROM trip")
    return int(n)
