"""The clocks of cases in the database: derived from their events, and kept as rows in the same transaction.

`keep` is the only place where clock columns and rows are written, save for a case that has just come in, whose first
clock says nothing that its own row does not (`gateway.store.clocks.begin`).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ledger import Ledger
from gateway.store import alarms
from gateway.store import clocks as rows
from gateway.store.clocks import Logged
from gateway.store.schema import instant_of, micros
from routing.case import SYSTEM, EventKind
from routing.catalog import Catalog
from routing.clocks import Began, Clock, Clocks, clocks
from routing.steps import Moment, lease_ends, pending

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """A moment of a case that has just been noted, and its present legal clock. Instants of `case` are microseconds."""

    case: Any
    moment: Moment
    clock: Clock


@dataclass(frozen=True, slots=True)
class Derived:
    """What a case's log says of its clocks."""

    logged: Logged
    clocks: Clocks
    pending: list[Moment]


async def keep(
    conn: AsyncConnection, catalog: Catalog, case_ids: Collection[int], *, now: datetime, recount: bool = False
) -> list[News]:
    """Derive the clocks of cases from their logs and keep them; note what has fallen due, each once for ever.

    With `recount`, a deadline that is another than the one kept is told in the case's log: nothing else has happened
    to the case, so the calendar or the terms have.
    """
    if not case_ids:
        return []
    ledger, zone = Ledger(now), ZoneInfo(catalog.gateway.timezone)
    derived = [
        found
        for logged in await rows.logs(conn, case_ids, kept=True)
        if (found := await _derive(conn, catalog, logged, now))
    ]
    if recount:
        for found in derived:
            _recounted(ledger, found)
    due = [(found, moment) for found in derived for moment in found.pending if moment.at <= now]
    fresh = await rows.note(conn, [(found.logged.case.id, moment) for found, moment in due]) if due else set()
    lapsed = {found.logged.case.id for found in derived if _lapsed(ledger, catalog, found, now)}
    changes = _Changes()
    for found in derived:
        columns = case_columns(found, catalog, now)
        if found.logged.case.id in lapsed:
            columns["assignee_id"] = None
        changes.take(found.logged, columns, clock_rows(found.logged.case, found.clocks, zone=zone))
    await rows.write(conn, changes.cases, changes.begun, changes.clocks)
    await ledger.write(conn)
    return [
        News(found.logged.case, moment, found.clocks.present)
        for found, moment in due
        if (found.logged.case.id, moment.once) in fresh
    ]


@dataclass(slots=True)
class _Changes:
    """What is kept otherwise than it was derived: most of what is looked at stays as it is, or moves in a column."""

    cases: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    begun: list[dict[str, Any]] = field(default_factory=list)

    def take(self, logged: Logged, columns: dict[str, Any], clocks: Iterable[dict[str, Any]]) -> None:
        """Note what must be written of a case."""
        case = logged.case
        changed = {name: value for name, value in columns.items() if getattr(case, name) != value}
        if changed:
            self.cases.append({"id": case.id, **changed})
        kept = {row.no: row for row in logged.kept}
        for clock in clocks:
            old = kept.get(clock["no"])
            if old is None:
                self.begun.append(clock)
            elif old != tuple(clock.values()):
                moved = {name: value for (name, value), was in zip(clock.items(), old, strict=True) if value != was}
                self.clocks.append({"case_id": case.id, "no": old.no, **moved})


async def _derive(conn: AsyncConnection, catalog: Catalog, logged: Logged, now: datetime) -> Derived | None:
    """The clocks of a case; None, and an alarm, when the configuration no longer has what its log names."""
    try:
        found = clocks(logged.events, catalog, now)
        return Derived(logged, found, pending(found, catalog))
    except (KeyError, ValueError) as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        log.error("clocks cannot be derived", case=logged.case.number, reason=reason)
        await alarms.ring(conn, kind="no-clock", subject=logged.case.agency, detail=reason, now=now)
        await rows.leave(conn, logged.case.id)
        return None


