"""A case's story as a screen tells it: what was said, and between it the small lines of what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# These are told by the bubble of their message, or by its delivery mark.
_TOLD_BY_BUBBLE: Final = frozenset({"received", "replied", "acknowledged", "noted", "delivered", "delivery_failed"})
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
    is_bubble: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something done: a case event."""

    id: int
    event: Any
    who: str | None
    values: Mapping[str, str]
    reasons: Sequence[Reason] = ()
    is_bubble: bool = False

    def value(self, name: str) -> str:
        """A word of the event's data, or ""."""
        return self.values.get(name, "")


@dataclass(slots=True, kw_only=True)
class Told:
    """Everything the timeline needs. `names` are those of staff by id, `agencies` short names by key."""

    messages: Sequence[Any]
    events: Sequence[Any]
    files: Mapping[int, Sequence[Any]]
    names: Mapping[int, str]
    agencies: Mapping[str, str]
    _received: dict[str, Any] = field(default_factory=dict)

    def timeline(self) -> list[Bubble | Line]:
        """Oldest first."""
        self._received = {e.data.get("message", ""): e for e in self.events if e.kind == "received"}
        items: list[Bubble | Line] = [self._bubble(message) for message in self.messages]
        items += [self._line(event) for event in self.events if self._is_line(event)]
        return sorted(items, key=lambda item: item.id)

    def _is_line(self, event: Any) -> bool:
        pulled = event.kind == "assigned" and not event.data.get("staff")
        return event.kind not in _TOLD_BY_BUBBLE and not pulled

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
        )

    def _line(self, event: Any) -> Line:
        data = event.data
        values = {key: str(value) for key, value in data.items() if isinstance(value, str)}
        for key in ("agency", "from", "to"):
            if key in values:
                values[key] = self.agencies.get(values[key], values[key])
        staff = str(data.get("staff") or "")
        values["staff"] = self.names.get(int(staff), staff) if staff.isdigit() else ""
        return Line(
            id=event.id, event=event, who=self.who(event.actor), values=values, reasons=reasons(data)
        )  # fmt: skip

    def who(self, actor: str) -> str | None:
        """The name behind `staff:<id>` or `token:<id>`; None for the system and the citizen."""
        number = actor.partition(":")[2]
        return self.names.get(int(number), actor) if number.isdigit() else None


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
