"""Who can log in at the first start, and when that ends."""

from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import passwords
from gateway.first_start import trial_logins
from gateway.store import staff
from tests.support.running import Running, running

TRIAL: dict[str, Any] = dict.fromkeys(
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TELEGRAM_BOT_TOKEN", "TELEGRAM_SECRET_TOKEN", "USSD_PATH_SECRET"), ""
) | {"VENTANILLA_PUBLIC_URL": ""}


async def _opens(started: Running, login: str, password: str) -> bool:
    async with started.gateway.store.read() as conn:
        return await passwords.matches(password, await staff.password_hash(conn, login))


async def test_a_trial_has_one_manager_and_one_operator_who_can_log_in_and_a_manager_for_every_agency(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path, **TRIAL) as started:
        logins = trial_logins(started.gateway.settings)
        assert set(logins) == {"sena", "operador"}
        assert [await _opens(started, login, password) for login, password in logins.items()] == [True, True]
        async with started.gateway.store.read() as conn:
            served = {member.agency for member in await staff.listed(conn) if member.role == "manager"}
        assert served == set(started.gateway.current().catalog.agencies)


async def test_the_next_start_of_a_trial_gives_the_same_passwords(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, **TRIAL) as started:
        first = trial_logins(started.gateway.settings)
    async with running(database, tmp_path, **TRIAL) as started:
        assert trial_logins(started.gateway.settings) == first
        assert await _opens(started, "sena", first["sena"])


async def test_with_a_real_provider_the_passwords_of_the_trial_open_nothing(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, **TRIAL) as started:
        given = trial_logins(started.gateway.settings)
    async with running(database, tmp_path) as started:
        assert not await _opens(started, "sena", given["sena"])
        assert trial_logins(started.gateway.settings) == {}


async def test_a_password_that_was_changed_in_the_trial_stays(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, **TRIAL) as started:
        changed = await passwords.hashed("una clave de verdad")

        async def change(conn: AsyncConnection) -> None:
            member = await staff.find_by_login(conn, "sena")
            assert member is not None
            await staff.set_password(conn, member.id, changed)

        await started.gateway.store.transact(change)
    async with running(database, tmp_path) as started:
        assert await _opens(started, "sena", "una clave de verdad")
