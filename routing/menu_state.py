"""Where a person is in a menu, and what one step gives back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from routing.catalog import Menu

Facts = tuple[tuple[str, str], ...]


class Stage(StrEnum):
    """Where in a node the person is. Only a question has more than one screen."""

    SHOWN = "shown"
    CONFIRM = "confirm"
    OFFER = "offer"  # a kept draft, offered when the question is reached
    OFFER_FIRST = "offer_first"  # a kept draft, offered on the first screen


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuState:
    """Where a person is in a menu, what was chosen on the way, and what they have typed so far.

    `back` holds the nodes passed: key, page and the facts as they were. `lines` are the cases being shown, None until
    the gateway has passed them.
    """

    language: str
    node: str
    page: int = 0
    facts: Facts = ()
    draft: str = ""
    stage: Stage = Stage.SHOWN
    offered: bool = False
    lines: tuple[str, ...] | None = None
    back: tuple[tuple[str, int, Facts], ...] = ()

    @classmethod
    def start(cls, menu: Menu, *, language: str) -> "MenuState":
        """The first screen, in the language a person is known to speak."""
        return cls(language=language, node=menu.start)

    def to_json(self) -> str:
        """The state as text, for the session's row."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "MenuState":
        """The state back from its text. ValueError, KeyError or TypeError when it is none."""
        fields: dict[str, Any] = json.loads(text)
        back = tuple((key, page, _pairs(facts)) for key, page, facts in fields["back"])
        lines = None if fields["lines"] is None else tuple(fields["lines"])
        stage = Stage(fields["stage"])
        return cls(**{**fields, "facts": _pairs(fields["facts"]), "stage": stage, "lines": lines, "back": back})


def _pairs(rows: Sequence[Sequence[str]]) -> Facts:
    return tuple((name, value) for name, value in rows)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A question the person has sent: its text, and the facts for `InboundMessage.facts`."""

    text: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next screen. `options` are its keys and labels, for a channel with buttons.

    With `submit` the text is empty: the gateway writes the last screen, with the case number. With `wants` the
    gateway calls `step` again with this state, nothing typed, and the person's cases.
    """

    state: MenuState
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()
    final: bool = False
    submit: Submitted | None = None
    wants: Literal["cases"] | None = None
