"""What the store counts of clocks, messages and people, added up: of the whole, and of each group."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.store.counts import COUNTS, spread
from gateway.store.reach import Said
from gateway.store.schema import instant_of
from gateway.store.timeliness import Counted, Dimension
from routing.catalog import Catalog
from routing.timeliness import REOPENED_DAYS, Scope, Tally
from routing.workdays import Workdays

# Counts that the store and the tally call alike.
_SAME: Final = (
    "answered", "on_time", "late", "decided", "ripe", "extended", "suspended", "closed", "grantable", "granted",
    "texted",
)  # fmt: skip


class Adding:
    """Counts as they are added up: `whole`, and `groups` by key."""

    def __init__(self, catalog: Catalog, now: datetime, *, by: Dimension, kept_to: str | None) -> None:
        self.whole = Tally()
        self.groups: dict[str, Tally] = {}
        self.whole_scope = Scope.CASES if kept_to is None else Scope.STAYS
        self.scope = Scope.STAYS if by is Dimension.AGENCY else self.whole_scope
        # How often each set of counts was found, by the place of the tally; it is added up at the end.
        self._counts: dict[int, tuple[Tally, Scope, Counter[tuple[int, ...]]]] = {}
        self._by = by
        self._days = _Days(catalog, now)

    def take(self, counted: Counted, spoken: Said | None) -> None:
        """Add up everything."""
        self._add_ended(counted.ended)
        self._add_running(counted.running)
        self._each(counted.wordless, _add_wordless)
        self._each((row for row in counted.reopenings if self._days.soon(row)), _add_reopening)
        self._add_transfers(counted)
        if spoken is not None:
            self._add_spoken(spoken)
        for tally, scope, found in self._counts.values():
            _settle(tally, scope, found)

    def _of(self, key: str) -> Iterator[tuple[Tally, Scope]]:
        yield self.whole, self.whole_scope
        if self._by is not Dimension.NONE:
            yield self._group(key), self.scope

    def _group(self, key: str) -> Tally:
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = Tally()
        return found

    def _each(self, rows: Iterable[Any], adds: Callable[[Tally, Any], None]) -> None:
        for row in rows:
            for tally, scope in self._of(row.key):
                if row.latest or scope is Scope.STAYS:
                    adds(tally, row)

    def _add_ended(self, rows: Iterable[Any]) -> None:
        codes: dict[tuple[str, bool], list[str]] = {}
        for row in rows:
            codes.setdefault((row.key, bool(row.latest)), []).append(row.codes)
            if row.days is None:
                continue
            for key, n in _keys(row):
                for tally, scope in self._of(key):
                    if row.latest or scope is Scope.STAYS:
                        tally.days[row.days] += n
                        tally.citizen_days[row.citizen_days] += n
        for (key, latest), texts in codes.items():
            self._count(key, texts, latest=latest)

    def _add_running(self, rows: Iterable[Any]) -> None:
        codes: dict[str, list[str]] = {}
        for row in rows:
            age = self._days.age(row.agency, row.effective)
            for key, n in _keys(row):
                for tally, _ in self._of(key):
                    tally.ages[age] += n
            if row.codes is not None:
                codes.setdefault(row.key, []).append(row.codes)
        for key, texts in codes.items():
            # What runs is the last clock of its case.
            self._count(key, texts, latest=True)

    def _count(self, key: str, texts: Iterable[str], *, latest: bool) -> None:
        found: defaultdict[str, tuple[Counter[tuple[int, ...]], Counter[int]]]
        found = defaultdict(lambda: (Counter(), Counter()))
        for own, places, quarters, n in spread(texts):
            counts, touches = found[own or key]
            counts[places] += n
            if quarters is not None:
                touches[quarters] += n
        for group, (counts, touches) in found.items():
            for tally, scope in self._of(group):
                if latest or scope is Scope.STAYS:
                    self._counts.setdefault(id(tally), (tally, scope, Counter()))[2].update(counts)
                    tally.touches.update(touches)

    def _add_transfers(self, counted: Counted) -> None:
        found = {Scope.STAYS: counted.transfers_of_stays, Scope.CASES: counted.transfers_of_cases}
        for row in found[self.whole_scope]:
            _add_transfers(self.whole, row)
        if self._by is not Dimension.NONE:
            for row in found[self.scope]:
                _add_transfers(self._group(row.key), row)

    def _add_spoken(self, spoken: Said) -> None:
        for row in spoken.answers:
            for tally, _ in self._of(row.key):
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


def clocks_only(catalog: Catalog, counted: Counted, now: datetime) -> Tally:
    """What was counted of clocks, of the whole network and without groups."""
    adding = Adding(catalog, now, by=Dimension.NONE, kept_to=None)
    adding.take(counted, None)
    return adding.whole


def _keys(row: Any) -> Iterable[tuple[str, int]]:
    """The groups of a row's clocks, and how many are of each."""
    return ((row.key, row.n),) if row.keys is None else Counter(row.keys.split("\n")).items()


def _settle(tally: Tally, scope: Scope, found: Counter[tuple[int, ...]]) -> None:
    counts = dict.fromkeys(COUNTS, 0)
    for places, n in found.items():
        for place in places:
            counts[COUNTS[place]] += n
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
