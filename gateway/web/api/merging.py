"""Duplicates over the API, and taking an answer back."""

from pydantic import Field

from gateway.web.api import answers, views
from gateway.web.api.asked import Ask, Asked, CaseNumber
from gateway.web.api.bodies import Reason


class MergeBody(Asked):
    """The open case of the same agency that is to stand for this one, and why."""

    into: CaseNumber = Field(description="what answers it answers this one too")
    reason: Reason


class SeparateBody(Asked):
    """Why it is no duplicate."""

    reason: Reason


async def merge(ask: Ask) -> answers.Case:
    """Let another case stand for this one."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.merge(ask.principal, number, into=body.into, reason=body.reason)
    return await _present(ask, number)


async def separate(ask: Ask) -> answers.Case:
    """Let a duplicate stand for itself again."""
    number = ask.path["number"]
    await ask.gateway.desk.separate(ask.principal, number, reason=ask.body.reason)
    return await _present(ask, number)


async def undo(ask: Ask) -> answers.Case:
    """Take back the caller's last answer, while none of it has left."""
    number = ask.path["number"]
    await ask.gateway.desk.undo(ask.principal, number)
    return await _present(ask, number)


async def _present(ask: Ask, number: str) -> answers.Case:
    async with ask.gateway.store.read() as conn:
        return await views.case(conn, ask, number)
