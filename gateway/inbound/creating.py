"""A new case: routed, given a term, perhaps a manager, and acknowledged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels.message import InboundMessage
from gateway import words
from gateway.clock import new_id
from gateway.ledger import Received, Reply, reasons_data
from gateway.store import alarms, contacts
from gateway.store.schema import instant_of, micros
from routing.assign import pick
from routing.case import CITIZEN, CaseState, EventKind, KnownCase
from routing.catalog import Assignment
from routing.decide import Decision
from routing.rules import Reason, Route
from routing.steps import first as first_step
from routing.terms import due

if TYPE_CHECKING:
    from gateway.inbound.batch import Batch
    from gateway.store.contacts import Person

# A list shows this much of what was said last, in characters.
LINE: Final = 120


async def create(work: Batch, decision: Decision, message: InboundMessage, result: Received, person: Person) -> None:
    """Open a case for a message that begins one."""
    route = await _staffed(work, decision.route)
    due_at, clock = _first_clock(work, route)
    row = _case_row(work, route, message, person) | clock
    case_id = row["id"] = new_id()
    row["predecessor_id"] = decision.predecessor.id if decision.predecessor else None
    work.fresh_cases[case_id] = row
    work.ledger.cases.append(row)
    work.unnumbered.append((result, row))
    result.case_id, result.agency, result.due_at = case_id, route.agency, due_at
    work.ledger.inbound(
        message, message_id=result.message_id, contact_id=person.contact_id, kind="question", case_id=case_id
    )
    _tell_of_creation(work, decision, route, row, result)
    _assign(work, row)
    if work.writes_again(person):
        work.known.setdefault(person.contact_id, []).insert(0, _known(row))
    if person.wants_new:
        await contacts.expect_new(work.conn, person.contact_id, None)
        work.people[result.urn] = replace(person, wants_new=False)
    work.reply(_acknowledgement(work, message, person, row))


def _first_clock(work: Batch, route: Route) -> tuple[datetime, dict[str, Any]]:
    """When an answer is due to a case that has just come in, and its columns; `gateway.clocks` keeps them from here on.

    What a batch holds was all received at the same instant.
    """
    key = route.agency, route.term_class
    first = work.first_clocks.get(key)
    if first is None:
        clock = due(work.catalog, agency=route.agency, term_class=route.term_class, received_at=work.now)
        step = first_step(work.catalog, route.agency, route.term_class, clock)
        columns = {
            "due_at": micros(clock.due_at),
            "citizen_due_at": micros(clock.due_at),
            "effective": clock.effective.isoformat(),
            "next_step_at": None if step is None else micros(step),
        }
        first = work.first_clocks[key] = clock.due_at, columns
    return first


def _case_row(work: Batch, route: Route, message: InboundMessage, person: Person) -> dict[str, Any]:
    at = work.ledger.at
    return {
        "id": None,
        "number": "",
        "contact_id": person.contact_id,
        "reply_urn": str(message.sender) if message.answerable else None,
        "reply_channel": work.answering_channel(message),
        "channel": message.channel,
        "service_number": message.recipient,
        "agency": route.agency,
        "topic": route.topic,
        "term_class": route.term_class,
        "territory": dict(message.facts).get("territory") if message.facts else None,
        "language": person.language,
        "state": CaseState.OPEN,
        "assignee_id": None,
        "received_at": at,
        "waiting_since": at,
        "active_at": at,
        "ended_at": None,
        "predecessor_id": None,
        "last_line": message.text[:LINE],
        "last_by": CITIZEN,
    }


def _known(row: dict[str, Any]) -> KnownCase:
    return KnownCase(
        id=row["id"],
        number=row["number"],
        agency=row["agency"],
        topic=row["topic"],
        state=CaseState.OPEN,
        received_at=instant_of(row["received_at"]),
        active_at=instant_of(row["active_at"]),
        due_at=instant_of(row["due_at"]),
    )


def _tell_of_creation(work: Batch, decision: Decision, route: Route, row: dict[str, Any], result: Received) -> None:
    event = work.ledger.event
    case_id = row["id"]
    received = event(
        case_id,
        EventKind.RECEIVED,
        actor=CITIZEN,
        message=str(result.message_id),
        rule=decision.rule.value,
        # The route's own reasons stand in its own event.
        reasons=reasons_data(
            decision.reasons[: len(decision.reasons) - len(decision.route.reasons if decision.route else ())]
        ),
    )
    event(
        case_id,
        EventKind.ROUTED,
        agency=route.agency,
        topic=route.topic,
        term_class=route.term_class,
        rule=route.rule,
        reasons=reasons_data(route.reasons),
        assignment=work.catalog.agencies[route.agency].assignment.value,
    )
    if decision.predecessor:
        linked = event(case_id, EventKind.LINKED, predecessor=decision.predecessor.number)
        work.number_later(decision.predecessor, received, linked)


async def _staffed(work: Batch, route: Route | None) -> Route:
    """The route, or the triage desk's when nobody at the agency can answer; an operator is told."""
    triage = work.catalog.gateway.triage
    if route is None:
        route = Route(triage, None, "general", "triage", ())
    if route.agency in work.managers:
        return route
    await alarms.ring(
        work.conn,
        kind="no-manager",
        subject=route.agency,
        detail=f"{route.agency} has no active response manager; its cases go to the triage desk",
        now=work.now,
    )
    if route.agency == triage:
        return route
    reason = Reason("no_manager", route.agency)
    return replace(route, agency=triage, topic=None, reasons=(*route.reasons, reason))


def _assign(work: Batch, row: dict[str, Any]) -> None:
    """Give the case to somebody on duty, where the agency gives cases out; elsewhere it waits to be taken."""
    agency = work.catalog.agencies[row["agency"]]
    if agency.assignment is not Assignment.BALANCED:
        return
    duties = work.managers.get(agency.key, [])
    chosen = pick(duties)
    row["assignee_id"] = chosen
    work.ledger.event(row["id"], EventKind.ASSIGNED, staff=None if chosen is None else str(chosen), how="balanced")
    if chosen is not None:
        work.given.add(chosen)
        # The lease of who was given it may end before any warning.
        work.rederived.add(row["id"])
        work.managers[agency.key] = [
            replace(d, open_cases=d.open_cases + 1, last_assigned_at=work.now) if d.staff_id == chosen else d
            for d in duties
        ]


def _acknowledgement(work: Batch, message: InboundMessage, person: Person, row: dict[str, Any]) -> Reply:
    def text() -> str:
        key = person.language, row["agency"], row["due_at"]
        if key not in work.acknowledgements:
            work.acknowledgements[key] = words.acknowledgement(
                work.catalog,
                person.language,
                number=words.NUMBER,
                agency=row["agency"],
                received_at=work.now,
                due_at=instant_of(row["due_at"]),
            )
        return work.acknowledgements[key].replace(words.NUMBER, row["number"])

    unsure = row["agency"] == work.catalog.gateway.triage
    buttons = work.dialogs.offer_agencies(message, person.language, row) if unsure else None
    return Reply(message=message, person=person, kind="acknowledgement", text=text, case_id=row["id"], raw=buttons)
