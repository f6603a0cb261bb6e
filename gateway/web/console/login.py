"""`/`, `/login`, `/login/code`, `/logout` and `/language`."""

from urllib.parse import urlencode

import structlog
from aiohttp import web

from gateway.audit import Action
from gateway.gateway import GATEWAY
from gateway.store import logins
from gateway.web import audit, auth, entry, locale
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
    return form(request, target=target, joined="joined" in request.query)


def form(
    request: web.Request,
    *,
    target: str,
    login: str = "",
    trouble: str | None = None,
    joined: bool = False,
    status: int = 200,
) -> web.Response:
    """The login page, with what went wrong."""
    sign_on = request.app[GATEWAY].sign_on
    name = sign_on.name if sign_on else None
    return render(
        request,
        "login.html",
        status=status,
        target=target,
        trouble=trouble,
        login=login,
        sign_on=name,
        joined=joined,
    )


async def login(request: web.Request) -> web.StreamResponse:
    """Check the login. Every refusal reads the same, but for the one that asks to wait."""
    given = await request.post()
    name, target = str(given.get("login", "")), auth.local_path(str(given.get("next", "")))
    try:
        opened = await entry.by_password(request, login=name, password=str(given.get("password", "")))
    except entry.Throttled:
        log.warning("logins throttled")
        return form(request, target=target, login=name, trouble="login.throttled", status=429)
    except entry.WrongLogin as wrong:
        failed(request, wrong, detail="password")
        return form(request, target=target, login=name, trouble="login.wrong", status=401)
    if opened.complete:
        raise await entered(request, opened.token, target, how="password")
    answer = see(f"/login/code?{urlencode({'next': target})}")
    auth.give_cookie(request, answer, opened.token)
    raise answer


def failed(request: web.Request, wrong: entry.WrongLogin, *, detail: str) -> None:
    """Note a failure. A login nobody has is not written down: people type their password there by mistake."""
    about = f"staff:{wrong.login}" if wrong.login else ""
    audit.seen(request, Action.LOGIN_FAILED, about, agency=wrong.agency, detail=detail)


async def entered(request: web.Request, token: str, target: str, *, how: str) -> web.HTTPSeeOther:
    """The answer to somebody who got in, noted."""
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        row = await logins.session(conn, auth.hashed(token), now=gateway.clock())
    if row is not None:
        auth.greet(request, row)
        audit.seen(request, Action.LOGIN, f"staff:{row.login}", detail=how)
    answer = see(target)
    auth.give_cookie(request, answer, token)
    return answer


async def code_page(request: web.Request) -> web.StreamResponse:
    """The form for a code; whoever has not given a password begins there."""
    target = auth.local_path(request.query.get("next", ""))
    if not await entry.waits_for_code(request):
        raise see("/login")
    return render(request, "accounts/code.html", target=target, trouble=None)


async def code(request: web.Request) -> web.StreamResponse:
    """Check a code of the second factor, or a recovery code."""
    given = await request.post()
    target = auth.local_path(str(given.get("next", "")))
    try:
        token = await entry.by_code(request, str(given.get("code", "")))
    except entry.Throttled:
        return render(request, "accounts/code.html", status=429, target=target, trouble="login.throttled")
    except entry.WrongLogin as wrong:
        if not wrong.login:
            raise see("/login") from None
        failed(request, wrong, detail="code")
        return render(request, "accounts/code.html", status=401, target=target, trouble="login.wrong_code")
    raise await entered(request, token, target, how="code")


async def logout(request: web.Request) -> web.StreamResponse:
    """End the session."""
    if request.get(auth.VISIT):
        audit.seen(request, Action.LOGOUT)
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
