"""Cases with their people and messages, written straight into a database, and what search finds among them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import insert, update

from gateway.clock import new_id
from gateway.principal import Principal, Role
from gateway.search import query as search_query
from gateway.search.reader import catch_up
from gateway.store import schema as t
from gateway.store import search
from gateway.store.engine import Store
from gateway.store.queue import Filter
from gateway.store.search import Found
from routing.case_number import format_number

EVERYBODY = Principal(id=1, name="Ana", role=Role.ADMINISTRATOR, agency=None)
MORNING = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TIMEZONE = "America/Bogota"


def manager(agency: str) -> Principal:
    """Somebody who sees the cases of one agency."""
    return Principal(id=2, name="Luz", role=Role.MANAGER, agency=agency)


@dataclass(slots=True)
class Archive:
    """Writes cases; `numbers` are those of the next ones."""

    store: Store
    numbers: Any = field(default_factory=lambda: count(1))

    async def case(
        self,
        *texts: str,
        agency: str = "sena",
        name: str | None = None,
        phone: str | None = None,
        answer: str | None = None,
        at: datetime = MORNING,
        **values: Any,
    ) -> "Filed":
        """A case with what a citizen said, and perhaps the answer."""
        number = next(self.numbers)
        contact_id, case_id = new_id(), new_id()
        urn = f"tel:{phone or f'+57300{number:07d}'}"
        await self._insert(t.contact, id=contact_id, name=name, language="es", created_at=at)
        await self._insert(
            t.address, urn=urn, contact_id=contact_id, channel="sms", answerable=True, created_at=at, recent_count=0
        )
        row: dict[str, Any] = {
            "id": case_id, "number": format_number(2026, number), "contact_id": contact_id, "reply_urn": urn,
            "reply_channel": "sms", "channel": "sms", "agency": agency, "term_class": "general", "language": "es",
            "state": "answered" if answer else "open", "received_at": at, "due_at": at, "effective": "",
            "citizen_due_at": at, "active_at": at, "answered_at": at if answer else None, "last_line": "x",
            "last_by": "citizen",
        } | values  # fmt: skip
        await self._insert(t.cases, **row)
        made = Filed(case_id, contact_id, row["number"], [])
        for text in texts:
            made.messages.append(await self.say(made, text, at=at))
        if answer:
            await self.answer(made, answer, at=at)
        return made

    async def say(self, case: "Filed", text: str, *, message_id: int | None = None, **values: Any) -> int:
        """One more message of the case, by the citizen unless said otherwise."""
        row: dict[str, Any] = {
            "id": message_id or new_id(), "case_id": case.id, "contact_id": case.contact_id, "urn": "tel:+57",
            "channel": "sms", "direction": "in", "kind": "question", "text": text, "status": "received", "at": MORNING,
        } | values  # fmt: skip
        await self._insert(t.message, **row)
        return int(row["id"])

    async def answer(self, case: "Filed", *parts: str, at: datetime = MORNING) -> list[int]:
        """A final answer, in as many messages as there are parts."""
        ids = [await self.say(case, part, direction="out", kind="answer", status="delivered", at=at) for part in parts]
        data = {"messages": [str(i) for i in ids], "final": True}
        await self._insert(
            t.case_event, id=new_id(), case_id=case.id, kind="replied", at=at, actor="staff:2", data=data
        )
        return ids

    async def transfer(self, case: "Filed", agency: str) -> None:
        """The case belongs to another agency from now on."""
        await self.store.transact(
            lambda conn: conn.execute(update(t.cases).where(t.cases.c.id == case.id).values(agency=agency))
        )

    async def move(self, message_id: int, case: "Filed") -> None:
        """The message belongs to another case from now on."""
        query = update(t.message).where(t.message.c.id == message_id).values(case_id=case.id)
        await self.store.transact(lambda conn: conn.execute(query))

    async def read(self) -> int:
        """Put into the index what is not in it."""
        return await catch_up(self.store)

    async def found(self, text: str, principal: Principal = EVERYBODY, **paging: Any) -> Found:
        """What a search brings."""
        query = search_query.read(text, timezone=TIMEZONE)
        async with self.store.read() as conn:
            wanted = search.narrowed(query, Filter())
            return await search.find(conn, principal, query, wanted, **{"below": 2**63 - 1} | paging)

    async def numbers_of(self, text: str, principal: Principal = EVERYBODY, **paging: Any) -> list[str]:
        """The numbers of the cases that a search brings, in its order."""
        return [case.number for case in (await self.found(text, principal, **paging)).cases]

    async def _insert(self, table: Any, **values: Any) -> None:
        await self.store.transact(lambda conn: conn.execute(insert(table).values(**values)))


@dataclass(slots=True)
class Filed:
    """A case of the archive."""

    id: int
    contact_id: int
    number: str
    messages: list[int]
