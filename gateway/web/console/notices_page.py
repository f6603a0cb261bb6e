"""`/console/notices`: what somebody is told of cases, until they have read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from gateway.gateway import GATEWAY
from gateway.store import notices
from gateway.web import auth, shown
from gateway.web.pages import render, see

_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A notice as it is shown: `event` names its words; `due`, `copies` and the name `by` fill them."""

    notice: Any
    event: str
    due: datetime | None
    copies: datetime | None
    by: str


async def show(request: web.Request) -> web.StreamResponse:
    """The unread ones, the newest first."""
    principal = await auth.principal(request)
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        found = await notices.unread(conn, principal, limit=_SHOWN)
    names = {agency.key: agency.short for agency in gateway.current().catalog.agencies.values()}
    return render(request, "console/notices.html", rows=[_row(notice) for notice in found], agency_names=names)


def _row(notice: Any) -> Row:
    data = notice.data
    return Row(
        notice=notice,
        event=str(data.get("event", notice.kind)),
        due=_instant(data.get("due")),
        copies=_instant(data.get("copies_due")),
        by=shown.tame_name(str(data.get("by", ""))),
    )


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


async def read(request: web.Request) -> web.StreamResponse:
    """Note that one was read, or all that the page showed; what came since stays unread."""
    principal = await auth.principal(request)
    form = await request.post()
    found = (shown.row_id(str(value)) for value in form.getall("notice", []))
    ids = [each for each in found if each is not None]
    now = request.app[GATEWAY].clock()
    await request.app[GATEWAY].store.transact(lambda conn: notices.mark_read(conn, principal, ids, now=now))
    raise see("/console/notices")
