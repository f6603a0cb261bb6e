"""Citizens' pages on the public listener: the form, the follow-up page, and their JSON twins."""

from aiohttp import web

from gateway.web import static
from gateway.web.public import follow_up, form, messages, pages
from gateway.web.public.limits import LIMITS, Limits

__all__ = ["add_routes"]


def add_routes(app: web.Application) -> None:
    """Add the pages to the public listener."""
    app[LIMITS] = Limits()
    app.middlewares.append(pages.plain_errors)
    app.router.add_get("/", form.show)
    app.router.add_post("/", form.take)
    app.router.add_get("/s/{token}", follow_up.show)
    app.router.add_post("/s/{token}", follow_up.add)
    app.router.add_get("/s/{token}/files/{id}", follow_up.download)
    app.router.add_post("/api/public/messages", messages.create)
    app.router.add_get("/api/public/messages/{token}", messages.state)
    app.router.add_get(r"/static/{name:public\.css|logo\.svg}", static.serve)
