"""One act on many cases over the API, as in the console."""

import secrets
from typing import Annotated

from pydantic import AwareDatetime, Field

from gateway.audit import Action, entry
from gateway.desk import bulk
from gateway.desk.bulk import Act, Bulk, Wish
from gateway.errors import Invalid
from gateway.store import bulk_acts, staff
from gateway.store.audit import Entry
from gateway.store.queue import Filter
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked, CaseNumber, Id, Key
from routing.case import CaseState


class BulkFilter(Asked):
    """Which cases; every field narrows, as the parameters of `GET /cases` do."""

    agency: Key | None = None
    state: tuple[CaseState, ...] = ()
    channel: Key | None = None
    topic: Key | None = None
    term_class: Key | None = Field(default=None, alias="class")
    territory: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{3})?$")] | None = None
    assignee: Id | None = None
    unassigned: bool = False
    overdue: bool = False
    failed: bool = False
    due_before: AwareDatetime | None = None
    received_from: AwareDatetime | None = None
    received_to: AwareDatetime | None = None


class BulkBody(Asked):
    """What is done with which cases: either their `numbers`, or all that a `filter` finds; at most 1,000."""

    act: Act
    numbers: tuple[CaseNumber, ...] = Field(default=(), max_length=bulk.MOST)
    filter: BulkFilter | None = None
    staff: str | None = Field(default=None, max_length=60, description="assign: a login")
    agency: Key | None = Field(default=None, description="transfer: where to; citizens are told")
    term_class: Key | None = Field(default=None, alias="class", description="classify")
    outcome: str = Field(default="", max_length=40, description="close")
    reason: str = Field(default="", max_length=300, description="needed, but to give back what is one's own")
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{8,64}$")] | None = Field(
        default=None, description="of the caller's making: sent twice, it is one act, and its result comes again"
    )


class BulkRefusal(Answer):
    """A case that nothing was done with, and why."""

    number: str
    detail: str


class BulkResult(Answer):
    """What came of it. Until it has `ended` by another call with its key, the lists hold what has been gone through."""

    id: str
    act: Act
    ended: bool
    done: list[str]
    refused: list[BulkRefusal]


async def do(ask: Ask) -> BulkResult:
    """Do it case by case; those that refuse are listed, and the others go on."""
    body: BulkBody = ask.body
    wish = Wish(
        act=body.act, staff=await _staff(ask, body.staff), agency=body.agency or "", term_class=body.term_class or "",
        outcome=body.outcome, reason=body.reason.strip(),
    )  # fmt: skip
    numbers = await _numbers(ask, body)
    bulk.check(wish, numbers, ask.gateway.current().catalog, ask.principal)
    acts = _bulk(ask)
    row = await acts.find(await acts.do(wish, numbers, key=body.key or secrets.token_urlsafe(16)))
    return BulkResult(
        id=str(row.id), act=Act(row.act), ended=row.ended_at is not None,
        done=[each["number"] for each in row.results if not each["refused"]],
        refused=[
            BulkRefusal(number=each["number"], detail=each["refused"]) for each in row.results if each["refused"]
        ],
    )  # fmt: skip


async def _numbers(ask: Ask, body: BulkBody) -> list[str]:
    if (body.filter is None) == (not body.numbers):
        raise Invalid("numbers", "name the cases by numbers, or by a filter, and not by both")
    if body.filter is None:
        return list(dict.fromkeys(body.numbers))
    said = body.filter
    wanted = Filter(
        agency=said.agency, state=said.state, channel=said.channel, topic=said.topic, term_class=said.term_class,
        territory=said.territory, assignee_id=None if said.assignee is None else int(said.assignee),
        unassigned=said.unassigned, overdue_at=ask.gateway.clock() if said.overdue else None,
        failed_delivery=said.failed, due_before=said.due_before, received_from=said.received_from,
        received_to=said.received_to,
    )  # fmt: skip
    async with ask.gateway.store.read() as conn:
        return await bulk_acts.numbers(conn, ask.principal, wanted, most=bulk.MOST + 1)


async def _staff(ask: Ask, login: str | None) -> int | None:
    """The member's id. Whom the desk cannot give the cases to, it refuses; of others nothing is told."""
    if login is None:
        return None
    async with ask.gateway.store.read() as conn:
        member = await staff.find_by_login(conn, login)
    if member is None or ask.principal.agency not in (None, member.agency):
        raise Invalid("staff", "there is no such member of staff")
    return member.id


def _bulk(ask: Ask) -> Bulk:
    gateway = ask.gateway

    def noting(act_id: int, detail: str) -> Entry:
        return entry(
            Action.CASES_CHANGED, at=gateway.clock(), by=ask.principal, who=ask.principal.name, remote=ask.remote,
            object=f"bulk:{act_id}", detail=detail,
        )  # fmt: skip

    return Bulk(store=gateway.store, desk=gateway.desk, principal=ask.principal, clock=gateway.clock, noting=noting)
