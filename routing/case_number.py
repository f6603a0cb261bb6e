"""The case number (radicado): digits only, so that it can be typed on any handset and read out on the telephone.

Four digits of the year, the consecutive (at least six digits, up to nine) and one check digit after H. Michael Damm
(2004): every single wrong digit and every swap of two neighbours is noticed. 11 to 14 digits in all.
"""

import re
from collections.abc import Iterator

from routing.words import fold

_SHORTEST, _LONGEST = 11, 14
_LARGEST_CONSECUTIVE = 999_999_999

# A totally anti-symmetric quasigroup of order ten: row is the interim digit, column the next one.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

# Digits with what people put between them when they dictate: a space, a dot, a dash, or a dash between spaces.
_RUN = re.compile(r"[0-9]+(?:[ .\-‐-―\u00a0\u202f_]{1,3}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
# A folded text without as many digits so close together has no number; hardly any has.
_ENOUGH = re.compile(rf"[0-9](?:[ .\-‐-―\u00a0\u202f_]{{0,3}}[0-9]){{{_SHORTEST - 1}}}")
# A text of Latin letters without one of these has no digits, whatever is folded.
_DIGIT = re.compile(r"[0-9\u00b2\u00b3\u00b9\u00bc-\u00be]|[^\u0000-\u024f]")


def format_number(year: int, consecutive: int) -> str:
    """The number of the `consecutive`-th case of a year: `format_number(2026, 123)`. ValueError out of range."""
    if not 2000 <= year <= 2099:
        raise ValueError("a case number's year lies between 2000 and 2099")
    if not 1 <= consecutive <= _LARGEST_CONSECUTIVE:
        raise ValueError("a case number's consecutive lies between 1 and 999,999,999")
    body = f"{year:04d}{consecutive:06d}"
    return body + str(_check(body))


def is_valid(number: str) -> bool:
    """Whether these digits, and nothing but digits, are a well-formed number with the right check digit."""
    return _looks_like_one(number) and _check(number) == 0


def find(text: str) -> tuple[str, ...]:
    """The valid numbers in a text, in order, each once, without the separators people dictate them with."""
    return numbers_in(fold(text))[0] if _DIGIT.search(text) else ()


def find_mistyped(text: str) -> tuple[str, ...]:
    """What looks like a case number although the check digit says it is none."""
    return numbers_in(fold(text))[1]


def numbers_in(folded: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both at once, of a text that is folded already: the valid numbers, then the mistyped ones."""
    if not _ENOUGH.search(folded):
        return (), ()
    valid: list[str] = []
    mistyped: list[str] = []
    for run in _runs(folded):
        found = [number for number, _, _ in _valid_in(run)]
        valid += found
        mistyped += () if found else _mistyped_in(run)
    return tuple(dict.fromkeys(valid)), tuple(dict.fromkeys(mistyped))


def without(text: str) -> str:
    """The folded text with its valid case numbers taken out."""
    folded = fold(text)
    spans = [(start, end) for run in _runs(folded) for _, start, end in _valid_in(run)]
    for start, end in reversed(spans):
        folded = folded[:start] + " " + folded[end:]
    return folded


def spoken(number: str) -> str:
    """Grouped for reading aloud: "2026 000 123 4". What is no case number comes back as it is."""
    if not _looks_like_one(number):
        return number
    year, consecutive, check = number[:4], number[4:-1], number[-1]
    head = len(consecutive) % 3
    groups = [consecutive[:head]] if head else []
    groups += [consecutive[at : at + 3] for at in range(head, len(consecutive), 3)]
    return " ".join([year, *groups, check])


# A group of digits and where it stands in the folded text.
_Group = tuple[str, int, int]


def _runs(folded: str) -> Iterator[list[_Group]]:
    for run in _RUN.finditer(folded):
        if run.end() - run.start() >= _SHORTEST:
            yield [(g.group(), g.start(), g.end()) for g in _GROUP.finditer(folded, run.start(), run.end())]


def _valid_in(run: list[_Group]) -> Iterator[_Group]:
    """Numbers that begin and end where a group does; the longest first, and never one inside another."""
    first = 0
    while first < len(run):
        valid = [(number, last) for number, last in _joined(run, first) if _check(number) == 0]
        if valid:
            number, last = valid[-1]
            yield number, run[first][1], run[last][2]
            first = last
        first += 1


def _mistyped_in(run: list[_Group]) -> Iterator[str]:
    for first in range(len(run)):
        candidates = [number for number, _ in _joined(run, first)]
        if candidates and not _is_date(run, first):
            yield candidates[0]
            return


def _joined(run: list[_Group], first: int) -> Iterator[tuple[str, int]]:
    """What the groups from `first` on spell, as long as it has the shape of a case number, with the last group."""
    number = ""
    for last in range(first, len(run)):
        number += run[last][0]
        if len(number) > _LONGEST:
            return
        if _looks_like_one(number):
            yield number, last


def _is_date(run: list[_Group], first: int) -> bool:
    """A date with a time after it ("2026-07-03 10.30") has as many digits as a case number."""
    parts = [group for group, _, _ in run[first : first + 3]]
    return [len(part) for part in parts] == [4, 2, 2] and int(parts[1]) in range(1, 13)


def _looks_like_one(number: str) -> bool:
    """The right length and century; a consecutive longer than six digits is not padded."""
    if not _SHORTEST <= len(number) <= _LONGEST or not number.isascii() or not number.isdigit():
        return False
    return number.startswith("20") and (len(number) == _SHORTEST or number[4] != "0")


def _check(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][ord(digit) - 48]
    return interim
