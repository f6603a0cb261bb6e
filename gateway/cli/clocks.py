"""`ventanilla clocks`: deriving deadlines anew by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from gateway.cli.environment import read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from gateway.store.engine import Store
    from gateway.timekeeping.recount import Move
    from routing.catalog import Catalog


@click.group()
def clocks() -> None:
    """The legal clocks of open cases.

    A running gateway derives them anew by itself, at its start and after a reload, when the calendar, the terms or the
    steps have changed.
    """


@clocks.command()
@click.option("--dry-run", is_flag=True, help="say what would move, and write nothing")
@click.option("--json", "as_json", is_flag=True, help="print JSON: written, moved")
def recompute(dry_run: bool, as_json: bool) -> None:
    """Derive every open case anew by the configuration folder as it is now, and say whose deadline moves.

    Each move is told in the case's log. Let a running gateway reload first (SIGHUP), or it goes on by the old calendar.

    \b
      ventanilla clocks recompute --dry-run
    """
    settings = read_settings()
    deployment = read_deployment(settings)

    async def work(store: Store) -> list[Move]:
        from gateway.clock import now
        from gateway.timekeeping import almanac, recount

        async with store.read() as conn:
            catalog = await almanac.known(conn, deployment.catalog)
            found = [move async for move in recount.moves(conn, catalog, now=now())]
        if not dry_run:
            counting = deployment.counting(await almanac.keep(store, deployment.catalog))
            await recount.recount(store, lambda: counting, clock=now, told=lambda kept: None)
        return found

    moved = with_store(work, settings)
    if as_json:
        told = [_as_data(move) for move in moved]
        click.echo(json.dumps({"written": not dry_run, "moved": told}, ensure_ascii=False))
    else:
        _tell(moved, deployment.catalog, dry_run=dry_run)


def _as_data(move: Move) -> dict[str, Any]:
    return {
        "number": move.number,
        "agency": move.agency,
        "due_from": move.due_from.isoformat().replace("+00:00", "Z"),
        "due_to": move.due_to.isoformat().replace("+00:00", "Z"),
    }


def _tell(moved: list[Move], catalog: Catalog, *, dry_run: bool) -> None:
    zone = ZoneInfo(catalog.gateway.timezone)
    for move in moved:
        old, new = (f"{instant.astimezone(zone):%Y-%m-%d %H:%M}" for instant in (move.due_from, move.due_to))
        click.echo(f"{move.number:<14} {move.agency:<20} {old}  ->  {new}")
    click.echo(f"{len(moved)} case(s) " + ("would move; nothing was written" if dry_run else "moved"))
