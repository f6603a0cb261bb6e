import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.channel import FileUnavailable, NotAuthentic, Outcome, RawRequest
from channels.message import Address, Attachment, AttachmentKind, Button, InboundMessage, OutboundMessage
from channels.telegram import NotConnected, TelegramChannel, build
from channels.telegram_replies import split
from tests.support.channel_contract import ChannelContract, ContractCase, LogWitness, with_header, without_header
from tests.support.telegram_api import (
    BOT_TOKEN,
    CHAT,
    SECRET,
    SECRET_HEADER,
    WEBHOOK,
    Answer,
    BotApi,
    bot_api,
    captured,
    post,
    post_bytes,
    refusal,
    settings,
    text_update,
)

TO = Address("telegram", str(CHAT))
FILE = Attachment(kind=AttachmentKind.DOCUMENT, reference="cédula #1.pdf")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with bot_api() as api:
        yield api


@pytest.fixture
def channel(api: BotApi, session: aiohttp.ClientSession) -> TelegramChannel:
    return build(settings(api.secrets(), options={"pause_seconds": 0}), session)


@pytest.fixture
def puller(api: BotApi, session: aiohttp.ClientSession) -> TelegramChannel:
    return build(settings(api.secrets(), webhook_url="", options={"pause_seconds": 0}), session)


def reply(text: str = "Buenos días", **changes: object) -> OutboundMessage:
    return replace(OutboundMessage(id=7, to=TO, text=text), **changes)  # type: ignore[arg-type]


class TestTelegramContract(ChannelContract):
    @pytest.fixture
    def case(self, session: aiohttp.ClientSession) -> ContractCase:
        return ContractCase(
            build=lambda secrets: build(settings(secrets), session),
            secrets={"bot_token": BOT_TOKEN, "secret_token": SECRET},
            says=lambda text: post(text_update(text)),
            tamper=with_header(SECRET_HEADER, "another-secret"),
            strip=without_header(SECRET_HEADER),
            extend=lambda raw: post({**json.loads(raw.body), "of_tomorrow": 1}),
            unreadable=[post_bytes(body) for body in (b"", b"hola", b"[]", b'"hola"', b"[" * 100_000, b'{"a": NaN}')],
            not_utf8=[post_bytes(json.dumps(text_update("se@or")).encode().replace(b"@", b"\xf1"))],
            private=["7000000042"],
        )


