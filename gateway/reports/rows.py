"""A report as rows: the same for CSV, the command line and the API, with what each figure is called and means."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from gateway.reports.timeliness import Group, Report
from gateway.store.timeliness import Dimension
from gateway.web import locale
from routing.catalog import Catalog, Goal
from routing.goals import reached
from routing.timeliness import Figure

# What stands for the whole, and for what has no key (a case without a territory).
WHOLE: Final = "all"
UNKNOWN: Final = "unknown"
COLUMNS: Final = (
    "group", "group_name", "indicator", "name", "value", "unit", "numerator", "n", "low", "high", "goal_at_least",
    "goal_at_most", "goal_reached", "counted", "cohort", "definition", "hidden",
)  # fmt: skip
# Values are told with so many decimals, everywhere alike.
_DECIMALS: Final = 4


def rows(found: Report, catalog: Catalog, language: str) -> Iterator[dict[str, Any]]:
    """Every figure of the whole and of each group, with the keys of `COLUMNS`."""
    yield from _of(found.whole, WHOLE, locale.say(language, "report.whole"), str(found.whole_scope), language)
    for group in found.groups:
        name = group_name(found.wanted.by, group.key, catalog, language)
        yield from _of(group, group.key or UNKNOWN, name, str(found.scope), language)


def group_name(by: Dimension, key: str, catalog: Catalog, language: str) -> str:
    """What a group is called: an agency's short name, a class's, a territory's; else its key."""
    if not key:
        return locale.say(language, "report.unknown")
    if by is Dimension.AGENCY and key in catalog.agencies:
        return catalog.agencies[key].short
    if by is Dimension.CLASS and key in catalog.terms:
        said = catalog.terms[key].name
        return said.get(language) or next(iter(said.values()))
    if by is Dimension.CHANNEL:
        return locale.maybe(language, f"channel.{key}") or key
    return catalog.territories.get(key, key) if by is Dimension.TERRITORY else key


def _of(group: Group, key: str, name: str, counted: str, language: str) -> Iterator[dict[str, Any]]:
    for figure in group.figures.values():
        yield {"group": key, "group_name": name, **_figure(figure, group.goals, counted, language)}


def _figure(figure: Figure, goals: Mapping[str, Goal], counted: str, language: str) -> dict[str, Any]:
    goal = goals.get(figure.indicator)
    say = f"report.indicator.{figure.indicator}"
    return {
        "indicator": figure.indicator,
        "name": locale.say(language, f"{say}.name"),
        "value": told(figure.value),
        "unit": str(figure.unit),
        "numerator": figure.numerator,
        "n": figure.n,
        "low": told(figure.low),
        "high": told(figure.high),
        "goal_at_least": goal.at_least if goal else None,
        "goal_at_most": goal.at_most if goal else None,
        "goal_reached": reached(goal, figure) if goal else None,
        "counted": counted,
        "cohort": locale.say(language, f"report.cohort.{figure.cohort}"),
        "definition": locale.say(language, f"{say}.definition"),
        "hidden": figure.hidden,
    }


def cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[object]:
    """A row for CSV: yes and no, and instants as ISO 8601."""
    return [_plain(row[name]) for name in columns]


def _plain(value: Any) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def told(value: float | None) -> float | None:
    """A value as it is told: with four decimals at most."""
    return None if value is None else round(float(value), _DECIMALS)
