"""The console's stream and what belongs to it, over HTTP: numbers, gaps, its end, and the boundary."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from yarl import URL

from gateway.clock import new_id
from gateway.store.staff import Member
from gateway.web.console import stream
from tests.support.running import ADMINISTRATOR, Running
from tests.web.visitor import Visitor, employ, visitor

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
OTHER_PHONE = "+573005550002"

# What the watcher reads is tried on both engines with the watcher itself.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
async def luz(ventanilla: Running) -> Member:
    return await employ(ventanilla, "luz", agency="sena")


class Stream:
    """An open stream, read event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.last = ""

    async def event(self) -> tuple[str, dict[str, Any]] | None:
        """The next event, or None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(30):
            while line := (await self.answer.content.readline()).decode():
                if line == "\n" and "event" in fields:
                    self.last = fields.get("id", self.last)
                    return fields["event"], json.loads(fields["data"])
                name, _, value = line.strip().partition(": ")
                fields[name] = value
        return None

    async def until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next event of that kind that says this."""
        while (found := await self.event()) is not None:
            if found[0] == kind and wanted.items() <= found[1].items():
                return found[1]
        raise AssertionError(f"the stream ended without {kind} {wanted}")


@asynccontextmanager
async def streaming(browser: Visitor, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    """A stream that is open, its room counted once."""
    after = "" if headers or query else f"?after={new_id()}"
    async with browser.http.get(f"{browser.base}/console/stream{query}{after}", headers=headers) as answer:
        assert answer.status == 200
        yield Stream(answer)


async def _case(ventanilla: Running, phone: str = OTHER_PHONE) -> str:
    before = {case.number for case in await ventanilla.cases()}
    await ventanilla.text(QUESTION, sender=phone)
    [number] = {case.number for case in await ventanilla.cases()} - before
    return str(number)


async def test_what_happens_is_heard_as_it_happens_and_no_proxy_or_cache_keeps_it(
    ventanilla: Running, luz: Member
) -> None:
    async with visitor(ventanilla, "luz") as browser, streaming(browser) as heard:
        assert heard.answer.headers["Content-Type"].startswith("text/event-stream")
        assert heard.answer.headers["Cache-Control"] == "no-store"
        assert heard.answer.headers["X-Accel-Buffering"] == "no"
        await heard.until("counts")
        number = await _case(ventanilla)
        assert (await heard.until("case", number=number))["state"] == "open"
        assert int(heard.last) > 0


async def test_who_was_cut_off_hears_what_was_missed_and_nothing_twice(ventanilla: Running, luz: Member) -> None:
    async with visitor(ventanilla, "luz") as browser:
        async with streaming(browser) as heard:
            first = await _case(ventanilla)
            await heard.until("case", number=first)
            last = heard.last
        second = await _case(ventanilla, "+573005550003")
        third = await _case(ventanilla, "+573005550004")
        heard_again: list[tuple[str, Any]] = []
        async with streaming(browser, **{"Last-Event-ID": last}) as again:
            while not {second, third} <= {number for _, number in heard_again}:
                kind, data = await again.event() or ("ended", {})
                heard_again.append((kind, data.get("number")))
                assert kind in ("case", "counts", "notices"), kind
            assert int(again.last) > int(last)


@pytest.mark.parametrize("last", ["17", "9" * 18, "abc", "-1"])
async def test_who_comes_with_a_number_of_nowhere_is_told_of_a_gap(ventanilla: Running, luz: Member, last: str) -> None:
    async with visitor(ventanilla, "luz") as browser, streaming(browser, **{"Last-Event-ID": last}) as heard:
        assert (await heard.event() or ("", {}))[0] == "gap"


async def test_the_stream_ends_with_the_logout(ventanilla: Running, luz: Member) -> None:
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "luz") as elsewhere:
        async with streaming(browser) as heard, streaming(elsewhere) as other:
            await browser.get("/console")
            await browser.post("/logout")
            await heard.until("ended")
            assert await heard.event() is None
            number = await _case(ventanilla)
            assert await other.until("case", number=number)
        async with browser.http.get(f"{browser.base}/console/stream") as answer:
            assert answer.status == 401


async def test_a_stop_ends_every_stream_cleanly_and_at_once(ventanilla: Running, luz: Member) -> None:
    async with visitor(ventanilla, "luz") as browser, streaming(browser) as heard:
        await heard.until("counts")
        ventanilla.gateway.live.end_all()
        while await heard.event() is not None:
            pass
        assert heard.answer.content.at_eof()
        assert heard.answer.content.exception() is None


