"""Cases, what was said in them, and what happened to them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text, text

from gateway.store.schema.types import Document, Id, Instant, Words, only, table

cases = table(
    "cases",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False, unique=True),
    Column("contact_id", Id, ForeignKey("contact.id"), nullable=False),
    # Where an answer goes: the last address the person wrote from that can be answered.
    Column("reply_urn", Text),
    Column("reply_channel", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # The service number the person used, so that the answer comes from it.
    Column("service_number", Text),
    Column("agency", Text, nullable=False),
    Column("topic", Text),
    Column("term_class", Text, nullable=False),
    Column("territory", Text),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("assignee_id", Id),
    Column("received_at", Instant, nullable=False),
    # The agency's legal clock: when its answer is due, the local day from which days are counted, and since when the
    # clock stands still because the citizen owes an answer.
    Column("due_at", Instant, nullable=False),
    Column("effective", Text, nullable=False),
    Column("suspended_at", Instant),
    # When the citizen was asked to complete the request, until they do.
    Column("asked_at", Instant),
    # The citizen's clock: it starts at the first receipt, and neither a transfer nor a reopening starts it again.
    Column("citizen_due_at", Instant, nullable=False),
    # The first second in which any clock of the case was past due: kept for ever.
    Column("late_at", Instant),
    # The first act of a person.
    Column("touched_at", Instant),
    # When the timekeeper must look at it next; None: never.
    Column("next_step_at", Instant),
    Column("waiting_since", Instant),
    Column("active_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("predecessor_id", Id),
    # The case that stands for this one: its answer is given here too.
    Column("duplicate_of", Id),
    # Who wrote down what was said on the phone, at the counter or in a letter.
    Column("transcribed_by", Id),
    Column("last_line", Words, nullable=False),
    Column("last_by", Text, nullable=False),
    Column("failed_delivery", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default="1"),
    # "take next" and "unassigned": the oldest due first, straight off the index. The last three are the same in every
    # row, but SQLite would look each case up to see that they are.
    Index(
        "cases_next",
        "agency",
        "due_at",
        "id",
        "state",
        "assignee_id",
        "duplicate_of",
        **only("state = 'open' AND assignee_id IS NULL AND duplicate_of IS NULL"),
    ),
    # What is owed, and nothing that is over. The last two are for the team's page, which counts what everybody has and
    # would look each case up to see whose it is.
    Index(
        "cases_agency_due",
        "agency",
        "state",
        "due_at",
        "id",
        "assignee_id",
        "suspended_at",
        **only("state IN ('open', 'waiting')"),
    ),
    # By whose it is, also for that page; without the due date, which moves with every calendar.
    Index("cases_carried", "agency", "assignee_id", "state", **only("state IN ('open', 'waiting')")),
    # The same for who serves the whole network: off the index of agencies, each of their lists sorted all that is owed.
    Index("cases_due", "due_at", "id", "state", **only("state IN ('open', 'waiting')")),
    # The queue's views of what is over and of what did not arrive, the latest first. Only what is over or did not
    # arrive pays for them: no message that comes in does.
    Index("cases_ended", "active_at", "id", "agency", "state", **only("state IN ('answered', 'closed')")),
    Index(
        "cases_failed",
        "active_at",
        "id",
        "agency",
        sqlite_where=text("failed_delivery = 1"),
        postgresql_where=text("failed_delivery"),
    ),
    Index("cases_assignee", "assignee_id", "state", "due_at", "id", **only("assignee_id IS NOT NULL"),),
    Index("cases_contact", "contact_id", "id"),
    Index("cases_duplicates", "duplicate_of", **only("duplicate_of IS NOT NULL")),
    Index("cases_step", "next_step_at", "id", **only("next_step_at IS NOT NULL")),
)  # fmt: skip

# The claim comes before any work and stays for ever: a signature has no timestamp, so a captured request could be
# replayed in ten years.
claim = table(
    "claim",
    Column("channel", Text, primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("message_id", Id, nullable=False),
)

# One tree instead of a table and its index: these are looked up by their key and nothing else.
claim.dialect_options["sqlite"]["with_rowid"] = False

message = table(
    "message",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id")),
    Column("contact_id", Id, nullable=False),
    Column("urn", Text, nullable=False),
    Column("channel", Text, nullable=False),
    # in, out, note
    Column("direction", Text, nullable=False),
    # question, command, thanks, acknowledgement, answer, notice, note
    Column("kind", Text, nullable=False),
    Column("provider_id", Text),
    Column("text", Words, nullable=False),
    Column("decoded_text", Words),
    Column("staff_id", Id),
    # Outbound: a DeliveryStatus. Inbound: "received".
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("error_detail", Text),
    Column("at", Instant, nullable=False),
    Column("sent_at", Instant),
    # The provider's own key of the message, when edits and quotes name it by another key than the provider id.
    Column("message_key", Text),
    Column("album", Text),
    Column("version_of", Id),
    # What the provider sent (inbound), or buttons and the like (outbound).
    Column("raw", Document),
    Index("message_case", "case_id", "id"),
    Index("message_provider", "channel", "provider_id", **only("direction = 'out'"),),
    Index("message_key", "channel", "message_key", **only("message_key IS NOT NULL"),),
    Index("message_album", "channel", "album", **only("album IS NOT NULL"),),
)  # fmt: skip

attachment = table(
    "attachment",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("message_id", Id, ForeignKey("message.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("filename", Words),
    Column("content_type", Text),
    Column("size", Integer),
    # pending, stored, unavailable, refused
    Column("state", Text, nullable=False),
    Column("detail", Text),
    # A random name below the files directory, never derived from the sender's.
    Column("stored_as", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Index("attachment_message", "message_id", "position"),
    Index("attachment_pending", "next_try_at", **only("state = 'pending'"),),
)  # fmt: skip

case_event = table(
    "case_event",
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # citizen, system, or staff:<id>
    Column("actor", Text, nullable=False),
    Column("data", Document, nullable=False),
    # What may happen once only, in the words of who does it: a warning is given by one process, and never again.
    Column("once", Text),
    Index("case_event_case", "case_id", "id"),
    Index("case_event_once", "case_id", "once", unique=True, **only("once IS NOT NULL")),
)

case_counter = table(
    "case_counter",
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("next", Integer, nullable=False),
)
