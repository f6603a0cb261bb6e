"""A report of timeliness: what was counted by group, and the figures and goals that follow from it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.reports.adding import Adding
from gateway.reports.period import Wanted, asked_of
from gateway.store import reach, timeliness, visible
from gateway.store.timeliness import Dimension
from routing.catalog import Catalog, Goal
from routing.goals import goals_of
from routing.suppression import suppressed
from routing.timeliness import Figure, Scope, Tally, figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group's counts, its figures by name, and the goals that hold for it. `key` is empty for "unknown"."""

    key: str
    tally: Tally
    figures: Mapping[str, Figure]
    goals: Mapping[str, Goal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole and its groups, as they stood at `at` (aware). `scope` is what counts as one in a group."""

    wanted: Wanted
    at: datetime
    scope: Scope
    whole: Group
    whole_scope: Scope
    groups: tuple[Group, ...]
    # Without the cells that count fewer than five.
    public: bool = False


async def report(
    conn: AsyncConnection,
    catalog: Catalog,
    principal: Principal,
    wanted: Wanted,
    *,
    now: datetime,
    people: bool = True,
) -> Report:
    """The figures of a period within the principal's boundary. Invalid for days that are no period.

    Without `people` nothing is counted of messages, which takes longer than all the rest.
    """
    asked = asked_of(catalog, wanted, now)
    counted = await timeliness.count(conn, principal, asked)
    spoken = await reach.said(conn, principal, asked) if people else None
    managed = {key for key, number in (await visible.managers(conn)).items() if number}
    partners = await timeliness.partners(conn, principal, asked, managed)
    kept_to = wanted.agency if principal.agency is None else principal.agency
    agencies = [agency for agency in catalog.agencies.values() if kept_to in (None, agency.key)]
    adding = Adding(catalog, now, by=wanted.by, kept_to=kept_to)
    # A year's groups are some ten thousand rows; whoever else is being served must not wait for them.
    await asyncio.to_thread(adding.take, counted, spoken)
    whole = adding.whole
    whole.agencies, whole.managed = len(agencies), sum(agency.key in managed for agency in agencies)
    for agency in agencies:
        partner = agency.key in partners
        if agency.level == "national":
            whole.national, whole.national_partners = whole.national + 1, whole.national_partners + partner
        else:
            whole.territorial, whole.territorial_partners = whole.territorial + 1, whole.territorial_partners + partner
    return _finished(catalog, adding, wanted, now, kept_to=kept_to, months=[month for month, _ in asked.months])


def published(found: Report) -> Report:
    """The report as the public may have it: no cell that counts fewer than five."""
    groups = suppressed({group.key: group.figures for group in found.groups})
    [whole] = suppressed({"": found.whole.figures}).values()
    return Report(
        wanted=found.wanted,
        at=found.at,
        scope=found.scope,
        whole=_with(found.whole, whole),
        whole_scope=found.whole_scope,
        groups=tuple(_with(group, groups[group.key]) for group in found.groups),
        public=True,
    )


def _with(group: Group, changed: Mapping[str, Figure]) -> Group:
    return Group(key=group.key, tally=group.tally, figures=changed, goals=group.goals)


def scope_of(principal: Principal, wanted: Wanted) -> Scope:
    """What counts as one in the whole of a report: a stay, as soon as it is one agency's."""
    return Scope.CASES if principal.agency is None and wanted.agency is None else Scope.STAYS


def _finished(
    catalog: Catalog, adding: Adding, wanted: Wanted, now: datetime, *, kept_to: str | None, months: list[str]
) -> Report:
    goals = partial(goals_of, catalog.goals, year=wanted.last.year)
    # Months in which nothing came are told, too; a backlog from before the period makes no month of its own.
    keys = months if wanted.by is Dimension.MONTH else sorted(adding.groups)
    groups = [
        Group(
            key=key,
            tally=(tally := adding.groups.get(key) or Tally()),
            figures=figures(tally, scope=adding.scope, whole=False),
            goals=goals(agency=key if wanted.by is Dimension.AGENCY else kept_to),
        )
        for key in keys
    ]
    return Report(
        wanted=wanted,
        at=now,
        scope=adding.scope,
        whole=Group(
            key="",
            tally=adding.whole,
            figures=figures(adding.whole, scope=adding.whole_scope, whole=True),
            goals=goals(agency=kept_to),
        ),
        whole_scope=adding.whole_scope,
        groups=tuple(groups),
    )
