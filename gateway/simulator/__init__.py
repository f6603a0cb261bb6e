"""Providers for a desk: a signed Twilio, a USSD handset, a Telegram Bot API, with faults on demand."""

from aiohttp import web


def add_routes(app: web.Application) -> None:
    """Add the simulator to the internal listener."""
