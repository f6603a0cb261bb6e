"""Where clocks stand, for whoever reads them: derived from a case's log, or, in lists, from what is kept of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import clocks as rows
from routing.case import CaseState, KnownCase
from routing.catalog import Catalog
from routing.clocks import SECOND, Began, Clock, Clocks, Event, Pause, Standing, clocks
from routing.terms import counted

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """The clocks of a case, and the log they were derived from."""

    clocks: Clocks
    events: Sequence[Event]


async def derived(
    conn: AsyncConnection, catalog: Catalog, case_ids: Collection[int], *, now: datetime
) -> dict[int, Told]:
    """The clocks of cases as their logs have them; a case whose log names what the catalog lost is missing."""
    found: dict[int, Told] = {}
    for logged in await rows.logs(conn, case_ids) if case_ids else ():
        try:
            found[logged.case.id] = Told(clocks(logged.events, catalog, now), logged.events)
        except (KeyError, ValueError):
            log.warning("clocks cannot be derived", case=logged.case.number)
    return found


async def told(
    conn: AsyncConnection, catalog: Catalog, known: Sequence[KnownCase], *, now: datetime
) -> list[KnownCase]:
    """The cases with the date their person is to be told: while a clock stands still, by when they may complete it."""
    waiting = [case.id for case in known if case.state is CaseState.WAITING]
    stopped = {
        case_id: datetime.combine(present.pauses[-1].until, time(23, 59, 59), present.count.zone)
        for case_id, found in (await derived(conn, catalog, waiting, now=now)).items()
        if (present := found.clocks.present).suspended_at is not None
    }
    return [replace(case, due_at=stopped.get(case.id, case.due_at)) for case in known]


def of_clock(catalog: Catalog, clock: Clock, now: datetime) -> Standing:
    """The standing of a clock by the deployment's own idea of what is soon."""
    keeping = catalog.timekeeping
    return clock.standing(now, soon_share=keeping.soon_share, soon_days=keeping.soon_days)


def left(clock: Clock, now: datetime) -> int | float | None:
    """What is left, in whole days or hours; while it stands still, what it goes on with. None when it has ended."""
    if clock.ended_at is not None:
        return None
    if clock.suspended_at is not None:
        return max(1, clock.left(clock.suspended_at))
    return round(clock.left(now), 2)


def of_row(catalog: Catalog, case: Any, last: Any | None, now: datetime) -> Standing:
    """The standing of a case of a list; `last` is the row of its last clock (`gateway.store.standings`), if known."""
    clock = kept(catalog, case, last, now)
    if clock is not None:
        return of_clock(catalog, clock, now)
    if case.answered_at is not None:
        return Standing.ANSWERED_ON_TIME if case.answered_at < case.due_at + SECOND else Standing.ANSWERED_LATE
    return Standing.OVERDUE if now >= case.due_at + SECOND else Standing.ON_TIME


def kept(catalog: Catalog, case: Any, last: Any | None, now: datetime) -> Clock | None:
    """The present legal clock as far as the rows tell it; None when the configuration lost its agency or class.

    What the rows do not tell: when it stood still before, and the length of a term that was extended and stood still.
    """
    try:
        count = counted(catalog, case.agency)
        term = count.row(case.term_class, date.fromisoformat(case.effective))
    except (KeyError, ValueError):
        return None
    effective = date.fromisoformat(case.effective)
    extended = last is not None and last.extended
    due_on = case.due_at.astimezone(count.zone).date()
    open_now = case.state in ("open", "waiting")
    return Clock(
        agency=case.agency,
        term_class=case.term_class,
        began=Began.RECEIVED if last is None else Began(last.began),
        started_at=case.received_at if last is None else last.started_at,
        effective=effective,
        term=term,
        n=count.between(effective, due_on, term.unit) if extended else term.n,
        due_at=case.due_at,
        pauses=() if case.suspended_at is None else (Pause(case.suspended_at, date.max),),
        extensions=int(extended),
        answered_at=None if open_now else case.answered_at if last is None else last.answered_at,
        ended_at=None if open_now else case.ended_at if last is None else last.ended_at,
        ended_by=None if open_now else case.outcome if last is None else last.ended_by,
        late_at=case.late_at if last is None else last.late_at,
        deemed_granted_at=_granted(catalog, case, last, now),
        count=count,
    )


def _granted(catalog: Catalog, case: Any, last: Any | None, now: datetime) -> datetime | None:
    if last is not None and last.deemed_granted_at is not None:
        found: datetime = last.deemed_granted_at
        return found
    passed = case.state in ("open", "waiting") and case.suspended_at is None and now >= case.due_at + SECOND
    return case.due_at + SECOND if passed and catalog.terms[case.term_class].granted_after is not None else None
