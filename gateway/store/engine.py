"""The database: one writing connection on SQLite, a pool on PostgreSQL, the same calls on both.

SQLite: `serve` holds a file lock, so one process serves one file. It has **one** writing connection, which also does
every checkpoint: before 3.51.3 a WAL could be corrupted when two connections checkpointed at once. Readers are
`query_only`. A commit is durable when it returns (`synchronous=FULL`). A command such as `ventanilla staff add` may
write beside a running server: it never checkpoints while the server lives.

PostgreSQL: any number of processes; a unit of work that loses a serialisation or a deadlock is done again.
"""

import asyncio
import fcntl
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Final, TypeVar

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.errors import SettingsFault, StoreBusy
from gateway.store.one_trip import OneTripConnection, connect

T = TypeVar("T")

# serialization_failure and deadlock_detected: the whole unit of work is done again.
_AGAIN: Final = {"40001", "40P01"}
_TRIES: Final = 6
# How long a statement waits for another process's write on SQLite, milliseconds.
_BUSY_MS: Final = 10_000
# Pages in the WAL before the writer checkpoints (4 MiB each thousand): few enough to stay in cache, many enough that a
# burst is not interrupted every few commits.
_CHECKPOINT_PAGES: Final = 4000
_READERS: Final = 3
# How long closing waits for reads that have begun, seconds.
_READS_END_S: Final = 5
# What SQLite may keep of the file in our memory; the operating system keeps the rest. Kilobytes a connection.
_WRITER_CACHE_KB: Final = 2_048
_READER_CACHE_KB: Final = 2_048


def database_url(text: str) -> URL:
    """An SQLAlchemy URL with our async driver: `sqlite:///var/ventanilla.db`, `postgresql://user@host/name`.

    SettingsFault when it is neither, and the sentence never repeats the URL, which may hold a password.
    """
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as fault:
        raise SettingsFault(
            "VENTANILLA_DATABASE_URL is not a database URL, like sqlite:///var/ventanilla.db"
        ) from fault
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise SettingsFault("VENTANILLA_DATABASE_URL names no file: an in-memory database would lose every case")
        return url.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+asyncpg")
    raise SettingsFault(f"VENTANILLA_DATABASE_URL: {backend} is not supported; use sqlite or postgresql")


class Store:
    """An open database. Made by `open_store`; must be closed, or the process does not end."""

    def __init__(self, *, writer: AsyncEngine, reader: AsyncEngine, lock_file: IO[str] | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock_file = lock_file
        self._one_writer = asyncio.Lock() if writer.dialect.name == "sqlite" else None
        self._held: AsyncConnection | None = None
        # One for each read that has begun, set when it ends.
        self._reading: set[asyncio.Event] = set()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do `work` in one transaction, committed durably when this returns.

        `work` may be called again from the start after a lost serialisation, so it does nothing but database work.
        """
        if self._one_writer is None:
            return await self._transact_again(work)
        begun = asyncio.ensure_future(self._transact_alone(self._one_writer, work))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            # The driver's thread cannot be interrupted: what has begun is finished before the caller goes.
            await asyncio.wait([begun])
            raise

    async def _transact_alone(self, one_writer: asyncio.Lock, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with one_writer:
            if self._held is None:
                self._held = await self._writer.connect()
            return await _in_one_transaction(self._held, work)

    async def _transact_again(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        for tries in range(1, _TRIES + 1):
            try:
                async with self._writer.begin() as conn:
                    return await work(conn)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _AGAIN or tries == _TRIES:
                    raise
                await asyncio.sleep(random.uniform(0.002, 0.02) * tries)  # noqa: S311 — jitter, not a secret
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, on one snapshot (SQLite) or one statement at a time (PostgreSQL)."""
        ended = asyncio.Event()
        self._reading.add(ended)
        try:
            async with self._reader.connect() as conn:
                yield conn
        finally:
            self._reading.discard(ended)
            ended.set()

    async def close(self) -> None:
        """Close every connection; readers first, so that the writer makes the last checkpoint.

        Whoever still reads is waited for, a few seconds: the pool closes only what was given back to it, and a driver's
        thread that has its rows when the loop is gone fails in the dark.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_READS_END_S):
                for ended in tuple(self._reading):
                    await ended.wait()
        if self._reader is not self._writer:
            await self._reader.dispose()
        if self._held is not None:
            await self._held.close()
        await self._writer.dispose()
        if self._lock_file is not None:
            self._lock_file.close()


async def _in_one_transaction(conn: AsyncConnection, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """BEGIN and COMMIT said to SQLite itself: a connection that is kept needs no pool and no second bookkeeping."""
    driver = driver_of(conn)
    await driver.execute_fetchall("BEGIN IMMEDIATE")
    try:
        result = await work(conn)
    except BaseException:
        await driver.rollback()
        raise
    await driver.commit()
    return result


def driver_of(conn: AsyncConnection) -> OneTripConnection:
    """The SQLite driver's own connection below one of ours."""
    held = conn.sync_connection
    if held is None:
        raise RuntimeError("the connection is closed")
    driver: OneTripConnection = held.connection.driver_connection  # type: ignore[assignment]
    return driver


async def open_store(url_text: str, *, serving: bool) -> Store:
    """Open the database. `serving` takes the lock of an SQLite file; commands that run beside a server do not.

    StoreBusy when another process serves the file or the server cannot be reached.
    """
    url = database_url(url_text)
    store = _open_sqlite(url, serving=serving) if url.get_backend_name() == "sqlite" else _open_postgresql(url)
    try:
        async with store.read():
            pass
    except (OperationalError, OSError) as error:
        await store.close()
        raise StoreBusy(f"the database does not answer: {type(error.__cause__ or error).__name__}. Is it running, "
                        "and is VENTANILLA_DATABASE_URL right?") from error  # fmt: skip
    return store


def _open_sqlite(url: URL, *, serving: bool) -> Store:
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock_file = _lock(path) if serving else None
    checkpoint = _CHECKPOINT_PAGES if serving else 0
    writes = ("synchronous=FULL", "foreign_keys=ON", f"wal_autocheckpoint={checkpoint}")
    reads = ("query_only=ON", "wal_autocheckpoint=0")

    def engine(size: int, pragmas: tuple[str, ...], *, snapshots: bool) -> AsyncEngine:
        every = (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "temp_store=MEMORY", *pragmas)
        return create_async_engine(
            url,
            hide_parameters=True,
            pool_size=size,
            max_overflow=0,
            async_creator=lambda: connect(path, every, snapshots=snapshots),
        )

    return Store(
        writer=engine(1, (*writes, f"cache_size=-{_WRITER_CACHE_KB}"), snapshots=False),
        reader=engine(_READERS, (*reads, f"cache_size=-{_READER_CACHE_KB}"), snapshots=True),
        lock_file=lock_file,
    )


def _lock(path: Path) -> IO[str]:
    lock_file = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock_file.close()
        raise StoreBusy(
            f"another process is serving {path.name}. Stop it first, or give this one its own VENTANILLA_DATABASE_URL."
        ) from None
    return lock_file


def _open_postgresql(url: URL) -> Store:
    engine = create_async_engine(url, hide_parameters=True, pool_size=10, max_overflow=10, pool_pre_ping=True)
    return Store(writer=engine, reader=engine, lock_file=None)
