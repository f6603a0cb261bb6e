"""Cases that another case stands for."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from routing.case import CaseState

# Merged are cases to which somebody still owes something.
OPEN: Final = (CaseState.OPEN, CaseState.WAITING)


async def open_of(conn: AsyncConnection, case_id: int) -> list[Any]:
    """The cases that this one stands for, oldest first; locked. They are open: one that ends is a duplicate no more."""
    query = select(t.cases).where(t.cases.c.duplicate_of == case_id).order_by(t.cases.c.id)
    return list(await conn.execute(query.with_for_update()))


async def stands_for_others(conn: AsyncConnection, case_id: int) -> bool:
    """Whether the case has duplicates."""
    query = select(t.cases.c.id).where(t.cases.c.duplicate_of == case_id).limit(1)
    return (await conn.execute(query)).first() is not None


async def beside(conn: AsyncConnection, principal: Principal, case: Any) -> tuple[Any | None, list[Any]]:
    """The case that stands for this one, if any, and those that this one stands for, the oldest first.

    Of each: `id`, `number`, `state`, `received_at`, `last_line`, `contact_name` and `reply_urn`.
    """
    found = _told(principal).order_by(t.cases.c.id)
    led = list(await conn.execute(found.where(t.cases.c.duplicate_of == case.id)))
    if case.duplicate_of is None:
        return None, led
    return (await conn.execute(found.where(t.cases.c.id == case.duplicate_of))).one_or_none(), led


async def open_among(conn: AsyncConnection, principal: Principal, case: Any, ids: Sequence[int]) -> list[Any]:
    """Those of these that could be merged with a case: open, at its agency, and no other stands for them."""
    at_hand = (
        t.cases.c.id.in_(list(ids)), t.cases.c.id != case.id, t.cases.c.agency == case.agency,
        t.cases.c.state.in_(OPEN), t.cases.c.duplicate_of.is_(None),
    )  # fmt: skip
    return list(await conn.execute(_told(principal).where(*at_hand)))


async def of_person(conn: AsyncConnection, principal: Principal, case: Any, *, limit: int) -> list[int]:
    """Ids of the same person's other open cases at the same agency, the latest first."""
    cases = t.cases.c
    theirs = (
        select(cases.id)
        .where(
            cases.contact_id == case.contact_id, cases.id != case.id, cases.agency == case.agency,
            cases.state.in_(OPEN), queue.boundary(principal),
        )
        .order_by(cases.id.desc())
        .limit(limit)
    )  # fmt: skip
    return list((await conn.execute(theirs)).scalars())


def _told(principal: Principal) -> Select[Any]:
    cases = t.cases.c
    return (
        select(
            cases.id, cases.number, cases.state, cases.received_at, cases.last_line, cases.reply_urn,
            t.contact.c.name.label("contact_name"),
        )
        .select_from(t.cases.join(t.contact, t.contact.c.id == cases.contact_id))
        .where(queue.boundary(principal))
    )  # fmt: skip
