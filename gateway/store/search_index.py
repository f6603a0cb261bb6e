"""The full-text index: what has not been read yet, and reading it. FTS5 on SQLite, tsvector and GIN on PostgreSQL.

The index runs behind the messages and can be thrown away: it holds nothing that they do not say.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.search import words as search_words
from gateway.store import schema as t
from gateway.store.bulk import Query, Statement, each, fetch, run

# Receipts and notices say the same to everybody.
_BOILERPLATE: Final = ("acknowledgement", "notice")
_ADDRESS: Final = "a.contact_id, a.urn"
_AGENCY: Final = "c.contact_id, c.agency"
_FOUND_BY: Final = "p.contact_id, p.words"
_M, _C, _E = t.message.c, t.cases.c, t.search_entry.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A message as the index keeps it: labels and tokens, each with a space between them. Its person is the case's."""

    message_id: int
    contact_id: int
    at: datetime
    labels: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far reading has come; see `schema.search_progress`."""

    version: str
    floor: int
    sweep: int


async def unread(conn: AsyncConnection, *, after: int, limit: int, until: int = 2**63 - 1) -> list[Document]:
    """Messages that are not in the index, among those with ids beyond `after` and up to `until`, the oldest first."""
    joined = t.message.join(t.cases, _C.id == _M.case_id).outerjoin(t.search_entry, _E.message_id == _M.id)
    query = (
        _documents()
        .select_from(joined)
        .where(_M.id > after, _M.id <= until, _E.message_id.is_(None), _M.kind.not_in(_BOILERPLATE))
        .order_by(_M.id)
        .limit(limit)
    )
    return [_document(row) for row in await conn.execute(query)]


def _documents() -> Select[Any]:
    return select(_M.id, _M.text, _M.decoded_text, _M.at, _C.agency, _C.contact_id)


def _document(row: Any) -> Document:
    said = row.text if row.decoded_text is None else f"{row.text}\n{row.decoded_text}"
    labels = search_words.labels(agency=row.agency, at=row.at)
    return Document(
        message_id=row.id,
        contact_id=row.contact_id,
        at=row.at,
        labels=labels,
        words=" ".join(search_words.tokens(said)),
    )


async def nth_after(conn: AsyncConnection, after: int, n: int) -> int | None:
    """The id of the last of the next `n` messages after an id; None when there is none."""
    ids = select(_M.id).where(_M.id > after).order_by(_M.id).limit(n).subquery()
    last: int | None = (await conn.execute(select(func.max(ids.c.id)))).scalar_one()
    return last


async def claim(conn: AsyncConnection) -> Progress | None:
    """The progress, held until this transaction ends; None while another process is reading."""
    query = select(t.search_progress).with_for_update(skip_locked=True)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Progress(version=row.version, floor=row.floor, sweep=row.sweep)


async def progress(conn: AsyncConnection) -> Progress:
    """How far reading has come."""
    row = (await conn.execute(select(t.search_progress))).one()
    return Progress(version=row.version, floor=row.floor, sweep=row.sweep)


async def save(conn: AsyncConnection, **values: Any) -> None:
    """Set `version`, `floor` or `sweep`."""
    await conn.execute(update(t.search_progress).values(**values))


async def clear(conn: AsyncConnection) -> None:
    """Forget everything that was read."""
    if conn.dialect.name == "sqlite":
        await conn.execute(text("INSERT INTO search_words (search_words) VALUES ('delete-all')"))
    for table in (t.search_entry, t.search_person, t.search_stale):
        await conn.execute(delete(table))
    if conn.dialect.name == "sqlite":
        await conn.execute(text("INSERT INTO search_people (search_people) VALUES ('rebuild')"))


async def add(conn: AsyncConnection, documents: Sequence[Document]) -> int:
    """Put messages into the index, and their people; how many were not in it comes back."""
    if not documents:
        return 0
    if conn.dialect.name == "sqlite":
        added = await _add_to_sqlite(conn, documents)
    else:
        added = await run(conn, [(_PG_ADD, (_json(_rows_with_vectors(documents)),))], returning="message_id")
    await read_people(conn, {document.contact_id for document in documents})
    return len(added)


_PG_ROWS: Final = "json_to_recordset(CAST(CAST(? AS text) AS json)) AS r(message_id bigint, labels text, words text)"
_PG_ADD: Final = (
    "INSERT INTO search_entry (message_id, labels, words) SELECT message_id, labels, CAST(words AS tsvector)"
    f" FROM {_PG_ROWS} ON CONFLICT DO NOTHING RETURNING message_id"
)
_PG_CHANGE: Final = (
    "UPDATE search_entry SET labels = r.labels, words = CAST(r.words AS tsvector)"
    f" FROM {_PG_ROWS} WHERE search_entry.message_id = r.message_id"
)


async def _add_to_sqlite(conn: AsyncConnection, documents: Sequence[Document]) -> list[Any]:
    # The words first: they are wanted of those messages only that have no entry yet.
    fresh = "WHERE NOT EXISTS (SELECT 1 FROM search_entry e WHERE e.message_id = value->>0)"
    words, packed = _fts("search_words", ((document.message_id, _all(document)) for document in documents))
    entries = _json([[document.message_id, document.labels] for document in documents])
    sql = (
        "INSERT INTO search_entry (message_id, labels) SELECT value->>0, value->>1 FROM json_each(?) WHERE true"
        " ON CONFLICT DO NOTHING RETURNING message_id"
    )
    return await run(conn, [(f"{words} {fresh}", packed), (sql, (entries,))], returning="message_id")


def _all(document: Document, labels: str | None = None) -> str:
    return f"{document.words} {document.labels if labels is None else labels}"


def _fts(table: str, rows: Iterable[tuple[int, str]], *, remove: bool = False) -> tuple[str, tuple[str]]:
    """Insert rows into an FTS5 table, or take out rows that were inserted with exactly these words."""
    head = f"INSERT INTO {table} (rowid, words) SELECT"
    if remove:
        head = f"INSERT INTO {table} ({table}, rowid, words) SELECT 'delete',"
    return f"{head} value->>0, value->>1 FROM json_each(?)", (_json(list(rows)),)


def _rows_with_vectors(documents: Iterable[Document]) -> list[dict[str, Any]]:
    return [{"message_id": d.message_id, "labels": d.labels, "words": vector(_all(d).split())} for d in documents]


def vector(tokens: Sequence[str]) -> str:
    """Tokens as the text of a tsvector, with their places; tokens are letters and digits, so nothing needs escaping."""
    places: dict[str, list[str]] = {}
    # A place beyond 16,383 and a word's 256th place are not kept by PostgreSQL; nobody misses them.
    for place, token in enumerate(tokens, 1):
        places.setdefault(token, []).append(str(min(place, 16_383)))
    return " ".join(f"'{token}':{','.join(found[:255])}" for token, found in places.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def follow(conn: AsyncConnection, *, limit: int) -> int:
    """Give messages whose case or agency has changed their new labels; how many changes were followed comes back."""
    marked = await _take_marks(conn, limit)
    if not marked:
        return 0
    joined = t.message.join(t.cases, _C.id == _M.case_id).outerjoin(t.search_entry, _E.message_id == _M.id)
    query = _documents().add_columns(_E.labels).select_from(joined)
    rows = list(await conn.execute(query.where(_M.id.in_(marked), _M.kind.not_in(_BOILERPLATE))))
    documents = [(_document(row), row.labels) for row in rows]
    changed = [(new, old) for new, old in documents if old is not None and old != new.labels]
    if conn.dialect.name == "sqlite":
        await _relabel_in_sqlite(conn, changed)
    elif changed:
        await run(conn, [(_PG_CHANGE, (_json(_rows_with_vectors(new for new, _ in changed)),))])
    await add(conn, [new for new, old in documents if old is None])
    await read_people(conn, {document.contact_id for document, _ in documents})
    return len(marked)


async def any_stale(conn: AsyncConnection) -> bool:
    """Whether a message waits for its new labels."""
    return (await conn.execute(select(t.search_stale.c.message_id).limit(1))).first() is not None


async def _take_marks(conn: AsyncConnection, limit: int) -> list[int]:
    marks = t.search_stale.c.message_id
    oldest = select(marks).order_by(marks).limit(limit).with_for_update(skip_locked=True)
    rows = await conn.execute(delete(t.search_stale).where(marks.in_(oldest)).returning(marks))
    return [row.message_id for row in rows]


async def _relabel_in_sqlite(conn: AsyncConnection, changed: Sequence[tuple[Document, str]]) -> None:
    if changed:
        entries = _json([[new.message_id, new.labels] for new, _ in changed])
        labels = "UPDATE search_entry SET labels = r.value->>1 FROM json_each(?) AS r WHERE message_id = r.value->>0"
        gone = _fts("search_words", ((new.message_id, _all(new, old)) for new, old in changed), remove=True)
        await run(
            conn, [(labels, (entries,)), gone, _fts("search_words", ((n.message_id, _all(n)) for n, _ in changed))]
        )


async def forget(conn: AsyncConnection, message_ids: Sequence[int]) -> None:
    """Take messages out of the index. To be called before their words are changed or deleted, in one transaction."""
    query = _documents().add_columns(_E.labels).where(_M.id.in_(message_ids))
    joined = t.message.join(t.cases, _C.id == _M.case_id).join(t.search_entry, _E.message_id == _M.id)
    rows = list(await conn.execute(query.select_from(joined)))
    if conn.dialect.name == "sqlite":
        words = [(document.message_id, _all(document, row.labels)) for row in rows for document in [_document(row)]]
        await run(conn, [_fts("search_words", words, remove=True)])
    await conn.execute(delete(t.search_entry).where(_E.message_id.in_([row.id for row in rows])))


async def read_people(conn: AsyncConnection, contact_ids: Iterable[int]) -> None:
    """Bring what people are found by up to date: name, numbers, and whose cases they have."""
    ids = f"(SELECT CAST(e.value AS bigint) FROM {each(conn)})"
    packed = (_json([str(contact_id) for contact_id in sorted(contact_ids)]),)
    names, numbers, agencies, known = await fetch(
        conn,
        Query(f"SELECT c.id, c.name FROM contact c WHERE c.id IN {ids}", packed, "c.id, c.name"),
        Query(f"SELECT {_ADDRESS} FROM address a WHERE a.contact_id IN {ids}", packed, _ADDRESS),
        Query(f"SELECT DISTINCT {_AGENCY} FROM cases c WHERE c.contact_id IN {ids}", packed, _AGENCY),
        Query(f"SELECT {_FOUND_BY} FROM search_person p WHERE p.contact_id IN {ids}", packed, _FOUND_BY),
    )
    by_number = _grouped((row.contact_id, row.urn.partition(":")[2]) for row in numbers)
    by_agency = _grouped((row.contact_id, row.agency) for row in agencies)
    fresh = {
        row.id: search_words.person(row.name, by_number.get(row.id, ()), by_agency.get(row.id, ())) for row in names
    }
    old = {row.contact_id: row.words for row in known}
    changed = {contact_id: words for contact_id, words in fresh.items() if old.get(contact_id) != words}
    if changed:
        await run(conn, list(_person_writes(conn.dialect.name, changed, old)))


def _person_writes(dialect: str, changed: dict[int, str], old: dict[int, str]) -> Iterator[Statement]:
    if dialect == "sqlite":
        yield _fts("search_people", ((key, old[key]) for key in changed if key in old), remove=True)
        yield _fts("search_people", changed.items())
    yield _keep_people(dialect, changed)


def _keep_people(dialect: str, people: dict[int, str]) -> tuple[str, tuple[str]]:
    conflict = "ON CONFLICT (contact_id) DO UPDATE SET words = excluded.words, vector = excluded.vector"
    head = "INSERT INTO search_person (contact_id, words, vector) SELECT"
    if dialect == "sqlite":
        rows = _json(list(people.items()))
        return f"{head} value->>0, value->>1, NULL FROM json_each(?) WHERE true {conflict}", (rows,)
    made = [{"contact_id": key, "words": words, "vector": vector(words.split())} for key, words in people.items()]
    source = "json_to_recordset(CAST(CAST(? AS text) AS json)) AS r(contact_id bigint, words text, vector text)"
    return f"{head} contact_id, words, CAST(vector AS tsvector) FROM {source} {conflict}", (_json(made),)


def _grouped(pairs: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
