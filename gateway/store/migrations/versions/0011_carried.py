"""An index of what everybody has at an agency."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    owed = sa.text("state IN ('open', 'waiting')")
    columns = ["agency", "assignee_id", "state"]
    # A database may have it from a 0010 that was not finished.
    op.create_index("cases_carried", "cases", columns, sqlite_where=owed, postgresql_where=owed, if_not_exists=True)


def downgrade() -> None:
    op.drop_index("cases_carried", "cases")