def _recounted(ledger: Ledger, found: Derived) -> None:
    case, present, citizen = found.logged.case, found.clocks.present, found.clocks.citizen
    old, new = (case.due_at, case.citizen_due_at), (micros(present.due_at), micros(citizen.due_at))
    # A row without an effective day is from before clocks were kept.
    if case.effective and old != new:
        ledger.event(
            case.id,
            EventKind.RECOMPUTED,
            **{"from": iso(instant_of(old[0])), "to": iso(present.due_at)},
            citizen_from=iso(instant_of(old[1])),
            citizen_to=iso(citizen.due_at),
        )


def _lapsed(ledger: Ledger, catalog: Catalog, found: Derived, now: datetime) -> bool:
    """Offer a case again whose holder has not touched it for the time a lease lasts."""
    case = found.logged.case
    if case.assignee_id is None or case.state != "open":
        return False
    ends = lease_ends(found.clocks, catalog)
    if ends is None or ends > now:
        return False
    ledger.event(case.id, EventKind.UNASSIGNED, actor=SYSTEM, staff=str(case.assignee_id), reason="lease")
    return True


def case_columns(found: Derived, catalog: Catalog, now: datetime) -> dict[str, Any]:
    """The columns of a case that say where its clocks stand, with its id. Instants in microseconds."""
    case, kept, present = found.logged.case, found.clocks, found.clocks.present
    steps = [moment.at for moment in found.pending if moment.at > now]
    lease = lease_ends(kept, catalog) if case.assignee_id is not None and case.state == "open" else None
    if lease is not None and lease > now:
        steps.append(lease)
    return {
        "id": case.id,
        "due_at": micros(present.due_at),
        "effective": present.effective.isoformat(),
        "suspended_at": _micros(present.suspended_at),
        "citizen_due_at": micros(kept.citizen.due_at),
        "late_at": _micros(kept.late_at),
        "touched_at": _micros(kept.touched_at),
        "next_step_at": _micros(min(steps, default=None)),
    }


def clock_rows(case: Any, found: Clocks, *, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """The rows of a case's legal clocks, as reports count them."""
    latest = max(no for no, clock in enumerate(found.legal) if clock.began is not Began.REOPENED)
    for no, clock in enumerate(found.legal):
        touch = found.touches[no]
        yield {
            "case_id": case.id,
            "no": no,
            "began": clock.began.value,
            "agency": clock.agency,
            "term_class": clock.term_class,
            "channel": case.channel,
            "territory": case.territory,
            "started_at": micros(clock.started_at),
            "month": clock.started_at.astimezone(zone).isoformat()[:7],
            "effective": clock.effective.isoformat(),
            "due_at": micros(clock.due_at),
            "latest": no == latest,
            "answered_at": _micros(clock.answered_at),
            "ended_at": _micros(clock.ended_at),
            "ended_by": clock.ended_by,
            "late_at": _micros(clock.late_at),
            "suspended_at": _micros(clock.suspended_at),
            "paused": bool(clock.pauses),
            "extended": clock.extensions > 0,
            "deemed_granted_at": _micros(clock.deemed_granted_at),
            "transfer_due_at": _micros(clock.transfer_due_at),
            "days": _days(clock),
            "citizen_days": _citizen_days(clock, found.citizen),
            "touch_minutes": None if touch is None else clock.count.workdays.minutes(clock.started_at, touch),
        }


def _days(clock: Clock) -> int | None:
    if clock.answered_at is None:
        return None
    return clock.count.workdays.between(clock.effective, clock.answered_at.astimezone(clock.count.zone).date())


def _citizen_days(clock: Clock, citizen: Clock) -> int | None:
    if clock.answered_at is None:
        return None
    zone = clock.count.zone
    return (clock.answered_at.astimezone(zone).date() - citizen.started_at.astimezone(zone).date()).days


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else micros(instant)


@lru_cache(maxsize=4096)
def iso(instant: datetime) -> str:
    """An aware instant as events and the API write it: UTC, with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
