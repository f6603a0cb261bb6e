"""What was acknowledged is there: after kills, after a database that stops, and exactly once."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import InboundMessage
from gateway import clock
from gateway.inbound import settle
from gateway.store import outbox
from gateway.store import schema as t
from gateway.store.engine import Store
from tests.support import twilio
from tests.support.running import ADMINISTRATOR, PHONE, Running, running
from tests.support.served import deaf_provider, environment, serve

WORKERS = 12


def form_of(consecutive: int) -> dict[str, str]:
    """A text from a phone of its own, so that each is a case."""
    return {
        "MessageSid": f"SM{consecutive:032x}", "AccountSid": twilio.ACCOUNT, "From": f"+57300{consecutive:07d}",
        "To": "+576017440000", "Body": f"Pregunta {consecutive} sobre el SENA", "NumMedia": "0",
    }  # fmt: skip


async def post(http: aiohttp.ClientSession, public: str, consecutive: int) -> int:
    form = form_of(consecutive)
    headers = {"Content-Type": twilio.FORM, "X-Twilio-Signature": twilio.sign(twilio.WEBHOOK, list(form.items()))}
    async with http.post(f"{public}/webhooks/sms", data=urlencode(form), headers=headers) as answer:
        return answer.status


async def pour(public: str, numbers: Any, acknowledged: set[int]) -> None:
    """Texts from many phones at once, until nobody answers any more."""
    async with aiohttp.ClientSession() as http:

        async def worker() -> None:
            with suppress(aiohttp.ClientError):
                for consecutive in numbers:
                    if await post(http, public, consecutive) == 200:
                        acknowledged.add(consecutive)

        await asyncio.gather(*(worker() for _ in range(WORKERS)))


async def inbound(started: Running) -> list[Any]:
    """Every inbound message as (provider id, case)."""
    async with started.gateway.store.read() as conn:
        table = t.message.c
        return list(await conn.execute(select(table.provider_id, table.case_id).where(table.direction == "in")))


async def case_count(started: Running) -> int:
    async with started.gateway.store.read() as conn:
        return len((await conn.execute(select(t.cases.c.id))).all())


def later() -> datetime:
    """After every lease has run out."""
    return clock.now() + timedelta(minutes=5)


async def test_what_was_acknowledged_is_there_exactly_once_after_kills_at_any_instant(
    database: str, tmp_path: Path
) -> None:
    # inbound case 50
    acknowledged: set[int] = set()
    numbers = iter(range(1, 10**6))
    async with deaf_provider() as (url, _):
        for _ in range(2):
            async with serve(environment(database, tmp_path, twilio_url=url), tmp_path) as served:
                pouring = asyncio.create_task(pour(served.public, numbers, acknowledged))
                await asyncio.sleep(random.uniform(0.1, 0.5))
                served.signal(signal.SIGKILL)
                await pouring
    assert acknowledged
    async with running(database, tmp_path, now=later) as started:
        stored = await inbound(started)
        times = Counter(row.provider_id for row in stored)
        assert set(times.values()) == {1}
        assert {form_of(each)["MessageSid"] for each in acknowledged} <= set(times)
        assert len({row.case_id for row in stored}) == len(stored) == await case_count(started)
        repeats = random.sample(sorted(acknowledged), min(30, len(acknowledged)))
        statuses = await asyncio.gather(*(post(started.http, started.public, each) for each in repeats))
        assert set(statuses) == {200}
        assert await inbound(started) == stored


async def test_a_text_killed_while_it_was_sent_is_unknown_until_its_receipt_and_never_sent_twice(
    database: str, tmp_path: Path
) -> None:
    async with deaf_provider() as (url, heard):
        given = environment(database, tmp_path, twilio_url=url)
        async with serve(given, tmp_path) as served, aiohttp.ClientSession() as http:
            assert [await post(http, served.public, each) for each in (1, 2)] == [200, 200]
            await running_until(lambda: len(heard) == 2)
            served.signal(signal.SIGKILL)
    async with running(database, tmp_path, now=later) as started:
        first, second = sorted((int(form["StatusCallback"].partition("?m=")[2]), form["To"]) for form in heard)
        assert await states(started) == {first[0]: "unknown", second[0]: "unknown"}
        receipt = {"MessageSid": "SM" + "e" * 32, "MessageStatus": "delivered", "AccountSid": twilio.ACCOUNT}
        await started.twilio_post(f"/webhooks/sms/status?m={first[0]}", receipt)
        assert await states(started) == {first[0]: "delivered", second[0]: "unknown"}
        async with started.gateway.store.read() as conn:
            [trouble] = await outbox.trouble(conn)
        assert (trouble.id, trouble.state) == (second[0], "unknown")
        assert not started.twilio.heard
        await started.gateway.desk.send_again(ADMINISTRATOR, trouble.number, second[0])
        await started.texts_to(second[1])
        assert [each.form["To"] for each in started.twilio.heard] == [second[1]]


async def running_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def states(started: Running) -> dict[int, str]:
    async with started.gateway.store.read() as conn:
        table = t.message.c
        rows = await conn.execute(select(table.id, table.status).where(table.direction == "out"))
        return {row.id: row.status for row in rows}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
async def test_a_signal_ends_it_within_seconds_with_everything_kept_and_code_zero(
    number: signal.Signals, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    acknowledged: set[int] = set()
    async with deaf_provider() as (url, _):
        given = environment(database, tmp_path, twilio_url=url)
        async with serve(given, tmp_path) as served:
            if number is signal.SIGTERM:
                await refused_beside(given)
            pouring = asyncio.create_task(pour(served.public, iter(range(1, 10**6)), acknowledged))
            await running_until(lambda: len(acknowledged) > 20)
            served.signal(number)
            assert await served.ended() == 0
            await pouring
    async with running(database, tmp_path, now=later) as started:
        kept = {row.provider_id for row in await inbound(started)}
    assert {form_of(each)["MessageSid"] for each in acknowledged} <= kept


async def refused_beside(given: dict[str, str]) -> None:
    """A second process on the same file is told why it may not serve it."""
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "serve", cwd=Path(given["VENTANILLA_CONFIG_DIR"]).parent, env=given,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await second.communicate()
    assert second.returncode == 1
    assert "another process is serving ventanilla.db" in said.decode()
    assert "Traceback" not in said.decode()


class Cut:
    """Stands for the store: work is done, and the database is gone before the commit, `times` times."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self.times = times

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        async def cut(conn: AsyncConnection) -> Any:
            result = await work(conn)
            if self.times:
                self.times -= 1
                if self._store.dialect == "postgresql":
                    await conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
                raise OperationalError("COMMIT", (), OSError("disk I/O error"))
            return result

        return await self._store.transact(cut)


