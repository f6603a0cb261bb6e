"""What comes in and is not a case: sessions and drafts of menus, requests that could not be read, alarms."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Text

from gateway.store.schema.types import Document, Id, Instant, only, table

session = table(
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
draft = table(
    "draft",
    Column("urn", Text, primary_key=True),
    Column("state", Document, nullable=False),
    Column("at", Instant, nullable=False),
)

# Requests that did not become messages: authentic but unreadable, or refused for their signature. A person looks,
# and replays them when the cause is mended.
exchange = table(
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
    Index(
        "exchange_open",
        "kind",
        "at",
        **only("state = 'open'"),
    ),
)

# What an operator must be told: an agency without a manager, a channel that is misconfigured.
alarm = table(
    "alarm",
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("ended_at", Instant),
)
