"""What is asked by telephone, at the counter, on the radio or in a letter: written down, it is a case like others."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Address, InboundMessage
from channels.phone import is_answerable, normalise
from gateway import words
from gateway.clock import new_id
from gateway.desk.opening import Opening
from gateway.errors import Invalid
from gateway.ledger import ANSWER, Ledger
from gateway.principal import Principal, Right
from gateway.store import schema as t
from routing.case import EventKind
from routing.decide import decide

# How it came in. The case bears it as its channel.
WAYS = ("phone", "visit", "radio", "tv", "letter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What was said, by whom, and how they want to be answered. `received_at` None: just now."""

    way: str
    text: str
    name: str | None = None
    # The channel of the answer and the number on it; without one the person asks again, and nobody writes to them.
    answer_channel: str | None = None
    answer_to: str | None = None
    agency: str | None = None
    topic: str | None = None
    term_class: str | None = None
    territory: str | None = None
    language: str | None = None
    received_at: datetime | None = None


class Transcribing(Opening):
    """Assisted intake."""

    async def transcribe(self, principal: Principal, spoken: Spoken) -> str:
        """Open a case of what somebody said; its number comes back, to be read out to them.

        Routed by the same rules as a message, unless an agency is named. The citizen is acknowledged on the channel
        they chose for the answer. Invalid says which field is wrong; Forbidden without the right to work cases.
        """
        principal.need(Right.TRANSCRIBE)
        said = self._checked(spoken)

        async def work(conn: AsyncConnection) -> str:
            contact_id = await self._contact(conn, said)
            fields = self._routed(said) | {
                "contact_id": contact_id,
                "channel": said.way,
                "reply_channel": said.answer_channel or said.way,
                "reply_urn": said.answer_to,
                "territory": said.territory,
                "language": said.language,
                "transcribed_by": principal.id,
            }
            received_at = said.received_at or self._clock()
            row = await self._open(
                conn, fields, received_at=received_at, text=said.text, rule="transcribed", actor=principal.actor
            )
            await self._write_down(conn, row, said, principal)
            await self._keep(conn, row["id"])
            return str(row["number"])

        number = await self._store.transact(work)
        self._wake_channels()
        return number

    def _checked(self, spoken: Spoken) -> Spoken:
        catalog = self._current().catalog
        text = spoken.text.strip()
        if not text:
            raise Invalid("text", "write down what the person asks")
        if spoken.way not in WAYS:
            raise Invalid("way", f"way must be one of {', '.join(WAYS)}")
        if spoken.agency is not None and spoken.agency not in catalog.agencies:
            raise Invalid("agency", f"there is no agency {spoken.agency}")
        if spoken.term_class is not None and spoken.term_class not in catalog.terms:
            raise Invalid("class", f"there is no class {spoken.term_class}")
        if spoken.territory is not None and spoken.territory not in catalog.territories:
            raise Invalid("territory", f"there is no territory {spoken.territory}")
        if spoken.received_at is not None and spoken.received_at > self._clock():
            raise Invalid("received_at", "it cannot have been received in the future")
        name = (spoken.name or "").strip() or None
        return replace(
            spoken, text=text, name=name, answer_to=self._address(spoken), language=catalog.language(spoken.language)
        )

    def _address(self, spoken: Spoken) -> str | None:
        if spoken.answer_channel is None:
            return None
        catalog = self._current().catalog
        channel = catalog.gateway.channels.get(spoken.answer_channel)
        # A text can be sent to a number; a chat or a page is opened by the citizen, never by us.
        if channel is None or channel.provider != "twilio":
            texting = [name for name, found in catalog.gateway.channels.items() if found.provider == "twilio"]
            raise Invalid("answer_channel", f"an answer can go by {', '.join(texting)}, or nowhere")
        number = normalise((spoken.answer_to or "").strip(), catalog.gateway.country)
        if not is_answerable(number):
            raise Invalid("answer_to", "this is no telephone number that a text can be sent to")
        return str(Address("tel", number))

    async def _contact(self, conn: AsyncConnection, said: Spoken) -> int:
        """The person behind the number, or a new one."""
        now = self._clock()
        if said.answer_to is not None:
            known = select(t.address.c.contact_id).where(t.address.c.urn == said.answer_to)
            found = (await conn.execute(known)).scalar_one_or_none()
            if found is not None:
                return int(found)
        contact_id = new_id()
        await conn.execute(
            insert(t.contact).values(id=contact_id, name=said.name, language=said.language, created_at=now)
        )
        if said.answer_to is not None:
            await conn.execute(
                insert(t.address).values(
                    urn=said.answer_to, contact_id=contact_id, channel=said.answer_channel, answerable=True,
                    created_at=now, recent_count=0,
                )
            )  # fmt: skip
        return contact_id

    def _routed(self, said: Spoken) -> dict[str, Any]:
        catalog = self._current().catalog
        if said.agency is not None:
            topic = catalog.agencies[said.agency].topic(said.topic)
            if said.topic is not None and topic is None:
                raise Invalid("topic", f"{said.agency} has no topic {said.topic}")
            return {
                "agency": said.agency,
                "topic": said.topic,
                "term_class": said.term_class or (topic.term_class if topic else "general"),
            }
        message = InboundMessage(
            channel=said.way, provider_id="transcribed", sender=Address("tel", "0"), text=said.text,
            facts=(("territory", said.territory),) if said.territory else (),
        )  # fmt: skip
        route = decide(message, (), catalog=catalog, rules=self._current().rules, now=self._clock()).route
        if route is None:
            return {"agency": catalog.gateway.triage, "topic": None, "term_class": said.term_class or "general"}
        return {"agency": route.agency, "topic": route.topic, "term_class": said.term_class or route.term_class}

    async def _write_down(self, conn: AsyncConnection, row: dict[str, Any], said: Spoken, principal: Principal) -> None:
        """The question, in the citizen's words as they were heard; and the acknowledgement, where one can be sent."""
        now, catalog = self._clock(), self._current().catalog
        question = new_id()
        await conn.execute(
            insert(t.message).values(
                id=question, case_id=row["id"], contact_id=row["contact_id"], urn=said.answer_to or "",
                channel=said.way, direction="in", kind="question", text=said.text, staff_id=principal.id,
                status="received", at=row["received_at"],
            )
        )  # fmt: skip
        await self._event(conn, row["id"], EventKind.TRANSCRIBED, principal, message=str(question), way=said.way)
        if said.answer_to is None:
            return
        ledger = Ledger(now)
        ledger.outbound(
            priority=ANSWER,
            kind="acknowledgement",
            case_id=row["id"],
            contact_id=row["contact_id"],
            urn=said.answer_to,
            channel=row["reply_channel"],
            text=words.acknowledgement(
                catalog, row["language"], number=row["number"], agency=row["agency"],
                received_at=row["received_at"], due_at=row["due_at"],
            ),
        )  # fmt: skip
        await ledger.write(conn)
