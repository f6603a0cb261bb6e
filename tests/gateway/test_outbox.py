"""What goes out: in its order, at its pace, and what becomes of it when the provider says no."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from channels.channel import Outcome, SendOutcome
from gateway import clock
from gateway.deployment import Deployment
from gateway.desk import pieces
from gateway.ledger import ANSWER, BROADCAST, NOTICE, Ledger
from gateway.outbound.outbox import LEASE, Bucket
from gateway.principal import Principal, Role
from gateway.store import alarms, outbox
from gateway.store import schema as t
from tests.support import telegram_api
from tests.support.running import ADMINISTRATOR, PHONE, Running, running, sample_deployment
from tests.support.twilio import Answer

SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
ASKED = "SENA ¿cuándo abren las inscripciones?"


async def ours(started: Running) -> list[Any]:
    """Our messages with their place in the outbox, the oldest first."""
    async with started.gateway.store.read() as conn:
        query = select(t.message, t.outbox.c.state, t.outbox.c.tries, t.outbox.c.next_at)
        joined = query.join(t.outbox, t.outbox.c.message_id == t.message.c.id).order_by(t.message.c.id)
        return list(await conn.execute(joined))


async def settled(started: Running, state: str, *, count: int = 1) -> list[Any]:
    """Our messages, once so many are in a state."""

    async def probe() -> list[Any]:
        found = await ours(started)
        return found if sum(row.state == state for row in found) >= count else []

    return await started.eventually(probe)


async def attempts(started: Running) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(t.attempt).order_by(t.attempt.c.id)))


async def trouble(started: Running, **bounds: Any) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return await outbox.trouble(conn, **bounds)


def refusal(status: int, code: int) -> Answer:
    """Twilio's error body, which repeats the phone number in its sentence."""
    return Answer(status=status, payload={"code": code, "message": f"The number {PHONE} is bad", "status": status})


async def test_an_accepted_text_is_done_with_the_providers_id(ventanilla: Running) -> None:
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "done")
    assert (row.kind, row.status, row.provider_id) == ("acknowledgement", "queued", "SM" + "f" * 32)
    [attempt] = await attempts(ventanilla)
    assert (attempt.outcome, attempt.ended_at is not None) == ("sent", True)
    [heard] = ventanilla.twilio.heard
    assert heard.form["From"] == "+576017440000"
    assert heard.form["StatusCallback"].endswith(f"/webhooks/sms/status?m={row.id}")


async def test_answers_go_before_notices_and_notices_before_broadcasts(ventanilla: Running) -> None:
    gateway = ventanilla.gateway
    await ventanilla.text(ASKED)
    [first] = await settled(ventanilla, "done")
    gateway.outbox._rests["sms"] = asyncio.get_running_loop().time() + 0.3
    ledger = Ledger(clock.now())
    for priority, text in ((BROADCAST, "difusión"), (NOTICE, "aviso"), (ANSWER, "respuesta")):
        ledger.outbound(
            priority=priority, kind="notice", contact_id=first.contact_id, urn=f"tel:{PHONE}", channel="sms", text=text
        )
    await gateway.store.transact(ledger.write)
    async with gateway.store.read() as conn:
        assert await outbox.queued(conn, clock.now()) == [("sms", 3, 0)]
    now = clock.now()
    for text in ("respuesta", "aviso", "difusion"):
        leased = await gateway.store.transact(
            lambda conn: outbox.lease(conn, "sms", limit=1, now=now, until=now + LEASE)
        )
        assert [row.text.replace("ó", "o") for row in leased] == [text]


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = Bucket(rate=10, burst=5)
    assert bucket.available(100.0) == 5
    bucket.tokens -= 5
    assert (bucket.available(100.0), bucket.available(100.5), bucket.available(200.0)) == (0, 5, 5)
    assert bucket.worthwhile == 2


