"""`ventanilla demo-data`: months of plausible cases, for screens and lessons."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.environment import fail, read_deployment, read_settings

if TYPE_CHECKING:
    from gateway.deployment import Deployment
    from gateway.settings import Settings

# A month, in days.
_MONTH = 30.4


@click.command("demo-data")
@click.option("--months", default=6.0, show_default=True, type=click.FloatRange(0.1, 36), help="how far back it goes")
@click.option("--cases", default=3000, show_default=True, type=click.IntRange(1), help="about how many cases")
@click.option("--seed", default=1, show_default=True, type=int, help="the same seed makes the same cases")
@click.option("--add", is_flag=True, help="make them beside the cases that are there")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def demo_data(months: float, cases: int, seed: int, add: bool, as_json: bool) -> None:
    """Fill an empty database with months of made-up cases of this deployment, so that every page has something to show.

    Made-up citizens ask by every channel, made-up managers answer them, in time or not; nothing is sent to anybody.
    No server may run on the database meanwhile. Refused where cases are, without --add, and where a provider's
    credentials are set. It ends with the logins to look around with.

    \b
      ventanilla demo-data
      ventanilla demo-data --months 3 --cases 800 --seed 7
    """
    from gateway.first_start import is_trial

    settings = read_settings()
    if not is_trial(settings):
        fail("a provider's credentials are set: made-up cases do not belong among real ones", code=2)
    deployment = read_deployment(settings)
    began = perf_counter()
    made, logins = _run(settings, deployment, {"cases": cases, "days": round(months * _MONTH), "seed": seed}, add)
    _tell(made, logins, seconds=perf_counter() - began, as_json=as_json)


def _run(
    settings: Settings, deployment: Deployment, wanted: dict[str, int], add: bool
) -> tuple[dict[str, int], dict[str, str]]:
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.errors import GatewayError, Refusal

    try:
        return asyncio.run(_make(settings, deployment, wanted, add))
    except Refusal as refusal:
        fail(refusal, code=1)
    except GatewayError as fault:
        fail(fault, code=2)
    except (SQLAlchemyError, OSError) as error:
        fail(f"the database cannot be used: {type(error).__name__}; is VENTANILLA_DATABASE_URL right?", code=2)


async def _make(
    settings: Settings, deployment: Deployment, wanted: dict[str, int], add: bool
) -> tuple[dict[str, int], dict[str, str]]:
    import aiohttp

    from gateway import app, clock
    from gateway.demo.fill import Wanted, fill
    from gateway.demo.logins import let_in
    from gateway.files import Files
    from gateway.store.engine import open_store
    from gateway.store.migrate import migrate
    from gateway.timekeeping import almanac

    store = await open_store(settings.database_url, serving=True)
    try:
        await migrate(store)
        deployment = deployment.counting(await almanac.keep(store, deployment.catalog))
        async with aiohttp.ClientSession() as session:
            channels = app.build_channels(settings, deployment, session)
            made = await fill(
                store,
                deployment,
                Files(settings.files_dir),
                Wanted(**wanted, ends=clock.now() - timedelta(minutes=1), beside=add),
                lambda name: channels[name].capabilities,
            )
        return dict(made), await let_in(store, settings)
    finally:
        await store.close()


def _tell(made: dict[str, int], logins: dict[str, str], *, seconds: float, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"made": made, "logins": logins, "seconds": round(seconds, 1)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"made in {seconds:.0f} s: " + ", ".join(f"{count} {name}" for name, count in made.items()))
    for login, password in logins.items():
        click.echo(f"  log in as  {login:<24} {password}")
    click.echo("`ventanilla serve` shows it")
