"""The first start: the response managers the configuration names, and logins for whoever tries the gateway.

While every provider is simulated this is a desk trial: one manager and one operator get a password, kept beside the
files so that the next start can print it again. With a real provider nobody gets one; `ventanilla staff add` does.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import passwords
from gateway.gateway import Gateway
from gateway.settings import NEEDED, Settings
from gateway.store import staff
from gateway.store.staff import Newcomer
from routing.catalog import Agency

_OPERATOR = "operador"
_FAVOURITE = "sena"


async def first_logins(gateway: Gateway) -> None:
    """Create each agency's first manager where the agency has nobody yet; in a trial, two of them can log in."""
    agencies = gateway.current().catalog.agencies
    trial = _trial_passwords(gateway.settings, _trial_manager(agencies))
    hashes = {login: await passwords.hashed(word) for login, word in trial.items()}

    async def work(conn: AsyncConnection) -> None:
        have = {member.login: member for member in await staff.listed(conn)}
        served = {member.agency for member in have.values()}
        newcomers = [
            Newcomer(
                login=first.login, name=first.name, role="manager", agency=agency.key,
                password_hash=hashes.get(first.login),
            )
            for agency in agencies.values()
            if (first := agency.manager) and agency.key not in served and first.login not in have
        ]  # fmt: skip
        if _OPERATOR in trial and _OPERATOR not in have:
            newcomers.append(
                Newcomer(
                    login=_OPERATOR, name="Operador de canales", role="operator", agency=None,
                    password_hash=hashes[_OPERATOR],
                )
            )  # fmt: skip
        if newcomers:
            await staff.add_all(conn, newcomers, now=gateway.clock())
        await _give_missing(conn, hashes)

    await gateway.store.transact(work)
    if not is_trial(gateway.settings):
        await _end_trial(gateway)


async def _end_trial(gateway: Gateway) -> None:
    """With a real provider the passwords that were printed in a trial open nothing any more."""
    path = _path(gateway.settings)
    if not path.exists():
        return
    given: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))

    async def work(conn: AsyncConnection) -> None:
        for login, password in given.items():
            kept = await staff.password_hash(conn, login)
            if kept is not None and await passwords.matches(password, kept):
                await staff.clear_password(conn, login)

    await gateway.store.transact(work)
    path.unlink()


async def _give_missing(conn: AsyncConnection, hashes: Mapping[str, str]) -> None:
    """A trial login made by an earlier start without a password gets one."""
    for login, hashed in hashes.items():
        member = await staff.find_by_login(conn, login)
        if member is not None and await staff.password_hash(conn, login) is None:
            await staff.set_password(conn, member.id, hashed)


def is_trial(settings: Settings) -> bool:
    """True while no provider's credentials are set."""
    return settings.simulated == {provider for provider, needed in NEEDED.items() if needed}


def trial_logins(settings: Settings) -> dict[str, str]:
    """The logins and passwords of the trial, as they were given out; empty outside one."""
    path = _path(settings)
    if not is_trial(settings) or not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _trial_manager(agencies: Mapping[str, Agency]) -> str | None:
    logins = {agency.key: agency.manager.login for agency in agencies.values() if agency.manager}
    return logins.get(_FAVOURITE) or next(iter(logins.values()), None)


def _trial_passwords(settings: Settings, manager: str | None) -> dict[str, str]:
    if not is_trial(settings):
        return {}
    kept = trial_logins(settings)
    if not kept:
        kept = {login: secrets.token_urlsafe(9) for login in (manager, _OPERATOR) if login}
        keep_trial_logins(settings, kept)
    return kept


def keep_trial_logins(settings: Settings, logins: Mapping[str, str]) -> None:
    """Remember the logins and passwords of the trial, for the next start and for its end."""
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(dict(logins)), encoding="utf-8")


def _path(settings: Settings) -> Path:
    return settings.files_dir.parent / "trial-logins.json"
