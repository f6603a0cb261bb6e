"""Many rows in few statements, and few waits: what group commit stands on.

A driver that is called once a row spends its time between the calls. PostgreSQL gets all rows of a table as one JSON
parameter and unpacks them itself (`json_to_recordset`). SQLite gets them as multi-row VALUES in blocks of fixed sizes,
so that a handful of prepared statements serves every batch; and the statements of a whole unit of work make one trip
to the driver's thread, because each trip costs both threads a turn at Python's lock.
"""

import json
import re
import sqlite3
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import starmap
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.engine import driver_of
from gateway.store.schema import Document, Instant, storable

Row = Mapping[str, Any]
Statement = tuple[str, Sequence[Any]]

# A \u0000 escape that is not itself escaped: neither engine can keep it.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
# Rows a statement: any number of rows is at most a few of these, and each is prepared once.
_BLOCKS: Final = (64, 32, 16, 8, 4, 2, 1)


def document(value: Any) -> str:
    """`value` as JSON both engines can hold: NUL and lone surrogates become U+FFFD."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, or an integer of more than 64 bits
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        text = storable(text)
    return _NUL.sub("\\1\ufffd", text) if "\\u0000" in text else text


async def insert_rows(
    conn: AsyncConnection, table: Table, rows: Sequence[Row], *, conflict: str = "", returning: str = ""
) -> list[Any]:
    """Insert `rows`, all with the keys of the first. Instants are microseconds here, documents plain objects.

    `conflict` is the ON CONFLICT clause, `returning` a column list; the rows it returns come back.
    """
    return await run(conn, inserts(conn, table, rows, conflict=conflict, returning=returning), returning=returning)


def inserts(
    conn: AsyncConnection, table: Table, rows: Sequence[Row], *, conflict: str = "", returning: str = ""
) -> list[Statement]:
    """The statements of `insert_rows`, to be executed with others."""
    return list(_inserts(conn.dialect.name, table, rows, conflict, returning))


class Writes:
    """Writes of one unit of work, sent together at its end, in the order they were added."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self._statements: list[Statement] = []

    def insert(self, table: Table, rows: Sequence[Row], *, conflict: str = "", returning: str = "") -> None:
        """Like `insert_rows`, later."""
        self._statements += _inserts(self._conn.dialect.name, table, rows, conflict, returning)

    def add(self, sql: str, *values: Any) -> None:
        """A statement of its own; its values are marked `?`."""
        self._statements.append((sql, values))

    def change(self, table: Table, rows: Iterable[Row], *, keys: tuple[str, ...]) -> None:
        """Set some columns of single rows, each row its own, found by the columns `keys`, which come first in each."""
        self._statements += _changes(self._conn.dialect.name, table, rows, keys)

    async def send(self, *, returning: str = "") -> list[Any]:
        """Execute what was added; the rows of the one statement that returns any come back, shaped by `returning`."""
        statements, self._statements = self._statements, []
        return await run(self._conn, statements, returning=returning)


async def run(conn: AsyncConnection, statements: Sequence[Statement], *, returning: str = "") -> list[Any]:
    """Execute statements in order, without waiting in between where the driver queues them; their rows come back.

    Values are marked `?` on both engines.
    """
    if not statements:
        return []
    if conn.dialect.name == "sqlite":
        rows = await driver_of(conn).in_thread(_run_in_thread, statements)
        return list(starmap(_shape(returning), rows)) if returning else []
    found: list[Any] = []
    for sql, values in statements:
        result = await conn.exec_driver_sql(_numbered(sql), tuple(values))
        if returning and result.returns_rows:
            found += result.fetchall()
    return found


class Query(NamedTuple):
    """A statement whose rows are wanted; `columns` names them in order. Values are marked `?` on both engines.

    `documents` are those of its columns that hold documents, for `packed`.
    """

    sql: str
    values: Sequence[Any]
    columns: str
    documents: tuple[str, ...] = ()


async def fetch(conn: AsyncConnection, *queries: Query) -> list[list[Any]]:
    """The rows of each query, all of them in one trip where the engine has such a thing."""
    if conn.dialect.name == "sqlite":
        found = await driver_of(conn).in_thread(_fetch_in_thread, queries)
    else:
        found = [await _fetch_one(conn, query) for query in queries]
    return [
        list(starmap(_shape(query.columns), rows)) if rows else [] for query, rows in zip(queries, found, strict=True)
    ]


async def packed(conn: AsyncConnection, *queries: Query) -> list[str]:
    """The rows of each query as one JSON text, to be unpacked by `rows_of`; equal texts are equal rows.

    The engine makes it in a single step. SQLite's driver takes Python's lock again after each step, and while the main
    thread is busy every one of them is a wait.
    """
    dialect = conn.dialect.name
    wrapped = [
        Query(_packing(dialect, query.sql, query.columns, query.documents), query.values, "t") for query in queries
    ]
    return [row.t for [row] in await fetch(conn, *wrapped)]


def rows_of(text: str, columns: str) -> list[Any]:
    """The rows of a query from the text that `packed` gave of them, documents as plain objects."""
    return list(starmap(_shape(columns), orjson.loads(text)))


async def _fetch_one(conn: AsyncConnection, query: Query) -> list[Any]:
    result = await conn.exec_driver_sql(_numbered(query.sql), tuple(query.values))
    return list(result.fetchall()) if query.columns else []


