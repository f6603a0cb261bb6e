"""An agency's people and what they carry, and how many working days its open cases have left."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from gateway.principal import Principal
from gateway.staffing.days_left import edges, soon_until
from gateway.store import absences, queue
from gateway.store import team as rows
from gateway.store.absences import Absence
from gateway.store.engine import Store
from gateway.timekeeping import standing
from routing.case import CaseState
from routing.catalog import Catalog, Unit
from routing.clocks import Standing
from routing.terms import Count, counted


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
    """Everybody's load, that of nobody, and how many cases lie in each of `BUCKETS` of working days left."""

    agency: str
    loads: list[Load]
    nobody: Load
    days_left: list[int]

    @property
    def whole(self) -> Load:
        """All together."""
        every = [*self.loads, self.nobody]
        sums = {name: sum(getattr(load, name) for load in every) for name in ("open", "soon", "overdue", "waiting")}
        answered, may_carry = (sum(getattr(load, name) for load in every) for name in ("answered", "may_carry"))
        return Load(id=0, name="", answered=answered, may_carry=may_carry, **sums)


async def team(store: Store, catalog: Catalog, principal: Principal, agency: str, *, now: datetime) -> Team:
    """An agency's team as it stands. KeyError when the catalog does not have the agency.

    The long counts go beside one another, each on a connection of its own: between them a case may change hands.
    """
    count = counted(catalog, agency)

    async def owed() -> tuple[Sequence[Any], dict[int | None, int], list[int]]:
        async with store.read() as conn:
            carried = await rows.carried(conn, principal, agency)
            overdue = await rows.overdue(conn, principal, agency, now=now)
            return carried, overdue, await rows.due_between(conn, principal, agency, edges=edges(count, now))

    async def known() -> tuple[dict[int, Load], Counter[int | None], Mapping[int, int]]:
        async with store.read() as conn:
            members = await rows.members(conn, agency, is_triage=agency == catalog.gateway.triage)
            away = await absences.who_is_away(conn, [member.id for member in members], now=now)
            near = await rows.nearly_due(conn, principal, agency, now=now, until=soon_until(catalog, count, now))
            answered = await rows.answered(conn, principal, agency, since=_monday(count, now))
        loads = {member.id: _load(catalog, agency, member, away.get(member.id)) for member in members}
        return loads, _soon(catalog, count, near, now), answered

    (groups, overdue, days_left), (loads, soon, answered) = await asyncio.gather(owed(), known())
    if strangers := sorted({each.assignee_id for each in groups if each.assignee_id is not None} - loads.keys()):
        async with store.read() as conn:
            names = await queue.names_of(conn, strangers)
        loads |= {staff_id: Load(id=staff_id, name=names.get(staff_id, str(staff_id))) for staff_id in strangers}
    found = Team(agency=agency, loads=[], nobody=Load(id=0, name=""), days_left=days_left)
    for group in groups:
        load = found.nobody if group.assignee_id is None else loads[group.assignee_id]
        if group.state == CaseState.WAITING:
            load.waiting = group.n
        else:
            load.open, load.overdue = group.n, overdue.get(group.assignee_id, 0)
    found.loads = list(loads.values())
    found.nobody.soon = soon[None]
    for load in found.loads:
        load.soon, load.answered = soon[load.id], answered.get(load.id, 0)
    return found


def _load(catalog: Catalog, agency: str, member: Any, absence: Absence | None) -> Load:
    may_carry = member.capacity or catalog.agencies[agency].capacity
    return Load(id=member.id, name=member.name, member=member, absence=absence, may_carry=may_carry)


def _soon(catalog: Catalog, count: Count, near: Sequence[Any], now: datetime) -> Counter[int | None]:
    """How many cases are due soon, by who has them."""
    # Of a term in days, the day of the deadline decides, and of a term in hours its second.
    hourly = {key for key, term in catalog.terms.items() if any(row.unit is Unit.HOURS for row in term.rows)}
    known: dict[tuple[str, str, date], bool] = {}
    found: Counter[int | None] = Counter()
    for group in near:
        due = group.due_at if group.term_class in hourly else group.due_at.astimezone(count.zone).date()
        alike = (group.term_class, group.effective, due)
        if alike not in known:
            clock = standing.kept(catalog, group, None, now)
            known[alike] = clock is not None and standing.of_clock(catalog, clock, now) is Standing.DUE_SOON
        if known[alike]:
            found[group.assignee_id] += group.n
    return found


def _monday(count: Count, now: datetime) -> datetime:
    """When the week began."""
    today = now.astimezone(count.zone).date()
    return datetime.combine(today - timedelta(days=today.weekday()), time(0), count.zone)
