"""Getting in: a password, a code of the second factor, or an issuer's word.

Failures are counted before anything is looked at, so that a hundred attempts at once count as a hundred. An unknown
login, a wrong password and a disabled member get the same answer in the same time.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import passwords, second_factor
from gateway.gateway import GATEWAY
from gateway.store import accounts, logins, second_factors
from gateway.store.logins import Opening
from gateway.web import client
from gateway.web.auth import LIFETIME, SESSION_COOKIE, hashed

# Failures in `_WINDOW` after which nobody is let in: a person mistypes, a machine tries on. An office shares an
# address.
_WINDOW: Final = timedelta(minutes=15)
_FAILURES_OF_LOGIN: Final = 5
_FAILURES_OF_ADDRESS: Final = 20
# Time to find the telephone.
_HALF: Final = timedelta(minutes=10)
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,59}")


class Throttled(Exception):
    """Too many failures; what was given was not even looked at."""


class WrongLogin(Exception):
    """What was given opens nothing: nobody is told why. `login` is the member's whose it was, for the audit log."""

    def __init__(self, login: str = "", agency: str | None = None) -> None:
        super().__init__()
        self.login = login
        self.agency = agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session's token. `complete` False: it opens nothing before the second factor was given."""

    token: str
    complete: bool


async def by_password(request: web.Request, *, login: str, password: str) -> Opened:
    """A session for a login and its password. Throttled, or WrongLogin."""
    gateway = request.app[GATEWAY]
    name = login.strip().lower()
    subjects = [
        (_login_subject(name), _FAILURES_OF_LOGIN),
        (f"address:{client.remote_of(request)}", _FAILURES_OF_ADDRESS),
    ]
    failure = await gateway.store.transact(lambda conn: _try(conn, subjects, now=gateway.clock()))
    async with gateway.store.read() as conn:
        found = await logins.credentials(conn, name) if _LOGIN.fullmatch(name) else None
    kept = found.password_hash if found and len(password) <= passwords.LONGEST else None
    if not await passwords.matches(password[: passwords.LONGEST], kept) or found is None:
        raise WrongLogin(name, found.agency) if found else WrongLogin
    complete = not found.has_factor
    opening, token = _opening(request, found.staff_id, stage="open" if complete else "code", method="password")

    async def work(conn: AsyncConnection) -> None:
        await logins.forgive(conn, subjects[0][0], failure)
        await _open(conn, opening, now=gateway.clock())

    await gateway.store.transact(work)
    return Opened(token=token, complete=complete)


def _login_subject(login: str) -> str:
    return f"login:{hashlib.sha256(login.encode('utf-8', 'replace')).hexdigest()}"


async def _try(conn: AsyncConnection, subjects: list[tuple[str, int]], *, now: datetime) -> list[int]:
    since = now - _WINDOW
    for subject, most in subjects:
        if await logins.failures(conn, subject, since=since) >= most:
            raise Throttled
    return await logins.failed(conn, [subject for subject, _ in subjects], now=now, since=since)


def _opening(request: web.Request, staff_id: int, *, stage: str, method: str) -> tuple[Opening, str]:
    token = secrets.token_urlsafe(32)
    opening = Opening(
        token_hash=hashed(token),
        staff_id=staff_id,
        csrf=secrets.token_urlsafe(24),
        stage=stage,
        method=method,
        remote=client.remote_of(request),
        agent=client.agent_of(request),
    )
    return opening, token


async def _open(conn: AsyncConnection, opening: Opening, *, now: datetime) -> None:
    lifetime = LIFETIME if opening.stage == "open" else _HALF
    await logins.open_session(conn, opening, now=now, expires_at=now + lifetime)


async def waits_for_code(request: web.Request) -> bool:
    """Whether the request's cookie belongs to somebody whose password was right and whose code is missing."""
    gateway = request.app[GATEWAY]
    token = request.cookies.get(SESSION_COOKIE, "")
    async with gateway.store.read() as conn:
        return await logins.session(conn, hashed(token), stage="code", now=gateway.clock()) is not None


