"""Clocks of cases, notices and absences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _columns()
    _clock()
    op.create_table(
        "notice",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial("notice_unread", "notice", ["staff_id", "id"], "read_at IS NULL")
    op.create_table(
        "absence",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("absence_staff", "absence", ["staff_id", "from_at"])
    _partial("absence_pending", "absence", ["from_at"], "offered_at IS NULL")
    op.create_table(
        "fingerprint",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("fingerprint", "absence", "notice", "clock"):
        op.drop_table(table)
    op.drop_index("case_event_once", "case_event")
    op.drop_column("case_event", "once")
    op.drop_index("cases_step", "cases")
    for column in (
        "effective", "suspended_at", "asked_at", "citizen_due_at", "late_at", "touched_at", "next_step_at",
    ):  # fmt: skip
        op.drop_column("cases", column)
    for column in ("notices_urn", "notices_channel"):
        op.drop_column("staff", column)


def _columns() -> None:
    op.add_column("staff", sa.Column("notices_urn", sa.Text()))
    op.add_column("staff", sa.Column("notices_channel", sa.Text()))
    op.add_column("case_event", sa.Column("once", sa.Text()))
    _partial("case_event_once", "case_event", ["case_id", "once"], "once IS NOT NULL", unique=True)
    op.add_column("cases", sa.Column("effective", sa.Text(), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("citizen_due_at", sa.BigInteger(), nullable=False, server_default="0"))
    for column in ("suspended_at", "asked_at", "late_at", "touched_at", "next_step_at"):
        op.add_column("cases", sa.Column(column, sa.BigInteger()))
    # The timekeeper looks at every case once, and derives its clocks from its events.
    op.execute("UPDATE cases SET citizen_due_at = due_at, next_step_at = 1")
    _partial("cases_step", "cases", ["next_step_at", "id"], "next_step_at IS NOT NULL")


def _clock() -> None:
    op.create_table(
        "clock",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("began", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("term_class", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("territory", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("effective", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("late_at", sa.BigInteger(), nullable=True),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("extended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deemed_granted_at", sa.BigInteger(), nullable=True),
        sa.Column("transfer_due_at", sa.BigInteger(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("citizen_days", sa.Integer(), nullable=True),
        sa.Column("touch_minutes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    _partial(
        "clock_ended",
        "clock",
        [
            "month", "agency", "latest", "days", "citizen_days", "touch_minutes", "started_at", "due_at",
            "answered_at", "late_at", "began", "ended_by", "paused", "extended", "deemed_granted_at", "term_class",
            "channel", "territory",
        ],
        "ended_by IS NOT NULL",
    )  # fmt: skip
    _partial("clock_running", "clock", ["agency", "effective"], "ended_by IS NULL")
    _partial("clock_unanswered", "clock", ["month"], "ended_by IS NOT NULL AND answered_at IS NULL")
    _partial("clock_reopened", "clock", ["month"], "began = 'reopened'")


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
