"""A whole gateway, listening on real ports, with stand-ins for the providers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
from aiohttp import web_app

from gateway import app, clock
from gateway.deployment import Deployment
from gateway.gateway import Gateway
from gateway.principal import Principal, Role
from gateway.settings import Settings, read
from gateway.store import queue
from tests.support import telegram_api, twilio

T = TypeVar("T")
# Seconds a test waits for what must come: a machine may be slow, and only a failure waits that long.
PATIENCE = 30

CONFIG = Path(__file__).parent.parent.parent / "config"
PHONE = "+573005550001"
USSD_SECRET = "ussd-secret-of-the-tests"
ADMINISTRATOR = Principal(id=1, name="test", role=Role.ADMINISTRATOR, agency=None)


# A fixture's value is put in words twice by Python 3.11's asyncio, and in a failed test's report: without the whole
# configuration, please.
@dataclass(repr=False)
class Running:
    """A gateway under test. `http` is a client; `twilio` and `telegram` are what the gateway sends to."""

    gateway: Gateway
    http: aiohttp.ClientSession
    twilio: twilio.TwilioServer
    telegram: Any
    ids: Any = field(default_factory=lambda: count(1))

    @property
    def public(self) -> str:
        return self.gateway.settings.public_listen.local_url

    @property
    def internal(self) -> str:
        return self.gateway.settings.internal_listen.local_url

    async def text(
        self, body: str, *, sender: str = PHONE, sid: str | None = None, **more: str
    ) -> aiohttp.ClientResponse:
        """An SMS from a phone, signed as Twilio signs it."""
        form = {
            "MessageSid": sid or f"SM{next(self.ids):032x}", "AccountSid": twilio.ACCOUNT, "From": sender,
            "To": "+576017440000", "Body": body, "NumMedia": "0", **more,
        }  # fmt: skip
        return await self.twilio_post("/webhooks/sms", form)

    async def twilio_post(self, path: str, form: dict[str, str]) -> aiohttp.ClientResponse:
        signature = twilio.sign(self.gateway.settings.public_url + path, list(form.items()))
        headers = {"Content-Type": twilio.FORM, "X-Twilio-Signature": signature}
        async with self.http.post(self.public + path, data=urlencode(form), headers=headers) as answer:
            await answer.read()
            return answer

    async def dial(self, text: str, *, session: str = "ATUid_1", phone: str = PHONE, code: str = "*484#") -> str:
        """One USSD request; the screen comes back as the handset gets it, CON or END included."""
        form = {"sessionId": session, "phoneNumber": phone, "serviceCode": code, "networkCode": "732101", "text": text}
        async with self.http.post(f"{self.public}/webhooks/ussd/{USSD_SECRET}", data=form) as answer:
            assert answer.status == 200, answer.status
            return await answer.text()

    async def update(self, update: dict[str, Any]) -> int:
        """A Telegram update; the HTTP status comes back."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": telegram_api.SECRET}
        async with self.http.post(f"{self.public}/webhooks/telegram", json=update, headers=headers) as answer:
            return answer.status

    async def cases(self, principal: Principal = ADMINISTRATOR, **wanted: Any) -> list[Any]:
        """The cases a principal sees, the latest first."""
        async with self.gateway.store.read() as conn:
            rows, _ = await queue.listed(conn, principal, queue.Filter(**wanted), order="received", limit=500)
            return rows

    async def story(self, number: str) -> tuple[list[Any], list[Any]]:
        """The messages and events of a case."""
        async with self.gateway.store.read() as conn:
            case = await queue.find(conn, ADMINISTRATOR, number)
            return await queue.story(conn, case.id)

    async def eventually(self, probe: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE) -> T:
        """The first true answer of `probe`, asked until then."""
        return await eventually(probe, seconds=seconds)

    async def texts_to(self, phone: str = PHONE, *, at_least: int = 1) -> list[str]:
        """What the phone was sent by SMS, once there is that much."""

        async def sent() -> list[str]:
            bodies = [heard.form["Body"] for heard in self.twilio.heard if heard.form.get("To") == phone]
            return bodies if len(bodies) >= at_least else []

        return await eventually(sent)


async def eventually(probe: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE) -> T:
    async with asyncio.timeout(seconds):
        while not (found := await probe()):
            await asyncio.sleep(0.01)
    return found


def settings(database: str, folder: Path, **environment: str) -> Settings:
    """Settings on free ports, with the providers' test credentials."""
    ports = _free_ports(2)
    return read(
        {
            "VENTANILLA_DATABASE_URL": database,
            "VENTANILLA_CONFIG_DIR": str(CONFIG),
            "VENTANILLA_FILES_DIR": str(folder / "files"),
            "VENTANILLA_PUBLIC_LISTEN": f"127.0.0.1:{ports[0]}",
            "VENTANILLA_INTERNAL_LISTEN": f"127.0.0.1:{ports[1]}",
            "VENTANILLA_PUBLIC_URL": twilio.PUBLIC,
            "TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
            "TWILIO_AUTH_TOKEN": twilio.TOKEN,
            "TELEGRAM_BOT_TOKEN": telegram_api.BOT_TOKEN,
            "TELEGRAM_SECRET_TOKEN": telegram_api.SECRET,
            "USSD_PATH_SECRET": USSD_SECRET,
            **environment,
        }
    )


# Below the ports that the system gives to connections, and apart for each worker: between our look and the gateway's
# own bind, nobody else takes one.
_PORTS = count(20_000 + 3_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))


def _free_ports(wanted: int) -> list[int]:
    found: list[int] = []
    while len(found) < wanted:
        port = next(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


@asynccontextmanager
async def running(
    database: str,
    folder: Path,
    *,
    now: Callable[[], datetime] = clock.now,
    deployment: Deployment | None = None,
    **environment: str,
) -> AsyncIterator[Running]:
    """Start a gateway on `database`; stop it cleanly at the end."""
    async with AsyncExitStack() as stack:
        stack.callback(_forget_applications)
        stand_in = await stack.enter_async_context(twilio.twilio_server())
        bot = await stack.enter_async_context(telegram_api.bot_api())
        stood = settings(
            database, folder, **{"TWILIO_API_URL": stand_in.url, "TELEGRAM_API_URL": bot.url, **environment}
        )
        gateway = await stack.enter_async_context(
            app.open_gateway(stood, clock=now, deployment=deployment or sample_deployment())
        )
        await stack.enter_async_context(app.listening(gateway))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Running(gateway=gateway, http=http, twilio=stand_in, telegram=bot)


def _forget_applications() -> None:
    """aiohttp keeps the last thousand handlers with their applications: a test process would hold every gateway."""
    web_app._cached_build_middleware.cache_clear()


_DEPLOYMENTS: list[Deployment] = []


def sample_deployment() -> Deployment:
    """The sample deployment, read once a test process; but what is answered in the console leaves at once."""
    if not _DEPLOYMENTS:
        _DEPLOYMENTS.append(undoable(Deployment.load(CONFIG), seconds=0))
    return _DEPLOYMENTS[0]


def undoable(deployment: Deployment, *, seconds: int) -> Deployment:
    """The same, where an answer waits so long before it leaves."""
    catalog = deployment.catalog
    gateway = catalog.gateway.model_copy(update={"undo_seconds": seconds})
    return Deployment.of(catalog.model_copy(update={"gateway": gateway}))
