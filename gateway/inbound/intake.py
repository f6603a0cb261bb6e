"""The way in: a message is durable, with its case, before anybody is told that we have it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Screen
from channels.message import Address, InboundMessage, SessionEnd, SessionTurn
from gateway.deployment import Current
from gateway.inbound import sessions
from gateway.inbound.batch import receive_batch
from gateway.inbound.group_commit import GroupCommit
from gateway.inbound.sessions import Capable
from gateway.ledger import Received
from gateway.store.engine import Store
from gateway.store.schema import storable

Arrival = InboundMessage | SessionTurn | SessionEnd


class Intake:
    """Receives what citizens say. `wake` is told, after a commit, the channels on which something is to be sent."""

    def __init__(
        self,
        store: Store,
        current: Current,
        *,
        capable: Capable,
        clock: Callable[[], datetime],
        wake: Callable[[set[str]], None],
    ) -> None:
        self._current = current
        self._capable = capable
        self._clock = clock
        self._wake = wake
        # Channels of outbox rows written since the last call of `wake`.
        self._outgoing: set[str] = set()
        self._commits: GroupCommit[Arrival, Received | Screen | None] = GroupCommit(store, self._work)

    async def receive(self, message: InboundMessage) -> Received:
        """The message's case, once it is on disk. A repeat gets what the first one got."""
        received = await self._commits.do(_nameable(message))
        if not isinstance(received, Received):
            raise TypeError("a message was not received as one")
        self._ring()
        return received

    async def turn(self, turn: SessionTurn) -> Screen:
        """The session's next screen, once what it promises is on disk. A repeated turn gets the same screen."""
        screen = await self._commits.do(_nameable_turn(turn))
        if not isinstance(screen, Screen):
            raise TypeError("a session turn got no screen")
        self._ring()
        return screen

    async def end(self, end: SessionEnd) -> None:
        """Remember that a session is over; what was typed in it stays as a draft."""
        await self._commits.do(end)

    async def close(self) -> None:
        """Finish what has begun."""
        await self._commits.close()

    def _ring(self) -> None:
        if self._outgoing:
            outgoing, self._outgoing = self._outgoing, set()
            self._wake(outgoing)

    async def _work(self, conn: AsyncConnection, arrivals: Sequence[Arrival]) -> Sequence[Received | Screen | None]:
        deployment, now = self._current(), self._clock()
        turns = [a for a in arrivals if isinstance(a, SessionTurn)]
        walked = (
            await sessions.walk(conn, turns, deployment=deployment, now=now, capable=self._capable) if turns else []
        )
        asked = [a for a in arrivals if isinstance(a, InboundMessage)]
        batch = [*asked, *(walk.question for walk in walked if walk.question)]
        received = (
            await receive_batch(conn, batch, deployment=deployment, now=now, outgoing=self._outgoing) if batch else []
        )
        by_id = {(m.channel, m.provider_id): result for m, result in zip(batch, received, strict=True)}
        screens = await sessions.show(conn, walked, by_id, deployment=deployment, now=now) if walked else []
        await sessions.end(conn, [a for a in arrivals if isinstance(a, SessionEnd)], now=now)
        screen, message = iter(screens), iter(received)
        return [
            next(screen) if isinstance(a, SessionTurn) else next(message) if isinstance(a, InboundMessage) else None
            for a in arrivals
        ]


def _nameable(message: InboundMessage) -> InboundMessage:
    """The message with names both engines can hold: a NUL in an id must not make it another id on the way back."""
    names = f"{message.provider_id}{message.sender.value}{message.group}{message.version_of}"
    if names.isascii() and "\x00" not in names:
        return message
    return replace(
        message,
        provider_id=storable(message.provider_id),
        sender=_nameable_address(message.sender),
        group=storable(message.group) if message.group else None,
        version_of=storable(message.version_of) if message.version_of else None,
    )


def _nameable_turn(turn: SessionTurn) -> SessionTurn:
    """The same for a turn; what was typed is compared with what was stored of it."""
    return replace(
        turn,
        session_id=storable(turn.session_id),
        sender=_nameable_address(turn.sender),
        accumulated=None if turn.accumulated is None else storable(turn.accumulated),
    )


def _nameable_address(address: Address) -> Address:
    return Address(address.scheme, storable(address.value))
