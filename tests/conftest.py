"""What every test may ask for."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import structlog

from gateway import log
from tests.support import databases
from tests.support.browsers import chromium
from tests.support.running import Running, running

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Logging as it is served: the library's default writes every frame's variables, which takes seconds."""
    log.configure("json")
    yield
    structlog.reset_defaults()


@pytest.fixture(params=databases.ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database; every test that asks for it runs on both engines."""
    url = databases.fresh(request.param, tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
async def ventanilla(database: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A whole gateway, listening, on each engine."""
    async with running(database, tmp_path) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator["Browser"]:
    """Chromium, for tests marked `IN_A_BROWSER`. A test opens its own contexts or pages, and closes them."""
    async with chromium() as started:
        yield started
