"""Single sign-on: against a provider of its own making in a process of its own, and against one that lies."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.errors import SettingsFault
from gateway.settings import read
from gateway.store import accounts, staff
from tests.support.issuer import CLIENT, SECRET, Issuer, ago, issuer
from tests.support.running import CONFIG, Running, eventually, running
from tests.web.visitor import Page, Visitor, employ, visitor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EMAIL = "luz@sena.example"


@pytest.fixture
async def honest() -> AsyncIterator[Issuer]:
    async with issuer() as found:
        yield found


@asynccontextmanager
async def signing_on(database: str, folder: Path, url: str, **more: Any) -> AsyncIterator[Running]:
    """A gateway that signs on with that issuer, where Luz has her e-mail address on record."""
    environment: dict[str, Any] = {
        "OIDC_ISSUER": url,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_NAME": "GovID",
    }
    async with running(database, folder, **environment, **more) as ventanilla:
        luz = await employ(ventanilla, "luz", agency="sena")
        await ventanilla.gateway.store.transact(lambda conn: accounts.set_email(conn, luz.id, EMAIL))
        yield ventanilla


async def sign_on(browser: Visitor) -> Page:
    return await browser.get("/login/sso")


async def test_a_member_signs_on_and_lands_where_they_wanted_to_go(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        page = await browser.get("/login?next=/console?view=overdue")
        assert "Entrar con GovID" in page.text
        [path] = re.findall(r'href="(/login/sso[^"]*)"', page.html)
        page = await browser.get(unescape(path))
        assert (page.status, page.path) == (200, "/console?view=overdue")
        assert "Nombre de luz" in page.text
        assert honest.asked[0]["grant_type"] == "authorization_code"
        again = await browser.get("/login/sso/return?code=code-0&state=x")
        assert again.status == 401  # the journey is over


async def test_who_is_unknown_disabled_or_unverified_does_not_get_in(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        for claims in ({"email": "otra@sena.example"}, {"email_verified": False}, {"email_verified": "true"}):
            honest.claims = claims
            page = await sign_on(browser)
            assert page.status == 401, claims
        honest.claims = {}
        gateway = ventanilla.gateway
        await gateway.store.transact(lambda conn: staff.set_active(conn, "luz", active=False, now=gateway.clock()))
        assert "no hay una cuenta para usted" in (await sign_on(browser)).text
        assert (await browser.get("/console")).path.startswith("/login")


async def test_an_address_that_passed_to_somebody_else_opens_nothing(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        assert (await sign_on(browser)).path == "/console"
        await browser.post("/logout")
        honest.claims = {"sub": "subject-2"}
        assert (await sign_on(browser)).status == 401
        # The issuer's own name for her counts, whatever her address is by now.
        honest.claims = {"email": "luz.amaya@sena.example"}
        assert (await sign_on(browser)).path == "/console"


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elsewhere.example"},
    "another audience": {"aud": "somebody-else"},
    "several audiences and no party": {"aud": [CLIENT, "somebody-else"]},
    "another party": {"azp": "somebody-else"},
    "another nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "expired": {"exp": ago(minutes=2)},
    "without an end": {"exp": None},
    "issued tomorrow": {"iat": ago(days=-1)},
    "without a subject": {"sub": None},
}


async def test_a_token_that_says_the_wrong_thing_opens_nothing(database: str, tmp_path: Path, honest: Issuer) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        for lie, claims in LIES.items():
            honest.claims = claims
            page = await sign_on(browser)
            assert (page.status, page.path.partition("?")[0]) == (401, "/login/sso/return"), lie
        honest.claims = {"aud": [CLIENT, "somebody-else"], "azp": CLIENT}
        assert (await sign_on(browser)).path == "/console"


async def test_a_token_signed_the_wrong_way_opens_nothing(database: str, tmp_path: Path, honest: Issuer) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        key = honest.key
        for algorithm, held in (("none", None), ("HS256", SECRET.ljust(32, "x"))):
            honest.algorithm, honest.key = algorithm, held
            assert (await sign_on(browser)).status == 401, algorithm
        honest.algorithm, honest.key = "RS256", key
        honest.says = {"id_token_signing_alg_values_supported": ["ES256"]}
    async with signing_on_again(ventanilla, honest) as other, visitor(other) as browser:
        assert (await sign_on(browser)).status == 401


@asynccontextmanager
async def signing_on_again(before: Running, honest: Issuer) -> AsyncIterator[Running]:
    """The same gateway, started anew: what it knew of the issuer is gone."""
    settings = before.gateway.settings
    environment: dict[str, Any] = {"OIDC_ISSUER": honest.url, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    async with running(settings.database_url, settings.files_dir.parent, **environment) as ventanilla:
        yield ventanilla


async def test_keys_are_fetched_once_and_again_when_they_are_rotated(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        for kid, elliptic, fetched in (
            ("first", None, 1),
            ("first", None, 1),
            ("second", False, 2),
            ("third", True, 3),
        ):
            if elliptic is not None:
                honest.rotate(kid, elliptic=elliptic)
            assert (await sign_on(browser)).path == "/console"
            assert honest.keys_fetched == fetched
            await browser.post("/logout")
        # A key that was withdrawn opens nothing, under whatever name.
        withdrawn = honest.key
        honest.rotate("third")
        honest.key, honest.algorithm = withdrawn, "ES256"
    async with signing_on_again(ventanilla, honest) as other, visitor(other) as browser:
        assert (await sign_on(browser)).status == 401


async def test_an_answer_to_somebody_elses_question_opens_nothing(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        async with browser.http.get(f"{browser.base}/login/sso", allow_redirects=False) as answer:
            cookie, away = answer.headers["Set-Cookie"], answer.headers["Location"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        for asked in ("response_type=code", "code_challenge_method=S256", "nonce=", "state=", "scope=openid"):
            assert asked in away
        for query in ("state=made-up&code=code-0", "code=code-0", "error=access_denied"):
            assert (await browser.get(f"/login/sso/return?{query}")).status == 401
        state = re.findall(r"[?&]state=([^&]+)", away)[0]
        assert (await browser.get(f"/login/sso/return?state={state}&code=x&iss=https://other.example")).status == 401
        assert honest.asked == []


async def test_claims_may_come_from_userinfo_of_the_same_person(database: str, tmp_path: Path, honest: Issuer) -> None:
    honest.claims = {"email": None, "email_verified": None}
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        honest.userinfo = {"sub": "somebody else", "email": EMAIL, "email_verified": True}
        assert (await sign_on(browser)).status == 401
        honest.userinfo = {"sub": "subject-1", "email": EMAIL, "email_verified": True}
        assert (await sign_on(browser)).path == "/console"


async def test_a_login_may_be_named_by_the_preferred_username(database: str, tmp_path: Path, honest: Issuer) -> None:
    honest.claims = {"preferred_username": "LUZ"}
    more: dict[str, Any] = {"OIDC_CLAIM": "preferred_username"}
    async with signing_on(database, tmp_path, honest.url, **more) as ventanilla, visitor(ventanilla) as browser:
        assert (await sign_on(browser)).path == "/console"


async def test_an_issuer_that_is_away_or_is_another_is_told_kindly(
    database: str, tmp_path: Path, honest: Issuer
) -> None:
    honest.says = {"issuer": "https://elsewhere.example"}
    async with signing_on(database, tmp_path, honest.url) as ventanilla, visitor(ventanilla) as browser:
        assert "No se pudo confirmar quién es usted" in (await sign_on(browser)).text


async def test_the_whole_way_with_a_provider_that_is_not_ours(database: str, tmp_path: Path) -> None:
    async with provider_process() as url, signing_on(database, tmp_path, url) as ventanilla:
        async with aiohttp.ClientSession() as http:
            user = {"email": EMAIL, "email_verified": True, "name": "Luz"}
            async with http.put(f"{url}/users/luz-1", json=user) as kept:
                assert kept.status == 204
        async with visitor(ventanilla) as browser:
            page = await browser.get("/login/sso?next=/account")
            async with browser.http.post(url + page.path, data={"sub": "luz-1"}) as answer:
                assert answer.url.path == "/account", await answer.text()
                assert "Identidad institucional" in await answer.text()


@asynccontextmanager
async def provider_process() -> AsyncIterator[str]:
    """`oidc-provider-mock` on a port of its own: its discovery, keys and tokens are made by another library."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://localhost:{port}"

    async def answers() -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{url}/.well-known/openid-configuration") as answer:
                return bool(json.loads(await answer.read())["issuer"] == url)
        except aiohttp.ClientError:
            return False

    try:
        await eventually(answers)
        yield url
    finally:
        process.terminate()
        await process.wait()


def test_half_a_sign_on_and_one_without_encryption_are_refused_at_the_start(database: str) -> None:
    assert database
    base = {"VENTANILLA_CONFIG_DIR": str(CONFIG)}
    whole = {"OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}
    found = read(base | whole).accounts.sign_on
    assert found is not None
    assert (found.name, found.claim) == ("id.example", "email")
    assert "y'" not in repr(found)
    for name in whole:
        with pytest.raises(SettingsFault, match=name):
            read(base | {**whole, name: ""})
    with pytest.raises(SettingsFault, match="https"):
        read(base | {**whole, "OIDC_ISSUER": "http://id.example"})
    with pytest.raises(SettingsFault, match="OIDC_CLAIM"):
        read(base | whole | {"OIDC_CLAIM": "name"})
