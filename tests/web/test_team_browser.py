"""The team, canned answers and texts in a real browser: their scripts, the policy, and the narrowest width."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page

from gateway.store import staff
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import Running, running
from tests.web.test_api import asked
from tests.web.visitor import PASSWORD, employ

pytestmark = IN_A_BROWSER


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[tuple[Running, Page, list[str]]]:
    """A gateway, a page logged in as SENA's head, and what the browser complained about."""
    async with running(databases.fresh("sqlite", tmp_path), tmp_path) as ventanilla:
        await employ(ventanilla, "luz", agency="sena")
        await employ(ventanilla, "jefa", role="head", agency="sena")
        page = await browser.new_page(locale="es-CO")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{ventanilla.internal}/login")
        await page.fill("#login", "jefa")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/console")
        yield ventanilla, page, complaints
        await page.close()


async def test_one_tick_takes_a_whole_list_and_gives_it_away(desk: tuple[Running, Page, list[str]]) -> None:
    ventanilla, page, complaints = desk
    for n in range(3):
        await asked(ventanilla, f"+5730055520{n:02}")
    await page.goto(f"{ventanilla.internal}/console/team")
    await page.get_by_label("Marcar todos").check()
    await page.get_by_label("Para", exact=True).select_option(label="Nombre de luz (tiene 0)")
    await page.get_by_label("Motivo (queda en la historia del caso)").fill("reparto")
    await page.get_by_role("button", name="Asignar").click()
    await page.wait_for_url("**done=assigned&n=3")
    assert await page.get_by_text("Casos asignados: 3.").count() == 1
    assert complaints == []


async def test_a_text_is_weighed_while_it_is_typed(desk: tuple[Running, Page, list[str]]) -> None:
    ventanilla, page, complaints = desk
    await page.goto(f"{ventanilla.internal}/console/canned")
    # What a person writes goes out with its accents, which here make it longer; the gateway's own words without.
    await page.fill("#text", "o" * 100)
    assert await page.inner_text("#weight") == "100 caracteres · 1 SMS, sin llenar"
    await page.fill("#text", "ó" * 100)
    assert await page.inner_text("#weight") == "100 caracteres · 2 SMS, sin llenar"
    assert complaints == []


async def test_nothing_sticks_out_of_a_telephone(desk: tuple[Running, Page, list[str]]) -> None:
    ventanilla, page, complaints = desk
    async with ventanilla.gateway.store.read() as conn:
        luz = await staff.find_by_login(conn, "luz")
    assert luz is not None
    await asked(ventanilla)
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in ("team", f"team?member={luz.id}", "canned", "texts"):
        await page.goto(f"{ventanilla.internal}/console/{path}")
        over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, path
    assert complaints == []
