"""Canned answers over the API, as a composer needs them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.store import canned
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked, Key


class CannedQuery(Asked):
    """Which answers; every parameter narrows."""

    agency: Key | None = Field(default=None, description="what this agency can use: its own and everybody's")
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None
    q: Annotated[str, Field(max_length=60)] = Field(
        default="", description="what the shortcut, or a word of the title, begins with"
    )


class CannedAnswer(Answer):
    """An answer that is given often. `text` holds {number}, {name}, {agency} and {due}, to be filled when used."""

    id: str
    agency: str | None = Field(description="null: everybody's")
    language: str
    shortcut: str
    title: str
    text: str
    updated_at: datetime


class CannedAnswers(Answer):
    """Those in use, the best match first, at most 200."""

    items: list[CannedAnswer]


_MOST = 200


async def listed(ask: Ask) -> CannedAnswers:
    """The answers somebody may use."""
    wanted: CannedQuery = ask.query
    async with ask.gateway.store.read() as conn:
        found = await canned.matching(conn, ask.principal, wanted.language, wanted.q, agency=wanted.agency, limit=_MOST)
    return CannedAnswers(
        items=[
            CannedAnswer(
                id=str(row.id), agency=row.agency, language=row.language, shortcut=row.shortcut, title=row.title,
                text=row.text, updated_at=row.updated_at,
            )
            for row in found
        ]
    )  # fmt: skip
