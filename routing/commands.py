"""The few words that are commands: only ever as the whole message, with at most a case number after them.

"STOP" and " ¡stop! " are commands; "stop it" and "quiero parar la obra" are a citizen's petition. The words are the
texts' of every language, whoever writes them; Telegram's `/word` and `/word@bot` are the same words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from routing import case_number
from routing.catalog import Catalog
from routing.per_catalog import per_catalog
from routing.words import fold, words, words_of_folded


class CommandKind(StrEnum):
    """What a command asks for."""

    NEW = "new"
    STATUS = "status"
    HELP = "help"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    START = "start"


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `number` is a valid case number or None.

    `payload` is what else came: the word after `/start` as it was typed, or the digits after a status word that are
    no valid case number.
    """

    kind: CommandKind
    number: str | None = None
    payload: str | None = None


# A command and a dictated case number stay well below this; a longer text is never one. In characters.
_LONGEST_COMMAND = 160
_PRECEDENCE = (CommandKind.OPT_OUT, CommandKind.OPT_IN, CommandKind.STATUS, CommandKind.NEW, CommandKind.HELP)
_SLASHED = re.compile(r"\s*/([\w]+)(?:@\w+)?(?:\s+(.*))?\s*", re.DOTALL)


def read(text: str, catalog: Catalog) -> Command | None:
    """The command a message is, or None when it is anything else."""
    if len(text) > _LONGEST_COMMAND:
        return None
    slashed = _SLASHED.fullmatch(text) if "/" in text else None
    if slashed is None:
        return read_words(words(text), catalog)
    name, rest = slashed.group(1), (slashed.group(2) or "").strip()
    if fold(name) == "start":
        return Command(CommandKind.START, payload=rest or None)
    return read_words((*words_of_folded(fold(name.replace("_", " "))), *words(rest)), catalog)


def read_words(said: Sequence[str], catalog: Catalog) -> Command | None:
    """The command whose folded words these are; whatever follows must be digits."""
    vocabulary = _vocabulary(catalog)
    if not said or said[0] not in vocabulary.starts:
        return None
    end = len(said)
    while end and said[end - 1].isdigit():
        end -= 1
    kind = vocabulary.kinds.get(" ".join(said[:end]))
    if kind is None:
        return None
    return _numbered(kind, "".join(said[end:]))


def _numbered(kind: CommandKind, digits: str) -> Command | None:
    if not digits:
        return Command(kind)
    if case_number.is_valid(digits):
        return Command(kind, number=digits)
    # Somebody who asks for the status of "2026 123 4" left the zeros out: it is still that question.
    if kind is CommandKind.STATUS:
        return Command(kind, payload=digits)
    return None


class _Vocabulary(NamedTuple):
    """What each command is called, and the words such names begin with."""

    kinds: dict[str, CommandKind]
    starts: frozenset[str]


@per_catalog
def _vocabulary(catalog: Catalog) -> _Vocabulary:
    """Every language's words; an opt-out word is never taken over by another command."""
    vocabulary: dict[str, CommandKind] = {}
    spoken = [(CommandKind(kind), said) for texts in catalog.texts.values() for kind, said in texts.commands.items()]
    for kind, said in sorted(spoken, key=lambda pair: _PRECEDENCE.index(pair[0])):
        for phrase in said:
            vocabulary.setdefault(" ".join(words(phrase)), kind)
    vocabulary.pop("", None)
    return _Vocabulary(vocabulary, frozenset(phrase.split(" ")[0] for phrase in vocabulary))
