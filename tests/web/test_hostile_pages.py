"""What hostile people send, by every door, stays words: on pages in a real browser, in tables, exports and files."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from gateway.clock import now
from gateway.principal import Role
from gateway.store import staff
from gateway.web.api.route import BASE
from gateway.web.auth import SESSION_COOKIE
from tests.support import databases, telegram_api
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import Running, running
from tests.web.test_api import an_exchange, client
from tests.web.test_page_matrix import Scene

pytestmark = IN_A_BROWSER

# Whatever runs sets the flag.
MARKUP: Final = (
    "<script>window.harmed=1</script>",
    '<img src=x onerror="window.harmed=1">',
    "<svg onload=window.harmed=1><a xlink:href='javascript:window.harmed=1'>x</a></svg>",
    "\"'><iframe srcdoc='<script>parent.harmed=1</script>'>",
    "javascript:window.harmed=1",
    "</textarea></title></style><body onload=window.harmed=1>",
    "{{ 7*7 }} ${7*7} <%= 7*7 %>",
)
BIDI: Final = "\u202egnp.exe\u202c \u2066dentro"
CONTROLS: Final = "uno\x00dos\x1b[31mrojo\x07\x7f\x85fin"
ENDLESS: Final = "ñ" * 10_000
CELLS: Final = ("=HYPERLINK(1)", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1+1")
NAME: Final = f"=1+1 {MARKUP[1]} {BIDI}"
HTML: Final = b"<p>Hola</p><script>window.harmed=1</script>"
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.harmed=1"><script>window.harmed=1</script></svg>'


@dataclass
class Siege:
    """An office under attack, by its case numbers and addresses, and a page of each of its people."""

    scene: Scene
    numbers: list[str] = field(default_factory=list)
    follow_up: str = ""
    exchange: str = ""

    @property
    def running(self) -> Running:
        return self.scene.running

    def addresses(self) -> dict[str, list[str]]:
        """Every page that shows what others wrote, by who opens it."""
        words = [quote(each) for each in (MARKUP[1], MARKUP[3], CELLS[0], BIDI)]
        cases = [f"/console/cases/{number}" for number in self.numbers]
        return {
            "head": [
                *cases,
                *(f"/console?view={view}" for view in ("open", "failed", "ended")),
                *(f"/console/search?q={word}" for word in (*words, "harmed")),
                *(f"/console?view={words[0]}&agency={word}&done={word}" for word in words[:2]),
                "/console/team", "/console/reports/cases", "/console/canned", "/console/texts", "/console/notices",
                f"/console/cases/{words[1]}",
            ],
            "administrator": [
                "/operations", f"/operations/exchanges/{self.exchange}", "/staff", "/audit", "/console/reports",
                f"/console/reports?from={words[0]}", f"/audit?action={words[0]}", f"/staff?q={words[0]}",
            ],
        }  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def siege(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Siege]:
    """One attack for all: what follows only looks."""
    folder = tmp_path_factory.mktemp("siege")
    async with running(databases.fresh("sqlite", folder), folder) as ventanilla:
        besieged = Siege(Scene(ventanilla))
        for caller, (role, agency) in {
            "head": (Role.HEAD, "sena"),
            "administrator": (Role.ADMINISTRATOR, None),
        }.items():
            besieged.scene.members[caller] = (await besieged.scene.member(agency, role)).id
        await ventanilla.gateway.store.transact(
            lambda conn: staff.add(
                conn, login="cruel", name=NAME, role="manager", agency="sena", password_hash=None, now=now()
            )
        )  # fmt: skip
        await _attack(besieged)
        yield besieged


async def _attack(siege: Siege) -> None:
    """By SMS, Telegram and the public form; names and files are hostile too."""
    gateway = siege.running
    for place, text in enumerate((" ".join(MARKUP), f"{BIDI} {CONTROLS}", *CELLS[::2])):
        await gateway.text(f"{text} SENA", sender=f"+5730055{place:05d}")
    update = telegram_api.text_update(f"SENA {ENDLESS[:4000]} {MARKUP[0]}")
    update["message"]["from"] |= {"first_name": MARKUP[0], "last_name": BIDI, "username": MARKUP[1]}
    assert await gateway.update(update) == 200
    siege.follow_up = await _form(gateway, ("../../=1+1.html", HTML), (f"{MARKUP[1]}{BIDI}.svg", SVG))
    # A webhook may carry more than any handset sends.
    await gateway.text(f"SENA {ENDLESS}", sender="+573005599998")
    siege.exchange = await an_exchange(gateway, " ".join((*MARKUP, BIDI, CONTROLS)))
    siege.numbers = [case.number for case in await gateway.cases()]
    assert len(siege.numbers) == 8


async def _form(gateway: Running, *files: tuple[str, bytes]) -> str:
    """Send the public form with files that are said to be plain text; the follow-up page's path comes back."""
    form = aiohttp.FormData(
        {"form_key": "form-key-of-the-tests", "language": "es"}, default_to_multipart=True, quote_fields=False
    )
    form.add_field("text", f"SENA {' '.join(MARKUP)} {ENDLESS[:3000]}")
    form.add_field("name", NAME)
    for name, content in files:
        form.add_field("files", content, filename=name, content_type="text/plain")
    async with gateway.http.post(gateway.public + "/", data=form, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


@dataclass
class Guard:
    """A page that notes whatever runs, opens or is refused by the policy."""

    page: Page
    seen: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        self.page.on("dialog", lambda dialog: self.seen.append(f"dialog {dialog.message}"))
        self.page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        self.page.on("console", lambda said: self.seen.append(said.text) if "Security Policy" in said.text else None)

    async def check(self, address: str) -> None:
        await self.page.goto(address)
        found = await self.page.evaluate("""() => ({
            harmed: window.harmed,
            beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            scripted: [...document.querySelectorAll("a, form, use, img")].filter((each) =>
                /^\\s*(javascript|data):/i.test(each.href?.baseVal ?? each.href ?? each.src ?? each.action)).length,
            strangers: document.querySelectorAll("iframe, object, embed, main script, [onload], [onerror]").length,
            turned: /[\\u202d\\u202e]/.test(document.body.innerText),
            controls: /[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u0084\\u0086-\\u009f]/.test(document.body.innerText),
        })""")
        nothing = {"harmed": None, "beyond": 0, "scripted": 0, "strangers": 0, "turned": False, "controls": False}
        assert found == nothing, (address, found)


async def test_nothing_that_anybody_sends_runs_or_breaks_a_page(siege: Siege, browser: Browser) -> None:
    for caller, paths in siege.addresses().items():
        context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="es-CO")
        token, _ = await siege.scene.session(caller)
        await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": siege.running.internal}])
        guard = Guard(await context.new_page())
        await guard.watch()
        for path in paths:
            await guard.check(siege.running.internal + path)
        for path in (siege.follow_up, f"/?agency={quote(MARKUP[1])}", f"/s/{quote(MARKUP[0])}"):
            await guard.check(siege.running.public + path)
        assert guard.seen == []
        await context.close()


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) for cell in row]


