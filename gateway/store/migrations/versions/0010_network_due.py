"""An index of what the whole network owes, by due date."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    owed = sa.text("state IN ('open', 'waiting')")
    op.create_index("cases_due", "cases", ["due_at", "id", "state"], sqlite_where=owed, postgresql_where=owed)


def downgrade() -> None:
    op.drop_index("cases_due", "cases")
