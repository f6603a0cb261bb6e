"""A gateway whose clock is moved by hand, with people at work in it, to watch the timekeeper."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from gateway.deployment import Deployment
from gateway.principal import Principal, Role
from gateway.store import absences, staff
from gateway.store import notices as notice_rows
from gateway.store import schema as t
from gateway.timekeeping import recount
from routing.catalog import Assignment, Catalog
from tests.support.clocks import MovableClock
from tests.support.running import Running, running, sample_deployment


@dataclass
class Office:
    """A running gateway, its clock, and who works there by login."""

    running: Running
    clock: MovableClock
    people: dict[str, Principal] = field(default_factory=dict)
    phones: Any = field(default_factory=lambda: count(3005551000))

    async def employ(self, login: str, *, role: Role = Role.MANAGER, agency: str | None = "sena") -> Principal:
        """Somebody new."""
        gateway = self.running.gateway
        member = await gateway.store.transact(
            lambda conn: staff.add(
                conn, login=login, name=login, role=role, agency=agency, password_hash=None, now=self.clock()
            )
        )
        self.people[login] = Principal(id=member.id, name=login, role=role, agency=agency)
        return self.people[login]

    async def wants_messages(self, login: str, urn: str, channel: str = "sms") -> None:
        """Warnings reach them there too."""
        values = {"notices_urn": urn, "notices_channel": channel}
        await self.set_staff(login, **values)

    async def set_staff(self, login: str, **values: Any) -> None:
        await self.running.gateway.store.transact(
            lambda conn: conn.execute(update(t.staff).where(t.staff.c.login == login).values(**values))
        )

    async def ask(self, text: str = "SENA: buenas tardes, necesito ayuda") -> str:
        """A new case from somebody new; its number."""
        phone = f"+57{next(self.phones)}"
        answer = await self.running.text(text, sender=phone)
        assert answer.status == 200
        [case] = [case for case in await self.running.cases() if case.reply_urn == f"tel:{phone}"]
        return str(case.number)

    async def settled(self) -> None:
        """Once the run that derives every case anew at a start is over."""
        gateway = self.running.gateway

        async def kept() -> bool:
            return not await recount.is_needed(gateway.store, gateway.current().catalog)

        await self.running.eventually(kept)

    async def round(self) -> int:
        """Let the timekeeper do what is due; how many cases it looked at. What its worker does just now too."""
        looked_at = len((await self.running.gateway.timekeeper.round()).case_ids)
        await self.running.eventually(self._nothing_is_due)
        return looked_at

    async def _nothing_is_due(self) -> bool:
        due = select(t.cases.c.id).where(t.cases.c.next_step_at <= self.clock.at).limit(1)
        async with self.running.gateway.store.read() as conn:
            return (await conn.execute(due)).first() is None

    async def at(self, day: str, hour: str = "00:00:00") -> int:
        """Go to a local instant and let the timekeeper do what is due."""
        local = datetime.fromisoformat(f"{day}T{hour}-05:00")
        self.clock.at = local.astimezone(UTC)
        return await self.round()

    async def events(self, number: str, *kinds: str) -> list[tuple[str, str]]:
        """What was noted of a case: kind (with its step) and the local instant."""
        _, events = await self.running.story(number)
        return [
            (
                ":".join(filter(None, (e.kind, e.data.get("step")))),
                (e.at - timedelta(hours=5)).strftime("%m-%d %H:%M:%S"),
            )
            for e in events
            if e.kind in kinds
        ]

    async def story(self, number: str, kind: str) -> list[Any]:
        """The events of one kind."""
        _, events = await self.running.story(number)
        return [event for event in events if event.kind == kind]

    async def told(self, login: str) -> list[str]:
        """The kinds of the unread notices of somebody, the oldest first."""
        async with self.running.gateway.store.read() as conn:
            found = await notice_rows.unread(conn, self.people[login], limit=100)
        return [row.kind for row in reversed(found)]

    async def sent(self) -> list[tuple[str, str]]:
        """The messages to staff: to whom, and the text."""
        async with self.running.gateway.store.read() as conn:
            rows = await conn.execute(
                select(t.message).where(t.message.c.kind == "staff_notice").order_by(t.message.c.id)
            )
            return [(row.urn, row.text) for row in rows]

    async def leaving(self) -> list[datetime]:
        """When each message to staff that is still here leaves."""
        async with self.running.gateway.store.read() as conn:
            rows = await conn.execute(
                select(t.outbox.c.next_at)
                .join(t.message, t.message.c.id == t.outbox.c.message_id)
                .where(t.message.c.kind == "staff_notice", t.outbox.c.state == "pending")
                .order_by(t.message.c.id)
            )
            return list(rows.scalars())

    async def case(self, number: str) -> Any:
        """The case as it is kept."""
        async with self.running.gateway.store.read() as conn:
            return (await conn.execute(select(t.cases).where(t.cases.c.number == number))).one()

    async def leaves(self, login: str, *, until: datetime | None = None, since: datetime | None = None) -> None:
        """Somebody is away from now (or from then) on."""
        await self.running.gateway.store.transact(
            lambda conn: absences.add(
                conn, self.people[login].id, from_at=since or self.clock(), until_at=until, reason="vacaciones"
            )
        )


@asynccontextmanager
async def office(
    database: str, folder: Path, *, change: Callable[[Catalog], Catalog] = lambda catalog: catalog
) -> AsyncIterator[Office]:
    """The sample deployment, with `change` made to its catalog, on a movable clock."""
    clock = MovableClock()
    deployment = Deployment.of(change(sample_deployment().catalog))
    async with running(database, folder, now=clock, deployment=deployment) as started:
        opened = Office(started, clock)
        await opened.settled()
        yield opened


def giving(*agencies: str) -> Callable[[Catalog], Catalog]:
    """These agencies give their cases out."""

    def change(catalog: Catalog) -> Catalog:
        given = {key: catalog.agencies[key].model_copy(update={"assignment": Assignment.BALANCED}) for key in agencies}
        return catalog.model_copy(update={"agencies": {**catalog.agencies, **given}})

    return change
