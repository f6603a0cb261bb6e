"""Whether the files of a configuration agree with one another: references, ownership, calendars and terms.

Each check is a generator of faults over a `Draft`, in which any file may be unusable: its key is still known, so one
broken file does not make every reference to it a fault.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from gateway.catalog.source import Fault, Part, Source, Where, guess
from routing import holidays_of
from routing.catalog import (
    Agency,
    Calendar,
    Fact,
    Gateway,
    Goal,
    Hours,
    Menu,
    Rule,
    Said,
    TermClass,
    Texts,
    Timekeeping,
)
from routing.reading import normal_number
from routing.words import words

TerritoryCode = Annotated[str, Field(pattern=r"^\d{2}(\d{3})?$")]


class Routes(Fact):
    """`config/routes.yaml`: the rules, tried in order."""

    rules: tuple[Rule, ...] = ()


class Terms(Fact):
    """`config/terms.yaml`: the classes of petition and their dated terms."""

    classes: tuple[TermClass, ...]


class Territories(Fact):
    """`config/territories.yaml`: code and name of each territory."""

    territories: dict[TerritoryCode, str]


class Goals(Fact):
    """`config/goals.yaml`: what indicators are to reach, year by year."""

    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Every file of the configuration, read but not yet believed."""

    gateway: Part[Gateway]
    agencies: tuple[Part[Agency], ...]
    routes: Part[Routes]
    menus: tuple[Part[Menu], ...]
    terms: Part[Terms]
    calendars: tuple[Part[Calendar], ...]
    texts: tuple[Part[Texts], ...]
    territories: Part[Territories]
    # None: there is no such file, and there need not be.
    goals: Part[Goals] | None = None
    timekeeping: Part[Timekeeping] | None = None

    def parts(self) -> tuple[Part[Any], ...]:
        """Every file."""
        one_each = (self.gateway, self.routes, self.terms, self.territories)
        optional = tuple(part for part in (self.goals, self.timekeeping) if part is not None)
        return (*one_each, *optional, *self.agencies, *self.menus, *self.calendars, *self.texts)

    def agency(self, key: str) -> Agency | None:
        """The agency of that key, None when there is none or its file is faulty."""
        return next((part.fact for part in self.agencies if part.fact and part.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names that a reference may use; None where the file that declares them could not be read."""

    agencies: Collection[str]
    menus: Collection[str]
    calendars: Collection[str]
    classes: Collection[str] | None
    territories: Collection[str] | None
    channels: Collection[str] | None
    languages: Collection[str] | None

    @classmethod
    def of(cls, draft: Draft) -> "Known":
        """The names a draft declares."""
        gateway, terms, places = draft.gateway.fact, draft.terms.fact, draft.territories.fact
        return cls(
            agencies={part.key for part in draft.agencies},
            menus={part.key for part in draft.menus},
            calendars={part.key for part in draft.calendars},
            classes={row.key for row in terms.classes} if terms else None,
            territories=places.territories.keys() if places else None,
            channels=gateway.channels.keys() if gateway else None,
            languages=gateway.languages if gateway else None,
        )


def missing(
    source: Source, where: Where, value: str | None, known: Collection[str] | None, what: str
) -> Iterator[Fault]:
    """A fault when `value` names nothing that is known."""
    if value is not None and known is not None and value not in known:
        yield source.fault(where, f"there is no {what} '{value}'{guess(value, known)}")


def topic_missing(source: Source, where: Where, draft: Draft, agency: str, topic: str | None) -> Iterator[Fault]:
    """A fault when an agency that is readable has no such topic."""
    found = draft.agency(agency)
    if found and topic is not None:
        yield from missing(source, where, topic, [t.key for t in found.topics], f"topic of '{agency}' called")


def language_faults(part: Part[Any], languages: Sequence[str]) -> Iterator[Fault]:
    """Every text that people read, in every language."""
    if part.fact is not None and not isinstance(part.fact, Texts | Territories):
        yield from _unsaid(part.source, (), part.fact, languages)


def _unsaid(source: Source, where: Where, value: Any, languages: Sequence[str]) -> Iterator[Fault]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            inner: Where = (*where, info.alias or name)
            if info.annotation == Said:
                yield from _languages_of(source, inner, getattr(value, name), languages)
            else:
                yield from _unsaid(source, inner, getattr(value, name), languages)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _unsaid(source, (*where, index), item, languages)


def _languages_of(source: Source, where: Where, said: Said, languages: Sequence[str]) -> Iterator[Fault]:
    for language in languages:
        if language not in said:
            yield source.fault(where, f"'{language}' is missing")
        elif not said[language].strip():
            yield source.fault((*where, language), "the text is empty")


def key_faults(parts: Iterable[Part[Any]]) -> Iterator[Fault]:
    """A key that is not the file's name (which also keeps keys unique)."""
    for part in parts:
        if part.key != part.name:
            yield part.source.fault(
                ("key",), f"'{part.key}' must be the file's name, '{part.name}': rename one of the two"
            )


def repeated(source: Source, where: Where, keys: Iterable[str], field: str = "key") -> Iterator[Fault]:
    """Keys that must be unique in a list and are not."""
    seen: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key in seen:
            first = source.places.get((*where, seen[key], field), (0, 0))[0]
            yield source.fault((*where, index, field), f"'{key}' is already used on line {first}")
        seen.setdefault(key, index)


def channel_faults(draft: Draft, known: Known, providers: Collection[str]) -> Iterator[Fault]:
    """What `gateway.yaml` refers to."""
    gateway, source = draft.gateway.fact, draft.gateway.source
    if gateway is None:
        return
    yield from missing(source, ("triage",), gateway.triage, known.agencies, "agency")
    yield from timezone_faults(source, gateway.timezone)
    for name, channel in gateway.channels.items():
        where: Where = ("channels", name)
        yield from missing(source, (*where, "provider"), channel.provider, providers, "provider")
        yield from missing(source, (*where, "answers_by"), channel.answers_by, known.channels, "channel")
        yield from missing(source, (*where, "menu"), channel.menu, known.menus, "menu")
        if channel.answers_by == name:
            yield source.fault((*where, "answers_by"), "a channel cannot answer for itself: name another one")


def timezone_faults(source: Source, name: str) -> Iterator[Fault]:
    """A time zone that the tz database does not have."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield source.fault(("timezone",), f"there is no time zone '{name}': write one such as America/Bogota")


def agency_faults(part: Part[Agency], known: Known) -> Iterator[Fault]:
    """References and hours of one agency."""
    agency, source = part.fact, part.source
    if agency is None:
        return
    yield from missing(source, ("calendar",), agency.calendar, known.calendars, "calendar")
    yield from missing(source, ("territory",), agency.territory, known.territories, "territory")
    if agency.level == "territorial" and agency.territory is None:
        yield source.fault(("level",), "a territorial agency needs its 'territory' code")
    yield from hours_faults(source, agency.hours)
    yield from repeated(source, ("topics",), [topic.key for topic in agency.topics])
    for index, topic in enumerate(agency.topics):
        where: Where = ("topics", index, "class")
        yield from missing(source, where, topic.term_class, known.classes, "class in terms.yaml called")


def ownership_faults(agencies: Iterable[Part[Agency]]) -> Iterator[Fault]:
    """A keyword, number or login that two agencies claim."""
    owners: dict[tuple[str, tuple[str, ...]], str] = {}
    for part in sorted(agencies, key=lambda part: part.name):
        if part.fact is None:
            continue
        claims: list[tuple[str, Where, str]] = [
            *(("keyword", ("keywords", index), word) for index, word in enumerate(part.fact.keywords)),
            *(("number", ("numbers", index), normal_number(number)) for index, number in enumerate(part.fact.numbers)),
        ]
        if part.fact.manager:
            claims.append(("login", ("manager", "login"), part.fact.manager.login))
        for what, where, value in claims:
            owner = owners.setdefault((what, words(value)), part.key)
            if owner != part.key:
                yield part.source.fault(
                    where, f"the {what} '{value}' already belongs to '{owner}': only one may have it"
                )


def hours_faults(source: Source, hours: Sequence[Hours]) -> Iterator[Fault]:
    """Times that do not exist, or end before they begin."""
    for index, group in enumerate(hours):
        where: Where = ("hours", index, "open")
        try:
            intervals = group.intervals()
        except ValueError:
            yield source.fault(where, "holds a time that no clock shows: use 00:00 to 23:59")
            continue
        if any(opens >= closes for opens, closes in intervals):
            yield source.fault(where, "must open before it closes")
        elif any(later[0] < earlier[1] for earlier, later in pairwise(intervals)):
            yield source.fault(where, "spans overlap or are not in order")


def calendar_faults(part: Part[Calendar], known: Known) -> Iterator[Fault]:
    """Zone, holidays, working hours and suspensions of one calendar."""
    calendar, source = part.fact, part.source
    if calendar is None:
        return
    yield from timezone_faults(source, calendar.timezone)
    yield from hours_faults(source, calendar.hours)
    if not calendar.working_days:
        yield source.fault(("working_days",), "needs at least one day, or no term would ever end")
    if not any(group.days and group.open for group in calendar.hours):
        yield source.fault(("hours",), "the calendar has no working hours: give days and open")
    if calendar.holidays is not None and not holidays_of.are_known(calendar.holidays):
        yield source.fault(
            ("holidays",), f"the holidays of '{calendar.holidays}' are not known: write a country code such as CO"
        )
    for index, suspension in enumerate(calendar.suspensions):
        where: Where = ("suspensions", index)
        if suspension.last < suspension.first:
            yield source.fault((*where, "last"), "ends before it begins")
        for at, agency in enumerate(suspension.agencies):
            yield from missing(source, (*where, "agencies", at), agency, known.agencies, "agency")
        for at, code in enumerate(suspension.territories):
            yield from missing(source, (*where, "territories", at), code, known.territories, "territory")


def term_faults(part: Part[Terms]) -> Iterator[Fault]:
    """Rows of a class that overlap, end before they begin, or cap below their own length."""
    if part.fact is None:
        return
    source = part.source
    yield from repeated(source, ("classes",), [term.key for term in part.fact.classes])
    if "general" not in {term.key for term in part.fact.classes}:
        yield source.fault(("classes",), "the class 'general' is missing: it is what a topic without a class gets")
    for index, term in enumerate(part.fact.classes):
        yield from _row_faults(source, ("classes", index, "rows"), term)


def _row_faults(source: Source, where: Where, term: TermClass) -> Iterator[Fault]:
    if not term.rows:
        yield source.fault(where, f"'{term.key}' needs at least one row with 'first', 'n' and 'source'")
    earlier: date | None = None
    for index, row in sorted(enumerate(term.rows), key=lambda pair: pair[1].first):
        last = row.last or date.max
        if last < row.first:
            yield source.fault((*where, index, "last"), "ends before it begins")
        if earlier is not None and row.first <= earlier:
            yield source.fault(
                (*where, index, "first"),
                f"'{term.key}' already has a term on {row.first}: end the earlier row the day before",
            )
        if row.cap is not None and row.cap < row.n:
            yield source.fault((*where, index, "cap"), f"is less than the term itself, {row.n}")
        earlier = last