async def test_another_agency_hears_nothing_of_a_case_whatever_it_asks_for(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "ana", agency="dian")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "ana") as ana, visitor(ventanilla, "luz") as browser:
        async with streaming(ana, "?agency=sena") as theirs, streaming(browser) as ours:
            await ours.until("counts")
            await browser.get(f"/console/cases/{number}")
            await browser.post_only(f"/console/cases/{number}/presence", doing="writing")
            await ours.until("viewing", number=number)
            await browser.post_only(f"/console/cases/{number}/note", text="hola")
            await ours.until("case", number=number)
            await ventanilla.gateway.desk.transfer(ADMINISTRATOR, number, agency="dian", reason="Es un impuesto")
            heard: list[tuple[str, dict[str, Any]]] = []
            while not heard or heard[-1][0] != "case":
                found = await theirs.event()
                assert found is not None
                heard.append(found)
            assert await ours.until("removed", number=number)
        assert not [data for _, data in heard[:-1] if data.get("number") == number]
        assert (await ana.get("/console/queue/rows?view=open&agency=sena")).text.count(number) == 1
        assert number not in (await browser.get("/console/queue/rows?view=open")).text


async def test_a_login_holds_so_many_streams_and_no_more(
    ventanilla: Running, luz: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_MOST", 1)
    async with (
        visitor(ventanilla, "luz") as browser,
        streaming(browser),
        browser.http.get(f"{browser.base}/console/stream") as answer,
    ):
        assert answer.status == 429


async def test_a_quiet_stream_is_kept_awake_by_comments(
    ventanilla: Running, luz: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_PING_AFTER", 0.01)
    async with visitor(ventanilla, "luz") as browser, streaming(browser) as heard:
        lines = [await heard.answer.content.readline() for _ in range(40)]
    assert lines.count(b":\n") >= 5


async def test_who_is_in_front_of_a_case_is_shown_to_others_in_the_queue_and_on_its_page(
    ventanilla: Running, luz: Member
) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jorge") as other:
        await browser.get("/console")
        paths = ("/console?view=open", f"/console/cases/{number}")
        for doing, said in (("viewing", "lo está viendo"), ("writing", "está escribiendo")):
            answer = await browser.post_only(f"/console/cases/{number}/presence", doing=doing)
            assert answer.status == 204
            for path in paths:
                assert f"Nombre de luz {said}" in (await other.get(path)).text
                assert f"Nombre de luz {said}" not in (await browser.get(path)).text
        await browser.post_only(f"/console/cases/{number}/presence", doing="gone")

        async def gone() -> bool:
            # Her name alone stands in the form that narrows the queue, too.
            shown = "".join([(await other.get(path)).text for path in paths])
            return not any(f"Nombre de luz {said}" in shown for said in ("lo está viendo", "está escribiendo"))

        assert await ventanilla.eventually(gone)
        assert (await browser.post_only(f"/console/cases/{number}/presence", doing="dancing")).status == 422


async def test_the_rows_alone_are_those_of_the_page(ventanilla: Running, luz: Member) -> None:
    await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        whole, rows = await browser.get("/console?view=open"), await browser.get("/console/queue/rows?view=open")
    assert rows.html.startswith('<div id="rows"')
    assert rows.html.strip() in whole.html
    assert rows.headers["content-security-policy"] == whole.headers["content-security-policy"]


async def test_the_story_alone_says_who_changed_the_case_and_is_noted_as_read(ventanilla: Running, luz: Member) -> None:
    await employ(ventanilla, "jorge", agency="sena")
    number = await _case(ventanilla)
    async with visitor(ventanilla, "luz") as browser, visitor(ventanilla, "jorge") as other:
        seen = (await browser.get(f"/console/cases/{number}")).html.partition('data-seen="')[2].partition('"')[0]
        own = await browser.post(f"/console/cases/{number}/note", text="mía")
        assert own.status == 200
        assert "cambió este caso" not in (await browser.get(f"/console/cases/{number}/story?seen={seen}")).text
        await other.get("/console")
        await other.post(f"/console/cases/{number}/note", text="de Jorge")
        story = await browser.get(f"/console/cases/{number}/story?seen={seen}")
        assert "Nombre de jorge cambió este caso." in story.text
        assert "de Jorge" in story.text
        await employ(ventanilla, "control", role="auditor")
        async with visitor(ventanilla, "control") as auditor:
            await ventanilla.gateway.audit.written()
            assert "live" in (await auditor.get(f"/audit?object={number}")).text


async def test_a_page_that_is_left_before_its_stream_begins_is_no_error(
    ventanilla: Running, luz: Member, caplog: pytest.LogCaptureFixture
) -> None:
    async with visitor(ventanilla, "luz") as browser:
        [cookie] = [f"{each.key}={each.value}" for each in browser.http.cookie_jar]
        url = URL(browser.base)
        for _ in range(5):
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(f"GET /console/stream HTTP/1.1\r\nHost: {url.host}\r\nCookie: {cookie}\r\n\r\n".encode())
            await writer.drain()
            writer.transport.abort()
        async with streaming(browser) as heard:
            await heard.until("counts")
    assert not caplog.records
