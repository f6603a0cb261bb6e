"""What a report is asked for, as the store counts it: local days as instants, months, and the catalog's own lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.errors import Invalid
from gateway.store.timeliness import Asked, Dimension
from routing.catalog import Catalog

# The providers of SMS and USSD: what works without the internet.
_TEXTING: Final = ("twilio", "africastalking")
_MOST_YEARS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a report is of: both days are local and included; every other field narrows, None does not."""

    first: date
    last: date
    by: Dimension = Dimension.NONE
    agency: str | None = None
    term_class: str | None = None
    channel: str | None = None
    territory: str | None = None


def period(catalog: Catalog, first: date, last: date) -> tuple[datetime, datetime]:
    """The instants between which local days lie: from the first's beginning to the last's end. Invalid when none do."""
    if last < first:
        raise Invalid("to", "the period ends before it begins")
    if last.year - first.year > _MOST_YEARS:
        raise Invalid("to", f"a period is at most {_MOST_YEARS} years long")
    zone = ZoneInfo(catalog.gateway.timezone)
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def asked_of(catalog: Catalog, wanted: Wanted, now: datetime) -> Asked:
    """What the store is asked. Invalid for days that are no period."""
    start, end = period(catalog, wanted.first, wanted.last)
    zone = ZoneInfo(catalog.gateway.timezone)
    granted, texting = told_apart(catalog)
    return Asked(
        by=wanted.by,
        start=start,
        end=end,
        months=tuple((f"{day:%Y-%m}", datetime.combine(day, time(), zone)) for day in _months(wanted)),
        now=now,
        granted=granted,
        texting=texting,
        agency=wanted.agency,
        term_class=wanted.term_class,
        channel=wanted.channel,
        territory=wanted.territory,
    )


def told_apart(catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes that silence grants, and the channels of SMS and USSD."""
    return (
        tuple(key for key, term in catalog.terms.items() if term.granted_after is not None),
        tuple(name for name, channel in catalog.gateway.channels.items() if channel.provider in _TEXTING),
    )


def _months(wanted: Wanted) -> Iterator[date]:
    """The first days of the period's months."""
    day = wanted.first.replace(day=1)
    while day <= wanted.last:
        yield day
        day = (day + timedelta(days=31)).replace(day=1)
