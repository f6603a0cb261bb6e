"""Whatever happens, in whatever order: an open page comes to what a fresh one shows, and cases are what logs say."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from gateway.errors import Refusal
from gateway.principal import Principal, Role
from gateway.timekeeping.verify import Difference, verify
from gateway.web.auth import SESSION_COOKIE
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.clocks import MovableClock
from tests.support.running import Running, eventually, running
from tests.web.test_page_matrix import Scene

pytestmark = IN_A_BROWSER

# By who looks: a manager's own queue and views that fill and empty, and the whole network's.
_VIEWS: Final = {"luz": ("mine", "unassigned", "ended"), "central": ("open", "waiting")}
_ACTS: Final = 14
_ROUNDS: Final = 2
_SHOWN: Final = """() => ({
    rows: [...document.querySelectorAll("#rows .row")].map((row) => `${row.id} ${row.innerText}`),
    counts: [...document.querySelectorAll("[data-count]")].map((each) => `${each.dataset.count} ${each.textContent}`),
})"""


@dataclass
class Town:
    """A gateway, those who work and write, and what has been done so far."""

    scene: Scene
    clock: MovableClock
    chance: random.Random
    people: dict[str, Principal] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    @property
    def running(self) -> Running:
        return self.scene.running

    async def act(self) -> None:
        """Something happens: somebody writes, or somebody of the staff does what they may."""
        cases = await self.running.cases()
        if not cases or self.chance.random() < 0.35:
            phone = f"+5730055500{self.chance.randrange(8):02d}"
            text = self.chance.choice(("SENA: ¿cuándo abren?", "DIAN: mi RUT", "gracias", "NUEVO", "¿y entonces?"))
            await self.running.text(text, sender=phone)
            return self.done.append(f"{phone} {text}")
        case, who = self.chance.choice(cases), self.chance.choice(list(self.people))
        name = self.chance.choice(list(self._acts()))
        try:
            await self._acts()[name](self.people[who], str(case.number))
            self.done.append(f"{who} {name} {case.number}")
        except Refusal:
            # Not theirs, or not now: the next one.
            self.done.append(f"{who} may not {name} {case.number}")

    def _acts(self) -> dict[str, Callable[[Principal, str], Awaitable[Any]]]:
        desk, chance = self.running.gateway.desk, self.chance
        then, to = chance.choice(("answered", "waiting", "open", "closed")), chance.choice(("sena", "dian"))
        until = (self.clock() + timedelta(days=chance.randrange(15, 40))).date()
        return {
            "take": desk.take,
            "release": desk.release,
            "reply": lambda who, number: desk.reply(who, number, "Abren el 15.", then=then),
            "note": lambda who, number: desk.note(who, number, "Llamar a la sede."),
            "transfer": lambda who, number: desk.transfer(who, number, agency=to, reason="No es de aquí."),
            "close": lambda who, number: desk.close(who, number, outcome="withdrawn", reason="Desistió."),
            "reopen": lambda who, number: desk.reopen(who, number, reason="Faltaba algo."),
            "classify": lambda who, number: desk.classify(who, number, term_class="consultation", reason="Concepto."),
            "ask": lambda who, number: desk.ask_completion(who, number, "¿De qué centro?"),
            "resume": lambda who, number: desk.resume(who, number, reason="Ya no hace falta."),
            "extend": lambda who, number: desk.extend(who, number, until=until, reason="La sede no responde."),
        }


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    clock = MovableClock()
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, now=clock) as ventanilla:
        opened = Town(Scene(ventanilla), clock, random.Random(request.param))
        for login, role, agency in (
            ("luz", Role.MANAGER, "sena"), ("ana", Role.MANAGER, "dian"), ("central", Role.TRIAGE, None),
        ):  # fmt: skip
            member = await opened.scene.member(agency, role)
            opened.scene.members[login] = member.id
            opened.people[login] = Principal(id=member.id, name=member.name, role=role, agency=agency)
        yield opened


async def context_of(town: Town, browser: Browser, login: str) -> BrowserContext:
    context = await browser.new_context(locale="es-CO")
    token, _ = await town.scene.session(login)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": town.running.internal}])
    return context


async def listening(context: BrowserContext, address: str) -> Page:
    """A page that hears of changes."""
    page = await context.new_page()
    async with page.expect_response(lambda answer: "/console/stream" in answer.url):
        await page.goto(address)
    return page


async def same(open_page: Page, fresh: Page) -> None:
    """Once the open page shows what a fresh one of its address does."""
    wanted: Any = None

    async def caught_up() -> bool:
        nonlocal wanted
        # Asked for each time: what the timekeeper still does after an act, a page of before it does not show.
        await fresh.goto(open_page.url)
        wanted = await fresh.evaluate(_SHOWN)
        return bool(await open_page.evaluate(_SHOWN) == wanted)

    try:
        # A page and the counts rest for a multiple of what asking took, so a busy machine makes them slow.
        await eventually(caught_up, seconds=60)
    except TimeoutError:
        assert await open_page.evaluate(_SHOWN) == wanted, open_page.url


@pytest.mark.parametrize("town", [1, 2], indirect=True)
async def test_a_page_that_was_open_shows_what_a_fresh_one_does_and_cases_are_what_their_logs_say(
    town: Town, browser: Browser
) -> None:
    contexts = {login: await context_of(town, browser, login) for login in _VIEWS}
    fresh = {login: await context.new_page() for login, context in contexts.items()}
    for _ in range(_ROUNDS):
        town.clock.move(hours=town.chance.randrange(1, 60))
        await town.running.gateway.timekeeper.round()
        pages = [
            (login, await listening(contexts[login], f"{town.running.internal}/console?view={view}"))
            for login, views in _VIEWS.items()
            for view in views
        ]
        for _ in range(_ACTS):
            await town.act()
        for login, page in pages:
            await same(page, fresh[login])
            await page.close()
    for context in contexts.values():
        await context.close()
    await town.running.gateway.timekeeper.round()
    differences: list[Difference] = []
    gateway = town.running.gateway
    verdict = await verify(
        gateway.store, gateway.current().catalog, now=town.clock(), repair=False, tell=differences.append
    )
    assert (differences, verdict.awaiting) == ([], 0), town.done
    assert verdict.cases > 0
