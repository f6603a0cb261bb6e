"""The clocks of a case as its page shows them, and what the law allows to be done with them now."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from gateway.principal import Principal
from gateway.timekeeping import standing
from gateway.timekeeping.standing import Told
from gateway.web.console.due import LOOKS
from routing.case import CaseState, EventKind
from routing.catalog import Catalog, TermRow, Unit
from routing.clocks import Clock, Clocks, Standing
from routing.terms import Day

# What an answer to a request to complete is followed by, when it no longer is the last word.
_OF_COMPLETION: Final = (
    EventKind.COMPLETED, EventKind.RESUMED, EventKind.COMPLETION_REQUESTED, EventKind.INCOMPLETE,
    EventKind.TRANSFERRED, EventKind.REOPENED,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clock on the page. `look` is a CSS class; `left` is in the term's unit, None once it has ended."""

    clock: Clock
    agency: str
    standing: Standing
    look: str
    left: float | None
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The agency's present clock, the citizen's, and those of the agencies before, the latest first."""

    present: Shown
    citizen: Shown
    earlier: list[Shown]
    # Completion was asked for, and the citizen is not notified yet.
    asked_at: datetime | None


def panel(catalog: Catalog, found: Clocks, now: datetime) -> Panel:
    """What the page shows of a case's clocks."""
    present, *earlier = [_shown(catalog, clock, now) for clock in reversed(found.legal)]
    return Panel(
        present=present, citizen=_shown(catalog, found.citizen, now), earlier=earlier, asked_at=found.asked_at
    )  # fmt: skip


def _shown(catalog: Catalog, clock: Clock, now: datetime) -> Shown:
    stands = standing.of_clock(catalog, clock, now)
    known = catalog.agencies.get(clock.agency)
    return Shown(
        clock=clock,
        agency=known.short if known else clock.agency,
        standing=stands,
        look=LOOKS[stands],
        left=standing.left(clock, now),
        days=clock.explain(now),
    )


@dataclass(frozen=True, slots=True)
class Why:
    """Why something may not be done now: a text's key, and what fills it."""

    key: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something that moves the clocks. `why` says what the law or the desk has against it now."""

    name: str
    why: Why | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when an extension may be: the first and the last possible day."""

    first: date
    last: date


def verbs(catalog: Catalog, principal: Principal, case: Any, told: Told, now: datetime) -> list[Verb]:
    """The forms to be offered for an open case, in their order; those that would be refused say why.

    The desk decides again when they come (`gateway.desk.timing`).
    """
    if not CaseState(case.state).is_open:
        return []
    held = case.assignee_id not in (None, principal.id) and principal.agency is not None
    present = told.clocks.present
    stopped = case.asked_at is not None or present.suspended_at is not None
    by_holder = Why("refusal.held", {}) if held else None
    offered = [Verb(name="classify")]
    if stopped:
        offered.append(Verb(name="resume"))
        if present.suspended_at is not None:
            offered.append(Verb(name="prolong", why=_no_prolonging(present, now)))
    else:
        offered.append(Verb(name="completion", why=by_holder or _no_asking(catalog, case, present, now)))
        if _completed(told):
            offered.append(Verb(name="incomplete", why=by_holder or _unreachable(case)))
    return [*offered, Verb(name="extend", why=by_holder or _no_extension(present, now))]


def _completed(told: Told) -> bool:
    """Whether the last thing about completion is an answer of the citizen's, which may have been a part."""
    last = next((event.kind for event in reversed(told.events) if event.kind in _OF_COMPLETION), None)
    return last == EventKind.COMPLETED and bool(told.clocks.present.pauses)


def span(present: Clock) -> Span:
    """The days an extension may end on; the last one is before the first when the class has none."""
    last = _day(present, present.due_at)
    more = max(0, (present.term.cap or 0) - present.n)
    unit = present.term.unit
    return Span(first=present.count.add(last, 1, unit), last=present.count.add(last, more, unit) if more else last)


def _no_asking(catalog: Catalog, case: Any, present: Clock, now: datetime) -> Why | None:
    days = catalog.timekeeping.completion_days
    last = present.count.workdays.add(present.effective, days)
    if _day(present, now) > last:
        return Why("refusal.completion_late", {"days": days, "last": last})
    return _unreachable(case)


def _unreachable(case: Any) -> Why | None:
    return Why("refusal.unreachable", {}) if case.reply_urn is None else None


def _no_prolonging(present: Clock, now: datetime) -> Why | None:
    pause = present.pauses[-1]
    if pause.prolonged:
        return Why("refusal.prolonged", {})
    return Why("refusal.month_over", {"last": pause.until}) if _day(present, now) > pause.until else None


def _no_extension(present: Clock, now: datetime) -> Why | None:
    term: TermRow = present.term
    if term.cap is None or term.unit is Unit.HOURS:
        return Why("refusal.no_extension", {"source": term.source})
    if present.extensions:
        return Why("refusal.extended", {})
    if present.suspended_at is not None:
        return Why("refusal.stopped", {})
    if now > present.due_at:
        return Why("refusal.over", {})
    if present.n >= term.cap:
        return Why("refusal.no_extension", {"source": term.source})
    return None


def _day(clock: Clock, at: datetime) -> date:
    return at.astimezone(clock.count.zone).date()
