"""The simulated providers keep their secrets, their bounds and their manners."""

from pathlib import Path
from typing import Any

import pytest

from gateway.simulator.faults import Fault, Faults
from gateway.simulator.phones import KEPT, OFFERED, PHONES, Phones
from tests.simulator.desk import Desk
from tests.support import databases
from tests.support.running import PHONE, Running, running


def bot_url(desk: Desk, method: str, token: str = "") -> str:
    token = token or desk.gateway.settings.secrets["telegram"]["bot_token"]
    return f"{desk.running.internal}/simulator/telegram/bot{token}/{method}"


async def bot(desk: Desk, method: str, **given: str) -> tuple[int, dict[str, object]]:
    async with desk.running.http.get(bot_url(desk, method), params=given) as answer:
        return answer.status, await answer.json()


async def test_with_real_credentials_there_is_no_simulator(ventanilla: Running) -> None:
    for path in ("/simulator", "/simulator/state"):
        async with ventanilla.http.get(ventanilla.internal + path) as answer:
            assert answer.status == 404


async def test_a_real_provider_is_not_played_by_the_simulator(tmp_path: Path) -> None:
    only_chat: dict[str, Any] = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_SECRET_TOKEN": "", "VENTANILLA_PUBLIC_URL": ""}
    async with running(databases.fresh("sqlite", tmp_path), tmp_path, **only_chat) as started:
        url = f"{started.internal}/simulator/phones/{PHONE}/sms"
        async with started.http.post(url, json={"text": "hola"}) as answer:
            assert answer.status == 409
        async with started.http.get(f"{started.internal}/simulator") as answer:
            assert "proveedor real" in await answer.text()


async def test_sending_needs_the_accounts_own_token(desk: Desk) -> None:
    account = desk.gateway.settings.secrets["twilio"]["account_sid"]
    url = f"{desk.running.internal}/simulator/twilio/2010-04-01/Accounts/{account}/Messages.json"
    form = {"To": PHONE, "From": "87654", "Body": "hola"}
    async with desk.running.http.post(url, data=form, headers={"Authorization": "Basic eDp5"}) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == 20003
    assert (await desk.state())["sms"] == []


async def test_the_bot_api_answers_its_own_token_only(desk: Desk) -> None:
    async with desk.running.http.get(bot_url(desk, "getMe", token="1:wrong")) as answer:
        assert (answer.status, await answer.json()) == (
            401,
            {"ok": False, "error_code": 401, "description": "Unauthorized"},
        )
    assert (await bot(desk, "getMe"))[0] == 200
    assert (await bot(desk, "inventedMethod"))[0] == 404


async def test_parameters_of_the_bot_api_may_come_in_the_query(desk: Desk) -> None:
    await desk.do("telegram", text="hola")
    chat = str(Phones().get(PHONE).chat_id)
    status, answer = await bot(desk, "sendMessage", chat_id=chat, text="Hola a usted")
    assert (status, answer["ok"]) == (200, True)
    assert "Hola a usted" in [each["text"] for each in await desk.said()]
    assert (await bot(desk, "sendMessage", chat_id="0", text="x"))[1]["description"] == "Bad Request: chat not found"


async def test_updates_wait_without_a_webhook_and_go_once_they_are_confirmed(desk: Desk) -> None:
    info = await desk.soon(lambda: webhook(desk))
    assert info == f"{desk.gateway.settings.public_url}/webhooks/telegram"
    assert (await bot(desk, "getUpdates"))[0] == 409
    await bot(desk, "deleteWebhook")
    await desk.do("telegram", text="una")
    await desk.do("telegram", text="dos")
    _, answer = await bot(desk, "getUpdates")
    updates = answer["result"]
    assert isinstance(updates, list)
    assert [each["message"]["text"] for each in updates] == ["una", "dos"]
    _, answer = await bot(desk, "getUpdates", offset=str(updates[0]["update_id"] + 1))
    assert answer["result"] == updates[1:]


async def webhook(desk: Desk) -> str:
    _, answer = await bot(desk, "getWebhookInfo")
    result = answer["result"]
    assert isinstance(result, dict)
    return str(result["url"])


async def test_the_state_tells_only_what_is_new(desk: Desk) -> None:
    state = await desk.do("sms", text="¿Cuándo abren inscripciones del SENA?")
    await desk.delivered()
    url = f"{desk.running.internal}/simulator/state"
    version = (await desk.state())["version"]
    assert version > state["version"]
    async with desk.running.http.get(url, params={"phone": PHONE, "since": str(version)}) as answer:
        fresh = await answer.json()
    assert (fresh["sms"], fresh["telegram"], fresh["ussd"]) == ([], [], None)


def test_a_phone_keeps_its_latest_messages_only() -> None:
    phones = Phones()
    phone = phones.get(PHONE)
    for place in range(KEPT + 5):
        phones.add_text(phone, mine=True, text=str(place), number="87654", status="received")
    assert [phone.texts[0].text, phone.texts[-1].text, len(phone.texts)] == ["5", str(KEPT + 4), KEPT]


def test_phones_are_bounded_and_a_number_has_one_chat() -> None:
    phones = Phones()
    for number in range(1000):
        phones.get(f"+57310000{number:04d}")
    assert len(phones.all()) == PHONES
    assert [phone.number for phone in phones.listed()] == [number for number, _, _ in OFFERED]
    assert phones.get(PHONE).chat_id == Phones().get(PHONE).chat_id


def test_no_more_faults_wait_than_anybody_meant() -> None:
    faults = Faults()
    for _ in range(50):
        faults.arm(Fault.DUPLICATE)
    with pytest.raises(ValueError, match="enough"):
        faults.arm(Fault.DUPLICATE)


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("sms", {"text": ""}),
        ("sms", {"text": "hola", "number": "+1999"}),
        ("sms", {"text": "hola", "media": [{"content_type": "image/png", "base64": "%%%"}]}),
        ("sms", {"text": ["hola"]}),
        ("answer", {"text": "1"}),
        ("press", {"message": "nothing", "data": "x"}),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    desk: Desk, action: str, given: dict[str, object]
) -> None:
    url = f"{desk.running.internal}/simulator/phones/{PHONE}/{action}"
    async with desk.running.http.post(url, json=given) as answer:
        assert answer.status == 422
        assert (await answer.json())["error"]


async def test_an_unknown_code_shows_what_a_handset_shows(desk: Desk) -> None:
    state = await desk.do("dial", code="*100#")
    assert (state["ussd"]["open"], state["ussd"]["screen"]) == (False, "Problema de conexión o código MMI no válido.")


async def test_choices_dialled_with_the_code_lead_straight_there(desk: Desk) -> None:
    # inbound case 30
    state = await desk.do("dial", code="*484*1*3#")
    assert state["ussd"]["screen"].startswith("Aqui le escribe")


async def test_everything_of_the_simulated_world_is_signed(desk: Desk) -> None:
    """A request with another token's signature is refused like a forged one."""
    form = {"MessageSid": "SM" + "1" * 32, "From": PHONE, "To": "87654", "Body": "x"}
    assert (await desk.running.twilio_post("/webhooks/sms", form)).status == 403
