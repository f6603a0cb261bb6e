"""Somebody at a browser without scripts: follows links and posts forms, cookies and tokens included."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape

import aiohttp

from gateway.accounts import passwords
from gateway.store import staff
from gateway.store.staff import Member
from tests.support.running import Running

PASSWORD = "una frase que nadie adivina"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_HASHES: list[str] = []


@dataclass
class Page:
    """What came back."""

    status: int
    html: str
    headers: dict[str, str]
    path: str

    @property
    def text(self) -> str:
        """What is read, roughly: the markup without its tags, entities resolved."""
        return unescape(re.sub(r"<[^>]+>", " ", self.html))


@dataclass
class Visitor:
    """One browser. `token` is the last page's."""

    http: aiohttp.ClientSession
    base: str
    token: str = ""

    async def get(self, path: str, **headers: str) -> Page:
        async with self.http.get(self.base + path, headers=headers) as answer:
            return await self._read(answer)

    async def post(self, path: str, **fields: str) -> Page:
        """Send a form and go where it leads."""
        async with self.http.post(self.base + path, data={"csrf": self.token, **fields}) as answer:
            return await self._read(answer)

    async def post_only(self, path: str, **fields: str) -> Page:
        """Send a form and stay with its answer."""
        form = {"csrf": self.token, **fields}
        async with self.http.post(self.base + path, data=form, allow_redirects=False) as answer:
            return await self._read(answer)

    async def log_in(self, login: str, password: str = PASSWORD, **fields: str) -> Page:
        return await self.post("/login", login=login, password=password, **fields)

    async def _read(self, answer: aiohttp.ClientResponse) -> Page:
        html = (await answer.read()).decode("utf-8", "replace")
        found = _TOKEN.search(html)
        self.token = unescape(found.group(1)) if found else self.token
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Page(answer.status, html, headers, answer.url.raw_path_qs)


@asynccontextmanager
async def visitor(ventanilla: Running, login: str | None = None, *, language: str = "es") -> AsyncIterator[Visitor]:
    """A browser, logged in when a login is named."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": language}) as http:
        browser = Visitor(http, ventanilla.internal)
        if login:
            page = await browser.log_in(login)
            assert page.status == 200, page.text
        yield browser


async def employ(ventanilla: Running, login: str, *, role: str = "manager", agency: str | None = None) -> Member:
    """A member of staff who can log in with `PASSWORD`."""
    if not _HASHES:
        _HASHES.append(await passwords.hashed(PASSWORD))
    gateway = ventanilla.gateway
    return await gateway.store.transact(
        lambda conn: staff.add(
            conn, login=login, name=f"Nombre de {login}", role=role, agency=agency,
            password_hash=_HASHES[0], now=gateway.clock(),
        )
    )  # fmt: skip
