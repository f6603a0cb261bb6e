"""Cases over the API: list, read, take, answer and the other acts of the desk."""

from datetime import timedelta

import structlog

from gateway.audit import Action
from gateway.errors import Forbidden, Invalid
from gateway.store import queue
from gateway.web.api import answers, bodies, views
from gateway.web.api.asked import Ask
from gateway.web.api.found import found as searched
from routing.case import CaseState

log = structlog.get_logger()


async def listed(ask: Ask) -> answers.Cases:
    """A page of the cases the principal may see."""
    wanted: bodies.CasesQuery = ask.query
    found = queue.Filter(
        agency=wanted.agency,
        state=wanted.state,
        channel=wanted.channel,
        topic=wanted.topic,
        assignee_id=None if wanted.assignee is None else int(wanted.assignee),
        unassigned=wanted.unassigned,
        overdue_at=ask.gateway.clock() if wanted.overdue else None,
        failed_delivery=wanted.failed,
        received_from=wanted.received_from,
        received_to=wanted.received_to,
    )
    if wanted.q is not None:
        return await searched(ask, found)
    async with ask.gateway.store.read() as conn:
        try:
            rows, following = await queue.listed(
                conn, ask.principal, found, order=wanted.order, cursor=wanted.cursor, limit=wanted.limit
            )
        except OverflowError:  # a cursor made up of numbers no list has
            raise Invalid("cursor", "the cursor is not one this list gave out") from None
        return answers.Cases(items=await views.cases(conn, ask, rows), next=following)


async def one(ask: Ask) -> answers.CaseStory:
    """A case with everything that was said and done. Who read it is noted."""
    number = ask.path["number"]
    async with ask.gateway.store.read() as conn:
        found = await views.story(conn, ask, number)
    ask.seen(Action.CASE_OPENED, number, agency=found.agency)
    return found


async def peek(ask: Ask) -> answers.Case | None:
    """The case that would be handed out, without taking it."""
    wanted = queue.Filter(agency=_agency(ask, ask.query.agency), state=(CaseState.OPEN,), unassigned=True)
    async with ask.gateway.store.read() as conn:
        rows, _ = await queue.listed(conn, ask.principal, wanted, order="due", limit=1)
        found = await views.cases(conn, ask, rows)
    return found[0] if found else None


async def take_next(ask: Ask) -> answers.Case | None:
    """Take the oldest-due case that nobody has."""
    number = await ask.gateway.desk.take_next(ask.principal, agency=_agency(ask, ask.body.agency))
    return None if number is None else await _present(ask, number)


def _agency(ask: Ask, named: str | None) -> str:
    """Whose queue is meant. Forbidden when it is not theirs, Invalid when there is no such agency."""
    own = ask.principal.agency
    if own is not None and named not in (None, own):
        raise Forbidden("you serve another agency")
    agency = own or named
    if agency is None:
        raise Invalid("agency", "name the agency whose queue is meant")
    if agency not in ask.gateway.current().catalog.agencies:
        raise Invalid("agency", f"there is no agency {agency}")
    return agency


async def take(ask: Ask) -> answers.Case:
    """Take a case, with a reason from somebody else."""
    await ask.gateway.desk.take(ask.principal, ask.path["number"], reason=ask.body.reason)
    return await _present(ask, ask.path["number"])


async def release(ask: Ask) -> answers.Case:
    """Give a case back to the queue."""
    await ask.gateway.desk.release(ask.principal, ask.path["number"])
    return await _present(ask, ask.path["number"])


async def reply(ask: Ask) -> answers.Replied:
    """Answer the citizen on their own channel."""
    number, body = ask.path["number"], ask.body
    undo_for = timedelta(seconds=body.undo_seconds)
    ids = await ask.gateway.desk.reply(ask.principal, number, body.text, then=body.then, undo_for=undo_for)
    return answers.Replied(messages=[str(i) for i in ids], case=await _present(ask, number))


async def note(ask: Ask) -> answers.Noted:
    """Write an internal note."""
    number = ask.path["number"]
    message_id = await ask.gateway.desk.note(ask.principal, number, ask.body.text)
    return answers.Noted(message=str(message_id), case=await _present(ask, number))


async def transfer(ask: Ask) -> answers.Transferred:
    """Hand the case to another agency."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.transfer(ask.principal, number, agency=body.agency, reason=body.reason)
    return answers.Transferred(number=number, agency=body.agency)


async def close(ask: Ask) -> answers.Case:
    """End a case."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.close(ask.principal, number, outcome=body.outcome, reason=body.reason)
    return await _present(ask, number)


async def reopen(ask: Ask) -> answers.Case:
    """Open an ended case again."""
    await ask.gateway.desk.reopen(ask.principal, ask.path["number"], reason=ask.body.reason)
    return await _present(ask, ask.path["number"])


async def classify(ask: Ask) -> answers.Case:
    """Say that it is another kind of petition."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.classify(ask.principal, number, term_class=body.term_class, reason=body.reason)
    return await _present(ask, number)


async def ask_completion(ask: Ask) -> answers.Replied:
    """Ask the citizen for what is missing."""
    number = ask.path["number"]
    ids = await ask.gateway.desk.ask_completion(ask.principal, number, ask.body.text)
    return answers.Replied(messages=[str(i) for i in ids], case=await _present(ask, number))


async def incomplete(ask: Ask) -> answers.Replied:
    """Tell the citizen that something is still missing."""
    number = ask.path["number"]
    ids = await ask.gateway.desk.incomplete(ask.principal, number, ask.body.text)
    return answers.Replied(messages=[str(i) for i in ids], case=await _present(ask, number))


async def prolong_completion(ask: Ask) -> answers.Case:
    """Give the citizen a second month."""
    await ask.gateway.desk.prolong_completion(ask.principal, ask.path["number"], reason=ask.body.reason)
    return await _present(ask, ask.path["number"])


async def resume(ask: Ask) -> answers.Case:
    """Let the clock go on without the citizen's answer."""
    await ask.gateway.desk.resume(ask.principal, ask.path["number"], reason=ask.body.reason)
    return await _present(ask, ask.path["number"])


async def extend(ask: Ask) -> answers.Case:
    """Take more time, once, and tell the citizen."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.extend(ask.principal, number, until=body.until, reason=body.reason)
    return await _present(ask, number)


async def split(ask: Ask) -> answers.Number:
    """Make a message a case of its own."""
    number = await ask.gateway.desk.split(ask.principal, ask.path["number"], int(ask.body.message))
    return answers.Number(number=number)


async def move(ask: Ask) -> answers.Case:
    """Move a message to another case of the same person."""
    number, body = ask.path["number"], ask.body
    await ask.gateway.desk.move(ask.principal, number, int(body.message), to=body.to)
    return await _present(ask, number)


async def send_again(ask: Ask) -> answers.Case:
    """Send a message that failed once more."""
    number = ask.path["number"]
    await ask.gateway.desk.send_again(ask.principal, number, ask.id("id"))
    return await _present(ask, number)


async def _present(ask: Ask, number: str) -> answers.Case:
    async with ask.gateway.store.read() as conn:
        return await views.case(conn, ask, number)
