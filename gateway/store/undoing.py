"""Taking back an answer that has not left."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store import queue
from gateway.store import schema as t
from routing.case import EventKind

# What an answer changes of a case, kept with its event so that it can be put back.
_KEPT = ("state", "assignee_id", "waiting_since", "asked_at", "answered_at", "ended_at", "outcome", "duplicate_of")
_IDS = ("assignee_id", "duplicate_of")


def state_of(case: Any) -> dict[str, Any]:
    """Where a case stands before an answer; instants in microseconds, ids as text (JSON holds 53 bits)."""
    return {name: _plain(name, getattr(case, name)) for name in _KEPT}


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return str(value) if name in _IDS else t.micros(value)


async def take_back(
    conn: AsyncConnection, case_id: int, *, actor: str, with_another: bool = False
) -> dict[str, Any] | None:
    """Undo the last answer to a case, if it is this actor's and nothing of it has left; what its event says.

    None when there is nothing to take back. An answer that is kept for whoever comes for it leaves at no moment that
    is known here: it is taken back only `with_another`, whose copy it is.
    """
    found = await conn.execute(
        select(t.case_event)
        .where(t.case_event.c.case_id == case_id, t.case_event.c.kind.in_((EventKind.REPLIED, EventKind.REPLY_UNDONE)))
        .order_by(t.case_event.c.id.desc())
        .limit(1)
    )
    last = found.one_or_none()
    if last is None or last.kind != EventKind.REPLIED or last.actor != actor or "before" not in last.data:
        return None
    ids = [int(each) for each in last.data["messages"]]
    waiting = t.outbox.c.message_id.in_(ids), t.outbox.c.state == "pending", t.outbox.c.tries == 0
    held = await conn.execute(select(t.outbox.c.message_id).where(*waiting).with_for_update())
    if len(held.all()) + (await _kept(conn, ids) if with_another else 0) < len(ids):
        return None
    await conn.execute(delete(t.outbox).where(t.outbox.c.message_id.in_(ids)))
    await conn.execute(update(t.message).where(t.message.c.id.in_(ids)).values(kind="undone", status="kept"))
    await conn.execute(update(t.cases).where(t.cases.c.id == case_id).values(**await _before(conn, case_id, last.data)))
    data: dict[str, Any] = last.data
    return data


async def _kept(conn: AsyncConnection, ids: list[int]) -> int:
    """How many of the messages wait to be handed over."""
    query = select(func.count()).where(t.message.c.id.in_(ids), t.message.c.status == "to_collect")
    return int((await conn.execute(query)).scalar_one())


async def leaves_at(conn: AsyncConnection, principal: Principal, number: str) -> datetime | None:
    """When this person's answer to a case leaves; None when none of theirs waits."""
    query = (
        select(func.max(t.outbox.c.next_at))
        .select_from(t.outbox.join(t.message, t.message.c.id == t.outbox.c.message_id))
        .join(t.cases, t.cases.c.id == t.message.c.case_id)
        .where(
            t.cases.c.number == number, queue.boundary(principal),
            t.message.c.kind == "answer", t.message.c.staff_id == principal.id,
            t.outbox.c.state == "pending", t.outbox.c.tries == 0,
        )
    )  # fmt: skip
    found: datetime | None = (await conn.execute(query)).scalar_one()
    return found


async def _before(conn: AsyncConnection, case_id: int, data: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in data["before"].items():
        if isinstance(value, int):
            value = t.instant_of(value)
        values[name] = int(value) if name in _IDS and value is not None else value
    said = select(t.message.c.text, t.message.c.direction, t.message.c.staff_id).where(
        t.message.c.case_id == case_id, t.message.c.kind.not_in(("undone", "note", "acknowledgement", "notice"))
    )
    row = (await conn.execute(said.order_by(t.message.c.id.desc()).limit(1))).one_or_none()
    if row is not None:
        values["last_line"] = row.text[:120]
        values["last_by"] = "citizen" if row.direction == "in" else f"staff:{row.staff_id}"
    return values | {
        "version": t.cases.c.version + 1,
        "active_at": func.coalesce(t.cases.c.waiting_since, t.cases.c.active_at),
    }
