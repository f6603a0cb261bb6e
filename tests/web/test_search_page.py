"""Search over HTTP: the console's page, the suggestions on a case's page, and `GET /cases?q=`."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from gateway.principal import Role
from gateway.search.query import read
from gateway.store import similar
from gateway.web.excerpt import Piece, excerpt
from tests.gateway.test_search import HOSTILE
from tests.support.archive import Archive
from tests.support.running import Running
from tests.web.test_api import client
from tests.web.visitor import Visitor, employ, visitor

ATTACK = "<script>alert(1)</script> \u202egnp.exe el trámite <b onclick=x>urgente</b>"


@pytest.fixture
async def archive(ventanilla: Running) -> Archive:
    for login, agency in (("luz", "sena"), ("ana", "dian")):
        await employ(ventanilla, login, agency=agency)
    return Archive(ventanilla.gateway.store)


async def page_of(browser: Visitor, **query: str) -> str:
    page = await browser.get("/console/search?" + urlencode(query, errors="replace"))
    assert page.status == 200
    return page.html


def listed(html: str) -> list[str]:
    return re.findall(r'href="/console/cases/(\d+)"', html)


async def test_the_page_shows_what_was_found_marked_counted_and_escaped(ventanilla: Running, archive: Archive) -> None:
    case = await archive.case(ATTACK, name="Ana <i>Ruiz</i>", phone="+573005550001")
    await archive.read()
    async with visitor(ventanilla, "luz") as browser:
        html = await page_of(browser, q="tramites")
        assert listed(html) == [case.number]
        assert "<mark>trámite</mark>" in html
        assert "1 caso" in unescape(html)
        assert "<script>alert" not in html
        assert "<b onclick" not in html
        assert "<i>Ruiz" not in html
        assert "\u202e" not in html
        assert "3005550001" not in html
        for typed in ("0001", "ana ruiz", case.number, "state:open"):
            assert listed(await page_of(browser, q=typed)) == [case.number], typed


async def test_the_page_keeps_to_the_boundary_and_speaks_both_languages(ventanilla: Running, archive: Archive) -> None:
    await archive.case("un trámite secreto", agency="dian")
    await archive.read()
    async with visitor(ventanilla, "luz", language="en") as browser:
        for query in ({"q": "secreto"}, {"q": "", "agency": "dian"}, {"q": "tramite agency:dian"}):
            html = await page_of(browser, **query)
            assert listed(html) == []
            assert "secreto</mark>" not in html
        assert "Nothing was found." in await page_of(browser, q="secreto")
    async with visitor(ventanilla, "ana") as browser:
        assert "<mark>secreto</mark>" in await page_of(browser, q="secreto")
        assert "No se encontró nada." in await page_of(browser, q="inexistente")
    async with visitor(ventanilla) as browser:
        assert (await browser.get("/console/search?q=secreto")).path.startswith("/login")


async def test_the_forms_filters_narrow_and_what_is_not_understood_is_said(
    ventanilla: Running, archive: Archive
) -> None:
    open_case = await archive.case("trámite abierto")
    ended = await archive.case("trámite respondido", answer="Listo")
    await archive.read()
    async with visitor(ventanilla, "luz") as browser:
        assert listed(await page_of(browser, q="tramite")) == [ended.number, open_case.number]
        assert listed(await page_of(browser, q="tramite", state="open")) == [open_case.number]
        assert listed(await page_of(browser, q="tramite", **{"from": "2026-03-03"})) == []
        assert listed(await page_of(browser, q="tramite", channel="sms", to="2026-03-03")) != []
        html = await page_of(browser, q="tramite state:<b>roto")
        assert "state:&lt;b&gt;roto" in html
        assert listed(html) != []


async def test_more_than_fifty_cases_are_fifty_and_more_and_come_in_pages(
    ventanilla: Running, archive: Archive
) -> None:
    numbers = [(await archive.case(f"solicitud {n}")).number for n in range(52)]
    await archive.read()
    async with visitor(ventanilla, "luz") as browser:
        html = await page_of(browser, q="solicitud")
        assert "50+ casos" in html
        seen = listed(html)
        while following := re.search(r'rel="next" href="([^"]+)"', html):
            html = (await browser.get(unescape(following[1]))).html
            seen += listed(html)
        assert seen == numbers[::-1]


async def test_no_query_makes_an_error_page_or_an_error_of_the_api(ventanilla: Running, archive: Archive) -> None:
    caller = await client(ventanilla, Role.MANAGER, "sena")
    async with visitor(ventanilla, "luz") as browser:
        for typed in HOSTILE:
            await page_of(browser, q=typed[:2500], page=typed[:30], top="9" * 30, state=typed[:50])
            said = typed.encode("utf-8", "replace").decode()[:500]
            assert (await caller.get("/cases", q=said))[0] == 200


async def test_the_api_finds_within_the_boundary_and_page_by_page(ventanilla: Running, archive: Archive) -> None:
    numbers = [(await archive.case(f"licencia {n}")).number for n in range(5)]
    secret = await archive.case("licencia ajena", agency="dian")
    await archive.read()
    caller = await client(ventanilla, Role.MANAGER, "sena")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        status, found = await caller.get("/cases", q="LICENCIAS", limit=2, **cursor)
        assert status == 200
        seen += [case["number"] for case in found["items"]]
        if found["next"] is None:
            break
        cursor = {"cursor": found["next"]}
    assert seen == numbers[::-1]
    for typed in (secret.number, "ajena", "agency:dian"):
        assert (await caller.get("/cases", q=typed))[1] == {"items": [], "next": None}
    for wrong in ("abc", "W10", "WyJxIiwgMCwgMV0", "WyJkdWUiLCAxLCAyXQ"):
        assert (await caller.get("/cases", q="licencia", cursor=wrong))[0] == 422
    everything = await client(ventanilla, Role.OPERATOR)
    assert (await everything.get("/cases", q="licencia", agency="dian"))[1]["items"][0]["number"] == secret.number


async def test_a_similar_answer_is_shown_and_a_link_puts_it_into_the_composer(
    ventanilla: Running, archive: Archive
) -> None:
    question = "¿Cómo pido un duplicado del diploma?"
    old = await archive.case(question, answer="Pida el duplicado en la <b>sede</b>.")
    hidden = await archive.case(question, answer="Respuesta ajena.", agency="dian")
    case = await archive.case(question)
    await archive.read()
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/cases/{case.number}")
        assert "Pida el duplicado en la &lt;b&gt;sede&lt;/b&gt;." in page.html
        assert "ajena" not in page.html
        [link] = re.findall(r'href="(/console/cases/\d+\?answer=\d+)#composer"', page.html)
        filled = await browser.get(link)
        assert "Pida el duplicado en la <b>sede</b>.</textarea>" in unescape(filled.html)
        async with archive.store.read() as conn:
            [(foreign, _)] = (await similar.answers(conn, [hidden.id])).values()
        for said in (foreign, old.messages[0], 0, "x", "9" * 40):
            page = await browser.get(f"/console/cases/{case.number}?answer={said}")
            assert page.status == 200
            assert '"auto"' in page.html
            assert "Respuesta ajena" not in page.html
        assert "Pida el duplicado" not in (await browser.get(f"/console/cases/{old.number}")).html.split("<aside")[1]


async def test_at_the_triage_desk_likely_agencies_are_suggested_beside_the_transfer(
    ventanilla: Running, archive: Archive
) -> None:
    triage = ventanilla.gateway.current().catalog.gateway.triage
    await employ(ventanilla, "mesa", agency=triage)
    for n in range(3):
        await archive.case(f"mi finca se inundó {n}", agency="ideam", answer="Vamos.")
    case = await archive.case("La finca se inundó anoche", agency=triage)
    other = await archive.case("La finca se inundó anoche", agency="sena")
    await archive.read()
    async with visitor(ventanilla, "mesa") as browser:
        page = await browser.get(f"/console/cases/{case.number}")
        [to] = re.findall(r'href="(/console/cases/\d+\?to=ideam)#transfer-agency"', page.html)
        assert "inundo" in page.text
        assert "Vamos." not in page.text
        assert '<option value="ideam" selected>' in (await browser.get(to)).html
        assert "selected" not in (await browser.get(f"/console/cases/{case.number}?to=abolida")).html.split("aside")[1]
    async with visitor(ventanilla, "luz") as browser:
        assert "?to=" not in (await browser.get(f"/console/cases/{other.number}")).html


def test_an_excerpt_begins_near_the_first_word_that_was_found() -> None:
    wanted = read("inscripción term*", timezone="UTC").wanted
    text = "palabra " * 40 + "las INSCRIPCIONES te\u0301rminan hoy. " + "fin " * 100
    pieces = excerpt(text, wanted)
    assert [piece.text for piece in pieces if piece.found] == ["INSCRIPCIONES", "te\u0301rminan"]
    assert pieces[0] == Piece("…", False)
    assert pieces[-1] == Piece("…", False)
    assert sum(len(piece.text) for piece in pieces) <= 222
    assert "".join(piece.text for piece in excerpt("sin nada", wanted)) == "sin nada"
    assert excerpt("", wanted) == []


def test_an_excerpt_of_a_hostile_text_is_short_and_quick() -> None:
    wanted = read("aaaa* b", timezone="UTC").wanted
    for text in ("a" * 100_000, "b" * 50_000, "\u0301" * 9_000, "😀" * 9_000, "ﷺ" * 9_000, "\u202e b \u2066" * 3_000):
        assert sum(len(piece.text) for piece in excerpt(text, wanted)) <= 222
