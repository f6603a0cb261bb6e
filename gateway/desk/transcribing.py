"""What is asked by telephone, at the counter, on the radio or in a letter: written down, it is a case like others."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Address, InboundMessage
from channels.phone import is_answerable, normalise
from gateway import words
from gateway.clock import new_id
from gateway.desk.opening import Opening
from gateway.errors import Conflict, Invalid
from gateway.ledger import ANSWER, Ledger
from gateway.principal import Principal, Right
from gateway.staffing import assigning
from gateway.store import schema as t
from gateway.store import staff, transcribed
from routing.case import CITIZEN, EventKind
from routing.catalog import Catalog
from routing.decide import decide
from routing.reading import Reason
from routing.rules import Route
from routing.terms import due

# How it came in. The case bears it as its channel.
WAYS: Final = ("phone", "visit", "radio", "tv", "letter")
# In characters: a letter of several pages; a name as it stands on a letter.
LONGEST: Final = 10_000
_LONGEST_NAME: Final = 100
# A text can be sent to a number. A chat is opened by the citizen, never by us: it must be known already.
_TEXTING: Final = "twilio"
_CHATTING: Final = "telegram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What was said, by whom, and how they want to be answered. `received_at` None: just now."""

    way: str
    text: str
    name: str | None = None
    # The channel of the answer, and the telephone number on it or, for a chat, the one its owner is known by; without
    # one the answer is kept for whoever comes for it.
    answer_channel: str | None = None
    answer_to: str | None = None
    agency: str | None = None
    topic: str | None = None
    term_class: str | None = None
    territory: str | None = None
    language: str | None = None
    received_at: datetime | None = None


def answering(catalog: Catalog) -> list[str]:
    """The channels that an answer can be asked for on, in the configuration's order."""
    found = catalog.gateway.channels.items()
    return [name for name, channel in found if channel.provider in (_TEXTING, _CHATTING)]


