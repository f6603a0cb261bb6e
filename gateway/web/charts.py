"""Charts as SVG in the page: bars, lines and dots with intervals. No script, no inline style.

Colours come from classes of the style sheet, text from `currentColor`: both themes and paper work. Each chart has a
title and a description for who does not see it; the page shows the numbers in a table besides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup, escape

# Units of the view box. A chart is 400 wide, so that its letters can still be read on a narrow telephone.
WIDTH: Final = 400
_HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 14, 26
_ROW: Final = 21
# Letters of a label that fit beside a row of dots.
_NAME: Final = 132
_LETTERS: Final = 17
# Room for "100,0 %" to the right of them, clear of a dot that stands at it.
_SHARE: Final = 68


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. `shown` stands above it, when there is room; `tick` below it, when it is worth one."""

    value: float
    tick: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A share between 0 and 1 with the bounds of its interval."""

    name: str
    value: float
    low: float
    high: float
    shown: str


def bars(name: str, *, title: str, desc: str, found: Sequence[Bar], mark: float | None = None) -> Markup:
    """Bars over categories or a histogram. `name` is the chart's own within the page.

    `mark` is a place along the bars (0 is the first one's middle), such as a median.
    """
    most = _nice(max((bar.value for bar in found), default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(found))
    parts = [*_grid([0, most / 2, most], most, lambda value: f"{value:g}")]
    for place, bar in enumerate(found):
        x, top = _LEFT + place * step, _y(bar.value, most)
        width = max(1.0, step - min(6.0, step * 0.2))
        parts.append(_rect(x + (step - width) / 2, top, width, _HEIGHT - _BOTTOM - top))
        if bar.tick:
            parts.append(_text(x + step / 2, _HEIGHT - 9, bar.tick, "tick"))
        if bar.shown:
            parts.append(_text(x + step / 2, top - 3, bar.shown, "shown"))
    if mark is not None:
        x = _LEFT + (mark + 0.5) * step
        parts.append(_line(x, _TOP - 8, x, _HEIGHT - _BOTTOM, "mark"))
    return _svg(name, title, desc, parts, height=_HEIGHT)


def line(
    name: str, *, title: str, desc: str, found: Sequence[tuple[str, float | None]], goal: float | None = None
) -> Markup:
    """Shares between 0 and 1 over months; a month without a value is a gap. `goal` is a line across."""
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(found))
    parts = [*_grid([0, 0.5, 1], 1, lambda value: f"{value:.0%}".replace("%", " %"))]
    if goal is not None and goal <= 1:
        parts.append(_line(_LEFT, _y(goal, 1), WIDTH - _RIGHT, _y(goal, 1), "goal"))
    points = [
        (_LEFT + (place + 0.5) * step, None if value is None else _y(value, 1))
        for place, (_, value) in enumerate(found)
    ]
    for (x1, y1), (x2, y2) in pairwise(points):
        if y1 is not None and y2 is not None:
            parts.append(_line(x1, y1, x2, y2, "series"))
    parts += [_circle(x, y) for x, y in points if y is not None]
    every = max(1, ceil(len(found) / 12))
    parts += [
        _text(x, _HEIGHT - 9, label, "tick")
        for place, ((x, _), (label, _)) in enumerate(zip(points, found, strict=True))
        if place % every == 0
    ]
    return _svg(name, title, desc, parts, height=_HEIGHT)


def dots(name: str, *, title: str, desc: str, found: Sequence[Dot], goal: float | None = None) -> Markup:
    """A row for each name: a dot between the bounds of its interval, from 0 to 100 %."""
    height = _TOP + len(found) * _ROW + _BOTTOM
    room = WIDTH - _NAME - _SHARE

    def x(share: float) -> float:
        return _NAME + share * room

    parts = []
    for share in (0.0, 0.5, 1.0):
        parts.append(_line(x(share), _TOP - 6, x(share), height - _BOTTOM, "grid"))
        parts.append(_text(x(share), height - 9, f"{share:.0%}".replace("%", " %"), "tick"))
    if goal is not None and goal <= 1:
        parts.append(_line(x(goal), _TOP - 6, x(goal), height - _BOTTOM, "goal"))
    for place, dot in enumerate(found):
        y = _TOP + (place + 0.5) * _ROW
        label = dot.name if len(dot.name) <= _LETTERS else dot.name[: _LETTERS - 1] + "…"
        parts.append(_text(_NAME - 8, y + 4, label, "name"))
        parts.append(_line(x(dot.low), y, x(dot.high), y, "interval"))
        parts.append(_circle(x(dot.value), y))
        parts.append(_text(WIDTH - 4, y + 4, dot.shown, "name"))
    return _svg(name, title, desc, parts, height=height)


def _nice(most: float) -> float:
    """The end of an axis: the next of 1, 2, 5 times a power of ten, and at least 2, so that its middle is whole."""
    if most <= 2:
        return 2
    power: float = 10 ** floor(log10(most))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= most)


def _y(value: float, most: float) -> float:
    return _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM)


def _grid(values: Sequence[float], most: float, shown: Callable[[float], str]) -> Iterator[str]:
    for value in values:
        y = _y(value, most)
        yield _line(_LEFT, y, WIDTH - _RIGHT, y, "grid")
        yield _text(_LEFT - 5, y + 4, shown(value), "axis")


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="bar" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(max(0.0, height))}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _circle(x: float, y: float) -> str:
    return f'<circle class="dot" cx="{_n(x)}" cy="{_n(y)}" r="4"/>'


def _n(length: float) -> str:
    """A length as short as a tenth allows."""
    return f"{length:.1f}".removesuffix(".0")


def _text(x: float, y: float, said: str, kind: str) -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{escape(said)}</text>'


def _svg(name: str, title: str, desc: str, parts: Sequence[str], *, height: float) -> Markup:
    drawn = Markup("".join(parts))  # noqa: S704 — lengths and classes of our own, and escaped text
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {:.0f}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, height, name, name, name, title, name, desc, drawn)