def paced(**channels: dict[str, Any]) -> Deployment:
    """The sample deployment with other rates."""
    catalog = sample_deployment().catalog
    changed = {
        name: config.model_copy(update=channels.get(name, {})) for name, config in catalog.gateway.channels.items()
    }
    return Deployment.of(
        catalog.model_copy(update={"gateway": catalog.gateway.model_copy(update={"channels": changed})})
    )


async def test_a_channel_keeps_its_own_rate_whatever_the_others_do(database: str, tmp_path: Path) -> None:
    deployment = paced(sms={"rate_per_second": 10.0, "burst": 2})
    async with running(database, tmp_path, deployment=deployment) as started:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(started.text(ASKED, sender=f"+5730055500{place:02d}") for place in range(8)))
        await settled(started, "done", count=8)
        took = asyncio.get_running_loop().time() - began
    assert took >= (8 - 2) / 10 - 0.05


async def test_a_provider_that_asks_for_a_pause_is_left_alone_and_then_gets_everything(ventanilla: Running) -> None:
    # inbound case 25
    ventanilla.twilio.answer = Answer(status=429, payload={"code": 20429}, headers={"Retry-After": "1"})
    await ventanilla.text(ASKED)
    began = asyncio.get_running_loop().time()
    await ventanilla.eventually(lambda: _tried(ventanilla, 1))
    ventanilla.twilio.answer = None
    await ventanilla.text("DIAN ¿el RUT?")
    rows = await settled(ventanilla, "done", count=2)
    assert asyncio.get_running_loop().time() - began >= 0.9
    assert [row.tries for row in rows] == [2, 1]
    assert [attempt.outcome for attempt in await attempts(ventanilla)].count("throttled") == 1
    assert len(ventanilla.twilio.heard) == 3


async def _tried(started: Running, times: int) -> bool:
    return len([attempt for attempt in await attempts(started) if attempt.outcome]) >= times


async def test_a_telegram_pause_holds_the_whole_bot(ventanilla: Running) -> None:
    # inbound case 25
    ventanilla.telegram.answers["sendMessage"].append(
        telegram_api.refusal(429, "Too Many Requests: retry after 1", retry_after=1)
    )
    await ventanilla.update(telegram_api.text_update(ASKED))
    [row] = await settled(ventanilla, "done")
    assert row.tries == 2
    assert [attempt.outcome for attempt in await attempts(ventanilla)] == ["throttled", "sent"]


async def test_temporary_trouble_is_tried_again_at_growing_distances_for_a_day(ventanilla: Running) -> None:
    ventanilla.twilio.answer = refusal(503, 30001)
    before = clock.now()
    await ventanilla.text(ASKED)
    await ventanilla.eventually(lambda: _tried(ventanilla, 1))
    [row] = await ours(ventanilla)
    assert (row.state, row.status) == ("pending", "queued")
    assert before + timedelta(seconds=3.75) <= row.next_at <= clock.now() + timedelta(seconds=6.25)
    waits = [ventanilla.gateway.outbox.wait(tries) for tries in range(1, 9)]
    assert all(0.75 * base <= wait <= 1.25 * base for wait, base in zip(waits, (5, 15, 60, 300, 900), strict=False))
    assert waits[-1] <= 3600 * 1.25

    async def a_day_ago(conn: Any) -> None:
        then = clock.now() - timedelta(hours=25)
        await conn.execute(update(t.outbox).values(created_at=then, next_at=then))

    await ventanilla.gateway.store.transact(a_day_ago)
    ventanilla.gateway.outbox.wake(["sms"])
    [row] = await settled(ventanilla, "dead")
    assert (row.status, row.error_code) == ("failed", "30001")


async def test_an_opt_out_found_at_the_send_is_refused_and_written_in_the_ledger(ventanilla: Running) -> None:
    # inbound case 9
    ventanilla.twilio.answer = refusal(400, 21610)
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "dead")
    assert (row.status, row.error_code) == ("failed", "21610")
    async with ventanilla.gateway.store.read() as conn:
        [entry] = await conn.execute(select(t.opt_out))
        [address] = await conn.execute(select(t.address))
    assert (entry.urn, entry.opted_out, entry.source) == (f"tel:{PHONE}", True, "provider")
    assert address.opted_out_at is not None


