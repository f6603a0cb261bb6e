"""What one batch of messages becomes: decided one by one, written set-wise, committed once.

A batch claims its messages, meets the people, reads their cases, decides each message in the order of arrival (the
second message of a person sees what the first one did) and only then writes: about ten statements for any number of
messages. Nothing here touches the network. What a single message causes is in `gateway/inbound/settle.py`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import InboundMessage
from gateway.clock import new_ids
from gateway.deployment import Deployment
from gateway.inbound import settle
from gateway.inbound.dialogs import Dialogs
from gateway.ledger import ANSWER, Ledger, Received, Reply
from gateway.store import cases as case_store
from gateway.store import contacts, messages, staff
from gateway.store.bulk import fetch
from gateway.store.contacts import Person
from gateway.timekeeping import notices
from routing import case_number
from routing.assign import Duty
from routing.case import KnownCase
from routing.catalog import Assignment, Catalog
from routing.reading import SENTENCES
from routing.rules import RuleSet


@dataclass(slots=True, kw_only=True)
class Batch:
    """The working memory of one commit."""

    conn: AsyncConnection
    catalog: Catalog
    rules: RuleSet
    now: datetime
    ledger: Ledger
    # By the address they wrote from.
    people: dict[str, Person]
    known: dict[int, list[KnownCase]]
    managers: dict[str, list[Duty]]
    siblings: messages.Siblings
    dialogs: Dialogs
    # How many messages came from each address in the flood window, up to the one being settled.
    came: dict[str, int]
    # How many messages of each contact the batch holds.
    messages_of: dict[int, int]
    fresh_cases: dict[int, dict[str, Any]] = field(default_factory=dict)
    unnumbered: list[tuple[Received, dict[str, Any]]] = field(default_factory=list)
    # Events that speak of a case which has no number yet.
    unnamed: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    given: set[int] = field(default_factory=set)
    # Cases whose clocks something in this batch moved.
    rederived: set[int] = field(default_factory=set)
    # Channels by which staff are told of what has fallen due meanwhile.
    told: set[str] = field(default_factory=set)
    replies: list[Reply] = field(default_factory=list)
    # What is the same for many messages: the clock of an agency for a class of question, as columns of a case; and
    # what people are told of it (language, agency, due), but for their number.
    first_clocks: dict[tuple[str, str], tuple[datetime, dict[str, Any]]] = field(default_factory=dict)
    acknowledgements: dict[tuple[str, str, int], str] = field(default_factory=dict)

    @classmethod
    async def prepare(
        cls,
        conn: AsyncConnection,
        batch: Sequence[InboundMessage],
        *,
        seen: Sequence[Any],
        managers: dict[str, list[Duty]],
        deployment: Deployment,
        now: datetime,
    ) -> "Batch":
        """Meet the people and read what deciding needs."""
        catalog = deployment.catalog
        limits = catalog.gateway
        meeting, written = await contacts.meet(
            conn, batch, seen, now=now, window=timedelta(minutes=limits.flood.minutes), language=catalog.language
        )
        known = case_store.known_to(
            conn,
            (str(message.sender) for message in batch),
            numbers=[number for message in batch for number in case_number.find(message.text)],
            now=now,
            window=timedelta(days=limits.threading.reopening_days),
        )
        *upserted, known_rows = await fetch(conn, *written, known)
        states = [row for rows in upserted for row in rows]
        if meeting.parted(states):
            states = await meeting.reunite(conn, states)
            [known_rows] = await fetch(conn, known)
        people = meeting.people(states)
        times = Counter(str(message.sender) for message in batch)
        return cls(
            conn=conn,
            catalog=catalog,
            rules=deployment.rules,
            now=now,
            ledger=Ledger(now),
            people=people,
            known=case_store.by_contact(known_rows),
            managers=managers,
            siblings=await messages.siblings(conn, batch),
            dialogs=await Dialogs.load(conn, batch, catalog=catalog, now=now),
            came={urn: people[urn].recent - count for urn, count in times.items()},
            messages_of=_messages_of(people, times),
        )

    async def finish(self) -> None:
        """Number the new cases, write the automatic answers, send everything to the database."""
        if self.fresh_cases:
            local = self.now.astimezone(ZoneInfo(self.catalog.gateway.timezone))
            first = await case_store.take_numbers(self.conn, local.year, len(self.fresh_cases))
            for consecutive, row in enumerate(self.fresh_cases.values(), first):
                row["number"] = case_number.format_number(local.year, consecutive)
            self.ledger.month = local.strftime("%Y-%m")
        for result, row in self.unnumbered:
            result.number = row["number"]
        for data, row in self.unnamed:
            _name(data, row["number"])
        for reply in self.replies:
            self._send(reply)
        # A reply's text holds this batch: a circle, which would keep every row until the garbage collector comes by.
        self.replies.clear()
        await self.ledger.write(self.conn)
        self.told = await notices.keep(self.conn, self.catalog, self.rederived, now=self.now)
        await self.dialogs.save(self.conn)
        await staff.assigned(self.conn, self.given, now=self.now)

    def writes_again(self, person: Person) -> bool:
        """Whether the person has more than one message in this batch, so that the next must see what this one did."""
        return self.messages_of[person.contact_id] > 1

    def number_later(self, known: KnownCase, *events: dict[str, Any]) -> None:
        """Events that speak of a case opened in this batch get its number when it has one."""
        fresh = self.fresh_cases.get(known.id)
        if fresh is not None:
            self.unnamed.extend((data, fresh) for data in events)

    def reply(self, reply: Reply) -> None:
        """Answer automatically, unless nobody can be reached or the sender floods (which may be another machine)."""
        flooding = self.came[str(reply.message.sender)] > self.catalog.gateway.flood.messages
        if reply.message.answerable and not flooding:
            self.replies.append(reply)

    def _send(self, reply: Reply) -> None:
        self.ledger.outbound(
            priority=ANSWER,
            kind=reply.kind,
            case_id=reply.case_id,
            contact_id=reply.person.contact_id,
            urn=str(reply.message.sender),
            channel=self.answering_channel(reply.message),
            text=reply.text(),
            raw=reply.raw,
        )

    def answering_channel(self, message: InboundMessage) -> str:
        """The channel that carries answers to this message: its own, or the one configured to answer for it."""
        return self.catalog.gateway.channels[message.channel].answers_by or message.channel


def _messages_of(people: Mapping[str, Person], times: Mapping[str, int]) -> dict[int, int]:
    messages_of: dict[int, int] = {}
    for urn, count in times.items():
        contact_id = people[urn].contact_id
        messages_of[contact_id] = messages_of.get(contact_id, 0) + count
    return messages_of


def _name(data: dict[str, Any], number: str) -> None:
    """Put a case's number where an event left it open."""
    if "predecessor" in data:
        data["predecessor"] = number
    for reason in data.get("reasons", ()):
        if not reason["detail"] and "{}" in SENTENCES[reason["code"]]:
            reason["detail"] = number


