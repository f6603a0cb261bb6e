"""Assisted intake over the API: a call centre's own program writes down what it heard."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from gateway.desk.transcribing import Spoken
from gateway.errors import NotFound
from gateway.store import transcribed
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked, Key
from gateway.web.api.bodies import Text


class TranscribeBody(Asked):
    """What somebody said, and how they want to be answered."""

    way: Literal["phone", "visit", "radio", "tv", "letter"]
    text: Text
    name: Annotated[str, Field(max_length=100)] | None = None
    answer_channel: Key | None = Field(default=None, description="left out: they come for the answer")
    answer_to: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, description="a telephone number; for a chat, the one its owner has shared there"
    )
    agency: Key | None = Field(default=None, description="left out: the rules decide, as for a message")
    topic: Key | None = None
    term_class: Key | None = Field(default=None, alias="class")
    territory: Annotated[str, Field(pattern=r"^\d{2}(\d{3})?$")] | None = None
    language: Annotated[str, Field(max_length=35)] | None = Field(default=None, description="BCP 47")
    received_at: AwareDatetime | None = Field(default=None, description="not in the future; left out: now")
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")] | None = Field(
        default=None, description="your own; a repeat with the same key and the same words opens no second case"
    )


class Opened(Answer):
    """What is to be read out to them. `agency` may be one whose cases the caller does not see."""

    number: str
    agency: str
    received_at: datetime
    due_at: datetime = Field(description="the last second in which the answer is in time")


async def transcribe(ask: Ask) -> Opened:
    """Open a case of what somebody said."""
    said: TranscribeBody = ask.body
    spoken = Spoken(**said.model_dump(exclude={"key"}))
    number = await ask.gateway.desk.transcribe(ask.principal, spoken, key=said.key)
    async with ask.gateway.store.read() as conn:
        case = await transcribed.by_number(conn, ask.principal, number)
    if case is None:
        raise NotFound(f"there is no case {number} that you may see")
    return Opened(number=case.number, agency=case.agency, received_at=case.received_at, due_at=case.due_at)
