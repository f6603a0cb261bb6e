"""The database as the gateway holds it."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id, now
from gateway.errors import SettingsFault, StoreBusy
from gateway.store import schema as t
from gateway.store.bulk import Query, Writes, insert_rows, packed, rows_of
from gateway.store.engine import database_url, open_store
from gateway.store.migrate import HEAD, scripts
from gateway.store.schema import micros


async def _add(conn: AsyncConnection, name: str) -> None:
    await conn.execute(insert(t.contact).values(id=new_id(), name=name, language="es", created_at=now()))


async def _names(conn: AsyncConnection) -> set[str]:
    return set((await conn.execute(select(t.contact.c.name))).scalars())


async def test_a_unit_of_work_that_fails_leaves_nothing(database: str) -> None:
    store = await open_store(database, serving=True)

    async def fails(conn: AsyncConnection) -> None:
        await _add(conn, "lost")
        raise RuntimeError("after the write")

    with pytest.raises(RuntimeError):
        await store.transact(fails)
    await store.transact(lambda conn: _add(conn, "kept"))
    async with store.read() as conn:
        assert await _names(conn) == {"kept"}
    await store.close()


async def test_work_cancelled_in_a_statement_leaves_the_next_one_a_connection_that_works(database: str) -> None:
    store = await open_store(database, serving=True)

    async def endless(conn: AsyncConnection) -> None:
        await _add(conn, "whole")
        slow = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 500000) SELECT max(n) FROM c"
        await conn.execute(text(slow))

    working = asyncio.create_task(store.transact(endless))
    await asyncio.sleep(0.05)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    await store.transact(lambda conn: _add(conn, "kept"))
    async with store.read() as conn:
        assert "kept" in await _names(conn)
    await store.close()


@pytest.mark.parametrize("cancelled", [False, True])
async def test_closing_waits_for_who_still_reads(database: str, cancelled: bool) -> None:
    store = await open_store(database, serving=True)
    begun = asyncio.Event()

    async def reads() -> int:
        async with store.read() as conn:
            begun.set()
            counted = await conn.execute(
                text("WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 300000)"
                     " SELECT count(*) FROM r")
            )  # fmt: skip
            return int(counted.scalar_one())

    reading = asyncio.create_task(reads())
    await begun.wait()
    if cancelled:
        reading.cancel()
    await store.close()
    assert reading.done()
    with suppress(asyncio.CancelledError):
        assert await reading == 300_000


async def test_units_of_work_at_the_same_time_all_arrive(database: str) -> None:
    store = await open_store(database, serving=True)

    async def adding(name: str) -> None:
        await store.transact(lambda conn: _add(conn, name))

    await asyncio.gather(*(adding(f"n{i}") for i in range(40)))
    async with store.read() as conn:
        assert len(await _names(conn)) == 40
    await store.close()


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 200])
async def test_rows_in_bulk_arrive_whatever_their_number(database: str, count: int) -> None:
    store = await open_store(database, serving=True)
    rows = [{"id": i, "name": f"ñ\x00{i}", "language": "es", "created_at": micros(now())} for i in range(count)]

    async def work(conn: AsyncConnection) -> list[Any]:
        return await insert_rows(conn, t.contact, rows, returning="id, name")

    back = await store.transact(work)
    assert {(row.id, row.name) for row in back} == {(i, f"ñ\ufffd{i}") for i in range(count)}
    await store.close()


async def test_rows_travel_as_one_text_and_are_the_same_again(database: str) -> None:
    store = await open_store(database, serving=True)
    said = {"text": 'ñ "\\ \n \u2028 😀', "number": 2**53 + 1, "share": 0.1, "none": None, "list": [True, {}]}
    person = {"id": 2**62 + 1, "name": said["text"], "language": "es", "created_at": -1}
    message = {
        "contact_id": person["id"], "urn": "", "channel": "sms", "direction": "in", "kind": "question", "text": "",
        "status": "received", "at": 0,
    }  # fmt: skip
    messages = [{"id": no, **message, "raw": raw} for no, raw in ((7, said), (8, {}))]

    async def work(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, [person])
        await insert_rows(conn, t.message, messages)

    await store.transact(work)
    everybody = "id, name, language, created_at"
    async with store.read() as conn:
        people, told, nothing = await packed(
            conn,
            Query(f"SELECT {everybody} FROM contact WHERE id = ?", (person["id"],), everybody),
            Query("SELECT m.raw, m.case_id FROM message m ORDER BY m.id", (), "m.raw, m.case_id", documents=("raw",)),
            Query(f"SELECT {everybody} FROM contact WHERE id = ?", (1,), everybody),
        )
    assert [row._asdict() for row in rows_of(people, everybody)] == [person]
    assert [tuple(row) for row in rows_of(told, "m.raw, m.case_id")] == [(said, None), ({}, None)]
    assert rows_of(nothing, everybody) == []
    await store.close()


async def test_rows_are_changed_each_in_columns_of_its_own(database: str) -> None:
    store = await open_store(database, serving=True)
    rows = [{"id": i, "name": "old", "language": "es", "created_at": 0} for i in range(4)]
    changes: list[dict[str, Any]] = [
        {"id": 0, "name": "a\x00ñ"}, {"id": 1, "name": None, "language": "en"}, {"id": 3, "name": "new"},
    ]  # fmt: skip

    async def work(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, rows)
        writes = Writes(conn)
        writes.change(t.contact, changes, keys=("id",))
        writes.change(t.contact, [], keys=("id",))
        await writes.send()

    await store.transact(work)
    async with store.read() as conn:
        found = await conn.execute(select(t.contact.c.name, t.contact.c.language).order_by(t.contact.c.id))
        assert [tuple(row) for row in found] == [("a\ufffdñ", "es"), (None, "en"), ("old", "es"), ("new", "es")]
    await store.close()


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    assert scripts().get_current_head() == HEAD


async def test_one_sqlite_file_is_served_by_one_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/one.db"
    store = await open_store(url, serving=True)
    with pytest.raises(StoreBusy, match=r"another process is serving one\.db"):
        await open_store(url, serving=True)
    await store.close()
    again = await open_store(url, serving=True)
    await again.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "no url at all", "postgresql"])
def test_a_url_that_is_no_database_of_ours_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(SettingsFault, match="VENTANILLA_DATABASE_URL") as fault:
        database_url(url)
    assert "x/y" not in str(fault.value)
