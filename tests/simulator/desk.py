"""A gateway whose every provider is the simulator, and somebody's hands on the simulated phones."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from gateway.principal import Principal, Role
from gateway.simulator.phones import Phones
from tests.support.running import PHONE, Running, eventually

T = TypeVar("T")

NOTHING_REAL: dict[str, Any] = {
    "TWILIO_ACCOUNT_SID": "",
    "TWILIO_AUTH_TOKEN": "",
    "TELEGRAM_BOT_TOKEN": "",
    "TELEGRAM_SECRET_TOKEN": "",
    "USSD_PATH_SECRET": "",
    "VENTANILLA_PUBLIC_URL": "",
}
CHAT = Phones().get(PHONE).chat_id
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fea135"
    "81840000000049454e44ae426082"
)


def manager(agency: str) -> Principal:
    """Somebody who answers for an agency."""
    return Principal(id=77, name="Luz", role=Role.MANAGER, agency=agency)


class Desk:
    """The control API, with the state of the phone as it is now."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.gateway = running.gateway

    async def do(self, action: str, *, phone: str = PHONE, **given: Any) -> dict[str, Any]:
        """Do something with a phone; its state comes back."""
        url = f"{self.running.internal}/simulator/phones/{phone}/{action}"
        async with self.running.http.post(url, json=given) as answer:
            state: dict[str, Any] = await answer.json()
            assert answer.status == 200, state
            return state

    async def arm(self, fault: str, **given: Any) -> None:
        """Let the next fitting request fail."""
        async with self.running.http.post(
            f"{self.running.internal}/simulator/faults", json={"fault": fault, **given}
        ) as answer:
            assert answer.status == 200, await answer.text()

    async def state(self, phone: str = PHONE) -> dict[str, Any]:
        """What stands on a phone."""
        url = f"{self.running.internal}/simulator/state"
        async with self.running.http.get(url, params={"phone": phone}) as answer:
            state: dict[str, Any] = await answer.json()
            return state

    async def texts(self, *, at_least: int = 1, phone: str = PHONE) -> list[dict[str, Any]]:
        """The texts the service sent to a phone, once there are that many."""

        async def came() -> list[dict[str, Any]]:
            texts = [each for each in (await self.state(phone))["sms"] if each["from"] == "service"]
            return texts if len(texts) >= at_least else []

        return await eventually(came)

    async def delivered(self, *, at_least: int = 1, phone: str = PHONE) -> list[dict[str, Any]]:
        """The same, once all of them are delivered."""

        async def came() -> list[dict[str, Any]]:
            texts = [each for each in (await self.state(phone))["sms"] if each["from"] == "service"]
            done = len(texts) >= at_least and all(each["status"] == "delivered" for each in texts)
            return texts if done else []

        return await eventually(came)

    async def said(self, *, at_least: int = 1, phone: str = PHONE) -> list[dict[str, Any]]:
        """The bot's messages in the chat, once there are that many."""

        async def came() -> list[dict[str, Any]]:
            messages = [each for each in (await self.state(phone))["telegram"] if each["from"] == "bot"]
            return messages if len(messages) >= at_least else []

        return await eventually(came)

    async def press(self, message: dict[str, Any], label: str) -> None:
        """Press the button of that label."""
        data = next(each["data"] for row in message["buttons"] for each in row if each["label"] == label)
        await self.do("press", message=message["id"], data=data)

    async def soon(self, probe: Callable[[], Awaitable[T]]) -> T:
        """The first true answer of `probe`."""
        return await eventually(probe)

    async def settled(self, number: str, *expected: tuple[str, str, str]) -> None:
        """Wait until what was sent about a case stands so."""

        async def stands() -> bool:
            return await self.statuses(number) == list(expected)

        await eventually(stands)

    async def rows(self, query: Any) -> list[Any]:
        """What a query finds."""
        async with self.gateway.store.read() as conn:
            return list(await conn.execute(query))

    async def statuses(self, number: str) -> list[tuple[str, str, str]]:
        """Kind, delivery status and place in the outbox of what was sent about a case."""
        messages, _ = await self.running.story(number)
        return [(m.kind, m.status, m.outbox_state) for m in messages if m.direction == "out"]
