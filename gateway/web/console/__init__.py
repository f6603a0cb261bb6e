"""The console: login, the queue, the case and what may be done with it."""

from aiohttp import web

from gateway.web import static
from gateway.web.console import acts, attachment, case_page, login, queue_page
from gateway.web.pages import page

_CASE = "/console/cases/{number:[0-9]{11,14}}"


def add_routes(app: web.Application) -> None:
    """Add the console's routes, and the files every page needs, to the internal listener."""
    static.add_routes(app)
    router = app.router
    for path, handler in (
        ("/", login.home),
        ("/login", login.login_page),
        ("/console", queue_page.show),
        ("/console/pulse", queue_page.pulse),
        (_CASE, case_page.show),
        ("/console/attachments/{id:[0-9]{1,19}}", attachment.serve),
    ):
        router.add_get(path, page(handler))
    for path, handler in (
        ("/login", login.login),
        ("/logout", login.logout),
        ("/language", login.language),
        ("/console/next", queue_page.take_next),
        (f"{_CASE}/reveal", case_page.reveal),
        (f"{_CASE}/transfer", acts.transfer),
    ):
        router.add_post(path, page(handler))
    for name, work in acts.ACTS.items():
        router.add_post(f"{_CASE}/{name}", page(acts.act(name, work)))
