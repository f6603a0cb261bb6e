"""How many messages have a word: counted, and remembered only of words that very many have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.search import heard
from gateway.store import search_index
from gateway.store.engine import open_store
from tests.support import databases
from tests.support.archive import Archive


@pytest.fixture
async def archive(database: str) -> AsyncIterator[Archive]:
    store = await open_store(database, serving=True)
    yield Archive(store)
    await store.close()


async def counted(archive: Archive, *, at: float) -> list[int]:
    async with archive.store.read() as conn:
        return await heard.counts(conn, ["diplom", "duplic", "nunca"], most=3, at=at)


async def test_a_frequent_word_is_remembered_for_ten_minutes_and_a_rare_one_is_counted_each_time(
    archive: Archive,
) -> None:
    for text in ("un diploma", "otro diploma", "mi diploma", "un duplicado del diploma"):
        await archive.case(text)
    await archive.read()
    first = await counted(archive, at=1000.0)
    await archive.case("otro duplicado")
    await archive.read()
    second = await counted(archive, at=1001.0)
    await archive.store.transact(search_index.clear)

    assert first == [3, 1, 0]
    assert second == [3, 2, 0]
    assert await counted(archive, at=1599.0) == [3, 0, 0]
    assert await counted(archive, at=1600.0) == [0, 0, 0]


async def test_what_is_frequent_in_one_database_is_not_in_another(archive: Archive, tmp_path: Path) -> None:
    for _ in range(3):
        await archive.case("un diploma")
    await archive.read()
    folder = tmp_path / "other"
    folder.mkdir()
    other = await open_store(databases.fresh("sqlite", folder), serving=False)
    try:
        assert await counted(archive, at=1000.0) == [3, 0, 0]
        assert await counted(Archive(other), at=1001.0) == [0, 0, 0]
    finally:
        await other.close()
