"""The form that narrows the queue: what its fields may hold, and a filter told in words."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue, team
from gateway.web import locale
from gateway.web.console.narrowing import FIELDS
from routing.case import CaseState
from routing.catalog import Catalog

# How long a transfer may take is a term, but no petition is of that class.
_NO_PETITION: Final = "transfer"
Options = dict[str, list[tuple[str, str]]]


async def options(
    conn: AsyncConnection, catalog: Catalog, principal: Principal, fields: Mapping[str, str], *, language: str
) -> Options:
    """Value and words of what each select offers. Topics and colleagues are those of the agency that is meant."""
    say = partial(locale.say, language)
    agency = catalog.agencies.get(principal.agency or fields.get("agency", ""))
    is_triage = agency is not None and agency.key == catalog.gateway.triage
    people = await team.members(conn, agency.key, is_triage=is_triage) if agency else []
    return {
        "state": [(state, say(f"state.{state}")) for state in CaseState],
        "channel": [
            (key, locale.maybe(language, f"channel.{key}") or key) for key in sorted(catalog.gateway.channels)
        ],
        "topic": [(topic.key, topic.label.get(language, topic.key)) for topic in agency.topics] if agency else [],
        "class": [(key, term.name.get(language, key)) for key, term in catalog.terms.items() if key != _NO_PETITION],
        "territory": sorted(catalog.territories.items(), key=lambda place: place[1]),
        "assignee": [
            *((key, say(f"filter.assignee.{key}")) for key in ("me", "nobody")),
            *((str(row.id), row.name) for row in people if row.id != principal.id),
        ],
        "due": [(key, say(f"filter.due.{key}")) for key in ("overdue", "today", "week")],
    }  # fmt: skip


def told(
    catalog: Catalog, fields: Mapping[str, str], offered: Options, *, names: Mapping[int, str], language: str
) -> list[tuple[str, str]]:
    """The filter in words: the key of each field's label, and its value."""
    known = {name: dict(pairs) for name, pairs in offered.items()}
    known["agency"] = {agency.key: agency.short for agency in catalog.agencies.values()}
    known["assignee"] |= {str(staff_id): name for staff_id, name in names.items()}
    found = []
    for name in FIELDS:
        if name in fields:
            values = fields[name].split(",") if name == "state" else [fields[name]]
            found.append((f"filter.{name}", ", ".join(known.get(name, {}).get(value, value) for value in values)))
    return found


async def narrowed(
    conn: AsyncConnection, catalog: Catalog, principal: Principal, fields: Mapping[str, str], *, language: str
) -> dict[str, Any]:
    """What a page needs to show the form and to tell the filter."""
    offered = await options(conn, catalog, principal, fields, language=language)
    who: Sequence[int] = [int(fields["assignee"])] if fields.get("assignee", "").isdigit() else []
    names = await queue.names_of(conn, who) if who else {}
    return {
        "narrowed": dict(fields),
        "offered": offered,
        "told": told(catalog, fields, offered, names=names, language=language),
    }
