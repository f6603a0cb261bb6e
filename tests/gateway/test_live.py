"""The watcher: it says each change once, to those who may hear it, whoever made it and however late it is committed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock, live
from gateway.live import Live
from gateway.principal import Principal, Role
from gateway.rooms import Listener
from gateway.store import logins, notices, viewing
from gateway.store import schema as t
from gateway.store.engine import Store, open_store
from gateway.store.logins import Opening
from gateway.store.viewing import EXPIRES, LINGERS
from tests.support.archive import manager
from tests.support.clocks import MovableClock
from tests.support.running import ADMINISTRATOR, Running, eventually, running
from tests.web.visitor import employ

OTHER_PHONE = "+573005550002"


@dataclass
class Ear:
    """Somebody who listens, and everything they have heard so far."""

    listener: Listener
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def listen(self) -> list[tuple[str, dict[str, Any]]]:
        for event in self.listener.news().decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in event.split("\n"))
            self.heard.append((fields["event"], json.loads(fields["data"])))
        return self.heard

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for name, data in self.listen() if name == kind]

    async def hears(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The first event of that kind that says this, as soon as it comes."""

        async def found() -> list[dict[str, Any]]:
            return [data for data in self.of(kind) if wanted.items() <= data.items()]

        return (await eventually(found))[0]


@dataclass
class House:
    """A gateway, and who listens in it."""

    running: Running
    stack: ExitStack

    async def ear(self, login: str, *, agency: str | None = None, narrow: str | None = None) -> Ear:
        """Somebody new, logged in and listening; a manager where an agency is named."""
        role = Role.MANAGER if agency else Role.TRIAGE
        member = await employ(self.running, login, role=role, agency=agency)
        principal = Principal(id=member.id, name=member.name, role=role, agency=agency)
        gateway = self.running.gateway
        opening = Opening(
            token_hash=login, staff_id=member.id, csrf="x", stage="open", method="password", remote="", agent=""
        )  # fmt: skip
        now = gateway.clock()
        await gateway.store.transact(
            lambda conn: logins.open_session(conn, opening, now=now, expires_at=now + timedelta(hours=1))
        )
        async with gateway.store.read() as conn:
            row = await logins.session(conn, login, now=now)
        assert row is not None
        after = clock.new_id()
        listened = gateway.live.listen(principal, row.session_id, agency=narrow, after=after)
        ear = Ear(self.stack.enter_context(listened))
        # The room has been counted once: the watcher is awake.
        await ear.hears("counts")
        ear.heard.clear()
        return ear

    async def case(self, phone: str = OTHER_PHONE, text: str = "SENA: ¿cuándo abren?") -> str:
        before = {case.number for case in await self.running.cases()}
        await self.running.text(text, sender=phone)
        [number] = {case.number for case in await self.running.cases()} - before
        return str(number)


@pytest.fixture
async def house(ventanilla: Running) -> AsyncIterator[House]:
    with ExitStack() as stack:
        yield House(ventanilla, stack)


async def test_a_new_case_is_heard_at_its_agency_and_at_the_centre_and_nowhere_else(house: House) -> None:
    sena, dian, centre = (
        await house.ear("luz", agency="sena"),
        await house.ear("ana", agency="dian"),
        await house.ear("tri"),
    )
    number = await house.case()
    heard = await sena.hears("case", number=number)
    assert await centre.hears("case", number=number) == heard
    assert (heard["agency"], heard["state"], heard["assignee"]) == ("sena", "open", None)
    assert not dian.of("case")
    # Nothing that was said in the case travels with it.
    assert set(heard) == {"number", "agency", "version", "state", "assignee", "due", "event"}


async def test_who_narrows_to_an_agency_hears_that_agency(house: House) -> None:
    narrowed, centre = await house.ear("tri", narrow="dian"), await house.ear("tro")
    number = await house.case()
    await centre.hears("case", number=number)
    assert not narrowed.of("case")


async def test_a_transfer_takes_the_case_from_one_agency_and_brings_it_to_the_other(house: House) -> None:
    sena, dian = await house.ear("luz", agency="sena"), await house.ear("ana", agency="dian")
    number = await house.case()
    await sena.hears("case", number=number)
    sena.heard.clear()
    await house.running.gateway.desk.transfer(ADMINISTRATOR, number, agency="dian", reason="Es un impuesto")
    assert await sena.hears("removed") == {"number": number}
    assert (await dian.hears("case", number=number))["agency"] == "dian"
    await house.running.gateway.desk.note(ADMINISTRATOR, number, "ya no es de SENA")
    await asyncio.gather(dian.hears("case", version=(await house.running.cases())[0].version))
    assert not sena.of("case")


