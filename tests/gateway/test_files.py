"""Citizens' files: fetched, sniffed, limited, and never a reason for a message to wait or be lost."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from channels.gsm import fold
from channels.message import Attachment, AttachmentKind
from gateway import clock
from gateway.files import FileRefused, Files, sniff
from gateway.store import attachments
from gateway.store import schema as t
from routing.catalog import FileLimits
from tests.support import telegram_api
from tests.support.clocks import MovableClock
from tests.support.running import Running, running
from tests.support.twilio import Answer

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fea135"
    "81840000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
EXE = b"MZ\x90\x00" + bytes(60) + b"PE\x00\x00" + bytes(200)
DOCUMENT = "documents/AgACAgE-doc"


async def files(started: Running) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(t.attachment).order_by(t.attachment.c.id)))


async def once(started: Running, *states: str) -> list[Any]:
    """The files, once they are in these states."""

    async def probe() -> list[Any]:
        found = await files(started)
        return found if [row.state for row in found] == list(states) else []

    return await started.eventually(probe)


async def refused(started: Running, word: str) -> Any:
    """The one file, once fetching it has ended with that word."""

    async def probe() -> Any:
        [row] = await files(started)
        return row if (row.detail or "").endswith(word) else None

    return await started.eventually(probe)


def kept(started: Running, row: Any) -> bytes:
    return started.gateway.files.path(row.stored_as).read_bytes()


async def test_a_telegram_document_is_fetched_sniffed_and_kept_under_a_name_of_ours(ventanilla: Running) -> None:
    ventanilla.telegram.files[DOCUMENT] = PDF
    await ventanilla.update(telegram_api.captured("document"))
    [row] = await once(ventanilla, "stored")
    assert (row.content_type, row.size, row.filename) == ("application/pdf", len(PDF), "derecho de petición.pdf")
    assert kept(ventanilla, row) == PDF
    assert telegram_api.BOT_TOKEN not in str(row)


async def test_mms_are_fetched_in_order_and_what_the_type_claims_is_not_believed(ventanilla: Running) -> None:
    # inbound case 3
    url = ventanilla.twilio.url
    ventanilla.twilio.files = {"/m/0": Answer(200, body=PNG), "/m/1": Answer(200, body=PDF)}
    media = {"NumMedia": "2", "MediaUrl0": f"{url}/m/0", "MediaUrl1": f"{url}/m/1",
             "MediaContentType0": "application/pdf", "MediaContentType1": "image/jpeg"}  # fmt: skip
    await ventanilla.text("SENA, mire", **media)
    rows = await once(ventanilla, "stored", "stored")
    assert [(row.position, row.content_type) for row in rows] == [(0, "image/png"), (1, "application/pdf")]


async def test_a_type_that_is_not_taken_is_refused_and_the_message_stays(ventanilla: Running) -> None:
    ventanilla.telegram.files[DOCUMENT] = EXE
    await ventanilla.update(telegram_api.captured("document"))
    [row] = await once(ventanilla, "refused")
    assert "not taken" in row.detail
    assert row.stored_as is None
    assert len(await ventanilla.cases()) == 1


async def test_the_sender_of_a_file_that_is_not_taken_is_told_once_a_message(ventanilla: Running) -> None:
    url = ventanilla.twilio.url
    ventanilla.twilio.files = {"/m/0": Answer(200, body=EXE), "/m/1": Answer(200, body=EXE)}
    media = {"NumMedia": "2", "MediaUrl0": f"{url}/m/0", "MediaUrl1": f"{url}/m/1"}
    await ventanilla.text("SENA, mire", **media)
    await once(ventanilla, "refused", "refused")
    told = fold(ventanilla.gateway.current().catalog.say("file_refused", "es"))

    async def heard() -> bool:
        texts = await ventanilla.texts_to(at_least=2)
        return told in texts

    assert await ventanilla.eventually(heard)
    assert (await ventanilla.texts_to(at_least=2)).count(told) == 1


async def test_an_address_that_is_not_the_providers_is_never_asked(ventanilla: Running) -> None:
    await ventanilla.text(
        "SENA", NumMedia="1", MediaUrl0="http://169.254.169.254/latest", MediaContentType0="image/png"
    )
    [row] = await once(ventanilla, "unavailable")
    assert "169.254" not in row.detail
    assert len(await ventanilla.cases()) == 1


REFUSALS = {
    "temporarily unavailable": (telegram_api.refusal(400, "Bad Request: wrong file_id or the file is temporarily"
                                                          " unavailable"), "pending"),
    "too many": (telegram_api.refusal(429, "Too Many Requests", retry_after=3), "pending"),
    "a fault of theirs": (telegram_api.refusal(500, "Internal Server Error"), "pending"),
    "no answer": (telegram_api.Answer(drop=True), "pending"),
    "no json": (telegram_api.Answer(200, b"<html>"), "pending"),
    "nothing in it": (telegram_api.Answer(200, {"ok": True, "result": {}}), "pending"),
    "too big": (telegram_api.refusal(400, "Bad Request: file is too big"), "unavailable"),
    "gone": (telegram_api.refusal(400, "Bad Request: invalid file_id"), "unavailable"),
}  # fmt: skip


async def test_a_file_that_cannot_be_had_leaves_the_message_and_is_fetched_later(database: str, tmp_path: Path) -> None:
    # inbound case 19
    now = MovableClock()
    async with running(database, tmp_path, now=now) as started:
        for place, (answer, state) in enumerate(REFUSALS.values()):
            update = telegram_api.captured("document")
            update["update_id"] += place
            update["message"]["document"]["file_id"] = f"file{place}"
            started.telegram.answers["getFile"].append(answer)
            assert await started.update(update) == 200

            async def ended(place: int = place, state: str = state) -> bool:
                row = (await files(started))[place]
                return row.state == state and bool(row.detail)

            await started.eventually(ended)
        rows = await files(started)
        assert all(telegram_api.BOT_TOKEN not in str(row) for row in rows)
        assert all(row.next_try_at > now() for row in rows if row.state == "pending")
        started.telegram.files |= {f"documents/file{place}": PDF for place in range(len(rows))}
        now.move(minutes=2)
        started.gateway.fetcher.wake()
        await once(started, *(("stored",) * 6 + ("unavailable",) * 2))
        assert len(await started.cases()) == 1


async def test_a_file_nobody_gives_us_is_given_up_at_last(database: str, tmp_path: Path) -> None:
    # inbound case 19
    now = MovableClock()
    async with running(database, tmp_path, now=now) as started:
        answers = [telegram_api.refusal(400, f"Later {times}") for times in range(1, 10)]
        started.telegram.answers["getFile"] = answers
        await started.update(telegram_api.captured("document"))
        waits = []
        for times in range(1, 9):
            row = await refused(started, f"Later {times}")
            waits.append((row.next_try_at - now()) // timedelta(seconds=1))
            now.at = row.next_try_at
            started.gateway.fetcher.wake()
        await once(started, "unavailable")
        assert waits == sorted(waits)
        assert waits[0] == 10
        assert sum(waits) > 22 * 3600


async def test_a_defect_while_one_file_is_fetched_does_not_stop_the_others(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ventanilla.gateway.channels["telegram"]
    fetching = channel.fetch

    async def defective(attachment: Attachment) -> bytes:
        if attachment.reference == "bad":
            raise KeyError("a field of a new kind")
        return await fetching(attachment)

    monkeypatch.setattr(channel, "fetch", defective)
    ventanilla.telegram.files[DOCUMENT] = PDF
    for place, reference in enumerate(("bad", "AgACAgE-doc")):
        update = telegram_api.captured("document")
        update["update_id"] += place
        update["message"]["document"]["file_id"] = reference
        await ventanilla.update(update)
    bad, good = await once(ventanilla, "pending", "stored")
    assert bad.next_try_at > clock.now()
    assert kept(ventanilla, good) == PDF


async def test_a_file_is_given_to_one_fetcher_only(ventanilla: Running) -> None:
    await ventanilla.gateway.fetcher.stop()
    await ventanilla.update(telegram_api.captured("document"))
    now = clock.now()

    async def take(conn: Any) -> list[Any]:
        return await attachments.take_due(conn, now=now, again=now + timedelta(minutes=5))

    both = await asyncio.gather(*(ventanilla.gateway.store.transact(take) for _ in range(4)))
    assert sorted(len(rows) for rows in both) == [0, 0, 0, 1]


def test_a_file_is_kept_with_what_its_bytes_say(tmp_path: Path) -> None:
    keeper = Files(tmp_path / "files")
    limits = FileLimits(max_bytes=1000, types=("image/", "application/pdf", "text/plain"))
    stored = keeper.keep(PNG, claimed="application/pdf", limits=limits)
    assert (stored.content_type, stored.size) == ("image/png", len(PNG))
    assert keeper.path(stored.name).read_bytes() == PNG
    for content in (b"", b"x" * 1001, EXE):
        with pytest.raises(FileRefused):
            keeper.keep(content, claimed="image/png", limits=limits)
    for name in ("../../etc/passwd", "0" * 31, "A" * 32, ""):
        with pytest.raises(ValueError, match="name"):
            keeper.path(name)
    taken = keeper.take_in(Attachment(kind=AttachmentKind.OTHER, content=PDF, content_type="image/png"), limits)
    assert (taken.kind, taken.reference) == (AttachmentKind.DOCUMENT, f"stored:{taken.reference[7:]}")


def test_a_page_that_calls_itself_a_picture_is_no_picture() -> None:
    assert not sniff(b"<html><script>alert(1)</script></html>", claimed="image/png").startswith("image/")
    assert sniff("Señores: adjunto".encode(), claimed="text/plain") == "text/plain"
    assert sniff(b"\x00\x01\x02", claimed="text/plain") == "application/octet-stream"
