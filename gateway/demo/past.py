"""A gateway whose clock is moved by hand: its intake, its desk and its timekeeper, in one transaction.

Whoever acts in it is a `Life`: an asynchronous generator that does something, then says when it wants to go on. Lives
take turns in the order of their instants, never two at once.
"""

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.channel import Capabilities
from gateway.deployment import Deployment
from gateway.desk import Desk
from gateway.inbound.intake import Intake
from gateway.store.engine import Store, driver_of
from gateway.timekeeping.timekeeper import Timekeeper

T = TypeVar("T")

Life = AsyncIterator[datetime]


class Held(Store):
    """A transaction that is open already, as a store: what is done in it is committed with it, or none of it."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.conn.dialect.name

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do `work` at once."""
        return await work(self.conn)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """The same connection: what was just written must be seen."""
        yield self.conn

    async def close(self) -> None:
        """Whoever began the transaction ends it."""


@contextmanager
def in_this_thread(conn: AsyncConnection) -> Iterator[None]:
    """Within, SQLite's statements are executed where they are asked for.

    Nobody else has a turn here, and a trip to the driver's thread takes longer than the statement it carries: a past
    takes a fourth of the time. `_execute` is what each of aiosqlite's public methods is made of.
    """
    if conn.dialect.name != "sqlite":
        yield
        return

    async def at_once(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return function(*args, **named)

    driver: Any = driver_of(conn)
    driver._execute = at_once
    try:
        yield
    finally:
        del driver._execute


class Past:
    """What has happened up to `now`."""

    def __init__(
        self, conn: AsyncConnection, deployment: Deployment, capable: Callable[[str], Capabilities], *, begins: datetime
    ) -> None:
        self.now = begins
        self.conn = conn
        self.deployment = deployment
        self.capable = capable
        # Channels on which something waits to be sent.
        self.ringing: set[str] = set()
        store = Held(conn)
        self.intake = Intake(store, self._current, capable=capable, clock=self.clock, wake=self._wake)
        self.desk = Desk(store, self._current, capable=capable, clock=self.clock, wake=self._wake)
        self.timekeeper = Timekeeper(store, self._current, clock=self.clock, wake_outbox=self._wake)
        # Who carries what is said, a moment after it was said.
        self.carriers: Callable[[], Life] | None = None
        self._carrying = False
        self._lives: list[tuple[datetime, int, Life]] = []
        self._order = count()

    def clock(self) -> datetime:
        """The instant it is."""
        return self.now

    def begin(self, life: Life, *, at: datetime) -> None:
        """Let a life begin at an instant."""
        heapq.heappush(self._lives, (at, next(self._order), life))

    def pass_by(self, duration: timedelta) -> None:
        """Let a moment go by within an act: a provider takes its time."""
        self.now += duration

    async def until(self, end: datetime) -> None:
        """Let everybody act whose turn comes before `end`; whoever still waits then is let go."""
        while self._lives and self._lives[0][0] <= end:
            at, order, life = heapq.heappop(self._lives)
            self.now = max(self.now, at)
            following = await anext(life, None)
            if following is not None:
                heapq.heappush(self._lives, (following, order, life))
            self._have_carried()
        self.now = max(self.now, end)

    def _have_carried(self) -> None:
        if self.ringing and self.carriers and not self._carrying:
            self._carrying = True
            self.begin(self._carried(self.carriers()), at=self.now)

    async def _carried(self, life: Life) -> Life:
        async for following in life:
            yield following
        self._carrying = False

    def _current(self) -> Deployment:
        return self.deployment

    def _wake(self, channels: Iterable[str]) -> None:
        self.ringing.update(channels)
