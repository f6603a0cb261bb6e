"""The operations pages: what a channel's operator sees, and the requests that are replayed."""

import pytest
from sqlalchemy import insert, update

from channels.channel import NotAuthentic, Unreadable
from gateway.clock import new_id
from gateway.demo import incidents
from gateway.store import alarms, exchanges
from gateway.store import schema as t
from gateway.store.traffic import HOUR, by_channel
from tests.support import twilio
from tests.support.running import PHONE, USSD_SECRET, Running
from tests.web.visitor import Visitor, employ, visitor

QUESTION = "¿Cuándo abren las inscripciones del SENA?"


async def _kept(ventanilla: Running) -> list[int]:
    async with ventanilla.gateway.store.read() as conn:
        return [row.id for row in await exchanges.listed(conn)]


async def _unsigned(ventanilla: Running, text: str = QUESTION) -> int:
    """A text whose signature does not match; the id it is kept under."""
    form = {"MessageSid": "SM" + "d" * 32, "AccountSid": twilio.ACCOUNT, "From": PHONE, "To": "+576017440000"}
    headers = {"X-Twilio-Signature": "AAAA"}
    url = f"{ventanilla.public}/webhooks/sms"
    async with ventanilla.http.post(url, data={**form, "Body": text, "NumMedia": "0"}, headers=headers) as answer:
        assert answer.status == 403
    [kept] = await _kept(ventanilla)
    return kept


async def _operator(ventanilla: Running, browser: Visitor) -> None:
    await employ(ventanilla, "ana", role="operator")
    await browser.log_in("ana")


async def test_the_traffic_of_each_channel_is_counted(ventanilla: Running) -> None:
    await ventanilla.text(QUESTION)
    await ventanilla.texts_to(PHONE)
    gateway = ventanilla.gateway
    async with gateway.store.read() as conn:
        found = await by_channel(conn, gateway.channels, now=gateway.clock())
        later = await by_channel(conn, gateway.channels, now=gateway.clock() + 2 * HOUR)
    assert (found["sms"].in_hour, found["sms"].out_hour, found["sms"].in_day) == (1, 1, 1)
    assert found["sms"].last_inbound is not None
    assert (later["sms"].in_hour, later["sms"].in_day) == (0, 1)
    assert (found["telegram"].in_day, found["telegram"].last_inbound) == (0, None)


async def test_failures_waiting_messages_and_stray_receipts_are_counted(ventanilla: Running) -> None:
    await ventanilla.text(QUESTION)
    await ventanilla.eventually(lambda: _all_sent(ventanilla))
    gateway = ventanilla.gateway
    now = gateway.clock()
    out = t.message.c.direction == "out"
    stray = {
        "id": new_id(), "channel": "sms", "provider_id": "SMnobody", "provider_status": "sent", "at": now - HOUR,
    }  # fmt: skip
    await gateway.store.transact(
        lambda conn: conn.execute(update(t.message).where(out).values(status="failed", error_code="30005"))
    )
    await gateway.store.transact(lambda conn: conn.execute(insert(t.receipt).values(**stray)))
    async with gateway.store.read() as conn:
        sms = (await by_channel(conn, gateway.channels, now=now))["sms"]
    assert (sms.failures, sms.unmatched) == ({"30005": 1}, 1)


async def _all_sent(ventanilla: Running) -> bool:
    """Whether the outbox has written the end of everything it sent."""
    [case] = await ventanilla.cases()
    messages, _ = await ventanilla.story(case.number)
    return {m.outbox_state for m in messages if m.direction == "out"} == {"done"}


async def test_an_operator_sees_channels_alarms_and_what_needs_a_person(ventanilla: Running) -> None:
    await ventanilla.text(QUESTION)
    await _unsigned(ventanilla)
    gateway = ventanilla.gateway
    await ventanilla.texts_to(PHONE)
    await gateway.store.transact(
        lambda conn: alarms.ring(conn, kind="misconfigured", subject="telegram", detail="-", now=gateway.clock())
    )
    async with visitor(ventanilla) as browser:
        await _operator(ventanilla, browser)
        page = await browser.get("/operations")
    assert page.status == 200
    assert "El proveedor del canal telegram rechaza nuestras credenciales" in page.text
    assert "Firma rechazada" in page.text
    assert "Real" in page.text


