"""Words as citizens type them, made comparable: without case, accents or invisible characters, and down to the stem.

Everything a person types is hostile until folded: bidi overrides, zero-width joiners, NUL bytes and words of ten
thousand characters all occur. Folding is idempotent, so configuration and messages meet in the same form.
"""

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

# Routing reads this much of a text and no more: a petition says what it is about well before its fifth page, and
# time spent must not grow with what a stranger sends. In characters.
READ_LIMIT = 5_000
# The longest Spanish words in use have 24 letters; anything beyond this is not a word and is not worth stemming.
_LONGEST_WORD = 40

_WORD = re.compile(r"[^\W_]+")
_SPANISH = snowballstemmer.stemmer("spanish")


class _Folded(dict[int, str | None]):
    """A `str.translate` table that learns each character's fold: marks, controls and format characters vanish."""

    def __missing__(self, code: int) -> str | None:
        lowered = unicodedata.normalize("NFKD", chr(code)).casefold()
        kept = "".join(c for c in unicodedata.normalize("NFKD", lowered) if c.isspace() or not _is_invisible(c))
        self[code] = kept or None
        return self[code]


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Mn", "Me") or unicodedata.combining(character) > 0


_FOLDED = _Folded()


def fold(text: str) -> str:
    """Lower case, no accents (ñ is n), no invisible characters: "¿ÚLTIMA Señal?" is "¿ultima senal?"."""
    if text.isascii() and text.isprintable():
        return text.lower()
    return text.translate(_FOLDED)


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text in order; punctuation, emoji and underscores separate."""
    return tuple(_WORD.findall(fold(text)))


def words_of_folded(folded: str) -> list[str]:
    """The words of a text that `fold` has already seen."""
    return _WORD.findall(folded)


def stem(word: str) -> str:
    """The stem of a folded word, by the Spanish rules: "inscripciones" and "inscripcion" meet."""
    return _stem(word) if len(word) <= _LONGEST_WORD else word


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_SPANISH.stemWord(word))


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text, word by word."""
    return tuple(stem(word) for word in words(text))
