"""What an address of the queue asks for: a built-in view, a filter, or a filter that was saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.gateway import Gateway
from gateway.principal import Principal
from gateway.store import saved_views
from gateway.web import shown
from gateway.web.console.narrowing import OF_VIEWS, Narrowing, of_query, read
from gateway.web.console.views import FILTERED, SAVED, Known, View, view_of, views


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The view, and what the form beside it says. `agency` is what somebody of the whole network narrows the rail to.

    `saved` is the row of a saved view; `gone` says that the address names one that is no longer there.
    """

    known: Known
    view: View
    narrowing: Narrowing
    agency: str | None
    saved: Any = None
    gone: bool = False

    @property
    def address(self) -> str:
        """The query that leads here again, without the page."""
        said: dict[str, str] = {"view": self.view.name}
        if self.view.name == FILTERED:
            said |= self.narrowing.fields
        elif self.agency:
            said["agency"] = self.agency
        return urlencode(said)

    @property
    def is_exact(self) -> bool:
        """Whether the list is what was asked for, with nothing left out that could not be read."""
        return not (self.gone or self.narrowing.ignored)


async def wanted(conn: AsyncConnection, gateway: Gateway, principal: Principal, query: Any) -> Wanted:
    """What the query of an address asks for; of what nobody knows, the first view."""
    narrowing = of_query(query)
    agency = narrowing.fields.get("agency") if principal.agency is None else None
    now, timezone = gateway.clock(), gateway.current().catalog.gateway.timezone
    known = views(principal, now=now, timezone=timezone, agency=agency)
    asked = query.get("view", "")
    if asked == FILTERED:
        view = view_of(FILTERED, narrowing, principal, now=now, timezone=timezone)
        return Wanted(known=known, view=view, narrowing=narrowing, agency=agency)
    saved = await _saved(conn, principal, asked)
    if saved is not None:
        kept = read(saved.filter)
        view = view_of(asked, kept, principal, now=now, timezone=timezone)
        return Wanted(known=known, view=view, narrowing=kept, agency=agency, saved=saved)
    name = asked if asked in known else "mine" if "mine" in known else "open"
    said = read({**_fields_of(name), "agency": agency or ""})
    return Wanted(known=known, view=known[name], narrowing=said, agency=agency, gone=asked.startswith(SAVED))


def _fields_of(name: str) -> Mapping[str, str]:
    return OF_VIEWS.get(name, {})


async def _saved(conn: AsyncConnection, principal: Principal, asked: str) -> Any | None:
    if not asked.startswith(SAVED):
        return None
    view_id = shown.row_id(asked.removeprefix(SAVED))
    rows = await saved_views.listed(conn, principal)
    return next((row for row in rows if row.id == view_id), None)
