"""The types that `config/` must satisfy: agencies, desks, rules, menus, calendars, terms and texts.

A `Catalog` is read once, validated as a whole (`gateway/catalog/file.py` tells file, line and column of every fault)
and replaced as a whole. Everything is frozen. Texts that people read are a mapping of language to text, with every
language of the deployment present.
"""

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Said = dict[str, str]  # language -> text


class Fact(BaseModel):
    """A frozen piece of configuration; an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Topic(Fact):
    """What an agency is asked about. `label` is what a menu shows (about 20 characters fit a USSD line)."""

    key: Key
    label: Said
    # Phrases that route here, matched anywhere in the text without accents and tolerant of inflection.
    phrases: tuple[str, ...] = ()
    term_class: Key = Field(default="general", alias="class")


class FirstManager(Fact):
    """The response manager an agency starts with; created once, at the first start, and managed elsewhere after."""

    login: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,39}$")]
    name: str


class Assignment(StrEnum):
    """How cases reach managers: they pull, or are given by capacity."""

    PULL = "pull"
    BALANCED = "balanced"


class Hours(Fact):
    """Opening hours of one weekday group: `days: [mon, tue]`, `open: ["08:00-12:00", "14:00-17:00"]`."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    open: tuple[Annotated[str, Field(pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")], ...]

    def intervals(self) -> tuple[tuple[time, time], ...]:
        """The opening intervals as times of day, local to the calendar."""
        return tuple(
            (time.fromisoformat(a), time.fromisoformat(b)) for a, b in (interval.split("-") for interval in self.open)
        )


class Agency(Fact):
    """A ministry, institute or town hall that answers citizens."""

    key: Key
    name: Said
    # What citizens call it: at most 24 characters, so that an acknowledgement fits one SMS segment.
    short: Annotated[str, Field(max_length=24)]
    sector: Key
    level: Literal["national", "territorial"] = "national"
    # DIVIPOLA code of the territory it serves; None: the whole country.
    territory: Annotated[str, Field(pattern=r"^\d{2}(\d{3})?$")] | None = None
    # First words that route here: SENA, DIAN. Compared without accents and case.
    keywords: tuple[str, ...] = ()
    # Service numbers and short codes that belong to this agency alone.
    numbers: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    calendar: Key = "national"
    hours: tuple[Hours, ...] = ()
    assignment: Assignment = Assignment.PULL
    # Open cases one manager may be given by `balanced`.
    capacity: Annotated[int, Field(ge=1)] = 40
    after_hours: Literal["same_day", "next_business_day"] = "next_business_day"
    manager: FirstManager | None = None

    def topic(self, key: str | None) -> Topic | None:
        """The topic of that key, or None."""
        return next((topic for topic in self.topics if topic.key == key), None)


class When(Fact):
    """The conditions of a rule; all that are given must hold. At least one is given."""

    channel: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()  # "agency" or "agency.topic" chosen in a menu
    keyword: tuple[str, ...] = ()
    phrase: tuple[str, ...] = ()
    expression: str | None = None
    territory: tuple[str, ...] = ()  # DIVIPOLA codes; a department covers its municipalities
    language: tuple[str, ...] = ()


class Rule(Fact):
    """Where a message goes when `when` holds. Rules are tried in order; the first that holds wins."""

    name: Key
    when: When
    agency: Key
    topic: Key | None = None
    term_class: Key | None = Field(default=None, alias="class")


class Suspension(Fact):
    """Days on which no term runs: a strike, a closure, an emergency. Both dates included."""

    first: date
    last: date
    reason: Said
    agencies: tuple[Key, ...] = ()  # empty: all
    territories: tuple[str, ...] = ()  # empty: all


class Calendar(Fact):
    """Which days count, and the opening hours of those who name no hours of their own."""

    key: Key
    timezone: str
    # ISO 3166 country whose public holidays count (`holidays` package); None: none.
    holidays: str | None = None
    working_days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon", "tue", "wed", "thu", "fri",
    )  # fmt: skip
    hours: tuple[Hours, ...]
    suspensions: tuple[Suspension, ...] = ()


class Unit(StrEnum):
    """What a term is counted in."""

    BUSINESS_DAYS = "business_days"
    DAYS = "days"
    HOURS = "hours"


