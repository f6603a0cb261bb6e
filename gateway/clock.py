"""The gateway's clock and its ids. Everything below the gateway is given `now`."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

# 2024-01-01T00:00:00Z in milliseconds: ids stay 63-bit until 2093.
_ID_EPOCH_MS = 1_704_067_200_000
_NODE_BITS, _COUNT_BITS = 10, 12


def now() -> datetime:
    """The instant, aware, in UTC."""
    return datetime.now(UTC)


class _Ids:
    """41 bits of milliseconds, 10 random bits of the process, 12 bits of a counter: unique, and ordered by time.

    Two processes share the random bits once in 1,024; even then a clash needs the same millisecond and the same
    count, and the primary key turns it into a retried unit of work, never into a wrong row.
    """

    def __init__(self, nanoseconds: Callable[[], int] = time.time_ns) -> None:
        self._nanoseconds = nanoseconds
        self._lock = threading.Lock()
        self._node = int.from_bytes(os.urandom(2), "big") >> (16 - _NODE_BITS)
        self._last = 0

    def take(self, count: int) -> range:
        floor = (self._nanoseconds() // 1_000_000 - _ID_EPOCH_MS) << (_NODE_BITS + _COUNT_BITS)
        with self._lock:
            # Within a millisecond, or when the clock steps back, count on from the last id.
            first = max(floor | (self._node << _COUNT_BITS), self._last + 1)
            self._last = first + count - 1
        return range(first, first + count)


_ids = _Ids()


def new_id() -> int:
    """A new 63-bit id, larger than every id this process made before."""
    return _ids.take(1)[0]


def new_ids(count: int) -> range:
    """So many new ids, in order: cheaper than one by one."""
    return _ids.take(count)


@contextmanager
def ids_by(clock: Callable[[], datetime]) -> Iterator[None]:
    """Within, ids are those of another clock's instants: of a past that is written down afterwards."""
    global _ids
    kept, _ids = _ids, _Ids(lambda: int(clock().timestamp() * 1_000_000) * 1_000)
    try:
        yield
    finally:
        _ids = kept


def id_at(instant: datetime) -> int:
    """The smallest id that could have been made at an instant: what was made since then is found by its key."""
    return max(0, (int(instant.timestamp() * 1000) - _ID_EPOCH_MS) << (_NODE_BITS + _COUNT_BITS))


def id_span(duration: timedelta) -> int:
    """How far apart two ids are that were made so long after each other."""
    return duration // timedelta(milliseconds=1) << (_NODE_BITS + _COUNT_BITS)
