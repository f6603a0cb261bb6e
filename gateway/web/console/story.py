"""A case's story as a screen tells it: what was said, and between it the small lines of what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from gateway import mentions
from routing.case import CITIZEN

# These are told by the bubble of their message, or by its delivery mark.
_TOLD_BY_BUBBLE: Final = frozenset({"received", "replied", "acknowledged", "noted", "delivered", "delivery_failed"})
# What the timekeeper does by itself, told small.
_QUIET: Final = frozenset({"warned", "escalated", "recomputed", "unassigned"})
# Why the system takes a case back: the lease was over, or whoever had it is away.
_TAKEN_BACK: Final = frozenset({"lease", "absent"})
_AGENCIES: Final = frozenset({"routed", "transferred"})
# Data of events that are instants or days.
_TIMES: Final = ("due", "from", "to", "citizen_from", "citizen_to", "copies_due", "until")
# Offered by the channel's browser for viewing in the page; everything else is only downloaded.
INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_AUTOMATIC: Final = frozenset({"acknowledgement", "notice"})
_RESENDABLE: Final = frozenset({"dead", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One step of a decision: a code of `routing.reading.SENTENCES`, and its detail."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """Something said. `look` is a CSS class: in, out, note; `error` a provider's code."""

    id: int
    look: str
    automatic: bool
    message: Any
    files: Sequence[Any] = ()
    reasons: Sequence[Reason] = ()
    place: tuple[float, float, str | None] | None = None
    may_resend: bool = False
    # A note's text in pieces, where colleagues are named in it; else empty.
    pieces: Sequence[tuple[str, bool]] = ()
    is_bubble: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something done: a case event."""

    id: int
    event: Any
    who: str | None
    values: Mapping[str, object]
    reasons: Sequence[Reason] = ()
    quiet: bool = False
    is_bubble: bool = False

    @property
    def key(self) -> str:
        """The text that tells it, below `event.`."""
        kind: str = self.event.kind
        if kind == "taken" and self.value("reason"):
            return "taken_over"
        if kind == "assigned" and self.who:
            return "assigned_by"
        if kind == "reopened" and self.who:
            return "reopened_by"
        if kind == "unassigned" and not self.who:
            why = self.value("reason")
            return f"unassigned_{why if why in _TAKEN_BACK else 'system'}"
        if kind == "breached" and self.value("clock") == CITIZEN:
            return "breached_citizen"
        if kind == "recomputed" and self.value("from") == self.value("to"):
            return "recomputed_citizen"
        return kind

    @property
    def reason(self) -> str:
        """What somebody gave as the reason; the system's own are codes, which the text itself tells."""
        return str(self.value("reason")) if self.who else ""

    def value(self, name: str) -> object:
        """A word or an instant of the event's data, or ""."""
        return self.values.get(name, "")

    def placeholders(self) -> dict[str, object]:
        """What fills its text: words, and instants to be put in words."""
        told = {name: self.value(name) for name in ("agency", "staff", "into", *_TIMES)}
        by = self.who or self.value("staff")
        return told | {"by": by, "number": self.value("predecessor"), "class": self.value("class")}


@dataclass(slots=True, kw_only=True)
class Told:
    """Everything the timeline needs. `names` are those of staff by id; of agencies and classes, by key."""

    messages: Sequence[Any]
    events: Sequence[Any]
    files: Mapping[int, Sequence[Any]]
    names: Mapping[int, str]
    agencies: Mapping[str, str]
    classes: Mapping[str, str]
    _received: dict[str, Any] = field(default_factory=dict)
    # Notes in which somebody is named.
    _naming: set[str] = field(default_factory=set)

    def timeline(self) -> list[Bubble | Line]:
        """Oldest first."""
        self._received = {e.data.get("message", ""): e for e in self.events if e.kind == "received"}
        self._naming = {e.data["message"] for e in self.events if e.kind == "noted" and e.data.get("mentions")}
        items: list[Bubble | Line] = [self._bubble(message) for message in self.messages]
        items += [self._line(event) for event in self.events if self._is_line(event)]
        return sorted(items, key=lambda item: item.id)

    def _is_line(self, event: Any) -> bool:
        pulled = event.kind == "assigned" and not event.data.get("staff")
        # An answer of an imported case has no words to be told by.
        wordless = event.kind == "replied" and not event.data.get("messages")
        return (event.kind not in _TOLD_BY_BUBBLE or wordless) and not pulled

    def _bubble(self, message: Any) -> Bubble:
        heard = self._received.get(str(message.id))
        look = {"in": "in", "out": "out"}.get(message.direction, "note")
        return Bubble(
            id=message.id,
            look=look,
            automatic=message.kind in _AUTOMATIC,
            message=message,
            files=self.files.get(message.id, ()),
            reasons=reasons(heard.data) if heard else (),
            place=_place(message),
            may_resend=message.outbox_state in _RESENDABLE,
            pieces=list(mentions.pieces(message.text)) if str(message.id) in self._naming else (),
        )

    def _line(self, event: Any) -> Line:
        data = event.data
        who = self.who(event.actor)
        return Line(
            id=event.id,
            event=event,
            who=who,
            values=self._values(event),
            reasons=reasons(data),
            quiet=event.kind in _QUIET and who is None,
        )

    def _values(self, event: Any) -> dict[str, object]:
        """The event's data in words: names for keys, instants for their texts."""
        values: dict[str, object] = {key: value for key, value in event.data.items() if isinstance(value, str)}
        names = self.agencies if event.kind in _AGENCIES else self.classes if event.kind == "classified" else {}
        for key in ("agency", "from", "to", "class"):
            if key in values:
                values[key] = names.get(str(values[key]), values[key])
        for key in _TIMES:
            # Elsewhere these name agencies, and cases whose numbers look like dates.
            if key in values and (event.kind == "recomputed" or key not in ("from", "to")):
                values[key] = _time(str(values[key]))
        staff = str(event.data.get("staff") or "")
        values["staff"] = self.names.get(int(staff), staff) if staff.isdigit() else ""
        return values

    def who(self, actor: str) -> str | None:
        """The name behind `staff:<id>` or `token:<id>`; None for the system and the citizen."""
        number = actor.partition(":")[2]
        return self.names.get(int(number), actor) if number.isdigit() else None


def _time(text: str) -> object:
    """An instant or a day as the log writes it, or whatever else it is."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-07-03") else datetime.fromisoformat(text)
    except ValueError:
        return text


def reasons(data: Mapping[str, Any]) -> list[Reason]:
    """The trail that an event carries."""
    return [Reason(code=str(r.get("code", "")), detail=str(r.get("detail", ""))) for r in data.get("reasons") or ()]


def actors(events: Sequence[Any]) -> set[int]:
    """The ids of everybody the events name."""
    said = [event.actor.partition(":")[2] for event in events] + [
        str(event.data.get("staff") or "") for event in events
    ]
    return {int(number) for number in said if number.isdigit()}


def _place(message: Any) -> tuple[float, float, str | None] | None:
    """Where the person said they were, as it is kept with the message."""
    kept = (message.raw or {}).get("location") if message.direction == "in" else None
    if not isinstance(kept, list) or len(kept) != 3:
        return None
    latitude, longitude, label = kept
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return float(latitude), float(longitude), str(label) if label else None
