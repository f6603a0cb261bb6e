"""A message as routing reads it: each thing worked out when a rule first asks for it, and only once."""

import re
from typing import NamedTuple

from channels.message import InboundMessage
from routing.territory import Gazetteer
from routing.words import READ_LIMIT, fold, stem, words_of_folded


class Reason(NamedTuple):
    """A step of the trail. `code` is one of SENTENCES; `detail` holds names, words and numbers, in no language."""

    code: str
    detail: str = ""

    def __str__(self) -> str:
        return SENTENCES[self.code].replace("{}", self.detail)


# The trail in plain English, with {} for the detail; whoever shows it in another language translates these.
SENTENCES = {
    # rules: what decided
    "rule": "The rule “{}” of the configuration holds.",
    "number": "It was sent to a service number of {}.",
    "menu": "The person chose {} in a menu.",
    "keyword": "The first word is a keyword: {}.",
    "phrase": "The text contains a phrase of {}.",
    "territory": "The person writes from, or about, the territory of {}.",
    "triage": "Nothing else claimed it, so it goes to the triage desk: {}.",
    "no_manager": "{} has no active response manager, so the triage desk takes it.",
    "topic": "The topic follows from a phrase: {}.",
    # rules: what was tried before
    "no_number": "No rule or agency owns the number it was sent to.",
    "no_menu": "No agency was chosen in a menu.",
    "no_keyword": "The first word is no keyword.",
    "no_phrase": "No phrase or expression matches.",
    "no_territory": "No rule or agency for a territory matches.",
    "no_language": "No rule for the language or channel matches.",
    # decide
    "edited": "It is a newer version of a message of the case {}.",
    "edit_unknown": "It is an edit of a message we do not know, and is treated as a message.",
    "named": "It names the case {}.",
    "mistyped": "The check digit of {} is wrong; the number was ignored.",
    "not_mine": "The number {} is no case of this person's; it was ignored.",
    "command": "The whole message is a command: {}.",
    "wants_new": "The person had asked for a new case.",
    "same_agency": "The keyword or choice is of the agency of the case {}.",
    "other_agency": "It asks for another agency: {}.",
    "conversation": "The case {} is open, and its conversation is not older than the limit.",
    "several": "Of several cases the most recently active was taken: {}.",
    "no_conversation": "No open case has a recent conversation.",
    "thanks": "It only says thanks for the case {}.",
    "reopened": "The case {} ended within the reopening days.",
    "too_late": "The case {} ended before the reopening days.",
    "none_ended": "No case ended within the reopening days.",
    "new": "It starts a new case.",
    "linked": "The new case follows {}.",
}


class Choice(NamedTuple):
    """What a menu has led to. `topic` is a topic's key without its agency."""

    agency: str | None
    topic: str | None


def text_of(message: InboundMessage) -> str:
    """What is read of a message: the decoded text where one is offered, and no more than the limit."""
    return (message.decoded_text or message.text)[:READ_LIMIT]


class Reading:
    """The words, stems, numbers and choices of one message."""

    __slots__ = ("_number", "_place", "_stems", "facts", "folded", "language", "message", "words")

    def __init__(self, message: InboundMessage, language: str) -> None:
        self.message = message
        self.language = language
        self.folded = fold(text_of(message))
        self.words = words_of_folded(self.folded)
        self.facts = message.facts
        self._stems: list[str] | None = None
        self._number: str | None = None
        self._place: tuple[str | None] | None = None

    @property
    def stems(self) -> list[str]:
        """The stems of the text, in order."""
        if self._stems is None:
            self._stems = [stem(word) for word in self.words]
        return self._stems

    @property
    def number(self) -> str:
        """The service number used, in its normal form; "" when there is none."""
        if self._number is None:
            self._number = normal_number(self.message.recipient)
        return self._number

    def place(self, gazetteer: Gazetteer) -> str | None:
        """The code of the territory a menu fixed, or of the one the text names without doubt."""
        if self._place is None:
            self._place = (self.fact("territory") or gazetteer.find(self.words),)
        return self._place[0]

    def fact(self, name: str) -> str | None:
        """The last value a menu fixed for a fact."""
        for key, value in reversed(self.facts):
            if key == name:
                return value
        return None

    def choice(self) -> Choice:
        """The agency and topic chosen by menu facts, or by a button's payload ("sena", "topic:sena.inscripciones")."""
        if not self.facts and not self.message.choice:
            return _NO_CHOICE
        topic, agency = self.fact("topic"), self.fact("agency")
        if topic is None and agency is None and self.message.choice:
            topic = self.message.choice.removeprefix("agency:").removeprefix("topic:")
        if topic is None:
            return Choice(agency, None)
        owner, dot, key = topic.partition(".")
        if not dot:
            return Choice(agency, topic) if agency else Choice(topic, None)
        return Choice(owner, key)


_NOT_DIALLED = re.compile(r"[^0-9*#]")
_NO_CHOICE = Choice(None, None)


def normal_number(number: str | None) -> str:
    """A service number by its digits, `*` and `#` alone: "+57 300-1" is "573001"."""
    if not number or (number.isascii() and number.isdigit()):
        return number or ""
    return _NOT_DIALLED.sub("", number)
