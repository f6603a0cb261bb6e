"""The tables: what migrations make is what the schema says, on both engines."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from gateway.clock import id_at, new_id, now
from gateway.store import schema as t
from gateway.store.engine import open_store
from gateway.store.migrate import check, migrate, scripts
from gateway.store.schema import instant_of, metadata, micros, storable


def differences(conn: Connection) -> list[object]:
    context = MigrationContext.configure(conn, opts={"compare_type": True, "target_metadata": metadata})
    return list(compare_metadata(context, metadata))


async def test_migrations_make_exactly_the_schema(database: str) -> None:
    store = await open_store(database, serving=False)
    try:
        async with store.read() as conn:
            assert await conn.run_sync(differences) == []
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
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert 0 < ids[0] < ids[-1] < 2**63
    # Ten thousand in a millisecond or two borrow from the milliseconds to come.
    assert id_at(now() - timedelta(seconds=1)) < ids[0] < id_at(now() + timedelta(seconds=5))


@given(st.text(alphabet=st.characters(codec=None)))
def test_storable_text_is_what_both_engines_hold(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert storable(kept) == kept
