"""How instants, addresses and other people's words are shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta

from channels import phone
from channels.message import Address

_LOCALES: Final = {"es": "es_CO", "en": "en_GB"}
_PHONES: Final = ("tel", "whatsapp")
# Every control but the line's end and the tab; each is shown as its picture, so that nothing acts and nothing hides.
_CONTROLS: Final = {code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)} | {127: "\u2421"}
# No script needs an override of its direction (U+202D, U+202E); who writes Arabic or Hebrew writes without.
_REPLACED: Final = dict.fromkeys([*range(128, 160), 0x202D, 0x202E], "\ufffd")
_TAMED: Final = str.maketrans(_CONTROLS | _REPLACED | {0x2028: "\n", 0x2029: "\n"})
# What turns a line's direction round: harmless in a text of its own, a disguise in a name ("gpj.exe").
_DIRECTIONS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def tame(text: str | None) -> str:
    """A text with its control characters and overrides of direction made visible."""
    return (text or "").replace("\r\n", "\n").translate(_TAMED)


def tame_name(text: str | None) -> str:
    """A name on one line, without marks of direction."""
    return tame(_DIRECTIONS.sub("", text or "")).replace("\n", " ").replace("\t", " ").strip()


def masked(urn: str) -> str:
    """An address for lists: the last four digits of a telephone, the last two of anything else."""
    try:
        address = Address.of(urn)
    except ValueError:
        return "•••"
    if address.scheme in _PHONES:
        return phone.masked(address.value)
    return f"{address.scheme} •••{address.value[-2:] if len(address.value) > 4 else ''}"


def revealed(urn: str) -> str:
    """An address in full, without the scheme of a telephone."""
    return urn.removeprefix("tel:")


def person(name: str | None, urn: str | None) -> str:
    """What a list calls somebody: the name, else the masked address, else nothing."""
    return tame_name(name) or (masked(urn) if urn else "")


@lru_cache(maxsize=4096)
def _worded(on: date, pattern: str, language: str) -> str:
    """A date in words. A page tells many instants of few days, and each of them takes long."""
    return format_date(on, pattern, locale=_LOCALES[language])


def day(on: date, language: str) -> str:
    """A date with its weekday and year, in the words of a language of ours."""
    return _worded(on, "EEE d MMM y", language)


@dataclass(frozen=True, slots=True)
class Times:
    """Instants as a reader of that language, in that time zone, at that moment reads them."""

    language: str
    zone: str
    now: datetime

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def ago(self, at: datetime) -> str:
        """How long since: "5 min", "3 h", "2 d"."""
        gone = max(self.now - at, timedelta(minutes=1))
        return format_timedelta(gone, granularity="minute", format="short", threshold=1, locale=_LOCALES[self.language])

    def full(self, at: datetime) -> str:
        """The instant in local time with its weekday."""
        local = self._local(at)
        return f"{_worded(local.date(), 'EEE d MMM y', self.language)}, {local:%H:%M}"

    def long(self, at: datetime) -> str:
        """The local day in full words, to be read aloud."""
        return _worded(self._local(at).date(), "full", self.language)

    def brief(self, at: datetime) -> str:
        """The time of day today, the day and the time otherwise."""
        local = self._local(at)
        if local.date() == self._local(self.now).date():
            return f"{local:%H:%M}"
        pattern = "d MMM" if local.year == self._local(self.now).year else "d MMM y"
        return f"{_worded(local.date(), pattern, self.language)}, {local:%H:%M}"

    def day(self, on: date) -> str:
        """A date with its weekday."""
        return _worded(on, "EEE d MMM", self.language)

    def date(self, on: date) -> str:
        """A date with its year."""
        return day(on, self.language)

    def spoken(self, values: Mapping[str, object]) -> dict[str, object]:
        """What fills a text, with instants and dates as they are read."""
        return {name: self._spoken(value) for name, value in values.items()}

    def _spoken(self, value: object) -> object:
        if isinstance(value, datetime):
            return self.full(value)
        return day(value, self.language) if isinstance(value, date) else value

    def iso(self, at: datetime) -> str:
        """For machines."""
        return at.isoformat(timespec="seconds")


def row_id(text: str) -> int | None:
    """A row's id as a path or a form carries it, or None when it cannot be one."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
    return number if 0 < number < 2**63 else None
