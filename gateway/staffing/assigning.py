"""Giving cases to who is on duty, at agencies that give them out, after somebody has lost or left them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ledger import Ledger
from gateway.store import schema as t
from gateway.store import staff
from gateway.store import timekeeping as rows
from gateway.store.bulk import fetch, update_rows
from gateway.timekeeping import clocks
from gateway.timekeeping.clocks import News
from routing.assign import Duty, pick
from routing.case import EventKind
from routing.catalog import Assignment, Catalog


def balanced(catalog: Catalog, agencies: Collection[str] | None = None) -> dict[str, int]:
    """The agencies that give cases out, all or those named, with what one manager may carry."""
    return {
        agency.key: agency.capacity
        for agency in catalog.agencies.values()
        if agency.assignment is Assignment.BALANCED and (agencies is None or agency.key in agencies)
    }


async def keep(
    conn: AsyncConnection,
    catalog: Catalog,
    case_ids: Collection[int],
    *,
    now: datetime,
    recount: bool = False,
) -> list[News]:
    """`gateway.timekeeping.clocks.settle`, and give what somebody has lost by not touching it to somebody else."""
    settled = await clocks.settle(conn, catalog, case_ids, now=now, recount=recount)
    if not settled.lost:
        return settled.news
    given = await give_out(conn, catalog, settled.lost, but=settled.lost, now=now)
    # Whoever has a case now has it for as long as a lease lasts.
    return settled.news + await clocks.keep(conn, catalog, given, now=now)


async def give_out(
    conn: AsyncConnection, catalog: Catalog, case_ids: Collection[int], *, but: Mapping[int, int], now: datetime
) -> list[int]:
    """Give open cases that nobody has to somebody on duty; the ids of those that were given come back.

    `but` names, by case, who it must not go to: the one who has just lost it. A case for which nobody has room, or
    whose agency gives nothing out, waits to be taken.
    """
    waiting = [row for row in await rows.free(conn, case_ids) if row.agency in balanced(catalog)]
    if not waiting:
        return []
    table = await _on_duty(conn, catalog, {row.agency for row in waiting}, now=now)
    chosen = {row.id: staff_id for row in waiting if (staff_id := table.seat(row.agency, but.get(row.id))) is not None}
    await _write(conn, chosen, now=now)
    return list(chosen)


async def give_waiting(conn: AsyncConnection, catalog: Catalog, agency: str, *, now: datetime) -> list[int]:
    """Give what waits at an agency to somebody who has come back, as far as there is room; the ids come back."""
    if agency not in balanced(catalog):
        return []
    room = (await _on_duty(conn, catalog, {agency}, now=now)).room(agency)
    waiting = await rows.waiting_at(conn, agency, limit=room) if room else []
    return await give_out(conn, catalog, waiting, but={}, now=now)


@dataclass(slots=True)
class _Table:
    """Who is on duty, as cases are given out."""

    duties: dict[str, list[Duty]]
    now: datetime

    def seat(self, agency: str, but: int | None) -> int | None:
        duties = self.duties.get(agency, [])
        chosen = pick([duty for duty in duties if duty.staff_id != but])
        self.duties[agency] = [
            replace(duty, open_cases=duty.open_cases + 1, last_assigned_at=self.now)
            if duty.staff_id == chosen
            else duty
            for duty in duties
        ]
        return chosen

    def room(self, agency: str) -> int:
        return sum(max(0, duty.capacity - duty.open_cases) for duty in self.duties.get(agency, []))


async def _on_duty(conn: AsyncConnection, catalog: Catalog, agencies: Collection[str], *, now: datetime) -> _Table:
    giving = balanced(catalog, agencies)
    [found] = await fetch(conn, staff.managers(giving, now=now))
    return _Table(staff.duties(found, giving), now)


async def _write(conn: AsyncConnection, chosen: Mapping[int, int], *, now: datetime) -> None:
    ledger = Ledger(now)
    for case_id, staff_id in chosen.items():
        ledger.event(case_id, EventKind.ASSIGNED, staff=str(staff_id), how="balanced")
    changed = [{"id": case_id, "assignee_id": staff_id} for case_id, staff_id in chosen.items()]
    await update_rows(conn, t.cases, changed, key="id", extra="version = cases.version + 1")
    await ledger.write(conn)
    await staff.assigned(conn, set(chosen.values()), now=now)