async def test_a_refused_text_is_a_dead_letter_with_its_reason_and_a_mark_on_its_case(ventanilla: Running) -> None:
    ventanilla.twilio.answer = refusal(400, 21614)
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "dead")
    [listed] = await trouble(ventanilla)
    assert (listed.id, listed.state, listed.error_code, listed.agency) == (row.id, "dead", "21614", "sena")
    assert PHONE not in str(listed.error_detail)
    assert await trouble(ventanilla, agencies=["dian"]) == []
    [case] = await ventanilla.cases()
    assert case.failed_delivery
    _, events = await ventanilla.story(case.number)
    assert [(e.data["message"], e.data["code"]) for e in events if e.kind == "delivery_failed"] == [
        (str(row.id), "21614")
    ]


async def test_a_dead_letter_sent_again_by_a_person_clears_the_mark(ventanilla: Running) -> None:
    ventanilla.twilio.answer = refusal(400, 21614)
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "dead")
    ventanilla.twilio.answer = None
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.send_again(SENA, case.number, row.id)
    [row] = await settled(ventanilla, "done")
    assert (row.status, row.error_code) == ("queued", None)
    assert await trouble(ventanilla) == []
    receipt = {"MessageSid": "SM" + "f" * 32, "MessageStatus": "delivered", "AccountSid": "AC"}
    await ventanilla.twilio_post(f"/webhooks/sms/status?m={row.id}", receipt)
    [case] = await ventanilla.cases()
    assert not case.failed_delivery


async def test_refused_credentials_ring_and_the_message_stays(ventanilla: Running) -> None:
    ventanilla.twilio.answer = refusal(401, 20003)
    await ventanilla.text(ASKED)
    await ventanilla.eventually(lambda: _tried(ventanilla, 1))
    [row] = await ours(ventanilla)
    assert (row.state, row.status) == ("pending", "queued")
    async with ventanilla.gateway.store.read() as conn:
        [alarm] = await alarms.ringing(conn)
    assert (alarm.kind, alarm.key) == ("misconfigured", "misconfigured:sms")
    assert PHONE not in alarm.detail


async def test_the_alarm_ends_with_the_first_text_that_goes_out(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path) as started:
        started.twilio.answer = refusal(401, 20003)
        await started.text(ASKED)
        await started.eventually(lambda: _tried(started, 1))
    async with running(database, tmp_path, now=lambda: clock.now() + timedelta(minutes=5)) as started:
        await settled(started, "done")
        async with started.gateway.store.read() as conn:
            assert await alarms.ringing(conn) == []


async def test_a_send_that_got_no_answer_is_unknown_and_not_repeated(ventanilla: Running) -> None:
    ventanilla.twilio.answer = Answer(drop=True)
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "unknown")
    assert (row.status, row.provider_id) == ("unknown", None)
    assert [each.state for each in await trouble(ventanilla)] == ["unknown"]
    assert len(ventanilla.twilio.heard) == 1


