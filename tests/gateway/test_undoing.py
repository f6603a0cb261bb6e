"""An answer that waits before it leaves: who is told of it when, and who is not."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.desk import Desk
from gateway.principal import Principal, Role
from gateway.store import follow_up
from tests.support.clocks import MovableClock
from tests.support.running import PHONE, Running, running

LUZ = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
TEN_SECONDS = timedelta(seconds=10)


@pytest.fixture
async def at(database: str, tmp_path: Path) -> AsyncIterator[tuple[Running, MovableClock, str]]:
    """A gateway on a clock that stands, and the number of a case that Luz has taken."""
    clock = MovableClock()
    async with running(database, tmp_path, now=clock) as started:
        await started.text("¿Cuándo abren las inscripciones del SENA en Leticia?")
        number = await started.gateway.desk.take_next(LUZ)
        assert number is not None
        yield started, clock, number


async def _seen(ventanilla: Running) -> list[str]:
    """The answers on the citizen's own page."""
    async with ventanilla.gateway.store.read() as conn:
        [case] = await follow_up.of_address(conn, f"tel:{PHONE}") or []
    return [message.text for message in case.messages if message.kind in ("answer", "undone")]


async def test_the_citizens_page_shows_no_answer_that_waits_or_was_taken_back(
    at: tuple[Running, MovableClock, str],
) -> None:
    ventanilla, clock, number = at
    desk = ventanilla.gateway.desk
    await desk.reply(LUZ, number, "Abren el 15.", then="open", undo_for=TEN_SECONDS)
    assert await _seen(ventanilla) == []
    await desk.undo(LUZ, number)
    assert await _seen(ventanilla) == []
    await desk.reply(LUZ, number, "Abren el 16.", then="open", undo_for=TEN_SECONDS)
    clock.move(seconds=11)
    await ventanilla.eventually(lambda: _seen(ventanilla))
    assert await _seen(ventanilla) == ["Abren el 16."]


async def test_the_outbox_is_woken_when_the_time_to_undo_is_over(at: tuple[Running, MovableClock, str]) -> None:
    ventanilla, clock, number = at
    gateway = ventanilla.gateway
    woken: list[set[str]] = []
    again = asyncio.Event()

    def wake(names: Iterable[str]) -> None:
        woken.append(set(names))
        if len(woken) == 2:
            again.set()

    desk = Desk(
        gateway.store,
        gateway.current,
        capable=lambda name: gateway.channels[name].capabilities,
        clock=clock,
        wake=wake,
    )
    await desk.reply(LUZ, number, "Abren el 15.", undo_for=timedelta(seconds=0.05))
    assert len(woken) == 1
    async with asyncio.timeout(30):
        await again.wait()
    assert "sms" in woken[1]
