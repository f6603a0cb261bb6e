"""Legal clocks: what reports count, and whom the timekeeper tells."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text, text

from gateway.store.schema.types import Document, Id, Instant, Words, only, table

# One row for each legal clock of a case, in the order in which they began; a projection of `case_event`.
clock = table(
    "clock",
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    # received, transferred, reopened
    Column("began", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("term_class", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("territory", Text),
    Column("started_at", Instant, nullable=False),
    # The local month of `started_at` and the local day from which days are counted: 2026-11, 2026-11-17.
    Column("month", Text, nullable=False),
    Column("effective", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    # The last clock of its case, a reopening's aside: what counts each case once.
    Column("latest", Boolean, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    # answered, transferred, or the outcome the case was closed with without an answer
    Column("ended_by", Text),
    # The first second past due, though it was answered or given more time afterwards: kept for ever.
    Column("late_at", Instant),
    # Set while the citizen owes an answer.
    Column("suspended_at", Instant),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("extended", Boolean, nullable=False, server_default=text("false")),
    Column("deemed_granted_at", Instant),
    # By when it had to be passed on, for a clock that ended so.
    Column("transfer_due_at", Instant),
    # Business days from `effective` to the answer; calendar days from the citizen's first word to it.
    Column("days", Integer),
    Column("citizen_days", Integer),
    # Business minutes from the start to the first act of a person.
    Column("touch_minutes", Integer),
    # Reports read a year of ended clocks off this index alone, in the order in which they group them.
    Index(
        "clock_ended",
        "month", "agency", "latest", "days", "citizen_days", "touch_minutes", "started_at", "due_at", "answered_at",
        "late_at", "began", "ended_by", "paused", "extended", "deemed_granted_at", "term_class", "channel", "territory",
        **only("ended_by IS NOT NULL"),
    ),
    # What runs or stands still: reports group it by day, and what is open is found in it. Without the due date, which
    # moves for every case when a calendar does: that would cost such a run a fifth more.
    Index(
        "clock_running",
        "agency", "effective", "started_at", "case_id", "no", "late_at", "suspended_at",
        **only("ended_by IS NULL"),
    ),
    # The clocks behind a figure, the oldest first, a page at a time. Whoever narrows them must not have every row read.
    Index("clock_started", "started_at", "case_id", "no", "agency", "began", "term_class", "channel", "territory"),
    Index("clock_agency", "agency", "started_at", "case_id", "no", "began", "term_class", "channel", "territory"),
    # The same of what happens to few; no clock that begins pays for it.
    Index(
        "clock_late",
        "started_at", "case_id", "no", "agency", "began", "term_class", "channel", "territory", "latest",
        **only("late_at IS NOT NULL"),
    ),
    Index(
        "clock_marked",
        "started_at", "case_id", "no", "agency", "began", "term_class", "channel", "territory", "latest", "extended",
        "paused", "ended_by", "deemed_granted_at",
        **only(
            "extended OR paused OR began = 'transferred' OR ended_by = 'transferred' OR deemed_granted_at IS NOT NULL"
        ),
    ),
    # What an agency has answered since a day.
    Index("clock_answered", "agency", "answered_at", "case_id", **only("answered_at IS NOT NULL")),
    Index("clock_unanswered", "month", **only("ended_by IS NOT NULL AND answered_at IS NULL")),
    Index("clock_reopened", "month", **only("began = 'reopened'")),
)  # fmt: skip

# What somebody is told about a case on their console.
notice = table(
    "notice",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("case_id", Id, ForeignKey("cases.id")),
    # A step of the timekeeper's (half, breach …), or another kind of news.
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", Document, nullable=False),
    Column("read_at", Instant),
    Index("notice_unread", "staff_id", "id", **only("read_at IS NULL")),
)

# When somebody is away: their cases are offered to others.
absence = table(
    "absence",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("from_at", Instant, nullable=False),
    # None: until they say that they are back.
    Column("until_at", Instant),
    Column("reason", Words, nullable=False),
    # Set when their cases were offered again.
    Column("offered_at", Instant),
    Index("absence_staff", "staff_id", "from_at"),
    Index("absence_pending", "from_at", **only("offered_at IS NULL")),
)

# The calendars, terms and hours that clocks were counted by: what ended under one stays so. Ids are like those of
# events: what was written after a row and before the next was counted by it.
almanac = table(
    "almanac",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("fingerprint", Text, nullable=False),
    Column("document", Document, nullable=False),
)

# By what calendars and terms the clocks were last derived: others mean that every open case is derived anew.
fingerprint = table(
    "fingerprint",
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
