"""How many working days open cases have left, in a few classes: what lies where is said as instants of their deadlines.

So the engine counts, and nobody reads a case to see how long it has.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from routing.catalog import Catalog, TermRow, Unit
from routing.terms import Count

# From, to (None: no end), in working days left: 0 today, negative once the term is over.
BUCKETS: Final[Sequence[tuple[int | None, int | None]]] = (
    (None, -6), (-5, -1), (0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 15), (16, None),
)  # fmt: skip
# How many of them, from the first, hold what is past due.
LATE: Final = sum(last is not None and last < 0 for _, last in BUCKETS)
_DAY: Final = timedelta(days=1)


def edges(count: Count, now: datetime) -> list[datetime]:
    """The deadline with which each of `BUCKETS` begins, but for the first, which has no beginning."""
    today = now.astimezone(count.zone).date()
    return [_edge(count, first, today, now) for first, _ in BUCKETS if first is not None]


def _edge(count: Count, first: int, today: date, now: datetime) -> datetime:
    if first > 0:
        return _midnight(count, count.add(today, first, Unit.BUSINESS_DAYS))
    if first == 0:
        return now
    day = today
    while count.between(day - _DAY, today, Unit.BUSINESS_DAYS) <= -first:
        day -= _DAY
    return _midnight(count, day)


def soon_until(catalog: Catalog, count: Count, now: datetime) -> dict[str, datetime]:
    """By class, an instant at or after which no deadline is due soon: earlier ones may be."""
    return {key: max(_soon_until(catalog, count, row, now) for row in term.rows) for key, term in catalog.terms.items()}


def _soon_until(catalog: Catalog, count: Count, row: TermRow, now: datetime) -> datetime:
    share = catalog.timekeeping.soon_share * row.n
    if row.unit is Unit.HOURS:
        return now + timedelta(hours=share, seconds=1)
    # What came after closing time is counted from the next business day.
    latest = count.add(now.astimezone(count.zone).date() + _DAY, 0, Unit.BUSINESS_DAYS)
    return _midnight(count, count.add(latest, int(max(share, catalog.timekeeping.soon_days)) + 1, row.unit))


def _midnight(count: Count, day: date) -> datetime:
    return datetime.combine(day, time(0), count.zone).astimezone(UTC)
