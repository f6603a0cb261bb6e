"""Keeping the clocks of many cases as far as they can be kept: one that cannot be holds up no other."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.staffing import assigning
from gateway.store import alarms
from gateway.store import timekeeping as rows
from gateway.store.engine import Store
from gateway.timekeeping import notices
from routing.catalog import Catalog

log = structlog.get_logger()

# When a case whose clocks cannot be kept is looked at again.
_LATER: Final = timedelta(hours=1)

# The ids of the cases to be kept, locked where others could take them too.
Choose = Callable[[AsyncConnection], Awaitable[Sequence[int]]]


@dataclass(slots=True)
class Kept:
    """What was done: the cases looked at, what was noted by kind, and the channels that have something to send."""

    case_ids: list[int] = field(default_factory=list)
    noted: Counter[str] = field(default_factory=Counter)
    outgoing: set[str] = field(default_factory=set)

    def add(self, other: "Kept") -> None:
        """Count in what was done elsewhere."""
        self.case_ids += other.case_ids
        self.noted.update(other.noted)
        self.outgoing |= other.outgoing


async def keep(store: Store, catalog: Catalog, choose: Choose, *, now: datetime) -> Kept:
    """Keep the clocks of the cases that `choose` finds, tell people, and give lost cases to others."""
    try:
        return await store.transact(lambda conn: _chosen(conn, catalog, choose, now=now))
    except Exception:  # the outermost frame of a batch: each of its cases is then tried alone
        log.exception("clocks of a batch cannot be kept")
    async with store.read() as conn:
        case_ids = await choose(conn)
    kept = Kept()
    for case_id in case_ids:
        kept.add(await _alone(store, catalog, case_id, now=now))
    return kept


async def together(conn: AsyncConnection, catalog: Catalog, case_ids: Sequence[int], *, now: datetime) -> Kept:
    """The same within a transaction, all or none."""
    news = await assigning.keep(conn, catalog, case_ids, now=now, recount=True)
    outgoing = await notices.tell(conn, catalog, news, now=now)
    return Kept(list(case_ids), Counter(each.moment.kind.value for each in news), outgoing)


async def _chosen(conn: AsyncConnection, catalog: Catalog, choose: Choose, *, now: datetime) -> Kept:
    return await together(conn, catalog, await choose(conn), now=now)


async def _alone(store: Store, catalog: Catalog, case_id: int, *, now: datetime) -> Kept:
    try:
        return await store.transact(lambda conn: _chosen(conn, catalog, lambda conn: rows.lock(conn, case_id), now=now))
    except Exception as error:  # the outermost frame of a case
        log.exception("clocks of a case cannot be kept", case_id=case_id)
        reason = type(error).__name__

    async def put_off(conn: AsyncConnection) -> None:
        agency = await rows.put_off(conn, case_id, until=now + _LATER)
        detail = f"{agency}: the clocks of a case cannot be kept ({reason}); see the log"
        await alarms.ring(conn, kind="no-clock", subject=agency, detail=detail, now=now)

    await store.transact(put_off)
    return Kept([case_id])
