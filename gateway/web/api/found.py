"""`GET /cases?q=`: cases by words, names and numbers."""

import base64
import json
from typing import Final

from gateway import clock
from gateway.audit import Action
from gateway.errors import Invalid
from gateway.search import query as search_query
from gateway.store import search
from gateway.store.queue import Filter
from gateway.web.api import answers, bodies, views
from gateway.web.api.asked import Ask

_LARGEST: Final = 2**63 - 1


async def found(ask: Ask, wanted: Filter) -> answers.Cases:
    """A page of what was found within a filter; nothing for words that say nothing."""
    asked: bodies.CasesQuery = ask.query
    skip, top = _read(asked.cursor) if asked.cursor else (0, clock.new_id())
    query = search_query.read(asked.q or "", timezone=ask.gateway.current().catalog.gateway.timezone)
    if query.is_empty:
        return answers.Cases(items=[], next=None)
    async with ask.gateway.store.read() as conn:
        page = await search.find(
            conn, ask.principal, query, search.narrowed(query, wanted), below=top, skip=skip, limit=asked.limit
        )
        items = await views.cases(conn, ask, page.cases)
    # That somebody searched, and how much they found: the words may be a citizen's.
    counted = f"{search.COUNTED}+" if page.counted > search.COUNTED else str(page.counted)
    ask.seen(Action.SEARCHED, detail=f"hits: {counted}")
    following = skip + asked.limit
    return answers.Cases(items=items, next=_cursor(following, top) if page.more else None)


def _cursor(skip: int, top: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(["q", skip, top]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[int, int]:
    try:
        said, skip, top = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if said == "q" and 0 < int(skip) <= search.MOST and 0 < int(top) <= _LARGEST:
            return int(skip), int(top)
    except (ValueError, TypeError, OverflowError):
        pass
    raise Invalid("cursor", "the cursor is not one this list gave out")
