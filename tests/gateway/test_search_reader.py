"""The reader of messages: it reads each once, loses none, and begins where it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from gateway.clock import id_at, new_id, now
from gateway.search import reader as reader_of_messages
from gateway.search.reader import Reader, rebuild
from gateway.store import schema as t
from gateway.store import search_index
from gateway.store.engine import Store, open_store
from tests.support.archive import Archive, manager
from tests.support.running import Running, eventually


@pytest.fixture
async def archive(database: str) -> AsyncIterator[Archive]:
    store = await open_store(database, serving=True)
    yield Archive(store)
    await store.close()


@asynccontextmanager
async def reading(store: Store) -> AsyncIterator[Reader]:
    reader = Reader(store)
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def entries(store: Store) -> int:
    async with store.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(t.search_entry))).scalar_one())


def read_so_far() -> float:
    return REGISTRY.get_sample_value("ventanilla_search_read_total") or 0.0


async def test_what_a_citizen_texts_and_a_manager_answers_can_be_found_in_a_moment(ventanilla: Running) -> None:
    archive = Archive(ventanilla.gateway.store)
    await ventanilla.text("¿Cuándo abren las inscripciones del SENA en Leticia?")
    [case] = await ventanilla.cases()
    assert await ventanilla.eventually(lambda: archive.numbers_of("inscripcion")) == [case.number]
    await ventanilla.gateway.desk.note(manager("sena"), case.number, "Preguntar en Tabatinga")
    assert await ventanilla.eventually(lambda: archive.numbers_of("tabatinga", manager("sena")))
    triage = ventanilla.gateway.current().catalog.gateway.triage
    await ventanilla.gateway.desk.transfer(manager("sena"), case.number, agency=triage, reason="No es nuestro tema")
    assert await archive.numbers_of("inscripcion", manager("sena")) == []
    assert await ventanilla.eventually(lambda: archive.numbers_of("inscripcion", manager(triage)))
    assert REGISTRY.get_sample_value("ventanilla_search_lag_seconds") == 0


async def test_each_message_is_read_once_and_the_next_start_reads_what_came_meanwhile(archive: Archive) -> None:
    first = await archive.case("primera consulta")
    before = read_so_far()
    async with reading(archive.store):
        await eventually(lambda: archive.numbers_of("consulta"))
    await archive.say(first, "segunda consulta")
    async with reading(archive.store):
        await eventually(lambda: archive.numbers_of("segunda"))
    assert (await entries(archive.store), read_so_far() - before) == (2, 2)


async def test_a_message_that_becomes_visible_after_younger_ones_is_not_lost(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A test may be held up for longer than a commit.
    monkeypatch.setattr(reader_of_messages, "_OVERLAP", timedelta(minutes=2))
    early, slow = new_id(), id_at(now() - timedelta(minutes=1))
    case = await archive.case("primera")
    async with reading(archive.store) as reader:
        await eventually(lambda: archive.numbers_of("primera"))
        await archive.say(case, "rezagada", message_id=early)
        await archive.say(case, "muy lenta", message_id=slow)
        reader.wake()
        await eventually(lambda: archive.numbers_of("rezagada"))
        await eventually(lambda: archive.numbers_of("lenta"))


async def test_a_message_that_every_look_has_missed_is_found_by_the_slow_sweep(archive: Archive) -> None:
    case = await archive.case("primera")
    await archive.read()
    await archive.store.transact(lambda conn: search_index.save(conn, floor=new_id(), sweep=0))
    await archive.say(case, "olvidada", message_id=id_at(now() - timedelta(days=20)))
    async with reading(archive.store):
        await eventually(lambda: archive.numbers_of("olvidada"))


async def test_two_readers_read_everything_once(database: str, archive: Archive) -> None:
    case = await archive.case("primera")
    for n in range(450):
        await archive.say(case, f"mensaje {n}")
    other = archive.store if archive.store.dialect == "sqlite" else await open_store(database, serving=True)
    before = read_so_far()
    async with reading(archive.store), reading(other):
        await eventually(lambda: _all_read(archive.store, 451))
    if other is not archive.store:
        await other.close()
    assert read_so_far() - before == 451
    assert len((await archive.found("mensaje 449")).cases) == 1


async def _all_read(store: Store, wanted: int) -> bool:
    await asyncio.sleep(0.05)
    return await entries(store) == wanted


async def test_an_index_that_was_made_in_another_way_is_made_again(archive: Archive) -> None:
    await archive.case("consulta antigua")
    await archive.read()
    await archive.store.transact(lambda conn: search_index.save(conn, version="0", floor=new_id()))
    before = read_so_far()
    async with reading(archive.store):
        await eventually(lambda: _all_read(archive.store, 1))
        await eventually(lambda: archive.numbers_of("antigua"))
    assert read_so_far() - before == 1


async def test_an_index_made_anew_finds_what_the_old_one_found(archive: Archive) -> None:
    cases = [await archive.case(f"trámite {n}", name=f"Ana {n}", phone=f"+5730000{n:05d}") for n in range(5)]
    await archive.read()
    await archive.transfer(cases[0], "dian")
    told: list[int] = []
    assert await rebuild(archive.store, told=told.append) == 5
    assert told == [5]
    assert len(await archive.numbers_of("trámite")) == 5
    assert await archive.numbers_of("trámite", manager("dian")) == [cases[0].number]
    assert await archive.numbers_of("ana 0003") == [cases[3].number]
    assert await archive.read() == 0


async def test_a_message_that_is_to_be_erased_can_be_forgotten_first(archive: Archive) -> None:
    case = await archive.case("mi enfermedad", "otra consulta")
    await archive.read()
    await archive.store.transact(lambda conn: search_index.forget(conn, case.messages[:1]))
    assert await archive.numbers_of("enfermedad") == []
    assert await archive.numbers_of("consulta") == [case.number]
