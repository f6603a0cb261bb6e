"""People and their addresses."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text

from gateway.store.schema.types import Id, Instant, Words, table

contact = table(
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

address = table(
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

# One tree instead of a table and its index: these are looked up by their key and nothing else.
address.dialect_options["sqlite"]["with_rowid"] = False

opt_out = table(
    "opt_out",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("urn", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("opted_out", Boolean, nullable=False),
    # word, provider, receipt
    Column("source", Text, nullable=False),
    Index("opt_out_urn", "urn", "id"),
)