async def test_a_provider_that_does_not_answer_one_text_does_not_hold_up_the_next(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ventanilla.gateway.channels["sms"]
    sending = channel.send
    held = asyncio.Event()

    async def slow(message: Any) -> SendOutcome:
        if message.to.value != PHONE:
            return await sending(message)
        await held.wait()
        return SendOutcome(outcome=Outcome.UNKNOWN)

    monkeypatch.setattr(channel, "send", slow)
    await ventanilla.text(ASKED)
    await settled(ventanilla, "leased")
    await ventanilla.text(ASKED, sender="+573009990001")
    await ventanilla.texts_to("+573009990001")
    held.set()
    await settled(ventanilla, "unknown")


async def test_an_adapters_defect_leaves_the_message_unknown_and_the_channel_working(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(message: Any) -> SendOutcome:
        raise KeyError("a field of a new kind")

    with monkeypatch.context() as patched:
        patched.setattr(ventanilla.gateway.channels["sms"], "send", broken)
        await ventanilla.text(ASKED)
        await settled(ventanilla, "unknown")
    await ventanilla.text("DIAN ¿el RUT?")
    assert len(await settled(ventanilla, "done")) == 2


async def test_a_long_answer_goes_out_in_numbered_parts(ventanilla: Running) -> None:
    await ventanilla.text(ASKED)
    [case] = await ventanilla.cases()
    answer = "\n".join(f"Paso {place}: lleve su documento a la ventanilla del primer piso." for place in range(80))
    ids = await ventanilla.gateway.desk.reply(SENA, case.number, answer)
    texts = await ventanilla.texts_to(at_least=len(ids) + 1)
    assert len(ids) == len(pieces(answer, 1600)) == 4
    assert all(len(text) <= 1600 for text in texts)
    assert sorted(text[-6:] for text in texts if text.startswith("Paso") or "Paso" in text)[:4] == [
        f" ({place}/4)" for place in range(1, 5)
    ]
    _, events = await ventanilla.story(case.number)
    assert [event.data["messages"] for event in events if event.kind == "replied"] == [[str(i) for i in ids]]


def test_no_part_is_longer_than_the_limit_and_none_of_the_words_is_lost() -> None:
    for text in ("palabra " * 500, "x" * 5000, "Una. " * 900, "línea\n" * 700, "ñ" * 161):
        parts = pieces(text.strip(), 160)
        assert all(0 < len(part) <= 160 for part in parts)
        kept = "".join(part.rsplit(" (", 1)[0] for part in parts)
        assert "".join(kept.split()) == "".join(text.split())
        assert parts[-1].endswith(f"({len(parts)}/{len(parts)})")


async def test_blocked_on_telegram_is_an_opt_out_and_the_answer_a_dead_letter(ventanilla: Running) -> None:
    # inbound case 25
    ventanilla.telegram.answers["sendMessage"].append(
        telegram_api.refusal(403, "Forbidden: bot was blocked by the user")
    )
    await ventanilla.update(telegram_api.text_update(ASKED))
    [row] = await settled(ventanilla, "dead")
    assert row.error_code == "blocked"
    async with ventanilla.gateway.store.read() as conn:
        [entry] = await conn.execute(select(t.opt_out))
    assert entry.urn == f"telegram:{telegram_api.CHAT}"


async def test_another_process_never_sends_what_this_one_has_leased(ventanilla: Running) -> None:
    gateway = ventanilla.gateway
    await ventanilla.text(ASKED)
    await settled(ventanilla, "done")
    now = clock.now()

    async def due_again(conn: Any) -> None:
        await conn.execute(update(t.outbox).values(state="pending", channel="other", next_at=now))

    await gateway.store.transact(due_again)

    async def lease(conn: Any) -> list[Any]:
        return await outbox.lease(conn, "other", limit=5, now=now, until=now + LEASE)

    both = await asyncio.gather(*(gateway.store.transact(lease) for _ in range(4)))
    assert sorted(len(rows) for rows in both) == [0, 0, 0, 1]


async def test_a_lease_that_ran_out_is_unknown_and_not_sent(ventanilla: Running) -> None:
    await ventanilla.text(ASKED)
    [row] = await settled(ventanilla, "done")

    async def abandoned(conn: Any) -> None:
        await conn.execute(update(t.outbox).values(state="leased", lease_until=clock.now() - timedelta(seconds=1)))
        await conn.execute(update(t.message).where(t.message.c.id == row.id).values(status="queued"))
        await conn.execute(update(t.attempt).values(outcome=None, ended_at=None))

    await ventanilla.gateway.store.transact(abandoned)
    await ventanilla.gateway.outbox.recover()
    [row] = await ours(ventanilla)
    assert (row.state, row.status) == ("unknown", "unknown")
    assert [attempt.outcome for attempt in await attempts(ventanilla)] == ["unknown"]
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.send_again(ADMINISTRATOR, case.number, row.id)
    await settled(ventanilla, "done")
    assert len(ventanilla.twilio.heard) == 2
