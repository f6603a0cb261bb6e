"""`ventanilla token`: what programs show to the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gateway.cli.environment import check_agency, read_settings, with_store
from gateway.cli.staff import AGENCY_HELP, ROLES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from gateway.store.engine import Store
    from gateway.store.tokens import Token


@click.group()
def token() -> None:
    """Tokens for programs that call the API.

    They can be made and revoked before, while and after the gateway serves.
    """


@token.command()
@click.option("--name", required=True, help="what the case's history calls the program")
@click.option("--role", required=True, type=click.Choice(ROLES), help="what it may do")
@click.option("--agency", help=AGENCY_HELP)
@click.option("--json", "as_json", is_flag=True, help='print {"token": "…"} and nothing else')
def create(name: str, role: str, agency: str | None, as_json: bool) -> None:
    """Make a token and print it, this once: only its hash is kept.

    \b
      ventanilla token create --name asistente --role manager --agency sena
      TOKEN=$(ventanilla token create --name tablero --role operator --json | jq -r .token)
    """
    settings = read_settings()
    check_agency(settings, agency)

    async def work(store: Store) -> str:
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.principal import Role
        from gateway.store import audit, tokens

        async def change(conn: AsyncConnection) -> str:
            at = now()
            token = await tokens.create(conn, name=name, role=Role(role), agency=agency, now=at)
            noted = by_command(Action.TOKEN_CREATED, at=at, object=f"token:{name}", agency=agency, detail=role)
            await audit.write(conn, [noted])
            return token

        return await store.transact(change)

    made = with_store(work, settings)
    if as_json:
        click.echo(json.dumps({"token": made}))
    else:
        click.echo(made)
        click.echo("Keep it: it is shown this once.", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON, one array")
def list_tokens(as_json: bool) -> None:
    """List the tokens, without their secrets."""

    async def work(store: Store) -> list[Token]:
        from gateway.store import tokens

        async with store.read() as conn:
            return await tokens.listed(conn)

    found = with_store(work, read_settings())
    if as_json:
        click.echo(json.dumps([_told(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        state = "" if each.active else "  revoked"
        click.echo(f"{each.name:<24} {each.role:<14} {each.agency or '-':<20} {each.created_at:%Y-%m-%d}{state}")


def _told(each: Token) -> dict[str, object]:
    return {
        "name": each.name,
        "role": each.role,
        "agency": each.agency,
        "active": each.active,
        "created_at": each.created_at.isoformat().replace("+00:00", "Z"),
    }


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End a token at once."""

    async def work(store: Store) -> None:
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.store import audit, tokens

        async def change(conn: AsyncConnection) -> None:
            await tokens.revoke(conn, name)
            await audit.write(conn, [by_command(Action.TOKEN_REVOKED, at=now(), object=f"token:{name}")])

        await store.transact(change)

    with_store(work, read_settings())
    click.echo(f"{name} is revoked")
