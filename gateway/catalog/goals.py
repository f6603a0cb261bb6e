"""Whether the yearly goals name indicators that exist, and say one thing each."""

from collections.abc import Iterator

from gateway.catalog.checks import Goals, Known, missing
from gateway.catalog.source import Fault, Part, Source, Where
from routing.catalog import Goal
from routing.timeliness import INDICATORS, Unit

_UNITS = {indicator.name: indicator.unit for indicator in INDICATORS}


def goal_faults(part: Part[Goals] | None, known: Known) -> Iterator[Fault]:
    """Unknown indicators and agencies, goals that say nothing or two things, and goals set twice."""
    if part is None or part.fact is None:
        return
    seen: dict[tuple[str, int, str | None], int] = {}
    for index, goal in enumerate(part.fact.goals):
        where: Where = ("goals", index)
        yield from missing(part.source, (*where, "indicator"), goal.indicator, _UNITS, "indicator")
        yield from missing(part.source, (*where, "agency"), goal.agency, known.agencies, "agency")
        yield from _said(part.source, where, goal)
        key = (goal.indicator, goal.year, goal.agency)
        if key in seen:
            first = part.source.places[("goals", seen[key])][0]
            yield part.source.fault(
                where, f"'{goal.indicator}' of {goal.year} has its goal on line {first}: keep one of the two"
            )
        seen.setdefault(key, index)


def _said(source: Source, where: Where, goal: Goal) -> Iterator[Fault]:
    if (goal.at_least is None) == (goal.at_most is None):
        yield source.fault(where, "needs one of 'at_least' and 'at_most'")
        return
    name, value = ("at_least", goal.at_least) if goal.at_least is not None else ("at_most", goal.at_most)
    if _UNITS.get(goal.indicator) is Unit.SHARE and value is not None and value > 1:
        yield source.fault((*where, name), "is a share: write 0.95 for 95 %")
