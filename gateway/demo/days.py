"""When citizens write: mostly on weekdays, at nine and at three, a little more every month."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from routing.workdays import Workdays

# Monday to Sunday.
_WEEK: Final = (1.3, 1.15, 1.05, 1.0, 0.85, 0.3, 0.16)
_HOLIDAY: Final = 0.2
# Hour by hour, from midnight.
_HOURS: Final = (
    0.3, 0.2, 0.1, 0.1, 0.2, 0.6, 2.0, 4.5, 8.5, 11.5, 10.0, 8.0, 5.0, 5.5, 8.5, 10.5, 8.0, 5.5, 4.0, 3.5, 3.0, 2.2,
    1.4, 0.7,
)  # fmt: skip
# People find out about it: so much more a month.
_GROWTH: Final = 0.06
# January to December: schools and universities begin in January and July, little is asked at Christmas.
_YEAR: Final = (1.0, 1.08, 1.05, 0.9, 1.0, 1.0, 1.08, 1.05, 1.05, 1.0, 1.0, 0.7)
# When an agency is asked more than otherwise, by month.
_SEASONS: Final[Mapping[str, Mapping[int, float]]] = {
    "sena": {1: 1.7, 4: 1.4, 7: 1.5, 10: 1.3},
    "icetex": {1: 1.6, 6: 1.5, 7: 1.6},
    "mineducacion": {1: 1.5, 2: 1.6, 7: 1.3},
    "dian": {8: 2.2, 9: 2.2, 10: 1.9, 3: 1.3},
    "ideam": {4: 1.6, 5: 1.7, 10: 1.7, 11: 1.8},
    "invias": {4: 1.5, 5: 1.5, 10: 1.5, 11: 1.7, 12: 1.3},
    "parques": {1: 1.8, 6: 1.7, 7: 1.6, 12: 1.8},
    "migracion": {6: 1.3, 12: 1.5},
    "cancilleria": {5: 1.3, 6: 1.4, 11: 1.4},
    "registraduria": {2: 1.3, 5: 1.4, 9: 1.3},
    "prosperidad-social": {3: 1.3, 12: 1.3},
    "superservicios": {1: 1.2, 8: 1.2},
}


def season(agency: str, day: date) -> float:
    """How much more than otherwise an agency is asked that month."""
    return _SEASONS.get(agency, {}).get(day.month, 1.0)


def arrivals(count: int, *, begins: datetime, ends: datetime, office: Workdays, rng: random.Random) -> list[datetime]:
    """Instants (UTC) at which so many questions come, in order."""
    first, last = begins.astimezone(office.zone).date(), ends.astimezone(office.zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    weights = [_busy(day, first, office) for day in days]
    found: list[datetime] = []
    while len(found) < count:
        hour = rng.choices(range(24), _HOURS)[0]
        at = time(hour, rng.randrange(60), rng.randrange(60), rng.randrange(1_000_000))
        instant = datetime.combine(rng.choices(days, weights)[0], at, office.zone).astimezone(UTC)
        if begins <= instant < ends:
            found.append(instant)
    return sorted(found)


def _busy(day: date, first: date, office: Workdays) -> float:
    closed = office.skipped(day)
    week = _HOLIDAY if closed and closed[0] != "weekday" else _WEEK[day.weekday()]
    growth: float = (1 + _GROWTH) ** ((day - first).days / 30)
    return week * growth * _YEAR[day.month - 1]
