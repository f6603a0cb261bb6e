"""The gateway as a process of its own, to be stopped and killed like the real one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support import telegram_api, twilio
from tests.support.running import CONFIG, PATIENCE, USSD_SECRET, eventually, settings


@dataclass
class Served:
    """A process that serves. `said` is the file that gets what it prints."""

    process: asyncio.subprocess.Process
    public: str
    said: Path

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def ended(self, *, seconds: float = PATIENCE) -> int:
        """Its exit code; TimeoutError when it lives on."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()


def environment(database: str, folder: Path, *, twilio_url: str) -> dict[str, str]:
    """What a served gateway is started with: free ports, and providers that are stand-ins."""
    chosen = settings(database, folder)
    return os.environ | {
        "VENTANILLA_DATABASE_URL": database,
        "VENTANILLA_CONFIG_DIR": str(CONFIG),
        "VENTANILLA_FILES_DIR": str(folder / "files"),
        "VENTANILLA_PUBLIC_LISTEN": f"127.0.0.1:{chosen.public_listen.port}",
        "VENTANILLA_INTERNAL_LISTEN": f"127.0.0.1:{chosen.internal_listen.port}",
        "VENTANILLA_PUBLIC_URL": twilio.PUBLIC,
        "TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
        "TWILIO_AUTH_TOKEN": twilio.TOKEN,
        "TWILIO_API_URL": twilio_url,
        "TELEGRAM_BOT_TOKEN": telegram_api.BOT_TOKEN,
        "TELEGRAM_SECRET_TOKEN": telegram_api.SECRET,
        # Nothing listens there: a channel that cannot be announced must not hold up the others.
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "USSD_PATH_SECRET": USSD_SECRET,
    }


@asynccontextmanager
async def serve(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Served]:
    """`python -m gateway serve`, listening; killed at the end if it still runs."""
    said = folder / "said.log"
    with said.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "serve", cwd=CONFIG.parent, env=dict(environment), stdout=output,
            stderr=output,
        )  # fmt: skip
    served = Served(process, f"http://{environment['VENTANILLA_PUBLIC_LISTEN']}", said)
    try:
        await _listens(served)
        yield served
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listens(served: Served) -> None:
    async with aiohttp.ClientSession() as http:

        async def answers() -> bool:
            assert served.process.returncode is None, served.said.read_text("utf-8")
            with suppress(aiohttp.ClientError):
                async with http.get(f"{served.public}/webhooks/none") as answer:
                    return answer.status == 404
            return False

        await eventually(answers)


@asynccontextmanager
async def deaf_provider() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """A Twilio that hears every message and never answers: its URL, and the forms it heard."""
    heard: list[dict[str, str]] = []

    async def create(request: web.Request) -> web.Response:
        heard.append({name: str(value) for name, value in (await request.post()).items()})
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    app = web.Application()
    app.router.add_post("/{path:.*}", create)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1)
    try:
        yield str(server.make_url("")).rstrip("/"), heard
    finally:
        await server.close()
