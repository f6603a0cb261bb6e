"""A chat with the bot: words, buttons, albums, edits, files and the phone, each through the webhook."""

import asyncio
from itertools import count
from typing import Any

from sqlalchemy import select

from gateway.principal import Principal, Role
from gateway.store import schema as t
from tests.support import telegram_api
from tests.support.running import Running

TRIAGE = Principal(id=88, name="Marcela", role=Role.MANAGER, agency="presidencia")
UNPLACED = "Buenas, necesito que me ayuden con una cosa"


class Chat:
    """One person's private chat with the bot."""

    def __init__(self, started: Running, chat_id: int = telegram_api.CHAT, *, language: str = "es") -> None:
        self.started, self.chat_id, self.language = started, chat_id, language
        self.ids = count(9000)

    def _whose(self, update: dict[str, Any]) -> dict[str, Any]:
        content = next(value for key, value in update.items() if key != "update_id")
        content["from"] = {**content["from"], "id": self.chat_id, "language_code": self.language}
        if "chat" in content:
            content["chat"] = {**content["chat"], "id": self.chat_id}
        elif "message" in content:
            content["message"]["chat"]["id"] = self.chat_id
        return {**update, "update_id": next(self.ids)}

    async def sends(self, update: dict[str, Any]) -> None:
        assert await self.started.update(self._whose(update)) == 200

    async def says(self, text: str, *, message_id: int | None = None) -> None:
        update = telegram_api.text_update(text)
        update["message"]["message_id"] = message_id or next(self.ids)
        await self.sends(update)

    async def edits(self, text: str, *, message_id: int) -> None:
        update = telegram_api.captured("edited")
        update["edited_message"] |= {"text": text, "message_id": message_id}
        await self.sends(update)

    async def presses(self, payload: str) -> None:
        update = telegram_api.captured("callback_query")
        update["callback_query"]["data"] = payload
        await self.sends(update)

    async def told(self, *, at_least: int = 1) -> list[dict[str, str]]:
        """What the bot said in this chat, once there is that much."""

        async def probe() -> list[dict[str, str]]:
            calls = self.started.telegram.asked("sendMessage")
            mine = [call for call in calls if call["chat_id"] == str(self.chat_id)]
            return mine if len(mine) >= at_least else []

        return await self.started.eventually(probe)

    async def presses_label(self, label: str, *, at_least: int) -> None:
        """Press the button of that label under the latest message."""
        import json

        latest = (await self.told(at_least=at_least))[-1]
        rows = json.loads(latest["reply_markup"])["inline_keyboard"]
        await self.presses(next(b["callback_data"] for row in rows for b in row if b["text"] == label))


async def rows(started: Running, table: Any) -> list[Any]:
    async with started.gateway.store.read() as conn:
        return list(await conn.execute(select(table).order_by(table.c.id)))


async def asked(started: Running) -> list[Any]:
    return [row for row in await rows(started, t.message) if row.direction == "in"]


async def test_a_text_is_a_case_with_the_senders_name_and_language(ventanilla: Running) -> None:
    # inbound case 13
    chat = Chat(ventanilla, language="en-GB")
    await chat.says("SENA when do you open?")
    [case] = await ventanilla.cases()
    assert (case.contact_name, case.language, case.agency, case.channel) == ("Ana Pérez", "en", "sena", "telegram")
    [message] = await asked(ventanilla)
    assert message.sent_at.year == 2025
    assert case.number in (await chat.told())[0]["text"]


async def test_start_greets_with_the_menu_and_opens_nothing(ventanilla: Running) -> None:
    # inbound case 14
    chat = Chat(ventanilla)
    await chat.says("/start")
    [said] = await chat.told()
    assert "Hola" in said["text"]
    assert "inline_keyboard" in said["reply_markup"]
    assert await ventanilla.cases() == []


async def test_start_with_an_agency_leads_straight_to_its_question(ventanilla: Running) -> None:
    # inbound case 14
    chat = Chat(ventanilla)
    await chat.says("/start sena")
    await chat.told()
    await chat.says("¿Cuándo abren?")
    [case] = await ventanilla.cases()
    assert case.agency == "sena"
    _, events = await ventanilla.story(case.number)
    [routed] = [event for event in events if event.kind == "routed"]
    assert "menu" in {reason["code"] for reason in routed.data["reasons"]}


async def test_start_with_a_payload_nobody_knows_shows_the_menu(ventanilla: Running) -> None:
    # inbound case 14
    chat = Chat(ventanilla)
    await chat.says("/start n-o_s-u_c-h")
    assert "inline_keyboard" in (await chat.told())[0]["reply_markup"]


async def test_updates_without_a_message_are_answered_and_ignored(ventanilla: Running) -> None:
    # inbound case 15
    for name in ("without_message", "channel_post", "group_joined", "pinned", "story"):
        update = telegram_api.captured(name)
        assert await ventanilla.update(update) == 200
    assert await ventanilla.cases() == []


