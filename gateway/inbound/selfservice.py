"""What the gateway answers by itself, opening no case: commands, menus, a shared phone number, an empty message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from channels.message import InboundMessage
from gateway import words
from gateway.ledger import Received, Reply
from gateway.store import cases, contacts
from gateway.timekeeping import standing
from routing.case import CITIZEN, EventKind, KnownCase
from routing.commands import Command, CommandKind
from routing.decide import Decision
from routing.terms import due

if TYPE_CHECKING:
    from gateway.inbound.batch import Batch
    from gateway.inbound.dialogs import Turn
    from gateway.store.contacts import Person

# After NEW, how long the next message starts a new case.
_NEW_LASTS = timedelta(hours=2)
# A "my cases" answer names this many, the newest first.
LISTED = 4


def opens_nothing(message: InboundMessage) -> bool:
    """True for a shared phone number alone, and for a message in which nothing is said."""
    return _shares_identity(message) or not (
        message.text.strip() or message.attachments or message.location or message.choice
    )


def _shares_identity(message: InboundMessage) -> bool:
    return bool(message.also) and message.sender.scheme == "telegram" and not message.text and not message.attachments


async def greet(work: Batch, message: InboundMessage, result: Received, person: Person) -> None:
    """Keep the message and answer it."""
    _keep(work, message, result, person)
    if not _shares_identity(message):
        answer(work, message, person, work.catalog.say("help", person.language))
        return
    known = await _told(work, person)
    for case in known:
        work.ledger.event(case.id, EventKind.JOINED, actor=CITIZEN, channel=message.channel)
    lines = [work.catalog.say("phone_joined", person.language, count=len(known)), *case_lines(work, known, person)]
    answer(work, message, person, "\n".join(lines))


def _keep(work: Batch, message: InboundMessage, result: Received, person: Person) -> None:
    work.ledger.inbound(message, message_id=result.message_id, contact_id=person.contact_id, kind="command")


def answer(work: Batch, message: InboundMessage, person: Person, text: str, raw: dict[str, Any] | None = None) -> None:
    """Say something that belongs to no case."""
    work.reply(Reply(message=message, person=person, kind="notice", text=lambda: text, raw=raw))


async def _told(work: Batch, person: Person) -> list[KnownCase]:
    """The person's cases, with the dates to be told of them."""
    known = work.known.get(person.contact_id, ())
    return await standing.told(work.conn, work.catalog, known, now=work.now)


def case_lines(work: Batch, known: list[KnownCase], person: Person) -> list[str]:
    """One line a case, the newest first."""
    return [
        words.status_line(
            work.catalog,
            person.language,
            number=case.number or work.fresh_cases[case.id]["number"],
            agency=case.agency,
            state=case.state,
            due_at=case.due_at or work.now,
        )
        for case in known[:LISTED]
    ]


def tell_mistyped(work: Batch, number: str, message: InboundMessage, person: Person) -> None:
    """The digits that look like a case number are not one: the person is told, the message went on all the same."""
    answer(work, message, person, work.catalog.say("mistyped", person.language, number=number))


async def command(work: Batch, decision: Decision, message: InboundMessage, result: Received, person: Person) -> None:
    """Do what a command word asks."""
    asked = decision.command
    if asked is None:
        raise AssertionError("a command decision carries no command")
    _keep(work, message, result, person)
    if asked.kind is CommandKind.NEW:
        await contacts.expect_new(work.conn, person.contact_id, work.now + _NEW_LASTS)
        work.people[result.urn] = replace(person, wants_new=True)
        text = work.catalog.say("next_is_new", person.language)
    elif asked.kind is CommandKind.STATUS:
        text = await _status(work, asked, decision, person)
    elif asked.kind in (CommandKind.OPT_OUT, CommandKind.OPT_IN):
        text = await _opt(work, message, person, out=asked.kind is CommandKind.OPT_OUT)
    else:
        text = work.catalog.say("help", person.language)
    answer(work, message, person, text)


async def _opt(work: Batch, message: InboundMessage, person: Person, *, out: bool) -> str:
    await contacts.set_opted_out(work.conn, str(message.sender), opted_out=out, source="word", now=work.now)
    return work.catalog.say("opted_out" if out else "opted_in", person.language)


async def _status(work: Batch, asked: Command, decision: Decision, person: Person) -> str:
    known = await _told(work, person)
    if asked.number is None and asked.payload is None:
        lines = case_lines(work, known, person)
        if not lines:
            return work.catalog.say("status_none", person.language)
        return "\n".join([work.catalog.say("status_header", person.language), *lines])
    if asked.number is None:
        return work.catalog.say("mistyped", person.language, number=asked.payload)
    mine = [case for case in known if case.number == asked.number]
    if not mine:
        return work.catalog.say("status_unknown", person.language, number=asked.number)
    return case_lines(work, mine, person)[0]


async def menu(work: Batch, message: InboundMessage, result: Received, person: Person, turn: Turn) -> None:
    """Show what a button or a menu word leads to; a choice of agency made after the question moves the case there."""
    _keep(work, message, result, person)
    if turn.reroute:
        text = await _move(work, turn.reroute, person)
    elif turn.wants_cases:
        known = await _told(work, person)
        lines = case_lines(work, known, person) or [work.catalog.say("status_none", person.language)]
        text = "\n".join(lines)
    else:
        text = turn.text
    answer(work, message, person, text, turn.raw)


async def _move(work: Batch, facts: dict[str, str], person: Person) -> str:
    """A case that waits untouched at the triage desk goes where its sender says it belongs."""
    topic = facts.get("topic", "").partition(".")[2] or None
    agency = work.catalog.agencies.get(facts.get("agency", "") or facts.get("topic", "").partition(".")[0])
    case = next((c for c in work.known.get(person.contact_id, ()) if str(c.id) == facts["case"]), None)
    if case is None or agency is None:
        return work.catalog.say("status_none", person.language)
    untouched = case.agency == work.catalog.gateway.triage and case.state.is_open and case.assignee_id is None
    if not untouched or agency.key not in work.managers:
        return case_lines(work, [case], person)[0]
    known_topic = agency.topic(topic)
    term_class = known_topic.term_class if known_topic else "general"
    clock = due(work.catalog, agency=agency.key, term_class=term_class, received_at=case.received_at)
    await cases.touch(work.conn, case.id, agency=agency.key, topic=topic, term_class=term_class, due_at=clock.due_at)
    work.rederived.add(case.id)
    work.ledger.event(
        case.id,
        EventKind.ROUTED,
        actor=CITIZEN,
        agency=agency.key,
        topic=topic,
        term_class=term_class,
        rule="menu",
        reasons=[],
    )
    return words.acknowledgement(
        work.catalog,
        person.language,
        number=case.number,
        agency=agency.key,
        received_at=case.received_at,
        due_at=clock.due_at,
    )
