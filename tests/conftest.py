"""What every test may ask for."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.running import Running, running


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
