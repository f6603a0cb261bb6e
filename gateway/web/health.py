"""`GET /health` and `GET /metrics` on the internal listener: for the machine that watches this one."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.gateway import GATEWAY


async def health(request: web.Request) -> web.Response:
    """200 `{"status": "ok"}` while the database answers, 503 otherwise. No token needed, no personal data."""
    try:
        async with request.app[GATEWAY].store.read() as conn:
            await conn.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError):
        return web.json_response({"status": "database unavailable"}, status=503)
    return web.json_response({"status": "ok"})


async def metrics(_request: web.Request) -> web.Response:
    """Prometheus' text format."""
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def add_routes(app: web.Application) -> None:
    """Add both to the internal listener."""
    app.router.add_get("/health", health)
    app.router.add_get("/metrics", metrics)
