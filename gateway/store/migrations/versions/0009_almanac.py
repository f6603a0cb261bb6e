"""The calendars, terms and hours that clocks were counted by, each until the next; open clocks without their due date.

A due date in the index of open clocks made each run that derives them anew a fifth longer.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "almanac",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _running("agency", "effective", "started_at", "case_id", "no", "late_at", "suspended_at")


def downgrade() -> None:
    _running("agency", "effective", "started_at", "case_id", "no", "due_at", "late_at", "suspended_at")
    op.drop_table("almanac")


def _running(*columns: str) -> None:
    op.drop_index("clock_running", "clock")
    condition = sa.text("ended_by IS NULL")
    op.create_index("clock_running", "clock", columns, sqlite_where=condition, postgresql_where=condition)
