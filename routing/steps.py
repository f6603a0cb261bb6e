"""The moments of a case's clocks at which something is to be told: warnings, the breach, and what follows it.

Pure: from the clocks and the catalog come the moments, each with its own words (`once`), by which a second process, or
the same one after two days off, knows that it has been done.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from typing import Any

from routing.case import CITIZEN, EventKind
from routing.catalog import Catalog, Step, Told, Unit
from routing.clock import SECOND, Began, Clock
from routing.clocks import Clocks
from routing.per_catalog import per_catalog
from routing.terms import Count, Due, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is to be noted at an (aware) instant, and who is told. `data` is what the event says."""

    at: datetime
    once: str
    kind: EventKind
    step: str
    tell: tuple[Told, ...]
    data: dict[str, Any]


def pending(found: Clocks, catalog: Catalog) -> list[Moment]:
    """What is still to be done for a case, the next first; it may lie in the past."""
    moments = [moment for moment in _moments(found, catalog) if moment.once not in found.done]
    return sorted(moments, key=_order)


def _order(moment: Moment) -> tuple[datetime, str]:
    return moment.at, moment.once


def first(catalog: Catalog, agency: str, term_class: str, due: Due) -> datetime | None:
    """The first moment of a case that has just come in; what `pending` would say of it, remembered by its day."""
    if due.term.unit is Unit.HOURS:
        return _first(catalog, agency, term_class, due)
    known = _known(catalog)
    # What an agency is called moves no step: those whose days are counted alike have the same.
    key = (counted(catalog, agency), term_class, due.effective)
    if key not in known:
        if len(known) > 50_000:
            known.clear()
        known[key] = _first(catalog, agency, term_class, due)
    return known[key]


@per_catalog
def _known(catalog: Catalog) -> dict[tuple[Count, str, date], datetime | None]:
    return {}


def _first(catalog: Catalog, agency: str, term_class: str, due: Due) -> datetime | None:
    clock = Clock(
        agency=agency, term_class=term_class, began=Began.RECEIVED, started_at=due.received_at,
        effective=due.effective, term=due.term, n=due.term.n, due_at=due.due_at, count=counted(catalog, agency),
    )  # fmt: skip
    moments = pending(Clocks(legal=(clock,), citizen=clock, touched_at=None, touches=(None,)), catalog)
    return moments[0].at if moments else None


def lease_ends(found: Clocks, catalog: Catalog) -> datetime | None:
    """When a case that somebody holds and does not touch is offered again.

    None when nobody was given it, when its clock stands still or has ended, and when its agency never opens.
    """
    if found.worked_at is None or not found.present.runs:
        return None
    try:
        return found.present.count.workdays.after(found.worked_at, catalog.timekeeping.lease_hours * 60)
    except ValueError:
        return None


def _moments(found: Clocks, catalog: Catalog) -> Iterator[Moment]:
    number = len(found.legal) - 1
    for no, clock in enumerate(found.legal):
        # A case that was answered late while nobody was looking was late all the same.
        if clock.late_at is not None and (no < number or not clock.runs):
            yield _breach(clock, no, catalog)
        if clock.deemed_granted_at is not None and (no < number or not clock.runs):
            yield from _granted(clock, no, catalog)
    clock = found.present
    if clock.suspended_at is not None:
        yield _withdrawal(clock, number)
    elif clock.runs:
        yield from _known_of_the_term(clock, number, catalog)
    if number:
        yield from _of_the_citizen(found)


def _of_the_citizen(found: Clocks) -> Iterator[Moment]:
    """Whoever was passed on or came back may have waited too long without any agency being late."""
    citizen = found.citizen
    at = citizen.late_at or citizen.due_at + SECOND
    told = at in {clock.late_at or clock.due_at + SECOND for clock in found.legal if clock.late_at or clock.runs}
    if not told and (citizen.runs or citizen.late_at):
        data = {"clock": CITIZEN, "due": _iso(at - SECOND)}
        yield Moment(
            at=at, once=f"{CITIZEN}:breach", kind=EventKind.BREACHED, step=f"{CITIZEN}-breach", tell=(), data=data
        )


def _known_of_the_term(clock: Clock, number: int, catalog: Catalog) -> Iterable[Moment]:
    """The same, remembered for clocks in days that never stood still and are as they began: those of a day 0."""
    if clock.pauses or clock.revisions or clock.term.unit is Unit.HOURS:
        return _of_the_term(clock, number, catalog)
    known = _terms(catalog)
    # What an agency is called moves no step: those whose days are counted alike have the same.
    key = (clock.count, clock.term_class, clock.effective, number, clock.late_at, clock.deemed_granted_at)
    found = known.get(key)
    if found is None:
        if len(known) > 50_000:
            known.clear()
        found = known[key] = tuple(sorted(_of_the_term(clock, number, catalog), key=_order))
    return found


