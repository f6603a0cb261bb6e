"""`ventanilla staff`: who works here."""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.environment import check_agency, fail, read_settings, with_store
from gateway.principal import LOGIN, Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from gateway.store.engine import Store
    from gateway.store.staff import Member

ROLES = tuple(role.value for role in Role)
# Whom the option is for, told alike wherever it is offered.
AGENCY_HELP = "the agency of a manager or head, or the one an auditor is kept to; the others serve the whole network"


@click.group()
def staff() -> None:
    """Who works here: response managers, heads, the triage desk, operators, auditors, administrators.

    A login that is disabled, or gets another password, is logged out everywhere at once.
    """


@staff.command()
@click.argument("login")
@click.option("--name", required=True, help="the name colleagues read")
@click.option("--role", required=True, type=click.Choice(ROLES), help="what they are here for")
@click.option("--agency", help=AGENCY_HELP)
@click.option("--email", help="the verified e-mail address by which single sign-on knows them")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def add(
    login: str, name: str, role: str, agency: str | None, email: str | None, password_stdin: bool, as_json: bool
) -> None:
    """Add a member of staff.

    Without --password-stdin a password is made and printed, this once.

    \b
      ventanilla staff add luz.amaya --name "Luz Amaya" --role manager --agency sena
      ventanilla staff add jefa --name "Ana Ruiz" --role administrator --password-stdin < secret
    """
    settings = read_settings()
    if not LOGIN.fullmatch(login):
        fail(f"the login {login!r} must be 2 to 40 of a-z 0-9 . _ - and begin with a letter", code=2)
    check_agency(settings, agency)
    password = _password(given=password_stdin)

    async def work(store: Store) -> Member:
        from gateway import principal
        from gateway.accounts import passwords
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.store import accounts, audit
        from gateway.store import staff as rows

        principal.check_agency(Role(role), agency)
        passwords.check(password, login=login, name=name)
        kept, at = await passwords.hashed(password), now()
        noted = by_command(Action.STAFF_ADDED, at=at, object=f"staff:{login}", agency=agency, detail=role)

        async def change(conn: AsyncConnection) -> Member:
            member = await rows.add(conn, login=login, name=name, role=role, agency=agency, password_hash=kept, now=at)
            if email:
                await accounts.set_email(conn, member.id, email.strip().lower())
            await audit.write(conn, [noted])
            return member

        return await store.transact(change)

    member = with_store(work, settings)
    shown = None if password_stdin else password
    if as_json:
        click.echo(json.dumps(_told(member) | ({"password": shown} if shown else {}), ensure_ascii=False))
    else:
        click.echo(f"{member.login} was added" + (f"; the password, shown this once: {shown}" if shown else ""))


def _password(*, given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if given else secrets.token_urlsafe(12)


@staff.command("list")
@click.option("--agency", help="only of this agency")
@click.option("--json", "as_json", is_flag=True, help="print JSON, one array")
def list_staff(agency: str | None, as_json: bool) -> None:
    """List who works here.

    \b
      ventanilla staff list --agency sena
    """

    async def work(store: Store) -> list[Member]:
        from gateway.store import staff as rows

        async with store.read() as conn:
            return await rows.listed(conn, agency=agency)

    members = with_store(work, read_settings())
    if as_json:
        click.echo(json.dumps([_told(member) for member in members], ensure_ascii=False))
        return
    for member in members:
        state = "" if member.active else "  disabled"
        click.echo(f"{member.login:<24} {member.role:<14} {member.agency or '-':<20} {member.name}{state}")


def _told(member: Member) -> dict[str, Any]:
    return {
        "id": str(member.id),
        "login": member.login,
        "name": member.name,
        "role": member.role,
        "agency": member.agency,
        "active": member.active,
    }


@staff.command()
@click.argument("login")
def disable(login: str) -> None:
    """Log somebody out, and let them in no more."""
    _set_active(login, active=False)
    click.echo(f"{login} is disabled")


@staff.command()
@click.argument("login")
def enable(login: str) -> None:
    """Let somebody in again."""
    _set_active(login, active=True)
    click.echo(f"{login} is enabled")


def _set_active(login: str, *, active: bool) -> None:
    async def work(store: Store) -> None:
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.store import audit
        from gateway.store import staff as rows

        async def change(conn: AsyncConnection) -> None:
            at = now()
            member = await rows.set_active(conn, login, active=active, now=at)
            action = Action.STAFF_ENABLED if active else Action.STAFF_DISABLED
            await audit.write(conn, [by_command(action, at=at, object=f"staff:{login}", agency=member.agency)])

        await store.transact(change)

    with_store(work, read_settings())


@staff.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="read the password from standard input instead of making one")
def password(login: str, password_stdin: bool) -> None:
    """Give somebody a new password, and log them out everywhere.

    \b
      ventanilla staff password luz.amaya
    """
    word = _password(given=password_stdin)

    async def work(store: Store) -> None:
        from gateway.accounts import passwords
        from gateway.audit import Action, by_command
        from gateway.clock import now
        from gateway.errors import NotFound
        from gateway.store import audit
        from gateway.store import staff as rows

        async with store.read() as conn:
            member = await rows.find_by_login(conn, login)
        if member is None:
            raise NotFound(f"nobody has the login {login}")
        passwords.check(word, login=login, name=member.name)
        kept = await passwords.hashed(word)
        noted = by_command(Action.PASSWORD_CHANGED, at=now(), object=f"staff:{login}", agency=member.agency)

        async def change(conn: AsyncConnection) -> None:
            await rows.set_password(conn, member.id, kept)
            await audit.write(conn, [noted])

        await store.transact(change)

    with_store(work, read_settings())
    click.echo(f"{login} has a new password" + ("" if password_stdin else f", shown this once: {word}"))
