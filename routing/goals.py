"""Yearly goals of indicators: which one holds for whom, and whether a figure reaches it."""

from collections.abc import Iterable

from routing.catalog import Goal
from routing.timeliness import INDICATORS, Figure

# One agency cannot reach what all of them together should.
_OF_THE_NETWORK = frozenset(indicator.name for indicator in INDICATORS if indicator.whole)


def goals_of(goals: Iterable[Goal], *, year: int, agency: str | None) -> dict[str, Goal]:
    """The goal of each indicator in a year: an agency's own, else everybody's, save those of the network as a whole."""
    found: dict[str, Goal] = {}
    for goal in goals:
        everybodys = goal.agency is None and goal.indicator not in found and goal.indicator not in _OF_THE_NETWORK
        if goal.year == year and (goal.agency == agency or everybodys):
            found[goal.indicator] = goal
    return found


def reached(goal: Goal, figure: Figure) -> bool | None:
    """Whether the figure is where the goal wants it; None while there is no figure."""
    if figure.value is None:
        return None
    if goal.at_least is not None:
        return figure.value >= goal.at_least
    return goal.at_most is None or figure.value <= goal.at_most
