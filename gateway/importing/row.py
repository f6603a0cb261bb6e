"""One case of the past: a row of a file, checked, and turned into the story of a case.

A row is what an agency's older system knew of one petition: when it came, how it was classed, when it was answered, and
what stopped, moved or lengthened its term in between. It becomes the same events that the gateway would have written,
so that its clocks are derived as everybody's are, by the terms that applied then.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from routing import case_number
from routing.case import CITIZEN, SYSTEM, CaseState, EventKind
from routing.catalog import Catalog
from routing.clocks import Clock, Event, clocks

_CHANNEL: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LONGEST_ID: Final = 200
# Of what happened at one instant, this came first.
_ORDER: Final = (
    EventKind.RECEIVED, EventKind.ROUTED, EventKind.RESUMED, EventKind.TRANSFERRED, EventKind.COMPLETION_REQUESTED,
    EventKind.SUSPENDED, EventKind.EXTENDED, EventKind.REPLIED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line cannot be imported."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One case of the past. Instants are aware; `key` is what it is known by, so that it is imported once."""

    line: int
    key: str
    year: int
    agency: str
    term_class: str
    channel: str
    number: str | None
    territory: str | None
    received: datetime
    answered: datetime | None
    asked: datetime | None
    events: tuple[Event, ...]

    @property
    def state(self) -> CaseState:
        """Where the case stands."""
        if self.answered is not None:
            return CaseState.ANSWERED
        return CaseState.OPEN if self.asked is None else CaseState.WAITING