@per_catalog
def _terms(
    catalog: Catalog,
) -> dict[tuple[Count, str, date, int, datetime | None, datetime | None], tuple[Moment, ...]]:
    return {}


def _of_the_term(clock: Clock, number: int, catalog: Catalog) -> Iterator[Moment]:
    yield _breach(clock, number, catalog)
    yield from _granted(clock, number, catalog)
    for step in catalog.timekeeping.steps:
        at = None if step.after == 0 else _instant(clock, step)
        if at is None:
            continue
        if step.after:
            yield _step(clock, number, EventKind.ESCALATED, step, at)
        # What another term would have warned of before it was given is no news.
        elif clock.revised_at is None or at >= clock.revised_at:
            yield _step(clock, number, EventKind.WARNED, step, at)


def _step(clock: Clock, number: int, kind: EventKind, step: Step, at: datetime) -> Moment:
    return Moment(
        at=at,
        # More time and another class make new warnings; a holiday that moves the deadline by a day does not.
        once=f"{number}.{clock.revisions}:{step.key}",
        kind=kind,
        step=step.key,
        tell=step.tell,
        data={"clock": number, "step": step.key, "due": _iso(clock.due_at)},
    )


def _breach(clock: Clock, number: int, catalog: Catalog) -> Moment:
    at = clock.late_at or clock.due_at + SECOND
    steps = [step for step in catalog.timekeeping.steps if step.after == 0]
    told = dict.fromkeys(one for step in steps for one in step.tell)
    return Moment(
        at=at,
        once=f"{number}:breach",
        kind=EventKind.BREACHED,
        step=steps[0].key if steps else "breach",
        tell=tuple(told) if clock.ended_at is None else (),
        data={"clock": number, "due": _iso(at - SECOND)},
    )


def _granted(clock: Clock, number: int, catalog: Catalog) -> Iterator[Moment]:
    """Silence grants it, if it is of such a class; the copies are due so many business days later."""
    days = catalog.terms[clock.term_class].granted_after
    if days is None:
        return
    at = clock.deemed_granted_at or clock.due_at + SECOND
    copies_due = clock.count.end(clock.local(at - SECOND), days, Unit.BUSINESS_DAYS)
    yield Moment(
        at=at,
        once=f"{number}:deemed-granted",
        kind=EventKind.DEEMED_GRANTED,
        step="deemed-granted",
        tell=(Told.MANAGER, Told.HEAD) if clock.ended_at is None else (),
        data={"clock": number, "step": "deemed-granted", "due": _iso(at - SECOND), "copies_due": _iso(copies_due)},
    )


def _withdrawal(clock: Clock, number: int) -> Moment:
    """The day after the citizen's last one, a person is asked whether the request counts as withdrawn."""
    pause = clock.pauses[-1]
    midnight = datetime.combine(pause.until + timedelta(days=1), time(0), clock.count.zone)
    step = f"withdrawal-{len(clock.pauses)}{'-again' if pause.prolonged else ''}"
    return Moment(
        at=midnight.astimezone(UTC),
        once=f"{number}:{step}",
        kind=EventKind.WITHDRAWAL_PROPOSED,
        step=step,
        tell=(Told.MANAGER,),
        data={"clock": number, "step": step, "due": _iso(clock.due_at)},
    )


def _instant(clock: Clock, step: Step) -> datetime | None:
    """When a step falls: at the opening of its day, or at its hour; None for one that the term is too short for."""
    if clock.term.unit is Unit.HOURS:
        return _hour(clock, step)
    if step.after is not None:
        return _opening(clock, clock.count.workdays.add(clock.local(clock.due_at), step.after))
    if step.before is not None:
        return _opening(clock, clock.day(clock.n - step.before)) if step.before < clock.n else None
    # 0.28 of 25 is seven days, though the product is a hair more.
    return _opening(clock, clock.day(ceil(round((step.share or 0) * clock.n, 6))))


def _hour(clock: Clock, step: Step) -> datetime | None:
    if step.after is not None:
        return clock.due_at + SECOND + timedelta(hours=step.after)
    if step.before is not None:
        return clock.hour(clock.n - step.before) if step.before < clock.n else None
    return clock.hour((step.share or 0) * clock.n)


def _opening(clock: Clock, day: date) -> datetime:
    return clock.count.workdays.opening(day).astimezone(UTC)


@lru_cache(maxsize=4096)
def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
