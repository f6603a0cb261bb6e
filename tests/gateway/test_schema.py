"""The tables: what migrations make is what the schema says, on both engines."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text

from gateway.clock import id_at, new_id, now
from gateway.store import schema as t
from gateway.store.engine import open_store
from gateway.store.migrate import check, migrate, scripts
from gateway.store.schema import instant_of, metadata, micros, storable

# What only one engine has, and the comparison cannot know: SQLite's FTS5 tables with their shadows, PostgreSQL's GIN.
FULL_TEXT = re.compile(r"search_(words|people)(_(data|idx|config|content|docsize))?|search_(entry_words|person_vector)")
FULL_TEXT_PARTS = {
    "sqlite": {"search_words", "search_people", "search_case_moved", "search_message_moved"},
    "postgresql": {"search_entry_words", "search_person_vector", "search_case_moved", "search_message_moved"},
}


def differences(conn: Connection) -> list[object]:
    opts = {"compare_type": True, "target_metadata": metadata, "include_object": is_of_the_schema}
    return list(compare_metadata(MigrationContext.configure(conn, opts=opts), metadata))


def is_of_the_schema(_item: object, name: str | None, _kind: str, is_reflected: bool, _other: object) -> bool:
    return not (is_reflected and FULL_TEXT.fullmatch(name or ""))


def full_text_parts(conn: Connection) -> set[str]:
    if conn.dialect.name == "sqlite":
        found = conn.execute(text("SELECT name FROM sqlite_master"))
    else:
        found = conn.execute(text("SELECT indexname FROM pg_indexes UNION SELECT tgname FROM pg_trigger"))
    return {str(name) for (name,) in found}


async def test_migrations_make_exactly_the_schema(database: str) -> None:
    store = await open_store(database, serving=False)
    try:
        async with store.read() as conn:
            assert await conn.run_sync(differences) == []
            assert FULL_TEXT_PARTS[store.dialect] <= await conn.run_sync(full_text_parts)
        await check(store)
        assert await migrate(store) == scripts().get_current_head()
    finally:
        await store.close()


async def test_an_instant_comes_back_as_it_was_written_to_the_microsecond(database: str) -> None:
    store = await open_store(database, serving=True)
    written = datetime(2026, 7, 6, 10, 0, 0, 123457, tzinfo=timezone(timedelta(hours=-5)))
    row = {"id": new_id(), "name": "Ana\x00 \ud83d", "language": "es", "created_at": written}
    try:
        await store.transact(lambda conn: conn.execute(insert(t.contact).values(**row)))
        async with store.read() as conn:
            [found] = await conn.execute(select(t.contact))
    finally:
        await store.close()
    assert found.created_at == written
    assert found.created_at.tzinfo is UTC
    assert found.name.startswith("Ana\ufffd")


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 — hypothesis takes naive bounds
def test_every_instant_survives_its_number(instant: datetime) -> None:
    assert instant_of(micros(instant)) == instant


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        micros(datetime(2026, 7, 6))  # noqa: DTZ001 — that is what is refused


def test_ids_are_63_bits_ever_larger_and_ordered_by_time() -> None:
    before = now()
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert 0 < ids[0] < ids[-1] < 2**63
    # Ten thousand in a millisecond or two borrow from the milliseconds to come.
    assert id_at(before - timedelta(seconds=1)) < ids[0] < id_at(now() + timedelta(seconds=5))


@given(st.text(alphabet=st.characters(codec=None)))
def test_storable_text_is_what_both_engines_hold(said: str) -> None:
    kept = storable(said)
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert storable(kept) == kept
