"""Bringing a database to the present schema: alembic, in one transaction, on both engines."""

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import StoreBusy
from gateway.store.engine import Store
from gateway.store.schema import metadata

_FOLDER = Path(__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    """The migrations, oldest to newest."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


async def migrate(store: Store) -> str:
    """Apply what is missing; the present revision comes back. Processes that start together wait for each other."""

    async def work(conn: AsyncConnection) -> str:
        return await conn.run_sync(_upgrade)

    return await store.transact(work)


async def check(store: Store) -> None:
    """StoreBusy, with what to do, when the database is not at the present revision."""
    async with store.read() as conn:
        present = await conn.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    head = scripts().get_current_head()
    if present != head:
        raise StoreBusy(
            f"the database is at revision {present or 'none'}, this version needs {head}: run `ventanilla migrate`"
        )


def _upgrade(conn: Connection) -> str:
    directory = scripts()
    head = directory.get_current_head() or ""

    def revisions(present: Any, _context: MigrationContext) -> Any:
        return directory._upgrade_revs(head, present)

    environment = EnvironmentContext(Config(), directory, fn=revisions)
    with environment:
        environment.configure(
            connection=conn, target_metadata=metadata, transactional_ddl=True, transaction_per_migration=False
        )
        environment.run_migrations()
    return head
