"""The simulator as a whole: its handsets, its faults, and how it reaches the gateway's public listener.

It knows the gateway only as the providers do: by the webhooks' addresses and by the secrets both share. Requests are
signed over the public URL and posted to the port behind it, as a proxy would pass them on.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import aiohttp
import structlog
from aiohttp import web

from gateway.gateway import Gateway
from gateway.simulator.faults import Faults
from gateway.simulator.files import SentFiles
from gateway.simulator.phones import Phones

log = structlog.get_logger()

# A provider waits about this long for a webhook's answer, seconds.
_WEBHOOK_TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=5)


class NotSimulated(LookupError):
    """The provider is a real one here, or no channel uses it."""


class Network:
    """Everything the simulated providers share. `open` it before use."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.phones = Phones()
        self.faults = Faults()
        self.files = SentFiles()
        # Set when the listener stops: whoever never answers may go home.
        self.closing = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def channel(self, provider: str) -> str:
        """The name of the channel that stands on a simulated provider. NotSimulated when there is none."""
        if provider in self.gateway.settings.simulated:
            for name, config in self.gateway.current().catalog.gateway.channels.items():
                if config.provider == provider:
                    return name
        raise NotSimulated(f"{provider} is not simulated here")

    def is_simulated(self, provider: str) -> bool:
        """Whether a page should offer it."""
        try:
            return bool(self.channel(provider))
        except NotSimulated:
            return False

    def secrets(self, provider: str) -> Mapping[str, str]:
        """What the provider and the gateway both know."""
        return self.gateway.settings.secrets[provider]

    def public(self, path: str) -> str:
        """A path of the public listener as providers know it."""
        return self.gateway.settings.public_url + path

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Post to a URL below the public one; status and body come back.

        ValueError for any other URL: nobody sends this process anywhere else. OSError and aiohttp's errors when
        there is no answer.
        """
        settings = self.gateway.settings
        if not url.startswith(settings.public_url + "/") or self._session is None:
            raise ValueError("the URL is not below the gateway's public one")
        local = settings.public_listen.local_url + url.removeprefix(settings.public_url)
        async with self._session.post(local, data=body, headers=headers, timeout=_WEBHOOK_TIMEOUT) as answer:
            return answer.status, await answer.text()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the request that caused it."""
        task = asyncio.create_task(self._guarded(work), name="simulator")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("simulated provider got no answer", error=type(error).__name__)

    def open(self) -> None:
        """Open the client."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Stop what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


NETWORK = web.AppKey("network", Network)
