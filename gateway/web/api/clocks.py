"""The clocks of a case over the API."""

from datetime import datetime

from gateway.errors import Conflict
from gateway.store import queue
from gateway.timekeeping import standing
from gateway.web.api import answers
from gateway.web.api.asked import Ask
from routing.catalog import Catalog
from routing.clocks import Clock
from routing.steps import pending
from routing.terms import Day


async def of_case(ask: Ask) -> answers.Clocks:
    """Every clock of the case, derived from its log now. Conflict when the configuration lost what the log names."""
    catalog, now = ask.gateway.current().catalog, ask.gateway.clock()
    async with ask.gateway.store.read() as conn:
        case = await queue.find(conn, ask.principal, ask.path["number"])
        told = (await standing.derived(conn, catalog, [case.id], now=now)).get(case.id)
    if told is None:
        raise Conflict("the configuration no longer has the agency, class or term that the case's story names")
    found = told.clocks
    return answers.Clocks(
        legal=[_clock(catalog, clock, now) for clock in found.legal],
        citizen=_clock(catalog, found.citizen, now),
        touched_at=found.touched_at,
        next=[answers.Step(step=moment.step, at=moment.at) for moment in pending(found, catalog)],
    )


def _clock(catalog: Catalog, clock: Clock, now: datetime) -> answers.Clock:
    return answers.Clock(
        agency=clock.agency,
        term_class=clock.term_class,
        began=clock.began,
        started_at=clock.started_at,
        effective=clock.effective,
        due=clock.due_at,
        n=clock.n,
        unit=clock.term.unit,
        source=clock.term.source,
        extended=clock.extensions > 0,
        standing=standing.of_clock(catalog, clock, now),
        left=standing.left(clock, now),
        late_at=clock.late_at,
        answered_at=clock.answered_at,
        ended_at=clock.ended_at,
        ended_by=clock.ended_by,
        deemed_granted_at=clock.deemed_granted_at,
        transfer_due_at=clock.transfer_due_at,
        pauses=[
            answers.Pause(since=pause.since, until=pause.until, ended=pause.ended, prolonged=pause.prolonged)
            for pause in clock.pauses
        ],
        days=[_day(day) for day in clock.explain(now)],
    )


def _day(day: Day) -> answers.ClockDay:
    return answers.ClockDay(
        date=day.date, number=day.number, counted=day.number is not None, code=day.code, reason=day.reason
    )
