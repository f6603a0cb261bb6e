"""Twilio's webhooks: who sent them, and what they say."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.channel import Channel, NotAuthentic, RawRequest, Unreadable
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    DeliveryReceipt,
    DeliveryStatus,
    InboundMessage,
    Location,
    OptOut,
)
from channels.twilio_sms import build, read_form, verify
from tests.support.channel_contract import ChannelContract, ContractCase, without_header
from tests.support.twilio import (
    ACCOUNT,
    PAYLOADS,
    PUBLIC,
    SECRETS,
    TOKEN,
    WEBHOOK,
    captured,
    get,
    post,
    post_bytes,
    post_json,
    settings,
    sign,
)

SID = "SM{:032x}".format


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def channel(session: aiohttp.ClientSession) -> Channel:
    return build(settings(), session)


def message_in(channel: Channel, raw: RawRequest) -> InboundMessage:
    """The one message of a request, which must also be accepted."""
    channel.verify(raw)
    message = channel.parse(raw)[0]
    assert isinstance(message, InboundMessage)
    return message


def receipt_in(channel: Channel, raw: RawRequest) -> DeliveryReceipt:
    channel.verify(raw)
    (receipt,) = channel.parse(raw)
    assert isinstance(receipt, DeliveryReceipt)
    return receipt


class TestTwilioContract(ChannelContract):
    @pytest.fixture
    def case(self, session: aiohttp.ClientSession) -> ContractCase:
        return ContractCase(
            build=lambda secrets: build(settings(secrets), session),
            secrets=SECRETS,
            says=lambda text: captured("text", Body=text),
            tamper=lambda raw: replace(raw, body=raw.body.replace(b"Body=", b"Body=x")),
            strip=without_header("x-twilio-signature"),
            extend=lambda raw: post_bytes(raw.body + b"&SomethingNew=1&AndEmpty="),
            unreadable=(post({"AccountSid": ACCOUNT, "Body": "hola"}), post({}), post_json(b"[1]"), post_json(b"{")),
            not_utf8=(post_bytes(b"MessageSid=SM1&From=%2B573005550001&Body=%ff%fe\xff caf\xe9"), post_json(b"\xff")),
            private=("3005550001", "573005550001"),
        )


# The provider's own vectors: url, token, fields, signature.
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
VECTORS = [
    ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")],
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    ),
]


@pytest.mark.parametrize(("url", "pairs", "signature"), VECTORS)
def test_the_providers_own_vectors_are_accepted(
    session: aiohttp.ClientSession, url: str, pairs: list[tuple[str, str]], signature: str
) -> None:
    raw = replace(post(pairs), url=url)
    signed = replace(raw, headers={**raw.headers, "x-twilio-signature": signature})
    channel = build(settings({"account_sid": ACCOUNT, "auth_token": "12345"}), session)
    channel.verify(signed)
    with pytest.raises(NotAuthentic):
        channel.verify(replace(signed, body=signed.body + b"&Extra=1"))


def test_the_providers_own_vector_of_a_json_body_is_accepted(session: aiohttp.ClientSession) -> None:
    body = b'{"property": "value", "boolean": true}'
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    raw = RawRequest(
        method="POST",
        url=f"https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256={digest}",
        tail="",
        headers={"content-type": "application/json", "x-twilio-signature": "a9nBmqA0ju/hNViExpshrM61xv4="},
        query=f"foo=1&bar=2&bodySHA256={digest}",
        body=body,
    )
    channel = build(settings({"account_sid": ACCOUNT, "auth_token": "12345"}), session)
    channel.verify(raw)
    with pytest.raises(NotAuthentic):
        channel.verify(replace(raw, body=body + b" "))


def test_the_signature_of_these_tests_is_the_librarys() -> None:
    form = {"b": "2", "a": " 1 ", "B": "", "é": "ñ"}
    assert sign(WEBHOOK, list(form.items())) == RequestValidator(TOKEN).compute_signature(WEBHOOK, form)


FIELDS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), max_size=6)


@given(FIELDS)
def test_the_digest_is_the_librarys(pairs: list[tuple[str, str]]) -> None:
    raw = post([("MessageSid", SID(1)), *pairs])
    form = read_form(raw)
    signature = RequestValidator(TOKEN).compute_signature(WEBHOOK, form)
    verify(replace(raw, headers={"x-twilio-signature": signature}), form, (_OnlyToCompare(TOKEN),))


class _OnlyToCompare(RequestValidator):  # type: ignore[misc]
    """A validator that must not be needed: the digest was right the first time."""

    def validate(self, *_: object) -> bool:
        raise AssertionError("the first digest was another one")


@given(FIELDS)
def test_every_field_is_read_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    written: dict[str, list[str]] = {}
    for name, value in pairs:
        written.setdefault(name, []).append(value)
    assert read_form(post(pairs)) == written


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&&b=2&", {"a": ["1"], "b": ["2"]}),
        (b"a=b=c&d", {"a": ["b=c"], "d": [""]}),
        (b"a==&b", {"a": ["="], "b": [""]}),
        (b"a=%1e%1F&b=%26%3D", {"a": ["\x1e\x1f"], "b": ["&="]}),
        (b"a=\x1e&b=\x1f", {"a": ["\x1e"], "b": ["\x1f"]}),
        (b"a=%C3&b=%A9&c=\xc3\xa9", {"a": ["\ufffd"], "b": ["\ufffd"], "c": ["é"]}),
        (b"a=100%&b=%zz+", {"a": ["100%"], "b": ["%zz "]}),
    ],
)
def test_a_form_that_is_oddly_written_is_read_all_the_same(body: bytes, fields: dict[str, list[str]]) -> None:
    assert read_form(post_bytes(body)) == fields


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_captured_request_is_accepted_and_understood(channel: Channel, name: str) -> None:
    raw = captured(name)
    channel.verify(raw)
    assert channel.parse(raw)


def test_the_signed_url_is_the_configured_one_behind_a_proxy(channel: Channel) -> None:  # inbound case 11
    raw = captured("text")
    forged = {**raw.headers, "host": "inner:8080", "x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    channel.verify(replace(raw, headers=forged))
    with pytest.raises(NotAuthentic):
        channel.verify(replace(raw, url=raw.url.replace("https://ventanilla", "http://inner:8080/ventanilla")))


def test_a_port_that_twilio_adds_to_the_url_changes_nothing(channel: Channel) -> None:  # inbound case 11
    raw = captured("text")
    channel.verify(post_bytes(raw.body, url=f"{PUBLIC}:443/webhooks/sms"))


def test_a_trailing_space_and_an_empty_value_are_signed_over(channel: Channel) -> None:  # inbound case 10
    raw = post([*{"MessageSid": SID(1), "From": "+573005550001", "Body": "hola ", "Empty": ""}.items()])
    assert message_in(channel, raw).text == "hola "
    with pytest.raises(NotAuthentic):
        channel.verify(replace(raw, body=raw.body.replace(b"hola+", b"hola")))


def test_both_tokens_are_accepted_during_a_rotation(session: aiohttp.ClientSession) -> None:
    channel = build(settings({**SECRETS, "auth_token": "the-new-one", "auth_token_secondary": TOKEN}), session)
    raw = captured("text")
    channel.verify(raw)
    channel.verify(post_bytes(raw.body, token="the-new-one"))
    with pytest.raises(NotAuthentic):
        channel.verify(post_bytes(raw.body, token="another"))


def test_a_secondary_token_alone_is_no_configuration(session: aiohttp.ClientSession) -> None:
    with pytest.raises(NotAuthentic):
        build(settings({"auth_token": "", "auth_token_secondary": TOKEN}), session).verify(captured("text"))


def test_a_json_body_without_its_hash_in_the_url_is_refused(channel: Channel) -> None:
    headers = {"content-type": "application/json", "x-twilio-signature": sign(WEBHOOK, [])}
    with pytest.raises(NotAuthentic):
        channel.verify(replace(captured("text"), headers=headers, body=b'{"MessageSid": "SM1"}'))


def test_the_signature_of_a_get_does_not_carry_a_body(channel: Channel) -> None:
    raw = get({"MessageSid": SID(1), "From": "+573005550001", "Body": "hola"})
    channel.verify(raw)
    with pytest.raises(NotAuthentic):
        channel.verify(replace(raw, method="POST", body=b"Body=adios"))


@pytest.mark.parametrize("signature", ["é", "x" * 5000, "\udce9", "="])
def test_a_strange_signature_is_only_wrong(channel: Channel, signature: str) -> None:
    raw = captured("text")
    with pytest.raises(NotAuthentic):
        channel.verify(replace(raw, headers={**raw.headers, "x-twilio-signature": signature}))


@pytest.mark.parametrize("url", [f"{PUBLIC}:port/webhooks/sms", f"{PUBLIC}/\udce9", "https://["])
def test_a_url_that_cannot_be_signed_is_refused(channel: Channel, url: str) -> None:
    with pytest.raises(NotAuthentic):
        channel.verify(replace(captured("text"), url=url))


def test_a_text_is_read(channel: Channel) -> None:  # inbound case 1
    message = message_in(channel, captured("text"))
    assert message.provider_id == SID(1)
    assert message.sender == Address("tel", "+573005550001")
    assert message.recipient == "+576015550100"
    assert message.text == "Buenos días, ¿cómo va mi inscripción al curso de soldadura?"
    assert message.answerable
    assert message.raw["ApiVersion"] == "2010-04-01"


def test_the_raw_fields_can_be_kept_as_json(channel: Channel) -> None:
    message = message_in(channel, post([("MessageSid", "SM1"), ("From", "+1"), ("A", "1"), ("A", "2")]))
    assert json.loads(json.dumps(message.raw)) == {"MessageSid": "SM1", "From": "+1", "A": ["1", "2"]}


def test_a_get_is_read_from_its_query(channel: Channel) -> None:
    message = message_in(channel, get({"MessageSid": SID(1), "From": "+573005550001", "Body": "sí & no"}))
    assert (message.text, message.provider_id) == ("sí & no", SID(1))


def test_a_json_body_is_read_like_a_form(channel: Channel) -> None:
    body = json.dumps({"MessageSid": SID(1), "From": "+573005550001", "Body": "hola", "NumMedia": 0}).encode()
    assert message_in(channel, post_json(body)).text == "hola"


def test_two_media_without_a_body_are_two_attachments_in_order(channel: Channel) -> None:  # inbound case 3
    message = message_in(channel, captured("mms"))
    first, second = message.attachments
    assert message.text == ""
    assert (first.kind, first.content_type) == (AttachmentKind.IMAGE, "image/jpeg")
    assert (second.kind, second.content_type) == (AttachmentKind.DOCUMENT, "application/pdf")
    assert first.reference.endswith("1")
    assert second.reference.endswith("2")


def test_a_medium_with_a_body_keeps_both(channel: Channel) -> None:  # inbound case 3
    message = message_in(channel, captured("mms_with_text"))
    assert message.text == "Este es el recibo"
    assert [attachment.kind for attachment in message.attachments] == [AttachmentKind.IMAGE]


def test_a_wrong_count_and_a_missing_type_lose_no_medium(channel: Channel) -> None:
    message = message_in(channel, captured("text", NumMedia="many", MediaUrl0="https://api.twilio.com/x"))
    assert message.attachments == (Attachment(kind=AttachmentKind.OTHER, reference="https://api.twilio.com/x"),)


def test_a_base64_body_is_kept_and_its_reading_offered(channel: Channel) -> None:  # inbound case 4
    message = message_in(channel, captured("base64_body"))
    assert message.text.startswith("QnVlbm9zIGTDrWFz")
    assert message.decoded_text == "Buenos días, ¿cuándo abren la oficina de Popayán? Gracias"


@pytest.mark.parametrize("body", ["a" * 60, "necesito una copia de mi registro civil, por favor y gracias", "QnVlbm9z"])
def test_a_body_that_is_not_base64_gets_no_second_reading(channel: Channel, body: str) -> None:
    assert message_in(channel, captured("text", Body=body)).decoded_text is None


def test_a_pressed_button_keeps_its_text_and_its_payload(channel: Channel) -> None:  # inbound case 5
    message = message_in(channel, captured("whatsapp_button"))
    assert (message.text, message.choice) == ("Sí, quedó resuelto", "rate:yes")
    assert message.in_reply_to == SID(99)
    assert message_in(channel, captured("whatsapp_button", Body="")).text == "Sí, quedó resuelto"


def test_a_short_code_behind_a_messaging_service_is_the_recipient(channel: Channel) -> None:  # inbound case 6
    message = message_in(channel, captured("text_through_a_service"))
    assert message.recipient == "87123"
    assert message.raw["MessagingServiceSid"] == "MG" + "4d" * 16


def test_a_whatsapp_sender_is_also_the_telephone(channel: Channel) -> None:  # inbound case 7
    message = message_in(channel, captured("whatsapp_text"))
    assert message.sender == Address("whatsapp", "+573005550001")
    assert message.also == (Address("tel", "+573005550001"),)
    assert (message.recipient, message.sender_name) == ("whatsapp:+576015550100", "Rosa Elvira")


def test_a_whatsapp_sender_without_a_telephone_can_still_be_answered(channel: Channel) -> None:
    message = message_in(channel, captured("whatsapp_without_a_phone"))
    assert (message.sender, message.also) == (Address("whatsapp", "CO.1234567890"), ())
    assert message.answerable


def test_a_business_scoped_id_beside_the_telephone_is_the_same_person(channel: Channel) -> None:
    message = message_in(channel, captured("whatsapp_text", ExternalUserId="whatsapp:CO.1234567890"))
    assert message.also == (Address("tel", "+573005550001"), Address("whatsapp", "CO.1234567890"))


def test_a_location_has_an_empty_text(channel: Channel) -> None:  # inbound case 7
    message = message_in(channel, captured("whatsapp_location"))
    assert message.text == ""
    assert message.location == Location(2.4448, -76.6147, "Alcaldía de Popayán")


@pytest.mark.parametrize("latitude", ["", "nan", "inf", "91", "norte", "1" * 400])
def test_a_place_that_is_nowhere_is_left_out_and_the_message_kept(channel: Channel, latitude: str) -> None:
    message = message_in(channel, captured("whatsapp_location", Latitude=latitude))
    assert message.location is None


def test_an_empty_text_is_a_message(channel: Channel) -> None:  # inbound case 41
    assert message_in(channel, captured("text", Body="")).text == ""


def test_an_alphanumeric_sender_is_kept_and_not_answerable(channel: Channel) -> None:  # inbound case 43
    message = message_in(channel, captured("alphanumeric_sender"))
    assert message.sender == Address("tel", "PRIZES")
    assert not message.answerable


def test_a_number_without_plus_is_read_in_the_channels_country(channel: Channel) -> None:  # inbound case 44
    assert message_in(channel, captured("text", From="3005550001")).sender == Address("tel", "+573005550001")


def test_an_opt_out_that_twilio_served_comes_beside_the_message(channel: Channel) -> None:  # inbound case 40
    message, opt_out = channel.parse(captured("opt_out"))
    assert isinstance(message, InboundMessage)
    assert message.text == "STOP"
    assert opt_out == OptOut(channel="sms", address=Address("tel", "+573005550001"), opted_out=True, source="twilio")


def test_start_resumes_and_help_changes_nothing(channel: Channel) -> None:
    _, resumed = channel.parse(captured("opt_out", OptOutType="START"))
    assert isinstance(resumed, OptOut)
    assert not resumed.opted_out
    assert len(channel.parse(captured("opt_out", OptOutType="HELP"))) == 1


def test_a_word_alone_is_no_opt_out_of_twilios(channel: Channel) -> None:
    assert len(channel.parse(captured("text", Body="STOP"))) == 1


def test_a_delivery_names_our_own_message(channel: Channel) -> None:  # inbound cases 8 and 36
    assert receipt_in(channel, captured("status_delivered")) == DeliveryReceipt(
        channel="sms",
        provider_id=SID(41),
        status=DeliveryStatus.DELIVERED,
        provider_status="delivered",
        message_id=41,
    )


def test_a_late_sent_does_not_take_a_delivery_back(channel: Channel) -> None:  # inbound case 8
    delivered = receipt_in(channel, captured("status_delivered"))
    late = receipt_in(channel, captured("status_sent_late"))
    assert delivered.status is not None
    assert late.status is DeliveryStatus.SENT
    assert delivered.status.advance(late.status) is DeliveryStatus.DELIVERED


def test_a_failure_carries_its_code(channel: Channel) -> None:
    receipt = receipt_in(channel, captured("status_failed"))
    assert (receipt.status, receipt.code, receipt.opted_out) == (DeliveryStatus.FAILED, "30005", False)


def test_an_opt_out_by_callback_is_told(channel: Channel) -> None:  # inbound case 9
    assert receipt_in(channel, captured("status_opted_out")).opted_out


def test_a_state_nobody_knows_is_kept_and_changes_nothing(channel: Channel) -> None:  # inbound case 38
    receipt = receipt_in(channel, captured("status_delivered", MessageStatus="teleported"))
    assert (receipt.status, receipt.provider_status) == (None, "teleported")


def test_a_receipt_at_the_inbound_address_is_a_receipt(channel: Channel) -> None:
    form = {"MessageSid": SID(41), "MessageStatus": "delivered", "To": "+573005550001", "From": "+576015550100"}
    assert receipt_in(channel, post(form)).message_id is None


def test_a_message_at_the_receipts_address_is_a_message(channel: Channel) -> None:
    form = {"MessageSid": SID(1), "SmsStatus": "received", "Body": "hola", "From": "+573005550001"}
    assert message_in(channel, post(form, "/webhooks/sms/status")).text == "hola"


@pytest.mark.parametrize("own", ["", "x", "-1", "9" * 40, "١"])
def test_a_callback_with_a_strange_id_of_ours_still_has_twilios(channel: Channel, own: str) -> None:
    raw = post({"MessageSid": SID(41), "MessageStatus": "sent"}, f"/webhooks/sms/status?m={own}")
    receipt = channel.parse(raw)[0]
    assert isinstance(receipt, DeliveryReceipt)
    assert (receipt.message_id, receipt.provider_id) == (None, SID(41))


def test_a_call_tells_the_operator_which_url_is_wrong(channel: Channel) -> None:
    with pytest.raises(Unreadable, match="voice URL"):
        channel.parse(post({"CallSid": "CA1", "From": "+573005550001"}))


def test_a_message_without_a_sender_is_unreadable(channel: Channel) -> None:
    with pytest.raises(Unreadable, match="sender"):
        channel.parse(post({"MessageSid": "SM1", "From": "whatsapp:", "Body": "hola"}))


def test_the_answer_is_always_empty_twiml(channel: Channel) -> None:  # inbound case 1
    answers = {channel.acknowledge(captured(name)) for name in ("text", "status_delivered", "opt_out")}
    (answer,) = answers
    assert (answer.status, answer.content_type, answer.body) == (200, "text/xml", "<Response/>")


def test_an_option_with_a_typing_slip_is_not_accepted(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValidationError, match="number"):
        build(settings(options={"number": ["+576015550100"]}), session)


def test_an_api_address_that_is_none_is_not_accepted(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValueError, match="API URL"):
        build(settings({**SECRETS, "api_url": "api.twilio.com"}), session)
