"""Who is asking: logins, their sessions in the database, and the token that every form carries.

The cookie is 256 random bits; the database keeps its SHA-256. A session lasts 12 hours and ends at once when its member
is disabled or changes the password. A wrong password, an unknown login and a disabled one get the same answer in the
same time.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import passwords
from gateway.errors import Forbidden
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Role
from gateway.store import logins
from gateway.web import locale

SESSION_COOKIE: Final = "ventanilla_session"
LANGUAGE_COOKIE: Final = "ventanilla_language"
# A working day with its overtime.
LIFETIME: Final = timedelta(hours=12)
# Failures in `_WINDOW` after which nobody is let in: a person mistypes, a machine tries on. An office shares an
# address.
_WINDOW: Final = timedelta(minutes=15)
_FAILURES_OF_LOGIN: Final = 5
_FAILURES_OF_ADDRESS: Final = 20
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,59}")
# Longer ones are not hashed: argon2 would, for as long as it takes. In characters.
_LONGEST_PASSWORD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request by somebody who is logged in."""

    principal: Principal
    login: str
    language: str | None
    csrf: str


VISIT: Final = web.RequestKey("visit", Visit)


class Throttled(Exception):
    """Too many failures; the password was not even looked at."""


class WrongLogin(Exception):
    """The login or the password is wrong, or the login is disabled: nobody is told which."""


async def recognise(request: web.Request) -> Visit | None:
    """The visit that the request's cookie opens, kept in the request; None when nobody is logged in."""
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        row = await logins.session(conn, _hash(token), now=gateway.clock())
    if row is None:
        return None
    visit = Visit(principal=_principal(row), login=row.login, language=row.language, csrf=row.csrf)
    request[VISIT] = visit
    return visit


def _principal(row: Any) -> Principal:
    role = Role(row.role)
    # A manager without an agency has none, not all of them.
    agency = row.agency if row.agency or role is not Role.MANAGER else ""
    return Principal(id=row.id, name=row.name, role=role, agency=agency)


async def visit(request: web.Request) -> Visit:
    """Who is logged in. Redirects to the login page when nobody is."""
    found = request.get(VISIT) or await recognise(request)
    if found is None:
        target = request.path_qs if request.method == "GET" else str(request.headers.get("Referer", ""))
        raise web.HTTPSeeOther(f"/login?{urlencode({'next': local_path(target)})}")
    return found


async def principal(request: web.Request) -> Principal:
    """Who asks, for pages. Redirects to the login page when nobody is logged in."""
    return (await visit(request)).principal


def local_path(target: str) -> str:
    """The path and query of a target on this very site; `/console` for everything else."""
    parts = urlsplit(target)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe and not parts.path.startswith(("/login", "/logout")) else "/console"


async def check_form(request: web.Request) -> None:
    """Forbidden unless a form of ours was sent: from this site, and with the session's token when there is one."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("the form was sent by another site")
    found = request.get(VISIT)
    # A login page left open in a second tab carries no token, and what it asks for needs none.
    if found is None or request.path == "/login":
        return
    given = request.headers.get("X-CSRF-Token") or str((await request.post()).get("csrf", ""))
    if not hmac.compare_digest(given.encode("utf-8", "replace"), found.csrf.encode()):
        raise Forbidden("the form is not one of this session's: load the page again")


async def log_in(gateway: Gateway, *, login: str, password: str, remote: str) -> str:
    """The token of a new session. Throttled, or WrongLogin."""
    name = login.strip().lower()
    subjects = [f"login:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}", f"address:{remote}"]
    failure = await gateway.store.transact(lambda conn: _try(conn, subjects, now=gateway.clock()))
    async with gateway.store.read() as conn:
        found = await logins.credentials(conn, name) if _LOGIN.fullmatch(name) else None
    kept = found.password_hash if found and len(password) <= _LONGEST_PASSWORD else None
    if not await passwords.matches(password[:_LONGEST_PASSWORD], kept) or found is None:
        raise WrongLogin
    staff_id = found.staff_id
    token = secrets.token_urlsafe(32)

    async def work(conn: AsyncConnection) -> None:
        await logins.forgive(conn, subjects[0], failure)
        now = gateway.clock()
        await logins.open_session(
            conn,
            token_hash=_hash(token),
            staff_id=staff_id,
            csrf=secrets.token_urlsafe(24),
            now=now,
            expires_at=now + LIFETIME,
        )

    await gateway.store.transact(work)
    return token


async def _try(conn: AsyncConnection, subjects: list[str], *, now: datetime) -> list[int]:
    """Count the attempt as failed before the password is looked at, so that a hundred at once count as a hundred."""
    since = now - _WINDOW
    for subject, most in zip(subjects, (_FAILURES_OF_LOGIN, _FAILURES_OF_ADDRESS), strict=True):
        if await logins.failures(conn, subject, since=since) >= most:
            raise Throttled
    return await logins.failed(conn, subjects, now=now, since=since)


async def log_out(request: web.Request) -> None:
    """End the request's session."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await request.app[GATEWAY].store.transact(lambda conn: logins.close_session(conn, _hash(token)))


def give_cookie(request: web.Request, response: web.Response, token: str) -> None:
    """Hand the session's cookie out; over https only, where the page came over https."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=is_https(request),
    )


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks https, to us or to the proxy before us; a lie can only make a cookie stricter."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def language_of(request: web.Request) -> str:
    """The language to speak: the member's own, else the one chosen in this browser, else the browser's."""
    found = request.get(VISIT)
    wished = locale.chosen(found.language) if found else None
    chosen = wished or locale.chosen(request.cookies.get(LANGUAGE_COOKIE))
    return chosen or locale.negotiated(request.headers.get("Accept-Language", ""))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