class Row:
    """Reads rows of one file, one after another."""

    def __init__(self, path: Path, catalog: Catalog, now: datetime) -> None:
        self._path = path
        self._catalog = catalog
        self._now = now
        self._zone = ZoneInfo(catalog.gateway.timezone)
        self._cells: dict[str, str] = {}
        self._faults: list[str] = []

    def read(self, line: int, columns: list[str], cells: list[str]) -> Iterator[Past | Fault]:
        """The case, or every fault of the row."""
        self._faults = []
        if len(cells) != len(columns):
            yield Fault(str(self._path), line, f"has {len(cells)} cells; the header has {len(columns)}")
            return
        self._cells = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
        past = self._past(line, "\x1f".join(cells))
        if past is not None:
            yield past
        yield from (Fault(str(self._path), line, message) for message in self._faults)

    def _past(self, line: int, whole: str) -> Past | None:
        received, answered = self._instant("received"), self._instant("answered")
        suspended, resumed = self._instant("suspended"), self._instant("resumed")
        agency, term_class, channel = self._agency(), self._class(), self._channel()
        extended, moves = self._extended(), self._moves(agency)
        territory, number = self._territory(), self._number(received)
        key = self._key(line, whole)
        if not self._faults and received is not None:
            self._check_order(received, answered, suspended, resumed)
        if self._faults or received is None:
            return None
        events = _events(
            received, agency, term_class, suspended=suspended, resumed=resumed, extended=extended, moves=moves,
            answered=answered,
        )  # fmt: skip
        self._check_events(events, received)
        if self._faults:
            return None
        return Past(
            line=line, key=key, year=received.astimezone(self._zone).year, agency=moves[-1][0] if moves else agency,
            term_class=term_class, channel=channel, number=number, territory=territory, received=received,
            answered=answered, asked=suspended if resumed is None and not _moved_since(suspended, moves) else None,
            events=tuple(self._dated(events)),
        )  # fmt: skip

    def _cell(self, name: str) -> str:
        return self._cells.get(name, "")

    def _instant(self, name: str) -> datetime | None:
        text = self._cell(name)
        if not text:
            if name == "received":
                self._faults.append("received is empty")
            return None
        return self._parsed(name, text)

    def _parsed(self, name: str, text: str) -> datetime | None:
        try:
            found = datetime.fromisoformat(text.strip())
            found = found if found.tzinfo else found.replace(tzinfo=self._zone)
            if found > self._now:
                self._faults.append(f"{name} {text} lies in the future")
                return None
            # Beyond these years a case has no number, and the arithmetic of days may end.
            if not 2000 <= found.astimezone(self._zone).year <= 2099:
                raise ValueError
        except (ValueError, OverflowError):
            self._faults.append(f"{name} {text} is no instant of 2000 to 2099, like 2021-03-31T16:00:00-05:00")
            return None
        return found

    def _agency(self) -> str:
        return self._known_agency("agency", self._cell("agency"))

    def _known_agency(self, name: str, key: str) -> str:
        if key not in self._catalog.agencies:
            self._faults.append(f"{name}: there is no agency {key or '(empty)'}")
        return key

    def _class(self) -> str:
        key = self._cell("class")
        if key not in self._catalog.terms or key == "transfer":
            known = ", ".join(sorted(set(self._catalog.terms) - {"transfer"}))
            self._faults.append(f"class: there is no class {key or '(empty)'}; there are: {known}")
        return key

    def _channel(self) -> str:
        name = self._cell("channel")
        if not _CHANNEL.fullmatch(name):
            self._faults.append(f"channel {name or '(empty)'} is no name like sms, web or counter")
        return name

    def _territory(self) -> str | None:
        code = self._cell("territory")
        if code and code not in self._catalog.territories:
            self._faults.append(f"territory {code} is not in the configuration")
        return code or None

    def _number(self, received: datetime | None) -> str | None:
        number = self._cell("number")
        if not number:
            return None
        if not case_number.is_valid(number):
            self._faults.append(f"number {number} is no case number: its check digit or its length is wrong")
        elif received is not None and int(number[:4]) != received.astimezone(self._zone).year:
            self._faults.append(f"number {number} is of another year than received")
        return number

    def _key(self, line: int, whole: str) -> str:
        external = self._cell("external_id")
        if not external:
            return "line:" + sha256(f"{self._path.name}\0{line}\0{whole}".encode("utf-8", "replace")).hexdigest()
        if len(external) > _LONGEST_ID or not external.isprintable():
            self._faults.append(f"external_id has more than {_LONGEST_ID} characters, or some that cannot be printed")
        return f"id:{external}"

    def _extended(self) -> tuple[int, datetime] | None:
        text = self._cell("extended")
        if not text:
            return None
        n, at, instant = text.partition("@")
        if not at or not n.strip().isdecimal() or not 0 < len(n.strip()) < 5:
            self._faults.append(
                f"extended {text} is not like 30@2021-04-09T10:00:00-05:00: the whole term, and since when"
            )
            return None
        since = self._parsed("extended", instant)
        return None if since is None else (int(n), since)

    def _moves(self, first: str) -> list[tuple[str, datetime]]:
        found: list[tuple[str, datetime]] = []
        before = first
        for part in filter(None, (part.strip() for part in self._cell("transferred").split(";"))):
            agency, at, instant = part.partition("@")
            if not at:
                self._faults.append(f"transferred {part} is not like dian@2021-04-09T10:00:00-05:00")
                continue
            key, since = self._known_agency("transferred", agency.strip()), self._parsed("transferred", instant)
            if key == before:
                self._faults.append(f"transferred: the case is at {key} already")
            if since is not None:
                if found and since <= found[-1][1]:
                    self._faults.append("transferred: the transfers are not in their order")
                found.append((key, since))
            before = key
        return found

    def _check_order(
        self, received: datetime, answered: datetime | None, suspended: datetime | None, resumed: datetime | None
    ) -> None:
        if answered is not None and answered < received:
            self._faults.append("answered lies before received")
        if resumed is not None and suspended is None:
            self._faults.append("resumed stands without suspended")
        if suspended is not None and suspended < received:
            self._faults.append("suspended lies before received")
        if suspended is not None and resumed is not None and resumed <= suspended:
            self._faults.append("resumed does not lie after suspended")

    def _check_events(self, events: list[Event], received: datetime) -> None:
        """Nothing happens before the beginning or after the end, and the law's terms cover every day."""
        early = sorted({event.kind for event in events if event.at < received})
        late = sorted({event.kind for event in events[_end(events) :]})
        self._faults += [f"{kind} lies before received" for kind in early]
        self._faults += [f"{kind} lies after answered" for kind in late]
        if early or late:
            return
        try:
            for place, event in enumerate(events):
                if event.kind == EventKind.EXTENDED:
                    self._check_extension(clocks(events[:place], self._catalog, event.at).present, event)
            clocks(events, self._catalog, self._now)
        except (KeyError, ValueError, OverflowError) as error:
            self._faults.append(str(error.args[0]) if error.args else "its clocks cannot be derived")

    def _check_extension(self, present: Clock, event: Event) -> None:
        """An extension that the law does not know gives no time: it would flatter whoever took it."""
        n, term = event.data["n"], present.term
        if term.cap is None or n > term.cap:
            most = "no extension" if term.cap is None else f"{term.cap} at most"
            self._faults.append(f"extended to {n}: the class {present.term_class} has {most} ({term.source})")
        elif n <= present.n:
            self._faults.append(f"extended to {n}: the term had {present.n} before")
        elif event.at > present.due_at:
            self._faults.append(f"extended after the term had ended on {present.due_at.astimezone(self._zone).date()}")
        elif present.suspended_at is not None:
            self._faults.append("extended while the clock stood still")

    def _dated(self, events: list[Event]) -> Iterator[Event]:
        """The events; an extension with the dates that people are told."""
        for place, event in enumerate(events):
            if event.kind == EventKind.EXTENDED:
                before = clocks(events[:place], self._catalog, event.at).present
                after = clocks(events[: place + 1], self._catalog, event.at).present
                event.data.update(
                    unit=before.term.unit.value,
                    due=before.due_at.isoformat().replace("+00:00", "Z"),
                    until=after.due_at.astimezone(after.count.zone).date().isoformat(),
                )
            yield event