async def test_no_table_that_is_exported_has_a_cell_that_calculates(siege: Siege) -> None:
    gateway = siege.running
    token, _ = await siege.scene.session("administrator")
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"}
    for each in CELLS:
        async with gateway.http.get(
            f"{gateway.internal}/console/search", params={"q": each}, headers=headers
        ) as answer:
            assert answer.status == 200
    exported = ""
    for path in (
        "/console/team.csv?agency=sena",
        "/audit.csv",
        "/console/reports/legal.csv",
        "/console/reports/timeliness.csv",
    ):
        async with gateway.http.get(gateway.internal + path, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "text/csv"), path
            assert answer.headers["Content-Disposition"].startswith("attachment"), path
            exported += await answer.text()
    assert "'=1+1" in exported
    assert [cell for cell in cells(exported) if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


async def test_the_api_says_what_was_said_as_json_and_nothing_else(siege: Siege) -> None:
    api = await client(siege.running, Role.ADMINISTRATOR)
    said = ""
    for path in ("/cases", "/contacts", *(f"/cases/{number}" for number in siege.numbers)):
        answer = await api.raw("GET", path)
        assert (answer.status, answer.content_type) == (200, "application/json"), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        said += await answer.text()
    assert "window.harmed=1" in said
    assert "\x00" not in said


async def test_hostile_files_are_downloads_that_run_nothing(siege: Siege) -> None:
    gateway = siege.running
    api = await client(gateway, Role.ADMINISTRATOR, name="files")
    token, _ = await siege.scene.session("head")
    [case] = [case for case in await gateway.cases() if case.channel == "web"]
    _, told = await api.get(f"/cases/{case.number}")
    files = [file for message in told["messages"] for file in message["attachments"]]
    assert len(files) == 2
    doors: list[tuple[str, dict[str, str]]] = []
    for file in files:
        doors += [
            (f"{gateway.internal}/console/attachments/{file['id']}?inline=1", {"Cookie": f"{SESSION_COOKIE}={token}"}),
            (f"{gateway.internal}{BASE}/attachments/{file['id']}", {"Authorization": f"Bearer {api.token}"}),
            (f"{gateway.public}{siege.follow_up}/files/{file['id']}", {}),
        ]
    for address, headers in doors:
        async with gateway.http.get(address, headers=headers) as answer:
            given: Any = answer.headers
            assert answer.status == 200, address
            # A program is told what the bytes are; a browser is not.
            assert BASE in address or answer.content_type == "application/octet-stream", address
            assert given["Content-Disposition"].startswith("attachment; filename*=UTF-8''"), address
            assert "sandbox" in given["Content-Security-Policy"], address
            assert given["X-Content-Type-Options"] == "nosniff", address
            assert not set(given["Content-Disposition"]) & set('<>"\u202e\r\n\x1b'), address