async def test_each_change_is_said_once_and_the_last_one_is_the_case_as_it_is(house: House) -> None:
    sena = await house.ear("luz", agency="sena")
    number = await house.case()
    for text in ("uno", "dos", "tres"):
        await house.running.gateway.desk.note(manager("sena"), number, text)
    [case] = await house.running.cases()
    last = await sena.hears("case", version=case.version)
    # Two looks more: what a look goes back over is not said again.
    await house.case("+573005550003")
    await eventually(lambda: _count(sena, "case", more_than=1))
    versions = [data["event"] for data in sena.of("case") if data["number"] == number]
    assert versions[-1] == last["event"]
    assert len(versions) == len(set(versions)) <= 5


async def _count(ear: Ear, kind: str, *, more_than: int) -> bool:
    return len(ear.of(kind)) > more_than


async def test_what_was_numbered_first_and_committed_last_is_heard_too(house: House) -> None:
    sena = await house.ear("luz", agency="sena")
    number, other = await house.case(), await house.case("+573005550003")
    await sena.hears("case", number=other)
    early = clock.new_id()
    await house.running.gateway.desk.note(manager("sena"), other, "después")
    await sena.hears("case", number=other, version=await _version(house, other))
    sena.heard.clear()
    await house.running.gateway.store.transact(lambda conn: _late(conn, number, early))
    assert await sena.hears("case", number=number) == {**sena.of("case")[0], "event": str(early)}


async def _version(house: House, number: str) -> int:
    return int(next(case.version for case in await house.running.cases() if case.number == number))


async def _late(conn: AsyncConnection, number: str, event_id: int) -> None:
    case = (await conn.execute(t.cases.select().where(t.cases.c.number == number))).one()
    event = {"id": event_id, "case_id": case.id, "kind": "warned", "at": case.active_at, "actor": "system", "data": {}}
    await conn.execute(insert(t.case_event).values(**event))


async def test_what_another_process_commits_is_heard(house: House, database: str) -> None:
    sena = await house.ear("luz", agency="sena")
    number = await house.case()
    await sena.hears("case", number=number)
    sena.heard.clear()
    other = await open_store(database, serving=False)
    try:
        event_id = clock.new_id()
        await other.transact(lambda conn: _late(conn, number, event_id))
        assert (await sena.hears("case", number=number))["event"] == str(event_id)
    finally:
        await other.close()


async def test_counts_are_said_when_they_change_and_only_those_that_do(house: House) -> None:
    sena, dian = await house.ear("luz", agency="sena"), await house.ear("ana", agency="dian")
    number = await house.case()
    assert await sena.hears("counts", open=1) == {"unassigned": 1, "open": 1}
    await house.running.gateway.desk.take(sena.listener.principal, number)
    assert await sena.hears("counts", mine=1) == {"mine": 1}
    assert await sena.hears("counts", unassigned=0) == {"unassigned": 0}
    assert not dian.of("counts")


