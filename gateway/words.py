"""What citizens are told: the configured texts with a case's facts in them."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from routing.case import CaseState
from routing.catalog import Catalog

# Stands for a case's number in a text, until it has one.
NUMBER = "{number}"


def day(instant: datetime, catalog: Catalog) -> str:
    """The local date as people write it: 21/11/2026."""
    return _day(instant, catalog.gateway.timezone)


@lru_cache(maxsize=1024)
def _day(instant: datetime, timezone: str) -> str:
    return instant.astimezone(ZoneInfo(timezone)).strftime("%d/%m/%Y")


def acknowledgement(
    catalog: Catalog, language: str, *, number: str, agency: str, received_at: datetime, due_at: datetime
) -> str:
    """The first answer to a new case: number, date, agency and term."""
    facts = {"number": number, "date": day(received_at, catalog), "due": day(due_at, catalog)}
    if agency == catalog.gateway.triage:
        return catalog.say("ack_triage", language, **facts)
    return catalog.say("ack_new", language, of=agency, agency=catalog.agencies[agency].short, **facts)


def status_line(
    catalog: Catalog, language: str, *, number: str, agency: str, state: CaseState, due_at: datetime
) -> str:
    """One case in a list of "my cases"."""
    return catalog.say(
        "status_line",
        language,
        number=number,
        agency=short_name(catalog, agency),
        state=catalog.say(f"state_{state}", language),
        due=day(due_at, catalog),
    )


def short_name(catalog: Catalog, agency: str) -> str:
    """What citizens call an agency; its key, when the configuration no longer has it."""
    known = catalog.agencies.get(agency)
    return known.short if known else agency
