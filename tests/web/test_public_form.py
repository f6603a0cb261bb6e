"""The citizens' form and the follow-up page: without JavaScript, without an account, for whoever holds the link."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select

from gateway.principal import Principal, Role
from gateway.store import schema as t
from gateway.web.public.limits import FORM_LIMIT, WINDOW, Flood
from tests.support import databases
from tests.support.running import Running, running, sample_deployment

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
KEY = "form-key-of-the-tests"


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Running]:
    """A deployment that takes two files of 1,000 bytes at most."""
    deployment = sample_deployment()
    limits = deployment.catalog.gateway.files.model_copy(update={"max_bytes": 1000, "max_count": 2})
    gateway = deployment.catalog.gateway.model_copy(update={"files": limits})
    shrunk = type(deployment).of(deployment.catalog.model_copy(update={"gateway": gateway}))
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, deployment=shrunk) as started:
        yield started


def form(*files: tuple[str, bytes], **fields: str) -> aiohttp.FormData:
    """A multipart form as a browser sends it."""
    data = aiohttp.FormData(
        {"form_key": KEY, "language": "es", **fields}, default_to_multipart=True, quote_fields=False
    )
    for name, content in files:
        data.add_field("files", content, filename=name, content_type="text/plain")
    return data


async def send(gateway: Running, *files: tuple[str, bytes], **fields: str) -> str:
    """Send the form; the path of the follow-up page comes back."""
    async with gateway.http.post(gateway.public + "/", data=form(*files, **fields), allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def get(gateway: Running, path: str) -> str:
    async with gateway.http.get(gateway.public + path) as answer:
        assert answer.status == 200
        return unescape(await answer.text())


def kept(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_a_form_with_a_file_becomes_a_case_and_its_page_shows_the_answer(ventanilla: Running) -> None:
    page = await send(ventanilla, ("mi carta.txt", b"Radicado 42"), text=QUESTION, name="Ana Lucía")
    [case] = await ventanilla.cases()
    assert (case.agency, case.channel, case.contact_name) == ("sena", "web", "Ana Lucía")
    html = await get(ventanilla, page)
    assert f"Caso {case.number}" in html
    assert "En trámite" in html
    assert QUESTION in html
    assert "mi carta.txt" in html
    await ventanilla.gateway.desk.reply(SENA, case.number, "Abren el 15 de enero.")
    html = await get(ventanilla, page)
    assert "Abren el 15 de enero." in html
    assert "Respondido" in html
    messages, _ = await ventanilla.story(case.number)
    answer_id = next(m.id for m in messages if m.kind == "answer")

    async def delivered() -> bool:
        return any(m.id == answer_id and m.status == "delivered" for m in (await ventanilla.story(case.number))[0])

    assert await ventanilla.eventually(delivered)


async def test_the_persons_own_file_comes_back_as_a_download_and_to_nobody_else(ventanilla: Running) -> None:
    page = await send(ventanilla, ("carta\u202egpj.exe", b"Radicado 42"), text=QUESTION)
    other = await send(ventanilla, text="Otra cosa del SENA", form_key="another-form-key-1")
    [link] = re.findall(r'href="(/s/[^"]+/files/\d+)"', await get(ventanilla, page))
    async with ventanilla.http.get(ventanilla.public + link) as answer:
        assert await answer.read() == b"Radicado 42"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''cartagpj.exe"
        assert answer.content_type == "application/octet-stream"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    foreign = link.replace(page, other)
    for path in (foreign, f"{page}/files/1", f"{page}/files/99999999999999999999"):
        async with ventanilla.http.get(ventanilla.public + path) as answer:
            assert answer.status == 404


async def test_a_double_click_is_one_case_and_one_page(ventanilla: Running, tmp_path: Path) -> None:
    file = ("carta.txt", b"Radicado 42")
    pages = await asyncio.gather(*(send(ventanilla, file, text=QUESTION) for _ in range(5)))
    assert len(set(pages)) == 1
    assert len(await ventanilla.cases()) == 1
    assert len(kept(tmp_path)) == 1


async def test_who_goes_back_and_writes_something_else_sends_a_second_message(ventanilla: Running) -> None:
    first = await send(ventanilla, text=QUESTION)
    second = await send(ventanilla, text="No me llega mi desembolso del ICETEX")
    assert first != second
    assert {case.agency for case in await ventanilla.cases()} == {"sena", "icetex"}


async def test_adding_on_the_page_continues_the_case(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    data = form(text="Se me olvidó: es para mi hija.", form_key="second-form-key-1")
    async with ventanilla.http.post(ventanilla.public + page, data=data) as answer:
        assert answer.status == 200
        assert "Se me olvidó: es para mi hija." in await answer.text()
    [case] = await ventanilla.cases()
    messages, _ = await ventanilla.story(case.number)
    assert len([m for m in messages if m.direction == "in"]) == 2


async def test_what_is_added_to_an_answered_case_opens_it_again(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.reply(SENA, case.number, "Abren el 15 de enero.")
    data = form(text="¿Y a qué hora?", form_key="second-form-key-1")
    async with ventanilla.http.post(ventanilla.public + page, data=data) as answer:
        assert "En trámite" in await answer.text()
    [case] = await ventanilla.cases()
    assert case.state == "open"


async def test_the_chosen_agency_and_topic_decide(ventanilla: Running) -> None:
    await send(ventanilla, text="No he recibido lo mío", agency="sena", topic="sena.certificados")
    [case] = await ventanilla.cases()
    assert (case.agency, case.topic) == ("sena", "certificados")


@pytest.mark.parametrize("agency", ["", "no-such-agency", "../../etc", "sena\x00"])
async def test_an_agency_that_is_none_is_no_reason_to_refuse(ventanilla: Running, agency: str) -> None:
    await send(ventanilla, text=QUESTION, agency=agency, topic="sena.nada")
    [case] = await ventanilla.cases()
    assert case.agency == "sena"


async def test_the_topics_of_an_agency_are_shown_without_losing_what_was_typed(ventanilla: Running) -> None:
    data = form(text="Lo que ya escribí", agency="sena", step="topics")
    async with ventanilla.http.post(ventanilla.public + "/", data=data) as answer:
        html = unescape(await answer.text())
    assert answer.status == 200
    assert '<option value="sena.certificados">Certificados</option>' in html
    assert "Lo que ya escribí" in html
    assert await ventanilla.cases() == []


async def test_an_empty_form_says_what_is_missing_beside_the_field_and_at_the_top(ventanilla: Running) -> None:
    async with ventanilla.http.post(ventanilla.public + "/", data=form(text="  ", name="Ana")) as answer:
        html = unescape(await answer.text())
    assert answer.status == 422
    sentence = "Por favor escriba su mensaje o adjunte un archivo."
    assert f'<a href="#text">{sentence}</a>' in html
    assert f'id="text-fault">{sentence}' in html
    assert 'aria-describedby="text-hint text-fault"' in html
    assert 'value="Ana"' in html


async def test_the_whole_page_speaks_english_when_asked(ventanilla: Running) -> None:
    html = await get(ventanilla, "/?lang=en")
    assert '<html lang="en">' in html
    assert "Your message" in html
    assert "Su mensaje" not in html
    page = await send(ventanilla, text="When does SENA enrolment open?", language="en")
    assert page.endswith("?lang=en")
    [case] = await ventanilla.cases()
    assert case.language == "en"
    assert "In progress" in await get(ventanilla, page.partition("?")[0])


async def test_pages_are_strict_and_light(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    for path in ("/", page):
        async with ventanilla.http.get(ventanilla.public + path) as answer:
            html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)
        async with ventanilla.http.get(ventanilla.public + "/static/public.css") as answer:
            assert (answer.status, answer.content_type) == (200, "text/css")
            assert len(html) + len(await answer.text()) < 30_000
    async with ventanilla.http.get(ventanilla.public + page) as answer:
        assert "noindex" in answer.headers["X-Robots-Tag"]


async def test_every_field_has_its_label(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    for path in ("/?agency=sena", page):
        html = await get(ventanilla, path)
        fields = re.findall(r'<(?:input|select|textarea) id="([^"]+)"', html)
        assert len(fields) >= 3
        assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', html))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
async def test_what_a_citizen_writes_is_shown_as_words(ventanilla: Running, text: str) -> None:
    # inbound case 47
    page = await send(ventanilla, (f"{text}.txt", b"x"), text=f"SENA {text}", name=text)
    async with ventanilla.http.get(ventanilla.public + page) as answer:
        html = await answer.text()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "49" not in re.sub(r"\d{11}|/files/\d+|value=\"[^\"]*\"|/s/[\w-]+|\?v=\w+|datetime=\"[^\"]*\"", "", html)


async def test_nul_bidi_and_a_word_of_ten_thousand_letters_are_kept(ventanilla: Running) -> None:
    # inbound case 47
    page = await send(ventanilla, text="SENA \x00\u202e" + "a" * 9_000)
    assert "a" * 9_000 in await get(ventanilla, page)


async def test_a_text_beyond_the_limit_is_explained_and_not_lost(ventanilla: Running) -> None:
    # inbound case 45
    async with ventanilla.http.post(ventanilla.public + "/", data=form(text="ñ" * 10_001)) as answer:
        assert answer.status == 422
        html = await answer.text()
    assert "Su mensaje es muy largo" in html
    assert "ñ" * 10_001 in html


async def test_a_file_that_is_too_large_is_named_and_nothing_is_kept(small: Running, tmp_path: Path) -> None:
    files = (("buena.txt", b"x"), ("grande.txt", b"x" * 1001))
    async with small.http.post(small.public + "/", data=form(*files, text=QUESTION)) as answer:
        assert answer.status == 422
        html = await answer.text()
    assert "El archivo «grande.txt» pesa más de 1 MB" in html
    assert QUESTION in html
    assert kept(tmp_path) == []
    assert await small.cases() == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("vacio.txt", b"", "El archivo «vacio.txt» está vacío"),
        ("raro.exe", b"\x7fELF\x02\x01\x01" + b"\x00" * 200, "El archivo «raro.exe» no es de un tipo que recibamos"),
        ("../../etc/pass<b>.exe", b"\x7fELF\x02\x01\x01" + b"\x00" * 200, "El archivo «pass&lt;b&gt;.exe» no es"),
    ],
)
async def test_a_file_that_is_not_taken_is_named(small: Running, name: str, content: bytes, sentence: str) -> None:
    async with small.http.post(small.public + "/", data=form((name, content), text=QUESTION)) as answer:
        assert answer.status == 422
        assert sentence in await answer.text()


async def test_more_files_than_the_limit_are_refused_together(small: Running, tmp_path: Path) -> None:
    files = [(f"{place}.txt", b"x") for place in range(3)]
    async with small.http.post(small.public + "/", data=form(*files, text=QUESTION)) as answer:
        assert "Puede enviar hasta 2 archivos" in await answer.text()
    assert kept(tmp_path) == []


async def test_an_unchosen_file_field_is_no_file(ventanilla: Running) -> None:
    page = await send(ventanilla, ("", b""), text=QUESTION)
    assert "/files/" not in await get(ventanilla, page)


async def test_a_file_alone_is_a_message(ventanilla: Running) -> None:
    await send(ventanilla, ("carta.txt", b"Radicado 42"), text="")
    assert len(await ventanilla.cases()) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"--x\r\n\r\nno name\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_malformed_form_gets_a_plain_page(small: Running, body: bytes, content_type: str) -> None:
    # inbound case 46
    headers = {"Content-Type": content_type}
    async with small.http.post(small.public + "/", data=body, headers=headers) as answer:
        assert answer.status in (400, 422)
        assert answer.content_type == "text/html"


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(small: Running) -> None:
    # inbound case 45
    reader, writer = await asyncio.open_connection("127.0.0.1", small.gateway.settings.public_listen.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n")
    writer.write(b"Content-Length: 999999999\r\n\r\n")
    assert b"413" in await reader.readline()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("token", ["x", "a" * 27, "a" * 65, "..%2F..%2Fetc", "%00" * 22, "tel:+573005550001"])
async def test_a_token_nobody_was_given_opens_nothing(ventanilla: Running, token: str) -> None:
    await send(ventanilla, text=QUESTION)
    async with ventanilla.http.get(f"{ventanilla.public}/s/{token}") as answer:
        assert answer.status == 404
        assert "Esta página no existe" in await answer.text()


async def test_a_token_has_at_least_128_random_bits(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    assert len(page.removeprefix("/s/")) * 6 >= 128


async def test_without_a_web_channel_the_form_does_not_exist(tmp_path: Path) -> None:
    deployment = sample_deployment()
    channels = {k: v for k, v in deployment.catalog.gateway.channels.items() if v.provider != "web"}
    gateway = deployment.catalog.gateway.model_copy(update={"channels": channels})
    bare = type(deployment).of(deployment.catalog.model_copy(update={"gateway": gateway}))
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, deployment=bare) as started:
        for method, path in (("GET", "/"), ("POST", "/"), ("POST", "/api/public/messages")):
            async with started.http.request(method, started.public + path, data=form(text="x")) as answer:
                assert answer.status == 404


async def test_a_flood_from_one_address_is_slowed_and_others_go_on(ventanilla: Running) -> None:
    async def post(address: str) -> aiohttp.ClientResponse:
        headers = {"X-Forwarded-For": f"181.50.1.1, {address}, 10.0.0.7"}
        async with ventanilla.http.post(ventanilla.public + "/", data=form(text=""), headers=headers) as answer:
            await answer.read()
            return answer

    statuses = [(await post("186.28.1.9")).status for _ in range(FORM_LIMIT)]
    assert set(statuses) == {422}
    refused = await post("186.28.1.9")
    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW
    assert "Espere unos minutos" in await refused.text()
    assert (await post("186.28.1.10")).status == 422


def test_the_flood_limit_forgets_after_its_window() -> None:
    now = [0.0]
    flood = Flood(2, clock=lambda: now[0])
    assert [flood.wait("a"), flood.wait("a"), flood.wait("a")] == [0, 0, WINDOW]
    now[0] = WINDOW
    assert flood.wait("a") == 0


async def test_web_messages_hold_no_other_persons_words(ventanilla: Running) -> None:
    first: Any = await send(ventanilla, text=QUESTION)
    await send(ventanilla, text="Un asunto privado del ICETEX", form_key="another-form-key-1")
    assert "Un asunto privado" not in await get(ventanilla, first)
    async with ventanilla.gateway.store.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(t.contact))).scalar_one() == 2


async def test_an_internal_note_never_stands_on_the_page(ventanilla: Running) -> None:
    page = await send(ventanilla, text=QUESTION)
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.note(SENA, case.number, "Preguntar al jefe")
    assert "Preguntar al jefe" not in await get(ventanilla, page)


async def test_a_failure_of_ours_is_told_in_plain_words_and_holds_nothing_inside(
    small: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("the inside of the machine")

    monkeypatch.setattr(small.gateway.intake, "receive", fails)
    async with small.http.post(small.public + "/", data=form(("a.txt", b"words"), text=QUESTION)) as answer:
        html = await answer.text()
    assert answer.status == 500
    assert "Tuvimos una falla" in html
    assert "inside" not in html
