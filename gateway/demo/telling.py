"""What every chapter of a case's life shares: who speaks, at which time, and in which words."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.demo.citizens import Citizens
from gateway.demo.corpus import Corpus, Entry
from gateway.demo.past import Life, Past
from gateway.demo.people import Citizen
from gateway.demo.plots import Plot
from gateway.demo.working import Office
from gateway.desk import Desk
from gateway.principal import Principal
from routing.case import CaseState
from routing.catalog import Unit
from routing.terms import counted

# After so long a silence a message is no longer the same conversation's.
_FORGOTTEN: Final = timedelta(hours=36)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where lives are lived. `alive` holds the numbers of cases that have one."""

    past: Past
    citizens: Citizens
    office: Office
    corpus: Corpus
    alive: set[str]


class Telling:
    """One case: its citizen, what was asked, and what is said of it."""

    def __init__(
        self, world: World, who: Citizen, entry: Entry, plot: Plot, *, number: str, way: str, facts: dict[str, str],
        rng: random.Random,
    ) -> None:  # fmt: skip
        self._past, self._citizens, self._office = world.past, world.citizens, world.office
        self._world, self._corpus = world, world.corpus
        self._who, self._entry, self._plot = who, entry, plot
        self._number, self._way, self._facts, self._rng = number, way, facts, rng
        self._swift = rng.random() < 0.55

    @property
    def _desk(self) -> Desk:
        return self._past.desk

    def _someone(self, case: Any) -> Principal:
        return self._office.who(case, self._rng)

    def _after(self, case: Any, minutes: float) -> datetime:
        if self._in_hours(case):
            return self._past.now + timedelta(minutes=minutes / 4)
        return self._office.after(case.agency, minutes)

    def _in_hours(self, case: Any) -> bool:
        rows = self._past.deployment.catalog.terms[case.term_class].rows
        return any(row.unit is Unit.HOURS for row in rows)

    def _days_left(self, case: Any) -> int:
        workdays = counted(self._past.deployment.catalog, case.agency).workdays
        zone = workdays.zone
        return workdays.between(self._past.now.astimezone(zone).date(), case.due_at.astimezone(zone).date())

    def _phrase(self, use: str) -> str:
        language = self._who.language
        own = use in ("ask_back", "completion", "incomplete")
        return self._rng.choice(self._corpus.said(language if own else "es", use)).format(**self._facts)

    async def _say(self, text: str, *, ended: bool = False) -> None:
        """Say something in this case; after days one names its number, or an open one is not the one that is meant."""
        way = "sms" if self._way == "ussd" else self._way
        heard = self._who.heard_at or self._past.now
        if not ended and self._past.now - heard > _FORGOTTEN:
            text = f"{self._number}: {text}"
        received, _ = await self._citizens.say(self._who, way, text)
        if received.number != self._number:
            self._stray(received.number)

    def _stray(self, number: str | None) -> None:
        """What was said about this case has become another one: somebody will see it."""
        if number is not None and number not in self._world.alive:
            self._past.begin(self._closed_as_duplicate(number), at=self._past.now)

    async def _closed_as_duplicate(self, number: str) -> Life:
        case = await self._office.case(number)
        yield self._after(case, self._rng.uniform(20, 900))
        case = await self._office.case(number)
        if CaseState(case.state).is_open:
            reason = self._phrase("duplicate")
            await self._desk.close(self._someone(case), number, outcome="duplicate", reason=reason)
