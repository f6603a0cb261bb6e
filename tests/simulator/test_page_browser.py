"""The page in a browser: what the service sends appears by itself."""

from pathlib import Path

from playwright.async_api import Browser

from tests.simulator.desk import NOTHING_REAL
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import running

pytestmark = IN_A_BROWSER


async def test_an_acknowledgement_and_a_screen_appear_without_a_reload(
    database: str, tmp_path: Path, browser: Browser
) -> None:
    async with running(database, tmp_path, **NOTHING_REAL) as started:
        page = await browser.new_page(viewport={"width": 360, "height": 740})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        await page.goto(f"{started.internal}/simulator")
        await page.fill("#sms-text", "¿Cuándo abren las inscripciones del SENA?")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#sms-thread .theirs .delivered", timeout=30_000)
        await page.click("text=Llamar")
        await page.wait_for_selector("#ussd-text", timeout=30_000)
        assert "1. Español" in await page.inner_text("#ussd-screen")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert faults == []
        await page.close()
