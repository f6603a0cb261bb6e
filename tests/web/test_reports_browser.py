"""The reports in a real browser: every width, both themes, paper, and nothing for its policy to complain of."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from gateway.reports import kept
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.histories import NOW, histories, write
from tests.support.running import Running, running, sample_deployment
from tests.web.visitor import PASSWORD, employ

DAYS = "from=2026-01-01&to=2026-04-16"
PAGES = (
    f"/console/reports?{DAYS}",
    f"/console/reports?{DAYS}&by=month",
    f"/console/reports/cases?{DAYS}&what=received",
)

pytestmark = IN_A_BROWSER


@pytest_asyncio.fixture(loop_scope="session")
async def reader(tmp_path: Path, browser: Browser) -> AsyncIterator[tuple[Running, Page, list[str]]]:
    """A gateway with cases, a page logged in as an administrator, and what the browser complained about."""
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, now=lambda: NOW) as started:
        await write(started.gateway.store, sample_deployment().catalog, histories(120, seed=8))
        await employ(started, "jefa", role="administrator")
        page = await browser.new_page(locale="es-CO")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{started.internal}/login")
        await page.fill("#login", "jefa")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/console")
        yield started, page, complaints
        await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_breaks_no_policy(reader: tuple[Running, Page, list[str]], scheme: str) -> None:
    started, page, complaints = reader
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (360, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        for path in PAGES:
            await page.goto(started.internal + path)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
    assert complaints == []


async def test_letters_of_charts_stay_within_them_and_can_be_read(reader: tuple[Running, Page, list[str]]) -> None:
    started, page, _ = reader
    await page.set_viewport_size({"width": 360, "height": 800})
    await page.goto(started.internal + PAGES[0])
    script = """() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
        const box = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].map(text => {
            const own = text.getBoundingClientRect();
            return [own.left >= box.left - 1 && own.right <= box.right + 1, own.height, text.textContent];
        });
    })"""
    letters = await page.evaluate(script)
    assert len(letters) > 30
    assert [said for inside, _, said in letters if not inside] == []
    assert min(height for _, height, _ in letters) >= 9


async def test_a_chart_is_named_and_described_for_who_does_not_see_it(
    reader: tuple[Running, Page, list[str]],
) -> None:
    started, page, _ = reader
    await page.goto(started.internal + PAGES[0])
    chart = page.get_by_role("img", name="Días hábiles hasta la respuesta", exact=False).first
    assert await chart.is_visible()
    await page.get_by_text("Los datos en una tabla").first.click()
    assert await page.locator("figure table").first.is_visible()


async def test_on_paper_there_are_figures_and_no_forms(reader: tuple[Running, Page, list[str]]) -> None:
    started, page, _ = reader
    await page.goto(started.internal + PAGES[0])
    await page.emulate_media(media="print")
    assert await page.locator(".tiles .figure").first.is_visible()
    assert await page.locator("svg.chart").first.is_visible()
    assert not await page.locator(".report-form").is_visible()
    assert not await page.locator(".rail").is_visible()


async def test_a_figure_leads_to_its_cases_and_a_case_to_its_page(reader: tuple[Running, Page, list[str]]) -> None:
    started, page, _ = reader
    await page.goto(started.internal + PAGES[0])
    await page.get_by_role("link", name="Ver los abiertos").first.click()
    await page.wait_for_url("**/console/reports/cases?what=open*")
    await page.locator("tbody th a").first.click()
    await page.wait_for_url("**/console/cases/*")


async def test_a_long_count_says_so_and_the_report_comes_by_itself(
    reader: tuple[Running, Page, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    started, page, complaints = reader
    monkeypatch.setattr(kept, "_PATIENCE", 0.0)
    monkeypatch.setattr(kept, "_MANY", 0)
    await page.set_viewport_size({"width": 360, "height": 800})

    answer = await page.goto(f"{started.internal}/console/reports?from=2026-01-01&to=2026-04-16")

    assert answer is not None
    assert answer.status == 202
    assert "Contando los casos…" in await answer.text()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.wait_for_selector(".tiles")
    assert complaints == []