async def by_code(request: web.Request, code: str) -> str:
    """The token of a complete session, for a code of the authenticator or a recovery code. Throttled, or WrongLogin."""
    gateway = request.app[GATEWAY]
    half = hashed(request.cookies.get(SESSION_COOKIE, ""))
    async with gateway.store.read() as conn:
        row = await logins.session(conn, half, stage="code", now=gateway.clock())
    if row is None:
        raise WrongLogin
    try:
        method = await check_code(request, row.id, code)
    except WrongLogin:
        raise WrongLogin(row.login, row.agency) from None
    opening, token = _opening(request, row.id, stage="open", method=method)

    async def work(conn: AsyncConnection) -> None:
        await logins.close_session(conn, half)
        await _open(conn, opening, now=gateway.clock())

    await gateway.store.transact(work)
    return token


async def _spend(request: web.Request, staff_id: int, code: str) -> str | None:
    """Take a code, which then opens nothing more: `code` or `recovery`, or None when it was none of theirs."""
    gateway = request.app[GATEWAY]
    now = gateway.clock()
    async with gateway.store.read() as conn:
        factor = await second_factors.get(conn, staff_id)
    secret = gateway.secret_box.unseal(factor.secret) if factor else None
    step = second_factor.step_of(secret, code, now=now) if secret else None
    if step is not None:
        spent = await gateway.store.transact(lambda conn: second_factors.spend_step(conn, staff_id, step))
        return "code" if spent else None
    kept = second_factor.recovery_hash(code)
    spent = await gateway.store.transact(lambda conn: second_factors.spend_recovery(conn, staff_id, kept, now=now))
    return "recovery" if spent else None


async def by_sign_on(request: web.Request, *, subject: str, login: str | None, email: str | None) -> str:
    """The token of a session for whom an issuer vouches. WrongLogin when no active member is meant."""
    gateway = request.app[GATEWAY]

    async def work(conn: AsyncConnection) -> str | None:
        found = await accounts.by_sign_on(conn, subject=subject, login=login, email=email)
        if found is None:
            return None
        opening, token = _opening(request, found.id, stage="open", method="sign_on")
        await _open(conn, opening, now=gateway.clock())
        return token

    token = await gateway.store.transact(work)
    if token is None:
        raise WrongLogin
    return token


async def renew(conn: AsyncConnection, request: web.Request, staff_id: int, *, method: str) -> str:
    """End every session of a member and begin a new one for this browser; its token."""
    await logins.end_sessions(conn, staff_id)
    opening, token = _opening(request, staff_id, stage="open", method=method)
    await _open(conn, opening, now=request.app[GATEWAY].clock())
    return token


async def check_password(request: web.Request, *, login: str, password: str) -> None:
    """Throttled, or WrongLogin unless it is the password of that login. Failures count as those of logging in."""
    gateway = request.app[GATEWAY]
    subject = _login_subject(login)
    failure = await gateway.store.transact(
        lambda conn: _try(conn, [(subject, _FAILURES_OF_LOGIN)], now=gateway.clock())
    )
    async with gateway.store.read() as conn:
        found = await logins.credentials(conn, login)
    kept = found.password_hash if found and len(password) <= passwords.LONGEST else None
    if not await passwords.matches(password[: passwords.LONGEST], kept):
        raise WrongLogin
    await gateway.store.transact(lambda conn: logins.forgive(conn, subject, failure))


async def check_code(request: web.Request, staff_id: int, code: str) -> str:
    """Spend a code of the member's: `code` or `recovery`, by its kind. Throttled, or WrongLogin when it is none."""
    gateway = request.app[GATEWAY]
    subject = f"code:{staff_id}"
    failure = await gateway.store.transact(
        lambda conn: _try(conn, [(subject, _FAILURES_OF_LOGIN)], now=gateway.clock())
    )
    method = await _spend(request, staff_id, code)
    if method is None:
        raise WrongLogin
    await gateway.store.transact(lambda conn: logins.forgive(conn, subject, failure))
    return method
