"""The console in a real browser: its scripts, its policy and its narrowest width."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from channels import gsm
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import PHONE, Running, running
from tests.web.visitor import PASSWORD, employ

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"

pytestmark = IN_A_BROWSER


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[tuple[Running, Page, list[str]]]:
    """A gateway, a page logged in as a manager of SENA, and what the browser complained about."""
    async with running(databases.fresh("sqlite", tmp_path), tmp_path) as ventanilla:
        await employ(ventanilla, "luz", agency="sena")
        page = await browser.new_page(locale="es-CO")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{ventanilla.internal}/login")
        await page.fill("#login", "luz")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/console")
        yield ventanilla, page, complaints
        await page.close()


async def test_a_manager_takes_types_watches_the_counter_and_sends(desk: tuple[Running, Page, list[str]]) -> None:
    ventanilla, page, complaints = desk
    await ventanilla.text(QUESTION)
    await page.get_by_role("button", name="Tomar el siguiente").first.click()
    await page.wait_for_url("**/console/cases/*")
    meter = page.locator("#meter")
    await page.fill("#reply", "Abren el 15 de enero. Inscripción en línea." + " Lleve su documento y dos fotos." * 2)
    assert "2 SMS" in await meter.inner_text()
    assert "ó" in await meter.locator("kbd").first.inner_text()
    await page.get_by_role("button", name="Sin tildes: 1 SMS en vez de 2").click()
    assert "1 SMS" in await meter.inner_text()
    assert (await page.input_value("#reply")).startswith("Abren el 15 de enero. Inscripcion en linea.")
    await page.fill("#reply", "Abren el 15 de enero " + "👍" * 40)
    assert "2 SMS" in await meter.inner_text()
    assert "👍" in await meter.inner_text()
    await page.fill("#reply", "Abren el 15 de enero. Inscripción en línea.")
    await page.get_by_role("button", name="Enviar respuesta").click()
    await page.wait_for_url("**?done=replied_answered")
    assert await page.input_value("#reply") == ""
    assert "Abren el 15 de enero. Inscripción en línea." in await ventanilla.texts_to(PHONE, at_least=2)
    await page.get_by_text("Nota interna", exact=True).click()
    assert await page.locator("#note").is_visible()
    assert not await page.locator("#reply").is_visible()
    assert complaints == []


async def test_what_was_typed_is_there_again_after_the_page_was_left(desk: tuple[Running, Page, list[str]]) -> None:
    ventanilla, page, _ = desk
    await ventanilla.text(QUESTION)
    await page.get_by_role("button", name="Tomar el siguiente").first.click()
    await page.wait_for_url("**/console/cases/*")
    await page.fill("#reply", "A medio escribir")
    await page.goto(f"{ventanilla.internal}/console")
    await page.go_back()
    assert await page.input_value("#reply") == "A medio escribir"


async def test_the_counter_weighs_a_text_as_the_gateway_does(desk: tuple[Running, Page, list[str]]) -> None:
    _, page, _ = desk
    texts = [
        "", "a" * 160, "a" * 161, "a" * 306, "ñ" * 70, "ó" * 70, "ó" * 71, "€" * 80, "€" * 81, "👍" * 35,
        "a" * 152 + "€" + "b" * 9, "👍" * 36, "x" * 66 + "👍" * 3, "¿Cómo está? “bien” — 5 × 3 = 15… Ç ç ü",
        "línea\notra\ttab", "Ωμέγα",
    ]  # fmt: skip
    script = """async (texts) => {
        const gsm = await import('/static/gsm.js');
        return texts.map((text) => ({ ...gsm.measure(text), folded: gsm.fold(text) }));
    }"""
    found = await page.evaluate(script, texts)
    for text, there in zip(texts, found, strict=True):
        here = gsm.measure(text)
        weighed = (there["segments"], there["left"], there["ucs2"], there["forcing"], there["folded"])
        assert weighed == (
            here.segments, here.units_left, here.encoding is gsm.Encoding.UCS2, list(here.forcing), gsm.fold(text)
        ), json.dumps(text)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_narrow_telephone(desk: tuple[Running, Page, list[str]], scheme: str) -> None:
    ventanilla, page, complaints = desk
    await ventanilla.text(QUESTION + " " + "palabrasinespacios" * 12)
    [case] = await ventanilla.cases()
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (320, 360, 900):
        await page.set_viewport_size({"width": width, "height": 740})
        for path in ("/console?view=open", f"/console/cases/{case.number}"):
            await page.goto(ventanilla.internal + path)
            beyond = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond <= 0, (path, width)
    assert complaints == []
