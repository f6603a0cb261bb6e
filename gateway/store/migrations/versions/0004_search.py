"""Full-text search."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VECTOR = sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql")

# The words come already folded and stemmed, with a space between them: the ASCII tokenizer leaves them as they are.
# Nothing is kept but the index: neither the words in order nor their number.
WORDS = """
CREATE VIRTUAL TABLE search_words USING fts5(
    words, content='', columnsize=0, tokenize="ascii tokenchars '_-'"
)
"""
# Names and numbers are looked up word by word, so their places need not be kept.
PEOPLE = """
CREATE VIRTUAL TABLE search_people USING fts5(
    words, content='search_person', content_rowid='contact_id', columnsize=0, detail=none,
    tokenize="ascii tokenchars '_-'"
)
"""
SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER search_case_moved AFTER UPDATE OF agency ON cases WHEN NEW.agency <> OLD.agency BEGIN
        INSERT OR IGNORE INTO search_stale SELECT id FROM message WHERE case_id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER search_message_moved AFTER UPDATE OF case_id ON message WHEN NEW.case_id IS NOT OLD.case_id BEGIN
        INSERT OR IGNORE INTO search_stale VALUES (NEW.id);
    END
    """,
)
# A mark that is there already is locked and not passed over: who takes it away must have seen this change.
POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION search_case_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO search_stale SELECT id FROM message WHERE case_id = NEW.id
            ON CONFLICT (message_id) DO UPDATE SET message_id = excluded.message_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION search_message_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO search_stale VALUES (NEW.id)
            ON CONFLICT (message_id) DO UPDATE SET message_id = excluded.message_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER search_case_moved AFTER UPDATE OF agency ON cases FOR EACH ROW
        WHEN (NEW.agency <> OLD.agency) EXECUTE FUNCTION search_case_moved()
    """,
    """
    CREATE TRIGGER search_message_moved AFTER UPDATE OF case_id ON message FOR EACH ROW
        WHEN (NEW.case_id IS DISTINCT FROM OLD.case_id) EXECUTE FUNCTION search_message_moved()
    """,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("words", VECTOR, nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "search_person",
        sa.Column("contact_id", ID, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("vector", VECTOR, nullable=True),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_table(
        "search_stale",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "search_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("floor", ID, nullable=False),
        sa.Column("sweep", ID, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO search_progress (id, version, floor, sweep) VALUES (1, '', 0, 0)")
    if op.get_bind().dialect.name == "sqlite":
        _all(WORDS, PEOPLE, *SQLITE_TRIGGERS)
    else:
        _all(
            "CREATE INDEX search_entry_words ON search_entry USING gin (words)",
            "CREATE INDEX search_person_vector ON search_person USING gin (vector)",
            *POSTGRESQL_TRIGGERS,
        )


def _all(*statements: str) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _all(
            "DROP TRIGGER search_message_moved",
            "DROP TRIGGER search_case_moved",
            "DROP TABLE search_people",
            "DROP TABLE search_words",
        )
    else:
        _all("DROP TRIGGER search_message_moved ON message", "DROP TRIGGER search_case_moved ON cases")
        _all("DROP FUNCTION search_message_moved", "DROP FUNCTION search_case_moved")
    for table in ("search_progress", "search_stale", "search_person", "search_entry"):
        op.drop_table(table)
