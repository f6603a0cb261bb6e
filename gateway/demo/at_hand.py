"""What managers have at hand in the made-up past: canned answers, and views that a head shares."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import canned
from gateway.demo.cast import Cast
from gateway.demo.corpus import at_hand
from gateway.principal import Principal, Role
from gateway.store import canned as answers
from gateway.store import saved_views
from routing.catalog import Catalog


async def lay_out(conn: AsyncConnection, cast: Cast, catalog: Catalog, *, now: datetime) -> None:
    """Write down what the corpus has for the agencies and languages of this deployment, each by who may."""
    told = at_hand()
    if administrator := _first(cast.by_id.values(), Role.ADMINISTRATOR):
        await _word(conn, administrator, catalog, told["everybody"], now=now)
    for agency, people in cast.of.items():
        if head := _first(people, Role.HEAD):
            await _word(conn, head, catalog, told["agencies"].get(agency, ()), now=now)
            for view in told["views"].get(agency, ()):
                await saved_views.add(conn, head, name=view["name"], fields=view["filter"], agency=agency)


def _first(people: Iterable[Principal], role: Role) -> Principal | None:
    return next((each for each in people if each.role is role), None)


async def _word(
    conn: AsyncConnection, writer: Principal, catalog: Catalog, said: Sequence[Mapping[str, Any]], *, now: datetime
) -> None:
    for each in said:
        if each["language"] in catalog.gateway.languages:
            wording = canned.checked(writer, catalog, {**each, "agency": writer.agency or ""})
            await answers.add(conn, wording, by=writer.id, now=now)
