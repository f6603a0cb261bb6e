"""Every fault on demand does to the outbox what the real one would do."""

import aiohttp
import pytest
from sqlalchemy import select

from channels import twilio_api
from gateway.store import schema as t
from tests.simulator.desk import CHAT, Desk, manager
from tests.support.running import PHONE

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"


async def only_case(desk: Desk) -> str:
    [case] = await desk.running.cases()
    return str(case.number)


async def test_a_throttled_send_goes_out_after_the_pause(desk: Desk) -> None:
    await desk.arm("throttled", seconds=1)
    await desk.do("sms", text=QUESTION)
    await desk.settled(await only_case(desk), ("acknowledgement", "delivered", "done"))
    attempts = await desk.rows(select(t.attempt.c.outcome).order_by(t.attempt.c.id))
    assert [row.outcome for row in attempts] == ["throttled", "sent"]


async def test_a_bare_server_error_leaves_the_send_uncertain_and_is_not_repeated(desk: Desk) -> None:
    await desk.arm("server_error")
    await desk.do("sms", text=QUESTION)
    number = await only_case(desk)
    await desk.settled(number, ("acknowledgement", "unknown", "unknown"))
    await desk.gateway.desk.reply(manager("sena"), number, "Abren en enero.")
    await desk.settled(number, ("acknowledgement", "unknown", "unknown"), ("answer", "delivered", "done"))
    assert [each["text"] for each in await desk.texts()] == ["Abren en enero."]


async def test_a_send_that_is_never_answered_is_unknown_and_never_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_api, "SEND_TIMEOUT", aiohttp.ClientTimeout(total=0.4))
    await desk.arm("timeout")
    await desk.do("sms", text=QUESTION)
    number = await only_case(desk)
    await desk.settled(number, ("acknowledgement", "unknown", "unknown"))
    await desk.gateway.outbox.recover(all_leases=True)
    await desk.gateway.desk.reply(manager("sena"), number, "Abren en enero.")
    await desk.settled(number, ("acknowledgement", "unknown", "unknown"), ("answer", "delivered", "done"))
    texts = [each["text"] for each in await desk.texts()]
    assert len(texts) == 2
    assert number in texts[0]


async def test_a_lost_answer_is_settled_by_the_receipts(desk: Desk) -> None:
    # inbound case 36
    await desk.arm("answer_lost")
    await desk.do("sms", text=QUESTION)
    await desk.settled(await only_case(desk), ("acknowledgement", "delivered", "done"))
    assert len(await desk.texts()) == 1
    [attempt] = await desk.rows(select(t.attempt.c.outcome))
    assert attempt.outcome == "unknown"


async def test_an_opt_out_stops_the_message_and_is_written_in_the_ledger(desk: Desk) -> None:
    # inbound case 9
    await desk.arm("opted_out")
    await desk.do("sms", text=QUESTION)
    await desk.settled(await only_case(desk), ("acknowledgement", "failed", "dead"))
    [row] = await desk.rows(select(t.opt_out.c.urn, t.opt_out.c.opted_out, t.opt_out.c.source))
    assert tuple(row) == (f"tel:{PHONE}", True, "provider")


async def test_a_text_that_is_not_delivered_fails_with_its_code(desk: Desk) -> None:
    await desk.arm("undelivered")
    await desk.do("sms", text=QUESTION)
    number = await only_case(desk)
    await desk.settled(number, ("acknowledgement", "failed", "dead"))
    messages, _ = await desk.running.story(number)
    assert [m.error_code for m in messages if m.direction == "out"] == ["30005"]
    assert [each["status"] for each in await desk.texts()] == ["undelivered"]


async def test_a_delayed_delivery_is_reported_when_it_happens(desk: Desk) -> None:
    await desk.arm("delayed", seconds=2)
    await desk.do("sms", text=QUESTION)
    number = await only_case(desk)
    await desk.settled(number, ("acknowledgement", "sent", "done"))
    await desk.settled(number, ("acknowledgement", "delivered", "done"))


async def test_receipts_out_of_order_leave_the_message_delivered(desk: Desk) -> None:
    # inbound case 8
    await desk.arm("reversed")
    await desk.do("sms", text=QUESTION)

    async def both() -> list[str]:
        rows = await desk.rows(select(t.receipt.c.provider_status).order_by(t.receipt.c.id))
        return [row.provider_status for row in rows] if len(rows) == 2 else []

    assert await desk.soon(both) == ["delivered", "sent"]
    assert await desk.statuses(await only_case(desk)) == [("acknowledgement", "delivered", "done")]


async def test_a_webhook_that_comes_twice_is_one_message(desk: Desk) -> None:
    await desk.arm("duplicate")
    await desk.do("sms", text=QUESTION)
    messages, _ = await desk.running.story(await only_case(desk))
    assert len([m for m in messages if m.direction == "in"]) == 1
    assert len(await desk.delivered()) == 1


async def test_a_blocked_bot_stops_writing_to_that_chat(desk: Desk) -> None:
    # inbound case 25
    await desk.arm("blocked")
    await desk.do("telegram", text=QUESTION)
    await desk.settled(await only_case(desk), ("acknowledgement", "failed", "dead"))
    [row] = await desk.rows(select(t.opt_out.c.urn, t.opt_out.c.opted_out))
    assert tuple(row) == (f"telegram:{CHAT}", True)


async def test_a_throttled_bot_waits_and_then_writes(desk: Desk) -> None:
    # inbound case 25
    await desk.arm("telegram_throttled", seconds=1)
    await desk.do("telegram", text=QUESTION)
    assert len(await desk.said()) == 1
    attempts = await desk.rows(select(t.attempt.c.outcome).order_by(t.attempt.c.id))
    assert [row.outcome for row in attempts[:1]] == ["throttled"]


async def test_a_repeated_ussd_request_sees_the_same_screen_and_sends_once(desk: Desk) -> None:
    # inbound case 28
    await desk.do("dial")
    await desk.arm("repeated")
    state = await desk.do("answer", text="1")
    assert state["ussd"]["screen"].startswith("¿Qué necesita?")
    for typed in ("1", "8", QUESTION):
        await desk.do("answer", text=typed)
    await desk.arm("repeated")
    state = await desk.do("answer", text="1")
    number = await only_case(desk)
    assert number in state["ussd"]["screen"]
    messages, _ = await desk.running.story(number)
    assert len([m for m in messages if m.direction == "in"]) == 1


async def test_faults_are_listed_used_up_and_cleared(desk: Desk) -> None:
    await desk.arm("throttled")
    await desk.arm("blocked")
    assert [each["fault"] for each in (await desk.state())["faults"]] == ["throttled", "blocked"]
    url = f"{desk.running.internal}/simulator/faults"
    async with desk.running.http.delete(url) as answer:
        assert await answer.json() == {"faults": []}


@pytest.mark.parametrize(
    "given", [{"fault": "earthquake"}, {"fault": "delayed", "seconds": -1}, {"fault": "delayed", "seconds": "soon"}]
)
async def test_a_fault_there_is_not_is_refused(desk: Desk, given: dict[str, object]) -> None:
    url = f"{desk.running.internal}/simulator/faults"
    async with desk.running.http.post(url, json=given) as answer:
        assert answer.status == 422
        assert "error" in await answer.json()