class Transcribing(Opening):
    """Assisted intake."""

    async def transcribe(self, principal: Principal, spoken: Spoken, *, key: str | None = None) -> str:
        """Open a case of what somebody said; its number comes back, to be read out to them.

        Routed by the same rules as a message, unless an agency is named. The citizen is acknowledged on the channel
        they chose for the answer. With a `key`, a repeat gives the number of the first and opens nothing; Conflict
        when that one said something else. Invalid says which field is wrong; Forbidden without the right to transcribe.
        """
        principal.need(Right.TRANSCRIBE)
        said = self._checked(spoken)
        form = hashlib.sha256(repr(spoken).encode("utf-8", "replace")).hexdigest()

        async def work(conn: AsyncConnection) -> str:
            question = new_id()
            held = await transcribed.claim(conn, f"{principal.id}:{key}", question) if key else None
            if held is not None:
                return _repeated(held, form)
            return await self._written(conn, principal, said, question=question, form=form)

        number = await self._store.transact(work)
        self._wake_channels()
        return number

    async def _written(
        self, conn: AsyncConnection, principal: Principal, said: Spoken, *, question: int, form: str
    ) -> str:
        catalog, now = self._current().catalog, self._clock()
        urn = await self._urn(conn, said)
        route = await self._route(conn, said)
        received_at = said.received_at or now
        _covered(catalog, route, received_at)
        contact_id = await transcribed.person(
            conn, urn=urn, channel=said.answer_channel or "", name=said.name, language=said.language or "", now=now
        )
        fields = {
            "contact_id": contact_id,
            "channel": said.way,
            "reply_channel": said.answer_channel or said.way,
            "reply_urn": urn,
            "agency": route.agency,
            "topic": route.topic,
            "term_class": route.term_class,
            "territory": said.territory,
            "language": said.language,
            "transcribed_by": principal.id,
        }
        row = await self._open(
            conn, fields, received_at=received_at, text=said.text, rule="transcribed", actor=CITIZEN,
            reasons=route.reasons,
        )  # fmt: skip
        await self._write_down(conn, row, said, principal, question=question, form=form)
        await assigning.give_out(conn, catalog, [row["id"]], but={}, now=now)
        await self._keep(conn, row["id"])
        return str(row["number"])

    def _checked(self, spoken: Spoken) -> Spoken:
        catalog = self._current().catalog
        text = spoken.text.strip()
        if not text:
            raise Invalid("text", "write down what the person asks")
        if len(text) > LONGEST:
            raise Invalid("text", f"a text has at most {LONGEST} characters")
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
        name = " ".join((spoken.name or "").split())[:_LONGEST_NAME] or None
        return replace(
            spoken, text=text, name=name, answer_to=self._number(spoken), language=catalog.language(spoken.language)
        )

    def _number(self, spoken: Spoken) -> str | None:
        if spoken.answer_channel is None:
            return None
        catalog = self._current().catalog
        if spoken.answer_channel not in answering(catalog):
            raise Invalid("answer_channel", f"an answer can go by {', '.join(answering(catalog))}, or nowhere")
        number = normalise((spoken.answer_to or "").strip(), catalog.gateway.country)
        if not number.startswith("+") or not is_answerable(number):
            raise Invalid("answer_to", "this is no telephone number that a text can be sent to")
        return number

    async def _urn(self, conn: AsyncConnection, said: Spoken) -> str | None:
        """Where the answer goes."""
        if said.answer_channel is None or said.answer_to is None:
            return None
        number = str(Address("tel", said.answer_to))
        if self._current().catalog.gateway.channels[said.answer_channel].provider == _TEXTING:
            return number
        found = await transcribed.reached_on(conn, number, said.answer_channel)
        if found is None:
            raise Invalid("answer_to", "nobody of that number has written by that channel: choose another")
        return found

    async def _route(self, conn: AsyncConnection, said: Spoken) -> Route:
        catalog = self._current().catalog
        if said.agency is None:
            return await self._routed(conn, said)
        topic = catalog.agencies[said.agency].topic(said.topic)
        if said.topic is not None and topic is None:
            raise Invalid("topic", f"{said.agency} has no topic {said.topic}")
        if said.agency != catalog.gateway.triage and not await staff.colleagues(conn, said.agency):
            raise Conflict(f"{said.agency} has no active response manager; choose another agency or the triage desk")
        term_class = said.term_class or (topic.term_class if topic else "general")
        return Route(said.agency, said.topic, term_class, "transcribed", ())

    async def _routed(self, conn: AsyncConnection, said: Spoken) -> Route:
        """As a message would be; the triage desk has what nobody else can answer."""
        catalog = self._current().catalog
        message = InboundMessage(
            channel=said.way, provider_id="transcribed", sender=Address("tel", "0"), text=said.text,
            language=said.language, facts=(("territory", said.territory),) if said.territory else (),
        )  # fmt: skip
        route = decide(message, (), catalog=catalog, rules=self._current().rules, now=self._clock()).route
        if route is None:
            route = Route(catalog.gateway.triage, None, "general", "triage", ())
        elif route.agency != catalog.gateway.triage and not await staff.colleagues(conn, route.agency):
            reasons = (*route.reasons, Reason("no_manager", route.agency))
            route = replace(route, agency=catalog.gateway.triage, topic=None, reasons=reasons)
        return replace(route, term_class=said.term_class or route.term_class)

    async def _write_down(
        self,
        conn: AsyncConnection,
        row: dict[str, Any],
        said: Spoken,
        principal: Principal,
        *,
        question: int,
        form: str,
    ) -> None:
        """The question, in the citizen's words as they were heard; and the acknowledgement, where one can be sent."""
        now, catalog = self._clock(), self._current().catalog
        await conn.execute(
            insert(t.message).values(
                id=question, case_id=row["id"], contact_id=row["contact_id"], urn=row["reply_urn"] or "",
                channel=said.way, direction="in", kind="question", text=said.text, staff_id=principal.id,
                status="received", at=row["received_at"],
                # The name as it was said: whoever's telephone it is may be somebody else.
                raw={"form": form, "name": said.name},
            )
        )  # fmt: skip
        await self._event(conn, row["id"], EventKind.TRANSCRIBED, principal, message=str(question), way=said.way)
        if row["reply_urn"] is None:
            return
        ledger = Ledger(now)
        ledger.outbound(
            priority=ANSWER,
            kind="acknowledgement",
            case_id=row["id"],
            contact_id=row["contact_id"],
            urn=row["reply_urn"],
            channel=row["reply_channel"],
            text=words.acknowledgement(
                catalog, row["language"], number=row["number"], agency=row["agency"],
                received_at=row["received_at"], due_at=row["due_at"],
            ),
        )  # fmt: skip
        await ledger.write(conn)


def _repeated(held: Any, form: str) -> str:
    number = str(held.number)
    if held.raw.get("form") != form:
        raise Conflict(f"this form has opened the case {number} already; send it once more to open another")
    return number


def _covered(catalog: Catalog, route: Route, received_at: datetime) -> None:
    try:
        due(catalog, agency=route.agency, term_class=route.term_class, received_at=received_at)
    except KeyError:
        raise Invalid("received_at", "the law known here has no term for that day") from None
