"""Providers for a desk: a signed Twilio, a USSD handset, a Telegram Bot API, with faults on demand."""

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.simulator import control, page, telegram, twilio
from gateway.simulator.network import NETWORK, Network

__all__ = ["add_routes"]


def add_routes(app: web.Application) -> None:
    """Add the simulator to the internal listener. It asks for no login: it is there only while nothing is real."""
    app[NETWORK] = Network(app[GATEWAY])
    app.cleanup_ctx.append(_opened)
    app.on_shutdown.append(_closing)
    for part in (twilio, telegram, control, page):
        part.add_routes(app)


async def _opened(app: web.Application) -> AsyncIterator[None]:
    app[NETWORK].open()
    yield
    await app[NETWORK].close()


async def _closing(app: web.Application) -> None:
    app[NETWORK].closing.set()
