"""Notices: what members of staff are told of cases, until they have read it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.absences import away
from gateway.store.bulk import insert_rows
from gateway.store.schema import micros

_N, _S, _C = t.notice.c, t.staff.c, t.cases.c
# Who answers for no agency and is told when an agency has nobody.
COORDINATING = ("triage", "administrator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who may be told now. `urn` and `channel` are None when they read the console only."""

    id: int
    role: str
    agency: str | None
    language: str | None
    urn: str | None
    channel: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing one person is told. `kind` is a step of the timekeeper's or another kind of news."""

    staff_id: int
    case_id: int | None
    kind: str
    at: datetime
    data: dict[str, Any]


async def readers(
    conn: AsyncConnection, *, agencies: Collection[str], holders: Collection[int], now: datetime
) -> list[Reader]:
    """Those on duty and not away: of these agencies, of these ids, and who coordinates; by id."""
    reached = and_(t.address.c.urn == _S.notices_urn, t.address.c.opted_out_at.is_not(None))
    query = (
        select(
            _S.id, _S.role, _S.agency, _S.language, _S.notices_urn, _S.notices_channel,
            t.address.c.urn.is_not(None).label("opted_out"),
        )
        .select_from(t.staff.outerjoin(t.address, reached))
        .where(
            _S.active, _S.on_duty, ~away(now),
            or_(_S.agency.in_(list(agencies)), _S.id.in_(list(holders)), _S.role.in_(COORDINATING)),
        )
        .order_by(_S.id)
    )  # fmt: skip
    return [
        Reader(
            id=row.id,
            role=row.role,
            agency=row.agency,
            language=row.language,
            urn=None if row.opted_out else row.notices_urn,
            channel=None if row.opted_out else row.notices_channel,
        )
        for row in await conn.execute(query)
    ]


async def write(conn: AsyncConnection, notices: Iterable[Notice]) -> None:
    """Put notices on people's consoles."""
    rows = [
        {
            "id": new_id(),
            "staff_id": notice.staff_id,
            "case_id": notice.case_id,
            "kind": notice.kind,
            "at": micros(notice.at),
            "data": notice.data,
        }
        for notice in notices
    ]
    await insert_rows(conn, t.notice, rows)


def _theirs(principal: Principal, staff_id: int | None) -> list[ColumnElement[bool]]:
    """A person reads their own notices, a program those of the people whose cases it may see.

    A case that has gone beyond the boundary takes its notices along.
    """
    found = [_N.read_at.is_(None), or_(_N.case_id.is_(None), queue.boundary(principal))]
    if not principal.is_token:
        found.append(_N.staff_id == principal.id)
    else:
        found += [] if principal.agency is None else [_S.agency == principal.agency]
        found += [] if staff_id is None else [_N.staff_id == staff_id]
    return found


_JOINED = t.notice.join(t.staff, _S.id == _N.staff_id).outerjoin(t.cases, _C.id == _N.case_id)


async def unread(conn: AsyncConnection, principal: Principal, *, limit: int, staff_id: int | None = None) -> list[Any]:
    """Notices that nobody has read, the newest first: the notice's columns, `login`, and the case's, if it has one.

    For programs, `staff_id` narrows to one person.
    """
    query = (
        select(
            _N.id, _N.kind, _N.at, _N.data, _N.staff_id, _S.login, _S.name.label("staff_name"),
            _C.number, _C.agency, _C.state, _C.due_at, _C.term_class,
        )
        .select_from(_JOINED)
        .where(*_theirs(principal, staff_id))
        .order_by(_N.id.desc())
        .limit(limit)
    )  # fmt: skip
    return list(await conn.execute(query))


async def count(conn: AsyncConnection, principal: Principal, *, most: int = 100, staff_id: int | None = None) -> int:
    """How many notices nobody has read, counted up to `most`: a bell shows "99+"."""
    inner = select(_N.id).select_from(_JOINED).where(*_theirs(principal, staff_id)).limit(most).subquery()
    return int((await conn.execute(select(func.count()).select_from(inner))).scalar_one())


async def mark_read(
    conn: AsyncConnection,
    principal: Principal,
    ids: Sequence[int] | None,
    *,
    now: datetime,
    staff_id: int | None = None,
) -> int:
    """Note that these notices were read, all of them when `ids` is None; how many were unread and theirs."""
    wanted = [] if ids is None else [_N.id.in_(list(ids))]
    theirs = select(_N.id).select_from(_JOINED).where(*_theirs(principal, staff_id), *wanted)
    done = await conn.execute(update(t.notice).where(_N.id.in_(theirs.scalar_subquery())).values(read_at=now))
    return done.rowcount