class TestSending:
    async def test_a_text_goes_out_plain(self, channel: TelegramChannel, api: BotApi) -> None:
        outcome = await channel.send(reply("Su cita es el *lunes* <a las 8>"))
        assert (outcome.outcome, outcome.provider_id) == (Outcome.SENT, f"{CHAT}:901")
        assert api.asked("sendMessage") == [{"chat_id": str(CHAT), "text": "Su cita es el *lunes* <a las 8>"}]

    async def test_buttons_are_an_inline_keyboard(self, channel: TelegramChannel, api: BotApi) -> None:
        await channel.send(reply(buttons=((Button("SENA", "agency:sena"), Button("DIAN", "agency:dian")),)))
        [fields] = api.asked("sendMessage")
        [row] = json.loads(fields["reply_markup"])["inline_keyboard"]
        assert row == [
            {"text": "SENA", "callback_data": "agency:sena"},
            {"text": "DIAN", "callback_data": "agency:dian"},
        ]

    async def test_the_phone_is_asked_for_with_a_key(self, channel: TelegramChannel, api: BotApi) -> None:
        await channel.send(reply(ask_phone="Compartir mi número"))
        [fields] = api.asked("sendMessage")
        [[key]] = json.loads(fields["reply_markup"])["keyboard"]
        assert key == {"text": "Compartir mi número", "request_contact": True}

    async def test_the_answered_message_is_quoted(self, channel: TelegramChannel, api: BotApi) -> None:
        await channel.send(reply(in_reply_to=f"{CHAT}:501"))
        [fields] = api.asked("sendMessage")
        quoted = json.loads(fields["reply_parameters"])
        assert quoted == {"message_id": 501, "allow_sending_without_reply": True}

    @pytest.mark.parametrize("key", ["99:501", "501", "", f"{CHAT}:", f"{CHAT}:x"])
    async def test_a_key_of_another_form_quotes_nothing(self, channel: TelegramChannel, api: BotApi, key: str) -> None:
        await channel.send(reply(in_reply_to=key))
        assert "reply_parameters" not in api.asked("sendMessage")[0]

    async def test_a_long_text_goes_in_several(self, channel: TelegramChannel, api: BotApi) -> None:
        outcome = await channel.send(
            reply("línea\n" * 1000, buttons=((Button("Sí", "y"),),), in_reply_to=f"{CHAT}:501")
        )
        first, second = api.asked("sendMessage")
        assert outcome.provider_id == f"{CHAT}:902"
        assert ("reply_parameters" in first, "reply_markup" in first) == (True, False)
        assert ("reply_parameters" in second, "reply_markup" in second) == (False, True)
        assert f"{first['text']}\n{second['text']}".split() == ["línea"] * 1000

    async def test_a_text_that_failed_half_way_is_not_to_be_repeated(
        self, channel: TelegramChannel, api: BotApi
    ) -> None:
        api.answers["sendMessage"] = [Answer(200, sent_message()), refusal(429, "Too Many Requests", retry_after=3)]
        outcome = await channel.send(reply("línea\n" * 1000))
        assert (outcome.outcome, outcome.code) == (Outcome.UNKNOWN, "partly_sent")

    async def test_who_blocks_half_way_has_opted_out(self, channel: TelegramChannel, api: BotApi) -> None:
        api.answers["sendMessage"] = [
            Answer(200, sent_message()),
            refusal(403, "Forbidden: bot was blocked by the user"),
        ]
        assert (await channel.send(reply("línea\n" * 1000))).outcome is Outcome.OPTED_OUT

    async def test_the_whole_bot_waits_when_telegram_says_so(  # inbound case 25
        self, channel: TelegramChannel, api: BotApi
    ) -> None:
        api.answers["sendMessage"] = [refusal(429, "Too Many Requests: retry after 17", retry_after=17)]
        outcome = await channel.send(reply())
        assert (outcome.outcome, outcome.after) == (Outcome.THROTTLED, 17.0)

    async def test_too_many_requests_without_a_time_still_waits(self, channel: TelegramChannel, api: BotApi) -> None:
        api.answers["sendMessage"] = [Answer(429, b"slow down")]
        outcome = await channel.send(reply())
        assert outcome.outcome is Outcome.THROTTLED
        assert outcome.after

    @pytest.mark.parametrize(
        ("status", "description", "outcome", "code"),
        [
            (403, "Forbidden: bot was blocked by the user", Outcome.OPTED_OUT, "blocked"),
            (403, "Forbidden: user is deactivated", Outcome.OPTED_OUT, "deactivated"),
            (403, "Forbidden: bot can't initiate conversation with a user", Outcome.REFUSED, "not_started"),
            (403, "Forbidden: something else", Outcome.REFUSED, "Forbidden"),
            (400, "Bad Request: chat not found", Outcome.REFUSED, "chat_not_found"),
            (400, "Bad Request: BUTTON_DATA_INVALID", Outcome.REFUSED, "BadRequest"),
            (401, "Unauthorized", Outcome.MISCONFIGURED, "bad_token"),
            (404, "Not Found", Outcome.MISCONFIGURED, "bad_token"),
            (500, "Internal Server Error", Outcome.TEMPORARY, "ServerFault"),
            (502, "Bad Gateway", Outcome.TEMPORARY, "ServerFault"),
            (302, "Found", Outcome.TEMPORARY, "ServerFault"),
        ],
    )
    async def test_every_error_has_its_outcome(  # inbound case 25
        self, channel: TelegramChannel, api: BotApi, status: int, description: str, outcome: Outcome, code: str
    ) -> None:
        api.answers["sendMessage"] = [refusal(status, description)]
        became = await channel.send(reply())
        assert (became.outcome, became.code) == (outcome, code)

    async def test_a_text_taken_for_markup_is_sent_again_as_plain(  # inbound case 25
        self, channel: TelegramChannel, api: BotApi
    ) -> None:
        api.answers["sendMessage"] = [refusal(400, "Bad Request: can't parse entities: Unsupported start tag")]
        assert (await channel.send(reply("a < b"))).outcome is Outcome.SENT
        assert [fields.get("parse_mode") for fields in api.asked("sendMessage")] == [None, ""]

    async def test_what_telegram_repeats_of_the_text_is_not_told(self, channel: TelegramChannel, api: BotApi) -> None:
        said = refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "secreto" at byte offset 4')
        api.answers["sendMessage"] = [said, said]
        outcome = await channel.send(reply("a < secreto"))
        assert outcome.outcome is Outcome.REFUSED
        assert "secreto" not in repr(outcome)

    async def test_a_lost_answer_is_unknown(self, channel: TelegramChannel, api: BotApi) -> None:
        api.answers["sendMessage"] = [Answer(drop=True)]
        assert (await channel.send(reply())).outcome is Outcome.UNKNOWN

    @pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"ok": true, "result": {}}', b'{"ok": true}'])
    async def test_an_answer_of_another_shape_is_unknown(
        self, channel: TelegramChannel, api: BotApi, body: bytes
    ) -> None:
        api.answers["sendMessage"] = [Answer(200, body)]
        assert (await channel.send(reply())).outcome is Outcome.UNKNOWN

    async def test_no_answer_in_time_is_unknown(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silence, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        channel = build(settings({**api.secrets(), "api_url": url}, options={"answer_seconds": 0.05}), session)
        async with server:
            outcome = await channel.send(reply())
        assert (outcome.outcome, outcome.code) == (Outcome.UNKNOWN, "TimedOut")

    async def test_a_refused_connection_is_temporary(
        self, session: aiohttp.ClientSession, unused_tcp_port: int
    ) -> None:
        url = f"http://127.0.0.1:{unused_tcp_port}"
        channel = build(settings({"bot_token": BOT_TOKEN, "secret_token": SECRET, "api_url": url}), session)
        assert (await channel.send(reply())).outcome is Outcome.TEMPORARY

    async def test_an_address_of_another_scheme_is_refused(self, channel: TelegramChannel, api: BotApi) -> None:
        outcome = await channel.send(reply(to=Address("tel", "+573005550001")))
        assert (outcome.outcome, outcome.code, api.calls) == (Outcome.REFUSED, "not_telegram", [])

    async def test_without_a_token_nothing_is_tried(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        channel = build(settings({"api_url": api.url, "secret_token": SECRET}), session)
        assert (await channel.send(reply())).outcome is Outcome.MISCONFIGURED
        assert api.calls == []

    async def test_no_log_tells_text_chat_or_token(
        self, channel: TelegramChannel, api: BotApi, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        api.answers["sendMessage"] = [Answer(200, sent_message()), Answer(502, b"necesito <html>"), Answer(200, b"x")]
        outcomes = [await channel.send(reply("necesito-mi-registro")) for _ in range(3)]
        seen = LogWitness(caplog, []).text() + repr(outcomes[1:]) + repr(channel)
        assert [word for word in ("necesito", str(CHAT), BOT_TOKEN, SECRET) if word in seen] == []


def sent_message() -> dict[str, object]:
    chat = {"id": CHAT, "type": "private"}
    return {"ok": True, "result": {"message_id": 1, "date": 1763719200, "chat": chat}}


class TestSplitting:
    def test_a_short_text_stays_whole(self) -> None:
        assert split("a" * 4096) == ["a" * 4096]

    def test_a_cut_is_at_a_line_before_a_space(self) -> None:
        assert split("uno dos\ntres cuatro", 14) == ["uno dos", "tres cuatro"]

    def test_a_line_that_ends_too_early_gives_way_to_a_space(self) -> None:
        assert split("a\nbbbb cccc dddd", 12) == ["a\nbbbb cccc", "dddd"]

    def test_a_surrogate_pair_is_not_cut(self) -> None:
        assert split("a" + "😀" * 4, 6) == ["a😀😀", "😀😀"]

    def test_an_empty_text_is_one_empty_text(self) -> None:
        assert split("") == [""]

    @given(text=st.text(alphabet="añ😀 \n", max_size=60), limit=st.integers(min_value=2, max_value=9))
    def test_nothing_but_space_is_lost(self, text: str, limit: int) -> None:
        parts = split(text, limit)
        assert "".join("".join(parts).split()) == "".join(text.split())
        assert all(len(part.encode("utf-16-le")) <= limit * 2 for part in parts)


class TestPresses:
    async def test_a_press_is_answered(self, channel: TelegramChannel, api: BotApi) -> None:  # inbound case 21
        assert await channel.answer_press("4382", "Listo")
        assert api.asked("answerCallbackQuery") == [{"callback_query_id": "4382", "text": "Listo"}]

    async def test_a_press_that_is_too_old_is_false(self, channel: TelegramChannel, api: BotApi) -> None:
        api.answers["answerCallbackQuery"] = [refusal(400, "Bad Request: query is too old")]
        assert not await channel.answer_press("4382")


class TestFetching:
    async def test_a_file_is_downloaded(self, channel: TelegramChannel, api: BotApi) -> None:
        api.files["documents/cédula #1.pdf"] = b"%PDF-1.7"
        assert await channel.fetch(FILE) == b"%PDF-1.7"

    async def test_a_file_said_to_be_too_big_is_not_asked_for(self, channel: TelegramChannel, api: BotApi) -> None:
        with pytest.raises(FileUnavailable) as error:
            await channel.fetch(replace(FILE, size=21 * 1024 * 1024))
        assert (error.value.permanent, api.calls) == (True, [])

    async def test_a_file_that_turns_out_too_big_is_dropped(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        api.files[f"documents/{FILE.reference}"] = b"x" * 1001
        channel = build(settings(api.secrets(), options={"max_file_bytes": 1000}), session)
        with pytest.raises(FileUnavailable) as error:
            await channel.fetch(FILE)
        assert error.value.permanent

    @pytest.mark.parametrize(
        ("method", "answer", "permanent"),
        [
            ("getFile", refusal(400, "Bad Request: file is too big"), True),
            ("getFile", refusal(400, "Bad Request: invalid file_id"), True),
            ("getFile", refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), False),
            ("getFile", refusal(401, "Unauthorized"), False),
            ("getFile", refusal(429, "Too Many Requests", retry_after=3), False),
            ("getFile", refusal(500, "Internal Server Error"), False),
            ("getFile", Answer(200, b"<html>"), False),
            ("getFile", Answer(200, b'{"ok": true, "result": {}}'), False),
            ("getFile", Answer(200, {"ok": True, "result": {"file_id": "1", "file_unique_id": "1"}}), False),
            ("getFile", Answer(drop=True), False),
            ("file", Answer(404, b""), False),
            ("file", Answer(410, b""), True),
            ("file", Answer(503, b""), False),
            ("file", Answer(drop=True), False),
        ],
    )
    async def test_a_file_that_cannot_be_had_says_whether_to_try_again(  # inbound case 19
        self, channel: TelegramChannel, api: BotApi, method: str, answer: Answer, permanent: bool
    ) -> None:
        # Twice, because the client itself repeats a dropped GET. A 404 is for the next getFile to explain.
        api.answers[method] = [answer, answer]
        with pytest.raises(FileUnavailable) as error:
            await channel.fetch(FILE)
        assert error.value.permanent is permanent
        assert BOT_TOKEN not in str(error.value)


class TestStarting:
    async def test_telegram_is_told_the_webhook(self, channel: TelegramChannel, api: BotApi) -> None:
        await channel.start()
        [fields] = api.asked("setWebhook")
        assert (fields["url"], fields["secret_token"], fields["max_connections"]) == (WEBHOOK, SECRET, "40")
        assert json.loads(fields["allowed_updates"]) == [
            "message",
            "edited_message",
            "callback_query",
            "my_chat_member",
        ]

    async def test_a_puller_tells_that_there_is_no_webhook(self, puller: TelegramChannel, api: BotApi) -> None:
        await puller.start()
        assert [name for name, _ in api.calls] == ["deleteWebhook"]

    @pytest.mark.parametrize(
        ("answer", "permanent"),
        [
            (refusal(400, "Bad Request: bad webhook: HTTPS url must be provided"), True),
            (refusal(401, "Unauthorized"), True),
            (refusal(500, "Internal Server Error"), False),
            (Answer(drop=True), False),
        ],
    )
    async def test_a_webhook_that_was_not_taken_is_said(
        self, channel: TelegramChannel, api: BotApi, answer: Answer, permanent: bool
    ) -> None:
        api.answers["setWebhook"] = [answer]
        with pytest.raises(NotConnected) as error:
            await channel.start()
        assert error.value.permanent is permanent

    @pytest.mark.parametrize("missing", ["bot_token", "secret_token"])
    async def test_a_missing_secret_is_said(self, api: BotApi, session: aiohttp.ClientSession, missing: str) -> None:
        channel = build(settings({**api.secrets(), missing: ""}), session)
        with pytest.raises(NotConnected, match=r"no (bot|secret) token"):
            await channel.start()
        assert api.calls == []

    def test_a_secret_telegram_would_not_take_is_a_fault(self, session: aiohttp.ClientSession) -> None:
        with pytest.raises(ValueError, match="secret token"):
            build(settings({"secret_token": "con espacios"}), session)

    def test_an_unknown_option_is_a_fault(self, session: aiohttp.ClientSession) -> None:
        with pytest.raises(ValidationError):
            build(settings({}, options={"rate": 1}), session)


class Inbox:
    """What a puller delivered; `full` is set at the number waited for. `fail_at` raises for that delivery, once."""

    def __init__(self, wanted: int, fail_at: int | None = None) -> None:
        self.raws: list[RawRequest] = []
        self.full = asyncio.Event()
        self._wanted = wanted
        self._fail_at = fail_at

    async def deliver(self, raw: RawRequest) -> None:
        if len(self.raws) == self._fail_at:
            self._fail_at = None
            raise ConnectionError("the store is away")
        self.raws.append(raw)
        if len(self.raws) == self._wanted:
            self.full.set()


async def stopped(task: asyncio.Task[None]) -> bool:
    task.cancel()
    await asyncio.wait([task], timeout=30)
    return task.cancelled()


class TestPulling:
    async def test_updates_are_delivered_in_order_and_then_confirmed(
        self, puller: TelegramChannel, api: BotApi
    ) -> None:
        api.updates = [captured("text"), captured("photo")]
        inbox = Inbox(wanted=2)
        task = asyncio.create_task(puller.poll(inbox.deliver))
        await asyncio.wait_for(api.holding.wait(), 5)
        assert await stopped(task)
        first, second = [item for raw in inbox.raws for item in puller.parse(raw)]
        assert isinstance(first, InboundMessage)
        assert isinstance(second, InboundMessage)
        assert (first.provider_id, len(second.attachments)) == ("840000101", 1)
        assert [fields.get("offset") for fields in api.asked("getUpdates")] == [
            None,
            str(captured("photo")["update_id"] + 1),
        ]

    async def test_what_was_pulled_passes_the_same_gate(self, puller: TelegramChannel, api: BotApi) -> None:
        api.updates = [captured("text")]
        inbox = Inbox(wanted=1)
        task = asyncio.create_task(puller.poll(inbox.deliver))
        await asyncio.wait_for(inbox.full.wait(), 5)
        await stopped(task)
        puller.verify(inbox.raws[0])
        with pytest.raises(NotAuthentic):
            puller.verify(without_header(SECRET_HEADER)(inbox.raws[0]))

    async def test_an_update_is_not_confirmed_before_it_is_kept(self, puller: TelegramChannel, api: BotApi) -> None:
        api.updates = [captured("text"), captured("photo")]
        inbox = Inbox(wanted=3, fail_at=1)
        with pytest.raises(ConnectionError):
            await puller.poll(inbox.deliver)
        assert [fields.get("offset") for fields in api.asked("getUpdates")] == [None]
        task = asyncio.create_task(puller.poll(inbox.deliver))
        await asyncio.wait_for(inbox.full.wait(), 5)
        await stopped(task)
        # The first comes twice, as the claim on its id expects; the second is not lost.
        assert [json.loads(raw.body)["update_id"] for raw in inbox.raws] == [840000101, 840000101, 840000104]

    async def test_an_update_the_library_could_not_read_is_delivered_too(
        self, puller: TelegramChannel, api: BotApi
    ) -> None:
        api.updates = [{"update_id": 1, "message": "of tomorrow"}, captured("text")]
        inbox = Inbox(wanted=2)
        task = asyncio.create_task(puller.poll(inbox.deliver))
        await asyncio.wait_for(inbox.full.wait(), 5)
        assert await stopped(task)

    @pytest.mark.parametrize(
        "answer",
        [
            refusal(409, "Conflict: terminated by other getUpdates request"),
            refusal(429, "Too Many Requests", retry_after=0),
            refusal(502, "Bad Gateway"),
            Answer(200, b"<html>"),
            Answer(200, b'{"ok": true, "result": {}}'),
            Answer(200, b'{"ok": true}'),
            Answer(drop=True),
        ],
    )
    async def test_a_failure_is_waited_out(self, puller: TelegramChannel, api: BotApi, answer: Answer) -> None:
        api.answers["getUpdates"] = [answer]
        api.updates = [captured("text")]
        inbox = Inbox(wanted=1)
        task = asyncio.create_task(puller.poll(inbox.deliver))
        await asyncio.wait_for(inbox.full.wait(), 5)
        assert await stopped(task)

    async def test_a_token_nobody_knows_ends_the_pulling(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        puller = build(settings({**api.secrets(), "bot_token": "1:unknown"}, webhook_url=""), session)
        with pytest.raises(NotConnected) as error:
            await puller.poll(Inbox(wanted=1).deliver)
        assert error.value.permanent

    def test_a_puller_without_a_secret_still_has_one(self, session: aiohttp.ClientSession) -> None:
        puller = build(settings({"bot_token": BOT_TOKEN}, webhook_url=""), session)
        assert puller.use_polling
        with pytest.raises(NotAuthentic):
            puller.verify(post(captured("text")))
