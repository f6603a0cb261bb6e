"""What stands beside the console's pages that list no cases by a view: the rail, with its counts."""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal
from gateway.web.console.queue_page import rail
from gateway.web.console.views import counts, views


async def beside(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, *, agency: str | None = None
) -> dict[str, Any]:
    """The rail's values; `agency` narrows the counts of those who serve the whole network."""
    chosen = agency if principal.agency is None else None
    timezone = gateway.current().catalog.gateway.timezone
    held = await counts(conn, principal, views(principal, now=gateway.clock(), timezone=timezone, agency=chosen))
    return {"view": None, **rail(gateway, held, agency=chosen)}


def chosen_agency(request: web.Request, principal: Principal, asked: str | None = None) -> str | None:
    """The principal's own agency; of those who serve the whole network the one asked for, if there is such a one."""
    wanted = principal.agency or asked or request.query.get("agency", "")
    return wanted if wanted in request.app[GATEWAY].current().catalog.agencies else None
