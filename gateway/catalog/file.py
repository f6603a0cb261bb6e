"""`config/` as a `Catalog`, or every fault in it at once, each with file, line and column."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from channels.registry import CHANNELS
from gateway.catalog import checks, paths, timekeeping
from gateway.catalog.checks import Draft, Goals, Known, Routes, Terms, Territories
from gateway.catalog.goals import goal_faults
from gateway.catalog.source import CatalogFaults, Fault, Part, read
from gateway.catalog.texts import REQUIRED_TEXTS, segment_faults, text_faults
from gateway.catalog.words import faults_of
from routing.catalog import Agency, Calendar, Catalog, Gateway, Menu, Texts, Timekeeping

__all__ = ["REQUIRED_TEXTS", "CatalogFaults", "Fault", "load"]

M = TypeVar("M", bound=BaseModel)

# Providers whose messages are paid for by the segment.
SEGMENT_PROVIDERS = frozenset({"twilio"})


def load(directory: Path) -> Catalog:
    """The configuration in `directory`. CatalogFaults with everything that is wrong when it cannot be used."""
    draft = _read(directory)
    faults = [fault for part in draft.parts() for fault in part.source.faults]
    faults += _disagreements(draft)
    catalog = _assemble(draft)
    if catalog is not None:
        faults += paths.unreachable_faults(catalog, draft)
        faults += timekeeping.closed_faults(catalog, draft)
    if faults or catalog is None:
        raise CatalogFaults(faults)
    return catalog


def _read(directory: Path) -> Draft:
    return Draft(
        gateway=_part(directory / "gateway.yaml", Gateway),
        agencies=_folder(directory / "agencies", Agency),
        routes=_part(directory / "routes.yaml", Routes),
        menus=_folder(directory / "menus", Menu),
        terms=_part(directory / "terms.yaml", Terms),
        calendars=_folder(directory / "calendars", Calendar),
        texts=_folder(directory / "texts", Texts),
        territories=_part(directory / "territories.yaml", Territories),
        goals=_part(goals, Goals) if (goals := directory / "goals.yaml").exists() else None,
        timekeeping=_part(keeping, Timekeeping) if (keeping := directory / "timekeeping.yaml").exists() else None,
    )


def _folder(directory: Path, kind: type[M]) -> tuple[Part[M], ...]:
    return tuple(_part(path, kind) for path in sorted(directory.glob("*.yaml")))


def _part(path: Path, kind: type[M]) -> Part[M]:
    source = read(path)
    fact: M | None = None
    # A file that is no YAML has said so already; any other is checked as far as it goes.
    if source.data is not None:
        try:
            fact = kind.model_validate(source.data)
        except ValidationError as error:
            source.faults.extend(faults_of(error, source))
    return Part(source, path.stem, fact)


def _disagreements(draft: Draft) -> Iterator[Fault]:
    known = Known.of(draft)
    languages = draft.gateway.fact.languages if draft.gateway.fact else ()
    for part in draft.parts():
        yield from checks.language_faults(part, languages)
    yield from checks.key_faults((*draft.agencies, *draft.menus, *draft.calendars))
    yield from checks.channel_faults(draft, known, CHANNELS)
    yield from checks.ownership_faults(draft.agencies)
    for agency in draft.agencies:
        yield from checks.agency_faults(agency, known)
    for calendar in draft.calendars:
        yield from checks.calendar_faults(calendar, known)
    yield from checks.term_faults(draft.terms)
    yield from timekeeping.faults(draft)
    yield from goal_faults(draft.goals, known)
    yield from paths.rule_faults(draft, known)
    for menu in draft.menus:
        yield from paths.menu_faults(menu, draft, known)
    yield from paths.session_faults(draft)
    yield from text_faults(draft.texts, draft.gateway)
    yield from _long_acknowledgements(draft)


def _long_acknowledgements(draft: Draft) -> Iterator[Fault]:
    agencies = [part.fact for part in draft.agencies if part.fact]
    for part in draft.texts:
        folded = folding(draft.gateway.fact, part.name) if draft.gateway.fact else None
        if folded is not None:
            yield from segment_faults(part, agencies, folded=folded)


def folding(gateway: Gateway, language: str) -> bool | None:
    """Whether accents are dropped from what must fit one SMS segment; None where nothing in this language must.

    The other languages may need an alphabet of which a segment holds only 70 letters.
    """
    texting = [channel for channel in gateway.channels.values() if channel.provider in SEGMENT_PROVIDERS]
    if not texting or language != gateway.languages[0]:
        return None
    return all(channel.fold_accents for channel in texting)


def _assemble(draft: Draft) -> Catalog | None:
    gateway, routes, terms, places = (
        draft.gateway.fact,
        draft.routes.fact,
        draft.terms.fact,
        draft.territories.fact,
    )
    if gateway is None or routes is None or terms is None or places is None:
        return None
    return Catalog(
        gateway=gateway,
        agencies={part.key: part.fact for part in draft.agencies if part.fact},
        rules=routes.rules,
        menus={part.key: part.fact for part in draft.menus if part.fact},
        calendars={part.key: part.fact for part in draft.calendars if part.fact},
        terms={term.key: term for term in terms.classes},
        texts={part.name: part.fact for part in draft.texts if part.fact},
        territories=places.territories,
        goals=draft.goals.fact.goals if draft.goals and draft.goals.fact else (),
        timekeeping=(draft.timekeeping and draft.timekeeping.fact) or Timekeeping(),
    )
