"""The queue and the case as people see them. The principal is part of every query: no case without it."""

import base64
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Invalid, NotFound
from gateway.principal import Principal
from gateway.store import schema as t
from routing.case import CaseState

_C = t.cases.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list. Every field narrows; None does not."""

    agency: str | None = None
    state: tuple[str, ...] = ()
    channel: str | None = None
    topic: str | None = None
    term_class: str | None = None
    territory: str | None = None  # a department's code covers its municipalities
    assignee_id: int | None = None
    unassigned: bool = False
    overdue_at: datetime | None = None  # due before this instant and still open
    due_from: datetime | None = None
    due_before: datetime | None = None
    active_from: datetime | None = None
    failed_delivery: bool = False
    contact_id: int | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None


def boundary(principal: Principal) -> ColumnElement[bool]:
    """The condition that keeps a principal to the cases they may see."""
    return true() if principal.agency is None else _C.agency == principal.agency


def conditions(principal: Principal, wanted: Filter) -> list[ColumnElement[bool]]:
    """What a case must be for a principal to find it with a filter: the boundary, and each narrowing."""
    found = [boundary(principal)]
    equals = (
        (_C.agency, wanted.agency),
        (_C.channel, wanted.channel),
        (_C.topic, wanted.topic),
        (_C.term_class, wanted.term_class),
        (_C.assignee_id, wanted.assignee_id),
        (_C.contact_id, wanted.contact_id),
    )
    found += [column == value for column, value in equals if value is not None]
    if wanted.state:
        found.append(_C.state.in_(wanted.state))
    found += _hints(wanted)
    if wanted.unassigned:
        # What another case stands for waits for nobody.
        found.append(and_(_C.assignee_id.is_(None), _C.duplicate_of.is_(None)))
    if wanted.territory is not None:
        found.append(_C.territory.startswith(wanted.territory, autoescape=True))
    if wanted.failed_delivery:
        found.append(_C.failed_delivery)
    if wanted.overdue_at is not None:
        found.append(and_(_C.due_at < wanted.overdue_at, _C.state == CaseState.OPEN))
    if wanted.due_from is not None:
        found.append(_C.due_at >= wanted.due_from)
    if wanted.active_from is not None:
        found.append(_C.active_at >= wanted.active_from)
    if wanted.due_before is not None:
        found.append(_C.due_at < wanted.due_before)
    if wanted.received_from is not None:
        found.append(_C.received_at >= wanted.received_from)
    if wanted.received_to is not None:
        found.append(_C.received_at < wanted.received_to)
    return found


# The conditions of partial indexes, word for word: neither engine sees from a parameter that an index has every row.
def _one_of(*states: str) -> ColumnElement[bool]:
    return _C.state.in_(bindparam(None, states, expanding=True, literal_execute=True))


OWED = _one_of(CaseState.OPEN, CaseState.WAITING)
_NEXT = _C.state == bindparam(None, str(CaseState.OPEN), literal_execute=True)
_OVER = _one_of(CaseState.ANSWERED, CaseState.CLOSED)


def _hints(wanted: Filter) -> list[ColumnElement[bool]]:
    """What is true of the wanted states anyway, said so that the engine finds the index, and only the right one."""
    states: Set[str] = {*wanted.state, CaseState.OPEN} if wanted.overdue_at else {*wanted.state}
    if not states or wanted.assignee_id is not None or wanted.contact_id is not None:
        return []
    if states == {CaseState.OPEN} and wanted.unassigned:
        return [_NEXT]
    if states <= {CaseState.OPEN, CaseState.WAITING}:
        return [OWED]
    return [_OVER] if states <= {CaseState.ANSWERED, CaseState.CLOSED} else []


# A list's orders: the column, and whether it descends. The id breaks ties.
ORDERS = {"due": (_C.due_at, False), "received": (_C.received_at, True), "active": (_C.active_at, True)}


async def listed(
    conn: AsyncConnection,
    principal: Principal,
    wanted: Filter,
    *,
    order: str = "due",
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[Any], str | None]:
    """A page of cases and the cursor of the next one, or None. Invalid when the cursor or order is none of ours."""
    if order not in ORDERS:
        raise Invalid("order", f"order must be one of {', '.join(ORDERS)}")
    column, descending = ORDERS[order]
    ways = (column.desc(), _C.id.desc()) if descending else (column, _C.id)
    # The page is chosen by ids off an index, and only what is on it is read: sorting whole rows takes far longer.
    chosen = select(_C.id).where(*conditions(principal, wanted)).order_by(*ways).limit(limit + 1)
    if cursor:
        chosen = chosen.where(_after(cursor, order))
    query: Select[Any] = (
        select(t.cases, t.contact.c.name.label("contact_name"), t.staff.c.name.label("assignee_name"))
        .select_from(
            t.cases.join(t.contact, t.contact.c.id == _C.contact_id).outerjoin(t.staff, t.staff.c.id == _C.assignee_id)
        )
        .where(_C.id.in_(chosen.correlate(None)))
        .order_by(*ways)
    )
    rows = list(await conn.execute(query))
    following = _cursor(order, rows[limit - 1]) if len(rows) > limit else None
    return rows[:limit], following


def _cursor(order: str, row: Any) -> str:
    value = getattr(row, ORDERS[order][0].name)
    packed = json.dumps([order, t.micros(value), row.id]).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _after(cursor: str, order: str) -> ColumnElement[bool]:
    try:
        said, value, case_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at, last = t.instant_of(int(value)), int(case_id)
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("cursor", "the cursor is not one this list gave out") from error
    if not 0 <= last < 2**63:
        raise Invalid("cursor", "the cursor is not one this list gave out")
    if said != order:
        raise Invalid("cursor", "the cursor belongs to a list in another order")
    column, descending = ORDERS[order]
    if descending:
        return or_(column < at, and_(column == at, last > _C.id))
    return or_(column > at, and_(column == at, last < _C.id))


async def counts(
    conn: AsyncConnection, principal: Principal, wanted: Mapping[str, Filter], *, most: int = 1000
) -> dict[str, int]:
    """How many cases each of the filters finds, each counted up to `most`, in one statement."""
    inner = {
        name: select(_C.id).where(*conditions(principal, filter)).limit(most).subquery()
        for name, filter in wanted.items()
    }
    row = await conn.execute(
        select(*(select(func.count()).select_from(found).scalar_subquery() for found in inner.values()))
    )
    return dict(zip(wanted, row.one(), strict=True))


async def find(conn: AsyncConnection, principal: Principal, number: str, *, lock: bool = False) -> Any:
    """The case of that number. NotFound when there is none or it is not theirs to see."""
    query = select(t.cases).where(_C.number == number, boundary(principal))
    if lock:
        query = query.with_for_update()
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"there is no case {number} that you may see")
    return row


async def story(conn: AsyncConnection, case_id: int) -> tuple[list[Any], list[Any]]:
    """The messages and the events of a case, oldest first. The caller has found the case with its principal."""
    messages = await conn.execute(
        select(t.message, t.outbox.c.state.label("outbox_state"), t.staff.c.name.label("staff_name"))
        .select_from(
            t.message.outerjoin(t.outbox, t.outbox.c.message_id == t.message.c.id).outerjoin(
                t.staff, t.staff.c.id == t.message.c.staff_id
            )
        )
        .where(t.message.c.case_id == case_id)
        .order_by(t.message.c.id)
    )
    events = await conn.execute(
        select(t.case_event).where(t.case_event.c.case_id == case_id).order_by(t.case_event.c.id)
    )
    return list(messages), list(events)


async def take_next(conn: AsyncConnection, *, agency: str, staff_id: int) -> Any | None:
    """Assign the oldest-due case of an agency that nobody has, to exactly one taker. None when nothing waits."""
    oldest = (
        select(_C.id)
        .where(_C.agency == agency, _C.state == "open", _C.assignee_id.is_(None), _C.duplicate_of.is_(None))
        .order_by(_C.due_at, _C.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = await conn.execute(
        update(t.cases)
        .where(_C.id == oldest.scalar_subquery(), _C.assignee_id.is_(None))
        .values(assignee_id=staff_id, version=_C.version + 1)
        .returning(t.cases)
    )
    return taken.one_or_none()


async def any_waits(conn: AsyncConnection, *, agency: str) -> bool:
    """Whether a case of the agency waits for somebody to take it."""
    waiting = (
        select(_C.id)
        .where(_C.agency == agency, _C.state == "open", _C.assignee_id.is_(None), _C.duplicate_of.is_(None))
        .limit(1)
    )
    return (await conn.execute(waiting)).first() is not None


async def contact(conn: AsyncConnection, contact_id: int) -> tuple[Any, list[Any]]:
    """A person and their addresses. The caller has found one of their cases with its principal."""
    person = (await conn.execute(select(t.contact).where(t.contact.c.id == contact_id))).one()
    addresses = await conn.execute(
        select(t.address).where(t.address.c.contact_id == contact_id).order_by(t.address.c.created_at)
    )
    return person, list(addresses)


async def contacts(
    conn: AsyncConnection, principal: Principal, *, after: int = 0, limit: int = 50
) -> tuple[list[Any], int | None]:
    """People with a case the principal may see, by id, and the id to go on after."""
    theirs = select(_C.contact_id).where(boundary(principal))
    rows = list(
        await conn.execute(
            select(t.contact)
            .where(t.contact.c.id > after, t.contact.c.id.in_(theirs))
            .order_by(t.contact.c.id)
            .limit(limit + 1)
        )
    )
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def names_of(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """The names of staff and tokens by id."""
    found: dict[int, str] = {}
    for table in (t.staff, t.api_token) if ids else ():
        rows = await conn.execute(select(table.c.id, table.c.name).where(table.c.id.in_(list(ids))))
        found.update({row.id: row.name for row in rows})
    return found
