"""Bringing a database to the present schema: alembic, in one transaction, on both engines."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import StoreBusy
from gateway.store.engine import Store
from gateway.store.schema import metadata

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

# The newest migration. Said here so that a start on a database that is up to date need not load alembic; a test holds
# it to the folder.
HEAD: Final = "0011"
_FOLDER: Final = Path(__file__).parent / "migrations"


def scripts() -> "ScriptDirectory":
    """The migrations, oldest to newest."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


async def migrate(store: Store) -> str:
    """Apply what is missing; the present revision comes back."""
    if await _present(store) == HEAD:
        return HEAD

    async def work(conn: AsyncConnection) -> str:
        return await conn.run_sync(_upgrade)

    return await store.transact(work)


async def check(store: Store) -> None:
    """StoreBusy, with what to do, when the database is not at the present revision."""
    present = await _present(store)
    if present != HEAD:
        raise StoreBusy(
            f"the database is at revision {present or 'none'}, this version needs {HEAD}: run `ventanilla migrate`"
        )


async def _present(store: Store) -> str | None:
    async with store.read() as conn:
        if not await conn.run_sync(lambda c: inspect(c).has_table("alembic_version")):
            return None
        found: str | None = (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
        return found


def _upgrade(conn: Connection) -> str:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    directory = scripts()
    head = directory.get_current_head() or ""

    def revisions(present: Any, _context: Any) -> Any:
        return directory._upgrade_revs(head, present)

    environment = EnvironmentContext(Config(), directory, fn=revisions)
    with environment:
        environment.configure(
            connection=conn, target_metadata=metadata, transactional_ddl=True, transaction_per_migration=False
        )
        environment.run_migrations()
    return head