async def test_a_manager_has_no_business_there(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    kept = await _unsigned(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        assert (await browser.get("/operations")).status == 403
        assert (await browser.get(f"/operations/exchanges/{kept}")).status == 403
        for act in ("replay", "dismiss"):
            assert (await browser.post(f"/operations/exchanges/{kept}/{act}")).status == 403
        assert "/operations" not in (await browser.get("/console")).html
    assert await ventanilla.cases() == []


async def test_nobody_gets_there_without_a_login(ventanilla: Running) -> None:
    async with visitor(ventanilla) as browser:
        assert (await browser.get("/operations")).path.startswith("/login?next=/operations")


async def test_a_refused_request_is_replayed_once_and_becomes_a_case(ventanilla: Running) -> None:
    kept = await _unsigned(ventanilla)
    async with visitor(ventanilla) as browser:
        await _operator(ventanilla, browser)
        page = await browser.get(f"/operations/exchanges/{kept}")
        assert "Body=" in page.text
        done = await browser.post(f"/operations/exchanges/{kept}/replay")
        assert done.path == "/operations?done=replayed"
        again = await browser.post(f"/operations/exchanges/{kept}/replay")
        assert (again.status, "ya se repitió o se descartó" in again.text) == (409, True)
    [case] = await ventanilla.cases()
    assert case.last_line == QUESTION
    assert await _kept(ventanilla) == []


async def test_what_still_cannot_be_read_stays(ventanilla: Running) -> None:
    answer = await ventanilla.twilio_post("/webhooks/sms", {"CallSid": "CA1", "AccountSid": twilio.ACCOUNT})
    assert answer.status == 200
    [kept] = await _kept(ventanilla)
    async with visitor(ventanilla) as browser:
        await _operator(ventanilla, browser)
        page = await browser.post(f"/operations/exchanges/{kept}/replay")
        assert (page.status, "Todavía no se entiende" in page.text) == (409, True)
        assert await _kept(ventanilla) == [kept]
        assert (await browser.post(f"/operations/exchanges/{kept}/dismiss")).path == "/operations?done=dismissed"
    assert await _kept(ventanilla) == []


async def test_no_secret_of_ours_is_shown_with_a_request(ventanilla: Running) -> None:
    url = f"{ventanilla.public}/webhooks/ussd/{USSD_SECRET}"
    async with ventanilla.http.post(url, data={"unexpected": f"{twilio.TOKEN} <b>"}) as answer:
        await answer.read()
    [kept] = await _kept(ventanilla)
    async with visitor(ventanilla) as browser:
        await _operator(ventanilla, browser)
        for path in ("/operations", f"/operations/exchanges/{kept}"):
            html = (await browser.get(path)).html
            assert USSD_SECRET not in html
            assert twilio.TOKEN not in html
            assert "<b>" not in html
        assert "/webhooks/ussd/•••" in (await browser.get(f"/operations/exchanges/{kept}")).text
        assert (await browser.get("/operations/exchanges/9999999999999999999")).status == 404


async def test_why_a_request_was_no_message_is_said_in_the_readers_language(ventanilla: Running) -> None:
    await _unsigned(ventanilla)
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/telegram", json={"update_id": 1}) as answer:
        assert answer.status == 403
    said = {
        "es": ("¿cambiaron la dirección pública", "El secret token falta"),
        "en": ("is the public base URL", "The secret"),
    }
    await employ(ventanilla, "ana", role="operator")
    for language, sentences in said.items():
        async with visitor(ventanilla, "ana", language=language) as browser:
            page = (await browser.get("/operations")).text
        assert [sentence for sentence in sentences if sentence not in page] == []


async def test_the_detail_of_a_sentence_follows_it(ventanilla: Running) -> None:
    request = incidents.request(f"{ventanilla.public}/webhooks/telegram", b'{"update_id": 80, "message": {}}')
    channel = ventanilla.gateway.channels["telegram"]
    await ventanilla.gateway.inbox.take(channel, request)
    async with visitor(ventanilla) as browser:
        await _operator(ventanilla, browser)
        assert "No tiene la forma documentada: message" in (await browser.get("/operations")).text


@pytest.mark.parametrize(("provider", "reason", "body"), [*incidents.UNREADABLE, *incidents.FORGED])
async def test_what_an_operator_finds_in_a_made_up_past_is_what_the_adapters_say(
    ventanilla: Running, provider: str, reason: str, body: bytes
) -> None:
    configured = ventanilla.gateway.current().catalog.gateway.channels
    [name] = [name for name, channel in configured.items() if channel.provider == provider]
    channel, request = (
        ventanilla.gateway.channels[name],
        incidents.request(f"{ventanilla.public}/webhooks/{name}", body),
    )
    forged = (provider, reason, body) in incidents.FORGED
    with pytest.raises(NotAuthentic if forged else Unreadable) as refused:
        (channel.verify if forged else channel.parse)(request)
    assert str(refused.value) == reason
