"""What somebody typed into the search box, understood. Whatever is typed is understood somehow: there are no errors.

    certificado afiliacion      both words, in any inflection, with or without accents
    "certificado de afiliación" these words after each other
    inscri*                     words that begin so (four letters at least)
    -pensión                    without this word
    agency:sena channel:sms state:open from:2026-01-01 to:2026-01-31
    20260000017  3005550001  0001          a case number, a telephone, its last digits

OR, AND, NEAR and brackets have no meaning: they are words and punctuation like others.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.search.words import name_tokens, token
from routing.case import CaseState
from routing.words import fold, words_of_folded

# Nobody types more; who pastes a page has it searched by its beginning. In characters, and in words.
_LONGEST: Final = 500
_MOST: Final = 16
# Fewer letters stand at the beginning of too many words: they are looked for as a word.
_SHORTEST_BEGINNING: Final = 4

_PIECE: Final = re.compile(
    r"""(?P<no>(?<!\S)-)?(?:["“”«](?P<phrase>[^"“”»]*)(?:["“”»]|$)|(?P<name>[^\W\d_]+):(?P<value>[^\s"]+)|(?P<plain>[^\s"“”«]+))"""
)
_NUMBER: Final = re.compile(r"\+?[\d\s().-]*\d[\d\s().-]*")
_DAY: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")

_FILTERS: Final = {
    "agency": "agency", "agencia": "agency", "entidad": "agency", "channel": "channel", "canal": "channel",
    "state": "state", "estado": "state", "from": "from", "desde": "from", "to": "to", "hasta": "to",
}  # fmt: skip
_STATES: Final = {state.value: state.value for state in CaseState} | {
    "abierto": "open", "espera": "waiting", "respondido": "answered", "cerrado": "closed",
}  # fmt: skip
_KEY: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Term:
    """Tokens that follow each other, or the beginning of one."""

    tokens: tuple[str, ...]
    begins: bool = False


@dataclass(slots=True, kw_only=True)
class Query:
    """What is looked for. `names` are the same words as a person's name would hold them, None when it cannot be one.

    `said_from` (included) and `said_to` (excluded) narrow to messages of that time. `ignored` are the pieces that
    could not be understood.
    """

    wanted: list[Term] = field(default_factory=list)
    unwanted: list[Term] = field(default_factory=list)
    names: list[Term] | None = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    agency: str | None = None
    channel: str | None = None
    state: tuple[str, ...] = ()
    said_from: datetime | None = None
    said_to: datetime | None = None
    ignored: list[str] = field(default_factory=list)

    @property
    def has_words(self) -> bool:
        """Whether there is anything to look for beside the filters."""
        return bool(self.wanted or self.numbers or self.names)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was understood at all."""
        return not (self.has_words or self.agency or self.channel or self.state or self.said_from or self.said_to)


def read(text: str, *, timezone: str) -> Query:
    """The query of a text; days begin in that time zone."""
    query = Query()
    rest = []
    for piece in list(_PIECE.finditer(text[:_LONGEST]))[: 2 * _MOST]:
        if piece["name"] and (name := _FILTERS.get(fold(piece["name"]))):
            _filter(query, name, piece["value"], ZoneInfo(timezone))
            continue
        rest.append(piece.group())
        if piece["phrase"] is not None:
            _phrase(query, piece["phrase"], is_unwanted=bool(piece["no"]))
        else:
            _plain(query, piece["plain"] or f"{piece['name']}:{piece['value']}", is_unwanted=bool(piece["no"]))
    _number(query, " ".join(rest))
    del query.wanted[_MOST:], query.unwanted[_MOST:]
    if query.names:
        del query.names[_MOST:]
    return query


def _phrase(query: Query, said: str, *, is_unwanted: bool) -> None:
    found = _tokens(said)
    if found:
        (query.unwanted if is_unwanted else query.wanted).append(Term(found))
    if not is_unwanted and query.names is not None:
        query.names += [Term((name,)) for name in name_tokens(said)]


def _tokens(said: str) -> tuple[str, ...]:
    return tuple(found for word in words_of_folded(fold(said)) if (found := token(word)))[:_MOST]


def _plain(query: Query, said: str, *, is_unwanted: bool) -> None:
    """Words without quotes: "correo@example.org" is three of them, in this order."""
    found = words_of_folded(fold(said))
    if not found:
        return
    if said.endswith("*") and len(found) == 1 and len(found[0]) >= _SHORTEST_BEGINNING:
        term = Term((found[0],), begins=True)
        (query.unwanted if is_unwanted else query.wanted).append(term)
        if not is_unwanted and query.names is not None:
            query.names.append(term)
        return
    _phrase(query, said, is_unwanted=is_unwanted)
    if not is_unwanted and len(found) == 1 and found[0].isascii() and found[0].isdigit():
        _digits(query, found[0])


def _digits(query: Query, digits: str) -> None:
    """Digits that may be a case's number, or a telephone's last: a person is found by them beside the name."""
    if len(digits) >= 4 and query.names is not None:
        query.numbers.append(digits)
        # A number is no part of a name.
        query.names = [term for term in query.names if term.tokens != (digits,)]


def _number(query: Query, text: str) -> None:
    """A number that was typed in groups is one number: "+57 300 555 0001"."""
    digits = "".join(character for character in text if character in "0123456789")
    if _NUMBER.fullmatch(text) and 4 <= len(digits) <= 20:
        query.numbers, query.names = [digits], []


def _filter(query: Query, name: str, value: str, zone: ZoneInfo) -> None:
    said = fold(value)
    if name in ("agency", "channel") and _KEY.fullmatch(said):
        setattr(query, name, said)
    elif name == "state" and said in _STATES:
        query.state = (*query.state, _STATES[said])
    elif name in ("from", "to") and (at := _instant(said, zone, is_end=name == "to")):
        setattr(query, f"said_{name}", at)
    else:
        query.ignored.append(f"{name}:{value}"[:60])


def _instant(said: str, zone: ZoneInfo, *, is_end: bool) -> datetime | None:
    """The beginning of a day or month; of the next one at the end of a range, so that the last day counts."""
    match = _DAY.fullmatch(said)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3] or 1)
    try:
        first = date(year, month, day)
        if is_end:
            first = first + timedelta(days=1) if match[3] else date(year + month // 12, month % 12 + 1, 1)
        return datetime.combine(first, time(), zone) if 1971 <= first.year <= 9000 else None
    except (ValueError, OverflowError):
        return None
