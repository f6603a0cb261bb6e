import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from pydantic import ValidationError

from channels.accumulated import remainder
from channels.africastalking_ussd import build
from channels.channel import (
    Channel,
    ChannelSettings,
    FileUnavailable,
    NotAuthentic,
    Outcome,
    RawRequest,
    Screen,
    Unreadable,
)
from channels.message import Address, Attachment, AttachmentKind, OutboundMessage, SessionEnd, SessionTurn
from tests.support.channel_contract import ChannelContract, ContractCase

PAYLOADS = Path(__file__).parents[1] / "payloads" / "africastalking"
SECRET = "path-secret-for-tests"
CITIZEN = Address("tel", "+573005550001")
TURN = {
    "sessionId": "ATUid_1",
    "phoneNumber": "+573005550001",
    "networkCode": "73201",
    "serviceCode": "*1234#",
    "text": "1",
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def channel(session: aiohttp.ClientSession) -> Channel:
    return build(settings({"path_secret": SECRET}), session)


def settings(secrets: Mapping[str, str], **options: Any) -> ChannelSettings:
    return ChannelSettings(name="africastalking", country="CO", webhook_url="", options=options, secrets=secrets)


def request(fields: Mapping[str, str], *, tail: str = f"/{SECRET}", remote: str = "") -> RawRequest:
    body = urlencode(fields).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return RawRequest(method="POST", url="", tail=tail, headers=headers, query="", body=body, remote=remote)


def captured(name: str) -> RawRequest:
    payload = json.loads((PAYLOADS / f"{name}.json").read_text())
    return request(payload["form"], tail=payload["path"].removeprefix("/webhooks/africastalking"))


def turn(channel: Channel, raw: RawRequest) -> SessionTurn:
    channel.verify(raw)
    [item] = channel.parse(raw)
    assert isinstance(item, SessionTurn)
    return item


def end(channel: Channel, raw: RawRequest) -> SessionEnd:
    channel.verify(raw)
    [item] = channel.parse(raw)
    assert isinstance(item, SessionEnd)
    return item


class TestAfricasTalkingContract(ChannelContract):
    @pytest.fixture
    def case(self, session: aiohttp.ClientSession) -> ContractCase:
        return ContractCase(
            build=lambda secrets: build(settings(secrets), session),
            secrets={"path_secret": SECRET},
            says=lambda text: request({**TURN, "text": text}),
            tamper=lambda raw: replace(raw, tail="/another-secret"),
            strip=lambda raw: replace(raw, tail=""),
            extend=lambda raw: replace(raw, body=raw.body + b"&newField=1&=&=en"),
            unreadable=[request({"text": "1"}), request({**TURN, "sessionId": " "}), replace(request({}), body=b"{}")],
            not_utf8=[replace(request(TURN), body=urlencode({**TURN, "text": ""}).encode() + b"se%f1or\xf1")],
            private=["3005550001"],
        )


@pytest.mark.parametrize("tail", [f"/{SECRET}", f"/{SECRET}/", f"/{SECRET}/status"])
def test_both_urls_end_in_the_secret(channel: Channel, tail: str) -> None:
    assert turn(channel, request(TURN, tail=tail)).accumulated == "1"


@pytest.mark.parametrize(
    "tail", ["", "/", "/status", f"/{SECRET}x", f"/x/{SECRET}", f"/{SECRET}/status/more", "/señal"]
)
def test_any_other_path_is_refused(channel: Channel, tail: str) -> None:
    with pytest.raises(NotAuthentic):
        channel.verify(request(TURN, tail=tail))


@pytest.mark.parametrize("remote", ["192.0.2.7", "198.51.100.200", "::ffff:192.0.2.7"])
def test_a_listed_address_is_accepted(session: aiohttp.ClientSession, remote: str) -> None:
    listed = settings({"path_secret": SECRET}, allowed_addresses=["192.0.2.7", "198.51.100.0/24"])
    assert turn(build(listed, session), request(TURN, remote=remote)).sender == CITIZEN


@pytest.mark.parametrize("remote", ["192.0.2.8", "", "not an address", "2001:db8::1"])
def test_an_address_that_is_not_listed_is_refused(session: aiohttp.ClientSession, remote: str) -> None:
    listed = settings({"path_secret": SECRET}, allowed_addresses=["192.0.2.7", "198.51.100.0/24"])
    with pytest.raises(NotAuthentic):
        build(listed, session).verify(request(TURN, remote=remote))


def test_an_empty_list_of_addresses_lets_nobody_in(session: aiohttp.ClientSession) -> None:
    with pytest.raises(NotAuthentic):
        build(settings({"path_secret": SECRET}, allowed_addresses=[]), session).verify(
            request(TURN, remote="192.0.2.7")
        )


def test_the_dialled_code_is_not_content(channel: Channel) -> None:  # inbound case 26
    first = turn(channel, captured("first_screen"))
    assert (first.accumulated, first.typed, first.dialled, first.network) == ("", None, "*1234#", "73201")
    assert first.sender == CITIZEN


def test_a_first_screen_without_its_empty_text_is_a_first_screen(channel: Channel) -> None:  # inbound case 26
    fields = {key: value for key, value in TURN.items() if key != "text"}
    assert turn(channel, request(fields)).accumulated == ""


def test_a_typed_star_stays_in_the_question(channel: Channel) -> None:  # inbound case 27
    asked = turn(channel, captured("typed_question"))
    assert remainder("1*2", asked.accumulated or "") == "¿Cuándo abren en la cra 7 *45*?"


def test_the_same_request_again_is_the_same_turn(channel: Channel) -> None:  # inbound case 28
    assert turn(channel, captured("second_screen")) == turn(channel, captured("second_screen"))


def test_choices_dialled_with_the_code_arrive_on_the_first_screen(channel: Channel) -> None:  # inbound case 30
    assert turn(channel, captured("dialled_choices")).accumulated == "1*1"


@pytest.mark.parametrize(
    ("name", "completed", "reason"),
    [
        ("end_success", True, "Success"),
        ("end_incomplete", False, "Incomplete"),
        ("end_failed", False, "Invalid response from application"),
    ],
)
def test_the_end_of_a_session_says_how_it_ended(  # inbound case 32
    channel: Channel, name: str, completed: bool, reason: str
) -> None:
    ended = end(channel, captured(name))
    assert (ended.completed, ended.reason, ended.sender) == (completed, reason, CITIZEN)
    assert ended.session_id == turn(channel, captured("first_screen")).session_id


def test_a_notification_sent_to_the_screens_url_is_still_the_end(channel: Channel) -> None:
    assert end(channel, replace(captured("end_success"), tail=f"/{SECRET}")).completed


def test_a_turn_sent_to_the_notifications_url_is_still_a_turn(channel: Channel) -> None:
    assert turn(channel, replace(captured("second_screen"), tail=f"/{SECRET}/status")).accumulated == "1"


def test_two_handsets_on_one_session_id_stay_two(channel: Channel) -> None:  # inbound case 34
    other = turn(channel, request({**TURN, "phoneNumber": "+573005550002"}))
    assert (other.session_id, other.sender) == ("ATUid_1", Address("tel", "+573005550002"))


@pytest.mark.parametrize("written", ["+57 300 555-0001", "573005550001", "3005550001", " 573005550001"])
def test_numbers_come_in_one_form(channel: Channel, written: str) -> None:  # inbound case 44
    assert turn(channel, request({**TURN, "phoneNumber": written})).sender == CITIZEN


def test_a_plus_that_was_not_escaped_is_put_back(channel: Channel) -> None:
    raw = replace(request({}), body=b"sessionId=1&text=&phoneNumber=+254711000001")
    assert turn(channel, raw).sender == Address("tel", "+254711000001")


def test_a_form_of_a_thousand_fields_is_unreadable(channel: Channel) -> None:  # inbound case 45
    with pytest.raises(Unreadable):
        channel.parse(replace(request({}), body=b"a=1&" * 1000))


@pytest.mark.parametrize(("final", "body"), [(False, "CON 1. SENA\n2. DIAN"), (True, "END 1. SENA\n2. DIAN")])
def test_a_screen_goes_on_or_ends(channel: Channel, final: bool, body: str) -> None:
    response = channel.acknowledge(captured("first_screen"), Screen(text="1. SENA\n2. DIAN", final=final))
    assert (response.status, response.content_type, response.body) == (200, "text/plain", body)


def test_a_notification_is_answered_with_nothing(channel: Channel) -> None:
    assert channel.acknowledge(captured("end_success")).body == ""


async def test_a_phone_cannot_be_texted_over_ussd(channel: Channel) -> None:
    outcome = await channel.send(OutboundMessage(id=1, to=CITIZEN, text="Hola"))
    assert (outcome.outcome, outcome.code) == (Outcome.REFUSED, "not_textable")


async def test_there_are_no_files_to_fetch(channel: Channel) -> None:
    with pytest.raises(FileUnavailable) as error:
        await channel.fetch(Attachment(kind=AttachmentKind.OTHER))
    assert error.value.permanent


def test_screens_hold_what_the_operator_says(session: aiohttp.ClientSession) -> None:  # inbound case 33
    usual = build(settings({}), session).capabilities
    narrow = build(settings({}, screen_gsm7=140, screen_ucs2=60), session).capabilities
    assert (usual.session, usual.screen_gsm7, usual.screen_ucs2) == (True, 160, 80)
    assert (narrow.screen_gsm7, narrow.screen_ucs2) == (140, 60)


def test_an_unknown_option_is_a_fault(session: aiohttp.ClientSession) -> None:
    with pytest.raises(ValidationError):
        build(settings({}, screen=160), session)
