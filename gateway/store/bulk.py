"""Many rows in one statement, whatever their number: the rows travel as one JSON parameter.

A driver that is called once a row spends most of its time between the calls; here the engine unpacks the rows itself
(`json_each` on SQLite, `json_to_recordset` on PostgreSQL), outside Python. This is what group commit stands on.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.schema import Document, Instant, storable

Row = Mapping[str, Any]

# A \u0000 escape that is not itself escaped: neither engine can keep it.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def document(rows: Any) -> str:
    """`rows` as JSON both engines can hold: NUL and lone surrogates become U+FFFD."""
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:
        text = _NUL.sub("\\1\ufffd", text)
    return storable(text)


async def insert_rows(
    conn: AsyncConnection, table: Table, rows: Sequence[Row], *, conflict: str = "", returning: str = ""
) -> Sequence[Any]:
    """Insert `rows`, all with the keys of the first. Instants are microseconds here, documents plain objects.

    `conflict` is the ON CONFLICT clause, `returning` a column list; the rows it returns come back.
    """
    if not rows:
        return []
    statement = _insert(table, tuple(rows[0]), conn.dialect.name, conflict, returning)
    result = await conn.exec_driver_sql(statement, (document(rows),))
    return result.fetchall() if returning else []


async def update_rows(conn: AsyncConnection, table: Table, rows: Sequence[Row], *, key: str, extra: str = "") -> None:
    """Update by `key` the other columns of `rows`, all with the keys of the first; `extra` is SQL set beside them."""
    if rows:
        statement = _update(table, tuple(rows[0]), conn.dialect.name, key, extra)
        await conn.exec_driver_sql(statement, (document(rows),))


def source(table: Table, columns: Sequence[str], dialect: str) -> str:
    """A row source named `r`, unpacked from the statement's JSON parameter, with the types of the table's columns."""
    if dialect == "sqlite":
        picked = ", ".join(f"value->>'{name}' AS {name}" for name in columns)
        return f"(SELECT {picked} FROM json_each(?)) AS r"
    typed = ", ".join(f"{name} {_pg_type(table, name)}" for name in columns)
    return f"json_to_recordset(CAST(CAST($1 AS text) AS json)) AS r({typed})"


def each(conn: AsyncConnection) -> str:
    """A row source named `e` with one column, `value`: the texts of the statement's JSON list."""
    if conn.dialect.name == "sqlite":
        return "json_each(?) AS e"
    return "json_array_elements_text(CAST(CAST($1 AS text) AS json)) AS e(value)"


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...], dialect: str, conflict: str, returning: str) -> str:
    names = ", ".join(columns)
    statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source(table, columns, dialect)}"
    if conflict:
        # SQLite reads "FROM x ON CONFLICT" as a join's condition unless a WHERE stands between.
        statement += f" WHERE true {conflict}"
    return statement + (f" RETURNING {returning}" if returning else "")


@lru_cache(maxsize=256)
def _update(table: Table, columns: tuple[str, ...], dialect: str, key: str, extra: str) -> str:
    sets = [f"{name} = r.{name}" for name in columns if name != key] + ([extra] if extra else [])
    rows = source(table, columns, dialect)
    return f"UPDATE {table.name} SET {', '.join(sets)} FROM {rows} WHERE {table.name}.{key} = r.{key}"


def _pg_type(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, Instant | BigInteger):
        return "bigint"
    if isinstance(kind, Boolean):
        return "boolean"
    if isinstance(kind, Integer):
        return "integer"
    if kind is Document:
        return "jsonb"
    if isinstance(kind, LargeBinary):
        raise TypeError(f"{table.name}.{name} holds bytes, which do not travel as JSON")
    return "text"
