"""The form for programs: JSON in and out, one key one message, problems that name the field."""

import asyncio
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from gateway.principal import Principal, Role
from tests.support.running import Running

QUESTION = "¿Cuándo abren las inscripciones del SENA en Leticia?"
SENA = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
KEY = "0b8e7c1e-6a52-4c86-9a5b-4a8f6f2f7d10"


async def post(gateway: Running, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    url = f"{gateway.public}/api/public/messages"
    async with gateway.http.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_message_is_created_with_its_follow_up_address(ventanilla: Running) -> None:
    status, body = await post(ventanilla, {"text": QUESTION, "name": "Ana"})
    [case] = await ventanilla.cases()
    assert status == 201
    assert (body["number"], body["agency"]) == (case.number, "sena")
    assert body["follow_up"].startswith(f"{ventanilla.gateway.settings.public_url}/s/")
    assert body["received_at"] == case.received_at.isoformat()
    assert body["due"] == case.due_at.astimezone(ZoneInfo("America/Bogota")).date().isoformat()


async def test_the_same_key_says_the_same_thing_again(ventanilla: Running) -> None:
    status, first = await post(ventanilla, {"text": QUESTION}, **{"Idempotency-Key": KEY})
    again, second = await post(ventanilla, {"text": QUESTION}, **{"Idempotency-Key": KEY})
    assert (status, again) == (201, 200)
    assert first == second
    assert len(await ventanilla.cases()) == 1


async def test_the_same_key_at_once_is_one_message(ventanilla: Running) -> None:
    # inbound case 12
    answers = await asyncio.gather(
        *(post(ventanilla, {"text": QUESTION}, **{"Idempotency-Key": KEY}) for _ in range(20))
    )
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({body["follow_up"] for _, body in answers}) == 1


async def test_a_key_used_for_other_words_gives_nobodys_link_away(ventanilla: Running) -> None:
    _, first = await post(ventanilla, {"text": QUESTION}, **{"Idempotency-Key": KEY})
    status, problem = await post(ventanilla, {"text": "otra cosa"}, **{"Idempotency-Key": KEY})
    assert (status, problem["field"]) == (422, "idempotency_key")
    assert first["follow_up"] not in str(problem)


async def test_without_a_key_two_equal_messages_are_two(ventanilla: Running) -> None:
    await post(ventanilla, {"text": QUESTION})
    await post(ventanilla, {"text": QUESTION})
    assert len(await ventanilla.cases()) == 2


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({"text": ""}, "text", "Por favor escriba su mensaje"),
        ({"text": "", "language": "en"}, "text", "Please write your message"),
        ({"text": "x" * 10_001}, "text", "muy largo"),
        ({"text": 42}, "text", "must be a string"),
        ({"text": QUESTION, "phone": "no"}, "phone", "número de teléfono"),
        ({"text": QUESTION, "idempotency_key": "short"}, "idempotency_key", "Idempotency-Key"),
    ],
)
async def test_a_field_to_correct_is_named(ventanilla: Running, body: dict[str, Any], field: str, detail: str) -> None:
    status, problem = await post(ventanilla, body)
    assert (status, problem["status"], problem["field"]) == (422, 422, field)
    assert detail in problem["detail"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"[" * 100_000])
async def test_a_body_that_is_no_object_is_a_problem(ventanilla: Running, body: bytes) -> None:
    url = f"{ventanilla.public}/api/public/messages"
    async with ventanilla.http.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_a_json_body_beyond_the_limit_is_a_problem(ventanilla: Running) -> None:
    # inbound case 45
    status, problem = await post(ventanilla, {"text": "x" * 300_000})
    assert (status, problem["title"]) == (413, "Too large")


async def test_multipart_brings_files(ventanilla: Running, tmp_path: Path) -> None:
    form = aiohttp.FormData({"text": QUESTION}, default_to_multipart=True)
    form.add_field("files", b"Radicado 42", filename="carta.txt", content_type="text/plain")
    async with ventanilla.http.post(f"{ventanilla.public}/api/public/messages", data=form) as answer:
        assert answer.status == 201
        token = (await answer.json())["follow_up"].rpartition("/")[2]
    async with ventanilla.http.get(f"{ventanilla.public}/api/public/messages/{token}") as answer:
        state = await answer.json()
    assert state["messages"][0]["files"] == ["carta.txt"]
    assert [p.read_bytes() for p in (tmp_path / "files").rglob("*") if p.is_file()] == [b"Radicado 42"]


async def test_the_state_and_the_answer_are_read_with_the_token(ventanilla: Running) -> None:
    _, created = await post(ventanilla, {"text": QUESTION})
    await ventanilla.gateway.desk.reply(SENA, created["number"], "Abren el 15 de enero.")
    token = created["follow_up"].rpartition("/")[2]
    async with ventanilla.http.get(f"{ventanilla.public}/api/public/messages/{token}") as answer:
        state = await answer.json()
    assert (state["number"], state["state"], state["earlier"]) == (created["number"], "answered", [])
    said = [(each["from"], each["text"]) for each in state["messages"]]
    assert said == [("citizen", QUESTION), ("agency", "Abren el 15 de enero.")]


async def test_a_token_nobody_was_given_is_a_problem(ventanilla: Running) -> None:
    async with ventanilla.http.get(f"{ventanilla.public}/api/public/messages/{'a' * 27}") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_a_word_of_command_opens_no_case_and_is_answered_on_the_page(ventanilla: Running) -> None:
    status, created = await post(ventanilla, {"text": "ESTADO"})
    assert (status, created["number"]) == (201, None)
    token = created["follow_up"].rpartition("/")[2]
    async with ventanilla.http.get(f"{ventanilla.public}/s/{token}") as answer:
        assert "Usted no tiene casos abiertos" in await answer.text()


@pytest.mark.both_engines
async def test_no_day_is_named_while_the_citizen_is_asked_for_something(ventanilla: Running) -> None:
    _, created = await post(ventanilla, {"text": QUESTION})
    token = created["follow_up"].rpartition("/")[2]
    await ventanilla.gateway.desk.ask_completion(SENA, created["number"], "¿De qué centro nos escribe?")

    async def waits() -> bool:
        async with ventanilla.http.get(f"{ventanilla.public}/api/public/messages/{token}") as answer:
            return bool((await answer.json())["due"] is None)

    assert created["due"] is not None
    assert await ventanilla.eventually(waits)
