"""axe-core finds nothing on any page: light and dark, Spanish or English, on a desk or on a telephone.

The language and the width are drawn for each page by the seed that pytest-randomly prints, so that the runs together
look at them all.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, Literal

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from gateway import app
from gateway.web.auth import LANGUAGE_COOKIE, SESSION_COOKIE
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.clocks import MovableClock
from tests.support.running import Running, running
from tests.web.accessible_pages import (
    NO_PAGES,
    PAGES,
    PROGRAMS,
    REFUSALS,
    REFUSED_FORMS,
    SIMULATED,
    Office,
    lived_in,
)

pytestmark = IN_A_BROWSER

_WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}
_NARROW: Final[ViewportSize] = {"width": 360, "height": 740}
# The simulator speaks the Spanish of those who set a deployment up, a document that of its citizen.
_LANGUAGES: Final = {"/simulator": ("es",), "/console/cases/{answered}/document": ("es",)}
Light = Literal["light", "dark"]
_LIGHTS: Final[tuple[Light, Light]] = ("light", "dark")
# Pages that are looked at side by side.
_TABS: Final = 2
_PARTS: Final = 4
# Every rule that axe-core has on by default, best practices included; `rules` narrows them to one.
_RUN: Final = """async (rules) => {
    const found = await axe.run(document, { resultTypes: ["violations"], ...(rules && { runOnly: rules }) });
    return found.violations.flatMap((violation) =>
        violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""
# The page's own form, as it would be sent without the browser's checks.
_SEND: Final = """([action, fields]) => {
    const form = [...document.forms].find((each) => each.getAttribute("action").split("?")[0] === action);
    for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
    form.submit();
}"""


@lru_cache(maxsize=1)
def axe() -> str:
    """axe-core itself, as the package that brings it keeps it."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A page to be looked at: whose it is, where it is, and the form that is sent from it, if any."""

    listener: str
    caller: str | None
    path: str
    form: tuple[str, dict[str, str]] | None = None


def looks() -> Iterator[Look]:
    """Every page of the table, and everything that is said when something is refused."""
    for route, shown in PAGES.items():
        for caller, path in shown:
            yield Look(listener=route.split()[0], caller=caller, path=path)
    for listener, caller, path in REFUSALS:
        yield Look(listener=listener, caller=caller, path=path)
    for listener, caller, path, action, fields in REFUSED_FORMS:
        yield Look(listener=listener, caller=caller, path=path, form=(action, fields))


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = MovableClock()
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, now=clock, **SIMULATED) as ventanilla:
        yield await lived_in(ventanilla, clock)


@dataclass
class Eyes:
    """A browser at the office: what it finds wrong is kept by page and way of looking."""

    office: Office
    browser: Browser
    found: dict[str, list[str]]

    async def look(self, look: Look) -> None:
        """In one of the ways of looking, which changes from run to run; the colours by day and by night."""
        language = random.choice(_LANGUAGES.get(look.path, ("es", "en")))
        width, light = random.choice((_WIDE, _NARROW)), random.choice(_LIGHTS)
        context = await self._context(look, language, width)
        page = await context.new_page()
        await page.emulate_media(color_scheme=light)
        await self._go(page, look, language)
        await self._axe(page, look, f"{language}, {width['width']}, {light}")
        other: Light = "dark" if light == "light" else "light"
        await page.emulate_media(color_scheme=other)
        await self._axe(page, look, f"{language}, {width['width']}, {other}", "color-contrast")
        await context.close()

    async def _context(self, look: Look, language: str, width: ViewportSize) -> BrowserContext:
        locale = {"es": "es-CO", "en": "en-GB"}[language]
        context = await self.browser.new_context(locale=locale, viewport=width)
        cookies = {LANGUAGE_COOKIE: language}
        if look.caller:
            cookies[SESSION_COOKIE] = await self.office.cookie(look.caller)
        url = self._base(look)
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        return context

    def _base(self, look: Look) -> str:
        return self.office.running.internal if look.listener == "internal" else self.office.running.public

    async def _go(self, page: Page, look: Look, language: str) -> None:
        path = self.office.path(look.path)
        if look.listener == "public" and language == "en":
            path += "&lang=en" if "?" in path else "?lang=en"
        await page.goto(self._base(look) + path)
        if look.form:
            action, fields = look.form
            async with page.expect_navigation():
                await page.evaluate(_SEND, [self.office.path(action), fields])
        assert (look, await page.evaluate("document.documentElement.lang")) == (look, language)

    async def _axe(self, page: Page, look: Look, way: str, rule: str | None = None) -> None:
        if not await page.evaluate("'axe' in window"):
            await page.evaluate(axe())
        wrong: list[str] = await page.evaluate(_RUN, rule)
        if wrong:
            self.found[f"{look.listener} {look.path} {look.caller} {look.form or ''} ({way})"] = wrong


# In parts, which the workers share.
@pytest.mark.parametrize("part", range(_PARTS))
async def test_axe_finds_nothing_on_any_page(office: Office, browser: Browser, part: int) -> None:
    eyes, waiting = Eyes(office, browser, {}), list(looks())[part::_PARTS]

    async def tab() -> None:
        while waiting:
            await eyes.look(waiting.pop())

    async with asyncio.TaskGroup() as tabs:
        for _ in range(_TABS):
            tabs.create_task(tab())
    wrong = [f"{look}\n    {each}" for look, several in sorted(eyes.found.items()) for each in several]
    assert not wrong, "\n".join(wrong)


def routes(ventanilla: Running) -> set[str]:
    """What a browser can ask of either listener, programs' doors aside."""
    found = set()
    for name, made in (("internal", app.internal_app), ("public", app.public_app)):
        for route in made(ventanilla.gateway).router.routes():
            resource = route.resource
            assert isinstance(resource, web.Resource)
            if route.method == "GET" and not resource.canonical.startswith(PROGRAMS):
                found.add(f"{name} {resource.canonical}")
    return found


async def test_every_route_of_either_listener_is_looked_at_or_shows_no_page(office: Office) -> None:
    assert sorted(routes(office.running) ^ (PAGES.keys() | NO_PAGES.keys())) == []