async def test_what_is_overdue_is_counted_again_though_nothing_happens(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_COUNT_AGAIN", 0.1)
    now = MovableClock()
    async with running(database, tmp_path, now=now) as started:
        with ExitStack() as stack:
            house = House(started, stack)
            number = await house.case()
            sena = await house.ear("luz", agency="sena")
            await started.gateway.timekeeper.stop()
            [case] = await started.cases()
            await started.gateway.store.transact(
                lambda conn: conn.execute(
                    update(t.cases).where(t.cases.c.number == number).values(due_at=now() + timedelta(seconds=1))
                )
            )
            now.at = now() + timedelta(seconds=2)
            assert (await sena.hears("counts", overdue=1))["overdue"] == 1
            assert case.number == number


async def test_a_notice_is_counted_for_the_one_it_is_for(house: House) -> None:
    luz, jorge = await house.ear("luz", agency="sena"), await house.ear("jorge", agency="sena")
    gateway, staff_id = house.running.gateway, luz.listener.principal.id
    notice = notices.Notice(staff_id=staff_id, case_id=None, kind="half", at=gateway.clock(), data={})
    await gateway.store.transact(lambda conn: notices.write(conn, [notice]))
    assert await luz.hears("notices", unread=1)
    await gateway.store.transact(
        lambda conn: notices.mark_read(conn, luz.listener.principal, None, now=gateway.clock())
    )  # fmt: skip
    assert await luz.hears("notices", unread=0)
    assert not [data for data in jorge.of("notices") if data["unread"]]


@pytest.mark.parametrize("how", ["expires", "leaves"])
async def test_who_views_and_writes_is_said_until_it_expires_or_they_leave(
    database: str, tmp_path: Path, how: str
) -> None:
    now = MovableClock()
    async with running(database, tmp_path, now=now) as started:
        with ExitStack() as stack:
            house = House(started, stack)
            number = await house.case()
            luz, dian = await house.ear("luz", agency="sena"), await house.ear("ana", agency="dian")
            me, [case] = luz.listener.principal, await started.cases()
            store = started.gateway.store
            await store.transact(lambda conn: viewing.see(conn, case.id, me.id, writing=False, now=now()))
            person = {"id": str(me.id), "name": me.name, "writing": False}
            assert await luz.hears("viewing", number=number) == {"number": number, "people": [person]}
            await store.transact(lambda conn: viewing.see(conn, case.id, me.id, writing=True, now=now()))
            assert await luz.hears("viewing", people=[{**person, "writing": True}])
            luz.heard.clear()
            if how == "expires":
                now.at = now() + EXPIRES
            else:
                await store.transact(lambda conn: viewing.leave(conn, case.id, me.id, now=now()))
                assert await luz.hears("viewing", people=[person])
                now.at = now() + LINGERS
            assert await luz.hears("viewing", people=[])
            assert not dian.of("viewing")


@pytest.mark.parametrize("how", ["logout", "disabled", "expired", "moved"])
async def test_a_stream_ends_with_its_login(database: str, tmp_path: Path, how: str) -> None:
    now = MovableClock()
    async with running(database, tmp_path, now=now) as started:
        with ExitStack() as stack:
            ear = await House(started, stack).ear("luz", agency="sena")
            if how == "expired":
                now.at = now() + timedelta(hours=2)
            else:
                await started.gateway.store.transact(lambda conn: _end(conn, how, ear.listener))
            await eventually(lambda: _is_over(ear))
            assert ear.listener.login_ended
            assert ear.listener not in ear.listener.room.listeners


async def _is_over(ear: Ear) -> bool:
    return ear.listener.is_over


async def _end(conn: AsyncConnection, how: str, listener: Listener) -> None:
    member = update(t.staff).where(t.staff.c.id == listener.principal.id)
    if how == "logout":
        await logins.close_session(conn, "luz")
    elif how == "disabled":
        await conn.execute(member.values(active=False))
    else:
        await conn.execute(member.values(agency="dian"))


async def test_more_than_can_be_read_one_by_one_is_said_as_a_gap(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sena = await house.ear("luz", agency="sena")
    numbers = [await house.case(f"+57300555{n:04d}") for n in range(4)]
    await sena.hears("case", number=numbers[-1])
    monkeypatch.setattr(live, "_MOST", 3)
    sena.heard.clear()
    await house.running.gateway.store.transact(_touch_all)
    assert await sena.hears("gap") == {}
    assert not sena.of("case")


async def _touch_all(conn: AsyncConnection) -> None:
    for case in (await conn.execute(t.cases.select())).all():
        await _late(conn, case.number, clock.new_id())


class CountingStore:
    """A store that notes how often it is read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        self.reads += 1
        return self._store.read()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_watcher_sleeps_while_nobody_listens(ventanilla: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LOOK", 0)
    monkeypatch.setattr(live, "_GRACE", 0.05)
    store = CountingStore(ventanilla.gateway.store)

    async def count(_conn: AsyncConnection, _principal: Principal) -> dict[str, int]:
        return {}

    watcher = Live(store, clock=_now, count=count)  # type: ignore[arg-type]
    await watcher.start()
    await _turns(200)
    assert store.reads == 0
    with watcher.listen(manager("sena"), 1):
        await eventually(lambda: _reads(store, 3))
    await eventually(lambda: _asleep(watcher))
    before = store.reads
    await _turns(200)
    assert store.reads == before
    await watcher.stop()


async def _turns(count: int) -> None:
    """Let whatever is ready to run do so, again and again."""
    for _ in range(count):
        await asyncio.sleep(0)


async def _reads(store: CountingStore, at_least: int) -> bool:
    return store.reads >= at_least


async def _asleep(watcher: Live) -> bool:
    return not watcher._rooms


def _now() -> datetime:
    return clock.now()
