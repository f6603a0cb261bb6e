"""What a principal may see beside the case itself: names, numbers and counts, within the same boundary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from gateway.store.staff import ANSWERING


@dataclass(frozen=True, slots=True)
class Labels:
    """What the ids in some cases stand for: people's names, staff's and tokens' names, predecessors' numbers."""

    contacts: dict[int, str | None]
    staff: dict[int, str]
    numbers: dict[int, str]


async def labels(conn: AsyncConnection, principal: Principal, cases: Sequence[Any]) -> Labels:
    """The labels of cases that were found with the principal. A predecessor beyond the boundary has no number."""
    contact, case = t.contact.c, t.cases.c
    people = await conn.execute(select(contact.id, contact.name).where(contact.id.in_({c.contact_id for c in cases})))
    before = {c.predecessor_id for c in cases if c.predecessor_id is not None}
    numbers = await conn.execute(
        select(case.id, case.number).where(case.id.in_(before), queue.boundary(principal))
    ) if before else ()  # fmt: skip
    staff = [c.assignee_id for c in cases if c.assignee_id is not None]
    return Labels(
        contacts={row.id: row.name for row in people},
        staff=await queue.names_of(conn, staff) if staff else {},
        numbers={row.id: row.number for row in numbers},
    )


async def open_cases(conn: AsyncConnection, principal: Principal) -> dict[str, int]:
    """How many open cases each agency within the boundary has; an agency that has none is missing."""
    case = t.cases.c
    rows = await conn.execute(
        select(case.agency, func.count().label("open"))
        .where(queue.boundary(principal), queue.OWED)
        .group_by(case.agency)
    )
    return {row.agency: row.open for row in rows}


async def managers(conn: AsyncConnection) -> dict[str, int]:
    """How many active response managers each agency has; an agency that has none is missing."""
    staff = t.staff.c
    rows = await conn.execute(
        select(staff.agency, func.count().label("managers"))
        .where(staff.active, staff.role.in_(ANSWERING), staff.agency.is_not(None))
        .group_by(staff.agency)
    )
    return {row.agency: row.managers for row in rows}
