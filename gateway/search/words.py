"""What of a text, a name and a number can be searched: tokens without case, accents and endings, and labels.

Both engines get the same tokens, because neither finds unaccented Spanish by itself. A token holds letters and digits
only; a label begins with an underscore, which no token holds, so nothing a person types can be taken for one.
"""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from routing.words import fold, stem, words, words_of_folded

# A petition of twenty pages is found by all of it; what goes on beyond was written by a machine. In characters.
READ: Final = 50_000
# A longer word is cut. In characters.
LONGEST: Final = 40
# Words that stand in every other message find nothing, and would be half of the index. Folded.
_EMPTY: Final = frozenset(
    words(
        "a al and as at con de del el en es for in is it la las le lo los me mi o of on or para por que se su sus the"
        " to un una y"
    )
)
# More months than this are not worth naming to the index.
_MONTHS: Final = 60
# The number goes up when tokens are made in another way.
_WAY: Final = 1


def way_of_reading() -> str:
    """Names how tokens are made here, libraries included: an index that was made in another way is made again."""
    return f"{_WAY} snowball {version('snowballstemmer')} unicode {unicodedata.unidata_version}"


def tokens(text: str) -> list[str]:
    """The tokens of a text in order, without empty words."""
    return [stem(word[:LONGEST]) for word in words(text[:READ]) if word not in _EMPTY]


def token(folded_word: str) -> str | None:
    """The token of one folded word, or None for an empty one."""
    return None if folded_word in _EMPTY else stem(folded_word[:LONGEST])


def name_tokens(name: str) -> list[str]:
    """The tokens of a name: whole words, because nobody inflects a surname."""
    return [word[:LONGEST] for word in words_of_folded(fold(name[:READ]))]


def number_token(value: str) -> str | None:
    """The label of a number that people are looked up by, its last digit first; None when it is none."""
    digits = "".join(character for character in value if character in "0123456789")
    return f"_t{digits[::-1]}" if len(digits) >= 2 else None


def agency_label(agency: str) -> str:
    """The label of what belongs to an agency."""
    return f"_a-{agency}"


def month_label(at: datetime) -> str:
    """The label of the month (UTC) of a message."""
    return f"_m-{at:%Y%m}"


def months_between(first: datetime | None, end: datetime | None) -> list[str]:
    """The labels of the months from an instant until before another; none when an end is open, or they are too many."""
    if first is None or end is None:
        return []
    first, end = first.astimezone(UTC), end.astimezone(UTC)
    begun, ended = first.year * 12 + first.month - 1, end.year * 12 + end.month - 1
    months = range(begun, ended + 1) if ended - begun < _MONTHS else range(0)
    return [month_label(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)) for month in months]


def labels(*, agency: str, at: datetime) -> str:
    """The labels of a message, with a space between them."""
    return f"{agency_label(agency)} {month_label(at)}"


def person(name: str | None, numbers: Iterable[str], agencies: Iterable[str]) -> str:
    """The words of a person: name, numbers, and the agencies that have a case of theirs."""
    found = dict.fromkeys(name_tokens(name or ""))
    found |= dict.fromkeys(label for number in numbers if (label := number_token(number)))
    found |= dict.fromkeys(agency_label(agency) for agency in sorted(agencies))
    return " ".join(found)
