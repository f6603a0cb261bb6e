"""Whoever supervises an agency, over the API: cases are given to somebody, and somebody is put on duty or off."""

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action, entry
from gateway.errors import Invalid
from gateway.staffing import duty
from gateway.store import staff
from gateway.store.staff import Member
from gateway.web.api import answers, views
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked
from gateway.web.api.bodies import Reason


class AssignBody(Asked):
    """Who is to have the case, of those who answer for its agency, and why. Without `staff` it is offered again."""

    staff: str | None = Field(default=None, max_length=60, description="a login")
    reason: Reason


class DutyBody(Asked):
    """Who is off duty is given no cases and told of no deadlines; what they have stays theirs."""

    on_duty: bool


class Duty(Answer):
    """A member of staff, and whether they are on duty."""

    id: str
    login: str
    name: str
    agency: str | None
    on_duty: bool


async def assign(ask: Ask) -> answers.Case:
    """Give a case to somebody, or offer it again."""
    number, body = ask.path["number"], ask.body
    if body.staff is None:
        await ask.gateway.desk.offer_again(ask.principal, number, body.reason)
    else:
        await ask.gateway.desk.assign(ask.principal, number, await _staff_id(ask, body.staff), body.reason)
    async with ask.gateway.store.read() as conn:
        return await views.case(conn, ask, number)


async def _staff_id(ask: Ask, login: str) -> int:
    async with ask.gateway.store.read() as conn:
        member = await staff.find_by_login(conn, login)
    # Whom the desk cannot give the case to, it refuses; of others nothing is told.
    if member is None or ask.principal.agency not in (None, member.agency):
        raise Invalid("staff", "there is no such member of staff")
    return member.id


async def set_duty(ask: Ask) -> Duty:
    """Put somebody on duty, or off."""
    login, on_duty = ask.path["login"], ask.body.on_duty
    noted = entry(
        Action.STAFF_DUTY_CHANGED, at=ask.gateway.clock(), by=ask.principal, who=ask.principal.name,
        remote=ask.remote, object=f"staff:{login}", detail="on duty" if on_duty else "off duty",
    )  # fmt: skip

    async def work(conn: AsyncConnection) -> Member:
        return await duty.set_on_duty(
            conn, ask.gateway.current().catalog, ask.principal, login, on_duty=on_duty, now=ask.gateway.clock(),
            audited=[noted],
        )  # fmt: skip

    member = await ask.gateway.store.transact(work)
    ask.gateway.timekeeper.wake()
    return Duty(
        id=str(member.id), login=member.login, name=member.name, agency=member.agency, on_duty=member.on_duty
    )  # fmt: skip
