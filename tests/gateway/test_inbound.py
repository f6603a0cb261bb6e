"""Whatever arrives, whatever its shape: stored, shown back, answered, and refused only when it is not authentic."""

import asyncio
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from channels.channel import RawRequest
from gateway import clock
from gateway.errors import Conflict
from gateway.principal import Principal, Role
from gateway.store import exchanges
from gateway.store import schema as t
from tests.support import telegram_api, twilio
from tests.support.running import Running

SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
URDU = "\u202eتعال\u202c"


async def rows(started: Running, table: Any) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(table).order_by(*table.primary_key)))


async def asked(started: Running) -> list[Any]:
    return [row for row in await rows(started, t.message) if row.direction == "in"]


async def post_raw(started: Running, body: bytes, *, path: str = "/webhooks/sms", token: str = twilio.TOKEN) -> int:
    """A form of any bytes, signed over what Twilio's own library reads in it."""
    signed = twilio.post_bytes(body, path, token=token)
    async with started.http.post(started.public + path, data=BytesIO(body), headers=signed.headers) as answer:
        return answer.status


async def test_a_request_with_a_wrong_signature_is_refused_kept_and_counted(ventanilla: Running) -> None:
    # inbound case 2
    body = b"MessageSid=SM1&From=%2B573005550001&To=87654&Body=Hola"
    assert await post_raw(ventanilla, body, token="another") == 403
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/sms", data=body) as answer:
        assert answer.status == 403
    assert await asked(ventanilla) == []
    kept = await rows(ventanilla, t.exchange)
    assert [(row.kind, row.channel, row.state, bytes(row.body)) for row in kept] == [
        ("rejected", "sms", "open", body)
    ] * 2
    async with ventanilla.http.get(f"{ventanilla.internal}/metrics") as answer:
        assert 'ventanilla_inbound_total{channel="sms",result="rejected"}' in await answer.text()


