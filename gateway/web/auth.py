"""Who is asking: logins, their sessions in the database, and the token that every form carries.

The cookie is 256 random bits; the database keeps its SHA-256. A session lasts 12 hours and ends at once when its member
is disabled, or gets another password or role. How a session is got is in `gateway.web.entry`.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Forbidden
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Role, boundary_of
from gateway.store import logins
from gateway.web import locale

SESSION_COOKIE: Final = "ventanilla_session"
LANGUAGE_COOKIE: Final = "ventanilla_language"
# A working day with its overtime.
LIFETIME: Final = timedelta(hours=12)
# What somebody reaches who must set up a second factor first.
_BEFORE_ENROLLING: Final = ("/account/second-factor", "/logout", "/language", "/static/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request by somebody who is logged in."""

    principal: Principal
    login: str
    language: str | None
    csrf: str
    session_id: int
    has_factor: bool
    # How they got in: password, code, recovery, sign_on.
    method: str
    # Whether single letters do something on the console's pages.
    shortcuts: bool


VISIT: Final = web.RequestKey("visit", Visit)


async def recognise(
    request: web.Request, also: Callable[[AsyncConnection, Visit], Awaitable[None]] | None = None
) -> Visit | None:
    """The visit that the request's cookie opens, kept in the request; None when nobody is logged in.

    `also` is read on the same connection, once it is known who asks.
    """
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        row = await logins.session(conn, hashed(token), now=gateway.clock())
        found = greet(request, row) if row else None
        if found is not None and also is not None:
            await also(conn, found)
    return found


def greet(request: web.Request, row: Any) -> Visit:
    """Keep a living session's row as the request's visit."""
    visit = Visit(
        principal=_principal(row),
        login=row.login,
        language=row.language,
        csrf=row.csrf,
        session_id=row.session_id,
        has_factor=bool(row.has_factor),
        method=row.method,
        shortcuts=bool(row.shortcuts),
    )
    request[VISIT] = visit
    return visit


def _principal(row: Any) -> Principal:
    role = Role(row.role)
    return Principal(id=row.id, name=row.name, role=role, agency=boundary_of(role, row.agency))


def must_enrol(request: web.Request) -> bool:
    """Whether who is logged in must set a second factor up before anything else; who signs on elsewhere has theirs."""
    found = request.get(VISIT)
    needing = request.app[GATEWAY].settings.accounts.second_factor
    return (
        found is not None
        and not found.has_factor
        and found.method != "sign_on"
        and found.principal.role in needing
        and not request.path.startswith(_BEFORE_ENROLLING)
    )


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
    return path if safe and not parts.path.startswith(("/login", "/logout", "/invitation")) else "/console"


async def check_form(request: web.Request) -> None:
    """Forbidden unless a form of ours was sent: from this site, and with the session's token when there is one."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("the form was sent by another site")
    found = request.get(VISIT)
    # A login page left open in a second tab carries no token, and what it asks for needs none; so does an invitation.
    if found is None or request.path.startswith(("/login", "/invitation/")):
        return
    given = request.headers.get("X-CSRF-Token") or str((await request.post()).get("csrf", ""))
    if not hmac.compare_digest(given.encode("utf-8", "replace"), found.csrf.encode()):
        raise Forbidden("the form is not one of this session's: load the page again")


async def log_out(request: web.Request) -> None:
    """End the request's session."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await request.app[GATEWAY].store.transact(lambda conn: logins.close_session(conn, hashed(token)))


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


def hashed(token: str) -> str:
    """What the database keeps of a cookie or a link."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
