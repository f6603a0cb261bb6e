"""The web form as a channel.

The contract suite is not inherited: half of it is about proof of origin, and a public form asks for none.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from channels.channel import ChannelSettings, FileUnavailable, Outcome, RawRequest, Unreadable
from channels.message import Address, Attachment, AttachmentKind, DeliveryStatus, InboundMessage, OutboundMessage
from channels.web import FieldError, WebChannel, build, message_from_fields
from tests.support.channel_contract import HARD_TEXTS

KEY = "0b0c8f4e-6a51-4b3e-8d6f-2f3a9c1d7e55"
PHOTO = Attachment(kind=AttachmentKind.IMAGE, content_type="image/png", filename="recibo.png", content=b"\x89PNG")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def channel(session: aiohttp.ClientSession) -> WebChannel:
    return build(settings(), session)


def settings(**options: Any) -> ChannelSettings:
    secrets = {"token_secret": "secret-of-the-tests"}
    return ChannelSettings(name="web", country="CO", webhook_url="", options=options, secrets=secrets)


def sent(fields: Mapping[str, str], attachments: Sequence[Attachment] = (), *, key: str = KEY) -> InboundMessage:
    return message_from_fields(
        fields, attachments, channel="web", country="CO", idempotency_key=key, token="kR3vDq9ZtY2m"
    )


def post(body: object, headers: Mapping[str, str] | None = None) -> RawRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RawRequest(method="POST", url="", tail="", headers=headers or {}, query="", body=content)


def parsed(channel: WebChannel, raw: RawRequest) -> InboundMessage:
    channel.verify(raw)
    [item] = channel.parse(raw)
    assert isinstance(item, InboundMessage)
    return item


def test_the_token_is_the_address_and_the_key_is_the_claim() -> None:
    message = sent({"text": "Hola", "name": " Ana Pérez "})
    assert (message.sender, message.provider_id) == (Address("web", "kR3vDq9ZtY2m"), KEY)
    assert (message.text, message.sender_name, message.answerable) == ("Hola", "Ana Pérez", True)


def test_where_it_should_go_becomes_facts() -> None:
    message = sent(
        {"text": "x", "territory": "05001", "topic": "sena.inscripciones", "agency": "sena", "language": "en"}
    )
    assert message.facts == (
        ("language", "en"),
        ("agency", "sena"),
        ("topic", "sena.inscripciones"),
        ("territory", "05001"),
    )
    assert message.language == "en"


@pytest.mark.parametrize("value", ["", " ", "a b", "<script>", "x" * 81])
def test_a_fact_that_is_no_key_is_left_out(value: str) -> None:
    assert sent({"text": "x", "agency": value, "language": value}).facts == ()


@pytest.mark.parametrize("written", ["+57 300 555-0001", "573005550001", "3005550001"])
def test_a_phone_is_a_wish_and_no_identity(written: str) -> None:  # inbound case 44
    message = sent({"text": "x", "phone": written})
    assert (message.raw["phone"], message.also) == ("+573005550001", ())


def test_without_a_phone_there_is_none() -> None:
    assert sent({"text": "x", "phone": " "}).raw["phone"] is None


@pytest.mark.parametrize("text", ["", "  ", "\r\n"])
def test_an_empty_form_is_asked_again(text: str) -> None:  # inbound case 41
    with pytest.raises(FieldError) as error:
        sent({"text": text})
    assert (error.value.field, error.value.sentence) == ("text", "Por favor escriba su mensaje o adjunte un archivo.")


def test_files_alone_are_a_message() -> None:
    message = sent({}, [PHOTO])
    assert (message.text, message.attachments) == ("", (PHOTO,))


def test_ten_thousand_characters_fit_and_one_more_does_not() -> None:  # inbound case 45
    assert len(sent({"text": "ñ" * 10_000}).text) == 10_000
    with pytest.raises(FieldError) as error:
        sent({"text": "ñ" * 10_001, "language": "en-GB"})
    assert error.value.field == "text"
    assert error.value.sentence.startswith("Your message is too long")


def test_the_ends_of_lines_count_once() -> None:
    assert sent({"text": "a\r\n" * 4999 + "b"}).text == "a\n" * 4999 + "b"


@pytest.mark.parametrize("written", ["123", "87123", "no tengo", "+57", "300555"])
def test_a_bad_phone_is_asked_again(written: str) -> None:
    with pytest.raises(FieldError) as error:
        sent({"text": "x", "phone": written})
    assert error.value.field == "phone"
    assert error.value.sentence.startswith("Por favor revise su número")


@pytest.mark.parametrize(
    "key", ["", "1", "x" * 7, "x" * 201, "con espacios dentro de la clave", "ñandúñandúñandúñandú"]
)
def test_a_key_on_which_two_people_could_meet_is_refused(key: str) -> None:
    with pytest.raises(FieldError) as error:
        sent({"text": "x"}, key=key)
    assert error.value.field == "idempotency_key"


def test_a_long_name_is_cut_and_not_refused() -> None:
    assert sent({"text": "x", "name": "a" * 5000}).sender_name == "a" * 200


@pytest.mark.parametrize("headers", [{"idempotency-key": KEY}, {}])
def test_json_says_the_same(channel: WebChannel, headers: dict[str, str]) -> None:
    body = {"text": "Hola", "agency": "sena", "phone": "3005550001"} | ({} if headers else {"idempotency_key": KEY})
    message = parsed(channel, post(body, headers))
    assert (message.channel, message.provider_id, message.text) == ("web", KEY, "Hola")
    assert (message.facts, message.raw["phone"]) == ((("agency", "sena"),), "+573005550001")


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS.keys())
def test_a_hard_text_arrives_whole(channel: WebChannel, text: str) -> None:  # inbound case 47
    assert parsed(channel, post({"text": text, "idempotency_key": KEY})).text == text


def test_a_repeated_request_is_the_same_message(channel: WebChannel, session: aiohttp.ClientSession) -> None:
    raw = post({"text": "Hola", "idempotency_key": KEY})
    assert parsed(channel, raw) == parsed(build(settings(), session), raw)


def test_the_address_does_not_tell_the_key_and_two_keys_have_two(channel: WebChannel) -> None:
    first = parsed(channel, post({"text": "Hola", "idempotency_key": KEY}))
    second = parsed(channel, post({"text": "Hola", "idempotency_key": KEY + "x"}))
    assert first.sender != second.sender
    assert KEY not in first.sender.value


@pytest.mark.parametrize(
    "body",
    [b"", b"hola", [], {"text": "x"}, {"idempotency_key": KEY}, {"text": 5, "idempotency_key": KEY}],
)
def test_what_is_no_message_is_unreadable(channel: WebChannel, body: object) -> None:
    with pytest.raises(Unreadable):
        channel.parse(post(body))


def test_bytes_that_are_not_utf8_lose_only_themselves(channel: WebChannel) -> None:  # inbound case 46
    body = json.dumps({"text": "se@or", "idempotency_key": KEY}).encode().replace(b"@", b"\xf1")
    assert parsed(channel, post(body)).text == "se\ufffdor"


async def test_an_answer_is_delivered_when_it_is_written(channel: WebChannel) -> None:
    outcome = await channel.send(OutboundMessage(id=7, to=Address("web", "kR3vDq9ZtY2m"), text="Buenos días"))
    assert (outcome.outcome, outcome.status, outcome.provider_id) == (Outcome.SENT, DeliveryStatus.DELIVERED, "7")


async def test_there_is_nowhere_to_fetch_from(channel: WebChannel) -> None:
    with pytest.raises(FileUnavailable) as error:
        await channel.fetch(PHOTO)
    assert error.value.permanent


def test_the_answer_tells_nothing(channel: WebChannel) -> None:
    response = channel.acknowledge(post({"text": "Hola", "idempotency_key": KEY}))
    assert (response.status, json.loads(response.body)) == (200, {"received": True})


def test_an_unknown_option_is_a_fault(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValidationError):
        build(settings(rate=1), session)
