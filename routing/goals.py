"""Yearly goals of indicators: which one holds for whom, and whether a figure reaches it."""

from collections.abc import Iterable

from routing.catalog import Goal
from routing.timeliness import Figure


def goals_of(goals: Iterable[Goal], *, year: int, agency: str | None) -> dict[str, Goal]:
    """The goal of each indicator in a year: an agency's own, else everybody's."""
    found: dict[str, Goal] = {}
    for goal in goals:
        if goal.year == year and (goal.agency == agency or (goal.agency is None and goal.indicator not in found)):
            found[goal.indicator] = goal
    return found


def reached(goal: Goal, figure: Figure) -> bool | None:
    """Whether the figure is where the goal wants it; None while there is no figure."""
    if figure.value is None:
        return None
    if goal.at_least is not None:
        return figure.value >= goal.at_least
    return goal.at_most is None or figure.value <= goal.at_most
