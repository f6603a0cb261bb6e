"""One clock of a case: the term it measures, where it stands, and every one of its days.

Days are counted on both sides of a pause and come to the term exactly: the day on which it stopped is used up, the
counting goes on the day after it resumed, and a clock that stops on its last day keeps that day (Ley 1437/2011 art. 17
leaves at least one). A term that is over is not brought back to life by asking the citizen for something.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from routing.catalog import TermRow, Unit
from routing.terms import Count, Day, explained

SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


class Began(StrEnum):
    """Why a legal clock started."""

    RECEIVED = "received"
    TRANSFERRED = "transferred"
    REOPENED = "reopened"


class Standing(StrEnum):
    """Where a clock stands, as people see it."""

    ON_TIME = "on_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    ANSWERED_ON_TIME = "answered_on_time"
    ANSWERED_LATE = "answered_late"
    SUSPENDED = "suspended"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    DEEMED_GRANTED = "deemed_granted"
    CLOSED = "closed"  # without an answer, for another reason


_ENDED = {"transferred": Standing.TRANSFERRED, "withdrawn": Standing.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the citizen owed an answer. `until` is the last local day on which they may give it."""

    since: datetime
    until: date
    ended: datetime | None = None
    prolonged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One clock. Instants are aware; `effective` is the local day 0, `n` the term in the row's unit, with extension.

    While it is suspended, `due_at` is what it was when it stopped: the true one depends on the citizen.
    """

    agency: str
    term_class: str
    began: Began
    started_at: datetime
    effective: date
    term: TermRow
    n: int
    due_at: datetime
    pauses: tuple[Pause, ...] = ()
    extensions: int = 0
    # How often its term was made another one (more time, another class), and when it last was.
    revisions: int = 0
    revised_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    # "answered", "transferred", or the outcome the case was closed with.
    ended_by: str | None = None
    # The first second past a deadline of this clock; never taken back.
    late_at: datetime | None = None
    # The first second in which silence had granted the petition; never taken back either.
    deemed_granted_at: datetime | None = None
    # By when it should have been passed on; set for a clock that ended so.
    transfer_due_at: datetime | None = None
    count: Count = field(repr=False, compare=False)

    @property
    def suspended_at(self) -> datetime | None:
        """Since when it stands still, or None; a clock that has ended does not."""
        waits = self.ended_at is None and self.pauses and self.pauses[-1].ended is None
        return self.pauses[-1].since if waits else None

    @property
    def runs(self) -> bool:
        """Whether time goes by on it."""
        return self.ended_at is None and self.suspended_at is None

    def local(self, at: datetime) -> date:
        """The day of an (aware) instant where the agency is."""
        return at.astimezone(self.count.zone).date()

    def day(self, number: int) -> date:
        """The local day with that number, pauses skipped; only for terms in days."""
        return self.count.add(*self._from(number), self.term.unit)

    def hour(self, number: float) -> datetime:
        """The instant at which so many hours have gone by, pauses skipped; only for terms in hours."""
        base, left, whole = self.started_at, timedelta(hours=number), timedelta(hours=self.n)
        for pause in self.pauses:
            if pause.ended is None or pause.since > base + whole:
                break
            # As the last day of other terms, the last hour is not used up by stopping in it.
            used = min(pause.since - base, whole - _HOUR)
            if left <= used:
                break
            base, left, whole = pause.ended, left - used, whole - used
        return base + left

    def standing(self, now: datetime, *, soon_share: float = 0.2, soon_days: int = 2) -> Standing:
        """Where it stands at an (aware) instant. `soon_days` are of no use to a term in hours, which may be as long."""
        if self.ended_at is not None:
            return self._ended()
        overdue = self._frozen(now) >= self.due_at + SECOND
        if self.suspended_at is not None and not overdue:
            return Standing.SUSPENDED
        if self.deemed_granted_at is not None:
            return Standing.DEEMED_GRANTED
        if overdue:
            return Standing.OVERDUE
        left, share = self.left(now), round(soon_share * self.n, 6)
        soon = left <= share or (self.term.unit is not Unit.HOURS and left <= soon_days)
        return Standing.DUE_SOON if soon else Standing.ON_TIME

    def left(self, now: datetime) -> float:
        """How much of it is left, in days of its unit (whole ones, the last day included) or hours; 0 past the end.

        While it stands still, what was left when it stopped; when it has ended, what was left then.
        """
        at = self._frozen(now)
        if at > self.due_at:
            return 0
        least = 1 if self.suspended_at is not None else 0
        if self.term.unit is Unit.HOURS:
            return max(least, (self.due_at - at) / _HOUR)
        first = max(self.local(at), self.effective)
        return max(least, self.count.between(first, self.local(self.due_at), self.term.unit))

    def explain(self, now: datetime) -> tuple[Day, ...]:
        """Every day from receipt to the deadline, counted or skipped, and why.

        While it stands still, or when it ended so, to `now` or to its end: more is not known.
        """
        waits = self._whole_days() if self.term.unit is Unit.HOURS else self._waits()
        last = self.local(self.due_at)
        if waits and waits[-1][1] == date.max:
            last = max(self.local(self.ended_at or now), self.effective)

        def waiting(day: date) -> bool:
            return any(first < day <= end for first, end in waits)

        return explained(self.count.workdays, self.term.unit, self.started_at, self.effective, last, waiting=waiting)

    def with_deadline(self) -> "Clock":
        """The clock with its deadline worked out anew."""
        unit = self.term.unit
        return replace(
            self, due_at=self.hour(self.n) if unit is Unit.HOURS else self.count.end(*self._from(self.n), unit)
        )

    def reclassified(self, key: str, at: datetime) -> "Clock":
        """Another class from the same day on. An extension stands, as far as the new class allows one."""
        if self.answered_at is not None:
            return self
        due = self.count.term(key, self.started_at)
        n = due.term.n
        if self.extensions and due.term.unit is self.term.unit:
            n = max(n, min(self.n, due.term.cap or n))
        clock = replace(self, term_class=key, effective=due.effective, term=due.term, n=n)
        if key != self.term_class:
            clock = replace(clock, revisions=self.revisions + 1, revised_at=at)
        return clock.with_deadline()

    def extended(self, n: int, at: datetime) -> "Clock":
        """A longer term from the same day on."""
        if self.ended_at is not None:
            return self
        more = replace(
            self, n=max(self.n, n), extensions=self.extensions + 1, revisions=self.revisions + 1, revised_at=at
        )
        return more.with_deadline()

    def paused(self, pause: Pause) -> "Clock":
        """The clock standing still, if it ran."""
        return replace(self, pauses=(*self.pauses, pause)) if self.runs else self

    def resumed(self, at: datetime) -> "Clock":
        """The clock running again, if it stood still."""
        if self.suspended_at is None:
            return self
        return replace(self, pauses=(*self.pauses[:-1], replace(self.pauses[-1], ended=at))).with_deadline()

    def passed(self, at: datetime, *, grants: bool) -> "Clock":
        """The clock when time has gone by: what is past due is late from its first second on, and for ever."""
        late_at = self.due_at + SECOND
        known = self.late_at is not None and (self.deemed_granted_at is not None or not grants)
        if known or at < late_at or not self.runs:
            return self
        granted_at = self.deemed_granted_at or (late_at if grants else None)
        return replace(self, late_at=self.late_at or late_at, deemed_granted_at=granted_at)

    def _ended(self) -> Standing:
        if self.answered_at is not None:
            late = self.answered_at >= self.due_at + SECOND
            return Standing.ANSWERED_LATE if late else Standing.ANSWERED_ON_TIME
        return _ENDED.get(self.ended_by or "", Standing.CLOSED)

    def _frozen(self, now: datetime) -> datetime:
        """The instant that counts: when it stopped or ended, else `now`."""
        return self.ended_at or self.suspended_at or now

    def _from(self, number: int) -> tuple[date, int]:
        """Where the day with that number is counted from, and how many days."""
        base, left = self.effective, number
        for first, last in self._waits():
            used = self.count.between(base, first, self.term.unit)
            if left <= used or last == date.max:
                break
            base, left = max(base, last), left - used
        return base, left

    def _waits(self) -> list[tuple[date, date]]:
        """For each pause the last day counted before it, and its own last day, which is `date.max` while it lasts."""
        found: list[tuple[date, date]] = []
        base, left, unit = self.effective, self.n, self.term.unit
        for pause in self.pauses:
            first, end = self.local(pause.since), self.count.add(base, left, unit)
            if first > end:
                break
            first = min(first, end - _DAY)
            last = date.max if pause.ended is None else self.local(pause.ended)
            found.append((first, last))
            base, left = max(base, last), left - self.count.between(base, first, unit)
        return found

    def _whole_days(self) -> list[tuple[date, date]]:
        """The same for a term in hours: the days on which none was counted."""
        return [
            (self.local(pause.since), date.max if pause.ended is None else self.local(pause.ended) - _DAY)
            for pause in self.pauses
            if pause.since <= self.due_at
        ]


def month_later(day: date, months: int) -> date:
    """The same day so many calendar months later, or that month's last: 31 January and one month is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def answer_by(count: Count, since: date, months: int) -> date:
    """The last day on which the citizen may complete a request of which they were notified on `since`.

    A term of months that ends on a day that does not count ends on the next one that does (Ley 4/1913 art. 62).
    """
    return count.workdays.next_business_day(month_later(since, months))
