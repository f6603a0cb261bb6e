"""Canned answers, drafts, saved views, who is viewing, agencies' own texts; duplicates and transcriptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("duplicate_of", "transcribed_by"):
        op.add_column("cases", sa.Column(column, ID))
    where = sa.text("duplicate_of IS NOT NULL")
    op.create_index("cases_duplicates", "cases", ["duplicate_of"], sqlite_where=where, postgresql_where=where)
    _next("state = 'open' AND assignee_id IS NULL AND duplicate_of IS NULL")
    op.create_table(
        "canned_answer",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("agency", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("shortcut", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_by", ID, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("canned_answer_agency", "canned_answer", ["agency", "language"])
    _own()
    op.create_table(
        "agency_text",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_by", ID, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "language", "name"),
    )


def downgrade() -> None:
    for table in ("agency_text", "viewing", "saved_view", "reply_draft", "canned_answer"):
        op.drop_table(table)
    op.drop_index("cases_duplicates", "cases")
    _next("state = 'open' AND assignee_id IS NULL")
    for column in ("duplicate_of", "transcribed_by"):
        op.drop_column("cases", column)


def _next(condition: str) -> None:
    """What "take next" reads: nobody takes a duplicate."""
    where = sa.text(condition)
    op.drop_index("cases_next", "cases")
    op.create_index("cases_next", "cases", ["agency", "due_at", "id"], sqlite_where=where, postgresql_where=where)


def _own() -> None:
    op.create_table(
        "reply_draft",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("case_id", "staff_id", "kind"),
    )
    op.create_index("reply_draft_staff", "reply_draft", ["staff_id", "updated_at"])
    op.create_table(
        "saved_view",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("agency", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", DOCUMENT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("saved_view_staff", "saved_view", ["staff_id", "position"])
    op.create_table(
        "viewing",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("case_id", "staff_id"),
    )
