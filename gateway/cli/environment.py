"""What commands share: the environment, an open database, and one sentence with an exit code when it will not do.

Exit codes: 0 done, 1 refused (the sentence says why), 2 the environment or the command line is wrong.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from gateway.errors import GatewayError, Refusal

if TYPE_CHECKING:
    from gateway.deployment import Deployment
    from gateway.settings import Settings
    from gateway.store.engine import Store

T = TypeVar("T")


def fail(sentence: object, *, code: int) -> NoReturn:
    """Say why on standard error, and end."""
    click.echo(f"ventanilla: {sentence}", err=True)
    sys.exit(code)


def read_settings() -> Settings:
    """The environment, or a sentence and exit code 2."""
    from gateway import settings

    try:
        return settings.read(os.environ)
    except GatewayError as fault:
        fail(fault, code=2)


def read_deployment(settings: Settings) -> Deployment:
    """The configuration, or a sentence and exit code 1."""
    from gateway.catalog.file import CatalogFaults
    from gateway.deployment import Deployment

    try:
        return Deployment.load(settings.config_dir)
    except CatalogFaults as faults:
        count = len(faults.faults)
        fail(f"the configuration has {count} fault(s); `ventanilla check-config` lists them", code=1)


def check_agency(settings: Settings, agency: str | None) -> None:
    """Exit code 1 unless the configuration has that agency; None is nobody's and fine."""
    if agency is not None and agency not in read_deployment(settings).catalog.agencies:
        fail(f"there is no agency {agency} in {settings.config_dir}/agencies", code=1)


def with_store(work: Callable[[Store], Awaitable[T]], settings: Settings, *, prepare: bool = True) -> T:
    """Do `work` with the database, beside a running server or without one.

    With `prepare` a new database gets its tables first, and one of another version is refused.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return asyncio.run(_with_store(work, settings, prepare=prepare))
    except Refusal as refusal:
        fail(refusal, code=1)
    except GatewayError as fault:
        fail(fault, code=2)
    except (SQLAlchemyError, OSError) as error:
        # Their own sentences may hold the database's URL, and its password.
        fail(f"the database cannot be used: {type(error).__name__}; is VENTANILLA_DATABASE_URL right?", code=2)


async def _with_store(work: Callable[[Store], Awaitable[T]], settings: Settings, *, prepare: bool) -> T:
    from gateway.store.engine import open_store

    store = await open_store(settings.database_url, serving=False)
    try:
        if prepare:
            await _prepare(store)
        return await work(store)
    finally:
        await store.close()


async def _prepare(store: Store) -> None:
    from alembic.runtime.migration import MigrationContext

    from gateway.store.migrate import check, migrate

    async with store.read() as conn:
        revision = await conn.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    if revision is None:
        await migrate(store)
    else:
        await check(store)
