"""The indicators: how timely cases are answered, and how many people are reached, as pure functions over counts.

One function, `figures`, feeds console, report, API and command line. Every indicator has a name, a unit and a cohort
(what `n` counts); docs/timeliness-figures.md holds its formula, and the pages' texts its definition in words.

What is counted of agencies are stays: the time a case was with an agency, from its receipt there to its end. In
figures of the whole network, and by class, channel, territory or month, each case counts once, by its last stay.
A reopening is not a stay of its own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import sqrt
from typing import Final

# How often each value occurs.
Histogram = Counter[int]

# Below this many, an agency is not ranked.
FEW: Final = 10
# First touches are counted in quarters of a business hour, ages in business days; the last bucket has no end.
QUARTER_MINUTES: Final = 15
AGE_BUCKETS: Final = ((0, 5), (6, 10), (11, 15), (16, 30), (31, None))
SHORT_ANSWER: Final = 40
REOPENED_DAYS: Final = 10
# The 97.5th percentile of the normal distribution: intervals of 95 %.
_Z: Final = 1.959963984540054


class Unit(StrEnum):
    """What a value is in. A share is between 0 and 1."""

    SHARE = "share"
    COUNT = "count"
    BUSINESS_DAYS = "business_days"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_HOURS = "business_hours"
    MEAN = "mean"


class Scope(StrEnum):
    """What counts as one: a case, or a case's stay at an agency."""

    CASES = "cases"
    STAYS = "stays"


class Cohort(StrEnum):
    """What `n` counts."""

    RECEIVED = "received"  # clocks that began in the period
    ANSWERED = "answered"  # of them, those with a final answer
    DECIDED = "decided"  # of them, those answered or past due
    RIPE = "ripe"  # of them, those whose term is over: late, or answered and the due date is past
    TOUCHED = "touched"  # of them, those that a person has touched
    CLOSED = "closed"  # of them, those answered or closed
    GRANTABLE = "grantable"  # of them, those that silence grants
    TRANSFERS = "transfers"  # transfers of them that have a term
    OPEN = "open"  # open now, whenever they came
    ANSWERS = "answers"  # answers that were sent in the period
    CONTACTS = "contacts"  # people reached in the period
    MESSAGES = "messages"  # messages in and out in the period
    AGENCIES = "agencies"  # agencies of the configuration
    NATIONAL = "national"
    TERRITORIAL = "territorial"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was counted of one group. Histograms: value -> how many; the rest are plain counts."""

    received: int = 0
    answered: int = 0
    on_time: int = 0
    late: int = 0
    decided: int = 0
    ripe: int = 0
    extended: int = 0
    suspended: int = 0
    transferred: int = 0
    misrouted: int = 0
    transfers: int = 0
    transfers_scored: int = 0
    transfers_in_time: int = 0
    grantable: int = 0
    granted: int = 0
    texted: int = 0
    closed: int = 0
    wordless: int = 0
    reopened_soon: int = 0
    answers: int = 0
    short_answers: int = 0
    reached: int = 0
    wrote: int = 0
    messages_in: int = 0
    messages_out: int = 0
    # Messages of all groups together.
    messages_of_all: int = 0
    agencies: int = 0
    managed: int = 0
    national: int = 0
    national_partners: int = 0
    territorial: int = 0
    territorial_partners: int = 0
    days: Histogram = field(default_factory=Counter)
    citizen_days: Histogram = field(default_factory=Counter)
    # Quarters of a business hour.
    touches: Histogram = field(default_factory=Counter)
    # Business days since the clocks that run now began.
    ages: Histogram = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count what the other one counted, too."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, each.name, mine + theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One indicator of one group. `value` is None when there is nothing to tell, or too little.

    `numerator` is None for what is no ratio. `low` and `high` bound the value with 95 % confidence, where told.
    """

    indicator: str
    unit: Unit
    cohort: Cohort
    value: float | None
    numerator: int | None
    n: int
    low: float | None = None
    high: float | None = None
    # Taken out of a public export because it counts too few.
    hidden: bool = False


