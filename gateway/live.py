"""Live updates: one watcher reads what has changed in the database, and says it in the rooms where somebody listens.

The watcher looks a few times a second, and sleeps while nobody listens; nobody who writes has to do anything for it, so
the intake pays nothing, and what another process committed arrives as soon as what this one did. It follows the events
of cases by their ids. Those are made before their transactions commit, so they may become visible out of order: each
look goes back a little, and every few seconds one goes back further.

Counts are counted anew, not carried on by differences: what is overdue or due today changes without an event, and a
difference that is lost once stays wrong. A room's counts cost one statement, at most once a second, and only when one
of its cases has changed, somebody has come, or half a minute has gone by.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock as system_clock
from gateway import metrics
from gateway.principal import Principal
from gateway.rooms import Kind, Listener, Room, say_all
from gateway.store import live as rows
from gateway.store import notices, viewing
from gateway.store.engine import Store
from gateway.store.viewing import Viewer

log = structlog.get_logger()

# Seconds between two looks, and between two of those that look at people, too: their logins, bells and presence.
_LOOK: Final = 0.2
# Who leaves a case lingers for longer than that, so nobody comes and goes unseen.
_PEOPLE: Final = 0.6
# Seconds after which a look that failed is tried again.
_AGAIN: Final = 2.0
# How far a look goes back: a commit takes milliseconds. How far the wide one does, and how often, in seconds.
_OVERLAP: Final = timedelta(seconds=0.5)
_WIDE_OVERLAP: Final = timedelta(seconds=10)
_WIDE_EVERY: Final = 5.0
# Events a statement; and changed cases a look, of which no one is said any more: after an outage, every page asks anew.
_AT_ONCE: Final = 5_000
_FLOOD: Final = 2_000
# Changed cases said one by one in a room; of more than that a page had better ask anew.
_MOST: Final = 100
# A room that everybody has left stays open for those who come back: a page is left for the next. Seconds.
_GRACE: Final = 30.0
# Seconds between two countings of a room: at least, and as a multiple of what the last one took.
_COUNT_EVERY: Final = 1.0
_COUNT_REST: Final = 20
# What is overdue changes by itself: a room is counted anew after this many seconds.
_COUNT_AGAIN: Final = 30.0

Counting = Callable[[AsyncConnection, Principal], Awaitable[Mapping[str, int]]]


@dataclass(slots=True)
class _Found:
    """What a look found: the last event of each case, and the agencies that cases were taken from."""

    last: dict[int, int] = field(default_factory=dict)
    left: dict[int, set[str]] = field(default_factory=dict)
    event_ids: list[int] = field(default_factory=list)

    @property
    def is_flood(self) -> bool:
        """Whether it is more than can be said."""
        return len(self.last) > _FLOOD


class Live:
    """The watcher and its rooms. `count` says how many cases each view holds for somebody."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime], count: Counting) -> None:
        self._store = store
        self._clock = clock
        self._count = count
        self._rooms: dict[str | None, Room] = {}
        # Set while there are rooms.
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        # Where the next look begins, as an id; what was said already; when the last wide look was, by the loop's clock.
        self._after = 0
        self._seen: set[int] = set()
        self._widened = 0.0
        self._next_people = 0.0
        self._viewing: dict[tuple[str, str], tuple[Viewer, ...]] = {}

    @contextmanager
    def listen(
        self, principal: Principal, session_id: int, *, agency: str | None = None, after: int | None = None
    ) -> Iterator[Listener]:
        """Listen from the number `after` on. `agency` narrows what somebody of the whole network hears."""
        name = agency if principal.agency is None else principal.agency
        room = self._rooms.setdefault(name, Room(name))
        listener = Listener(room, principal, session_id, after=after)
        room.listeners.add(listener)
        # The page may show other counts than were said last.
        room.say_anew(principal.id)
        self._awake.set()
        metrics.LIVE_STREAMS.inc()
        try:
            yield listener
        finally:
            room.listeners.discard(listener)
            metrics.LIVE_STREAMS.dec()

    def streams(self, session_id: int) -> int:
        """How many streams a login holds."""
        return sum(listener.session_id == session_id for listener in self._listeners())

    def end_all(self) -> None:
        """End every stream; the pages come back when a gateway is there again."""
        for listener in self._listeners():
            listener.end(login_ended=False)

    async def start(self) -> None:
        """Begin, asleep."""
        self._tasks = [
            asyncio.create_task(self._serve(), name="live"),
            asyncio.create_task(self._serve_counts(), name="live counts"),
        ]

    async def stop(self) -> None:
        """End every stream and the watcher."""
        self.end_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listeners(self) -> list[Listener]:
        return [listener for room in self._rooms.values() for listener in room.listeners]

    async def _serve(self) -> None:
        while True:
            if not self._rooms:
                self._awake.clear()
                await self._awake.wait()
                self._after, self._seen, self._widened = system_clock.id_at(system_clock.now() - _OVERLAP), set(), 0.0
            pause = _LOOK
            try:
                await self._look()
            except Exception:  # the outermost loop: a database that is away for a moment comes back
                log.exception("live updates wait")
                pause = _AGAIN
            self._leave_rooms()
            await asyncio.sleep(pause)

    async def _look(self) -> None:
        began, now = system_clock.now(), asyncio.get_running_loop().time()
        at_people = now >= self._next_people
        async with self._store.read() as conn:
            found = await self._changes(conn)
            cases = await rows.cases(conn, found.last) if found.last and not found.is_flood else []
            now_viewing = await viewing.everywhere(conn, now=self._clock()) if at_people else self._viewing
            if found.last or at_people:
                # The last question before anything is said: who has no right to hear it now hears nothing.
                await self._end_logins(conn)
            self._say_cases(cases, found)
            self._say_viewing(now_viewing)
            self._go_on(found, began)
            if at_people:
                self._next_people = now + _PEOPLE
                await self._say_unread(conn)

    async def _changes(self, conn: AsyncConnection) -> _Found:
        found = _Found()
        after, more = self._after, True
        while more and not found.is_flood:
            page = await rows.changes(conn, after=after, limit=_AT_ONCE)
            for change in page:
                found.event_ids.append(change.event_id)
                if change.event_id in self._seen:
                    continue
                found.last[change.case_id] = change.event_id
                if change.left is not None:
                    found.left.setdefault(change.case_id, set()).add(change.left)
            more = len(page) == _AT_ONCE
            after = page[-1].event_id if more else after
        return found

    def _go_on(self, found: _Found, began: datetime) -> None:
        """Remember what was said, and where the next look begins."""
        self._seen.update(found.event_ids)
        self._after = system_clock.id_at(began - _OVERLAP)
        now = asyncio.get_running_loop().time()
        if now - self._widened >= _WIDE_EVERY:
            self._widened = now
            self._after = system_clock.id_at(began - _WIDE_OVERLAP)
            self._seen = {event_id for event_id in self._seen if event_id > self._after}

    async def _end_logins(self, conn: AsyncConnection) -> None:
        listeners = self._listeners()
        living = await rows.living(conn, [each.session_id for each in listeners], now=self._clock())
        for listener in listeners:
            now = living.get(listener.session_id)
            if now is None or (now.role, now.agency) != (listener.principal.role, listener.principal.agency):
                listener.room.listeners.discard(listener)
                listener.end(login_ended=True)

    def _say_cases(self, cases: list[Any], found: _Found) -> None:
        said: dict[Room, list[tuple[Kind, dict[str, Any]]]] = {}
        if found.is_flood:
            say_all(self._rooms.values(), Kind.GAP, {})
        for case in cases:
            changed = _case(case, found.last[case.id])
            for room in self._open(case.agency, None):
                said.setdefault(room, []).append((Kind.CASE, changed))
                room.dirty = True
            for room in self._open(*(found.left.get(case.id, set()) - {case.agency})):
                said.setdefault(room, []).append((Kind.REMOVED, {"number": case.number}))
                room.dirty = True
        for room, news in said.items():
            for kind, data in news if len(news) <= _MOST else [(Kind.GAP, {})]:
                room.say(kind, data)

    def _say_viewing(self, now_viewing: dict[tuple[str, str], tuple[Viewer, ...]]) -> None:
        # Who is gone first: a case that was passed on has left one agency and is then seen at the other.
        for key in [*(self._viewing.keys() - now_viewing.keys()), *now_viewing]:
            viewers = now_viewing.get(key, ())
            if viewers != self._viewing.get(key, ()):
                number, agency = key
                people = [{"id": str(v.staff_id), "name": v.name, "writing": v.writing} for v in viewers]
                say_all(self._open(agency, None), Kind.VIEWING, {"number": number, "people": people})
        self._viewing = now_viewing

    async def _say_unread(self, conn: AsyncConnection) -> None:
        unread = await rows.unread(conn, {listener.principal.id for listener in self._listeners()})
        for room in list(self._rooms.values()):
            for principal in {listener.principal for listener in room.listeners}:
                now = unread.get(principal.id)
                if principal.id not in room.unread or room.unread[principal.id] != now:
                    room.unread[principal.id] = now
                    held = await notices.count(conn, principal)
                    room.say(Kind.NOTICES, {"unread": held}, to=principal.id)

    async def _serve_counts(self) -> None:
        """Beside the looks: what a change is to somebody must not wait until forty agencies have been counted."""
        loop = asyncio.get_running_loop()
        while True:
            await self._awake.wait()
            pause = _LOOK
            try:
                for room in list(self._rooms.values()):
                    began = loop.time()
                    if room.is_to_be_counted(began, _COUNT_AGAIN):
                        await self._count_room(room, began)
                        await asyncio.sleep(loop.time() - began)
            except Exception:  # the outermost loop: a database that is away for a moment comes back
                log.exception("live counts wait")
                pause = _AGAIN
            await asyncio.sleep(pause)

    async def _count_room(self, room: Room, began: float) -> None:
        room.dirty, room.counted_at = False, began
        async with self._store.read() as conn:
            counted = dict(await self._count(conn, room.reader))
            mine = await rows.held(conn, room.staff_ids, agency=room.agency)
        self._say_counts(room, counted, mine)
        taken = asyncio.get_running_loop().time() - began
        room.next_count = began + max(_COUNT_EVERY, _COUNT_REST * taken)

    def _say_counts(self, room: Room, counted: dict[str, int], mine: dict[int, int]) -> None:
        changed = {name: held for name, held in counted.items() if room.counts.get(name) != held}
        if changed:
            room.say(Kind.COUNTS, changed)
        for staff_id, held in mine.items():
            if room.mine.get(staff_id) != held:
                room.say(Kind.COUNTS, {"mine": held}, to=staff_id)
        room.counts, room.mine = counted, mine

    def _open(self, *agencies: str | None) -> list[Room]:
        return [room for agency in agencies if (room := self._rooms.get(agency)) is not None]

    def _leave_rooms(self) -> None:
        """Close the rooms that nobody has come back to."""
        now = asyncio.get_running_loop().time()
        for name, room in list(self._rooms.items()):
            if room.listeners:
                room.empty_since = None
            elif room.empty_since is None:
                room.empty_since = now
            elif now - room.empty_since > _GRACE:
                del self._rooms[name]


def _case(case: Any, event_id: int) -> dict[str, Any]:
    """What is said of a changed case. Ids go as text: a script's numbers end at 53 bits."""
    return {
        "number": case.number,
        "agency": case.agency,
        "version": case.version,
        "state": case.state,
        "assignee": None if case.assignee_id is None else str(case.assignee_id),
        "due": case.due_at.isoformat(),
        "event": str(event_id),
    }