class TermRow(Fact):
    """How long a class of petition may take, between two dates. `cap` is the most it may be extended to, in all."""

    first: date
    last: date | None = None
    n: Annotated[int, Field(ge=1)]
    unit: Unit = Unit.BUSINESS_DAYS
    cap: int | None = None
    source: str


class TermClass(Fact):
    """A kind of petition and its dated terms.

    `granted_after` says that silence grants it (Ley 1437/2011 art. 14 no. 1): unanswered at the end of its term it is
    deemed granted, and the copies are due so many business days later.
    """

    key: Key
    name: Said
    rows: tuple[TermRow, ...]
    granted_after: Annotated[int, Field(ge=1)] | None = None


class Told(StrEnum):
    """Who is told at a step: who has the case, the head of its agency, the central desk."""

    MANAGER = "manager"
    HEAD = "head"
    COORDINATOR = "coordinator"


class Step(Fact):
    """A moment of a clock at which somebody is told. Exactly one of `share`, `before` and `after` places it.

    `share` is a part of the term (0.5: when half of it is used up), `before` and `after` are business days before and
    after the deadline; `after: 0` is the first second past it. In a term of hours, `before` and `after` count hours.
    """

    key: Key
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    before: Annotated[int, Field(ge=1)] | None = None
    after: Annotated[int, Field(ge=0)] | None = None
    tell: Annotated[tuple[Told, ...], Field(min_length=1)]


class Timekeeping(Fact):
    """`config/timekeeping.yaml`: who is told when, and how long things may rest. Days are business days."""

    steps: tuple[Step, ...] = (
        Step(key="half", share=0.5, tell=(Told.MANAGER,)),
        Step(key="most", share=0.8, tell=(Told.MANAGER,)),
        Step(key="last-days", before=2, tell=(Told.MANAGER,)),
        Step(key="breach", after=0, tell=(Told.MANAGER, Told.HEAD)),
        Step(key="coordinator", after=2, tell=(Told.COORDINATOR,)),
    )
    # A clock is due soon when this share of its term is left, or this many days.
    soon_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    soon_days: Annotated[int, Field(ge=0)] = 2
    # Completion may be asked within this many days of receipt; the citizen has so many months to answer.
    completion_days: Annotated[int, Field(ge=1)] = 10
    completion_months: Annotated[int, Field(ge=1)] = 1
    # A case that was taken and not touched for so many office hours is offered again.
    lease_hours: Annotated[int, Field(ge=1)] = 18


class Goal(Fact):
    """What an indicator is to reach in a year. Exactly one of `at_least` and `at_most`.

    A share is written as a share: 0.95. Without `agency` it is everybody's; an agency's own goes before it.
    """

    # A name of `routing.timeliness.INDICATORS`.
    indicator: str
    year: Annotated[int, Field(ge=2000, le=2200)]
    at_least: Annotated[float, Field(ge=0)] | None = None
    at_most: Annotated[float, Field(ge=0)] | None = None
    agency: Key | None = None


class MenuOption(Fact):
    """A line of a menu. It leads to a node (`goto`), or fixes a fact on the way (`set`), or both."""

    label: Said
    goto: Key
    set: dict[Literal["language", "agency", "topic", "class", "territory"], str] = {}


class MenuNode(Fact):
    """A screen. `kind` says what it does:

    `choose` shows its options · `agencies` lists those named in `agencies` (all when empty) and `topics` those of the
    agency chosen so far, and both go on to `goto` · `question` collects text · `cases` lists the person's cases ·
    `text` shows its text and ends.
    """

    key: Key
    kind: Literal["choose", "agencies", "topics", "question", "cases", "text"]
    text: Said
    options: tuple[MenuOption, ...] = ()
    agencies: tuple[Key, ...] = ()
    goto: Key | None = None


class Menu(Fact):
    """A tree of screens, walked by `routing.menu.step`. `start` is the first node."""

    key: Key
    start: Key
    nodes: tuple[MenuNode, ...]

    def node(self, key: str) -> MenuNode:
        """The node of that key. KeyError when there is none (the catalog check makes that impossible)."""
        for node in self.nodes:
            if node.key == key:
                return node
        raise KeyError(key)


