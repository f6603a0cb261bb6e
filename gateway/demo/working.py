"""What managers do with a case, each act at an instant at which their office is open."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.demo.cast import Cast
from gateway.demo.past import Past
from gateway.principal import Principal
from gateway.store import demo as rows
from routing.case import CaseState
from routing.terms import counted


class Office:
    """The desk, as those use it who work there."""

    def __init__(self, past: Past, cast: Cast) -> None:
        self._past = past
        self._cast = cast

    async def case(self, number: str) -> Any:
        """The case as it stands."""
        return await rows.case(self._past.conn, number)

    async def is_open(self, number: str) -> bool:
        """Whether somebody still owes something in a case."""
        return CaseState((await self.case(number)).state).is_open

    def who(self, case: Any, rng: random.Random) -> Principal:
        """Whoever has the case, else somebody of its agency."""
        holder = self._cast.by_id.get(case.assignee_id) if case.assignee_id is not None else None
        if holder is not None and holder.agency in (None, case.agency):
            return holder
        return self._cast.somebody(case.agency, self._past.now, rng)

    def after(self, agency: str, minutes: float) -> datetime:
        """The instant after so many minutes within the agency's office hours."""
        return counted(self._past.deployment.catalog, agency).workdays.after(self._past.now, int(minutes))

    def some_time(self, agency: str, day: date, rng: random.Random) -> datetime:
        """An instant of the agency's day, or of its next one."""
        workdays = counted(self._past.deployment.catalog, agency).workdays
        opening = workdays.opening(workdays.next_business_day(day))
        whole = workdays.minutes(opening, opening + timedelta(hours=14))
        minutes = int(rng.betavariate(1.6, 1.8) * (whole - 1))
        return workdays.after(opening, minutes).astimezone(UTC) + timedelta(seconds=rng.randrange(60))

    def days_on(self, agency: str, since: datetime, days: int, rng: random.Random) -> datetime:
        """An instant so many business days after another, and after now."""
        workdays = counted(self._past.deployment.catalog, agency).workdays
        found = self.some_time(agency, workdays.add(since.astimezone(workdays.zone).date(), days), rng)
        return max(found, self._past.now + timedelta(minutes=rng.randint(4, 50)))

    async def lost_answers(self, case: Any) -> list[int]:
        """The answers of a case that did not arrive."""
        return await rows.lost_answers(self._past.conn, case.id)
