"""What search remembers of what it has read. The words themselves lie in the engine's own full-text index.

On PostgreSQL they are the column `words` (and `vector`) below, with a GIN index each. On SQLite they lie in the FTS5
tables `search_words` and `search_people`, whose row ids are the keys of these tables; the columns stay empty.
"""

from sqlalchemy import Column, Integer, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.store.schema.types import Id, table

_Vector = Text().with_variant(TSVECTOR, "postgresql")

# A message that can be found, and the labels it was given: to take it out of FTS5 again, they must be known.
search_entry = table(
    "search_entry",
    Column("message_id", Id, primary_key=True, autoincrement=False),
    Column("labels", Text, nullable=False),
    Column("words", _Vector),
)

# A person who can be found by name and number: the words, with a space between them.
search_person = table(
    "search_person",
    Column("contact_id", Id, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
    Column("vector", _Vector),
)

# Messages whose case, or whose case's agency, has changed since they were read. Triggers write it, so that whoever
# moves a case need not think of search.
search_stale = table(
    "search_stale",
    Column("message_id", Id, primary_key=True, autoincrement=False),
)

# One row, `id` 1.
search_progress = table(
    "search_progress",
    Column("id", Integer, primary_key=True, autoincrement=False),
    # How words were made into tokens; another version must read everything again.
    Column("version", Text, nullable=False),
    # Every message up to this id has been read.
    Column("floor", Id, nullable=False),
    # The slow second look at everything goes on after this id.
    Column("sweep", Id, nullable=False),
)
