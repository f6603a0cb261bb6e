"""A database that was given back hides what happened in it from the next test."""

from pathlib import Path

import asyncpg
import pytest

from tests.support import databases


async def _counted(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        tables = [
            row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in sorted(tables)}
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "spoilt",
    [
        "INSERT INTO contact (id, name, language, created_at) VALUES (1, 'Ana', 'es', 0)",
        "DELETE FROM alembic_version",
        "CREATE TABLE left_over (id int)",
        "ALTER TABLE contact ADD COLUMN left_over int",
    ],
)
async def test_a_database_that_was_given_back_is_as_new(tmp_path: Path, spoilt: str) -> None:
    url = databases.fresh("postgresql", tmp_path)
    new = await _counted(url)
    still_open = await asyncpg.connect(url)
    await still_open.execute(spoilt)
    databases.drop(url)
    again = databases.fresh("postgresql", tmp_path)
    assert await _counted(again) == new
    assert still_open.is_closed()
    databases.drop(again)