async def test_every_kind_of_message_is_a_message(ventanilla: Running) -> None:
    # inbound cases 17, 18
    chat = Chat(ventanilla)
    names = ("sticker", "photo", "video", "voice", "audio", "document", "video_note", "animation", "location", "venue",
             "poll", "contact_other", "reply")  # fmt: skip
    for name in names:
        await chat.sends(telegram_api.captured(name))
    assert len(await asked(ventanilla)) == len(names)
    assert len(await ventanilla.cases()) == 1
    located = [row.raw["location"] for row in await asked(ventanilla) if row.raw.get("location")]
    assert len(located) == 2


async def test_a_photo_takes_its_largest_size_and_keeps_its_caption(ventanilla: Running) -> None:
    # inbound case 17
    await Chat(ventanilla).sends(telegram_api.captured("photo"))
    [file] = await rows(ventanilla, t.attachment)
    # The one above it is larger than the Bot API hands out.
    assert file.reference == "AgACAgE-x"
    [message] = await asked(ventanilla)
    assert message.text == telegram_api.captured("photo")["message"]["caption"]


async def test_an_edit_is_a_newer_version_and_never_a_case(ventanilla: Running) -> None:
    # inbound case 20
    chat = Chat(ventanilla)
    await chat.says("SENA ¿cuando abren?", message_id=501)
    await chat.edits("SENA ¿cuándo abren?", message_id=501)
    await chat.edits("SENA ¿cuándo abren en enero?", message_id=501)
    [case] = await ventanilla.cases()
    first, *newer = await asked(ventanilla)
    assert [(row.kind, row.version_of, row.case_id) for row in newer] == [("edit", first.id, case.id)] * 2
    assert first.text == "SENA ¿cuando abren?"
    _, events = await ventanilla.story(case.number)
    assert [event.kind for event in events].count("edited") == 2
    assert len(await chat.told()) == 1


async def test_a_message_and_its_edit_in_one_commit_are_one_message_in_two_versions(ventanilla: Running) -> None:
    # inbound case 20
    chat = Chat(ventanilla)
    await asyncio.gather(
        chat.says("SENA ¿cuando?", message_id=501),
        chat.says("y otra cosa", message_id=502),
        chat.edits("SENA ¿cuándo?", message_id=501),
    )
    first, second, edit = await asked(ventanilla)
    assert (first.kind, second.kind, edit.kind, edit.version_of) == ("question", "question", "edit", first.id)
    assert len(await ventanilla.cases()) == 1


async def test_an_edit_long_after_the_case_ended_stays_with_it(ventanilla: Running) -> None:
    # inbound case 20
    chat = Chat(ventanilla)
    await chat.says("SENA ¿cuando abren?", message_id=501)
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.reply(
        Principal(id=1, name="Luz", role=Role.MANAGER, agency="sena"), case.number, "El 15.", then="closed"
    )
    await chat.edits("SENA ¿cuándo abren?", message_id=501)
    [case] = await ventanilla.cases()
    assert case.state == "closed"


async def test_an_edit_of_what_we_never_saw_is_kept(ventanilla: Running) -> None:
    # inbound case 20
    chat = Chat(ventanilla)
    await chat.edits("SENA ¿cuándo abren?", message_id=77)
    assert [row.text for row in await asked(ventanilla)] == ["SENA ¿cuándo abren?"]
    assert len(await ventanilla.cases()) == 1


async def test_an_album_is_one_message_with_its_files_in_order(ventanilla: Running) -> None:
    # inbound case 22
    chat = Chat(ventanilla)
    for name in ("album_first", "album_second"):
        await chat.sends(telegram_api.captured(name))
    [message] = await asked(ventanilla)
    files = await rows(ventanilla, t.attachment)
    assert [(file.message_id, file.position) for file in files] == [(message.id, 0), (message.id, 1)]
    assert len(await ventanilla.cases()) == 1
    assert len(await chat.told()) == 1


async def test_ten_photographs_at_once_are_one_message_whichever_comes_first(ventanilla: Running) -> None:
    # inbound case 22
    chat = Chat(ventanilla)
    parts = [telegram_api.captured("album_second") for _ in range(10)]
    for place, part in enumerate(parts):
        part["message"]["message_id"] = 600 + place
    parts[3]["message"]["caption"] = "Estas son las fotos"
    await asyncio.gather(*(chat.sends(part) for part in parts))
    assert len(await ventanilla.cases()) == 1
    files = await rows(ventanilla, t.attachment)
    assert sorted(file.position for file in files) == list(range(10))
    assert len({file.message_id for file in files}) == 1
    assert "Estas son las fotos" in {row.text for row in await asked(ventanilla)}


async def test_a_pressed_button_is_confirmed_and_a_repeat_changes_nothing(ventanilla: Running) -> None:
    # inbound case 21
    chat = Chat(ventanilla)
    await chat.says("/start")
    await chat.told()
    update = telegram_api.captured("callback_query")
    update["callback_query"]["data"] = "m:inicio:1"
    for _ in range(3):
        assert await ventanilla.update(update) == 200

    async def confirmed() -> bool:
        return bool(ventanilla.telegram.asked("answerCallbackQuery"))

    await ventanilla.eventually(confirmed)
    said = await chat.told(at_least=2)
    assert len(said) == 2
    assert "tema" in said[1]["text"]


