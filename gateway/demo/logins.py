"""Who may log in to look around: one of each role, with a password kept like the trial's."""

import secrets

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import first_start
from gateway.accounts import passwords
from gateway.demo.people import NETWORK
from gateway.settings import Settings
from gateway.store import demo as rows
from gateway.store import staff
from gateway.store.engine import Store

_FAVOURITE = "sena"


async def let_in(store: Store, settings: Settings) -> dict[str, str]:
    """Give a manager, a head and those of the network passwords; with a real provider they open nothing any more."""
    async with store.read() as conn:
        of_one = await rows.a_login_each(conn, _FAVOURITE)
    logins = [*(of_one[role] for role in ("manager", "head") if role in of_one), *(each.login for each in NETWORK)]
    known = first_start.trial_logins(settings)
    words = {login: known.get(login) or secrets.token_urlsafe(9) for login in logins}
    hashes = {login: await passwords.hashed(word) for login, word in words.items()}

    async def work(conn: AsyncConnection) -> None:
        for login, hashed in hashes.items():
            member = await staff.find_by_login(conn, login)
            if member is not None:
                await staff.set_password(conn, member.id, hashed)

    await store.transact(work)
    first_start.keep_trial_logins(settings, known | words)
    return words
