"""`ventanilla verify`: whether what is kept of the clocks is what their cases' logs say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from gateway.cli.environment import read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from gateway.store.engine import Store
    from gateway.timekeeping.verify import Difference, Verdict


@click.command()
@click.option("--repair", is_flag=True, help="write what the logs say where something else is kept")
@click.option("--json", "as_json", is_flag=True, help="print JSON: a line for each difference, then the counts")
def verify(repair: bool, as_json: bool) -> None:
    """Derive every case's clocks from its log once more, and compare them with what is kept and counted.

    Each difference is printed: case number, column, what is kept, what the log says. Exit code 1 when there is any,
    also after a repair. It may run beside a server; cases that the timekeeper is about to look at are only counted.

    \b
      ventanilla verify
      ventanilla verify --repair --json
    """
    settings = read_settings()
    deployment = read_deployment(settings)

    def tell(difference: Difference) -> None:
        if as_json:
            click.echo(json.dumps(asdict(difference), ensure_ascii=False, default=str))
        else:
            case = difference.case or "all"
            click.echo(f"{case}  {difference.column}: kept {difference.kept}, the log says {difference.derived}")

    async def work(store: Store) -> Verdict:
        from gateway.clock import now
        from gateway.timekeeping import almanac
        from gateway.timekeeping import verify as checking

        async with store.read() as conn:
            catalog = await almanac.known(conn, deployment.catalog)
        return await checking.verify(store, catalog, now=now(), repair=repair, tell=tell)

    verdict = with_store(work, settings)
    click.echo(json.dumps(asdict(verdict)) if as_json else _sentence(verdict))
    if verdict.differences:
        raise SystemExit(1)


def _sentence(verdict: Verdict) -> str:
    parts = [f"{verdict.cases} cases, {verdict.differing} of them differ"]
    if verdict.awaiting:
        parts.append(f"{verdict.awaiting} await the timekeeper")
    if verdict.repaired:
        parts.append(f"{verdict.repaired} were repaired")
    return "; ".join(parts)
