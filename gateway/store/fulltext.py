"""One expression over tokens, asked of either engine's full-text index. See `gateway.store.search_index`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, TableClause, cast, column, func, literal, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.search.query import Term
from gateway.store import schema as t

# An inflected word's stem is shorter than the beginning somebody may type: "educaci" must find "educ".
_SHORTEST_STEM: Final = 4
# SQLite's indexes; a column named like the table stands for all of its columns.
_WORDS: Final = table("search_words", column("rowid", BigInteger), column("search_words"))
_PEOPLE: Final = table("search_people", column("rowid", BigInteger), column("search_people"))


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of a label."""

    text: str


Part = Term | Beginning | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Documents with every part, one at least of `any` unless that is empty, and `none` of the last."""

    every: Sequence[Part]
    any: Sequence[Part] = ()
    none: Sequence[Part] = field(default=())

    def written(self, dialect: str) -> str:
        """In the engine's own notation. Every token is quoted, so nothing in it can be an operator."""
        write, conjunction, disjunction = _NOTATIONS[dialect]
        every = [write(part) for part in self.every]
        if self.any:
            every.append(_either(map(write, self.any), disjunction))
        found = f"({conjunction.join(every)})"
        if self.none:
            negation = " NOT " if dialect == "sqlite" else " & !"
            found += negation + _either(map(write, self.none), disjunction)
        return found


def _either(parts: Any, disjunction: str) -> str:
    return f"({disjunction.join(parts)})"


def _fts5(part: Part) -> str:
    if isinstance(part, str):
        return f'"{part}"'
    if isinstance(part, Beginning):
        return f'"{part.text}" *'
    if part.begins:
        return _either([f'"{part.tokens[0]}" *', *(f'"{stem}"' for stem in _shorter(part.tokens[0]))], " OR ")
    return f'"{" ".join(part.tokens)}"'


def _tsquery(part: Part) -> str:
    if isinstance(part, str):
        return f"'{part}'"
    if isinstance(part, Beginning):
        return f"'{part.text}':*"
    if part.begins:
        return _either([f"'{part.tokens[0]}':*", *(f"'{stem}'" for stem in _shorter(part.tokens[0]))], " | ")
    return _either((f"'{token}'" for token in part.tokens), " <-> ")


_NOTATIONS: Final = {"sqlite": (_fts5, " AND ", " OR "), "postgresql": (_tsquery, " & ", " | ")}


def _shorter(begun: str) -> list[str]:
    return [begun[:length] for length in range(_SHORTEST_STEM, len(begun))]


def newest_words(dialect: str, expression: Expression, *, below: int, limit: int) -> Select[Any]:
    """The `id` of messages that the expression fits, those with the largest ids first."""
    if dialect == "sqlite":
        return _from_fts5(_WORDS, expression, below=below, limit=limit)
    entry = t.search_entry.c
    # OFFSET 0 is PostgreSQL's fence: without it a plan may walk backwards over all messages for a rare word.
    fit = select(entry.message_id.label("id")).where(_fits(entry.words, expression), entry.message_id < below).offset(0)
    return _newest(fit.subquery("fit").c.id, limit)


def people(dialect: str, expression: Expression, *, limit: int) -> Select[Any]:
    """The `id` of contacts whom the expression fits, the newest first."""
    if dialect == "sqlite":
        return _from_fts5(_PEOPLE, expression, below=2**63 - 1, limit=limit)
    person = t.search_person.c
    fit = select(person.contact_id.label("id")).where(_fits(person.vector, expression)).offset(0)
    return _newest(fit.subquery("fit").c.id, limit)


def _newest(ids: ColumnElement[int], limit: int) -> Select[Any]:
    return select(ids).order_by(ids.desc()).limit(limit)


def _fits(vector: ColumnElement[Any], expression: Expression) -> ColumnElement[bool]:
    return vector.bool_op("@@")(cast(literal(expression.written("postgresql")), TSQUERY))


def _from_fts5(fts: TableClause, expression: Expression, *, below: int, limit: int) -> Select[Any]:
    fits = fts.c[fts.name].bool_op("MATCH")(expression.written("sqlite"))
    ids = fts.c.rowid
    return select(ids.label("id")).where(fits, ids < below).order_by(ids.desc()).limit(limit)


async def size(conn: AsyncConnection, *, most: int) -> int:
    """How many messages the index has, counted up to `most`."""
    entries = select(t.search_entry.c.message_id).limit(most).subquery()
    return int((await conn.execute(select(func.count()).select_from(entries))).scalar_one())


async def frequencies(conn: AsyncConnection, expressions: Sequence[Expression], *, most: int) -> list[int]:
    """How many messages fit each expression, counted up to `most`."""
    dialect = conn.dialect.name
    counts = []
    for expression in expressions:
        if dialect == "sqlite":
            fit = _from_fts5(_WORDS, expression, below=2**63 - 1, limit=most)
        else:
            fit = select(t.search_entry.c.message_id).where(_fits(t.search_entry.c.words, expression)).limit(most)
        counts.append(select(func.count()).select_from(fit.subquery()).scalar_subquery())
    return [int(count) for count in (await conn.execute(select(*counts))).one()] if counts else []
