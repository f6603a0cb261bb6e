"""Whatever fails, the log tells neither who wrote, nor what, nor a secret."""

import logging
from typing import Any

import pytest
from sqlalchemy import text

from gateway import log
from gateway.inbound import settle
from tests.support import telegram_api, twilio
from tests.support.running import PHONE, USSD_SECRET, Running

WORDS = "Me llamo Ana Quintero y quiero denunciar a mi vecino"
NEVER = ("Quintero", "vecino", PHONE, PHONE.removeprefix("+57"), twilio.TOKEN, telegram_api.BOT_TOKEN,
         telegram_api.SECRET, USSD_SECRET)  # fmt: skip


def told_nothing(logged: str) -> bool:
    return not [each for each in NEVER if each in logged]


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_batch_that_fails_is_logged_without_a_word_of_it(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    log.configure(form)

    async def fails(work: Any, message: Any, result: Any) -> None:
        kept = message
        # A database that repeats what it was given, and then a defect of ours with people's words in its variables.
        if message.text.endswith("2"):
            await work.conn.execute(text("SELECT CAST(:word AS integer) / 0 FROM nowhere"), {"word": kept.text})
        raise KeyError(len(kept.text))

    monkeypatch.setattr(settle, "settle", fails)
    for place in (1, 2):
        assert (await ventanilla.text(f"{WORDS} {place}")).status == 503
    logged = capsys.readouterr()
    assert "batch failed" in logged.err
    assert "KeyError" in logged.err
    assert told_nothing(logged.err + logged.out)


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_send_that_fails_is_logged_without_a_word_of_it(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    log.configure(form)

    async def fails(message: Any) -> None:
        said, to = message.text, message.to
        raise KeyError(len(said) + len(to.value))

    for name in ("sms", "telegram"):
        monkeypatch.setattr(ventanilla.gateway.channels[name], "send", fails)
    await ventanilla.text(WORDS)
    await ventanilla.update(telegram_api.text_update(WORDS))
    heard: list[str] = []

    async def both() -> bool:
        heard.append(capsys.readouterr().err)
        return "".join(heard).count("send failed") == 2

    await ventanilla.eventually(both)
    assert told_nothing("".join(heard))


async def test_what_is_refused_or_unreadable_is_logged_without_a_word_of_it(
    ventanilla: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("console")
    form = {"MessageSid": "SM1", "From": PHONE, "Body": WORDS}
    async with ventanilla.http.post(f"{ventanilla.public}/webhooks/sms", data=form) as answer:
        assert answer.status == 403
    await ventanilla.twilio_post("/webhooks/sms", {"From": PHONE, "Body": WORDS})
    await ventanilla.twilio_post("/webhooks/sms/status", {"MessageSid": "SM1", "MessageStatus": "odd", "To": PHONE})
    logged = capsys.readouterr().err
    assert "webhook refused" in logged
    assert "unknown delivery status" in logged
    assert told_nothing(logged)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_phone_number_in_a_librarys_own_sentence_is_masked(capsys: pytest.CaptureFixture[str], form: str) -> None:
    log.configure(form)
    logging.getLogger("some.library").warning("could not reach %s", PHONE)
    logged = capsys.readouterr().err
    assert "could not reach" in logged
    assert PHONE not in logged