async def test_a_button_nobody_knows_breaks_nothing(ventanilla: Running) -> None:
    # inbound case 21
    chat = Chat(ventanilla)
    for payload in ("agency:sena", "m:", "m:nowhere:9", "m:inicio:99", "m:casos:1", ":", "m:asunto:1"):
        await chat.presses(payload)
    assert await ventanilla.update(telegram_api.captured("callback_query_inaccessible")) == 200
    assert all(row.kind in ("command", "question") for row in await asked(ventanilla))


async def test_the_menu_walked_by_buttons_gives_the_question_its_agency_and_topic(ventanilla: Running) -> None:
    chat = Chat(ventanilla)
    await chat.says("/start")
    for place, label in enumerate(("Hacer una pregunta", "Educación", "SENA", "Certificados"), 1):
        await chat.presses_label(label, at_least=place)
    await chat.told(at_least=5)
    await chat.says("¿Dónde pido el mío?")
    [case] = await ventanilla.cases()
    assert (case.agency, case.topic) == ("sena", "certificados")


async def test_a_case_nobody_could_place_goes_where_its_sender_says(ventanilla: Running) -> None:
    chat = Chat(ventanilla)
    await chat.says(UNPLACED)
    [before] = await ventanilla.cases()
    assert before.agency == "presidencia"
    for place, label in enumerate(("Educación", "SENA", "Certificados"), 1):
        await chat.presses_label(label, at_least=place)
    said = await chat.told(at_least=4)
    assert "SENA" in said[-1]["text"]
    [case] = await ventanilla.cases()
    assert (case.number, case.agency, case.topic) == (before.number, "sena", "certificados")
    await chat.says("¿Y cuándo me llega?")
    assert len(await ventanilla.cases()) == 1


async def test_a_case_somebody_has_taken_stays_whatever_its_sender_presses(ventanilla: Running) -> None:
    chat = Chat(ventanilla)
    await chat.says(UNPLACED)
    await chat.presses_label("Educación", at_least=1)
    await chat.told(at_least=2)
    assert await ventanilla.gateway.desk.take_next(TRIAGE) is not None
    await chat.presses_label("SENA", at_least=2)
    await chat.presses_label("Certificados", at_least=3)
    await chat.told(at_least=4)
    [case] = await ventanilla.cases()
    assert (case.agency, case.assignee_id) == ("presidencia", TRIAGE.id)


async def test_english_chosen_in_the_menu_is_spoken_from_then_on(ventanilla: Running) -> None:
    chat = Chat(ventanilla)
    await chat.says("/start")
    await chat.presses_label("English", at_least=1)
    assert "How can we help" in (await chat.told(at_least=2))[1]["text"]
    await chat.says("SENA when do you open?")
    assert "case" in (await chat.told(at_least=3))[2]["text"]
    [case] = await ventanilla.cases()
    assert case.language == "en"


async def test_my_cases_names_them(ventanilla: Running) -> None:
    chat = Chat(ventanilla)
    await chat.says("SENA ¿cuándo abren?")
    await chat.told()
    await chat.says("/start")
    await chat.presses_label("Mis casos", at_least=2)
    [case] = await ventanilla.cases()
    assert case.number in (await chat.told(at_least=3))[2]["text"]


async def test_a_group_is_told_once_to_write_in_private(ventanilla: Running) -> None:
    # inbound case 23
    for place in range(3):
        update = telegram_api.captured("group_text")
        assert await ventanilla.update({**update, "update_id": 5000 + place}) == 200

    async def told() -> list[Any]:
        return list(ventanilla.telegram.asked("sendMessage"))

    [said] = await ventanilla.eventually(told)
    assert "privado" in said["text"]
    assert await ventanilla.cases() == []


async def test_blocking_the_bot_is_an_opt_out_and_unblocking_ends_it(ventanilla: Running) -> None:
    # inbound case 21
    chat = Chat(ventanilla)
    await chat.says("SENA ¿cuándo abren?")
    for name in ("blocked", "blocked", "unblocked"):
        await chat.sends(telegram_api.captured(name))
    assert [(row.opted_out, row.source) for row in await rows(ventanilla, t.opt_out)] == [
        (True, "blocked"), (False, "blocked"),
    ]  # fmt: skip


async def test_two_chats_have_two_menus(ventanilla: Running) -> None:
    one, two = Chat(ventanilla), Chat(ventanilla, 7_000_000_099)
    two.ids = count(19000)
    await asyncio.gather(one.says("/start sena"), two.says("/start dian"))
    await asyncio.gather(one.says("¿Cuándo abren?"), two.says("¿Cuándo abren?"))
    assert {(case.reply_urn, case.agency) for case in await ventanilla.cases()} == {
        (f"telegram:{one.chat_id}", "sena"), (f"telegram:{two.chat_id}", "dian"),
    }  # fmt: skip
