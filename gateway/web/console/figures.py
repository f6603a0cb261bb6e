"""The figures of a report as a page shows them: in words of the reader's language, in sections, with their goals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel.numbers import format_decimal, format_percent

from gateway.reports.rows import told
from gateway.reports.timeliness import Group
from gateway.web import locale
from routing.catalog import Goal
from routing.goals import reached
from routing.timeliness import AGE_BUCKETS, FEW, Figure, Unit, bucket_name

_LOCALES: Final = {"es": "es_CO", "en": "en_GB"}
# What stands at the top, and the sections of the rest.
HEADLINES: Final = ("received", "on_time", "ever_late", "days_median", "citizen_days_median", "backlog")
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "answers": ("received", "answered", "on_time", "ever_late", "deemed_granted", "score"),
    "time": ("days_median", "days_p90", "citizen_days_median", "citizen_days_p90", "touch_median"),
    "backlog": ("backlog", *(bucket_name(bucket) for bucket in AGE_BUCKETS), "backlog_oldest"),
    "way": ("extended", "suspended", "transferred", "misrouted", "transfers_in_time", "chain_length"),
    "honesty": ("closed_wordless", "reopened_soon", "short_answers"),
    "people": ("reach", "interaction", "by_text", "messages_in", "messages_out", "messages_share"),
    "network": ("manager_coverage", "partnerships_national", "partnerships_territorial"),
}
# Which cases stand behind a figure: a word of `gateway.store.behind.WHAT`.
BEHIND: Final = {
    "received": "received", "answered": "answered", "ever_late": "late", "backlog": "open", "extended": "extended",
    "suspended": "suspended", "transferred": "transferred", "deemed_granted": "deemed_granted",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One figure in words. `raw` is the value as CSV and API tell it; `met` None: no goal, or no figure."""

    name: str
    title: str
    definition: str
    cohort: str
    value: str
    raw: float | None
    counted: str
    interval: str
    bounds: str
    goal: str
    met: bool | None
    behind: str | None


def sections(group: Group, language: str) -> Iterator[tuple[str, list[Shown]]]:
    """Every section that has figures here, by name."""
    for section, names in SECTIONS.items():
        found = [shown(group, name, language) for name in names if name in group.figures]
        if found:
            yield section, found


def shown(group: Group, name: str, language: str) -> Shown:
    """One figure of a group."""
    figure, goal = group.figures[name], group.goals.get(name)
    say = f"report.indicator.{name}"
    return Shown(
        name=name,
        title=locale.say(language, f"{say}.name"),
        definition=locale.say(language, f"{say}.definition"),
        cohort=locale.say(language, f"report.cohort.{figure.cohort}"),
        value=in_words(figure, language),
        raw=told(figure.value),
        counted=_counted(figure, language),
        interval=_interval(figure, language, "interval"),
        bounds=_interval(figure, language, "bounds"),
        goal=_goal(goal, figure, language) if goal else "",
        met=reached(goal, figure) if goal else None,
        behind=BEHIND.get(name),
    )


def in_words(figure: Figure, language: str) -> str:
    """The value with its unit; "few cases" where that is why there is none."""
    if figure.hidden:
        return locale.say(language, "report.hidden")
    if figure.value is None:
        few = figure.indicator == "score" and figure.n < FEW
        return locale.say(language, "report.few" if few else "report.nothing")
    return number(figure.value, figure.unit, language)


# A report has a thousand numbers, which are the same until it is counted anew.
@lru_cache(maxsize=8192)
def number(value: float, unit: Unit, language: str) -> str:
    """A number as the language writes it, with its unit."""
    at = _LOCALES[language]
    if unit is Unit.SHARE:
        return str(format_percent(value, format="#,##0.0 %", locale=at))
    written = format_decimal(value, format="#,##0.##", locale=at)
    return f"{written} {locale.say(language, f'report.unit.{unit}')}".strip()


def _counted(figure: Figure, language: str) -> str:
    if figure.hidden or figure.unit is Unit.COUNT:
        return ""
    n = _whole(figure.n, language)
    if figure.numerator is None:
        return locale.say(language, "report.n", n=n)
    return locale.say(language, "report.of", numerator=_whole(figure.numerator, language), n=n)


@lru_cache(maxsize=8192)
def _whole(value: float, language: str) -> str:
    return str(format_decimal(value, locale=_LOCALES[language]))


def _interval(figure: Figure, language: str, key: str) -> str:
    if figure.low is None or figure.high is None:
        return ""
    low, high = (number(bound, Unit.SHARE, language) for bound in (figure.low, figure.high))
    return locale.say(language, f"report.{key}", low=low, high=high)


def _goal(goal: Goal, figure: Figure, language: str) -> str:
    key, value = ("at_least", goal.at_least) if goal.at_least is not None else ("at_most", goal.at_most or 0)
    return locale.say(language, f"report.goal_{key}", value=number(value, figure.unit, language))
