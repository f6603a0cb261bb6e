"""Indexes of what the whole network owes by due date, and of what everybody has at an agency."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _owed("cases_carried", "agency", "assignee_id", "state")
    _owed("cases_due", "due_at", "id", "state")


def downgrade() -> None:
    for name in ("cases_due", "cases_carried"):
        op.drop_index(name, "cases")


def _owed(name: str, *columns: str) -> None:
    owed = sa.text("state IN ('open', 'waiting')")
    op.create_index(name, "cases", columns, sqlite_where=owed, postgresql_where=owed)
