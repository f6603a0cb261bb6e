"""Operations: the channels' state, alarms, messages in trouble, and requests that need a person."""

from aiohttp import web

from gateway.web.operations import pages
from gateway.web.pages import page

_EXCHANGE = "/operations/exchanges/{id:[0-9]{1,19}}"


def add_routes(app: web.Application) -> None:
    """Add this part's routes to the internal listener."""
    app.router.add_get("/operations", page(pages.overview))
    app.router.add_get(_EXCHANGE, page(pages.exchange))
    app.router.add_post(f"{_EXCHANGE}/replay", page(pages.replay))
    app.router.add_post(f"{_EXCHANGE}/dismiss", page(pages.dismiss))
