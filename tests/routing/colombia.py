"""Colombia's business days once more, straight from its holiday laws and sharing nothing with the code under test.

Ley 51/1983 (Emiliani) moves most feasts to the Monday that follows; Ley 2578/2026 added 9 July to those. The feasts
around Easter are counted from it.
"""

from datetime import date, timedelta

_FIXED = ((1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25))
_TO_MONDAY = ((1, 6), (3, 19), (6, 29), (8, 15), (10, 12), (11, 1), (11, 11))
# Maundy Thursday, Good Friday; Ascension, Corpus Christi and Sacred Heart on their Mondays.
_FROM_EASTER = (-3, -2, 43, 64, 71)


def easter(year: int) -> date:
    """The Sunday after the first ecclesiastical full moon of spring, by epact (Clavius)."""
    century, golden = year // 100 + 1, year % 19 + 1
    solar, lunar = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    epact = (11 * golden + 20 + lunar - solar) % 30
    if epact == 24 or (epact == 25 and golden > 11):
        epact += 1
    moon = 44 - epact
    moon += 30 if moon < 21 else 0
    full = date(year, 3, 1) + timedelta(days=moon - 1)
    return full + timedelta(days=7 - (full.weekday() + 1) % 7)


def holidays(year: int) -> set[date]:
    """The public holidays of a year."""
    moved = (*_TO_MONDAY, *(((7, 9),) if year >= 2026 else ()))
    days = {date(year, month, day) for month, day in _FIXED}
    days |= {_monday(date(year, month, day)) for month, day in moved}
    return days | {easter(year) + timedelta(days=ahead) for ahead in _FROM_EASTER}


def business_days(first: date, last: date) -> list[date]:
    """Every business day between two dates, both included, Monday to Friday."""
    free = {day for year in range(first.year, last.year + 1) for day in holidays(year)}
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in free]


def _monday(day: date) -> date:
    while day.weekday() != 0:
        day += timedelta(days=1)
    return day
