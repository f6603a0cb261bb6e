"""The charts of a report, and the tables of the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from gateway.reports.rows import group_name
from gateway.reports.timeliness import Group, Report
from gateway.store.timeliness import Dimension
from gateway.web import charts, locale
from gateway.web.charts import Bar, Dot
from gateway.web.console.figures import number
from routing.catalog import Catalog
from routing.timeliness import AGE_BUCKETS, Histogram, Unit, buckets, median

# Days beyond which a histogram has one bar for all.
_MOST_DAYS: Final = 30
_MOST_CITIZEN_DAYS: Final = 45
# Names are labelled below every so many bars.
_TICKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing, its title and what it shows as rows of two cells."""

    svg: Markup
    title: str
    head: tuple[str, str]
    rows: Sequence[tuple[str, str]]


def distributions(group: Group, language: str) -> list[Chart]:
    """How long answers took, and how old what is open is."""
    found = [
        _histogram("days", group.tally.days, _MOST_DAYS, language),
        _histogram("citizen", group.tally.citizen_days, _MOST_CITIZEN_DAYS, language),
        _backlog(group, language),
    ]
    return [chart for chart in found if any(count != "0" for _, count in chart.rows)]


def _histogram(name: str, counted: Histogram, most: int, language: str) -> Chart:
    last = min(most, max(counted, default=0))
    heights = [counted[day] for day in range(last)] + [sum(n for day, n in counted.items() if day >= last)]
    beyond = max(counted, default=0) > last
    names = [str(day) for day in range(last)]
    names.append(locale.say(language, "report.older", first=last) if beyond else str(last))
    middle = median(counted)
    title = locale.say(language, f"report.{name}_chart")
    svg = charts.bars(
        name,
        title=title,
        desc=locale.say(language, f"report.{name}_desc", median="—" if middle is None else f"{middle:g}"),
        found=[
            Bar(value=height, tick=(f"{day}+" if beyond and day == last else str(day)) if _ticked(day, last) else "")
            for day, height in enumerate(heights)
        ],
        mark=None if middle is None else min(middle, last),
    )
    head = (locale.say(language, "report.days"), locale.say(language, "report.amount"))
    return Chart(svg=svg, title=title, head=head, rows=list(zip(names, map(str, heights), strict=True)))


def _ticked(day: int, last: int) -> bool:
    return day == last or (day % _TICKS == 0 and last - day >= _TICKS / 2)


def _backlog(group: Group, language: str) -> Chart:
    names = [f"{first}-{last}" if last is not None else f"> {first - 1}" for first, last in AGE_BUCKETS]
    counts = buckets(group.tally.ages)
    title = locale.say(language, "report.backlog_chart")
    svg = charts.bars(
        "backlog",
        title=title,
        desc=locale.say(language, "report.backlog_desc", oldest=max(group.tally.ages, default=0)),
        found=[
            Bar(value=count, tick=name, shown=number(count, Unit.COUNT, language))
            for name, count in zip(names, counts, strict=True)
        ],
    )
    head = (locale.say(language, "report.days"), locale.say(language, "report.amount"))
    return Chart(svg=svg, title=title, head=head, rows=list(zip(names, map(str, counts), strict=True)))


def months(found: Report, language: str) -> list[Chart]:
    """What came month by month, and how much of it was answered on time. `found` is by month."""
    if len(found.groups) < 2:
        return []
    labels = [group.key for group in found.groups]
    came = [group.tally.received for group in found.groups]
    shares = [group.figures["on_time"].value for group in found.groups]
    goal = found.whole.goals.get("on_time")
    head = (locale.say(language, "report.month"), locale.say(language, "report.amount"))
    received = charts.bars(
        "received",
        title=(title := locale.say(language, "report.received_chart")),
        desc=locale.say(language, "report.received_desc"),
        found=[Bar(value=n, tick=tick) for n, tick in zip(came, _month_ticks(labels), strict=True)],
    )
    on_time = charts.line(
        "months",
        title=(named := locale.say(language, "report.months_chart")),
        desc=locale.say(language, "report.months_desc"),
        found=list(zip(_month_ticks(labels), shares, strict=True)),
        goal=goal.at_least if goal else None,
    )
    told = [locale.say(language, "report.nothing") if s is None else number(s, Unit.SHARE, language) for s in shares]
    return [
        Chart(svg=received, title=title, head=head, rows=list(zip(labels, map(str, came), strict=True))),
        Chart(
            svg=on_time,
            title=named,
            head=(head[0], locale.say(language, "report.value")),
            rows=list(zip(labels, told, strict=True)),
        ),
    ]


def _month_ticks(labels: Sequence[str]) -> list[str]:
    """The month's number; with its year where the year is another one."""
    years = {label[:4] for label in labels}
    if len(years) == 1:
        return [label[5:] for label in labels]
    return [f"{label[5:]}/{label[2:4]}" for label in labels]


def ranked(found: Report) -> list[Group]:
    """Agencies in the order of their scores; those with too few cases after them, by name."""

    def order(group: Group) -> tuple[bool, float, str]:
        score = group.figures["score"].value
        return score is None, -(score or 0), group.key

    return sorted((group for group in found.groups if group.tally.decided), key=order)


def league(found: Report, catalog: Catalog, language: str) -> Chart | None:
    """Agencies with their share on time and its interval. `found` is by agency; None when nobody has a score."""
    scored = [group for group in ranked(found) if group.figures["score"].value is not None]
    if not scored:
        return None
    dots = []
    for group in scored:
        figure = group.figures["on_time"]
        value, low, high = figure.value or 0, figure.low or 0, figure.high or 0
        name = group_name(Dimension.AGENCY, group.key, catalog, language)
        dots.append(Dot(name=name, value=value, low=low, high=high, shown=number(value, Unit.SHARE, language)))
    goal = found.whole.goals.get("on_time")
    title = locale.say(language, "report.league_chart")
    svg = charts.dots(
        "league",
        title=title,
        desc=locale.say(language, "report.league_desc"),
        found=dots,
        goal=goal.at_least if goal else None,
    )
    return Chart(svg=svg, title=title, head=("", ""), rows=())
