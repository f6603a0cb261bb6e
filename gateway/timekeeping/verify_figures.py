"""The figures of all time, counted one by one from derived clocks, beside those the engine counts from kept ones."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal, Role
from gateway.reports.adding import clocks_only
from gateway.reports.period import told_apart
from gateway.store import timeliness
from gateway.store.schema import micros
from gateway.store.timeliness import Asked, Dimension
from routing.catalog import Catalog
from routing.timeliness import QUARTER_MINUTES, Tally

_EVERYBODY: Final = Principal(id=0, name="verify", role=Role.AUDITOR, agency=None)
_SECOND: Final = 1_000_000
# What is counted of other things than clocks, or needs another table.
_ELSEWHERE: Final = frozenset(
    {
        "wordless", "reopened_soon", "ages", "answers", "short_answers", "reached", "wrote", "messages_in",
        "messages_out", "messages_of_all", "agencies", "managed", "national", "national_partners", "territorial",
        "territorial_partners",
    }
)  # fmt: skip


class Recount:
    """A tally of whole cases, each by its last stay, made without the engine."""

    def __init__(self, catalog: Catalog, now: datetime) -> None:
        self._catalog = catalog
        self._tally = Tally()
        granted, texting = told_apart(catalog)
        self._granted, self._texting = frozenset(granted), frozenset(texting)
        self._asked = Asked(
            by=Dimension.NONE,
            start=datetime(1970, 1, 2, tzinfo=UTC),
            end=datetime(9999, 1, 1, tzinfo=UTC),
            months=(("0000-01", now), ("9999-12", now)),
            now=now,
            granted=granted,
            texting=texting,
        )
        self._now = micros(now)

    def take(self, rows: Sequence[dict[str, Any]]) -> None:
        """Count a case by all of its clocks."""
        tally = self._tally
        last = next(row for row in rows if row["latest"])
        # A derived clock is late from its first second on.
        answered, late = last["answered_at"] is not None, last["late_at"] is not None
        over = last["due_at"] + _SECOND
        tally.received += 1
        tally.answered += answered
        tally.on_time += answered and (last["late_at"] is None or last["answered_at"] < over)
        tally.late += late
        tally.decided += answered or late
        tally.ripe += late or (answered and over <= self._now)
        tally.extended += last["extended"]
        tally.suspended += last["paused"]
        tally.closed += last["ended_by"] is not None
        tally.texted += last["channel"] in self._texting
        self._take_transfers(rows, last)
        self._take_granted(last)
        for histogram, value in ((tally.days, last["days"]), (tally.citizen_days, last["citizen_days"])):
            if value is not None:
                histogram[value] += 1
        if last["touch_minutes"] is not None:
            tally.touches[last["touch_minutes"] // QUARTER_MINUTES] += 1

    def _take_transfers(self, rows: Sequence[dict[str, Any]], last: dict[str, Any]) -> None:
        sent = [row for row in rows if row["ended_by"] == "transferred"]
        scored = [row for row in sent if row["transfer_due_at"] is not None]
        self._tally.transferred += last["began"] == "transferred"
        self._tally.transfers += len(sent)
        self._tally.transfers_scored += len(scored)
        self._tally.transfers_in_time += sum(row["ended_at"] < row["transfer_due_at"] + _SECOND for row in scored)
        self._tally.misrouted += any(row["late_at"] is None for row in sent)

    def _take_granted(self, last: dict[str, Any]) -> None:
        if last["term_class"] in self._granted:
            self._tally.grantable += 1
            self._tally.granted += last["deemed_granted_at"] is not None

    async def differences(self, conn: AsyncConnection) -> Iterator[tuple[str, Any, Any]]:
        """What the engine counts otherwise: name, its count, ours."""
        counted = await timeliness.count(conn, _EVERYBODY, self._asked)
        return _unlike(clocks_only(self._catalog, counted, self._asked.now), self._tally)


def _unlike(engine: Tally, ours: Tally) -> Iterator[tuple[str, Any, Any]]:
    for each in fields(Tally):
        if each.name not in _ELSEWHERE and getattr(engine, each.name) != getattr(ours, each.name):
            yield each.name, _shown(getattr(engine, each.name)), _shown(getattr(ours, each.name))


def _shown(value: Any) -> Any:
    return value if isinstance(value, int) else dict(sorted(value.items()))