def cut_off(started: Running, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """The database stops under what comes in, so many times."""
    monkeypatch.setattr(started.gateway.intake._commits, "_store", Cut(started.gateway.store, times))


async def test_a_database_that_stops_before_the_commit_is_told_as_503_and_the_repeat_succeeds(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # inbound case 49
    cut_off(ventanilla, monkeypatch, times=1)
    refused = await ventanilla.text("Hola, ¿el SENA?", sid="SM" + "1" * 32)
    assert (refused.status, "Retry-After" in refused.headers) == (503, True)
    assert await inbound(ventanilla) == []
    repeated = await ventanilla.text("Hola, ¿el SENA?", sid="SM" + "1" * 32)
    assert repeated.status == 200
    assert len(await inbound(ventanilla)) == await case_count(ventanilla) == 1


async def test_a_batch_the_database_lost_is_done_again_message_by_message(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # inbound case 49
    await ventanilla.text("La primera, para que la conexión esté abierta")
    cut_off(ventanilla, monkeypatch, times=2)
    answers = await asyncio.gather(
        *(ventanilla.text("¿El SENA?", sender=f"+5730055511{place:02d}") for place in range(20))
    )
    refused = [answer for answer in answers if answer.status != 200]
    assert [answer.status for answer in refused] in ([503], [503, 503])
    assert len(await inbound(ventanilla)) == await case_count(ventanilla) == 21 - len(refused)


async def test_a_message_that_cannot_be_stored_does_not_take_the_others_of_its_batch_with_it(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = settle.settle

    async def poisoned(work: Any, message: InboundMessage, result: Any) -> None:
        if message.text == "veneno":
            raise ValueError("of this one alone")
        await settled(work, message, result)

    monkeypatch.setattr(settle, "settle", poisoned)
    texts = ["¿El SENA?"] * 9 + ["veneno"] + ["¿La DIAN?"] * 9
    answers = await asyncio.gather(
        *(ventanilla.text(text, sender=f"+5730055512{place:02d}") for place, text in enumerate(texts))
    )
    assert [answer.status for answer in answers] == [200] * 9 + [503] + [200] * 9
    assert len(await inbound(ventanilla)) == await case_count(ventanilla) == 18


async def test_a_repeat_by_another_process_gets_what_the_first_one_got(ventanilla: Running) -> None:
    await ventanilla.text("¿El SENA?", sid="SM" + "2" * 32)
    [acknowledged] = await ventanilla.texts_to(PHONE)
    again = await ventanilla.text("¿El SENA?", sid="SM" + "2" * 32)
    assert (again.status, await again.text()) == (200, "<Response/>")
    assert await case_count(ventanilla) == 1
    assert await ventanilla.texts_to(PHONE) == [acknowledged]
