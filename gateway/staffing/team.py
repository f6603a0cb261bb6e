"""An agency's people and what they carry, and how many working days its open cases have left."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import absences, queue
from gateway.store import team as rows
from gateway.store.absences import Absence
from gateway.timekeeping import standing
from routing.catalog import Catalog, Unit
from routing.clocks import Standing
from routing.terms import Count, counted

_LATE: Final = (Standing.OVERDUE, Standing.DEEMED_GRANTED)
# An answer of this week is to a case that came in the last so many months; what is older is not worth another index.
_MONTHS: Final = 13


@dataclass(slots=True, kw_only=True)
class Load:
    """What somebody carries. `open` waits for them, `soon` and `overdue` are parts of it; `waiting`, for citizens.

    `member` is None for who has cases here and does not answer for the agency (or no longer works here).
    """

    id: int
    name: str
    member: Any | None = None
    absence: Absence | None = None
    open: int = 0
    soon: int = 0
    overdue: int = 0
    waiting: int = 0
    # Since Monday.
    answered: int = 0
    # How many open cases they may be given: their own number, else the agency's.
    may_carry: int = 0

    @property
    def carried(self) -> int:
        """What counts against what they may be given."""
        return self.open + self.waiting

    @property
    def on_duty(self) -> bool:
        """Whether they are given cases now."""
        return bool(self.member and self.member.on_duty and self.absence is None)


@dataclass(slots=True, kw_only=True)
class Team:
    """Everybody's load, that of nobody, and the days left: those of cases past due are negative."""

    agency: str
    loads: list[Load]
    nobody: Load
    days_left: Counter[int] = field(default_factory=Counter)

    @property
    def whole(self) -> Load:
        """All together."""
        every = [*self.loads, self.nobody]
        sums = {name: sum(getattr(load, name) for load in every) for name in ("open", "soon", "overdue", "waiting")}
        answered, may_carry = (sum(getattr(load, name) for load in every) for name in ("answered", "may_carry"))
        return Load(id=0, name="", answered=answered, may_carry=may_carry, **sums)


async def team(conn: AsyncConnection, catalog: Catalog, principal: Principal, agency: str, *, now: datetime) -> Team:
    """An agency's team as it stands. KeyError when the catalog does not have the agency."""
    count = counted(catalog, agency)
    members = await rows.members(conn, agency, is_triage=agency == catalog.gateway.triage)
    away = await absences.who_is_away(conn, [member.id for member in members], now=now)
    loads = {member.id: _load(catalog, agency, member, away.get(member.id)) for member in members}
    found = Team(agency=agency, loads=[], nobody=Load(id=0, name=""))
    groups = await rows.open_cases(conn, principal, agency)
    strangers = {group.assignee_id for group in groups if group.assignee_id is not None} - loads.keys()
    for staff_id, name in (await queue.names_of(conn, sorted(strangers)) if strangers else {}).items():
        loads[staff_id] = Load(id=staff_id, name=name)
    for group in groups:
        load = found.nobody if group.assignee_id is None else loads.setdefault(
            group.assignee_id, Load(id=group.assignee_id, name=str(group.assignee_id))
        )  # fmt: skip
        _weigh(load, group, standing.of_row(catalog, group, None, now))
        if group.suspended_at is None:
            found.days_left[_days_left(count, group.due_at, now)] += group.n
    since, months = _week(count, now)
    for staff_id, n in (await rows.answered(conn, principal, agency, months=months, since=since)).items():
        if staff_id in loads:
            loads[staff_id].answered = n
    found.loads = list(loads.values())
    return found


def _load(catalog: Catalog, agency: str, member: Any, absence: Absence | None) -> Load:
    may_carry = member.capacity or catalog.agencies[agency].capacity
    return Load(id=member.id, name=member.name, member=member, absence=absence, may_carry=may_carry)


def _weigh(load: Load, group: Any, stands: Standing) -> None:
    if group.state == "waiting":
        load.waiting += group.n
        return
    load.open += group.n
    load.soon += group.n if stands is Standing.DUE_SOON else 0
    load.overdue += group.n if stands in _LATE else 0


def _days_left(count: Count, due_at: datetime, now: datetime) -> int:
    """Working days from today to the last one: 0 today, negative once the term is over."""
    today, last = (at.astimezone(count.zone).date() for at in (now, due_at))
    if now > due_at:
        return -max(1, count.between(last, today, Unit.BUSINESS_DAYS))
    return count.between(today, last, Unit.BUSINESS_DAYS)


def _week(count: Count, now: datetime) -> tuple[datetime, list[str]]:
    """When the week began, and the months whose cases may have been answered since."""
    today = now.astimezone(count.zone).date()
    monday = today - timedelta(days=today.weekday())
    return datetime.combine(monday, time(0), count.zone), list(_months(today))


def _months(today: date) -> Iterable[str]:
    for back in range(_MONTHS):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        yield f"{year:04d}-{month + 1:02d}"


# The bars of the distribution: from, to (None: no end), in working days left.
BUCKETS: Final[Sequence[tuple[int | None, int | None]]] = (
    (None, -6), (-5, -1), (0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 15), (16, None),
)  # fmt: skip


def buckets(days_left: Counter[int]) -> list[int]:
    """How many cases fall into each of `BUCKETS`."""
    return [
        sum(n for days, n in days_left.items() if (first is None or days >= first) and (last is None or days <= last))
        for first, last in BUCKETS
    ]
