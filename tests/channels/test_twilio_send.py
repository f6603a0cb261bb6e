"""What Twilio does with what is sent, against a real server that stands for it, and its media."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from channels import twilio_api
from channels.channel import Channel, FileUnavailable, Outcome, SendOutcome
from channels.message import Address, Attachment, AttachmentKind, DeliveryStatus, OutboundMessage
from channels.twilio_sms import build
from tests.support.twilio import ACCOUNT, OPTIONS, SECRETS, WEBHOOK, Answer, TwilioServer, settings, twilio_server

BASIC = aiohttp.encode_basic_auth(SECRETS["account_sid"], SECRETS["auth_token"])
SERVICE = "MG" + "4d" * 16
TEXT = "Su caso SENA-2026-000041 ya tiene respuesta: á é"
PHONE = Address("tel", "+573005550001")
WHATSAPP = Address("whatsapp", "+573005550001")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioServer]:
    async with twilio_server() as server:
        yield server


@pytest.fixture
def channel(twilio: TwilioServer, session: aiohttp.ClientSession) -> Channel:
    return configured(twilio.url, session)


def configured(api_url: str, session: aiohttp.ClientSession, options: Mapping[str, Any] = OPTIONS) -> Channel:
    return build(settings({**SECRETS, "api_url": api_url}, options), session)


def message(to: Address = PHONE, sender: str | None = None) -> OutboundMessage:
    return OutboundMessage(id=41, to=to, text=TEXT, sender=sender)


def photo(url: str) -> Attachment:
    return Attachment(kind=AttachmentKind.IMAGE, reference=url)


async def test_a_message_is_sent_with_our_id_in_its_callback(channel: Channel, twilio: TwilioServer) -> None:
    outcome = await channel.send(message())
    (heard,) = twilio.heard
    assert outcome == SendOutcome(outcome=Outcome.SENT, provider_id="SM" + "f" * 32, status=DeliveryStatus.QUEUED)
    assert heard.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert heard.authorization == BASIC
    assert heard.form == {
        "To": "+573005550001",
        "From": "+576015550100",
        "Body": TEXT,
        "StatusCallback": f"{WEBHOOK}/status?m=41",
    }


@pytest.mark.parametrize(
    ("outgoing", "numbers", "expected"),
    [
        (message(sender="87123"), OPTIONS["numbers"], {"From": "87123"}),
        (message(), [], {"MessagingServiceSid": SERVICE}),
        (message(), ["whatsapp:+576015550100"], {"MessagingServiceSid": SERVICE}),
        (message(WHATSAPP), OPTIONS["numbers"], {"From": "whatsapp:+576015550100", "To": "whatsapp:+573005550001"}),
        (message(WHATSAPP, "whatsapp:+1415"), OPTIONS["numbers"], {"From": "whatsapp:+1415"}),
        (message(WHATSAPP, "87123"), OPTIONS["numbers"], {"From": "whatsapp:+576015550100"}),
        (message(PHONE, "whatsapp:+576015550100"), OPTIONS["numbers"], {"From": "+576015550100"}),
    ],
)
async def test_the_sender_is_the_one_written_to_or_the_configured_one(
    twilio: TwilioServer,
    session: aiohttp.ClientSession,
    outgoing: OutboundMessage,
    numbers: list[str],
    expected: dict[str, str],
) -> None:
    channel = configured(twilio.url, session, {"numbers": numbers, "messaging_service_sid": SERVICE})
    await channel.send(outgoing)
    form = twilio.heard[0].form
    assert expected.items() <= form.items()
    assert ("From" in form) != ("MessagingServiceSid" in form)


REFUSALS = [
    (400, 21211, Outcome.REFUSED),
    (400, 21614, Outcome.REFUSED),
    (400, 21408, Outcome.REFUSED),
    (400, 21617, Outcome.REFUSED),
    (400, 21606, Outcome.REFUSED),
    (400, 63016, Outcome.REFUSED),
    (400, 99999, Outcome.REFUSED),
    (400, 21610, Outcome.OPTED_OUT),  # inbound case 9
    (400, 21611, Outcome.TEMPORARY),
    (400, 30001, Outcome.TEMPORARY),
    (400, 63017, Outcome.TEMPORARY),
    (401, 20003, Outcome.MISCONFIGURED),
    (403, 20005, Outcome.MISCONFIGURED),
    (404, 20404, Outcome.MISCONFIGURED),
    (400, 21701, Outcome.MISCONFIGURED),
    (400, 20429, Outcome.THROTTLED),
    (500, 20500, Outcome.TEMPORARY),
    (503, 20503, Outcome.TEMPORARY),
]


@pytest.mark.parametrize(("status", "code", "expected"), REFUSALS)
async def test_every_refusal_becomes_an_outcome_without_number_or_text(
    channel: Channel, twilio: TwilioServer, status: int, code: int, expected: Outcome
) -> None:
    sentence = f"The 'To' number +573005550001 is not right for {TEXT}"
    twilio.answer = Answer(status=status, payload={"code": code, "message": sentence, "status": status})
    outcome = await channel.send(message())
    assert (outcome.outcome, outcome.code) == (expected, str(code))
    assert "3005550001" not in repr(outcome)
    assert TEXT not in repr(outcome)


async def test_an_error_in_the_newer_form_is_understood_too(channel: Channel, twilio: TwilioServer) -> None:
    problem = {"type": "https://twilio.com/docs/21610", "title": "Opted out", "status": 400, "code": 21610}
    twilio.answer = Answer(status=400, payload=problem)
    assert (await channel.send(message())).outcome is Outcome.OPTED_OUT


async def test_a_code_that_is_no_number_is_still_a_refusal(channel: Channel, twilio: TwilioServer) -> None:
    twilio.answer = Answer(status=400, payload={"code": "E-1", "message": "no"})
    assert (await channel.send(message())).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("header", "pause"), [("7", 7.0), ("", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0), ("99999", 600)]
)
async def test_a_429_pauses_the_channel_as_long_as_twilio_says(
    channel: Channel, twilio: TwilioServer, header: str, pause: float
) -> None:
    twilio.answer = Answer(status=429, payload={"code": 20429}, headers={"Retry-After": header})
    outcome = await channel.send(message())
    assert (outcome.outcome, outcome.after) == (Outcome.THROTTLED, pause)


async def test_an_opt_out_inside_a_created_message_is_told(channel: Channel, twilio: TwilioServer) -> None:
    twilio.answer = Answer(payload={"sid": "SM1", "status": "failed", "error_code": 21610})  # inbound case 9
    assert (await channel.send(message())).outcome is Outcome.OPTED_OUT


@pytest.mark.parametrize(
    "answer",
    [
        Answer(drop=True),
        Answer(status=502, body=b"<html>bad gateway</html>"),
        Answer(status=504, body=b""),
        Answer(status=201, body=b"not json"),
        Answer(status=201, payload=None),
        Answer(status=201, payload={}),
        Answer(status=201, payload=[]),
    ],
    ids=["hung up", "502", "504", "no json", "null", "no sid", "a list"],
)
async def test_when_it_may_have_been_sent_the_outcome_is_unknown_and_nothing_is_repeated(
    channel: Channel, twilio: TwilioServer, answer: Answer
) -> None:
    twilio.answer = answer
    assert (await channel.send(message())).outcome is Outcome.UNKNOWN
    assert len(twilio.heard) == 1


async def test_an_answer_that_never_comes_is_unknown(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_api, "SEND_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    heard: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await configured(f"http://127.0.0.1:{port}", session).send(message())
    assert outcome.outcome is Outcome.UNKNOWN
    assert len(heard) == 1


async def test_a_refused_connection_is_temporary_because_nothing_left(session: aiohttp.ClientSession) -> None:
    outcome = await configured(f"http://127.0.0.1:{unused_port()}", session).send(message())
    assert outcome.outcome is Outcome.TEMPORARY


async def test_a_channel_without_credentials_or_sender_says_so(session: aiohttp.ClientSession) -> None:
    no_credentials = build(settings({}), session)
    no_sender = build(settings(options={}), session)
    outcomes = [await each.send(message()) for each in (no_credentials, no_sender)]
    assert [outcome.outcome for outcome in outcomes] == [Outcome.MISCONFIGURED] * 2
    assert "token" in (outcomes[0].detail or "")
    assert "number" in (outcomes[1].detail or "")


async def test_the_edge_of_the_environment_does_not_move_the_request(
    twilio: TwilioServer, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    assert (await configured(twilio.url, session).send(message())).outcome is Outcome.SENT


async def test_sending_logs_neither_number_nor_text_nor_token(
    channel: Channel, twilio: TwilioServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await channel.send(message())
    twilio.answer = Answer(status=400, payload={"code": 21211, "message": "+573005550001"})
    await channel.send(message())
    assert len(twilio.heard) == 2
    assert not [word for word in ("3005550001", TEXT, SECRETS["auth_token"]) if word in caplog.text]


async def test_a_text_no_encoding_can_hold_is_sent_with_a_question_mark(channel: Channel, twilio: TwilioServer) -> None:
    outcome = await channel.send(OutboundMessage(id=1, to=PHONE, text="a\ud83d"))
    assert (outcome.outcome, twilio.heard[0].form["Body"]) == (Outcome.SENT, "a?")


class TestMedia:
    @pytest.fixture
    async def storage(self) -> AsyncIterator[TwilioServer]:
        async with twilio_server() as server:
            server.files = {"/stored": Answer(status=200, body=b"jpeg")}
            yield server

    @pytest.fixture
    def channel(self, twilio: TwilioServer, storage: TwilioServer, session: aiohttp.ClientSession) -> Channel:
        host = storage.url.removeprefix("http://")
        return configured(twilio.url, session, {**OPTIONS, "media_hosts": [host], "max_media_bytes": 1000})

    async def test_a_file_is_fetched_with_the_accounts_credentials(
        self, channel: Channel, twilio: TwilioServer
    ) -> None:
        twilio.files["/media/1"] = Answer(status=200, body=b"jpeg")
        assert await channel.fetch(photo(f"{twilio.url}/media/1")) == b"jpeg"
        assert twilio.heard[0].authorization == BASIC

    async def test_the_storage_host_sees_no_credentials(
        self, channel: Channel, twilio: TwilioServer, storage: TwilioServer
    ) -> None:
        twilio.files["/media/1"] = Answer(status=307, body=b"", headers={"Location": f"{storage.url}/stored"})
        assert await channel.fetch(photo(f"{twilio.url}/media/1")) == b"jpeg"
        assert [heard.authorization for heard in (*twilio.heard, *storage.heard)] == [BASIC, None]

    async def test_a_redirect_on_the_same_host_drops_the_credentials_too(
        self, channel: Channel, twilio: TwilioServer
    ) -> None:
        twilio.files["/media/1"] = Answer(status=302, body=b"", headers={"Location": "/media/2"})
        twilio.files["/media/2"] = Answer(status=200, body=b"png")
        assert await channel.fetch(photo(f"{twilio.url}/media/1")) == b"png"
        assert [heard.authorization for heard in twilio.heard] == [BASIC, None]

    async def test_a_url_at_the_storage_itself_needs_no_credentials(
        self, channel: Channel, storage: TwilioServer
    ) -> None:
        assert await channel.fetch(photo(f"{storage.url}/stored")) == b"jpeg"
        assert storage.heard[0].authorization is None

    @pytest.mark.parametrize(
        "url",
        [
            "http://evil.example/x",
            "file:///etc/passwd",
            "",
            "http://[",
            "http://169.254.169.254/latest",
            "//x",
            "ftp://a/b",
        ],
    )
    async def test_no_other_host_is_asked(self, channel: Channel, url: str) -> None:
        with pytest.raises(FileUnavailable) as caught:
            await channel.fetch(photo(url))
        assert caught.value.permanent

    async def test_a_host_that_hides_behind_credentials_in_the_url_is_not_asked(
        self, channel: Channel, twilio: TwilioServer
    ) -> None:
        with pytest.raises(FileUnavailable):
            await channel.fetch(photo(twilio.url.replace("http://", "http://user:pass@") + "/media/1"))
        assert twilio.heard == []

    async def test_the_other_scheme_of_the_right_host_is_not_asked(
        self, channel: Channel, storage: TwilioServer
    ) -> None:
        with pytest.raises(FileUnavailable) as caught:
            await channel.fetch(photo(storage.url.replace("http:", "https:") + "/stored"))
        assert caught.value.permanent

    @pytest.mark.parametrize("location", ["http://evil.example/x", "", "http://["])
    async def test_a_redirect_to_another_host_is_not_followed(
        self, channel: Channel, twilio: TwilioServer, location: str
    ) -> None:
        headers = {"Location": location} if location else {}
        twilio.files["/media/1"] = Answer(status=302, body=b"", headers=headers)
        with pytest.raises(FileUnavailable):
            await channel.fetch(photo(f"{twilio.url}/media/1"))

    async def test_a_circle_of_redirects_ends(self, channel: Channel, twilio: TwilioServer) -> None:
        twilio.files["/media/1"] = Answer(status=302, body=b"", headers={"Location": "/media/1"})
        with pytest.raises(FileUnavailable, match="too often"):
            await channel.fetch(photo(f"{twilio.url}/media/1"))
        assert len(twilio.heard) == 3

    async def test_a_file_over_the_limit_is_given_up_for_good(self, channel: Channel, twilio: TwilioServer) -> None:
        twilio.files["/media/1"] = Answer(status=200, body=b"x" * 1001)
        with pytest.raises(FileUnavailable) as caught:
            await channel.fetch(photo(f"{twilio.url}/media/1"))
        assert caught.value.permanent

    @pytest.mark.parametrize(("status", "permanent"), [(410, True), (404, False), (401, False), (500, False)])
    async def test_only_what_is_gone_is_gone_for_good(
        self, channel: Channel, twilio: TwilioServer, status: int, permanent: bool
    ) -> None:
        twilio.files["/media/1"] = Answer(status=status, body=b"")
        with pytest.raises(FileUnavailable) as caught:
            await channel.fetch(photo(f"{twilio.url}/media/1"))
        assert caught.value.permanent is permanent

    async def test_a_connection_that_breaks_is_tried_again_later(self, channel: Channel, twilio: TwilioServer) -> None:
        twilio.files["/media/1"] = Answer(drop=True, body=b"")
        with pytest.raises(FileUnavailable) as caught:
            await channel.fetch(photo(f"{twilio.url}/media/1"))
        assert not caught.value.permanent
        assert "/media/1" not in repr(caught.value)


async def test_starting_and_closing_leave_the_shared_session_open(
    channel: Channel, session: aiohttp.ClientSession, twilio: TwilioServer
) -> None:
    await channel.start()
    await channel.close()
    assert not session.closed
    assert twilio.heard == []
