"""`/login/sso`: to the issuer and back."""

from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web

from gateway.accounts.sign_on import SignOn, SignOnFailed, unpacked
from gateway.errors import NotFound
from gateway.gateway import GATEWAY
from gateway.web import auth, entry
from gateway.web.console import login
from gateway.web.pages import see

log = structlog.get_logger()

# What the login takes along: sealed, and useless after this long.
_COOKIE: Final = "ventanilla_sign_on"
_TIME: Final = timedelta(minutes=10)
_PATH: Final = "/login/sso"


def _sign_on(request: web.Request) -> SignOn:
    found = request.app[GATEWAY].sign_on
    if found is None:
        raise NotFound("single sign-on is not set up here")
    return found


def _redirect_uri(request: web.Request) -> str:
    return f"{request.app[GATEWAY].settings.console_url}{_PATH}/return"


async def begin(request: web.Request) -> web.StreamResponse:
    """Send the browser to the issuer."""
    sign_on = _sign_on(request)
    target = auth.local_path(request.query.get("next", ""))
    try:
        url, journey = await sign_on.begin(redirect_uri=_redirect_uri(request), target=target)
    except SignOnFailed as failure:
        return _failed(request, failure, target)
    answer = see(url)
    answer.set_cookie(
        _COOKIE,
        request.app[GATEWAY].secret_box.seal(journey.packed()),
        max_age=int(_TIME.total_seconds()),
        path=_PATH,
        httponly=True,
        samesite="Lax",
        secure=auth.is_https(request),
    )
    raise answer


async def finish(request: web.Request) -> web.StreamResponse:
    """What the issuer sent back: a session for whom it vouches, when that is one of ours."""
    sign_on = _sign_on(request)
    sealed = request.app[GATEWAY].secret_box.unseal(request.cookies.get(_COOKIE, ""), within=_TIME)
    if sealed is None:
        return _failed(request, SignOnFailed("no journey, or too long ago"), "/console")
    journey = unpacked(sealed)
    try:
        identity = await sign_on.finish(request.query, journey, redirect_uri=_redirect_uri(request))
        token = await entry.by_sign_on(request, subject=identity.subject, login=identity.login, email=identity.email)
    except SignOnFailed as failure:
        return _failed(request, failure, journey.target)
    except entry.WrongLogin as wrong:
        login.failed(request, wrong, detail="sign_on")
        return login.form(request, target=journey.target, trouble="login.sign_on_nobody", status=401)
    answer = await login.entered(request, token, journey.target, how="sign_on")
    answer.del_cookie(_COOKIE, path=_PATH)
    raise answer


def _failed(request: web.Request, failure: SignOnFailed, target: str) -> web.Response:
    log.warning("single sign-on failed", step=str(failure))
    login.failed(request, entry.WrongLogin(), detail="sign_on")
    return login.form(request, target=target, trouble="login.sign_on_failed", status=401)
