"""A case's log, written as its story: what happened, on which day, at what time in Bogotá."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from routing.case import EventKind as Kind
from routing.catalog import Catalog, Suspension
from routing.clock import Clock
from routing.clocks import Clocks, Event, clocks
from routing.steps import Moment, pending
from tests.support.catalogs import small_catalog

CATALOG = small_catalog()
BOGOTA = timezone(timedelta(hours=-5))
STAFF = "staff:7"


def at(day: str, clock: str = "10:00") -> datetime:
    """An instant in Bogotá."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), BOGOTA)


def last_day(clock: Clock) -> str:
    """The local day of a deadline, which is that day's last second."""
    local = clock.due_at.astimezone(clock.count.zone)
    assert local.time() == time(23, 59, 59)
    return local.date().isoformat()


@dataclass(frozen=True)
class Story:
    """What happened so far; every word adds to it and gives the longer story."""

    events: tuple[Event, ...] = ()
    catalog: Catalog = field(default=CATALOG, repr=False)

    def then(
        self, kind: Kind, when: datetime, *, actor: str = "system", once: str | None = None, **data: Any
    ) -> "Story":
        return replace(self, events=(*self.events, Event(kind.value, when, actor, data, once)))

    def routed(self, when: datetime, agency: str, term_class: str) -> "Story":
        return self.then(Kind.ROUTED, when, agency=agency, term_class=term_class)

    def transferred(self, when: datetime, to: str) -> "Story":
        return self.then(Kind.TRANSFERRED, when, actor=STAFF, to=to)

    def classified(self, when: datetime, term_class: str) -> "Story":
        return self.then(Kind.CLASSIFIED, when, actor=STAFF, **{"class": term_class})

    def asked(self, when: datetime) -> "Story":
        return self.then(Kind.COMPLETION_REQUESTED, when, actor=STAFF)

    def notified(self, when: datetime) -> "Story":
        return self.then(Kind.SUSPENDED, when)

    def suspended(self, when: datetime) -> "Story":
        """Asked, and notified at once."""
        return self.asked(when).notified(when)

    def completed(self, when: datetime) -> "Story":
        return self.then(Kind.COMPLETED, when, actor="citizen")

    def incomplete(self, when: datetime) -> "Story":
        return self.then(Kind.INCOMPLETE, when, actor=STAFF)

    def resumed(self, when: datetime) -> "Story":
        return self.then(Kind.RESUMED, when, actor=STAFF)

    def prolonged(self, when: datetime) -> "Story":
        return self.then(Kind.COMPLETION_PROLONGED, when, actor=STAFF)

    def extended(self, when: datetime, n: int) -> "Story":
        return self.then(Kind.EXTENDED, when, actor=STAFF, n=n)

    def answered(self, when: datetime) -> "Story":
        return self.then(Kind.REPLIED, when, actor=STAFF, final=True)

    def closed(self, when: datetime, outcome: str) -> "Story":
        return self.then(Kind.CLOSED, when, actor=STAFF, outcome=outcome)

    def reopened(self, when: datetime) -> "Story":
        return self.then(Kind.REOPENED, when, actor=STAFF)

    def under(self, catalog: Catalog) -> "Story":
        """The same log, counted by another catalog."""
        return replace(self, catalog=catalog)

    def clocks(self, now: datetime | None = None) -> Clocks:
        """Its clocks, as they stand at `now` (the last thing that happened, unless given)."""
        return clocks(self.events, self.catalog, now or self.events[-1].at)

    def present(self, now: datetime | None = None) -> Clock:
        return self.clocks(now).present

    def pending(self, now: datetime | None = None) -> list[Moment]:
        return pending(self.clocks(now), self.catalog)

    def looked(self, now: datetime) -> tuple["Story", list[Moment]]:
        """The timekeeper's look at it: what had fallen due is noted, and comes back."""
        fallen = [moment for moment in self.pending(now) if moment.at <= now]
        story = self
        for moment in fallen:
            story = story.then(moment.kind, moment.at, once=moment.once, **moment.data)
        return story, fallen


def received(when: datetime, term_class: str = "general", *, agency: str = "sena", catalog: Catalog = CATALOG) -> Story:
    """The beginning of every story."""
    return Story(catalog=catalog).then(Kind.RECEIVED, when, actor="citizen").routed(when, agency, term_class)


def days(found: Clocks) -> tuple[str, str]:
    """The last days of the present legal clock and of the citizen's."""
    return last_day(found.present), last_day(found.citizen)


def with_closure(*days: str) -> Catalog:
    """A catalog in which some days were closed afterwards."""
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    closed = Suspension(first=first, last=last, reason={"es": "Cierre", "en": "Closure"})
    national = CATALOG.calendars["national"]
    later = national.model_copy(update={"suspensions": (*national.suspensions, closed)})
    return small_catalog(calendars=CATALOG.calendars | {"national": later})
