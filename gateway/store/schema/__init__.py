"""The tables, the same on SQLite and PostgreSQL.

Ids are 63-bit, made by the process that writes (`gateway.clock.new_id`), ordered by time: whole batches are built
before a single statement is sent. Instants are integers, microseconds since the epoch in UTC, so that both engines
sort and compare them alike. `case_event` is the truth; the columns of `cases` and the rows of `clock` are its
projection.
"""

from gateway.store.schema.accounts import audit as audit
from gateway.store.schema.accounts import invitation as invitation
from gateway.store.schema.accounts import login_failure as login_failure
from gateway.store.schema.accounts import login_session as login_session
from gateway.store.schema.accounts import recovery_code as recovery_code
from gateway.store.schema.accounts import second_factor as second_factor
from gateway.store.schema.case import attachment as attachment
from gateway.store.schema.case import case_counter as case_counter
from gateway.store.schema.case import case_event as case_event
from gateway.store.schema.case import cases as cases
from gateway.store.schema.case import claim as claim
from gateway.store.schema.case import message as message
from gateway.store.schema.clock import absence as absence
from gateway.store.schema.clock import almanac as almanac
from gateway.store.schema.clock import clock as clock
from gateway.store.schema.clock import fingerprint as fingerprint
from gateway.store.schema.clock import notice as notice
from gateway.store.schema.desk import agency_text as agency_text
from gateway.store.schema.desk import bulk_act as bulk_act
from gateway.store.schema.desk import canned_answer as canned_answer
from gateway.store.schema.desk import reply_draft as reply_draft
from gateway.store.schema.desk import saved_view as saved_view
from gateway.store.schema.desk import viewing as viewing
from gateway.store.schema.doors import alarm as alarm
from gateway.store.schema.doors import draft as draft
from gateway.store.schema.doors import exchange as exchange
from gateway.store.schema.doors import session as session
from gateway.store.schema.people import address as address
from gateway.store.schema.people import contact as contact
from gateway.store.schema.people import opt_out as opt_out
from gateway.store.schema.search import search_entry as search_entry
from gateway.store.schema.search import search_person as search_person
from gateway.store.schema.search import search_progress as search_progress
from gateway.store.schema.search import search_stale as search_stale
from gateway.store.schema.sending import attempt as attempt
from gateway.store.schema.sending import outbox as outbox
from gateway.store.schema.sending import receipt as receipt
from gateway.store.schema.staff import api_token as api_token
from gateway.store.schema.staff import staff as staff
from gateway.store.schema.types import MICROSECOND as MICROSECOND
from gateway.store.schema.types import Document as Document
from gateway.store.schema.types import Instant as Instant
from gateway.store.schema.types import instant_of as instant_of
from gateway.store.schema.types import metadata as metadata
from gateway.store.schema.types import micros as micros
from gateway.store.schema.types import storable as storable
