"""A case on paper in a real browser: what a printer gets, and the narrowest screen."""

from pathlib import Path

from playwright.async_api import Browser

from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import ADMINISTRATOR, running
from tests.web.test_api import asked
from tests.web.visitor import PASSWORD, employ

pytestmark = IN_A_BROWSER


async def test_a_printer_gets_the_words_on_white_and_none_of_the_navigation(tmp_path: Path, browser: Browser) -> None:
    async with running(databases.fresh("sqlite", tmp_path), tmp_path) as ventanilla:
        await employ(ventanilla, "luz", agency="sena")
        number = await asked(ventanilla)
        await ventanilla.gateway.desk.reply(ADMINISTRATOR, number, "Abren el 15 de enero en Leticia. " * 200)
        page = await browser.new_page(locale="es-CO", color_scheme="dark", viewport={"width": 360, "height": 700})
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(f"{ventanilla.internal}/login?next=/console/cases/{number}/document")
        await page.fill("#login", "luz")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/document")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await page.get_by_role("button", name="Imprimir").is_visible()
        await page.emulate_media(media="print")
        assert not await page.get_by_role("button", name="Imprimir", include_hidden=True).is_visible()
        colours = "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
        assert await page.evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        paper = await page.pdf(format="A4", prefer_css_page_size=True)
        # Longer than a sheet: what does not fit goes on to the next, and is not cut off.
        assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") > 1
        assert complaints == []
        await page.close()
