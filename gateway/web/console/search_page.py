"""`/console/search?q=`: cases by words, names and numbers, a page at a time."""

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from gateway import clock
from gateway.audit import Action
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.search.query import Query, read
from gateway.store import search
from gateway.store.queue import Filter
from gateway.store.search import COUNTED, MOST, Found
from gateway.web import audit, auth, shown
from gateway.web.console.due import chip
from gateway.web.console.queue_page import rail
from gateway.web.console.views import counts, views
from gateway.web.excerpt import excerpt
from gateway.web.pages import render
from routing.case import CaseState

PAGE: Final = 20
# The fields of the form beside the words; each is also a filter that may be typed.
_FIELDS: Final = ("agency", "channel", "state", "from", "to")
_LONGEST: Final = 500


async def show(request: web.Request) -> web.StreamResponse:
    """What was found; without anything typed, how to search."""
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    typed = request.query.get("q", "")[:_LONGEST]
    fields = {name: request.query.get(name, "")[:40] for name in _FIELDS}
    query = read(_whole(typed, fields), timezone=catalog.gateway.timezone)
    place = min(shown.row_id(request.query.get("page", "")) or 1, MOST // PAGE)
    top = shown.row_id(request.query.get("top", "")) or clock.new_id()
    known = views(principal, now=now, timezone=catalog.gateway.timezone)
    async with gateway.store.read() as conn:
        found = await _found(conn, principal, query, top=top, skip=(place - 1) * PAGE)
        held = await counts(conn, principal, known)
    if not query.is_empty:
        # That somebody searched, and how much they found: the words may be a citizen's.
        audit.seen(request, Action.SEARCHED, detail=f"hits: {_counted(found)}")
    return render(
        request,
        "console/search.html",
        q=typed,
        fields=fields,
        understood=not query.is_empty,
        ignored=query.ignored,
        rows=[(row, chip(catalog, row, now), _said(found.said.get(row.id), query)) for row in found.cases],
        counted=_counted(found),
        is_one=found.counted == 1,
        newer=_address(typed, fields, place - 1, top) if place > 1 else None,
        older=_address(typed, fields, place + 1, top) if found.more and place < MOST // PAGE else None,
        channels=sorted(catalog.gateway.channels),
        states=list(CaseState),
        view="",
        **rail(gateway, held, agency=None),
    )


def _counted(found: Found) -> str:
    return f"{COUNTED}+" if found.counted > COUNTED else str(found.counted)


def _whole(typed: str, fields: dict[str, str]) -> str:
    """The words with the form's fields before them, as somebody would type them."""
    chosen = [f"{name}:{''.join(value.split())}" for name, value in fields.items() if value.strip()]
    return " ".join([*chosen, typed])


async def _found(conn: Any, principal: Principal, query: Query, *, top: int, skip: int) -> Found:
    if query.is_empty:
        return Found(cases=[], said={}, counted=0, more=False)
    wanted = search.narrowed(query, Filter())
    return await search.find(conn, principal, query, wanted, below=top, skip=skip, limit=PAGE)


def _said(message: Any, query: Query) -> Any:
    """Who said it, and the excerpt; None for a case that was not found by a message."""
    if message is None:
        return None
    text = message.text if message.decoded_text is None else f"{message.text} {message.decoded_text}"
    return message.direction, excerpt(text, query.wanted)


def _address(typed: str, fields: dict[str, str], place: int, top: int) -> str:
    kept = {name: value for name, value in {"q": typed, **fields}.items() if value}
    return "/console/search?" + urlencode({**kept, "page": place, "top": top})
