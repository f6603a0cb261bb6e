"""The console without a mouse, and without scripts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gateway.principal import Principal, Role
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import ADMINISTRATOR, Running, running
from tests.web.visitor import PASSWORD, employ

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"

pytestmark = IN_A_BROWSER


@dataclass
class Desk:
    """A gateway where Luz works at SENA, and a browser that nobody has logged in at."""

    ventanilla: Running
    browser: Browser
    numbers: list[str]
    complaints: list[str] = field(default_factory=list)

    async def page(self, *, scripts: bool = True) -> Page:
        context = await self.browser.new_context(locale="es-CO", java_script_enabled=scripts)
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.ventanilla.internal}/login")
        return page

    async def states(self) -> dict[str, str]:
        return {case.number: case.state for case in await self.ventanilla.cases()}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    async with running(databases.fresh("sqlite", tmp_path), tmp_path) as ventanilla:
        for login, agency in (("luz", "sena"), ("ana", "dian")):
            await employ(ventanilla, login, agency=agency)
        for n in range(4):
            await ventanilla.text(f"{QUESTION} {n}", sender=f"+57300555{n:04d}")
        opened = Desk(ventanilla, browser, sorted(case.number for case in await ventanilla.cases()))
        yield opened
        for context in browser.contexts:
            await context.close()


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it has the focus; nobody presses it forty times."""
    for _ in range(40):
        await press(page, "Tab")
        if await page.locator(selector).evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


async def test_a_manager_works_by_the_keyboard_alone(desk: Desk) -> None:
    page, first = await desk.page(), desk.numbers[0]
    await expect(page.locator("#login")).to_be_focused()
    await page.keyboard.type("luz")
    await press(page, "Tab")
    await page.keyboard.type(PASSWORD)
    await press(page, "Enter")
    await page.wait_for_url("**/console")
    await expect(page.locator(".queue.empty")).to_contain_text("4")

    await press(page, "?")
    await expect(page.locator("#keys")).to_be_visible()
    await expect(page.locator("#keys tr[data-press='g m']")).to_contain_text("Míos")
    await press(page, "Escape", "g", "n")
    await page.wait_for_url(f"**/console/cases/{first}**")
    await press(page, "r")
    await expect(page.locator("#reply")).to_be_focused()
    await page.keyboard.type("Abren el 15 de enero, jk?x.")
    await tab_to(page, "#composer button[value=answered]")
    await press(page, "Enter")
    await page.wait_for_url("**done=replied_answered**")
    assert (await desk.states())[first] == "answered"

    await press(page, "n")
    await expect(page.locator("#note")).to_be_focused()
    await press(page, "Tab", "u")
    await page.wait_for_url("**/console")
    await press(page, "g", "a")
    await page.wait_for_url("**view=open**")
    await press(page, "j", "j")
    await expect(page.locator(f"#c{desk.numbers[2]} .person a")).to_be_focused()
    await press(page, "k", "Enter")
    await page.wait_for_url(f"**/console/cases/{desk.numbers[1]}")
    await press(page, "t")
    await expect(page.locator("#transfer-agency")).to_be_focused()
    assert desk.complaints == []


async def test_the_row_and_the_ticks_outlive_a_refresh_of_the_list(desk: Desk) -> None:
    page = await desk.page()
    await page.fill("#login", "luz")
    await page.fill("#password", PASSWORD)
    await press(page, "Enter")
    await page.wait_for_url("**/console")
    async with page.expect_response(lambda answer: "/console/stream" in answer.url):
        await page.goto(f"{desk.ventanilla.internal}/console?view=open")
    await press(page, "j", "x", "j", "j", "x")
    row = page.locator(f"#c{desk.numbers[2]}")
    await expect(row.locator(".person a")).to_be_focused()
    await expect(page.locator("#picked")).to_have_text("2 marcados")
    jorge = await employ(desk.ventanilla, "jorge", agency="sena")
    colleague = Principal(id=jorge.id, name=jorge.name, role=Role.MANAGER, agency="sena")
    await desk.ventanilla.gateway.desk.take(colleague, desk.numbers[2])
    await expect(row.locator(".assignee")).to_contain_text("Nombre de jorge")
    await expect(row.locator(".person a")).to_be_focused()
    await expect(row.locator("input")).to_be_checked()
    await desk.ventanilla.gateway.desk.close(ADMINISTRATOR, desk.numbers[0], outcome="spam", reason="Es spam")
    await expect(page.locator("#picked")).to_have_text("1 marcado")
    await desk.ventanilla.gateway.desk.close(ADMINISTRATOR, desk.numbers[2], outcome="spam", reason="Es spam")
    await expect(row).to_have_count(0)
    await press(page, "j")
    await expect(page.locator(f"#c{desk.numbers[3]} .person a")).to_be_focused()
    await press(page, "e")
    await expect(page.locator("#bulk-act")).to_have_value("close")
    await expect(page.locator("#bulk button")).to_be_focused()
    await press(page, "Enter")
    await page.wait_for_url("**/console/bulk")
    await expect(page.locator("h1")).to_have_text("Cerrar casos: 1")
    assert desk.complaints == []


async def test_everything_is_done_without_scripts(desk: Desk) -> None:
    page = await desk.page(scripts=False)
    await page.fill("#login", "luz")
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("**/console")

    await page.get_by_text("Filtrar la lista").click()
    await page.get_by_label("Responsable").select_option("nobody")
    await page.get_by_role("button", name="Filtrar", exact=True).click()
    await expect(page.locator(".row")).to_have_count(4)
    await page.get_by_label("Nombre de la vista").fill("Sin dueño")
    await page.get_by_role("button", name="Guardar vista").click()
    await expect(page.locator(".views .saved")).to_have_text("Sin dueño 4")

    await page.get_by_role("button", name="Tomar el siguiente").first.click()
    await page.fill("#reply", "Abren el 15 de enero.")
    await page.locator("#composer button[value=answered]").click()
    assert (await desk.states())[desk.numbers[0]] == "answered"

    await page.get_by_role("button", name="Tomar el siguiente").first.click()
    await page.get_by_text("Trasladar a otra entidad").click()
    await page.locator("#transfer-agency").select_option("dian")
    await page.locator("#transfer-reason").fill("Es un impuesto")
    await page.get_by_role("button", name="Trasladar", exact=True).click()
    await page.wait_for_url("**done=transferred")

    for _ in range(2):
        await page.get_by_role("button", name="Tomar el siguiente").first.click()
    await page.locator(".views a", has_text="Míos").click()
    for number in desk.numbers[2:]:
        await page.get_by_label(f"Marcar el caso {number}").check()
    await page.get_by_label("Con los marcados").select_option("release")
    await page.get_by_role("button", name="Continuar").click()
    await page.get_by_role("button", name="Devolver 2").click()
    await expect(page.locator(".flash")).to_have_text("Hecho en todos los casos: 2.")
    await page.get_by_role("link", name="Sin dueño").click()
    await expect(page.locator(".row")).to_have_count(2)
