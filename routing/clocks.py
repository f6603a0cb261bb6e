"""The clocks of a case, derived from its events: the agency's, which the law can stop and start, and the citizen's.

An agency's legal clock runs from the agency's receipt to its answer. It stands still while the citizen owes an answer
(Ley 1437/2011 art. 17), it can be given more time once (art. 14), and it ends when the case is passed on (art. 21):
the next agency has a clock of its own. The citizen's clock starts with the first word and never starts again.

Nothing here is stored: the same events and the same catalog give the same clocks, and every day of them can be
explained. What is kept of them in tables is a projection. A calendar or a term that is changed moves the clocks that
run; one that had ended was measured by what held then, and the catalog remembers that (`Catalog.earlier`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from routing.catalog import Catalog
from routing.clock import SECOND, Began, Clock, Pause, Standing, answer_by, month_later
from routing.fold import Clocks, Event, folded

__all__ = [
    "SECOND", "Began", "Clock", "Clocks", "Event", "Pause", "Standing", "answer_by", "clocks", "each", "month_later",
]  # fmt: skip


def clocks(events: Iterable[Event], catalog: Catalog, now: datetime) -> Clocks:
    """The clocks of a case from its events, in the order of the log, as they stand at `now` (aware).

    KeyError when an agency or a class in the log is not in the catalog, or no row of a term covers the day; ValueError
    for a log in which nothing was ever received and routed.
    """
    if not catalog.earlier:
        return folded(events, catalog, now)
    log = list(events)
    return _as_they_ended(folded(log, catalog, now), log, catalog)


def each(found: Clocks) -> Iterator[Clock]:
    """The legal clocks and the citizen's."""
    yield from found.legal
    yield found.citizen


def _as_they_ended(found: Clocks, log: list[Event], catalog: Catalog) -> Clocks:
    """The clocks, each that had ended before the catalog changed as it was counted then."""
    counted = [*each(found)]
    left = {place for place, clock in enumerate(counted) if clock.ended_at is not None}
    read = 0
    for earlier in catalog.earlier:
        if not left or read == len(log):
            break
        before = sum(event.id < earlier.until for event in log)
        if before == read:
            # Nothing happened to the case while that held.
            continue
        read = before
        for place, clock in _then(log, before, earlier.catalog, len(found.legal)):
            if place in left and _ended_so(clock, counted[place]):
                counted[place] = clock
                left.discard(place)
    return found._replace(legal=tuple(counted[:-1]), citizen=counted[-1])


def _then(log: list[Event], before: int, catalog: Catalog, citizens: int) -> Iterator[tuple[int, Clock]]:
    """The clocks as a catalog counted them when so many events were written, by their places; none if it cannot."""
    # What the timekeeper found out later about a clock that had ended belongs to that clock.
    noted = [event for event in log[before:] if event.once is not None]
    try:
        then = folded([*log[:before], *noted], catalog, log[before - 1].at)
    except (KeyError, ValueError):
        return
    yield from enumerate(then.legal)
    yield citizens, then.citizen


def _ended_so(then: Clock, found: Clock) -> bool:
    """Whether a clock had ended as it has ended now: nothing was undone, gone on with or made another class since."""
    return (then.ended_at, then.ended_by, then.answered_at, then.agency, then.term_class, then.revisions) == (
        found.ended_at, found.ended_by, found.answered_at, found.agency, found.term_class, found.revisions,
    )  # fmt: skip
