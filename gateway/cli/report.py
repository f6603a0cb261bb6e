"""`ventanilla report`: how timely answers are, and the requests one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli.environment import fail, read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from gateway.deployment import Deployment
    from gateway.principal import Principal
    from gateway.reports.period import Wanted
    from gateway.reports.timeliness import Report
    from gateway.store.engine import Store

F = TypeVar("F", bound=Callable[..., None])

_DAY = click.DateTime(["%Y-%m-%d"])
_FORMATS = click.Choice(["table", "csv", "json"])
_BY = ("none", "agency", "class", "channel", "territory", "month")
# What the table of groups shows of each; CSV and JSON have everything.
_SHOWN = ("received", "answered", "on_time", "ever_late", "days_median", "days_p90", "citizen_days_median", "backlog")


@click.group()
def report() -> None:
    """How timely answers are, and the requests one by one."""


def _narrowing(command: F) -> F:
    """The options that both reports have."""
    for option in (
        click.option("--format", "shape", type=_FORMATS, default="table", show_default=True, help="how it is written"),
        click.option("--territory", help="only of this territory: 2 digits for a department, 5 for a municipality"),
        click.option("--channel", help="only those that came by this channel"),
        click.option("--class", "term_class", help="only of this class of petition"),
        click.option("--agency", help="only of this agency; each stay of a case there counts"),
        click.option("--to", "last", type=_DAY, required=True, help="the last day, local, included"),
        click.option("--from", "first", type=_DAY, required=True, help="the first day, local, included"),
    ):
        command = option(command)
    return command


@report.command()
@_narrowing
@click.option("--by", type=click.Choice(_BY), default="none", show_default=True, help="what it is broken down by")
@click.option("--language", default="es", show_default=True, help="the language of names and definitions: es, en")
@click.option("--public", is_flag=True, help="hide every cell that counts fewer than five")
def timeliness(by: str, language: str, public: bool, shape: str, **narrowing: Any) -> None:
    """Print the indicators of a period, with their definitions and goals.

    docs/timeliness-figures.md tells how each is computed.

    \b
      ventanilla report timeliness --from 2026-01-01 --to 2026-12-31 --by agency
      ventanilla report timeliness --from 2026-10-01 --to 2026-10-31 --format csv --public > october.csv
    """
    from gateway.clock import now
    from gateway.reports import timeliness as indicators
    from gateway.reports.rows import COLUMNS, rows
    from gateway.web.locale import LANGUAGES

    if language not in LANGUAGES:
        fail(f"there is no language {language}: choose from {', '.join(LANGUAGES)}", code=2)
    settings = read_settings()
    deployment = read_deployment(settings)
    wanted = _wanted(deployment, by=by, **narrowing)

    async def work(store: Store) -> Report:
        async with store.read() as conn:
            return await indicators.report(conn, deployment.catalog, _everybody(), wanted, now=now())

    found = with_store(work, settings)
    found = indicators.published(found) if public else found
    told = rows(found, deployment.catalog, language)
    if shape == "table":
        for line in _tables(list(told)):
            click.echo(line)
    else:
        _write(told, shape, COLUMNS)


@report.command()
@_narrowing
def legal(shape: str, **narrowing: Any) -> None:
    """Print the requests of a period one by one: received, passed on, answered, denied (Ley 1712/2014 art. 11 h).

    \b
      ventanilla report legal --from 2026-01-01 --to 2026-06-30 --format csv > requests.csv
    """
    from gateway.clock import now
    from gateway.reports import legal as requests

    settings = read_settings()
    deployment = read_deployment(settings)
    wanted = _wanted(deployment, by="none", **narrowing)

    async def work(store: Store) -> None:
        printing = _Printing(shape, requests.COLUMNS)
        async for request in requests.every(store, deployment.catalog, _everybody(), wanted, now=now()):
            printing.row(request.row())
        printing.end()

    with_store(work, settings)


def _everybody() -> Principal:
    from gateway.principal import Principal, Role

    return Principal(id=0, name="command line", role=Role.AUDITOR, agency=None)


def _wanted(deployment: Deployment, *, by: str, first: datetime, last: datetime, agency: str | None,
            term_class: str | None, channel: str | None, territory: str | None) -> Wanted:  # fmt: skip
    from gateway.reports.period import Wanted
    from gateway.store.timeliness import Dimension

    catalog = deployment.catalog
    for what, value, known in (
        ("agency", agency, catalog.agencies),
        ("class", term_class, catalog.terms),
        ("channel", channel, catalog.gateway.channels),
        ("territory", territory, catalog.territories),
    ):
        if value is not None and value not in known:
            fail(f"there is no {what} {value}", code=1)
    return Wanted(
        first=first.date(), last=last.date(), by=Dimension(by), agency=agency, term_class=term_class,
        channel=channel, territory=territory,
    )  # fmt: skip


def _write(rows: Iterable[dict[str, Any]], shape: str, columns: tuple[str, ...]) -> None:
    printing = _Printing(shape, columns)
    for row in rows:
        printing.row(row)
    printing.end()


class _Printing:
    """Rows as they come: a year of requests is never held at once."""

    def __init__(self, shape: str, columns: tuple[str, ...]) -> None:
        from gateway.reports.rows import cells
        from gateway.web.csv_file import line

        self._shape, self._columns, self._line, self._cells = shape, columns, line, cells
        self._before = "["
        if shape == "csv":
            click.echo(line(columns), nl=False)
        elif shape == "table":
            click.echo(_request_line(dict(zip(columns, columns, strict=True))))

    def row(self, row: dict[str, Any]) -> None:
        """One more."""
        if self._shape == "csv":
            click.echo(self._line(self._cells(row, self._columns)), nl=False)
        elif self._shape == "table":
            click.echo(_request_line(row))
        else:
            click.echo(self._before + json.dumps(row, ensure_ascii=False, default=_written), nl=False)
            self._before = ",\n "

    def end(self) -> None:
        """That was the last."""
        if self._shape == "json":
            click.echo("[]" if self._before == "[" else "]")


def _written(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


def _tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The whole, a figure a line; then the groups, a line each."""
    from gateway.reports.rows import WHOLE

    for row in rows:
        if row["group"] == WHOLE:
            goal = _goal(row)
            yield f"{row['name']:<52} {_value(row):>10}  {_counted(row):<18} {goal}".rstrip()
    groups = {row["group"]: row["group_name"] for row in rows if row["group"] != WHOLE}
    if not groups:
        return
    cells = {(row["group"], row["indicator"]): _value(row) for row in rows}
    yield ""
    yield f"{'':<28}" + "".join(f" {name:>19}" for name in _SHOWN)
    for key, name in groups.items():
        yield f"{name[:28]:<28}" + "".join(f" {cells[key, indicator]:>19}" for indicator in _SHOWN)


def _value(row: dict[str, Any]) -> str:
    if row["hidden"]:
        return "< 5"
    if row["value"] is None:
        return "-"
    return f"{row['value']:.1%}" if row["unit"] == "share" else f"{row['value']:g}"


def _counted(row: dict[str, Any]) -> str:
    if row["hidden"]:
        return ""
    return f"n = {row['n']}" if row["numerator"] is None else f"{row['numerator']} of {row['n']}"


def _goal(row: dict[str, Any]) -> str:
    for name, sign in (("goal_at_least", "≥"), ("goal_at_most", "≤")):
        if row[name] is not None:
            mark = {True: "✓", False: "✗", None: ""}[row["goal_reached"]]
            return f"{sign} {row[name]:g} {mark}"
    return ""


# What a terminal has room for, and how much.
_WIDTHS = {
    "number": 14, "received_at": 16, "agency": 22, "class": 18, "transferred_to": 22, "business_days": 13,
    "outcome": 12,
}  # fmt: skip


def _request_line(row: dict[str, Any]) -> str:
    cells = ("-" if row[name] is None else str(row[name])[:width] for name, width in _WIDTHS.items())
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS.values(), strict=True)).rstrip()
