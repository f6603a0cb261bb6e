"""The page in a browser: what the service sends appears by itself."""

import shutil

import pytest
from playwright.async_api import async_playwright

from tests.simulator.desk import Desk

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: the simulator was NOT tried in a browser"),
]


async def test_an_acknowledgement_and_a_screen_appear_without_a_reload(desk: Desk) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page(viewport={"width": 360, "height": 740})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        await page.goto(f"{desk.running.internal}/simulator")
        await page.fill("#sms-text", "¿Cuándo abren las inscripciones del SENA?")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#sms-thread .theirs .delivered", timeout=5000)
        await page.click("text=Llamar")
        await page.wait_for_selector("#ussd-text", timeout=5000)
        assert "1. Español" in await page.inner_text("#ussd-screen")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert faults == []
        await browser.close()
