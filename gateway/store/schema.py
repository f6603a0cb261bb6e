"""The tables, the same on SQLite and PostgreSQL.

Ids are 63-bit, made by the process that writes (`gateway.clock.new_id`), ordered by time: whole batches are built
before a single statement is sent. Instants are integers, microseconds since the epoch in UTC, so that both engines
sort and compare them alike. `case_event` is the truth; the columns of `cases` are its projection.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
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


def _table(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items)


contact = _table(
    "contact",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Words),
    Column("language", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Set when two contacts turned out to be one person: the one that stays.
    Column("merged_into", Id),
    # The next message starts a new case, because the person just said NEW.
    Column("wants_new_until", Instant),
)

address = _table(
    "address",
    Column("urn", Text, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("opted_out_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("last_inbound_at", Instant),
    # How many messages came since `recent_since`: the flood limit's memory.
    Column("recent_since", Instant),
    Column("recent_count", Integer, nullable=False, server_default="0"),
    Index("address_contact", "contact_id"),
)

cases = _table(
    "cases",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False, unique=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False),
    # Where an answer goes: the last address the person wrote from that can be answered.
    Column("reply_urn", Text),
    Column("reply_channel", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # The service number the person used, so that the answer comes from it.
    Column("service_number", Text),
    Column("agency", Text, nullable=False),
    Column("topic", Text),
    Column("term_class", Text, nullable=False),
    Column("territory", Text),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("assignee_id", Id),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("waiting_since", Instant),
    Column("active_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("predecessor_id", Id),
    Column("last_line", Words, nullable=False),
    Column("last_by", Text, nullable=False),
    Column("failed_delivery", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1"),
    # "take next" and "unassigned": the oldest due first, straight off the index.
    Index(
        "cases_next",
        "agency",
        "due_at",
        "id",
        sqlite_where=text("state = 'open' AND assignee_id IS NULL"),
        postgresql_where=text("state = 'open' AND assignee_id IS NULL"),
    ),
    Index("cases_agency_due", "agency", "state", "due_at", "id"),
    Index("cases_assignee", "assignee_id", "state", "due_at", "id", sqlite_where=text("assignee_id IS NOT NULL"),
          postgresql_where=text("assignee_id IS NOT NULL")),
    Index("cases_contact", "contact_id", "id"),
)  # fmt: skip

# The claim comes before any work and stays for ever: a signature has no timestamp, so a captured request could be
# replayed in ten years.
claim = _table(
    "claim",
    Column("channel", Text, primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("message_id", Id, nullable=False),
)
# One tree instead of a table and its index: these are looked up by their key and nothing else.
claim.dialect_options["sqlite"]["with_rowid"] = False
address.dialect_options["sqlite"]["with_rowid"] = False

message = _table(
    "message",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id")),
    Column("contact_id", Id, nullable=False),
    Column("urn", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # in, out, note
    Column("direction", Text, nullable=False),
    # question, command, thanks, acknowledgement, answer, notice, note
    Column("kind", Text, nullable=False),
    Column("provider_id", Text),
    Column("text", Words, nullable=False),
    Column("decoded_text", Words),
    Column("staff_id", Id),
    # Outbound: a DeliveryStatus. Inbound: "received".
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("error_detail", Text),
    Column("at", Instant, nullable=False),
    Column("sent_at", Instant),
    # The provider's own key of the message, when edits and quotes name it by another key than the provider id.
    Column("message_key", Text),
    Column("album", Text),
    Column("version_of", Id),
    # What the provider sent (inbound), or buttons and the like (outbound).
    Column("raw", Document),
    Index("message_case", "case_id", "id"),
    Index("message_provider", "channel", "provider_id", sqlite_where=text("direction = 'out'"),
          postgresql_where=text("direction = 'out'")),
    Index("message_key", "channel", "message_key", sqlite_where=text("message_key IS NOT NULL"),
          postgresql_where=text("message_key IS NOT NULL")),
    Index("message_album", "channel", "album", sqlite_where=text("album IS NOT NULL"),
          postgresql_where=text("album IS NOT NULL")),
)  # fmt: skip

attachment = _table(
    "attachment",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("message_id", Id, ForeignKey("message.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("filename", Words),
    Column("content_type", Text),
    Column("size", Integer),
    # pending, stored, unavailable, refused
    Column("state", Text, nullable=False),
    Column("detail", Text),
    # A random name below the files directory, never derived from the sender's.
    Column("stored_as", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Index("attachment_message", "message_id", "position"),
    Index("attachment_pending", "next_try_at", sqlite_where=text("state = 'pending'"),
          postgresql_where=text("state = 'pending'")),
)  # fmt: skip

case_event = _table(
    "case_event",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # citizen, system, or staff:<id>
    Column("actor", Text, nullable=False),
    Column("data", Document, nullable=False),
    Index("case_event_case", "case_id", "id"),
)

outbox = _table(
    "outbox",
    Column("message_id", Id, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    # 0 answers and acknowledgements of a person's words, 1 notices, 2 broadcasts
    Column("priority", Integer, nullable=False),
    # pending, leased, done, dead, unknown
    Column("state", Text, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Index("outbox_due", "channel", "priority", "next_at", sqlite_where=text("state = 'pending'"),
          postgresql_where=text("state = 'pending'")),
    Index("outbox_leased", "lease_until", sqlite_where=text("state = 'leased'"),
          postgresql_where=text("state = 'leased'")),
    Index("outbox_trouble", "state", sqlite_where=text("state IN ('dead', 'unknown')"),
          postgresql_where=text("state IN ('dead', 'unknown')")),
)  # fmt: skip

# Written before the provider is called: an attempt without an outcome is one whose end we do not know.
attempt = _table(
    "attempt",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("message_id", Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("code", Text),
    Column("detail", Text),
    Index("attempt_message", "message_id", "id"),
)

receipt = _table(
    "receipt",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("provider_status", Text, nullable=False),
    Column("status", Text),
    Column("code", Text),
    Column("at", Instant, nullable=False),
    # None while it waits for the message it speaks of.
    Column("message_id", Id),
    Index("receipt_once", "channel", "provider_id", "provider_status", unique=True),
    Index("receipt_unmatched", "at", sqlite_where=text("message_id IS NULL"),
          postgresql_where=text("message_id IS NULL")),
)  # fmt: skip

opt_out = _table(
    "opt_out",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("urn", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("opted_out", Boolean, nullable=False),
    # word, provider, receipt
    Column("source", Text, nullable=False),
    Index("opt_out_urn", "urn", "id"),
)

session = _table(
    "session",
    Column("channel", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("urn", Text, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("accumulated", Text, nullable=False),
    Column("state", Document, nullable=False),
    # The last screen shown, to repeat for a repeated request.
    Column("screen", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("turns", Integer, nullable=False),
    # completed or dropped, when the provider said so
    Column("ended", Text),
    Index("session_urn", "urn", "seen_at"),
    Index("session_seen", "seen_at"),
)

# Where a person was in a menu when a session dropped, with what they had typed.
draft = _table(
    "draft",
    Column("urn", Text, primary_key=True),
    Column("state", Document, nullable=False),
    Column("at", Instant, nullable=False),
)

case_counter = _table(
    "case_counter",
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("next", Integer, nullable=False),
)

staff = _table(
    "staff",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    # manager, operator, administrator
    Column("role", Text, nullable=False),
    Column("agency", Text),
    # None: nobody has set a password yet, so nobody can log in.
    Column("password_hash", Text),
    Column("language", Text),
    Column("active", Boolean, nullable=False),
    Column("on_duty", Boolean, nullable=False, server_default=text("true")),
    Column("capacity", Integer),
    Column("last_assigned_at", Instant),
    Column("created_at", Instant, nullable=False),
    Index("staff_agency", "agency"),
)

login_session = _table(
    "login_session",
    # SHA-256 of the cookie, so that a copy of the database opens no door.
    Column("token_hash", Text, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("login_session_staff", "staff_id"),
)

login_failure = _table(
    "login_failure",
    Column("id", Id, primary_key=True, autoincrement=False),
    # The login tried, or the network address it was tried from, each with its prefix.
    Column("subject", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("login_failure_subject", "subject", "at"),
)

api_token = _table(
    "api_token",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("agency", Text),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# Requests that did not become messages: authentic but unreadable, or refused for their signature. A person looks,
# and replays them when the cause is mended.
exchange = _table(
    "exchange",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("channel", Text, nullable=False),
    # unparsed, rejected
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("tail", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # open, replayed, dismissed
    Column("state", Text, nullable=False),
    Index("exchange_open", "kind", "at", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)

# What an operator must be told: an agency without a manager, a channel that is misconfigured.
alarm = _table(
    "alarm",
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("ended_at", Instant),
)
