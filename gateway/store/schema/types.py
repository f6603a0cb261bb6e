"""What columns are made of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware datetime. ValueError when it is naive."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be an aware datetime")
    return (instant - EPOCH) // MICROSECOND


def instant_of(value: int) -> datetime:
    """The aware UTC datetime of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=value)


def storable(value: str) -> str:
    """Text both engines can hold: NUL and lone surrogates become U+FFFD, the replacement character."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant_of(value)


class Words(TypeDecorator[str]):
    """Text that came from outside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


# INTEGER PRIMARY KEY is SQLite's row id: no second index, and rows land in time order.
Id = BigInteger().with_variant(Integer, "sqlite")
Document = JSON().with_variant(JSONB, "postgresql")

metadata = MetaData()


def table(name: str, *items: Any) -> Table:
    """A table of the gateway's database."""
    return Table(name, metadata, *items)


def only(condition: str) -> dict[str, Any]:
    """An index of the rows for which an SQL condition holds, on both engines."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
