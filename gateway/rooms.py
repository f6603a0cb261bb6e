"""Rooms: who listens to which cases, and what they were told lately. All in memory, nothing of it is lost with it.

A room is a boundary: one agency's cases, or the whole network's. Who listens sits in one room and hears what is said
there, so nobody is told of a case they may not see. What is said bears a number that grows with time. The last of it is
kept: a connection that was cut, or a page made a moment before it listens, is told what it missed, and whoever is too
far behind for that is told so, and asks for the page anew.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import orjson

from gateway.clock import id_span, new_id
from gateway.principal import Principal, Role

# What a room keeps of what was said. A listener that is further behind gets a gap.
_KEPT: Final = 500
# A page may have been made by another process, whose clock runs ahead of ours by less than this.
_SKEW: Final = id_span(timedelta(seconds=1))


class Kind(StrEnum):
    """What may be said on a stream: there is no other event."""

    CASE = "case"  # number, agency, version, state, assignee, due, event: it has changed
    REMOVED = "removed"  # number: it is not in this room any more
    COUNTS = "counts"  # how many cases each view holds; those that have changed
    NOTICES = "notices"  # unread: how many notices one has not read
    VIEWING = "viewing"  # number, people: who has it on the screen, and whether they write
    GAP = "gap"  # something was missed, or too much has changed at once: ask for the page anew
    ENDED = "ended"  # the login has ended, and the stream with it


def frame(kind: Kind, data: Mapping[str, Any], *, number: int | None = None) -> bytes:
    """An event as it is sent: https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    name = b"" if number is None else b"id: %d\n" % number
    return name + b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(data))


@dataclass(frozen=True, slots=True)
class Said:
    """Something said in a room, to everybody or to one person."""

    number: int
    frame: bytes
    to: int | None


@dataclass(eq=False, slots=True)
class Room:
    """`agency` None: the whole network. `counts`, `mine` and `unread` are what was said last: only changes are said."""

    agency: str | None
    # Everything said after this number is kept.
    floor: int = field(default_factory=new_id)
    listeners: set["Listener"] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    mine: dict[int, int] = field(default_factory=dict)
    unread: dict[int, tuple[int, int] | None] = field(default_factory=dict)
    # Whether the counts may be others now; by the loop's clock, from when on they may be counted again, when they were
    # counted last, and since when nobody listens.
    dirty: bool = True
    next_count: float = 0.0
    counted_at: float = 0.0
    empty_since: float | None = None
    _said: list[Said] = field(default_factory=list)

    @property
    def reader(self) -> Principal:
        """Somebody who may read exactly what is in this room."""
        return Principal(id=0, name="", role=Role.AUDITOR, agency=self.agency)

    @property
    def staff_ids(self) -> set[int]:
        """Who listens."""
        return {listener.principal.id for listener in self.listeners}

    def is_to_be_counted(self, now: float, again: float) -> bool:
        """Whether somebody waits for counts that may be others now; after `again` seconds they always may."""
        may_differ = self.dirty or now - self.counted_at >= again
        return bool(self.listeners) and now >= self.next_count and may_differ

    def say_anew(self, staff_id: int) -> None:
        """Somebody has come, or missed something: counts are said in full the next time."""
        self.dirty, self.counts = True, {}
        self.mine.pop(staff_id, None)
        self.unread.pop(staff_id, None)

    def say(self, kind: Kind, data: Mapping[str, Any], *, to: int | None = None) -> None:
        """Say something to everybody in the room, or to one person in it."""
        number = new_id()
        self._said.append(Said(number, frame(kind, data, number=number), to))
        if len(self._said) >= 2 * _KEPT:
            self.floor = self._said[_KEPT - 1].number
            del self._said[:_KEPT]
        for listener in self.listeners:
            listener.wake()

    def since(self, number: int, staff_id: int) -> tuple[bytes, int] | None:
        """What one person missed after a number, and the number they have come to; None when it is not all kept."""
        if not self.floor <= number <= new_id():
            return None
        place = bisect_right(self._said, number, key=lambda said: said.number)
        missed = [said.frame for said in self._said[place:] if said.to in (None, staff_id)]
        return b"".join(missed), self._said[-1].number if self._said else number

    def place(self, number: int | None) -> int:
        """Where somebody goes on who has heard this number, or whose page was begun at it; 0 when that is unknown."""
        if number is None:
            return 0
        here = bisect_right(self._said, number, key=lambda said: said.number)
        heard_here = here > 0 and self._said[here - 1].number == number
        return number if heard_here else number - _SKEW


class Listener:
    """One stream. It keeps no queue of its own: a slow one falls behind the room, and is told of the gap."""

    def __init__(self, room: Room, principal: Principal, session_id: int, *, after: int | None) -> None:
        self.principal = principal
        self.session_id = session_id
        self.room = room
        self.is_over = False
        self.login_ended = False
        self._heard = room.place(after)
        self._bell = asyncio.Event()
        # What was said before it came is heard at once, not together with what is said next.
        self._bell.set()

    def wake(self) -> None:
        """There is something to hear."""
        self._bell.set()

    def end(self, *, login_ended: bool) -> None:
        """Nothing more is said to this one; `login_ended` tells the page that coming back is no use."""
        self.is_over, self.login_ended = True, login_ended
        self._bell.set()

    def news(self) -> bytes:
        """What has been said since the last time, as it is sent; empty when there is nothing for this one."""
        missed = self.room.since(self._heard, self.principal.id)
        if missed is None:
            self._heard = new_id()
            self.room.say_anew(self.principal.id)
            return frame(Kind.GAP, {}, number=self._heard)
        news, self._heard = missed
        return news

    async def wait(self, seconds: float) -> None:
        """Until there may be news, but no longer than that."""
        # Not wait_for: in Python 3.11 it can swallow a cancellation.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        self._bell.clear()


def say_all(rooms: Iterable[Room], kind: Kind, data: Mapping[str, Any]) -> None:
    """Say something in each of the rooms."""
    for room in rooms:
        room.say(kind, data)
