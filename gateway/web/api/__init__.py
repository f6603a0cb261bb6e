"""The API: what programs may ask of the gateway, on the internal listener under `/api/v1`."""

from aiohttp import web

from gateway.web.api import door
from gateway.web.api.route import BASE
from gateway.web.api.routes import ROUTES


def add_routes(app: web.Application) -> None:
    """Add the API to its listener; a path that is none of its own is answered as a problem too."""
    for path in dict.fromkeys(route.path for route in ROUTES):
        app.router.add_route("*", BASE + path, door.served([route for route in ROUTES if route.path == path]))
    app.router.add_route("*", BASE + "/{rest:.*}", door.unknown)
