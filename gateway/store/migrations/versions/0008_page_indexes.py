"""Pages that read what they show: the clocks behind a figure in order, what a team has, what it answered this week."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FOUND = ["began", "term_class", "channel", "territory"]
_MARKED = "extended OR paused OR began = 'transferred' OR ended_by = 'transferred' OR deemed_granted_at IS NOT NULL"


def upgrade() -> None:
    _running("agency", "effective", "started_at", "case_id", "no", "due_at", "late_at", "suspended_at")
    _owed("agency", "state", "due_at", "id", "assignee_id", "suspended_at")
    op.create_index("clock_started", "clock", ["started_at", "case_id", "no", "agency", *_FOUND])
    op.create_index("clock_agency", "clock", ["agency", "started_at", "case_id", "no", *_FOUND])
    few = ["started_at", "case_id", "no", "agency", *_FOUND, "latest"]
    op.create_index("clock_late", "clock", few, **_only("late_at IS NOT NULL"))
    marks = ["extended", "paused", "ended_by", "deemed_granted_at"]
    op.create_index("clock_marked", "clock", [*few, *marks], **_only(_MARKED))
    op.create_index("clock_answered", "clock", ["agency", "answered_at", "case_id"], **_only("answered_at IS NOT NULL"))


def downgrade() -> None:
    for name in ("clock_answered", "clock_marked", "clock_late", "clock_agency", "clock_started"):
        op.drop_index(name, "clock")
    _owed("agency", "state", "due_at", "id")
    _running("agency", "effective")


def _running(*columns: str) -> None:
    op.drop_index("clock_running", "clock")
    op.create_index("clock_running", "clock", columns, **_only("ended_by IS NULL"))


def _owed(*columns: str) -> None:
    op.drop_index("cases_agency_due", "cases")
    op.create_index("cases_agency_due", "cases", columns, **_only("state IN ('open', 'waiting')"))


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