async def test_a_forged_request_of_any_shape_is_refused_and_nothing_else(ventanilla: Running) -> None:
    # inbound case 2
    for path in ["/webhooks/sms/%00", "/webhooks/sms/%ff%fe", "/webhooks/ussd/%00%F0%9F"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", ventanilla.gateway.settings.public_listen.port)
        writer.write(
            f"POST {path}?a=%00&b=%ff HTTP/1.1\r\nHost: x\r\nX-Odd: ".encode() + b"\xff\xfe\xc3\x28"
            b"\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x00\xff\xfe"
        )  # fmt: skip
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()
        assert status.split()[1] == b"403"
    assert len(await rows(ventanilla, t.exchange)) == 3


async def test_a_request_is_verified_against_the_public_url_and_not_the_host_a_proxy_names(
    ventanilla: Running,
) -> None:
    # inbound case 11
    body = b"MessageSid=SM11&From=%2B573005550001&To=87654&Body=Hola"
    headers = dict(twilio.post_bytes(body).headers) | {
        "Host": "10.0.0.7:8080", "X-Forwarded-Host": "evil.example", "X-Forwarded-Path": "/elsewhere",
    }  # fmt: skip
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/sms", data=body, headers=headers) as answer:
        assert answer.status == 200
    forged = twilio.post_bytes(body, url="https://evil.example/webhooks/sms")
    headers = dict(forged.headers) | {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/sms", data=body, headers=headers) as answer:
        assert answer.status == 403


async def test_a_body_over_the_limit_is_refused_with_413(ventanilla: Running) -> None:
    # inbound case 45
    assert await post_raw(ventanilla, b"MessageSid=SM1&From=1234&Body=" + b"x" * 1024 * 1024) == 413

    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 64 * 1024

    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/sms", data=chunks()) as answer:
        assert answer.status == 413
    assert await rows(ventanilla, t.exchange) == []


async def test_bytes_that_are_no_utf8_become_replacement_characters_and_a_case(ventanilla: Running) -> None:
    # inbound case 46
    assert await post_raw(ventanilla, b"MessageSid=SM46&From=%2B573005550001&To=87654&Body=SENA+ma%F1ana+%FF") == 200
    [message] = await asked(ventanilla)
    assert message.text == "SENA ma\ufffdana \ufffd"


async def test_any_text_is_stored_and_shown_back(ventanilla: Running) -> None:
    # inbound case 47
    texts = {
        "SENA\x00 cursos": "SENA\ufffd cursos",
        f"SENA {URDU}": f"SENA {URDU}",
        "x" * 10_000: "x" * 10_000,
        "\x00": "\ufffd",
        "👩‍👩‍👧‍👦" * 700: "👩‍👩‍👧‍👦" * 700,
        "' OR 1=1 --\\u0000 {number} %s $1 ?": "' OR 1=1 --\\u0000 {number} %s $1 ?",
    }
    for place, (text, kept) in enumerate(texts.items()):
        assert (await ventanilla.text(text, sender=f"+57300777000{place}")).status == 200
        case = (await ventanilla.cases())[0]
        messages, _ = await ventanilla.story(case.number)
        assert messages[0].text == kept
        assert case.last_line == kept[:120]
    assert len(await ventanilla.cases()) == len(texts)


async def test_a_sender_of_any_shape_is_a_sender(ventanilla: Running) -> None:
    # inbound case 47
    senders = ["PRI\x00ZES", "PRI\ufffe", "ÑÁ 中"]
    for place, sender in enumerate(senders):
        for sid in (f"SM\x001{place}", f"SM\x002{place}", f"SM\x002{place}"):
            assert (await ventanilla.text("¿El SENA?", sender=sender, sid=sid)).status == 200
    assert len(await asked(ventanilla)) == 2 * len(senders)
    assert len(await ventanilla.cases()) == len(senders)


async def test_a_name_may_hold_anything_too(ventanilla: Running) -> None:
    # inbound case 47
    update = telegram_api.text_update("¿El SENA?")
    update["message"]["from"]["first_name"] = "A\x00na \ud83d"
    update["message"]["from"]["language_code"] = "\x00"
    assert await ventanilla.update(update) == 200
    [case] = await ventanilla.cases()
    assert case.contact_name.startswith("A\ufffdna")


async def test_an_empty_text_is_kept_opens_nothing_and_is_answered_with_help(ventanilla: Running) -> None:
    # inbound case 41
    for text in ("", "  \n"):
        assert (await ventanilla.text(text)).status == 200
    assert [row.kind for row in await asked(ventanilla)] == ["command", "command"]
    assert await ventanilla.cases() == []
    assert "ESTADO" in (await ventanilla.texts_to())[0]


async def test_an_alphanumeric_sender_gets_a_case_that_cannot_be_answered(ventanilla: Running) -> None:
    # inbound case 43
    for text in ("Su premio del SENA", "Otra vez el SENA"):
        assert (await ventanilla.text(text, sender="PREMIOS")).status == 200
    [case] = await ventanilla.cases()
    assert case.reply_urn is None
    assert len(await asked(ventanilla)) == 2
    assert not [row for row in await rows(ventanilla, t.message) if row.direction == "out"]
    with pytest.raises(Conflict, match="alphanumeric"):
        await ventanilla.gateway.desk.reply(SENA, case.number, "Buenas tardes")


async def test_a_number_has_one_form_however_it_is_written(ventanilla: Running) -> None:
    # inbound case 44
    forms = {
        "+57 300 123-4567": "tel:+573001234567",
        "573001234567": "tel:+573001234567",
        "3001234567": "tel:+573001234567",
        "6012345678": "tel:+576012345678",
        "123": "tel:123",
        "87123": "tel:87123",
    }
    for written in forms:
        assert (await ventanilla.text("¿El SENA?", sender=written)).status == 200
    assert [row.urn for row in await asked(ventanilla)] == list(forms.values())


async def test_one_phone_written_in_four_ways_is_one_person_with_one_case(ventanilla: Running) -> None:
    # inbound case 44
    for written in ("+57 300 123-4567", "573001234567", "3001234567", "+573001234567"):
        await ventanilla.text("¿El SENA?", sender=written)
    assert len(await ventanilla.cases()) == 1
    assert len(await rows(ventanilla, t.contact)) == 1


async def test_a_provider_whose_clock_is_wrong_changes_no_term(ventanilla: Running) -> None:
    # inbound case 48
    for place, days in enumerate((-1, 1, -20_000, 2_000_000)):
        update = telegram_api.text_update("¿El SENA?")
        update["update_id"] += place
        update["message"]["date"] += days * 86400
        update["message"]["chat"]["id"] += place
        assert await ventanilla.update(update) == 200
        case = (await ventanilla.cases())[0]
        assert abs(case.received_at - clock.now()) < timedelta(minutes=1)
        assert case.due_at > clock.now()
    assert len(await ventanilla.cases()) == 4


async def test_only_the_whole_word_opts_out(ventanilla: Running) -> None:
    # inbound case 40
    said = {"STOP": True, " stop ": True, "¡Baja!": True, "stop it": False, "quiero parar la obra": False}
    for place, text in enumerate(said):
        await ventanilla.text(text, sender=f"+57300777000{place}")
    stopped = {f"tel:+57300777000{place}" for place, stops in enumerate(said.values()) if stops}
    assert {row.urn for row in await rows(ventanilla, t.address) if row.opted_out_at} == stopped
    assert {row.reply_urn for row in await ventanilla.cases()}.isdisjoint(stopped)
    assert len(await ventanilla.cases()) == 2
    ledger = await rows(ventanilla, t.opt_out)
    assert {(row.urn, row.opted_out, row.source) for row in ledger} == {(urn, True, "word") for urn in stopped}


async def test_whoever_opted_out_still_gets_a_case_and_its_answer_and_may_come_back(ventanilla: Running) -> None:
    # inbound case 40
    for text in ("SALIR", "SALIR", "¿Cuándo abre el SENA?"):
        await ventanilla.text(text)
    number = await ventanilla.gateway.desk.take_next(SENA)
    assert number is not None
    await ventanilla.gateway.desk.reply(SENA, number, "El lunes.")
    await ventanilla.text("ALTA")
    texts = await ventanilla.texts_to(at_least=5)
    assert any(number in text for text in texts)
    assert "El lunes." in texts
    assert [row.opted_out for row in await rows(ventanilla, t.opt_out)] == [True, False]
    [address] = await rows(ventanilla, t.address)
    assert address.opted_out_at is None


async def test_what_is_authentic_and_unreadable_is_kept_and_answered_like_everything_else(
    ventanilla: Running,
) -> None:
    # inbound cases 15, 16
    headers = {"X-Telegram-Bot-Api-Secret-Token": telegram_api.SECRET, "Content-Type": "application/json"}
    for body in (b"{not json", b"[]", b'"x"', b"\xff\xfe", b""):
        async with ventanilla.http.post(f"{ventanilla.public}/webhooks/telegram", data=body, headers=headers) as answer:
            assert answer.status == 200
    assert await ventanilla.update({"update_id": 5}) == 200
    assert await ventanilla.update({"update_id": 6, "poll": {"id": "1"}}) == 200
    assert [(row.kind, row.state) for row in await rows(ventanilla, t.exchange)] == [("unparsed", "open")] * 5
    assert await post_raw(ventanilla, b"Body=Hola&From=%2B573005550001") == 200
    [kept] = [row for row in await rows(ventanilla, t.exchange) if row.channel == "sms"]
    assert (kept.kind, bytes(kept.body)) == ("unparsed", b"Body=Hola&From=%2B573005550001")
    assert telegram_api.SECRET not in str(await rows(ventanilla, t.exchange))


async def test_what_a_mended_adapter_reads_is_taken_in_by_a_replay_and_only_once(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # inbound case 16
    channel = ventanilla.gateway.channels["sms"]
    with monkeypatch.context() as broken:

        def surprised(raw: RawRequest) -> Any:
            raise KeyError("a field of a new kind")

        broken.setattr(channel, "parse", surprised)
        assert (await ventanilla.text("¿El SENA?")).status == 200
    [kept] = await rows(ventanilla, t.exchange)
    assert await asked(ventanilla) == []
    for _ in range(2):
        await ventanilla.gateway.inbox.take(channel, exchanges.as_request(kept))
    assert [row.text for row in await asked(ventanilla)] == ["¿El SENA?"]


async def test_an_unknown_channel_is_not_found(ventanilla: Running) -> None:
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/fax", data=b"x") as answer:
        assert answer.status == 404


async def test_a_wrong_secret_of_telegram_or_ussd_is_refused(ventanilla: Running) -> None:
    # inbound case 24
    headers = {"X-Telegram-Bot-Api-Secret-Token": "guessed"}
    url = f"{ventanilla.public}/webhooks/telegram"
    async with ventanilla.http.post(url, json=telegram_api.text_update("Hola"), headers=headers) as answer:
        assert answer.status == 403
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/ussd/guessed", data={"text": ""}) as answer:
        assert answer.status == 403
    assert [row.kind for row in await rows(ventanilla, t.exchange)] == ["rejected", "rejected"]
    assert "guessed" not in str([row.headers for row in await rows(ventanilla, t.exchange)])


async def test_media_without_words_and_with_words_are_one_message_with_files_in_order(ventanilla: Running) -> None:
    # inbound case 3
    media = {"NumMedia": "2"}
    for place, kind in enumerate(("image/jpeg", "application/pdf")):
        media |= {f"MediaUrl{place}": f"https://api.twilio.com/{place}", f"MediaContentType{place}": kind}
    await ventanilla.text("", sid="MM" + "1" * 32, **media)
    await ventanilla.text("Estas son", sid="MM" + "2" * 32, **media)
    assert [row.text for row in await asked(ventanilla)] == ["", "Estas son"]
    files = sorted(await rows(ventanilla, t.attachment), key=lambda row: (row.message_id, row.position))
    assert [(row.position, row.kind) for row in files] == [(0, "image"), (1, "document")] * 2
    assert len(await ventanilla.cases()) == 1


async def test_a_body_in_base64_is_kept_with_its_reading_beside_it(ventanilla: Running) -> None:
    # inbound case 4
    body = "wr9DdcOhbmRvIGFicmVuIGxhcyBpbnNjcmlwY2lvbmVzIGRlbCBTRU5BIGVuIExldGljaWE/"
    await ventanilla.text(body)
    [message] = await asked(ventanilla)
    assert (message.text, message.decoded_text) == (
        body, "¿Cuándo abren las inscripciones del SENA en Leticia?",
    )  # fmt: skip


async def test_a_file_larger_than_any_integer_of_the_database_loses_no_message(ventanilla: Running) -> None:
    # inbound case 17
    update = telegram_api.captured("document")
    update["message"]["document"]["file_size"] = 4_000_000_000
    assert await ventanilla.update(update) == 200
    assert len(await rows(ventanilla, t.attachment)) == 1


async def test_fifty_equal_first_messages_of_a_stranger_are_answered_alike(ventanilla: Running) -> None:
    # inbound case 12
    update = telegram_api.text_update("¿El SENA?")
    statuses = await asyncio.gather(*(ventanilla.update(update) for _ in range(50)))
    assert set(statuses) == {200}
    assert len(await asked(ventanilla)) == len(await ventanilla.cases()) == len(await rows(ventanilla, t.contact)) == 1
