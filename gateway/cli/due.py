"""`ventanilla due`: by when something must be answered, and why, day by day."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from gateway.cli.environment import fail, read_deployment, read_settings

if TYPE_CHECKING:
    from routing.catalog import Catalog, TermRow
    from routing.terms import Due

_UNITS: Final = {"business_days": "business days", "days": "calendar days", "hours": "hours"}


@click.command("due")
@click.option("--class", "term_class", required=True, help="the class of petition: general, information, consultation")
@click.option("--received", required=True, help="when it was received: 2026-11-14T10:00:00-05:00")
@click.option("--agency", help="whose calendar and hours count (default: the triage desk's)")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def due(term_class: str, received: str, agency: str | None, as_json: bool) -> None:
    """Say by when a petition must be answered, by which law, and list every day with the reason it counts or not.

    Day 0 is the effective day of receipt: a business day, or the next one. The term ends at 23:59:59 local time of its
    last day. Terms, holidays and suspensions are those that applied on the day, so a petition of 2021 gets the term
    of 2021. An instant without an offset is read in the deployment's time zone. Nothing is stored.

    \b
      ventanilla due --class general --received 2026-11-14T10:00:00-05:00
      ventanilla due --class information --received "2021-03-31 16:00" --agency sena --json
    """
    catalog = read_deployment(read_settings()).catalog
    found = _found(catalog, term_class, received, agency or catalog.gateway.triage)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(found, catalog.terms[term_class].name[catalog.default_language])


def _found(catalog: Catalog, term_class: str, received: str, agency: str) -> dict[str, Any]:
    """The computation as it is printed; a sentence and exit code 2 for what it cannot be made of."""
    from routing.terms import due as work_out

    if term_class not in catalog.terms:
        fail(f"there is no class {term_class}; there are: {', '.join(sorted(catalog.terms))}", code=2)
    if agency not in catalog.agencies:
        fail(f"there is no agency {agency}; there are: {', '.join(sorted(catalog.agencies))}", code=2)
    received_at = _instant(received, ZoneInfo(catalog.gateway.timezone))
    try:
        clock = work_out(catalog, agency=agency, term_class=term_class, received_at=received_at)
        return _as_data(clock, term_class, agency)
    except KeyError:
        rows = "; ".join(_span(row) for row in sorted(catalog.terms[term_class].rows, key=lambda row: row.first))
        fail(f"no row of the class {term_class} covers {received_at.date()}; there are: {rows}", code=2)
    except (OverflowError, ValueError):
        fail(f"{received} lies beyond what a calendar can count", code=2)


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--received {text} is no instant; write it like 2026-11-14T10:00:00-05:00", code=2)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _span(row: TermRow) -> str:
    return f"{row.first} to {row.last or 'today and on'} ({row.n} {_UNITS[row.unit]})"


def _as_data(clock: Due, term_class: str, agency: str) -> dict[str, Any]:
    zone, term = clock.workdays.zone, clock.term
    return {
        "class": term_class,
        "agency": agency,
        "received": clock.received_at.astimezone(zone).isoformat(),
        "effective": clock.effective.isoformat(),
        "due": clock.due_at.astimezone(zone).isoformat(),
        "term": {"n": term.n, "unit": term.unit.value, "source": term.source, "cap": term.cap},
        "days": [
            {
                "date": day.date.isoformat(),
                "number": day.number,
                "counted": day.number is not None,
                "code": day.code,
                "reason": day.reason,
            }
            for day in clock.explain()
        ],
    }


def _tell(found: dict[str, Any], name: str) -> None:
    term = found["term"]
    click.echo(f"{name} ({found['class']}) at {found['agency']}: {term['n']} {_UNITS[term['unit']]}, {term['source']}")
    if term["cap"] is not None:
        click.echo(f"It may be extended once, to {term['cap']} {_UNITS[term['unit']]} in all.")
    click.echo(f"Received {found['received']}, effective {found['effective']}.\n")
    click.echo(f"{'day':>4}  date             why")
    for day in found["days"]:
        on = datetime.fromisoformat(day["date"])
        number = "-" if day["number"] is None else day["number"]
        click.echo(f"{number:>4}  {on:%Y-%m-%d %a}   {day['reason']}")
    click.echo(f"\nDue {found['due']}")