async def update_rows(conn: AsyncConnection, table: Table, rows: Sequence[Row], *, key: str, extra: str = "") -> None:
    """Update by `key` the other columns of `rows`, all with the keys of the first; `extra` is SQL set beside them."""
    if rows:
        statement = _update(table, tuple(rows[0]), conn.dialect.name, (key,), extra)
        await conn.exec_driver_sql(statement, (document(rows),))


def each(conn: AsyncConnection) -> str:
    """A row source named `e` with one column, `value`: the texts of the JSON list that its mark stands for."""
    if conn.dialect.name == "sqlite":
        return "json_each(?) AS e"
    return "json_array_elements_text(CAST(CAST(? AS text) AS json)) AS e(value)"


def joined(conn: AsyncConnection, expression: str) -> str:
    """The aggregate that joins the values of an expression with line breaks; without any but NULL, NULL."""
    if conn.dialect.name == "sqlite":
        return f"group_concat({expression}, char(10))"
    return f"string_agg(CAST({expression} AS text), chr(10))"


def _run_in_thread(connection: sqlite3.Connection, statements: Sequence[Statement]) -> list[Any]:
    rows: list[Any] = []
    for sql, values in statements:
        rows += connection.execute(sql, values).fetchall()
    return rows


def _fetch_in_thread(connection: sqlite3.Connection, queries: Sequence[Query]) -> list[list[Any]]:
    return [connection.execute(query.sql, query.values).fetchall() for query in queries]


@lru_cache(maxsize=256)
def _numbered(sql: str) -> str:
    """PostgreSQL's marks: $1, $2 and so on in place of each `?`."""
    first, *rest = sql.split("?")
    return first + "".join(f"${place}{part}" for place, part in enumerate(rest, 1))


@lru_cache(maxsize=64)
def _shape(columns: str) -> Any:
    names = [re.split(r"[ .]", name.strip())[-1] for name in columns.split(",")]
    return namedtuple("Row", names)


@lru_cache(maxsize=64)
def _packing(dialect: str, sql: str, columns: str, documents: tuple[str, ...]) -> str:
    names = _shape(columns)._fields
    if dialect == "sqlite":
        listed = ", ".join(f"json({name})" if name in documents else name for name in names)
        return f"SELECT json_group_array(json_array({listed})) FROM ({sql})"
    listed = ", ".join(names)
    return f"SELECT CAST(COALESCE(json_agg(json_build_array({listed})), '[]') AS text) FROM ({sql}) AS r"


def _changes(dialect: str, table: Table, rows: Iterable[Row], keys: tuple[str, ...]) -> Iterator[Statement]:
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    for columns, those in alike.items():
        yield _update(table, columns, dialect, keys, ""), (document(those),)


def _inserts(dialect: str, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> Iterator[Statement]:
    if not rows:
        return
    columns = tuple(rows[0])
    if dialect != "sqlite":
        yield _insert_json(table, columns, conflict, returning), (document(rows),)
        return
    start = 0
    while start < len(rows):
        block = next(size for size in _BLOCKS if size <= len(rows) - start)
        yield _insert_values(table, columns, block, conflict, returning), _bound(rows[start : start + block])
        start += block


def _bound(rows: Sequence[Row]) -> list[Any]:
    """The values of the rows, one after the other, as SQLite can hold them."""
    values = [
        value if (kind := value.__class__) is str or kind is int or value is None else _plain(value)
        for row in rows
        for value in row.values()
    ]
    # One look at all the text is many times cheaper than one at each value, and almost always enough.
    text = "".join([value for value in values if value.__class__ is str])
    if storable(text) == text:
        return values
    return [storable(value) if value.__class__ is str else value for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return document(value)
    return str(value) if isinstance(value, str) else value


@lru_cache(maxsize=256)
def _insert_values(table: Table, columns: tuple[str, ...], block: int, conflict: str, returning: str) -> str:
    marks = ", ".join(["(" + ", ".join("?" * len(columns)) + ")"] * block)
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {marks} {conflict}"
    return statement + (f" RETURNING {returning}" if returning else "")


@lru_cache(maxsize=256)
def _insert_json(table: Table, columns: tuple[str, ...], conflict: str, returning: str) -> str:
    names = ", ".join(columns)
    statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_unpacked(table, columns)} {conflict}"
    return statement + (f" RETURNING {returning}" if returning else "")


@lru_cache(maxsize=256)
def _update(table: Table, columns: tuple[str, ...], dialect: str, keys: tuple[str, ...], extra: str) -> str:
    sets = [f"{name} = r.{name}" for name in columns if name not in keys] + ([extra] if extra else [])
    if dialect == "sqlite":
        picked = ", ".join(f"value->>'{name}' AS {name}" for name in columns)
        rows = f"(SELECT {picked} FROM json_each(?)) AS r"
    else:
        rows = _unpacked(table, columns)
    where = " AND ".join(f"{table.name}.{key} = r.{key}" for key in keys)
    return f"UPDATE {table.name} SET {', '.join(sets)} FROM {rows} WHERE {where}"


def _unpacked(table: Table, columns: Sequence[str]) -> str:
    """PostgreSQL's row source named `r`, with the types of the table's columns."""
    typed = ", ".join(f"{name} {_pg_type(table, name)}" for name in columns)
    return f"json_to_recordset(CAST(CAST($1 AS text) AS json)) AS r({typed})"


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
