"""Who is told when a clock reaches a moment: a notice on the console, and a message where somebody wants one.

Whoever keeps clocks tells people in the same transaction, because a moment is noted once for ever: `keep` does both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import words
from gateway.ledger import NOTICE, Ledger
from gateway.staffing import assigning
from gateway.store import notices as rows
from gateway.store import timekeeping
from gateway.store.notices import Notice, Reader
from gateway.timekeeping.clocks import News
from routing.case import EventKind
from routing.catalog import Catalog, Told, Unit
from routing.clocks import Clock
from routing.workdays import Workdays

# What weighs most is said, when several moments of a case come together.
_WEIGHT: Final = (
    EventKind.WARNED,
    EventKind.WITHDRAWAL_PROPOSED,
    EventKind.BREACHED,
    EventKind.DEEMED_GRANTED,
    EventKind.ESCALATED,
)


async def keep(
    conn: AsyncConnection, catalog: Catalog, case_ids: Collection[int], *, now: datetime, recount: bool = False
) -> set[str]:
    """Keep the clocks of cases and tell people what has fallen due; the channels that have something to send."""
    return await tell(conn, catalog, await assigning.keep(conn, catalog, case_ids, now=now, recount=recount), now=now)


async def tell(conn: AsyncConnection, catalog: Catalog, news: Sequence[News], *, now: datetime) -> set[str]:
    """Tell people of moments that have just been noted; the channels that have something to send."""
    telling = [each for each in news if each.moment.tell]
    if not telling:
        return set()
    holders = await timekeeping.holders(conn, {each.case.id for each in telling})
    staff = Staff(
        await rows.readers(
            conn, agencies={each.clock.agency for each in telling}, holders=set(holders.values()), now=now
        ),
        holders,
    )
    told = [(reader, each) for each in telling for reader in staff.told(each)]
    await rows.write(conn, [_notice(reader, each) for reader, each in told])
    return await _send(conn, catalog, told, now=now)


@dataclass(frozen=True, slots=True)
class Staff:
    """Those on duty, and who of them has which case."""

    readers: Sequence[Reader]
    holders: Mapping[int, int]

    def told(self, news: News) -> list[Reader]:
        """Who is told of a moment, each once."""
        found = {reader.id: reader for told in news.moment.tell for reader in self._meant(told, news)}
        return list(found.values())

    def _meant(self, told: Told, news: News) -> Iterable[Reader]:
        """Whom a word of the configuration means; when there is none of them, those who stand in for them."""
        agency = news.clock.agency
        holder = [reader for reader in self.readers if reader.id == self.holders.get(news.case.id)]
        managers, heads = self._of(agency, "manager"), self._of(agency, "head")
        coordinators = self._of(None, "triage") or self._of(None, "administrator")
        if told is Told.MANAGER:
            return holder or managers or heads or coordinators
        if told is Told.HEAD:
            return heads or managers or coordinators
        return coordinators

    def _of(self, agency: str | None, role: str) -> list[Reader]:
        return [reader for reader in self.readers if reader.role == role and reader.agency == agency]


def _notice(reader: Reader, news: News) -> Notice:
    moment = news.moment
    data = {**moment.data, "event": moment.kind.value}
    return Notice(staff_id=reader.id, case_id=news.case.id, kind=moment.step, at=moment.at, data=data)


async def _send(
    conn: AsyncConnection, catalog: Catalog, told: Iterable[tuple[Reader, News]], *, now: datetime
) -> set[str]:
    """One message to each person and case, where they want messages and the channel still exists."""
    wanted = [pair for pair in told if pair[0].urn and pair[0].channel in catalog.gateway.channels]
    ledger = Ledger(now)
    together = sorted(wanted, key=lambda pair: (pair[0].id, pair[1].case.id))
    for _, pairs in groupby(together, key=lambda pair: (pair[0].id, pair[1].case.id)):
        reader, news = max(pairs, key=lambda pair: _WEIGHT.index(pair[1].moment.kind))
        ledger.outbound(
            priority=NOTICE,
            not_before=_at_work(catalog, news.clock, now),
            kind="staff_notice",
            # No case and no citizen: it is in nobody's story. Ids are never shared, so the member's own stands for
            # whom it is to.
            case_id=None,
            contact_id=reader.id,
            urn=reader.urn,
            channel=reader.channel,
            text=text(catalog, news, catalog.language(reader.language), now=now),
        )
    if ledger.outbox:
        await ledger.write(conn)
    return {row["channel"] for row in ledger.outbox}


def _at_work(catalog: Catalog, clock: Clock, now: datetime) -> datetime:
    """When a telephone may ring: days end at midnight, and the office opens in the morning. Hours do not wait."""
    if clock.term.unit is Unit.HOURS:
        return now
    try:
        return Workdays.of(catalog, catalog.agencies[clock.agency]).after(now, 0)
    except (KeyError, ValueError):
        # An agency that is gone, or one that is never open.
        return now


def text(catalog: Catalog, news: News, language: str, *, now: datetime) -> str:
    """What a message says of a moment: the case's number and its days, nothing of the citizen's."""
    clock = news.clock
    say = partial(
        catalog.say, language=language, number=news.case.number, agency=words.short_name(catalog, clock.agency)
    )
    hours = "_hours" if clock.term.unit is Unit.HOURS else ""
    due = _when(clock, clock.due_at)
    match news.moment.kind:
        case EventKind.WARNED:
            return say(f"notice_warned{hours}", due=due, left=int(clock.left(now)))
        case EventKind.ESCALATED:
            return say(f"notice_escalated{hours}", late=_late(clock, now))
        case EventKind.WITHDRAWAL_PROPOSED:
            return say("notice_withdrawal")
        case EventKind.DEEMED_GRANTED:
            copies = datetime.fromisoformat(news.moment.data["copies_due"])
            return say("notice_deemed", copies=words.day(copies, catalog))
    return say("notice_breached", due=due)


def _when(clock: Clock, instant: datetime) -> str:
    """The agency's local day, with the minute where hours count: 21/11/2026 16:30."""
    form = "%d/%m/%Y %H:%M" if clock.term.unit is Unit.HOURS else "%d/%m/%Y"
    return instant.astimezone(clock.count.zone).strftime(form)


def _late(clock: Clock, now: datetime) -> int:
    """How many days, of those that the term counts, or hours it is past due."""
    if clock.term.unit is Unit.HOURS:
        return (now - clock.due_at) // timedelta(hours=1)
    zone = clock.count.zone
    return clock.count.between(clock.due_at.astimezone(zone).date(), now.astimezone(zone).date(), clock.term.unit)
