"""Receipts come early, late, twice, out of order, for nobody, and in words nobody knows."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from channels.channel import Outcome, SendOutcome
from channels.message import DeliveryStatus
from gateway import clock
from gateway.store import outbox, traffic
from gateway.store import schema as t
from tests.support import twilio
from tests.support.running import PHONE, Running

ASKED = "SENA ¿cuándo abren las inscripciones?"
SID = "SM" + "f" * 32


async def rows(started: Running, table: Any) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(table).order_by(*table.primary_key)))


async def out(started: Running) -> list[Any]:
    return [row for row in await rows(started, t.message) if row.direction == "out"]


async def sent(started: Running) -> Any:
    """The acknowledgement, once the provider has it."""
    await started.text(ASKED)

    async def probe() -> Any:
        return next((row for row in await out(started) if row.provider_id), None)

    return await started.eventually(probe)


async def said(started: Running, word: str, *, sid: str = SID, own: int | None = None, **more: str) -> int:
    form = {"MessageSid": sid, "MessageStatus": word, "AccountSid": twilio.ACCOUNT, "To": PHONE, **more}
    query = "" if own is None else f"?m={own}"
    return (await started.twilio_post(f"/webhooks/sms/status{query}", form)).status


async def test_delivered_and_then_a_late_sent_stays_delivered_and_each_is_recorded_once(ventanilla: Running) -> None:
    # inbound cases 8, 39
    message = await sent(ventanilla)
    for word in ("delivered", "sent", "delivered", "sent", "queued"):
        assert await said(ventanilla, word, own=message.id) == 200
    assert [row.status for row in await out(ventanilla)] == ["delivered"]
    assert sorted(row.provider_status for row in await rows(ventanilla, t.receipt)) == ["delivered", "queued", "sent"]
    [case] = await ventanilla.cases()
    _, events = await ventanilla.story(case.number)
    assert [event.kind for event in events].count("delivered") == 1


async def test_many_receipts_at_once_for_one_message_end_at_the_furthest(ventanilla: Running) -> None:
    # inbound case 39
    message = await sent(ventanilla)
    words = ["sent", "delivered", "queued", "read", "sending"] * 4
    assert set(await asyncio.gather(*(said(ventanilla, word, own=message.id) for word in words))) == {200}
    assert [row.status for row in await out(ventanilla)] == ["read"]
    assert len(await rows(ventanilla, t.receipt)) == 5


async def test_a_failure_is_told_with_its_code_and_a_later_delivery_overrides_it(ventanilla: Running) -> None:
    message = await sent(ventanilla)
    await said(ventanilla, "undelivered", own=message.id, ErrorCode="30005")
    [failed] = await out(ventanilla)
    assert (failed.status, failed.error_code) == ("failed", "30005")
    [case] = await ventanilla.cases()
    assert case.failed_delivery
    async with ventanilla.gateway.store.read() as conn:
        assert [row.id for row in await outbox.trouble(conn)] == [message.id]
    await said(ventanilla, "delivered", own=message.id)
    [delivered] = await out(ventanilla)
    assert (delivered.status, delivered.error_code) == ("delivered", None)
    [case] = await ventanilla.cases()
    assert not case.failed_delivery
    async with ventanilla.gateway.store.read() as conn:
        assert await outbox.trouble(conn) == []


async def test_a_receipt_with_the_opt_out_code_writes_the_ledger(ventanilla: Running) -> None:
    # inbound case 9
    message = await sent(ventanilla)
    await said(ventanilla, "failed", own=message.id, ErrorCode="21610")
    [entry] = await rows(ventanilla, t.opt_out)
    assert (entry.urn, entry.opted_out, entry.source) == (f"tel:{PHONE}", True, "receipt")


async def test_a_receipt_is_matched_by_the_providers_id_when_ours_is_not_in_it(ventanilla: Running) -> None:
    message = await sent(ventanilla)
    await said(ventanilla, "delivered", sid=message.provider_id)
    assert [row.status for row in await out(ventanilla)] == ["delivered"]


async def test_a_receipt_for_an_unknown_id_is_kept_and_after_a_while_listed(ventanilla: Running) -> None:
    # inbound case 37
    assert await said(ventanilla, "delivered", sid="SM" + "9" * 32) == 200
    assert await said(ventanilla, "delivered", sid="SM" + "8" * 32, own=12345) == 200
    assert [row.message_id for row in await rows(ventanilla, t.receipt)] == [None, None]
    async with ventanilla.gateway.store.read() as conn:
        now = clock.now()
        channels = ventanilla.gateway.channels
        assert (await traffic.by_channel(conn, channels, now=now))["sms"].unmatched == 0
        assert (await traffic.by_channel(conn, channels, now=now + timedelta(hours=1)))["sms"].unmatched == 2


async def test_a_delivery_that_overtakes_a_send_without_an_answer_settles_it(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # inbound case 36
    async def overtaken(message: Any) -> SendOutcome:
        await said(ventanilla, "delivered", own=message.id)
        return SendOutcome(outcome=Outcome.UNKNOWN)

    monkeypatch.setattr(ventanilla.gateway.channels["sms"], "send", overtaken)
    await ventanilla.text(ASKED)

    async def probe() -> Any:
        return [row for row in await rows(ventanilla, t.outbox) if row.state not in ("pending", "leased")]

    [place] = await ventanilla.eventually(probe)
    assert (place.state, [row.status for row in await out(ventanilla)]) == ("done", ["delivered"])


async def test_a_word_nobody_knows_is_answered_200_kept_and_changes_nothing(ventanilla: Running) -> None:
    # inbound case 38
    message = await sent(ventanilla)
    assert await said(ventanilla, "teleported", own=message.id) == 200
    [receipt] = await rows(ventanilla, t.receipt)
    assert (receipt.provider_status, receipt.status, receipt.message_id) == ("teleported", None, message.id)
    assert [row.status for row in await out(ventanilla)] == ["queued"]


@pytest.mark.parametrize(
    ("word", "own_id", "status", "state"),
    [
        ("delivered", True, "delivered", "done"),
        ("delivered", False, "delivered", "done"),
        ("failed", True, "failed", "dead"),
        ("failed", False, "failed", "dead"),
    ],
)
async def test_a_receipt_before_the_answer_to_the_send_counts(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch, word: str, own_id: bool, status: str, state: str
) -> None:
    # inbound case 36
    channel = ventanilla.gateway.channels["sms"]
    sending = channel.send

    async def overtaken(message: Any) -> SendOutcome:
        outcome = await sending(message)
        await said(ventanilla, word, own=message.id if own_id else None, ErrorCode="30006" if word == "failed" else "")
        assert outcome.status is DeliveryStatus.QUEUED
        return outcome

    monkeypatch.setattr(channel, "send", overtaken)
    await ventanilla.text(ASKED)

    async def probe() -> Any:
        found = await rows(ventanilla, t.outbox)
        return found if found[0].state not in ("pending", "leased") else None

    [place] = await ventanilla.eventually(probe)
    [message] = await out(ventanilla)
    assert (message.status, message.provider_id, place.state) == (status, SID, state)
    assert message.error_code == ("30006" if word == "failed" else None)
    assert [row.message_id for row in await rows(ventanilla, t.receipt)] == [message.id]
    [case] = await ventanilla.cases()
    _, events = await ventanilla.story(case.number)
    kinds = [event.kind for event in events]
    assert kinds.count("delivered") + kinds.count("delivery_failed") == 1


async def test_a_receipt_in_odd_characters_is_answered_200(ventanilla: Running) -> None:
    # inbound case 47
    message = await sent(ventanilla)
    assert await said(ventanilla, "deli\x00vered", own=message.id) == 200
    assert await said(ventanilla, "delivered", sid="SM\x00" + "\ufffe") == 200
    assert await said(ventanilla, "delivered", own=message.id, ErrorCode="\x00") == 200
    assert [row.status for row in await out(ventanilla)] == ["delivered"]


async def test_a_forged_receipt_changes_nothing(ventanilla: Running) -> None:
    message = await sent(ventanilla)
    async with ventanilla.http.post(
        f"{ventanilla.public}/webhooks/sms/status?m={message.id}",
        data={"MessageSid": SID, "MessageStatus": "delivered"},
    ) as answer:
        assert answer.status == 403
    assert [row.status for row in await out(ventanilla)] == ["queued"]
