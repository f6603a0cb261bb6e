"""Routes of the operations pages."""

from aiohttp import web


def add_routes(app: web.Application) -> None:
    """Add this part's routes to its listener."""
