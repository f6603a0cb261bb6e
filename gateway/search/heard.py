"""How many messages have a word's stem: counted each time, but for frequent ones, which stay frequent for a while.

A question's usual words are nearly all of what counting costs, and tell least.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import fulltext
from gateway.store.fulltext import Expression

# Seconds for which a frequent stem is taken to be one, and how many are remembered of a database.
_KEPT_FOR: Final = 600.0
_KEPT: Final = 20_000
# By database: the stems that had as many messages as are counted, and until when that holds.
_frequent: WeakKeyDictionary[Engine, dict[tuple[str, int], float]] = WeakKeyDictionary()


async def counts(conn: AsyncConnection, stems: Sequence[str], *, most: int, at: float | None = None) -> list[int]:
    """How many messages have each stem, counted up to `most`. `at` is in seconds of the monotonic clock."""
    at = monotonic() if at is None else at
    known = _frequent.setdefault(conn.sync_engine, {})
    asked = [stem for stem in stems if known.get((stem, most), 0.0) <= at]
    found = await fulltext.frequencies(conn, [Expression(every=[stem]) for stem in asked], most=most)
    counted = dict(zip(asked, found, strict=True))
    if len(known) > _KEPT:
        known.clear()
    known.update({(stem, most): at + _KEPT_FOR for stem, count in counted.items() if count == most})
    return [counted.get(stem, most) for stem in stems]
