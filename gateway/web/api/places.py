"""Agencies over the API."""

from collections.abc import Mapping

from gateway.errors import NotFound
from gateway.principal import Principal
from gateway.store import visible
from gateway.web.api import answers
from gateway.web.api.asked import Ask
from routing import catalog


async def agencies(ask: Ask) -> answers.Agencies:
    """Every agency of the configuration, by key."""
    configured = ask.gateway.current().catalog.agencies
    managers, waiting = await _counts(ask)
    return answers.Agencies(
        items=[
            _agency(configured[key], ask.principal, managers=managers, waiting=waiting) for key in sorted(configured)
        ]
    )


async def agency(ask: Ask) -> answers.Agency:
    """One agency."""
    found = ask.gateway.current().catalog.agencies.get(ask.path["key"])
    if found is None:
        raise NotFound("there is no agency of that key")
    managers, waiting = await _counts(ask)
    return _agency(found, ask.principal, managers=managers, waiting=waiting)


async def _counts(ask: Ask) -> tuple[dict[str, int], dict[str, int]]:
    async with ask.gateway.store.read() as conn:
        return await visible.managers(conn), await visible.open_cases(conn, ask.principal)


def _agency(
    found: catalog.Agency, principal: Principal, *, managers: Mapping[str, int], waiting: Mapping[str, int]
) -> answers.Agency:
    return answers.Agency(
        key=found.key,
        name=found.name,
        short=found.short,
        sector=found.sector,
        level=found.level,
        territory=found.territory,
        topics=[answers.Topic(key=t.key, label=t.label, term_class=t.term_class) for t in found.topics],
        keywords=list(found.keywords),
        hours=[answers.Hours(days=list(h.days), open=list(h.open)) for h in found.hours],
        managers=managers.get(found.key, 0),
        open_cases=waiting.get(found.key, 0) if principal.agency in (None, found.key) else None,
    )
