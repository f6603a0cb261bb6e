"""Getting in, staying in, and being put out."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from gateway import metrics
from gateway.clock import now
from gateway.principal import Role
from gateway.store import schema as t
from gateway.store import staff, tokens
from gateway.web.auth import SESSION_COOKIE, local_path
from gateway.web.locale import negotiated
from tests.support.running import Running
from tests.web.visitor import PASSWORD, Visitor, employ, visitor


@pytest.fixture
async def luz(ventanilla: Running) -> staff.Member:
    return await employ(ventanilla, "luz", agency="sena")


async def test_the_right_password_opens_a_session_of_which_the_database_keeps_only_a_hash(
    ventanilla: Running, luz: staff.Member
) -> None:
    async with visitor(ventanilla) as browser:
        page = await browser.log_in("luz")
        assert (page.status, page.path) == (200, "/console")
        assert "Nombre de luz" in page.text
        token = {cookie.key: cookie.value for cookie in browser.http.cookie_jar}[SESSION_COOKIE]
    async with ventanilla.gateway.store.read() as conn:
        [row] = list(await conn.execute(select(t.login_session)))
    assert row.staff_id == luz.id
    assert token not in (row.token_hash, row.csrf)


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla) as browser:
        answer = await browser.post_only("/login", login="luz", password=PASSWORD)
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        headers = {"X-Forwarded-Proto": "https"}
        form = {"login": "luz", "password": PASSWORD}
        async with browser.http.post(
            f"{browser.base}/login", data=form, headers=headers, allow_redirects=False
        ) as secure:
            assert "Secure" in secure.headers["Set-Cookie"]


async def test_an_unknown_login_a_wrong_password_and_a_disabled_member_get_the_same_answer(
    ventanilla: Running, luz: staff.Member
) -> None:
    await employ(ventanilla, "antes", agency="sena")
    await ventanilla.gateway.store.transact(lambda conn: staff.set_active(conn, "antes", active=False, now=now()))
    async with visitor(ventanilla) as browser:
        answers = [
            await browser.log_in("luz", "no es esta frase"),
            await browser.log_in("nadie", PASSWORD),
            await browser.log_in("antes", PASSWORD),
            await browser.log_in("luz\x00' OR 1=1", PASSWORD),
            await browser.log_in("luz", "x" * 5000),
        ]
    assert {page.status for page in answers} == {401}
    assert len({page.html.replace("antes", "luz").replace("nadie", "luz") for page in answers[:3]}) == 1
    assert all("El usuario o la contraseña no son correctos." in page.text for page in answers)


async def test_after_five_failures_even_the_right_password_must_wait(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla) as browser:
        for _ in range(5):
            assert (await browser.log_in("luz", "no es esta frase")).status == 401
        assert (await browser.log_in("LUZ ")).status == 429
        await employ(ventanilla, "otra", agency="sena")
        assert (await browser.log_in("otra")).status == 200


async def test_an_address_that_tries_many_logins_must_wait(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla) as browser:
        statuses = [(await browser.log_in(f"persona{n}", "x")).status for n in range(20)]
        assert set(statuses) == {401}
        assert (await browser.log_in("luz")).status == 429


async def test_a_login_is_led_back_to_where_it_wanted_to_go(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla) as browser:
        page = await browser.get("/console?view=overdue")
        assert page.path == "/login?next=/console?view%3Doverdue"
        assert (await browser.log_in("luz", next="/console?view=overdue")).path == "/console?view=overdue"


@pytest.mark.parametrize(
    "target",
    ["https://example.org/", "//example.org/x", "/\\example.org", "javascript:alert(1)", "/logout", "", "/a\nb", "x"],
)
def test_next_never_leads_off_the_site(target: str) -> None:
    path = local_path(target)
    assert path.startswith("/")
    assert not path.startswith(("//", "/logout"))
    assert "example" not in path
    assert path.isprintable()


def test_next_keeps_a_path_of_ours() -> None:
    assert local_path("/console/cases/20260000015?done=taken") == "/console/cases/20260000015?done=taken"


async def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(
    ventanilla: Running, luz: staff.Member
) -> None:
    async with visitor(ventanilla, "luz") as browser:
        token = {cookie.key: cookie.value for cookie in browser.http.cookie_jar}[SESSION_COOKIE]
        assert (await browser.post("/logout")).path == "/login"
        page = await browser.get("/console", Cookie=f"{SESSION_COOKIE}={token}")
        assert page.path.startswith("/login")


async def test_a_disabled_member_is_out_at_once(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla, "luz") as browser:
        await ventanilla.gateway.store.transact(lambda conn: staff.set_active(conn, "luz", active=False, now=now()))
        assert (await browser.get("/console")).path.startswith("/login")
        async with browser.http.get(f"{browser.base}/console/stream") as stream:
            assert (stream.status, await stream.text()) == (401, "")


@pytest.mark.parametrize("path", ["/logout", "/language", "/console/next"])
async def test_a_form_without_the_sessions_token_is_refused(ventanilla: Running, luz: staff.Member, path: str) -> None:
    async with visitor(ventanilla, "luz") as browser:
        browser.token = "another session's"
        refused = await browser.post(path, language="en")
        assert refused.status == 403
        assert "La página era de otra sesión" in refused.text


async def test_a_form_sent_by_another_site_is_refused_even_before_the_login(
    ventanilla: Running, luz: staff.Member
) -> None:
    async with visitor(ventanilla) as browser:
        headers = {"Sec-Fetch-Site": "cross-site"}
        form = {"login": "luz", "password": PASSWORD}
        async with browser.http.post(f"{browser.base}/login", data=form, headers=headers) as answer:
            assert answer.status == 403


async def test_nothing_changes_by_get(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla, "luz") as browser:
        for path in ("/logout", "/language", "/console/next"):
            async with browser.http.get(browser.base + path) as answer:
                assert answer.status == 405
        assert (await browser.get("/console")).path == "/console"


async def test_the_language_follows_the_browser_until_the_member_chooses(
    ventanilla: Running, luz: staff.Member
) -> None:
    async with visitor(ventanilla, language="en-GB,es;q=0.5") as browser:
        assert "Log in to Ventanilla" in (await browser.get("/login")).text
        page = await browser.post("/language", language="es", next="/login?next=/console")
        assert "Entrar a Ventanilla" in page.text
        await browser.log_in("luz")
        assert "Take the next one" in (await browser.post("/language", language="en", next="/console")).text
    async with visitor(ventanilla, "luz", language="es") as browser:
        assert "Take the next one" in (await browser.get("/console")).text


def test_an_accept_language_header_is_weighed() -> None:
    assert negotiated("fr;q=0.9, en;q=0.4, es-CO;q=0.8") == "es"
    assert negotiated("en-US") == "en"
    assert negotiated("zh, *;q=x") == "es"


async def test_every_page_is_guarded_by_its_headers(ventanilla: Running, luz: staff.Member) -> None:
    async with visitor(ventanilla, "luz") as browser:
        for path in ("/console", "/console/cases/20260000015"):
            headers = (await browser.get(path)).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"


async def test_a_defect_shows_nothing_of_itself(
    ventanilla: Running, luz: staff.Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visitor(ventanilla, "luz") as browser:
        monkeypatch.setattr("gateway.web.console.queue_page.counts", _broken)
        page = await browser.get("/console")
    assert page.status == 500
    assert "secret of the inside" not in page.html
    assert "Algo falló de nuestro lado" in page.text


def _broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("secret of the inside")


async def test_the_files_of_the_pages_are_served_once_and_then_cached(ventanilla: Running) -> None:
    browser = Visitor(ventanilla.http, ventanilla.internal)
    page = await browser.get("/login")
    [path] = [part.split('"')[0] for part in page.html.split('href="') if part.startswith("/static/app.css")]
    sheet = await browser.get(path)
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert (await browser.get(path, **{"If-None-Match": sheet.headers["etag"]})).status == 304
    for missing in ("nothing.css", "..%2Fpages.py"):
        assert (await browser.get(f"/static/{missing}")).status == 404


def test_no_page_carries_a_script_or_a_style_of_its_own() -> None:
    folder = Path(__file__).parents[2] / "gateway" / "web" / "templates"
    pages = {path.name: path.read_text("utf-8") for path in folder.rglob("*.html")}
    assert "base.html" in pages
    for name, text in pages.items():
        assert "<style" not in text, name
        assert " style=" not in text, name
        assert "<script>" not in text, name
        assert "|safe" not in text.replace(" ", ""), name


async def _cookie(ventanilla: Running) -> str:
    async with visitor(ventanilla, "luz") as browser:
        [value] = [cookie.value for cookie in browser.http.cookie_jar if cookie.key == SESSION_COOKIE]
    return f"Cookie: {SESSION_COOKIE}={value}"


async def _bearer(ventanilla: Running) -> str:
    token = await ventanilla.gateway.store.transact(
        lambda conn: tokens.create(conn, name="program", role=Role.MANAGER, agency="sena", now=now())
    )
    return f"Authorization: Bearer {token}"


@pytest.mark.parametrize(("path", "shown"), [("/logout", _cookie), ("/api/v1/cases", _bearer)])
async def test_who_leaves_while_still_sending_is_no_failure(
    ventanilla: Running, luz: staff.Member, path: str, shown: Callable[[Running], Awaitable[str]]
) -> None:
    where = ventanilla.gateway.settings.internal_listen
    head = f"POST {path} HTTP/1.1\r\nHost: {where.host}\r\n{await shown(ventanilla)}\r\nContent-Length: 100\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf="

    def answers() -> float:
        return sum(
            sample.value
            for sample in next(iter(metrics.REQUESTS.collect())).samples
            if sample.name.endswith("_count") and sample.labels["route"] == path
        )

    async def answered() -> bool:
        return answers() > before

    before = answers()
    with structlog.testing.capture_logs() as entries:
        _, writer = await asyncio.open_connection("127.0.0.1", where.port)
        writer.write((head + form).encode())
        await writer.drain()
        writer.transport.abort()
        await ventanilla.eventually(answered)
    assert [entry for entry in entries if entry["log_level"] == "error"] == []
