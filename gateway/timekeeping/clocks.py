"""The clocks of cases in the database: derived from their events, and kept as rows in the same transaction.

`keep` is the only place where clock columns and rows are written, save for a case that has just come in, whose first
clock says nothing that its own row does not (`gateway.store.clocks.begin`).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.ledger import Ledger
from gateway.store import alarms
from gateway.store import clocks as rows
from gateway.store.bulk import Writes
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


class Derived(NamedTuple):
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
    return (await settle(conn, catalog, case_ids, now=now, recount=recount)).news


@dataclass(frozen=True, slots=True)
class Settled:
    """What has been noted, and the cases that nobody has any more, each with the id of who had it."""

    news: list[News]
    lost: dict[int, int]


async def settle(
    conn: AsyncConnection,
    catalog: Catalog,
    case_ids: Collection[int],
    *,
    now: datetime,
    recount: bool = False,
) -> Settled:
    """Like `keep`, and who has lost a case comes back too."""
    if not case_ids:
        return Settled([], {})
    reckoned = Reckoning(catalog, now=now, recount=recount)
    reckoned.take(await rows.logs(conn, case_ids, kept=True))
    for logged, reason in reckoned.unknown:
        await alarms.ring(conn, kind="no-clock", subject=logged.case.agency, detail=reason, now=now)
        await rows.leave(conn, logged.case.id)
    due = reckoned.due
    fresh = await rows.note(conn, [(found.logged.case.id, moment) for found, moment in due]) if due else set()
    writes = Writes(conn)
    rows.add(writes, reckoned.cases, reckoned.begun, reckoned.clocks)
    await reckoned.ledger.write(conn, after=writes)
    news = [
        News(found.logged.case, moment, found.clocks.present)
        for found, moment in due
        if (found.logged.case.id, moment.once) in fresh
    ]
    return Settled(news, reckoned.lost)


class Reckoning:
    """What follows for cases from what is kept of them: a pure reckoning.

    With `recount`, a deadline that is another than the one kept is told in the case's log.
    """

    def __init__(self, catalog: Catalog, *, now: datetime, recount: bool) -> None:
        # What the configuration no longer has, and the cases whose logs name it.
        self.unknown: list[tuple[Logged, str]] = []
        self.due: list[tuple[Derived, Moment]] = []
        self.lost: dict[int, int] = {}
        self.ledger = Ledger(now)
        # What is kept otherwise than it was derived: most of what is looked at stays as it is, or moves in a column.
        self.cases: list[dict[str, Any]] = []
        self.clocks: list[dict[str, Any]] = []
        self.begun: list[dict[str, Any]] = []
        self._catalog, self._now, self._recount = catalog, now, recount
        self._zone = ZoneInfo(catalog.gateway.timezone)

    def take(self, cases: Iterable[Logged]) -> None:
        """Reckon some cases."""
        for logged in cases:
            found = self._derived(logged)
            if found is None:
                continue
            if self._recount:
                _recounted(self.ledger, found)
            self.due += [(found, moment) for moment in found.pending if moment.at <= self._now]
            columns = case_columns(found, self._catalog, self._now)
            if _lapsed(self.ledger, self._catalog, found, self._now):
                self.lost[logged.case.id] = logged.case.assignee_id
                columns["assignee_id"] = None
            self._compare(logged, columns, clock_rows(logged.case, found.clocks, zone=self._zone))

    def _derived(self, logged: Logged) -> Derived | None:
        try:
            found = clocks(logged.events, self._catalog, self._now)
            return Derived(logged, found, pending(found, self._catalog))
        except (KeyError, ValueError) as error:
            reason = str(error.args[0]) if error.args else type(error).__name__
            log.error("clocks cannot be derived", case=logged.case.number, reason=reason)
            self.unknown.append((logged, reason))
            return None

    def _compare(self, logged: Logged, columns: dict[str, Any], clocks: Iterable[dict[str, Any]]) -> None:
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


def _recounted(ledger: Ledger, found: Derived) -> None:
    case, present, citizen = found.logged.case, found.clocks.present, found.clocks.citizen
    old, new = (case.due_at, case.citizen_due_at), (_kept(present.due_at), _kept(citizen.due_at))
    # A row without an effective day is from before clocks were kept.
    if case.effective and old != new:
        ledger.event(
            case.id,
            EventKind.RECOMPUTED,
            **{"from": _kept_iso(old[0]), "to": _kept_iso(new[0])},
            citizen_from=_kept_iso(old[1]),
            citizen_to=_kept_iso(new[1]),
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
        "due_at": _kept(present.due_at),
        "effective": _day(present.effective),
        "suspended_at": _micros(present.suspended_at),
        "citizen_due_at": _kept(kept.citizen.due_at),
        "late_at": _micros(kept.late_at),
        "touched_at": _micros(kept.touched_at),
        "next_step_at": _kept(min(steps)) if steps else None,
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
            "month": clock.started_at.astimezone(zone).date().isoformat()[:7],
            "effective": _day(clock.effective),
            "due_at": _kept(clock.due_at),
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


# Deadlines, steps and days are the same objects for all cases of a day: what they are in the database is remembered.
_kept = lru_cache(maxsize=4096)(micros)
_day = lru_cache(maxsize=4096)(date.isoformat)


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else micros(instant)


@lru_cache(maxsize=4096)
def iso(instant: datetime) -> str:
    """An aware instant as events and the API write it: UTC, with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _kept_iso(at: int) -> str:
    return iso(instant_of(at))
