"""Acts on many cases, and whether somebody wants shortcuts of single letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("shortcuts", sa.Boolean(), nullable=False, server_default=sa.text("true")))
    op.create_table(
        "bulk_act",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("numbers", DOCUMENT, nullable=False),
        sa.Column("results", DOCUMENT, nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("undoes", ID),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bulk_act_key", "bulk_act", ["actor", "key"], unique=True)
    where = sa.text("undoes IS NOT NULL")
    op.create_index(
        "bulk_act_undoes", "bulk_act", ["undoes"], unique=True, sqlite_where=where, postgresql_where=where
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("bulk_act")
    op.drop_column("staff", "shortcuts")