def _moved_since(suspended: datetime | None, moves: list[tuple[str, datetime]]) -> bool:
    return suspended is None or any(since > suspended for _, since in moves)


def _end(events: list[Event]) -> int:
    """The place after the answer; the whole length when there is none."""
    return next((place + 1 for place, event in enumerate(events) if event.kind == EventKind.REPLIED), len(events))


def _events(
    received: datetime,
    agency: str,
    term_class: str,
    *,
    suspended: datetime | None,
    resumed: datetime | None,
    extended: tuple[int, datetime] | None,
    moves: list[tuple[str, datetime]],
    answered: datetime | None,
) -> list[Event]:
    """What happened, in its order. Nobody is named: whoever did it is not in the file."""
    told = [
        Event(EventKind.RECEIVED, received, CITIZEN, {"rule": "import", "reasons": []}),
        Event(
            EventKind.ROUTED, received, SYSTEM,
            {"agency": agency, "topic": None, "term_class": term_class, "rule": "import", "reasons": []},
        ),
    ]  # fmt: skip
    before = agency
    for to, since in moves:
        told.append(Event(EventKind.TRANSFERRED, since, SYSTEM, {"from": before, "to": to, "reason": ""}))
        before = to
    if suspended is not None:
        told.append(Event(EventKind.COMPLETION_REQUESTED, suspended, SYSTEM, {"messages": []}))
        told.append(Event(EventKind.SUSPENDED, suspended, SYSTEM, {}))
    if resumed is not None:
        told.append(Event(EventKind.RESUMED, resumed, SYSTEM, {"reason": ""}))
    if extended is not None:
        told.append(Event(EventKind.EXTENDED, extended[1], SYSTEM, {"n": extended[0], "reason": ""}))
    if answered is not None:
        told.append(Event(EventKind.REPLIED, answered, SYSTEM, {"messages": [], "final": True}))
    return sorted(told, key=lambda event: (event.at, _ORDER.index(EventKind(event.kind))))
