"""Rooms: what was said after a number is heard once, in order, by those it was said to; or there is a gap."""

import asyncio
import json

import pytest

from gateway import rooms
from gateway.clock import new_id
from gateway.principal import Principal, Role
from gateway.rooms import Kind, Listener, Room, frame

LUZ = Principal(id=1, name="Luz", role=Role.MANAGER, agency="sena")
JORGE = Principal(id=2, name="Jorge", role=Role.MANAGER, agency="sena")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """A room of which nobody's clock is in doubt."""
    monkeypatch.setattr(rooms, "_SKEW", 0)
    return Room("sena")


def joined(room: Room, principal: Principal = LUZ, *, after: int | None) -> Listener:
    listener = Listener(room, principal, 7, after=after)
    room.listeners.add(listener)
    return listener


def heard(news: bytes) -> list[tuple[str, object]]:
    """The events of a stretch of stream: kind and data."""
    found = []
    for event in news.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        found.append((fields["event"], json.loads(fields["data"])))
    return found


async def test_what_was_missed_is_heard_at_once_and_what_is_said_next_is_heard_too(room: Room) -> None:
    room.floor = new_id()
    listener = joined(room, after=17)
    async with asyncio.timeout(30):
        await listener.wait(60)
    assert heard(listener.news()) == [("gap", {})]
    room.say(Kind.REMOVED, {"number": "1"})
    assert heard(listener.news()) == [("removed", {"number": "1"})]


def test_an_event_is_framed_as_the_standard_says() -> None:
    assert frame(Kind.REMOVED, {"number": "1\n2"}, number=5) == b'id: 5\nevent: removed\ndata: {"number":"1\\n2"}\n\n'


def test_a_listener_hears_what_is_said_once_and_in_order(room: Room) -> None:
    listener = joined(room, after=new_id())
    room.say(Kind.REMOVED, {"number": "1"})
    room.say(Kind.REMOVED, {"number": "2"})
    assert heard(listener.news()) == [("removed", {"number": "1"}), ("removed", {"number": "2"})]
    assert listener.news() == b""


def test_what_is_said_to_one_person_is_heard_by_nobody_else(room: Room) -> None:
    luz, jorge = joined(room, after=new_id()), joined(room, JORGE, after=new_id())
    room.say(Kind.NOTICES, {"unread": 3}, to=LUZ.id)
    assert heard(luz.news()) == [("notices", {"unread": 3})]
    assert jorge.news() == b""


def test_who_comes_back_hears_what_was_missed_and_no_more(room: Room) -> None:
    began = new_id()
    room.say(Kind.REMOVED, {"number": "1"})
    first = joined(room, after=began)
    last = int(first.news().split(b"\n")[0].removeprefix(b"id: "))
    room.say(Kind.REMOVED, {"number": "2"})
    assert heard(joined(room, after=last).news()) == [("removed", {"number": "2"})]


@pytest.mark.parametrize("after", [None, 0, 1, 2**63 - 1])
def test_who_comes_from_before_the_room_or_from_nowhere_is_told_of_the_gap_once(room: Room, after: int | None) -> None:
    listener = joined(room, after=after)
    room.say(Kind.REMOVED, {"number": "1"})
    assert heard(listener.news()) == [("gap", {})]
    room.say(Kind.REMOVED, {"number": "2"})
    assert heard(listener.news()) == [("removed", {"number": "2"})]


def test_who_falls_too_far_behind_is_told_of_the_gap_and_the_room_keeps_little(room: Room) -> None:
    slow = joined(room, after=new_id())
    for number in range(5_000):
        room.say(Kind.REMOVED, {"number": str(number)})
    assert len(room._said) < 1_000
    assert heard(slow.news()) == [("gap", {})]
    assert room.dirty


def test_a_page_of_another_machine_is_told_again_what_was_said_just_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room("sena")
    room.floor = 0
    room.say(Kind.REMOVED, {"number": "1"})
    assert heard(joined(room, after=new_id()).news()) == [("removed", {"number": "1"})]
