"""Writing to the audit log from a page or a route of the API: `audit.seen(request, Action.CASE_OPENED, number)`."""

from aiohttp import web

from gateway.audit import Action, entry
from gateway.gateway import GATEWAY
from gateway.store.audit import Entry
from gateway.web import auth, client


def seen(
    request: web.Request, action: Action, object: str = "", *, agency: str | None = None, detail: str = ""
) -> None:
    """Note that whoever asks saw or did something; it is written within moments, and the page does not wait.

    `object` names a case by its number; `agency` is the case's, else the actor's own. Neither `object` nor `detail`
    ever holds a citizen's words or telephone number.
    """
    request.app[GATEWAY].audit.note(done(request, action, object, agency=agency, detail=detail))


def done(
    request: web.Request, action: Action, object: str = "", *, agency: str | None = None, detail: str = ""
) -> Entry:
    """The same as an entry, to be written with the change itself: `await gateway.store.audit.write(conn, [entry])`."""
    visit = request.get(auth.VISIT)
    return entry(
        action,
        at=request.app[GATEWAY].clock(),
        by=visit.principal if visit else None,
        who=visit.login if visit else "",
        remote=client.remote_of(request),
        object=object,
        agency=agency,
        detail=detail,
    )
