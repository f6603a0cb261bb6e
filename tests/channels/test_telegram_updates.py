"""What each kind of update says. The contract suite and everything that leaves the process: `test_telegram.py`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from channels.channel import Unreadable
from channels.message import Address, AttachmentKind, Ignored, Inbound, InboundMessage, Location, OptOut
from channels.telegram import TelegramChannel, build
from tests.support.telegram_api import CHAT, SECRET, captured, post, settings, text_update

ANA = Address("telegram", str(CHAT))


@pytest.fixture
async def channel() -> AsyncIterator[TelegramChannel]:
    async with aiohttp.ClientSession() as session:
        yield build(settings({"bot_token": "1:a", "secret_token": SECRET}), session)


def read(channel: TelegramChannel, update: dict[str, Any]) -> Inbound:
    raw = post(update)
    channel.verify(raw)
    [item] = channel.parse(raw)
    return item


def message(channel: TelegramChannel, update: dict[str, Any]) -> InboundMessage:
    item = read(channel, update)
    assert isinstance(item, InboundMessage)
    return item


def ignored(channel: TelegramChannel, update: dict[str, Any]) -> Ignored:
    item = read(channel, update)
    assert isinstance(item, Ignored)
    return item


def with_message(name: str, **changes: Any) -> dict[str, Any]:
    update = captured(name)
    return {**update, "message": {**update["message"], **changes}}


def test_a_text_comes_with_name_language_and_date(channel: TelegramChannel) -> None:  # inbound case 13
    said = message(channel, captured("text"))
    assert said.text == "¿Cómo pido cita para la cédula de mi mamá?"
    assert (said.sender, said.sender_name, said.language) == (ANA, "Ana Pérez", "es")
    assert said.sent_at == datetime(2025, 11, 21, 10, 8, 21, tzinfo=UTC)
    assert (said.provider_id, said.raw["message_key"]) == ("840000101", f"{CHAT}:501")
    assert (said.attachments, said.also, said.version_of) == ((), (), None)


@pytest.mark.parametrize(("name", "text"), [("start", "/start"), ("start_payload", "/start sena_inscripciones")])
def test_start_stays_in_the_text(channel: TelegramChannel, name: str, text: str) -> None:  # inbound case 14
    assert message(channel, captured(name)).text == text


@pytest.mark.parametrize(("name", "reason"), [("without_message", "empty"), ("channel_post", "channel_post")])
def test_an_update_without_a_persons_message_is_ignored(  # inbound case 15
    channel: TelegramChannel, name: str, reason: str
) -> None:
    assert ignored(channel, captured(name)) == Ignored(channel="telegram", reason=reason)


@pytest.mark.parametrize("kind", ["poll_answer", "message_reaction", "business_message", "a_kind_of_tomorrow"])
def test_other_kinds_of_update_are_ignored_by_name(channel: TelegramChannel, kind: str) -> None:  # inbound case 15
    assert ignored(channel, {"update_id": 1, kind: {"anything": 1}}).reason == kind


@pytest.mark.parametrize(
    ("name", "kind", "content_type", "filename", "text"),
    [
        ("video", AttachmentKind.VIDEO, "video/mp4", "obra.mp4", "Así está la obra"),
        ("voice", AttachmentKind.AUDIO, "audio/ogg", None, ""),
        ("audio", AttachmentKind.AUDIO, "audio/mpeg", "audiencia.mp3", ""),
        ("document", AttachmentKind.DOCUMENT, "application/pdf", "derecho de petición.pdf", "Mi petición"),
        ("document_image", AttachmentKind.IMAGE, "image/png", "recibo.png", ""),
        ("sticker", AttachmentKind.STICKER, "image/webp", None, ""),
        ("video_note", AttachmentKind.VIDEO, "video/mp4", None, ""),
        ("animation", AttachmentKind.VIDEO, "video/mp4", "fuga.mp4", ""),
    ],
)
def test_a_file_is_one_attachment(  # inbound case 17
    channel: TelegramChannel, name: str, kind: AttachmentKind, content_type: str, filename: str | None, text: str
) -> None:
    said = message(channel, captured(name))
    [file] = said.attachments
    assert (file.kind, file.content_type, file.filename, said.text) == (kind, content_type, filename, text)
    assert file.reference.startswith("AgACAgE-")
    assert file.size


@pytest.mark.parametrize(
    ("changes", "content_type"),
    [({"is_animated": True}, "application/x-tgsticker"), ({"is_video": True}, "video/webm")],
)
def test_a_moving_sticker_says_so(channel: TelegramChannel, changes: dict[str, bool], content_type: str) -> None:
    sticker = captured("sticker")["message"]["sticker"]
    [file] = message(channel, with_message("sticker", sticker={**sticker, **changes})).attachments
    assert file.content_type == content_type


def test_a_photo_is_its_largest_size_under_the_limit(channel: TelegramChannel) -> None:  # inbound case 17
    said = message(channel, captured("photo"))
    [file] = said.attachments
    assert (file.reference, file.kind, said.text) == ("AgACAgE-x", AttachmentKind.IMAGE, "El hueco frente a la escuela")


def test_a_photo_over_the_limit_in_every_size_is_its_smallest(channel: TelegramChannel) -> None:  # inbound case 17
    sizes = [{**size, "file_size": 10**9} for size in captured("photo")["message"]["photo"]]
    [file] = message(channel, with_message("photo", photo=sizes)).attachments
    assert file.reference == "AgACAgE-s"


def test_a_location_is_a_point(channel: TelegramChannel) -> None:  # inbound case 18
    said = message(channel, captured("location"))
    assert (said.location, said.text) == (Location(4.598056, -74.075833), "")


def test_a_venue_is_a_point_with_its_name(channel: TelegramChannel) -> None:  # inbound case 18
    assert message(channel, captured("venue")).location == Location(4.598, -74.076, "Plaza de Bolívar, Cra. 7 #11-10")


def test_ones_own_number_links_the_person(channel: TelegramChannel) -> None:  # inbound case 18
    said = message(channel, captured("contact_own"))
    assert (said.also, said.text) == ((Address("tel", "+573005550001"),), "")


def test_the_number_of_somebody_else_is_text(channel: TelegramChannel) -> None:  # inbound case 18
    said = message(channel, captured("contact_other"))
    assert (said.also, said.text) == ((), "Luis Gómez +573005550099")


def test_a_contact_who_is_nobody_on_telegram_links_nobody(channel: TelegramChannel) -> None:  # inbound case 18
    contact = {"phone_number": "3005550001", "first_name": "Ana"}
    said = message(channel, with_message("contact_own", contact=contact))
    assert (said.also, said.text) == ((), "Ana 3005550001")


def test_a_poll_is_its_question_and_options(channel: TelegramChannel) -> None:
    assert message(channel, captured("poll")).text == "¿Cuándo abren?\n- Lunes\n- Martes"


def test_a_thrown_die_is_its_emoji(channel: TelegramChannel) -> None:
    update = with_message("text", dice={"emoji": "🎲", "value": 3})
    del update["message"]["text"]
    assert message(channel, update).text == "🎲"


def test_an_edit_is_a_version_of_the_first(channel: TelegramChannel) -> None:  # inbound case 20
    first, edited = message(channel, captured("text")), message(channel, captured("edited"))
    assert edited.version_of == first.raw["message_key"] == edited.raw["message_key"]
    assert edited.provider_id == f"edit:{captured('edited')['update_id']}"
    assert edited.text == "¿Cómo pido cita para la cédula de mi papá?"
    assert first.sent_at is not None
    assert edited.sent_at is not None
    assert edited.sent_at > first.sent_at


def test_a_moving_live_location_is_ignored(channel: TelegramChannel) -> None:
    assert ignored(channel, captured("live_location")).reason == "live_location"


@pytest.mark.parametrize(
    ("name", "under"), [("callback_query", f"{CHAT}:490"), ("callback_query_inaccessible", f"{CHAT}:12")]
)
def test_a_pressed_button_is_a_choice(channel: TelegramChannel, name: str, under: str) -> None:  # inbound case 21
    pressed = message(channel, captured(name))
    assert (pressed.choice, pressed.sender, pressed.in_reply_to, pressed.text) == ("agency:sena", ANA, under, "")
    assert pressed.press_id == captured(name)["callback_query"]["id"]


def test_a_button_whose_message_is_gone_is_still_a_choice(channel: TelegramChannel) -> None:  # inbound case 21
    update = captured("callback_query")
    del update["callback_query"]["message"]
    assert (message(channel, update).sender, message(channel, update).in_reply_to) == (ANA, None)


def test_a_game_button_is_no_choice(channel: TelegramChannel) -> None:
    update = captured("callback_query")
    del update["callback_query"]["data"]
    assert ignored(channel, update).reason == "press_without_data"


@pytest.mark.parametrize(("name", "opted_out"), [("blocked", True), ("unblocked", False)])
def test_blocking_the_bot_is_opting_out(
    channel: TelegramChannel, name: str, opted_out: bool
) -> None:  # inbound case 21
    expected = OptOut(channel="telegram", address=ANA, opted_out=opted_out, source="blocked")
    assert read(channel, captured(name)) == expected


def test_another_membership_changes_nothing(channel: TelegramChannel) -> None:
    update = captured("blocked")
    update["my_chat_member"]["new_chat_member"]["status"] = "restricted"
    assert ignored(channel, update).reason == "my_chat_member"


def test_the_photos_of_an_album_share_a_group(channel: TelegramChannel) -> None:  # inbound case 22
    first, second = message(channel, captured("album_first")), message(channel, captured("album_second"))
    assert first.group == second.group == "13579246801357"
    assert (first.text, second.text) == ("Dos fotos de la fuga", "")
    assert first.attachments != second.attachments


def test_who_writes_in_a_group_is_told(channel: TelegramChannel) -> None:  # inbound case 23
    told = ignored(channel, captured("group_text"))
    assert (told.reason, told.reply_to) == ("group", Address("telegram", "-1001234567890"))


def test_a_group_where_nobody_spoke_is_told_nothing(channel: TelegramChannel) -> None:  # inbound case 23
    assert ignored(channel, captured("group_joined")) == Ignored(channel="telegram", reason="group")


def test_a_quotation_names_the_quoted_message(channel: TelegramChannel) -> None:
    assert message(channel, captured("reply")).in_reply_to == f"{CHAT}:480"


def test_a_surprise_in_a_field_we_do_not_read_loses_nothing(channel: TelegramChannel) -> None:
    surprises = {"entities": "?", "quote": 7, "effect_id": {}, "forward_origin": {"type": "of tomorrow"}}
    said = message(channel, with_message("text", **surprises))
    assert said.text == message(channel, captured("text")).text
    assert said.raw["message"]["forward_origin"] == {"type": "of tomorrow"}


def test_an_event_of_the_chat_is_ignored(channel: TelegramChannel) -> None:
    assert ignored(channel, captured("pinned")).reason == "service"


@pytest.mark.parametrize(
    "update",
    [
        captured("story"),
        {"message": {"text": "hola"}},
        {"update_id": "x", **{key: value for key, value in captured("text").items() if key != "update_id"}},
        {"update_id": 1, "message": {"text": "hola"}},
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": "hola"},
        {"update_id": 1, "callback_query": {"id": "1"}},
        {"update_id": 1, "my_chat_member": []},
    ],
)
def test_what_is_not_understood_is_left_to_a_person(channel: TelegramChannel, update: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as error:
        read(channel, update)
    assert "hola" not in str(error.value)


@pytest.mark.parametrize("date", [0, -5, 10**15, "ayer", None])
def test_a_bad_date_refuses_nothing(channel: TelegramChannel, date: object) -> None:  # inbound case 48
    said = message(channel, with_message("text", date=date))
    assert (said.sent_at, said.text) == (None, message(channel, captured("text")).text)


def test_a_clock_wrong_by_a_day_is_kept_as_said(channel: TelegramChannel) -> None:  # inbound case 48
    said = message(channel, with_message("text", date=1763719200 + 86_400))
    assert said.sent_at == datetime(2025, 11, 22, 10, 0, tzinfo=UTC)


def test_half_an_emoji_is_replaced_and_the_rest_kept(channel: TelegramChannel) -> None:  # inbound case 46
    assert message(channel, text_update("hola \ud83d!")).text == "hola \ufffd!"
