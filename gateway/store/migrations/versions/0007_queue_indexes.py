"""The queue's views among a million cases: what is owed by itself, what is over and what did not arrive by time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _next("agency", "due_at", "id", "state", "assignee_id", "duplicate_of")
    op.drop_index("cases_agency_due", "cases")
    op.create_index(
        "cases_agency_due", "cases", ["agency", "state", "due_at", "id"], **_only("state IN ('open', 'waiting')")
    )
    op.create_index(
        "cases_ended", "cases", ["active_at", "id", "agency", "state"], **_only("state IN ('answered', 'closed')")
    )
    op.create_index(
        "cases_failed",
        "cases",
        ["active_at", "id", "agency"],
        sqlite_where=sa.text("failed_delivery = 1"),
        postgresql_where=sa.text("failed_delivery"),
    )


def downgrade() -> None:
    for name in ("cases_failed", "cases_ended", "cases_agency_due"):
        op.drop_index(name, "cases")
    op.create_index("cases_agency_due", "cases", ["agency", "state", "due_at", "id"])
    _next("agency", "due_at", "id")


def _next(*columns: str) -> None:
    """What nobody has, with what its condition asks beside it: an engine need not look a case up to see it."""
    op.drop_index("cases_next", "cases")
    op.create_index(
        "cases_next", "cases", columns, **_only("state = 'open' AND assignee_id IS NULL AND duplicate_of IS NULL")
    )


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
