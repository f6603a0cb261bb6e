"""What staff are told, and who is away, over the API."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action, entry
from gateway.errors import Invalid
from gateway.staffing import absences
from gateway.store import notices as rows
from gateway.store import staff
from gateway.store.audit import Entry
from gateway.web.api.answers import Answer
from gateway.web.api.asked import Ask, Asked, Id
from gateway.web.api.bodies import Limit

_MOST_READ = 200


class NoticesQuery(Asked):
    """Whose notices; those of everybody within the token's reach when nobody is named."""

    staff: str | None = Field(default=None, max_length=60, description="a login")
    limit: Limit = 50


class ReadBody(Asked):
    """Which notices were read: these, or all of those a list with the same `staff` shows when `ids` is left out."""

    ids: tuple[Id, ...] | None = Field(default=None, max_length=_MOST_READ)
    staff: str | None = Field(default=None, max_length=60, description="a login")


class Notice(Answer):
    """Something a member of staff is told. `at` is the instant it speaks of; `event` the kind of the case's event."""

    id: str
    kind: str = Field(description="the step of the timekeeper's, such as half or breach, or another kind of news")
    event: str | None
    at: datetime
    staff: str = Field(description="the login of whoever is told")
    case: str | None = Field(description="the number of the case")
    agency: str | None
    due_at: datetime | None


class Notices(Answer):
    """Those that nobody has read, the newest first; `unread` counts them up to 100."""

    items: list[Notice]
    unread: int


class Read(Answer):
    """How many of them had not been read."""

    read: int


class AbsenceBody(Asked):
    """When somebody is away; without `until`, until they are back."""

    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime | None = None
    reason: str = Field(min_length=3, max_length=200, description="what colleagues read")


class Absence(Answer):
    """When somebody is away; `until` null: until they are back."""

    id: str
    since: datetime = Field(alias="from")
    until: datetime | None
    reason: str


class Absences(Answer):
    """The absences of a member of staff that are not over, the next first."""

    items: list[Absence]


async def notices(ask: Ask) -> Notices:
    """What nobody has read of what staff within the token's reach are told."""
    wanted: NoticesQuery = ask.query
    async with ask.gateway.store.read() as conn:
        staff_id = await _staff_id(ask, conn, wanted.staff)
        found = await rows.unread(conn, ask.principal, limit=wanted.limit, staff_id=staff_id)
        unread = await rows.count(conn, ask.principal, staff_id=staff_id)
    return Notices(items=[_notice(row) for row in found], unread=unread)


async def read(ask: Ask) -> Read:
    """Note that notices were read."""
    body: ReadBody = ask.body
    ids = None if body.ids is None else [int(each) for each in body.ids]

    async def work(conn: AsyncConnection) -> int:
        staff_id = await _staff_id(ask, conn, body.staff)
        return await rows.mark_read(conn, ask.principal, ids, now=ask.gateway.clock(), staff_id=staff_id)

    return Read(read=await ask.gateway.store.transact(work))


async def _staff_id(ask: Ask, conn: AsyncConnection, login: str | None) -> int | None:
    if login is None:
        return None
    member = await staff.find_by_login(conn, login)
    if member is None or ask.principal.agency not in (None, member.agency):
        raise Invalid("staff", "there is no such member of staff that you may see")
    return member.id


def _notice(row: Any) -> Notice:
    return Notice(
        id=str(row.id),
        kind=row.kind,
        event=row.data.get("event"),
        at=row.at,
        staff=row.login,
        case=row.number,
        agency=row.agency,
        due_at=row.due_at,
    )


async def away(ask: Ask) -> Absences:
    """When a member of staff is away."""
    async with ask.gateway.store.read() as conn:
        return await _absences(ask, conn)


async def leave(ask: Ask) -> Absences:
    """Note an absence."""
    body: AbsenceBody = ask.body

    async def work(conn: AsyncConnection) -> Absences:
        await absences.note(
            conn, ask.principal, ask.path["login"], from_at=body.since, until_at=body.until, reason=body.reason,
            now=ask.gateway.clock(), audited=_audited(ask, "absent"),
        )  # fmt: skip
        return await _absences(ask, conn)

    found = await ask.gateway.store.transact(work)
    ask.gateway.timekeeper.wake()
    return found


async def come_back(ask: Ask) -> Absences:
    """End an absence, or strike out one that has not begun."""

    async def work(conn: AsyncConnection) -> Absences:
        await absences.end(
            conn, ask.principal, ask.path["login"], ask.id("id"), now=ask.gateway.clock(),
            audited=_audited(ask, "back"),
        )  # fmt: skip
        return await _absences(ask, conn)

    found = await ask.gateway.store.transact(work)
    ask.gateway.timekeeper.wake()
    return found


async def _absences(ask: Ask, conn: AsyncConnection) -> Absences:
    found = await absences.to_come(conn, ask.principal, ask.path["login"], now=ask.gateway.clock())
    return Absences(
        items=[Absence(id=str(each.id), since=each.from_at, until=each.until_at, reason=each.reason) for each in found]
    )


def _audited(ask: Ask, detail: str) -> list[Entry]:
    who, login = ask.principal, ask.path["login"]
    noted = entry(
        Action.STAFF_ABSENCE_CHANGED, at=ask.gateway.clock(), by=who, who=who.name, remote=ask.remote,
        object=f"staff:{login}", detail=detail,
    )  # fmt: skip
    return [noted]
