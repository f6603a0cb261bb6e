"""What a single message causes: a case, a line in one, a command's answer, a menu's next screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from channels.message import InboundMessage
from gateway import words
from gateway.inbound import creating, selfservice
from gateway.inbound.creating import LINE
from gateway.ledger import Received, Reply, reasons_data
from gateway.store import contacts
from gateway.store.schema import micros
from routing.case import CITIZEN, CaseState, EventKind, KnownCase
from routing.decide import Action, Decision, decide

if TYPE_CHECKING:
    from gateway.inbound.batch import Batch
    from gateway.store.contacts import Person


async def settle(work: Batch, message: InboundMessage, result: Received) -> None:
    """Decide one message and note what must be written."""
    person = work.people[result.urn]
    work.came[result.urn] += 1
    if _joins_another(work, message, result, person):
        return
    if work.dialogs.concerns(message):
        turn = work.dialogs.turn(message, person.language)
        if turn.language and turn.language != person.language:
            await contacts.set_language(work.conn, person.contact_id, turn.language)
            person = work.people[result.urn] = replace(person, language=turn.language)
        if turn.message is None:
            await selfservice.menu(work, message, result, person, turn)
            return
        message = turn.message
    if selfservice.opens_nothing(message):
        await selfservice.greet(work, message, result, person)
        return
    decision = decide(
        message,
        work.known.get(person.contact_id, ()),
        catalog=work.catalog,
        rules=work.rules,
        now=work.now,
        wants_new=person.wants_new,
    )
    if decision.action is Action.COMMAND:
        await selfservice.command(work, decision, message, result, person)
    elif decision.action is Action.CREATE:
        await creating.create(work, decision, message, result, person)
    else:
        _continue(work, decision, message, result, person)
    work.siblings.remember(message, result.message_id, result.case_id)
    if decision.mistyped and decision.action is not Action.COMMAND:
        selfservice.tell_mistyped(work, decision.mistyped, message, person)


def _joins_another(work: Batch, message: InboundMessage, result: Received, person: Person) -> bool:
    """An edit is a new version of its message, and an album's later photographs belong to the first."""
    sibling = work.siblings.of(message)
    if sibling is None:
        return False
    result.case_id = sibling.case_id
    if message.version_of:
        work.ledger.inbound(
            message,
            message_id=result.message_id,
            contact_id=person.contact_id,
            kind="edit",
            case_id=sibling.case_id,
            version_of=sibling.id,
        )
        if sibling.case_id is not None:
            work.ledger.event(
                sibling.case_id,
                EventKind.EDITED,
                actor=CITIZEN,
                message=str(sibling.id),
                version=str(result.message_id),
            )
    else:
        work.ledger.attach(sibling.id, message.attachments, first=sibling.next_position(len(message.attachments)))
        if message.text:
            work.ledger.inbound(
                replace(message, attachments=()),
                message_id=result.message_id,
                contact_id=person.contact_id,
                kind="caption",
                case_id=sibling.case_id,
            )
    return True


def _continue(work: Batch, decision: Decision, message: InboundMessage, result: Received, person: Person) -> None:
    """Another line in a case that exists: appended, reopening it, or only recorded."""
    known = decision.case
    if known is None:
        raise AssertionError(f"a decision to {decision.action} names no case")
    kind = "thanks" if decision.action is Action.RECORD else "question"
    work.ledger.inbound(
        message, message_id=result.message_id, contact_id=person.contact_id, kind=kind, case_id=known.id
    )
    result.case_id, result.number, result.agency, result.due_at = known.id, known.number, known.agency, known.due_at
    fresh = work.fresh_cases.get(known.id)
    if fresh is not None:
        work.unnumbered.append((result, fresh))
    recorded = decision.action is Action.RECORD
    state = known.state if recorded else CaseState.OPEN
    ended_at = known.ended_at if recorded else None
    if decision.action is Action.REOPEN:
        work.ledger.event(known.id, EventKind.REOPENED, rule=decision.rule.value, actor=CITIZEN)
        work.rederived.add(known.id)
    received = work.ledger.event(
        known.id,
        EventKind.RECEIVED,
        actor=CITIZEN,
        message=str(result.message_id),
        rule=decision.rule.value,
        reasons=reasons_data(decision.reasons),
    )
    work.number_later(known, received)
    if known.state is CaseState.WAITING and not recorded:
        # The lease of who has it runs again.
        work.rederived.add(known.id)
    if known.asked and not recorded:
        work.ledger.event(known.id, EventKind.COMPLETED, actor=CITIZEN, message=str(result.message_id))
        work.ledger.change(known.id, {"asked_at": None})
        work.rederived.add(known.id)
        known = replace(known, asked=False)
    changes = {
        "state": state,
        "active_at": micros(known.active_at if recorded else work.now),
        "ended_at": None if ended_at is None else micros(ended_at),
        "last_line": message.text[:LINE],
        "last_by": CITIZEN,
    }
    if fresh is not None:
        fresh.update(changes)
    else:
        work.ledger.change(known.id, changes | _reply_to(work, message))
    _remember(work, person, replace(known, state=state, ended_at=ended_at, active_at=work.now))
    if not recorded:
        _acknowledge_more(work, decision, message, person, known)


def _reply_to(work: Batch, message: InboundMessage) -> dict[str, Any]:
    """Where the answer goes from now on: where the person wrote from last and can be reached."""
    if not message.answerable:
        return {}
    return {"reply_urn": str(message.sender), "reply_channel": work.answering_channel(message)}


def _remember(work: Batch, person: Person, changed: KnownCase) -> None:
    known = work.known[person.contact_id]
    work.known[person.contact_id] = [changed if case.id == changed.id else case for case in known]


def _acknowledge_more(
    work: Batch, decision: Decision, message: InboundMessage, person: Person, known: KnownCase
) -> None:
    """A reopened case is always acknowledged; a line added to an open one only when the person had been silent."""
    reopened = decision.action is Action.REOPEN
    if not reopened and work.came[str(message.sender)] > 1:
        return
    key = "ack_reopened" if reopened else "ack_added"
    agency = words.short_name(work.catalog, known.agency)
    fresh = work.fresh_cases.get(known.id)

    def text() -> str:
        number = fresh["number"] if fresh else known.number
        return work.catalog.say(key, person.language, of=known.agency, number=number, agency=agency)

    work.reply(Reply(message=message, person=person, kind="acknowledgement", text=text, case_id=known.id))
