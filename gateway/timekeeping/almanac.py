"""What clocks are counted by: calendars, terms, hours and known holidays, kept for as long as there are cases.

A change of them moves the clocks that run. A clock that had ended was measured by what held then: to derive it again
from its log, whenever that is, each almanac is kept in the database with the id of the first event written under it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import almanac as rows
from gateway.store.engine import Store
from routing.catalog import Agency, Calendar, Catalog, Earlier, TermClass, Timekeeping
from routing.holidays_of import public_holidays

# Of an agency, what moves its clocks.
_OF_AN_AGENCY: Final = {"key", "calendar", "hours", "after_hours", "territory"}
# The years whose holidays are kept: those of all cases there may be, imported ones included.
_YEARS: Final = range(2015, 2041)
# Later than every event.
_NEVER: Final = 2**63 - 1


def fingerprint(catalog: Catalog) -> str:
    """What moves clocks, in 64 characters: calendars, terms, hours, the timekeeper's steps, and known holidays."""
    return _fingerprint(_document(catalog))


async def keep(store: Store, catalog: Catalog) -> Catalog:
    """Clocks are counted by this catalog from now on; it comes back with those that were in use before it.

    Call it before anything is written under the catalog.
    """

    async def work(conn: AsyncConnection) -> Catalog:
        found = await rows.every(conn)
        document = _document(catalog)
        mark = _fingerprint(document)
        if not found or found[-1].fingerprint != mark:
            await rows.add(conn, fingerprint=mark, document=document)
            found = await rows.every(conn)
        return _remembering(catalog, mark, found)

    return await store.transact(work)


async def known(conn: AsyncConnection, catalog: Catalog) -> Catalog:
    """The catalog with those that were in use before it; nothing is kept."""
    return _remembering(catalog, fingerprint(catalog), await rows.every(conn))


def _document(catalog: Catalog) -> dict[str, Any]:
    return {
        "timezone": catalog.gateway.timezone,
        "timekeeping": catalog.timekeeping.model_dump(mode="json"),
        "calendars": {key: each.model_dump(mode="json") for key, each in catalog.calendars.items()},
        "terms": {key: each.model_dump(mode="json") for key, each in catalog.terms.items()},
        "agencies": {key: _moving(each) for key, each in catalog.agencies.items()},
        "holidays": {
            country: _holidays(country, catalog.default_language)
            for country in sorted({each.holidays for each in catalog.calendars.values() if each.holidays})
        },
    }


def _moving(agency: Agency) -> dict[str, Any]:
    return agency.model_dump(mode="json", include=_OF_AN_AGENCY)


@lru_cache
def _holidays(country: str, language: str) -> dict[str, dict[str, str]]:
    return {
        str(year): {day.isoformat(): name for day, name in sorted(public_holidays(country, year, language).items())}
        for year in _YEARS
    }


def _fingerprint(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _remembering(catalog: Catalog, mark: str, found: Sequence[Any]) -> Catalog:
    """The catalog with the others, each until the next began."""
    ends = [row.id for row in found[1:]] + [_NEVER]
    earlier = [(until, row) for until, row in zip(ends, found, strict=False)]
    if found and found[-1].fingerprint == mark:
        earlier.pop()
    if not earlier:
        return catalog
    return catalog.model_copy(
        update={"earlier": tuple(Earlier(until=until, catalog=_restored(row, catalog)) for until, row in earlier)}
    )


def _restored(row: Any, catalog: Catalog) -> Catalog:
    """A catalog as it was, as far as clocks go; of the agencies there are now."""
    document = row.document
    agencies = {
        key: _as_it_was(agency, document["agencies"][key])
        for key, agency in catalog.agencies.items()
        if key in document["agencies"]
    }
    return catalog.model_copy(
        update={
            "gateway": catalog.gateway.model_copy(update={"timezone": document["timezone"]}),
            "timekeeping": Timekeeping.model_validate(document["timekeeping"]),
            "calendars": {key: Calendar.model_validate(each) for key, each in document["calendars"].items()},
            "terms": {key: TermClass.model_validate(each) for key, each in document["terms"].items()},
            "agencies": agencies,
            "holidays": {
                country: {
                    int(year): {date.fromisoformat(day): name for day, name in days.items()}
                    for year, days in years.items()
                }
                for country, years in document["holidays"].items()
            },
            "earlier": (),
        }
    )


def _as_it_was(agency: Agency, moving: Mapping[str, Any]) -> Agency:
    # Mostly nothing of it has changed, and there are a thousand.
    return agency if _moving(agency) == moving else Agency.model_validate({**agency.model_dump(), **moving})
