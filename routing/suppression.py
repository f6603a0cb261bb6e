"""What a public export hides: cells that count so few that somebody could be recognised."""

from collections.abc import Iterable, Mapping
from typing import Final

from routing.timeliness import NAMES, Figure, Unit

HIDDEN_BELOW: Final = 5


def suppressed(groups: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Figure]]:
    """The groups without the cells that count fewer than five, for a public export.

    Of a share its rest counts, too: 98 of 100 on time says that two were not. A cell that alone is hidden among the
    groups could be had by subtraction from the whole, so the next smallest goes with it.
    """
    hidden = {(key, name) for key, group in groups.items() for name, figure in group.items() if _small(figure)}
    for name in NAMES:
        hidden |= _beside([(key, name) for key, found in hidden if found == name], name, groups)
    return {
        key: {name: (_without(figure) if (key, name) in hidden else figure) for name, figure in group.items()}
        for key, group in groups.items()
    }


def _small(figure: Figure) -> bool:
    counts: list[int] = [figure.n]
    if figure.numerator is not None:
        counts.append(figure.numerator)
        if figure.unit is Unit.SHARE:
            counts.append(figure.n - figure.numerator)
    return any(0 < count < HIDDEN_BELOW for count in counts)


def _beside(
    alone: Iterable[tuple[str, str]], name: str, groups: Mapping[str, Mapping[str, Figure]]
) -> set[tuple[str, str]]:
    taken = {key for key, _ in alone}
    if len(taken) != 1:
        return set()
    others = [(group[name].n, key) for key, group in groups.items() if name in group and key not in taken]
    counted = sorted(pair for pair in others if pair[0] > 0)
    return {(counted[0][1], name)} if counted else set()


def _without(figure: Figure) -> Figure:
    return Figure(
        indicator=figure.indicator,
        unit=figure.unit,
        cohort=figure.cohort,
        value=None,
        numerator=None,
        n=0,
        hidden=True,
    )
