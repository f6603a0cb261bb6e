"""The clocks in a real browser: every day explained fits a telephone, and the form knows the law's last day."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.clocks import MovableClock
from tests.support.running import running
from tests.web.visitor import PASSWORD, employ

pytestmark = IN_A_BROWSER

ASKED = "SENA necesito que me ayuden con un instructor"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_day_explained_fits_a_telephone_for_manager_and_citizen(
    tmp_path: Path, browser: Browser, scheme: str
) -> None:
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, now=MovableClock()) as ventanilla:
        await employ(ventanilla, "luz", agency="sena")
        url = f"{ventanilla.public}/api/public/messages"
        async with ventanilla.http.post(url, json={"text": ASKED}) as answer:
            told = await answer.json()
        context = await browser.new_context(
            locale="es-CO", viewport={"width": 320, "height": 740}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = await context.new_page()
        await page.goto(f"{ventanilla.public}/s/{told['follow_up'].rpartition('/')[2]}")
        await page.get_by_text("Cada día del plazo, explicado").click()
        assert await page.get_by_role("row").count() == 25
        assert await page.evaluate(BEYOND) <= 0
        await page.goto(f"{ventanilla.internal}/login")
        await page.fill("#login", "luz")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/console")
        await page.goto(f"{ventanilla.internal}/console/cases/{told['number']}")
        for summary in await page.locator(".terms summary").all():
            await summary.click()
        assert await page.evaluate(BEYOND) <= 0
        until = page.get_by_label("Nueva fecha, la última incluida")
        assert [await until.get_attribute(name) for name in ("min", "max")] == ["2026-07-30", "2026-08-21"]
        await until.fill("2026-08-24")
        await page.locator("#extend-reason").fill("Falta un concepto")
        await page.get_by_role("button", name="Ampliar y avisar").click()
        # The browser keeps a date beyond the law's last one to itself.
        assert await until.evaluate("input => input.validity.rangeOverflow")
        await until.fill("2026-08-05")
        await page.get_by_role("button", name="Ampliar y avisar").click()
        await page.wait_for_url("**?done=extended")
        await context.close()
