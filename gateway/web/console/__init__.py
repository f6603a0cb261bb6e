"""The console: login, the queue, the case and what may be done with it."""

from aiohttp import web

from gateway.web import static
from gateway.web.console import (
    acts,
    assisted,
    attachment,
    bulk,
    canned_page,
    case_page,
    composer,
    composing,
    document,
    login,
    merging,
    notices_page,
    presence,
    queue_page,
    reports_page,
    saved_page,
    search_page,
    stream,
    team_acts,
    team_page,
    texts_page,
)
from gateway.web.pages import page

_CASE = "/console/cases/{number:[0-9]{11,14}}"
_BULK = "/console/bulk/{id:[0-9]{1,19}}"
_CANNED = "/console/canned/{id:[0-9]{1,19}}"


# What is asked for, and what a form does.
_SHOWN = (
    ("/", login.home),
    ("/login", login.login_page),
    ("/login/code", login.code_page),
    ("/console", queue_page.show),
    ("/console/queue/rows", queue_page.rows),
    ("/console/saved", saved_page.show),
    ("/console/saved/counts", saved_page.held),
    (_BULK, bulk.show),
    ("/console/search", search_page.show),
    ("/console/notices", notices_page.show),
    ("/console/reports", reports_page.show),
    ("/console/reports/cases", reports_page.cases),
    ("/console/reports/timeliness.csv", reports_page.figures_csv),
    ("/console/reports/legal.csv", reports_page.legal_csv),
    ("/console/team", team_page.show),
    ("/console/team.csv", team_page.export),
    ("/console/canned", canned_page.show),
    ("/console/texts", texts_page.show),
    (_CASE, case_page.show),
    (f"{_CASE}/story", case_page.story),
    (f"{_CASE}/merge", merging.show),
    (f"{_CASE}/document", document.show),
    ("/console/new", assisted.show),
    ("/console/new/{number:[0-9]{11,14}}", assisted.opened),
    (f"{_CASE}/answers", composer.answers),
    (f"{_CASE}/colleagues", composer.named),
    ("/console/attachments/{id:[0-9]{1,19}}", attachment.serve),
)
_DONE = (
    ("/login", login.login),
    ("/login/code", login.code),
    ("/logout", login.logout),
    ("/language", login.language),
    ("/console/next", queue_page.take_next),
    ("/console/saved", saved_page.add),
    ("/console/saved/{id:[0-9]{1,19}}", saved_page.change),
    ("/console/bulk", bulk.confirm),
    ("/console/bulk/do", bulk.do),
    (f"{_BULK}/undo", bulk.undo),
    (f"{_BULK}/go", bulk.go_on),
    ("/console/notices", notices_page.read),
    ("/console/canned", canned_page.add),
    (_CANNED, canned_page.change),
    (f"{_CANNED}/use", canned_page.use),
    ("/console/texts", texts_page.change),
    (f"{_CASE}/reveal", case_page.reveal),
    (f"{_CASE}/merge", merging.merge),
    (f"{_CASE}/separate", merging.separate),
    ("/console/new", assisted.write_down),
    (f"{_CASE}/reply", composing.reply),
    (f"{_CASE}/note", composing.note),
    (f"{_CASE}/draft", composing.draft),
    (f"{_CASE}/undo", composing.undo),
    (f"{_CASE}/transfer", acts.transfer),
    (f"{_CASE}/presence", presence.note),
)


def add_routes(app: web.Application) -> None:
    """Add the console's routes, and the files every page needs, to the internal listener."""
    static.add_routes(app)
    router = app.router
    for path, handler in _SHOWN:
        router.add_get(path, page(handler))
    for path, handler in _DONE:
        router.add_post(path, page(handler))
    for name, work in acts.ACTS.items():
        router.add_post(f"{_CASE}/{name}", page(acts.act(name, work)))
    for path, deed in team_acts.ACTS.items():
        router.add_post(f"/console/team/{path}", page(team_acts.act(deed)))
    # No page: it answers for hours.
    router.add_get("/console/stream", stream.stream)
    app.on_shutdown.append(stream.end_all)
