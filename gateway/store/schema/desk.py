"""What people at the desk keep for themselves and for each other."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text

from gateway.store.schema.types import Document, Id, Instant, Words, table

# An answer that is given often. Without an agency it is everybody's.
canned_answer = table(
    "canned_answer",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("agency", Text),
    Column("language", Text, nullable=False),
    # What is typed after "/" to find it.
    Column("shortcut", Text, nullable=False),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("updated_by", Id, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("canned_answer_agency", "agency", "language"),
)

# What somebody has begun to write in a case: kept here, so that another desk or a lost tab loses nothing.
reply_draft = table(
    "reply_draft",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    # answer, note
    Column("kind", Text, primary_key=True),
    Column("text", Words, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("reply_draft_staff", "staff_id", "updated_at"),
)

# A filter with a name.
saved_view = table(
    "saved_view",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    # Shared with everybody of the agency, when one is named.
    Column("agency", Text),
    Column("name", Words, nullable=False),
    Column("filter", Document, nullable=False),
    Column("position", Integer, nullable=False),
    Index("saved_view_staff", "staff_id", "position"),
)

# Who has a case on their screen just now, and whether they write in it.
viewing = table(
    "viewing",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("seen_at", Instant, nullable=False),
    Column("writing", Boolean, nullable=False),
)

# A citizens' text that an agency words in its own way.
agency_text = table(
    "agency_text",
    Column("agency", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("text", Words, nullable=False),
    Column("updated_by", Id, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
