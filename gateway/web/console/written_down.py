"""Who wrote a case down for somebody else, as its page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.web.console.story import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDown:
    """Who wrote a case down, and the name that was said, where it is not the one the person is known by."""

    by: str
    name: str


def written_down(case: Any, told: Told, known_as: str | None) -> WrittenDown | None:
    """How a case came to be written down; None for one that the citizen wrote."""
    if case.transcribed_by is None:
        return None
    raw: Mapping[str, Any] = next(
        (message.raw for message in told.messages if message.direction == "in" and message.raw), {}
    )
    name = str(raw.get("name") or "")
    return WrittenDown(by=told.names.get(case.transcribed_by, ""), name=name if name != known_as else "")
