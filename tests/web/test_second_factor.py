"""The second step: setting it up, getting in with it, and losing it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pyotp
import pytest
import segno
from sqlalchemy import select

from gateway.store import schema as t
from gateway.store.staff import Member
from tests.support.running import Running, running
from tests.web.visitor import Visitor, employ, visitor

START = datetime(2026, 11, 17, 14, 0, 5, tzinfo=UTC)


class Clock:
    """A clock that a test sets; nothing here waits half a minute."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def later(self, **units: float) -> None:
        self.now += timedelta(**units)


def code_of(secret: str, clock: Callable[[], datetime]) -> str:
    return pyotp.TOTP(secret).at(clock())


async def enrol(browser: Visitor, clock: Clock) -> tuple[str, list[str]]:
    """Set a second factor up; its secret and recovery codes."""
    page = await browser.post("/account/second-factor/begin")
    [key] = re.findall(r'class="key"><code>([A-Z2-7 ]+)</code>', page.html)
    secret = key.replace(" ", "")
    assert f"otpauth://totp/Ventanilla:luz?secret={secret}" in unescape(page.html)
    page = await browser.post("/account/second-factor/confirm", code=code_of(secret, clock))
    assert page.status == 200, page.text
    return secret, re.findall(r"<li><code>([a-z2-7-]+)</code></li>", page.html)


async def luz(ventanilla: Running) -> Member:
    return await employ(ventanilla, "luz", agency="sena")


async def test_after_it_is_set_up_a_password_alone_opens_nothing_and_a_code_opens_once(
    database: str, tmp_path: Path
) -> None:
    clock = Clock()
    async with running(database, tmp_path, now=clock) as ventanilla:
        member = await luz(ventanilla)
        async with visitor(ventanilla, "luz") as browser:
            secret, codes = await enrol(browser, clock)
            assert len(codes) == 10
        async with visitor(ventanilla) as browser:
            page = await browser.log_in("luz", next="/console?view=overdue")
            assert page.path == "/login/code?next=/console?view%3Doverdue"
            assert (await browser.get("/console")).path.startswith("/login")
            clock.later(seconds=30)
            code = code_of(secret, clock)
            assert (await browser.post("/login/code", code="000000")).status == 401
            page = await browser.post("/login/code", code=f" {code[:3]} {code[3:]} ", next="/console?view=overdue")
            assert (page.status, page.path) == (200, "/console?view=overdue")
        async with visitor(ventanilla) as browser:
            await browser.log_in("luz")
            # The code that opened a door a second ago, still shown by the telephone.
            assert (await browser.post("/login/code", code=code)).status == 401
            assert (await browser.post("/login/code", code=codes[0].upper())).path == "/console"
        async with visitor(ventanilla) as browser:
            await browser.log_in("luz")
            assert (await browser.post("/login/code", code=codes[0])).status == 401
        async with ventanilla.gateway.store.read() as conn:
            [kept] = await conn.execute(select(t.second_factor))
            hashes = [row.code_hash for row in await conn.execute(select(t.recovery_code))]
        assert kept.staff_id == member.id
        assert secret not in kept.secret
        assert not set(codes) & set(hashes)


