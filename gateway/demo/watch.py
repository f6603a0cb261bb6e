"""The timekeeper's looks, as if it had been awake all the time."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from gateway.demo.past import Life, Past
from routing.workdays import Workdays

# Local times: after midnight, when terms have ended, and through the day.
_LOOKS: Final = (time(0, 1), time(8), time(11), time(14), time(17))


async def watch(past: Past, calendar: Workdays) -> Life:
    """Let the timekeeper look, some times a day: it notes each moment at its own instant."""
    while True:
        local = past.now.astimezone(calendar.zone)
        days = (local.date(), local.date() + timedelta(days=1))
        looks = (datetime.combine(day, at, calendar.zone) for day in days for at in _LOOKS)
        yield next(look for look in looks if look > local).astimezone(UTC)
        await past.timekeeper.round(past.now)
