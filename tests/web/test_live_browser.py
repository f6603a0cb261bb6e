"""Two people at two browsers: what one does, the other sees without a reload, and nothing that is typed is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from sqlalchemy import select

from gateway.clock import new_id
from gateway.principal import Principal, Role
from gateway.store import schema as t
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import ADMINISTRATOR, Running, eventually, running
from tests.web.visitor import PASSWORD, employ

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
# A tab that nobody sees, or somebody sees again.
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
# What the stream has said of cases.
HEARD = """window.heard = [];
window.EventSource = class extends EventSource {
    constructor(address) {
        super(address);
        this.addEventListener("case", (event) => window.heard.push(JSON.parse(event.data)));
    }
};"""
# A promise that is kept when an element of that id comes into the rows.
SHOWN_ONCE = """id => {
    window.shownOnce = new Promise((shown) => {
        const look = () => { if (document.getElementById(id)) shown(true); };
        new MutationObserver(look).observe(document.getElementById("rows"), { childList: true, subtree: true });
    });
    return null;
}"""

pytestmark = IN_A_BROWSER


@dataclass
class Desk:
    """A gateway, and Luz and Jorge of SENA, each in a browser of their own."""

    ventanilla: Running
    luz: Page
    jorge: Page
    complaints: list[str] = field(default_factory=list)

    async def case(self, n: int = 1) -> str:
        before = {case.number for case in await self.ventanilla.cases()}
        await self.ventanilla.text(f"{QUESTION} {n}", sender=f"+57300555{n:04d}")
        [number] = {case.number for case in await self.ventanilla.cases()} - before
        return str(number)

    async def principal(self, login: str) -> Principal:
        async with self.ventanilla.gateway.store.read() as conn:
            row = (await conn.execute(select(t.staff).where(t.staff.c.login == login))).one()
        return Principal(id=row.id, name=row.name, role=Role(row.role), agency=row.agency)

    async def enter(self, page: Page, login: str) -> None:
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.ventanilla.internal}/login")
        await page.fill("#login", login)
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/console")

    async def open(self, page: Page, path: str) -> None:
        """Go to a page, and wait until it listens."""
        async with page.expect_response(lambda answer: "/console/stream" in answer.url):
            await page.goto(self.ventanilla.internal + path)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    async with running(databases.fresh("sqlite", tmp_path), tmp_path) as ventanilla:
        contexts = [await browser.new_context(locale="es-CO") for _ in range(2)]
        pages = [await context.new_page() for context in contexts]
        opened = Desk(ventanilla, luz=pages[0], jorge=pages[1])
        for page, login in zip(pages, ("luz", "jorge"), strict=True):
            await employ(ventanilla, login, agency="sena")
            await opened.enter(page, login)
        yield opened
        for context in contexts:
            await context.close()


async def test_a_new_case_and_who_takes_it_are_seen_by_the_other(desk: Desk) -> None:
    await desk.open(desk.luz, "/console?view=open")
    await desk.open(desk.jorge, "/console?view=open")
    for n in range(1, 4):
        number = await desk.case(n)
        row = desk.luz.locator(f"#c{number}")
        await expect(row).to_contain_text("Sin asignar")
        await desk.ventanilla.gateway.desk.take(await desk.principal("jorge"), number)
        await expect(row).to_contain_text("Nombre de jorge")
        await expect(desk.jorge.locator('[data-count="mine"]')).to_have_text(str(n))
    await expect(desk.luz.locator('[data-count="unassigned"]')).to_have_text("0")
    await expect(desk.luz.locator('[data-count="mine"]')).to_have_text("0")
    assert desk.complaints == []


async def test_rows_the_server_could_not_give_are_asked_for_again(desk: Desk) -> None:
    refusals = [lambda route: route.abort(), lambda route: route.fulfill(status=503)]

    async def once_each(route: Route) -> None:
        await (refusals.pop()(route) if refusals else route.fallback())

    await desk.luz.route("**/console/queue/rows*", once_each)
    await desk.open(desk.luz, "/console?view=open")
    number = await desk.case()
    await expect(desk.luz.locator(f"#c{number}")).to_contain_text("Sin asignar")
    assert refusals == []


async def test_a_row_that_left_while_it_was_fetched_does_not_stay(desk: Desk) -> None:
    jorge, number = await desk.principal("jorge"), await desk.case()
    fetched, heard = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        if number in await answer.text():
            fetched.set()
            await heard.wait()
        await route.fulfill(response=answer)

    await desk.ventanilla.gateway.desk.take(jorge, number)
    await desk.luz.add_init_script(HEARD)
    await desk.luz.route("**/console/queue/rows*", late)
    await desk.open(desk.luz, "/console?view=unassigned")
    # A page that has just come may ask for its rows once more.
    await asyncio.sleep(1)
    await desk.ventanilla.gateway.desk.release(jorge, number)
    await fetched.wait()
    await desk.ventanilla.gateway.desk.take(jorge, number)
    await eventually(lambda: desk.luz.evaluate("window.heard.at(-1).assignee !== null"))
    await desk.luz.evaluate(SHOWN_ONCE, f"c{number}")
    heard.set()
    await desk.luz.evaluate("window.shownOnce")
    await expect(desk.luz.locator(f"#c{number}")).to_have_count(0)


async def test_rows_come_and_go_while_focus_and_place_stay(desk: Desk) -> None:
    numbers = [await desk.case(n) for n in range(1, 25)]
    await desk.luz.set_viewport_size({"width": 1200, "height": 500})
    await desk.open(desk.luz, "/console?view=unassigned")
    focused = desk.luz.locator(f"#c{numbers[20]} a")
    await focused.focus()
    before = await focused.evaluate("element => element.getBoundingClientRect().top")
    assert await desk.luz.evaluate("scrollY") > 0
    jorge = await desk.principal("jorge")
    await desk.ventanilla.gateway.desk.take(jorge, numbers[0])
    await expect(desk.luz.locator(f"#c{numbers[0]}")).to_have_count(0)
    await expect(focused).to_be_focused()
    assert abs(await focused.evaluate("element => element.getBoundingClientRect().top") - before) < 2
    await desk.ventanilla.gateway.desk.release(jorge, numbers[0])
    await expect(desk.luz.locator(".row").first).to_have_id(f"c{numbers[0]}")
    await expect(focused).to_be_focused()


async def test_a_case_that_goes_to_another_agency_leaves_queue_and_page(desk: Desk) -> None:
    await employ(desk.ventanilla, "ana", agency="dian")
    number = await desk.case()
    await desk.open(desk.luz, "/console?view=open")
    await desk.open(desk.jorge, f"/console/cases/{number}")
    await desk.ventanilla.gateway.desk.transfer(ADMINISTRATOR, number, agency="dian", reason="Es un impuesto")
    await expect(desk.luz.locator(f"#c{number}")).to_have_count(0)
    await expect(desk.luz.locator(".queue.empty")).to_be_visible()
    await expect(desk.jorge.get_by_role("link", name="El caso pasó a otra entidad.")).to_be_visible()


async def test_a_page_that_missed_how_its_case_left_finds_it_gone(desk: Desk) -> None:
    await employ(desk.ventanilla, "ana", agency="dian")
    number = await desk.case()
    await desk.open(desk.jorge, f"/console/cases/{number}")
    await desk.jorge.evaluate(HIDE, True)
    await desk.ventanilla.gateway.desk.transfer(ADMINISTRATOR, number, agency="dian", reason="Es un impuesto")
    # So much is said meanwhile that none of this is kept.
    for room in desk.ventanilla.gateway.live._rooms.values():
        room.floor = new_id()
    await desk.jorge.evaluate(HIDE, False)
    await expect(desk.jorge.get_by_role("link", name="El caso pasó a otra entidad.")).to_be_visible()


async def test_a_page_of_a_case_grows_and_keeps_what_is_being_typed(desk: Desk) -> None:
    number = await desk.case()
    path = f"/console/cases/{number}"
    await desk.open(desk.luz, path)
    await desk.open(desk.jorge, path)
    await expect(desk.luz.locator("#case-head .present")).to_have_text("Nombre de jorge lo está viendo")
    await desk.jorge.locator("#reply").press_sequentially("Abren el 15")
    await expect(desk.luz.locator("#case-head .present")).to_have_text("Nombre de jorge está escribiendo")
    await desk.ventanilla.gateway.desk.note(await desk.principal("luz"), number, "Yo llamo al Centro.")
    await expect(desk.jorge.locator("#timeline .note")).to_contain_text("Yo llamo al Centro.")
    await expect(desk.jorge.get_by_role("link", name="Nombre de luz cambió este caso.")).to_be_visible()
    assert await desk.jorge.input_value("#reply") == "Abren el 15"
    await desk.ventanilla.text("¿Y hasta cuándo?", sender="+573005550001")
    await expect(desk.luz.locator("#timeline .in").last).to_contain_text("¿Y hasta cuándo?")
    await desk.jorge.get_by_role("link", name="La persona escribió.").click()
    await expect(desk.jorge.locator("#timeline .in").last).to_contain_text("¿Y hasta cuándo?")
    assert await desk.jorge.input_value("#reply") == "Abren el 15"
    await desk.jorge.goto(f"{desk.ventanilla.internal}/console")
    await expect(desk.luz.locator("#case-head .present")).to_be_hidden()
    assert desk.complaints == []


async def test_a_page_of_a_case_shows_its_moved_terms_but_never_takes_a_form_that_is_open(desk: Desk) -> None:
    number = await desk.case()
    jorge = await desk.principal("jorge")
    await desk.open(desk.luz, f"/console/cases/{number}")
    await desk.open(desk.jorge, f"/console/cases/{number}")
    days = desk.luz.locator(".why").first
    await days.locator("summary").click()
    extend = desk.jorge.locator("#terms details", has=desk.jorge.locator("form[action$=extend]"))
    await extend.locator("summary").click()
    await extend.locator("[name=reason]").fill("Hay que visitar el centro")
    await desk.ventanilla.gateway.desk.classify(jorge, number, term_class="consultation", reason="Pide un concepto")
    await expect(desk.luz.locator("#terms")).to_contain_text("30 días hábiles")
    await expect(days).to_have_attribute("open", "")
    await expect(days.locator("summary")).to_be_focused()
    await expect(desk.jorge.locator("#timeline")).to_contain_text("Pide un concepto")
    await expect(extend.locator("[name=reason]")).to_have_value("Hay que visitar el centro")
    await expect(desk.jorge.locator("#terms")).to_contain_text("10 días hábiles")
    assert desk.complaints == []


async def test_a_tab_nobody_sees_holds_no_stream_and_catches_up(desk: Desk) -> None:
    await desk.luz.add_init_script("""
        window.streams = [];
        window.EventSource = class extends EventSource {
            constructor(...given) { super(...given); streams.push(this); }
        };
    """)
    await desk.open(desk.luz, "/console?view=open")
    await desk.luz.evaluate(HIDE, True)
    assert await desk.luz.evaluate("streams.map(stream => stream.readyState === EventSource.CLOSED)") == [True]
    number = await desk.case()
    await desk.luz.evaluate(HIDE, False)
    await expect(desk.luz.locator(f"#c{number}")).to_be_visible()


async def test_a_logout_elsewhere_stills_the_page_and_says_so(desk: Desk) -> None:
    other = await desk.luz.context.new_page()
    await desk.open(desk.luz, "/console?view=open")
    await desk.open(other, "/console")
    await other.get_by_role("button", name="Salir").click()
    await other.wait_for_url("**/login")
    await expect(desk.luz.get_by_role("link", name="Esta página ya no se actualiza sola.")).to_be_visible()