class ChannelConfig(Fact):
    """One configured channel: which adapter, how fast it may send, and the adapter's own options."""

    provider: str
    # Messages a second the provider or the operator allows us.
    rate_per_second: Annotated[float, Field(gt=0)] = 10
    burst: Annotated[int, Field(ge=1)] = 10
    # The channel that answers when this one cannot (USSD cannot be texted: its answers go by SMS).
    answers_by: str | None = None
    menu: Key | None = None
    # A channel whose segments cost money may drop accents to stay in GSM-7.
    fold_accents: bool = False
    options: dict[str, Any] = {}


class Threading(Fact):
    """When a message belongs to a case that exists."""

    conversation_hours: Annotated[int, Field(ge=1)] = 72
    reopening_days: Annotated[int, Field(ge=0)] = 7


class Flood(Fact):
    """More than `messages` from one sender in `minutes` are stored but acknowledged once."""

    messages: Annotated[int, Field(ge=1)] = 10
    minutes: Annotated[int, Field(ge=1)] = 10


class FileLimits(Fact):
    """What may be attached."""

    max_bytes: Annotated[int, Field(ge=1)] = 10 * 1024 * 1024
    max_count: Annotated[int, Field(ge=0)] = 10
    types: tuple[str, ...] = ()  # MIME types or prefixes such as "image/"; empty: all


class Gateway(Fact):
    """`config/gateway.yaml`: the deployment as a whole."""

    name: Said
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    timezone: str
    languages: Annotated[tuple[str, ...], Field(min_length=1)]  # the first is the default
    triage: Key  # the agency whose desk gets what nothing else claims
    channels: dict[str, ChannelConfig]
    threading: Threading = Threading()
    flood: Flood = Flood()
    files: FileLimits = FileLimits()
    # How long an answer written in the console waits, so that it can be taken back.
    undo_seconds: Annotated[int, Field(ge=0, le=60)] = 10


class Texts(Fact):
    """`config/texts/<language>.yaml`: what citizens read, with `{placeholders}`; and the words they command with."""

    messages: dict[str, str]
    commands: dict[Literal["new", "status", "help", "opt_out", "opt_in"], tuple[str, ...]]
    # Whole messages that are only thanks, and start nothing.
    thanks: tuple[str, ...] = ()


class Catalog(Fact):
    """The whole configuration, consistent: every reference in it resolves."""

    gateway: Gateway
    agencies: dict[str, Agency]
    rules: tuple[Rule, ...]
    menus: dict[str, Menu]
    calendars: dict[str, Calendar]
    terms: dict[str, TermClass]
    texts: dict[str, Texts]
    # DIVIPOLA (or the country's own) territory codes and names.
    territories: dict[str, str] = {}
    timekeeping: Timekeeping = Timekeeping()
    goals: tuple[Goal, ...] = ()
    # Citizens' texts that agencies word in their own way, by agency, language and name. They are kept in the database.
    own_texts: Mapping[tuple[str, str, str], str] = {}
    # Public holidays by country and year, as they were known; those that are not here are the `holidays` package's.
    holidays: Mapping[str, Mapping[int, Mapping[date, str]]] = {}
    # What clocks were counted by before, the oldest first. It is kept in the database.
    earlier: tuple["Earlier", ...] = ()

    @property
    def default_language(self) -> str:
        """The language of those who have not said another."""
        return self.gateway.languages[0]

    def language(self, wished: str | None) -> str:
        """The deployment's language nearest to a BCP 47 tag: "en-GB" is "en"; anything unknown is the default."""
        base = (wished or "").replace("_", "-").split("-")[0].lower()
        return base if base in self.gateway.languages else self.default_language

    def say(self, key: str, language: str, *, of: str | None = None, **values: object) -> str:
        """A citizen's text with its placeholders filled. Substitution only: nothing is evaluated.

        `of` is the agency in whose name it is said, and which may word it in its own way.
        """
        spoken = self.language(language)
        own = self.own_texts.get((of, spoken, key)) if of else None
        text = self.texts[spoken].messages[key] if own is None else own
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text


class Earlier(NamedTuple):
    """A catalog as far as clocks go, and the id of the first event that was written when it held no longer."""

    until: int
    catalog: Catalog