async def test_five_wrong_codes_must_wait_even_for_a_right_one(database: str, tmp_path: Path) -> None:
    clock = Clock()
    async with running(database, tmp_path, now=clock) as ventanilla:
        await luz(ventanilla)
        async with visitor(ventanilla, "luz") as browser:
            secret, _ = await enrol(browser, clock)
        clock.later(seconds=60)
        async with visitor(ventanilla) as browser:
            await browser.log_in("luz")
            for _ in range(5):
                assert (await browser.post("/login/code", code="000000")).status == 401
            assert (await browser.post("/login/code", code=code_of(secret, clock))).status == 429
            clock.later(minutes=16)
            await browser.log_in("luz")
            assert (await browser.post("/login/code", code=code_of(secret, clock))).path == "/console"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_half_a_login_ends_after_ten_minutes(database: str, tmp_path: Path) -> None:
    clock = Clock()
    async with running(database, tmp_path, now=clock) as ventanilla:
        await luz(ventanilla)
        async with visitor(ventanilla, "luz") as browser:
            secret, _ = await enrol(browser, clock)
        async with visitor(ventanilla) as browser:
            await browser.log_in("luz")
            clock.later(minutes=11)
            assert (await browser.get("/login/code")).path == "/login"
            assert (await browser.post("/login/code", code=code_of(secret, clock))).path == "/login"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_role_that_must_have_one_gets_no_further_without(database: str, tmp_path: Path) -> None:
    clock = Clock()
    async with running(database, tmp_path, now=clock, VENTANILLA_SECOND_FACTOR="manager, head") as ventanilla:
        await luz(ventanilla)
        await employ(ventanilla, "ana", role="operator")
        async with visitor(ventanilla, "luz") as browser:
            for path in ("/console", "/account", "/console/cases/20260000015"):
                page = await browser.get(path)
                assert page.path == "/account/second-factor"
            assert "Su perfil exige un segundo paso" in page.text
            assert (await browser.post("/console/next")).path == "/account/second-factor"
            await enrol(browser, clock)
            assert (await browser.get("/console")).path == "/console"
            clock.later(seconds=90)
            refused = await browser.post("/account/second-factor/remove", code="000000")
            assert (refused.status, "exige un segundo paso" in refused.text) == (409, True)
        async with visitor(ventanilla, "ana") as browser:
            assert (await browser.get("/console")).path == "/console"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_it_is_changed_and_removed_only_by_whoever_holds_it(database: str, tmp_path: Path) -> None:
    clock = Clock()
    async with running(database, tmp_path, now=clock) as ventanilla:
        await luz(ventanilla)
        async with visitor(ventanilla, "luz") as elsewhere, visitor(ventanilla, "luz") as browser:
            secret, codes = await enrol(browser, clock)
            # Whoever had got in elsewhere had got in without it.
            assert (await elsewhere.get("/console")).path.startswith("/login")
            page = await browser.get("/account/second-factor")
            assert secret not in page.html.replace(" ", "")
            assert "Le quedan 10 códigos" in page.text
            assert (await browser.post("/account/second-factor/begin")).status == 409
            for act in ("codes", "remove"):
                refused = await browser.post(f"/account/second-factor/{act}", code="123")
                assert (refused.status, "El código no es correcto" in refused.text) == (422, True)
            fresh = await browser.post("/account/second-factor/codes", code=codes[1])
            assert len(re.findall(r"<li><code>", fresh.html)) == 10
            assert codes[2] not in fresh.html
            clock.later(seconds=60)
            page = await browser.post("/account/second-factor/remove", code=code_of(secret, clock))
            assert page.path == "/account?done=factor_removed"
        async with visitor(ventanilla) as browser:
            assert (await browser.log_in("luz")).path == "/console"


def modules(drawn: str) -> list[list[int]]:
    """The dark and light squares that an SVG's path draws a row at a time, its light margin of four cut off."""
    [(size, path)] = re.findall(r'<svg viewBox="0 0 (\d+) \d+">.*?<path stroke="#000" d="([^"]+)"/></svg>', drawn)
    rows = [[0] * int(size) for _ in range(int(size))]
    x, y = 0.0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if command == "h":
            rows[int(y)][int(x) : int(x) + int(first)] = [1] * int(first)
            x += float(first)
        else:
            x, y = float(first) + (x if command == "m" else 0), float(second) + (y if command == "m" else 0)
    return [row[4:-4] for row in rows[4:-4]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_key_is_drawn_for_a_telephones_camera_and_written_nowhere_else(ventanilla: Running) -> None:
    await luz(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.post("/account/second-factor/begin")
        [link] = re.findall(r'href="(otpauth:[^"]+)"', page.html)
        [drawn] = re.findall(r'<div class="qr" role="img" aria-label="[^"]+">(.*?)</div>', page.html)
        code = segno.make(unescape(link), error="m", micro=False)
        assert modules(drawn) == [list(row) for row in code.matrix]
        # White around it in every theme, and nothing that the policy would drop.
        assert drawn.startswith(f'<svg viewBox="0 0 {code.symbol_size()[0]} {code.symbol_size()[0]}"><path fill="#fff"')
        assert not re.search(r"style=|<style|<title|xlink|data:", drawn)
        [secret] = re.findall(r"secret=(\w+)", link)
        assert page.html.count(secret) == 1
        assert page.html.replace(" ", "").count(secret) == 2
        assert "no-store" in page.headers["cache-control"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_wrong_first_code_shows_the_same_key_again(ventanilla: Running) -> None:
    await luz(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.post("/account/second-factor/begin")
        [key] = re.findall(r'class="key"><code>([A-Z2-7 ]+)</code>', page.html)
        page = await browser.post("/account/second-factor/confirm", code="no es")
        assert page.status == 422
        assert key in page.html
        assert (await browser.get("/account/second-factor")).html.count(key) == 0
