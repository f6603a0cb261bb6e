"""`ventanilla staff absent` and `staff back`: who is away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from gateway.cli.environment import fail, read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from gateway.principal import Principal
    from gateway.store.engine import Store


@click.command()
@click.argument("login")
@click.option("--from", "begins", help="since when: 2026-12-21 or 2026-12-21T08:00 (default: now)")
@click.option("--until", "ends", help="until when, that instant excluded (default: until `staff back`)")
@click.option("--reason", required=True, help="what colleagues read: vacaciones")
def absent(login: str, begins: str | None, ends: str | None, reason: str) -> None:
    """Note that somebody is away: from then on their cases are offered to others, and nothing is given to them.

    Times are those of the deployment's time zone; a day alone is its midnight.

    \b
      ventanilla staff absent luz.amaya --from 2026-12-21 --until 2027-01-12 --reason vacaciones
    """
    settings = read_settings()
    zone = ZoneInfo(read_deployment(settings).catalog.gateway.timezone)

    async def work(store: Store) -> None:
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.staffing import absences

        at = now()
        from_at = _instant(begins, zone) if begins else at
        until_at = _instant(ends, zone) if ends else None
        noted = [by_command(Action.STAFF_ABSENCE_CHANGED, at=at, object=f"staff:{login}", detail="absent")]

        async def change(conn: AsyncConnection) -> None:
            await absences.note(
                conn, _whoever_types(), login, from_at=from_at, until_at=until_at, reason=reason, now=at, audited=noted
            )

        await store.transact(change)

    with_store(work, settings)
    click.echo(f"{login} is noted as absent")


@click.command()
@click.argument("login")
def back(login: str) -> None:
    """Somebody is back: their present absence ends. What is planned for later stays.

    \b
      ventanilla staff back luz.amaya
    """

    async def work(store: Store) -> bool:
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.staffing import absences

        at = now()
        noted = [by_command(Action.STAFF_ABSENCE_CHANGED, at=at, object=f"staff:{login}", detail="back")]

        async def change(conn: AsyncConnection) -> bool:
            planned = await absences.to_come(conn, _whoever_types(), login, now=at)
            present = [each.id for each in planned if each.from_at <= at]
            for absence_id in present:
                await absences.end(conn, _whoever_types(), login, absence_id, now=at, audited=noted)
            return bool(present)

        return await store.transact(change)

    if not with_store(work, read_settings()):
        fail(f"{login} is not absent", code=1)
    click.echo(f"{login} is back")


def _whoever_types() -> Principal:
    """Who has the gateway's own machine may do everything."""
    from gateway.principal import Principal, Role

    return Principal(id=0, name="command", role=Role.ADMINISTRATOR, agency=None)


def _instant(text: str, zone: ZoneInfo) -> datetime:
    """An instant as it is typed; exit code 2 for one that cannot be read."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no day or time: write 2026-12-21 or 2026-12-21T08:00", code=2)
    return said if said.tzinfo else said.replace(tzinfo=zone)
