"""What the gateway's own tests share."""

from collections.abc import Iterator

import pytest
import structlog

from gateway import log


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Logging as it is served: the library's default writes every frame's variables, which takes seconds."""
    log.configure("json")
    yield
    structlog.reset_defaults()
