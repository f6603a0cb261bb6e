"""Whether time can be kept by what the configuration says: steps, opening hours, suspensions and terms."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from gateway.catalog.checks import Draft, Terms, repeated
from gateway.catalog.source import Fault, Part, Source, Where
from routing.catalog import Agency, Calendar, Catalog, Hours, Step, Suspension, Timekeeping, Unit
from routing.workdays import Workdays

_PLACES: Final = ("share", "before", "after")
# Words the timekeeper notes its own moments by.
_TAKEN: Final = ("deemed-granted", "withdrawal")
# A term that stands still for longer than this has been suspended by a slip of the pen, in days.
_LONGEST: Final = 366


def faults(draft: Draft) -> Iterator[Fault]:
    """What can be said of each file by itself."""
    if draft.timekeeping is not None:
        yield from _step_faults(draft.timekeeping)
    for calendar in draft.calendars:
        yield from _calendar_faults(calendar)
    for agency in draft.agencies:
        yield from _agency_faults(agency)
    yield from _granted_faults(draft.terms)


def _step_faults(part: Part[Timekeeping]) -> Iterator[Fault]:
    if part.fact is None:
        return
    source, steps = part.source, part.fact.steps
    yield from repeated(source, ("steps",), [step.key for step in steps])
    for index, step in enumerate(steps):
        yield from _placement_faults(source, ("steps", index), step)


def _placement_faults(source: Source, where: Where, step: Step) -> Iterator[Fault]:
    placed = [name for name in _PLACES if getattr(step, name) is not None]
    if not placed:
        yield source.fault(where, f"'{step.key}' has no place: give one of {', '.join(_PLACES)}")
    elif len(placed) > 1:
        yield source.fault((*where, placed[1]), f"'{step.key}' is placed by '{placed[0]}' already: keep one of the two")
    if step.key.startswith(_TAKEN):
        yield source.fault((*where, "key"), f"'{step.key}' is a name the timekeeper uses itself: choose another")
    for index, told in enumerate(step.tell):
        if told in step.tell[:index]:
            yield source.fault((*where, "tell", index), f"'{told}' is told already")


def _calendar_faults(part: Part[Calendar]) -> Iterator[Fault]:
    calendar, source = part.fact, part.source
    if calendar is None:
        return
    yield from _day_faults(source, calendar.hours)
    opened = {day for group in calendar.hours if group.open for day in group.days}
    if opened and calendar.working_days and opened.isdisjoint(calendar.working_days):
        yield source.fault(("hours",), "no working day has working hours: give hours to one of working_days")
    for index, row in enumerate(calendar.suspensions):
        for earlier in calendar.suspensions[:index]:
            if row.first <= earlier.last and earlier.first <= row.last and _same(row, earlier):
                yield source.fault(
                    ("suspensions", index, "first"), f"overlaps the suspension from {earlier.first} to {earlier.last}"
                )


def _same(one: Suspension, other: Suspension) -> bool:
    """Whether two suspensions hold for the same agencies: a strike may fall into a flood, but not into itself."""
    return set(one.agencies) == set(other.agencies) and set(one.territories) == set(other.territories)


def _agency_faults(part: Part[Agency]) -> Iterator[Fault]:
    agency, source = part.fact, part.source
    if agency is None:
        return
    yield from _day_faults(source, agency.hours)
    if agency.hours and not any(group.days and group.open for group in agency.hours):
        yield source.fault(("hours",), "the agency has no working hours: give days and open, or leave 'hours' out")


def _day_faults(source: Source, hours: Sequence[Hours]) -> Iterator[Fault]:
    """A weekday with hours in two groups, of which only the last would count."""
    known: set[str] = set()
    for index, group in enumerate(hours):
        for at, day in enumerate(group.days):
            if day in known:
                yield source.fault(("hours", index, "days", at), f"'{day}' has its hours already")
            known.add(day)


def _granted_faults(part: Part[Terms]) -> Iterator[Fault]:
    if part.fact is None:
        return
    for index, term in enumerate(part.fact.classes):
        if term.granted_after is not None and any(row.unit is Unit.HOURS for row in term.rows):
            yield part.source.fault(
                ("classes", index, "granted_after"), f"counts business days, and '{term.key}' is counted in hours"
            )


def closed_faults(catalog: Catalog, draft: Draft) -> Iterator[Fault]:
    """Suspensions that leave an agency without a business day for a year: no term of theirs would end."""
    sources = {part.key: part.source for part in draft.calendars}
    told: set[tuple[str, int]] = set()
    for agency in catalog.agencies.values():
        workdays = _workdays(catalog, agency)
        suspensions = catalog.calendars[agency.calendar].suspensions if workdays else ()
        for index, row in enumerate(suspensions):
            place = (agency.calendar, index)
            if workdays and place not in told and not _opens(workdays, row):
                told.add(place)
                yield sources[agency.calendar].fault(
                    ("suspensions", index, "last"), f"leaves '{agency.key}' without a business day for a year"
                )


def _workdays(catalog: Catalog, agency: Agency) -> Workdays | None:
    """The agency's days; None when its calendar, a zone or a time is faulty, which is told elsewhere."""
    calendar = catalog.calendars.get(agency.calendar)
    if calendar is None or not calendar.working_days or not calendar.suspensions:
        return None
    try:
        return Workdays(catalog, agency)
    except (KeyError, ValueError, OSError):
        return None


def _opens(workdays: Workdays, row: Suspension) -> bool:
    """Whether some day within a year from the beginning of a suspension is a business day."""
    days = min(_LONGEST, (row.last.max - row.first).days)
    return any(workdays.is_business_day(row.first + timedelta(days=ahead)) for ahead in range(days))
