"""The composer in a real browser: the list under the words, drafts, accents, and the way back from an answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from sqlalchemy import delete

from gateway.store import canned
from gateway.store import schema as t
from gateway.store.canned import Wording
from tests.support import databases
from tests.support.browsers import IN_A_BROWSER
from tests.support.running import PHONE, Running, running, sample_deployment, undoable
from tests.web.visitor import PASSWORD, employ

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"

pytestmark = IN_A_BROWSER


@dataclass
class Desk:
    """A gateway where answers wait ten seconds, and Luz of SENA at a browser with a case of hers."""

    ventanilla: Running
    page: Page
    number: str = ""
    complaints: list[str] = field(default_factory=list)

    async def enter(self) -> None:
        await self.page.goto(f"{self.ventanilla.internal}/login")
        await self.page.fill("#login", "luz")
        await self.page.fill("#password", PASSWORD)
        await self.page.press("#password", "Enter")
        await self.page.wait_for_url("**/console")

    async def take_next(self) -> None:
        await self.page.locator(".rail .take button").click()
        await self.page.wait_for_url("**/console/cases/*")
        self.number = self.page.url.partition("?")[0].rpartition("/")[2]

    async def word(self, shortcut: str, title: str, text: str) -> None:
        wording = Wording(agency="sena", language="es", shortcut=shortcut, title=title, text=text)
        gateway = self.ventanilla.gateway
        await gateway.store.transact(lambda conn: canned.add(conn, wording, by=1, now=gateway.clock()))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    deployment = undoable(sample_deployment(), seconds=10)
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, deployment=deployment) as ventanilla:
        await employ(ventanilla, "luz", agency="sena")
        await employ(ventanilla, "jorge.p", agency="sena")
        page = await browser.new_page(locale="es-CO")
        opened = Desk(ventanilla, page)
        page.on("console", lambda said: opened.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        await ventanilla.text(QUESTION)
        await opened.enter()
        await opened.take_next()
        yield opened
        await page.close()


async def test_canned_answers_and_colleagues_are_chosen_with_the_keys_alone(desk: Desk) -> None:
    page, reply, offered = desk.page, desk.page.locator("#reply"), desk.page.get_by_role("listbox")
    await desk.word("horario", "Horario", "Atendemos de 8 a 5.")
    await desk.word("requisitos", "Qué papeles llevar", "Lleve su cédula, por el caso {number}.")
    await expect(page.get_by_role("button", name="Guardar borrador")).to_have_count(0)
    await reply.press_sequentially("Fue el 15/01 y/o el 16: https://sena.gov.co/")
    await expect(offered).to_have_count(0)
    await reply.press_sequentially(" /")
    await expect(offered.get_by_role("option")).to_have_count(2)
    await expect(offered.get_by_role("option", selected=True)).to_contain_text("/horario Horario")
    await reply.press("ArrowDown")
    await expect(reply).to_have_attribute("aria-activedescendant", "reply-offered-1")
    await reply.press_sequentially("pape")
    await expect(offered.get_by_role("option")).to_have_count(1)
    await expect(offered).to_contain_text("1 SMS")
    await reply.press("Enter")
    await expect(offered).to_have_count(0)
    ending = f"Lleve su cédula, por el caso {desk.number}."
    assert await reply.input_value() == f"Fue el 15/01 y/o el 16: https://sena.gov.co/ {ending}"
    await reply.fill("")
    await reply.press_sequentially("/hor")
    await expect(offered).to_be_visible()
    await reply.press("Escape")
    await expect(offered).to_have_count(0)
    await reply.press("Enter")
    assert await reply.input_value() == "/hor\n"
    await page.get_by_text("Nota interna", exact=True).click()
    await page.get_by_role("button", name="Nombrar a un colega").click()
    await page.locator("#note").press_sequentially("nombre")
    await expect(offered).to_contain_text("Nombre de jorge.p")
    await page.locator("#note").press("Tab")
    assert await page.input_value("#note") == "@jorge.p "
    await page.locator("#note").press_sequentially("¿lo llama?")
    await page.get_by_role("button", name="Guardar nota").click()
    await expect(page.locator("#timeline mark")).to_have_text("@jorge.p")
    assert desk.complaints == []


async def test_accents_go_and_come_back_until_something_is_typed(desk: Desk) -> None:
    page, meter = desk.page, desk.page.locator("#meter")
    text = "Abren el 15 de enero. Inscripción en línea." + " Lleve su documento y dos fotos." * 2
    await page.fill("#reply", text)
    fold, unfold = (
        meter.get_by_role("button", name=name) for name in ("Sin tildes: 1 SMS en vez de 2", "Volver a poner")
    )
    await fold.press("Enter")
    assert (await page.input_value("#reply")).startswith("Abren el 15 de enero. Inscripcion en linea.")
    await expect(unfold).to_be_focused()
    await unfold.press("Enter")
    assert await page.input_value("#reply") == text
    await fold.click()
    await page.locator("#reply").press("End")
    await page.locator("#reply").press_sequentially(" Gracias.")
    await expect(meter.get_by_role("button")).to_have_count(0)
    assert desk.complaints == []


async def test_a_draft_is_on_every_desk_until_its_answer_is_sent_and_again_when_it_is_taken_back(desk: Desk) -> None:
    page, kept = desk.page, desk.page.locator(".reply .kept")
    await page.locator("#reply").press_sequentially("Abren el 15")
    await expect(kept).to_contain_text("Borrador guardado")
    await page.locator("#reply").press_sequentially(" de enero.")
    # Left before it was saved: it is saved while the page goes.
    await page.goto(f"{desk.ventanilla.internal}/console")
    await expect(page.locator(f"#c{desk.number}")).to_contain_text("Borrador")
    await page.get_by_role("link", name="+57").click()
    assert await page.input_value("#reply") == "Abren el 15 de enero."
    await page.locator("#reply").press_sequentially(" Gracias.")
    await page.get_by_role("button", name="Enviar respuesta").click()
    await page.wait_for_url(f"**?done=replied_answered&undo={desk.number}")
    assert await page.input_value("#reply") == ""
    await expect(page.locator("[data-undo] .num")).to_have_text(" 9")
    await page.get_by_role("button", name="Deshacer").click()
    await page.wait_for_url("**?done=undone")
    assert await page.input_value("#reply") == "Abren el 15 de enero. Gracias."
    [receipt] = await desk.ventanilla.texts_to(PHONE)
    assert "Abren" not in receipt
    assert desk.complaints == []


async def test_what_the_server_could_not_keep_is_kept_by_the_tab_until_it_can(desk: Desk) -> None:
    page, kept = desk.page, desk.page.locator(".reply .kept")
    await desk.ventanilla.gateway.store.transact(lambda conn: conn.execute(delete(t.login_session)))
    await page.locator("#reply").press_sequentially("Abren el 15")
    await expect(kept).to_contain_text("no se pudo guardar")
    await page.locator("#reply").press_sequentially(" de enero.")
    await page.get_by_role("button", name="Enviar respuesta").click()
    await page.wait_for_url("**/login?**")
    await desk.enter()
    await page.goto(f"{desk.ventanilla.internal}/console/cases/{desk.number}")
    assert await page.input_value("#reply") == "Abren el 15 de enero."
    await expect(kept).to_contain_text("Borrador guardado")
    assert await page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft:'))") == []
