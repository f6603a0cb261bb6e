"""A bot without a public URL: the gateway pulls its updates, and confirms them only when they are on disk."""

from pathlib import Path
from typing import Any

from tests.support import telegram_api
from tests.support.running import eventually, running

PULLED: dict[str, Any] = {"VENTANILLA_PUBLIC_URL": "", "TELEGRAM_SECRET_TOKEN": ""}


async def test_an_update_is_pulled_becomes_a_case_and_is_confirmed_after(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, **PULLED) as started:
        started.telegram.updates.append(telegram_api.text_update("¿Cuándo abren las inscripciones del SENA?"))
        [case] = await started.eventually(started.cases)
        assert (case.channel, case.agency) == ("telegram", "sena")

        async def confirmed() -> bool:
            return not started.telegram.updates

        assert await eventually(confirmed)
        assert started.telegram.asked("setWebhook") == []


async def test_the_acknowledgement_goes_to_the_chat_that_was_pulled(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, **PULLED) as started:
        started.telegram.updates.append(telegram_api.text_update("¿Cuándo abren las inscripciones del SENA?"))

        async def acknowledged() -> list[dict[str, str]]:
            asked: list[dict[str, str]] = started.telegram.asked("sendMessage")
            return asked

        [sent] = await eventually(acknowledged)
        [case] = await started.cases()
        assert case.number in sent["text"]
        assert sent["chat_id"] == str(telegram_api.CHAT)
