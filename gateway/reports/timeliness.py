"""A report of timeliness: what the store counts, added up by group, and the figures and goals that follow from it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from operator import add
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.reports.period import Wanted, asked_of
from gateway.store import reach, timeliness, visible
from gateway.store.reach import Said
from gateway.store.schema import instant_of
from gateway.store.timeliness import COUNTS, Counted, Dimension
from routing.catalog import Catalog, Goal
from routing.goals import goals_of
from routing.suppression import suppressed
from routing.timeliness import REOPENED_DAYS, Figure, Scope, Tally, figures
from routing.workdays import Workdays

# Ended and running clocks come with five columns before their counts.
_BEFORE_COUNTS: Final = 5
# Counts that the store and the tally call alike.
_SAME: Final = (
    "answered", "on_time", "late", "decided", "ripe", "extended", "suspended", "closed", "grantable", "granted",
    "texted",
)  # fmt: skip


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
    partners = await timeliness.partners(conn, principal, asked)
    managed = {key for key, number in (await visible.managers(conn)).items() if number}
    kept_to = wanted.agency if principal.agency is None else principal.agency
    agencies = [agency for agency in catalog.agencies.values() if kept_to in (None, agency.key)]
    adding = _Adding(catalog, now, by=wanted.by, kept_to=kept_to)
    # A year's groups are some ten thousand rows; whoever else is being served must not wait for them.
    await asyncio.to_thread(adding.take, counted, spoken)
    whole = adding.whole
    whole.agencies, whole.managed = len(agencies), sum(agency.key in managed for agency in agencies)
    for agency in agencies:
        partner = agency.key in managed and agency.key in partners
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


def clocks_only(catalog: Catalog, counted: Counted, now: datetime) -> Tally:
    """What was counted of clocks, of the whole network and without groups."""
    adding = _Adding(catalog, now, by=Dimension.NONE, kept_to=None)
    adding.take(counted, None)
    return adding.whole


class _Adding:
    """Counts as they are added up: `whole`, and `groups` by key."""

    def __init__(self, catalog: Catalog, now: datetime, *, by: Dimension, kept_to: str | None) -> None:
        self.whole = Tally()
        self.groups: dict[str, Tally] = {}
        self.whole_scope = Scope.CASES if kept_to is None else Scope.STAYS
        self.scope = Scope.STAYS if by is Dimension.AGENCY else self.whole_scope
        self._counts: dict[int, tuple[Tally, Scope, list[int], Counter[str]]] = {}
        self._by = by
        self._days = _Days(catalog, now)

    def take(self, counted: Counted, spoken: Said | None) -> None:
        """Add up everything."""
        for row in counted.ended:
            for tally, scope in self._of(row):
                if row.latest or scope is Scope.STAYS:
                    self._count(tally, scope, row[_BEFORE_COUNTS:])
                    if row.days is not None:
                        tally.days[row.days] += row.answered
                    if row.citizen_days is not None:
                        tally.citizen_days[row.citizen_days] += row.answered
                    self._touched(tally, row.quarters)
        for row in counted.running:
            self._add_running(row)
        self._each(counted.wordless, _add_wordless)
        self._each((row for row in counted.reopenings if self._days.soon(row)), _add_reopening)
        self._add_transfers(counted)
        if spoken is not None:
            self._add_spoken(spoken)
        for tally, scope, counts, quarters in self._counts.values():
            _settle(tally, scope, dict(zip(COUNTS, counts, strict=True)))
            tally.touches.update({int(quarter): n for quarter, n in quarters.items()})

    def _of(self, row: Any) -> Iterator[tuple[Tally, Scope]]:
        yield self.whole, self.whole_scope
        if self._by is not Dimension.NONE:
            yield self._group(row.key), self.scope

    def _group(self, key: str) -> Tally:
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = Tally()
        return found

    def _count(self, tally: Tally, scope: Scope, counts: tuple[int, ...]) -> None:
        # Added as plain lists: a year has some ten thousand rows of fifteen counts.
        sums = self._counts.setdefault(id(tally), (tally, scope, [0] * len(COUNTS), Counter()))[2]
        sums[:] = map(add, sums, counts)

    def _touched(self, tally: Tally, quarters: str | None) -> None:
        # They stay texts until the end: a number is made of each that differs, not of each.
        if quarters is not None:
            self._counts[id(tally)][3].update(quarters.split(","))

    def _each(self, rows: Iterable[Any], adds: Callable[[Tally, Any], None]) -> None:
        for row in rows:
            for tally, scope in self._of(row):
                if row.latest or scope is Scope.STAYS:
                    adds(tally, row)

    def _add_running(self, row: Any) -> None:
        age = self._days.age(row.agency, row.effective)
        for tally, scope in self._of(row):
            tally.ages[age] += row.n
            if row.counted:
                self._count(tally, scope, row[_BEFORE_COUNTS:])
                self._touched(tally, row.quarters)

    def _add_transfers(self, counted: Counted) -> None:
        found = {Scope.STAYS: counted.transfers_of_stays, Scope.CASES: counted.transfers_of_cases}
        for row in found[self.whole_scope]:
            _add_transfers(self.whole, row)
        if self._by is not Dimension.NONE:
            for row in found[self.scope]:
                _add_transfers(self._group(row.key), row)

    def _add_spoken(self, spoken: Said) -> None:
        for row in spoken.answers:
            for tally, _ in self._of(row):
                tally.answers += row.n
                tally.short_answers += row.short
        for row in spoken.everybody:
            _add_people(self.whole, row)
        if self._by is not Dimension.NONE:
            for row in spoken.people:
                _add_people(self._group(row.key), row)
        both = self.whole.messages_in + self.whole.messages_out
        for tally in (self.whole, *self.groups.values()):
            tally.messages_of_all = both


def _settle(tally: Tally, scope: Scope, counts: Mapping[str, int]) -> None:
    tally.received = counts["n"]
    for name in _SAME:
        setattr(tally, name, counts[name])
    if scope is Scope.STAYS:
        tally.transferred = counts["sent_on"]
        tally.misrouted += counts["misrouted"]
    else:
        tally.transferred = counts["arrived"]


def _add_transfers(tally: Tally, row: Any) -> None:
    tally.transfers += row.n
    tally.transfers_scored += row.scored
    tally.transfers_in_time += row.in_time
    tally.misrouted += row.misrouted


def _add_wordless(tally: Tally, row: Any) -> None:
    tally.wordless += row.n


def _add_reopening(tally: Tally, _row: Any) -> None:
    tally.reopened_soon += 1


def _add_people(tally: Tally, row: Any) -> None:
    tally.reached, tally.wrote = int(row.reached), int(row.wrote)
    tally.messages_in, tally.messages_out = int(row.came), int(row.went)


class _Days:
    """Business days of agencies; calendar days of one that the configuration no longer has."""

    def __init__(self, catalog: Catalog, now: datetime) -> None:
        self._catalog = catalog
        self._zone = ZoneInfo(catalog.gateway.timezone)
        self._today = now.astimezone(self._zone).date()
        self.age = lru_cache(maxsize=None)(self._age)

    def _age(self, agency: str, effective: str) -> int:
        return self._between(agency, date.fromisoformat(effective), self._today)

    def soon(self, reopening: Any) -> bool:
        """Whether a case was opened again within ten business days of its answer."""
        ended, again = (
            instant_of(at).astimezone(self._zone).date() for at in (reopening.ended_at, reopening.reopened_at)
        )
        return self._between(reopening.agency, ended, again) <= REOPENED_DAYS

    def _between(self, agency: str, first: date, last: date) -> int:
        known = self._catalog.agencies.get(agency)
        if known is None:
            return max(0, (last - first).days)
        return Workdays.of(self._catalog, known).between(first, last)


def _finished(
    catalog: Catalog, adding: _Adding, wanted: Wanted, now: datetime, *, kept_to: str | None, months: list[str]
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
