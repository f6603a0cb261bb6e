"""What every test may ask for."""

import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import structlog
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from gateway import log
from gateway.accounts import passwords
from tests.support import databases
from tests.support.browsers import chromium
from tests.support.running import Running, running

if TYPE_CHECKING:
    from playwright.async_api import Browser


# A test may be held up by whatever else the machine does: no property is timed.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")

# Where the database is reached through a page, a command or a stand-in: what these ask it is asked on both engines by
# tests of their own, and by the matrices of all routes. Each runs on one engine, half of them on either.
_ON_ONE_ENGINE = ("tests/web/", "tests/simulator/", "tests/gateway/test_cli")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every-engine` leaves nothing out."""
    parser.addoption("--every-engine", action="store_true", help="run every test on both databases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other engine of tests that need only one."""
    if config.getoption("--every-engine"):
        return
    engines: dict[str, set[str]] = {}
    for item in items:
        engines.setdefault(_name(item), set()).add(_engine(item))
    out = {item for item in items if _is_left_out(item, engines[_name(item)])}
    config.hook.pytest_deselected(items=list(out))
    items[:] = [item for item in items if item not in out]


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _engine(item: pytest.Item) -> str:
    return (
        str(item.callspec.params.get("database", ""))
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ""
    )


def _is_left_out(item: pytest.Item, engines: set[str]) -> bool:
    if len(engines) < len(databases.ENGINES) or item.get_closest_marker("both_engines"):
        return False
    chosen = databases.ENGINES[zlib.crc32(_name(item).encode()) % len(databases.ENGINES)]
    return item.nodeid.startswith(_ON_ONE_ENGINE) and _engine(item) != chosen


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> None:
    """A password is hashed for every login of every test: the cheapest that argon2 can do is dear enough."""
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # type: ignore[misc]


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