async def receive_batch(
    conn: AsyncConnection,
    batch: Sequence[InboundMessage],
    *,
    deployment: Deployment,
    now: datetime,
    outgoing: set[str],
) -> list[Received]:
    """Everything the messages of one commit cause. One result a message, in their order.

    The channels on which something is to be sent are added to `outgoing`.
    """
    ids = new_ids(len(batch))
    received = [Received(message_id=i, urn=str(m.sender)) for m, i in zip(batch, ids, strict=True)]
    pairs = list(zip(batch, received, strict=True))
    catalog = deployment.catalog
    balanced = {a.key: a.capacity for a in catalog.agencies.values() if a.assignment is Assignment.BALANCED}
    *claimed, seen, on_duty = await fetch(
        conn,
        *messages.claims(
            conn,
            [{"channel": m.channel, "provider_id": m.provider_id, "message_id": r.message_id} for m, r in pairs],
        ),
        contacts.seen(conn, batch),
        staff.managers(balanced, now=now),
    )
    won = {row.message_id for rows in claimed for row in rows}
    fresh = [pair for pair in pairs if pair[1].message_id in won]
    if fresh:
        work = await Batch.prepare(
            conn,
            [m for m, _ in fresh],
            seen=seen,
            managers=staff.duties(on_duty, balanced),
            deployment=deployment,
            now=now,
        )
        for message, result in fresh:
            await settle.settle(work, message, result)
        await work.finish()
        outgoing.update(work.told, (row["channel"] for row in work.ledger.outbox))
    if len(fresh) < len(pairs):
        await _repeat(conn, [pair for pair in pairs if pair[1].message_id not in won])
    return received


async def _repeat(conn: AsyncConnection, repeats: Sequence[tuple[InboundMessage, Received]]) -> None:
    """Give repeats the result of the message they repeat."""
    held = await messages.claimed(conn, {(m.channel, m.provider_id) for m, _ in repeats})
    stood = await case_store.of_messages(conn, set(held.values()))
    for message, result in repeats:
        result.message_id = held[message.channel, message.provider_id]
        result.repeated = True
        row = stood.get(result.message_id)
        if row is not None:
            result.urn, result.case_id, result.number = row.urn, row.id, row.number
            result.agency, result.due_at = row.agency, row.due_at
