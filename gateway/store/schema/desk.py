"""What people at the desk keep for themselves and for each other."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text

from gateway.store.schema.types import Document, Id, Instant, Words, only, table

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
    # answer, note; given: an answer that can still be taken back
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

# One act on many cases: what was asked, how far it is, what became of each case.
bulk_act = table(
    "bulk_act",
    Column("id", Id, primary_key=True, autoincrement=False),
    # staff:<id> or token:<id>
    Column("actor", Text, nullable=False),
    # The form's own: sent twice, it is one act.
    Column("key", Text, nullable=False),
    # assign, release, transfer, classify, close
    Column("act", Text, nullable=False),
    Column("details", Document, nullable=False),
    # The cases' numbers, in the order in which they are gone through.
    Column("numbers", Document, nullable=False),
    # As many as have been gone through: number, and what it was before or why it was refused.
    Column("results", Document, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # The act that this one takes back.
    Column("undoes", Id),
    Index("bulk_act_key", "actor", "key", unique=True),
    Index("bulk_act_undoes", "undoes", unique=True, **only("undoes IS NOT NULL")),
)
