"""The desk, on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulator.desk import NOTHING_REAL, Desk
from tests.support.running import running


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A gateway with simulated providers."""
    async with running(database, tmp_path, **NOTHING_REAL) as started:
        yield Desk(started)
