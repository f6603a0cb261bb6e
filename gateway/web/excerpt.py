"""The piece of a text that was found, with the words that were looked for set apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.search.query import Term
from gateway.search.words import token
from gateway.web.shown import tame_name
from routing.words import fold

# What is shown, and how much of it stands before the first word that was found. In characters.
_LENGTH: Final = 220
_BEFORE: Final = 70
# Further on nobody looks for a word to show. In characters.
_READ: Final = 5_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of an excerpt; it still has to be escaped. `found`: it is a word that was looked for."""

    text: str
    found: bool


def excerpt(text: str, wanted: Sequence[Term]) -> list[Piece]:
    """The text on one line around the first word that was found, at most 222 characters with its ellipses."""
    line = tame_name(text[:_READ])
    hits = [(start, end) for word, start, end in _words(line) if _is_wanted(word, wanted)]
    first = hits[0][0] if hits else 0
    begin = 0 if first <= _BEFORE else line.rfind(" ", first - _BEFORE, first) + 1 or first
    end = min(len(line), begin + _LENGTH)
    pieces = list(_cut(line, begin, end, hits))
    before, after = ("…" if begin else ""), ("…" if end < len(line) or len(text) > _READ else "")
    return [piece for piece in (Piece(before, False), *pieces, Piece(after, False)) if piece.text]


def _cut(line: str, begin: int, end: int, hits: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    at = begin
    for first, last in hits:
        if at <= first < end:
            yield Piece(line[at:first], False)
            at = min(last, end)
            yield Piece(line[first:at], True)
    yield Piece(line[at:end], False)


def _words(line: str) -> Iterator[tuple[str, int, int]]:
    """Each folded word, and where in the line it stands. A character may fold to none or to several."""
    word, start, end = "", 0, 0
    for place, character in enumerate(line):
        folded = fold(character)
        if folded.isalnum():
            start = start if word else place
            word, end = word + folded, place + 1
        elif folded and word:
            yield word, start, end
            word = ""
    if word:
        yield word, start, end


def _is_wanted(word: str, wanted: Sequence[Term]) -> bool:
    stem = token(word)
    return any(word.startswith(term.tokens[0]) if term.begins else stem in term.tokens for term in wanted)
