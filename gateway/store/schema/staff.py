"""Those who work here, and the tokens of programs."""

from sqlalchemy import Boolean, Column, Index, Integer, Text, text

from gateway.store.schema.types import Id, Instant, Words, only, table

staff = table(
    "staff",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    # manager, head, triage, operator, auditor, administrator
    Column("role", Text, nullable=False),
    Column("agency", Text),
    # None: nobody has set a password yet, so nobody can log in.
    Column("password_hash", Text),
    Column("language", Text),
    Column("active", Boolean, nullable=False),
    Column("on_duty", Boolean, nullable=False, server_default=text("true")),
    Column("capacity", Integer),
    Column("last_assigned_at", Instant),
    # Where warnings reach them besides the console: an address and the channel that writes to it.
    Column("notices_urn", Text),
    Column("notices_channel", Text),
    # Who single sign-on says they are: the address it vouches for, then the issuer's own name for them.
    Column("email", Text),
    Column("sign_on_subject", Text),
    Column("created_at", Instant, nullable=False),
    # Whether single letters do something on the console's pages (WCAG 2.1.4: they can be switched off).
    Column("shortcuts", Boolean, nullable=False, server_default=text("true")),
    Index("staff_agency", "agency"),
    Index("staff_email", "email", unique=True, **only("email IS NOT NULL")),
    Index("staff_sign_on", "sign_on_subject", unique=True, **only("sign_on_subject IS NOT NULL")),
)

api_token = table(
    "api_token",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("agency", Text),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)