def median(counted: Histogram) -> float | None:
    """The middle value, or the mean of the two middle ones; None of nothing."""
    n = counted.total()
    if n == 0:
        return None
    return (_at(counted, (n + 1) // 2) + _at(counted, n // 2 + 1)) / 2


def percentile(counted: Histogram, per_cent: int) -> float | None:
    """The smallest value that at least so many of a hundred do not exceed (nearest rank); None of nothing."""
    n = counted.total()
    return None if n == 0 else float(_at(counted, max(1, -(-per_cent * n // 100))))


def _at(counted: Histogram, rank: int) -> int:
    passed = 0
    for value in sorted(counted):
        passed += counted[value]
        if passed >= rank:
            return value
    raise ValueError("the rank is beyond what was counted")


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The bounds of a share with 95 % confidence: Wilson's score interval. ValueError without a trial.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927: unlike the usual
    interval it is right for few cases and for shares near 0 and 1.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError("the successes must be among at least one trial")
    share, square = successes / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def buckets(ages: Histogram) -> list[int]:
    """How many of the ages lie in each of `AGE_BUCKETS`."""
    return [sum(n for age, n in ages.items() if age >= a and (b is None or age <= b)) for a, b in AGE_BUCKETS]


def bucket_name(bucket: tuple[int, int | None]) -> str:
    """`backlog_0_5`, `backlog_over_30`."""
    first, last = bucket
    return f"backlog_over_{first - 1}" if last is None else f"backlog_{first}_{last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """How one figure is made. `of` gives value, numerator and n; `scope` is the only one it has a meaning in."""

    name: str
    unit: Unit
    cohort: Cohort
    of: Callable[[Tally], tuple[float | None, int | None, int]]
    # Only of the whole, never of a group.
    whole: bool = False
    scope: Scope | None = None


def _share(name: str, cohort: Cohort, numerator: str, n: str, *, whole: bool = False) -> Indicator:
    def of(tally: Tally) -> tuple[float | None, int | None, int]:
        part, all_of_them = int(getattr(tally, numerator)), int(getattr(tally, n))
        return (part / all_of_them if all_of_them else None), part, all_of_them

    return Indicator(name=name, unit=Unit.SHARE, cohort=cohort, of=of, whole=whole)


def _count(name: str, cohort: Cohort, counted: str, n: str, *, whole: bool = False) -> Indicator:
    def of(tally: Tally) -> tuple[float | None, int | None, int]:
        found = int(getattr(tally, counted))
        return found, found, int(getattr(tally, n))

    return Indicator(name=name, unit=Unit.COUNT, cohort=cohort, of=of, whole=whole)


def _middle(name: str, cohort: Cohort, unit: Unit, counted: str, *, scale: int = 1) -> Indicator:
    def of(tally: Tally) -> tuple[float | None, int | None, int]:
        found: Histogram = getattr(tally, counted)
        value = median(found)
        return (None if value is None else value / scale), None, found.total()

    return Indicator(name=name, unit=unit, cohort=cohort, of=of)


def _p90(name: str, unit: Unit, counted: str) -> Indicator:
    def of(tally: Tally) -> tuple[float | None, int | None, int]:
        found: Histogram = getattr(tally, counted)
        return percentile(found, 90), None, found.total()

    return Indicator(name=name, unit=unit, cohort=Cohort.ANSWERED, of=of)


def _bucket(place: int) -> Indicator:
    def of(tally: Tally) -> tuple[float | None, int | None, int]:
        found = buckets(tally.ages)[place]
        return found, found, tally.ages.total()

    return Indicator(name=bucket_name(AGE_BUCKETS[place]), unit=Unit.COUNT, cohort=Cohort.OPEN, of=of)


def _backlog(tally: Tally) -> tuple[float | None, int | None, int]:
    return tally.ages.total(), tally.ages.total(), tally.ages.total()


def _oldest(tally: Tally) -> tuple[float | None, int | None, int]:
    return max(tally.ages, default=None), None, tally.ages.total()


def _messages(tally: Tally) -> tuple[float | None, int | None, int]:
    both = tally.messages_in + tally.messages_out
    return (both / tally.messages_of_all if tally.messages_of_all else None), both, tally.messages_of_all


def _chain(tally: Tally) -> tuple[float | None, int | None, int]:
    stays = tally.received + tally.transfers
    return (stays / tally.received if tally.received else None), stays, tally.received


def _score(tally: Tally) -> tuple[float | None, int | None, int]:
    enough = tally.decided >= FEW
    return (wilson(tally.on_time, tally.decided)[0] if enough else None), tally.on_time, tally.decided


INDICATORS: Final[tuple[Indicator, ...]] = (
    _count("received", Cohort.RECEIVED, "received", "received"),
    _share("answered", Cohort.RECEIVED, "answered", "received"),
    _share("on_time", Cohort.DECIDED, "on_time", "decided"),
    _share("ever_late", Cohort.RIPE, "late", "ripe"),
    _middle("days_median", Cohort.ANSWERED, Unit.BUSINESS_DAYS, "days"),
    _p90("days_p90", Unit.BUSINESS_DAYS, "days"),
    _middle("citizen_days_median", Cohort.ANSWERED, Unit.CALENDAR_DAYS, "citizen_days"),
    _p90("citizen_days_p90", Unit.CALENDAR_DAYS, "citizen_days"),
    _middle("touch_median", Cohort.TOUCHED, Unit.BUSINESS_HOURS, "touches", scale=60 // QUARTER_MINUTES),
    Indicator(name="backlog", unit=Unit.COUNT, cohort=Cohort.OPEN, of=_backlog),
    *(_bucket(place) for place in range(len(AGE_BUCKETS))),
    Indicator(name="backlog_oldest", unit=Unit.BUSINESS_DAYS, cohort=Cohort.OPEN, of=_oldest),
    _share("extended", Cohort.RECEIVED, "extended", "received"),
    _share("suspended", Cohort.RECEIVED, "suspended", "received"),
    _share("transferred", Cohort.RECEIVED, "transferred", "received"),
    _share("misrouted", Cohort.RECEIVED, "misrouted", "received"),
    _share("transfers_in_time", Cohort.TRANSFERS, "transfers_in_time", "transfers_scored"),
    Indicator(name="chain_length", unit=Unit.MEAN, cohort=Cohort.RECEIVED, of=_chain, scope=Scope.CASES),
    _share("deemed_granted", Cohort.GRANTABLE, "granted", "grantable"),
    _share("closed_wordless", Cohort.CLOSED, "wordless", "closed"),
    _share("reopened_soon", Cohort.CLOSED, "reopened_soon", "closed"),
    _share("short_answers", Cohort.ANSWERS, "short_answers", "answers"),
    _share("by_text", Cohort.RECEIVED, "texted", "received"),
    _count("reach", Cohort.CONTACTS, "reached", "reached"),
    _share("interaction", Cohort.CONTACTS, "wrote", "reached"),
    _count("messages_in", Cohort.MESSAGES, "messages_in", "messages_of_all"),
    _count("messages_out", Cohort.MESSAGES, "messages_out", "messages_of_all"),
    Indicator(name="messages_share", unit=Unit.SHARE, cohort=Cohort.MESSAGES, of=_messages),
    _share("manager_coverage", Cohort.AGENCIES, "managed", "agencies", whole=True),
    _count("partnerships_national", Cohort.NATIONAL, "national_partners", "national", whole=True),
    _count("partnerships_territorial", Cohort.TERRITORIAL, "territorial_partners", "territorial", whole=True),
    Indicator(name="score", unit=Unit.SHARE, cohort=Cohort.DECIDED, of=_score, scope=Scope.STAYS),
)
NAMES: Final = tuple(indicator.name for indicator in INDICATORS)


def figures(tally: Tally, *, scope: Scope, whole: bool) -> dict[str, Figure]:
    """Every indicator that has a meaning here, by name. `whole`: of everything that was asked for, not of a group."""
    return {
        indicator.name: _figure(indicator, tally)
        for indicator in INDICATORS
        if (whole or not indicator.whole) and indicator.scope in (None, scope)
    }


def _figure(indicator: Indicator, tally: Tally) -> Figure:
    value, numerator, n = indicator.of(tally)
    low = high = None
    if indicator.name in ("on_time", "score") and numerator is not None and n > 0:
        low, high = wilson(numerator, n)
    return Figure(
        indicator=indicator.name,
        unit=indicator.unit,
        cohort=indicator.cohort,
        value=value,
        numerator=numerator,
        n=n,
        low=low,
        high=high,
    )
