"""How those who work here get in, and what they saw and did."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text

from gateway.store.schema.types import Id, Instant, Words, only, table

login_session = table(
    "login_session",
    # SHA-256 of the cookie, so that a copy of the database opens no door.
    Column("token_hash", Text, primary_key=True),
    # What a form calls it.
    Column("id", Id, nullable=False, unique=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    # open; code: the password was right and the second factor is still asked for
    Column("stage", Text, nullable=False),
    # password, code, recovery, sign_on
    Column("method", Text, nullable=False),
    Column("remote", Text, nullable=False),
    # The browser, in its own words.
    Column("agent", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("login_session_staff", "staff_id"),
)

login_failure = table(
    "login_failure",
    Column("id", Id, primary_key=True, autoincrement=False),
    # The login tried, the network address it was tried from, or whose code it was, each with its prefix.
    Column("subject", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("login_failure_subject", "subject", "at"),
)

# A link that lets somebody set their name and password, once.
invitation = table(
    "invitation",
    Column("token_hash", Text, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False, unique=True),
    Column("invited_by", Id, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

second_factor = table(
    "second_factor",
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    # Encrypted; never shown again once confirmed.
    Column("secret", Text, nullable=False),
    # None while nobody has shown that they hold it.
    Column("confirmed_at", Instant),
    # The time step of the last code that was accepted: it opens nothing twice.
    Column("last_step", BigInteger, nullable=False),
)

recovery_code = table(
    "recovery_code",
    Column("code_hash", Text, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("used_at", Instant),
    Index("recovery_code_staff", "staff_id"),
)

# Who saw and did what. The database itself refuses to change or remove a row.
audit = table(
    "audit",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    # staff:<id>, token:<id>, command, or "" for somebody who did not get in
    Column("actor", Text, nullable=False),
    # The login or the token's name, as it was then.
    Column("who", Words, nullable=False),
    Column("role", Text),
    # Whose affair it is: the case's agency, else the actor's. None: nobody's in particular.
    Column("agency", Text),
    Column("action", Text, nullable=False),
    # A case's number, `staff:<login>`, `token:<name>`; never a person's words or number.
    Column("object", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("remote", Text, nullable=False),
    Index("audit_who", "who", "id"),
    Index("audit_object", "object", "id"),
    Index("audit_agency", "agency", "id", **only("agency IS NOT NULL")),
    Index("audit_action", "action", "id"),
)
