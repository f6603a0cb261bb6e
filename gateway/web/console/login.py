"""`/`, `/login`, `/logout` and `/language`."""

import structlog
from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.store import logins
from gateway.web import auth, locale
from gateway.web.pages import render, see

log = structlog.get_logger()

# A year: which language this browser reads.
_REMEMBER = 365 * 24 * 3600


async def home(request: web.Request) -> web.StreamResponse:
    """To the console, or to the login page."""
    raise see("/console" if request.get(auth.VISIT) else "/login")


async def login_page(request: web.Request) -> web.StreamResponse:
    """The form; whoever is logged in goes on."""
    target = auth.local_path(request.query.get("next", ""))
    if request.get(auth.VISIT):
        raise see(target)
    return render(request, "login.html", target=target, trouble=None, login="")


async def login(request: web.Request) -> web.StreamResponse:
    """Check the login. Every refusal reads the same, but for the one that asks to wait."""
    form = await request.post()
    given, password = str(form.get("login", "")), str(form.get("password", ""))
    target = auth.local_path(str(form.get("next", "")))
    try:
        token = await auth.log_in(
            request.app[GATEWAY], login=given, password=password, remote=request.remote or "unknown"
        )
    except auth.Throttled:
        log.warning("logins throttled")
        return render(request, "login.html", status=429, target=target, trouble="login.throttled", login=given)
    except auth.WrongLogin:
        return render(request, "login.html", status=401, target=target, trouble="login.wrong", login=given)
    answer = see(target)
    auth.give_cookie(request, answer, token)
    raise answer


async def logout(request: web.Request) -> web.StreamResponse:
    """End the session."""
    await auth.log_out(request)
    answer = see("/login")
    answer.del_cookie(auth.SESSION_COOKIE)
    # What the pages kept in the browser (an answer half typed) goes with the session.
    answer.headers["Clear-Site-Data"] = '"storage"'
    raise answer


async def language(request: web.Request) -> web.StreamResponse:
    """Speak another language: to this member from now on, or in this browser."""
    form = await request.post()
    wished = locale.chosen(str(form.get("language", ""))) or locale.LANGUAGES[0]
    answer = see(_back(str(form.get("next", ""))))
    visit = request.get(auth.VISIT)
    if visit:
        staff_id = visit.principal.id
        await request.app[GATEWAY].store.transact(lambda conn: logins.set_language(conn, staff_id, wished))
    answer.set_cookie(
        auth.LANGUAGE_COOKIE, wished, max_age=_REMEMBER, httponly=True, samesite="Lax", secure=auth.is_https(request)
    )
    raise answer


def _back(target: str) -> str:
    return "/login" if target.startswith("/login") else auth.local_path(target)
