"""Rows of the store as the API's answers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import attachments, queue, standings, visible
from gateway.timekeeping import standing
from gateway.web.api import answers
from gateway.web.api.asked import Ask
from routing.clocks import Standing

# Columns of a case that the answer carries as they are, by the answer's names.
_PLAIN = (
    "number", "state", "agency", "topic", "term_class", "language", "channel", "territory", "received_at", "due_at",
    "citizen_due_at", "suspended_at", "late_at", "waiting_since", "active_at", "answered_at", "ended_at", "outcome",
    "last_line", "last_by", "failed_delivery", "version",
)  # fmt: skip


async def cases(conn: AsyncConnection, ask: Ask, rows: Sequence[Any]) -> list[answers.Case]:
    """Cases that were found with the principal who asks."""
    return [answers.Case(**case) for case in await _cases(conn, ask, rows)]


async def case(conn: AsyncConnection, ask: Ask, number: str) -> answers.Case:
    """The case of that number as it stands. NotFound."""
    [found] = await cases(conn, ask, [await queue.find(conn, ask.principal, number)])
    return found


async def _cases(conn: AsyncConnection, ask: Ask, rows: Sequence[Any]) -> list[dict[str, Any]]:
    labels = await visible.labels(conn, ask.principal, rows)
    last = await standings.last_clocks(conn, [row.id for row in rows])
    catalog, now = ask.gateway.current().catalog, ask.gateway.clock()
    return [_case(row, labels, standing.of_row(catalog, row, last.get(row.id), now)) for row in rows]


def _case(row: Any, labels: visible.Labels, stands: Standing) -> dict[str, Any]:
    assignee = row.assignee_id
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        "effective": row.effective or None,
        "standing": stands,
        "contact": {"id": str(row.contact_id), "name": labels.contacts.get(row.contact_id)},
        "assignee": None if assignee is None else {"id": str(assignee), "name": labels.staff.get(assignee)},
        "predecessor": labels.numbers.get(row.predecessor_id),
    }


async def story(conn: AsyncConnection, ask: Ask, number: str) -> answers.CaseStory:
    """The case with its messages, events and person. NotFound."""
    row = await queue.find(conn, ask.principal, number)
    [found] = await _cases(conn, ask, [row])
    messages, events = await queue.story(conn, row.id)
    files = await attachments.of_messages(conn, [m.id for m in messages])
    authors = await queue.names_of(conn, [m.staff_id for m in messages if m.staff_id is not None])
    return answers.CaseStory(
        **{**found, "contact": await _contact(conn, row.contact_id)},
        messages=[_message(m, files.get(m.id, ()), authors.get(m.staff_id)) for m in messages],
        events=[_event(e) for e in events],
    )


async def _contact(conn: AsyncConnection, contact_id: int) -> answers.Contact:
    person, addresses = await queue.contact(conn, contact_id)
    return answers.Contact(id=str(person.id), name=person.name, addresses=[_address(row) for row in addresses])


async def contact(conn: AsyncConnection, contact_id: int, found: list[answers.Case]) -> answers.ContactStory:
    """A person and the cases that were found with the principal."""
    person, addresses = await queue.contact(conn, contact_id)
    return answers.ContactStory(
        id=str(person.id),
        name=person.name,
        language=person.language,
        created_at=person.created_at,
        addresses=[_address(row) for row in addresses],
        cases=found,
    )


def _address(row: Any) -> answers.Address:
    return answers.Address(urn=row.urn, channel=row.channel, opted_out=row.opted_out_at is not None)


def _message(row: Any, files: Sequence[Any], author: str | None) -> answers.Message:
    return answers.Message(
        id=str(row.id),
        direction=row.direction,
        kind=row.kind,
        channel=row.channel,
        provider_id=row.provider_id,
        text=row.text,
        decoded_text=row.decoded_text,
        attachments=[_file(file) for file in files],
        status=row.status,
        error=answers.Fault(code=row.error_code, detail=row.error_detail)
        if row.error_code or row.error_detail
        else None,
        staff=author,
        at=row.at,
        sent_at=row.sent_at,
        location=_place(row.raw),
        version_of=None if row.version_of is None else str(row.version_of),
    )


def _place(raw: Any) -> answers.Place | None:
    """What intake kept as [latitude, longitude, label]; a provider's own field of that name is something else."""
    kept = (raw or {}).get("location")
    if not isinstance(kept, list):
        return None
    latitude, longitude, label = kept
    return answers.Place(latitude=latitude, longitude=longitude, label=label)


def _file(row: Any) -> answers.File:
    return answers.File(
        id=str(row.id),
        kind=row.kind,
        filename=row.filename,
        content_type=row.content_type,
        size=row.size,
        state=row.state,
        url=f"/api/v1/attachments/{row.id}" if row.state == "stored" else None,
    )


def _event(row: Any) -> answers.Event:
    data = dict(row.data)
    reasons = data.pop("reasons", [])
    return answers.Event(
        id=str(row.id),
        kind=row.kind,
        at=row.at,
        actor=row.actor,
        data=data,
        reasons=[answers.Reason(code=reason["code"], detail=reason["detail"]) for reason in reasons],
    )
