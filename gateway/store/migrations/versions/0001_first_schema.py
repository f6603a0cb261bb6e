"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attempt_message", "attempt", ["message_id", "id"], unique=False)
    op.create_table(
        "case_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year"),
    )
    op.create_table(
        "claim",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("channel", "provider_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contact",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("wants_new_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "draft",
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("state", DOCUMENT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("urn"),
    )
    op.create_table(
        "exchange",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", DOCUMENT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "exchange_open",
        "exchange",
        ["kind", "at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "login_failure",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("login_failure_subject", "login_failure", ["subject", "at"], unique=False)
    op.create_table(
        "opt_out",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("opt_out_urn", "opt_out", ["urn", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["channel", "priority", "next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "outbox_leased",
        "outbox",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "outbox_trouble",
        "outbox",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state IN ('dead', 'unknown')"),
        postgresql_where=sa.text("state IN ('dead', 'unknown')"),
    )
    op.create_table(
        "receipt",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("receipt_once", "receipt", ["channel", "provider_id", "provider_status"], unique=True)
    op.create_index(
        "receipt_unmatched",
        "receipt",
        ["at"],
        unique=False,
        sqlite_where=sa.text("message_id IS NULL"),
        postgresql_where=sa.text("message_id IS NULL"),
    )
    op.create_table(
        "session",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("accumulated", sa.Text(), nullable=False),
        sa.Column("state", DOCUMENT, nullable=False),
        sa.Column("screen", sa.Text(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "session_id", "urn"),
    )
    op.create_index("session_seen", "session", ["seen_at"], unique=False)
    op.create_index("session_urn", "session", ["urn", "seen_at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("last_assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
    )
    op.create_index("staff_agency", "staff", ["agency"], unique=False)
    op.create_table(
        "address",
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("answerable", sa.Boolean(), nullable=False),
        sa.Column("opted_out_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_inbound_at", sa.BigInteger(), nullable=True),
        sa.Column("recent_since", sa.BigInteger(), nullable=True),
        sa.Column("recent_count", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
        ),
        sa.PrimaryKeyConstraint("urn"),
        sqlite_with_rowid=False,
    )
    op.create_index("address_contact", "address", ["contact_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("reply_urn", sa.Text(), nullable=True),
        sa.Column("reply_channel", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("service_number", sa.Text(), nullable=True),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("term_class", sa.Text(), nullable=False),
        sa.Column("territory", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assignee_id", ID, nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("predecessor_id", ID, nullable=True),
        sa.Column("last_line", sa.Text(), nullable=False),
        sa.Column("last_by", sa.Text(), nullable=False),
        sa.Column("failed_delivery", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("cases_agency_due", "cases", ["agency", "state", "due_at", "id"], unique=False)
    op.create_index(
        "cases_assignee",
        "cases",
        ["assignee_id", "state", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index("cases_contact", "cases", ["contact_id", "id"], unique=False)
    op.create_index(
        "cases_next",
        "cases",
        ["agency", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'open' AND assignee_id IS NULL"),
        postgresql_where=sa.text("state = 'open' AND assignee_id IS NULL"),
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("login_session_staff", "login_session", ["staff_id"], unique=False)
    op.create_table(
        "case_event",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_event_case", "case_event", ["case_id", "id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("urn", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("decoded_text", sa.Text(), nullable=True),
        sa.Column("staff_id", ID, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("message_key", sa.Text(), nullable=True),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("version_of", ID, nullable=True),
        sa.Column("raw", DOCUMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "message_album",
        "message",
        ["channel", "album"],
        unique=False,
        sqlite_where=sa.text("album IS NOT NULL"),
        postgresql_where=sa.text("album IS NOT NULL"),
    )
    op.create_index("message_case", "message", ["case_id", "id"], unique=False)
    op.create_index(
        "message_key",
        "message",
        ["channel", "message_key"],
        unique=False,
        sqlite_where=sa.text("message_key IS NOT NULL"),
        postgresql_where=sa.text("message_key IS NOT NULL"),
    )
    op.create_index(
        "message_provider",
        "message",
        ["channel", "provider_id"],
        unique=False,
        sqlite_where=sa.text("direction = 'out'"),
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("stored_as", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attachment_message", "attachment", ["message_id", "position"], unique=False)
    op.create_index(
        "attachment_pending",
        "attachment",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_index(
        "attachment_pending",
        table_name="attachment",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("attachment_message", table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(
        "message_provider",
        table_name="message",
        sqlite_where=sa.text("direction = 'out'"),
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.drop_index(
        "message_key",
        table_name="message",
        sqlite_where=sa.text("message_key IS NOT NULL"),
        postgresql_where=sa.text("message_key IS NOT NULL"),
    )
    op.drop_index("message_case", table_name="message")
    op.drop_index(
        "message_album",
        table_name="message",
        sqlite_where=sa.text("album IS NOT NULL"),
        postgresql_where=sa.text("album IS NOT NULL"),
    )
    op.drop_table("message")
    op.drop_index("case_event_case", table_name="case_event")
    op.drop_table("case_event")
    op.drop_index("login_session_staff", table_name="login_session")
    op.drop_table("login_session")
    op.drop_index(
        "cases_next",
        table_name="cases",
        sqlite_where=sa.text("state = 'open' AND assignee_id IS NULL"),
        postgresql_where=sa.text("state = 'open' AND assignee_id IS NULL"),
    )
    op.drop_index("cases_contact", table_name="cases")
    op.drop_index(
        "cases_assignee",
        table_name="cases",
        sqlite_where=sa.text("assignee_id IS NOT NULL"),
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.drop_index("cases_agency_due", table_name="cases")
    op.drop_table("cases")
    op.drop_index("address_contact", table_name="address")
    op.drop_table("address")
    op.drop_index("staff_agency", table_name="staff")
    op.drop_table("staff")
    op.drop_index("session_urn", table_name="session")
    op.drop_index("session_seen", table_name="session")
    op.drop_table("session")
    op.drop_index(
        "receipt_unmatched",
        table_name="receipt",
        sqlite_where=sa.text("message_id IS NULL"),
        postgresql_where=sa.text("message_id IS NULL"),
    )
    op.drop_index("receipt_once", table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(
        "outbox_trouble",
        table_name="outbox",
        sqlite_where=sa.text("state IN ('dead', 'unknown')"),
        postgresql_where=sa.text("state IN ('dead', 'unknown')"),
    )
    op.drop_index(
        "outbox_leased",
        table_name="outbox",
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.drop_index(
        "outbox_due",
        table_name="outbox",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_table("outbox")
    op.drop_index("opt_out_urn", table_name="opt_out")
    op.drop_table("opt_out")
    op.drop_index("login_failure_subject", table_name="login_failure")
    op.drop_table("login_failure")
    op.drop_index(
        "exchange_open",
        table_name="exchange",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("exchange")
    op.drop_table("draft")
    op.drop_table("contact")
    op.drop_table("claim")
    op.drop_table("case_counter")
    op.drop_index("attempt_message", table_name="attempt")
    op.drop_table("attempt")
    op.drop_table("api_token")
    op.drop_table("alarm")
