"""The page works with forms alone, and shows what strangers wrote as words."""

import re

import aiohttp

from tests.simulator.desk import PNG, Desk
from tests.support.running import PHONE


async def posted(desk: Desk, action: str, **fields: str) -> str:
    """A form of the page; the page after its redirect comes back."""
    url = f"{desk.running.internal}/simulator/do/{action}"
    async with desk.running.http.post(url, data={"phone": PHONE, **fields}) as answer:
        assert answer.status == 200
        return await answer.text()


async def page(desk: Desk, **query: str) -> str:
    async with desk.running.http.get(f"{desk.running.internal}/simulator", params=query) as answer:
        assert answer.status == 200
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


async def test_a_conversation_works_without_javascript(desk: Desk) -> None:
    html = await posted(desk, "sms", text="¿Cuándo abren inscripciones del SENA?", number="87654")
    assert "¿Cuándo abren inscripciones del SENA?" in html
    [text] = await desk.delivered()
    html = await page(desk)
    assert text["text"] in html
    assert "entregado" in html
    html = await posted(desk, "dial", code="*484#")
    assert "1. Español" in html
    html = await posted(desk, "answer", text="1")
    assert "¿Qué necesita?" in html
    assert "Sesión cortada" in await posted(desk, "drop")


async def test_a_photo_is_uploaded_by_form_and_shown_in_the_chat(desk: Desk) -> None:
    form = aiohttp.FormData({"phone": PHONE, "text": "Así quedó"})
    form.add_field("file", PNG, filename="foto.png", content_type="image/png")
    async with desk.running.http.post(f"{desk.running.internal}/simulator/do/telegram", data=form) as answer:
        html = await answer.text()
    [source] = re.findall(r'src="(/simulator/photos/[^"]+)"', html)
    async with desk.running.http.get(desk.running.internal + source) as answer:
        assert (await answer.read(), answer.content_type) == (PNG, "image/png")
    [case] = await desk.running.cases()
    assert case.last_line == "Así quedó"


async def test_what_people_write_is_shown_and_never_run(desk: Desk) -> None:
    # inbound case 47
    html = await posted(desk, "sms", text="<script>alert(1)</script>\x00\u202e")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "\x00" not in html


async def test_another_sites_page_cannot_play_with_the_phones(desk: Desk) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    for path in ("do/sms", f"phones/{PHONE}/sms", "faults"):
        url = f"{desk.running.internal}/simulator/{path}"
        async with desk.running.http.post(url, data={"phone": PHONE, "text": "x"}, headers=headers) as answer:
            assert answer.status == 403
    assert (await desk.state())["sms"] == []


async def test_another_number_is_taken_as_people_write_it(desk: Desk) -> None:
    assert "+573001112233" in await page(desk, phone="+57 300 111-2233")
    assert "Escriba el número así" in await page(desk, phone="no es un número")


async def test_faults_are_armed_and_cleared_by_form(desk: Desk) -> None:
    assert "<mark>429: espere (Retry-After)</mark>" in await posted(desk, "arm", fault="throttled")
    assert "Nada va a fallar." in await posted(desk, "clear")
    assert "No se pudo" in await posted(desk, "arm", fault="earthquake")


async def test_its_files_are_served_with_their_types(desk: Desk) -> None:
    for name, kind in (("simulator.css", "text/css"), ("simulator.js", "text/javascript")):
        async with desk.running.http.get(f"{desk.running.internal}/static/{name}") as answer:
            assert (answer.status, answer.content_type) == (200, kind)
