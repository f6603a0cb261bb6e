"""What is on its way to people, and what providers say of it."""

from sqlalchemy import Column, Index, Integer, Text

from gateway.store.schema.types import Id, Instant, only, table

outbox = table(
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
    Index("outbox_due", "channel", "priority", "next_at", **only("state = 'pending'"),),
    Index("outbox_leased", "lease_until", **only("state = 'leased'"),),
    Index("outbox_trouble", "state", **only("state IN ('dead', 'unknown')"),),
)  # fmt: skip

# Written before the provider is called: an attempt without an outcome is one whose end we do not know.
attempt = table(
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

receipt = table(
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
    Index("receipt_unmatched", "at", **only("message_id IS NULL"),),
)  # fmt: skip
