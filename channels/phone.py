"""Telephone numbers as carriers write them, brought to one form.

The form is E.164 with its plus. What has no such form stays what it is: a short code (3 to 6 digits) or the word that
an alphanumeric sender carries. Nothing here raises for a strange number: a citizen's message is never refused for it.
"""

import re
from functools import lru_cache

import phonenumbers

# A plus, a country code that does not begin with zero, 15 digits at most (ITU-T E.164, section 6).
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
# What people and carriers put between the digits, and the marks that a copied number brings along.
_PUNCTUATION = re.compile(r"[\s().\-/\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2066-\u2069\u00a0\ufeff]+")
_INTERNATIONAL_PREFIX = "00"
# The same people write again and again; a hundred bytes an entry.
_REMEMBERED = 8192


def normalise(raw: str, country: str) -> str:
    """`+57 300 123-4567`, `573001234567`, `3001234567` as `+573001234567`.

    `country` is the channel's ISO 3166 code ("CO"): it decides how a number without a plus is read. A short code and
    an alphanumeric sender come back stripped and otherwise as they came, and so does what no rule explains.
    """
    if _E164.fullmatch(raw):
        return raw
    return _normalised(raw, country)


def is_answerable(value: str) -> bool:
    """Whether a reply can be addressed to a normalised value: a number or a short code, not a word such as `PRIZES`."""
    return bool(_E164.fullmatch(value) or _SHORT_CODE.fullmatch(value))


def masked(value: str) -> str:
    """`+57 ••• ••• 0001`, for lists. Words and short codes name a service and not a person, so they are shown."""
    if _E164.fullmatch(value):
        return _masked_number(value)
    if any(character.isalpha() for character in value) or _SHORT_CODE.fullmatch(value):
        return value
    return _bullets(value)


@lru_cache(maxsize=_REMEMBERED)
def _normalised(raw: str, country: str) -> str:
    stripped = raw.strip()
    digits = _PUNCTUATION.sub("", stripped)
    if not digits.removeprefix("+").isdecimal() or not digits.isascii():
        return stripped
    if _SHORT_CODE.fullmatch(digits):
        return digits
    return _as_e164(digits, country) or stripped


def _as_e164(digits: str, country: str) -> str | None:
    """The first reading that is a number in use; failing that, the first that could be one."""
    readings = [number for number in (_parsed(*reading) for reading in _readings(digits, country)) if number]
    likely = next((number for number in readings if phonenumbers.is_valid_number(number)), None)
    possible = likely or next((number for number in readings if phonenumbers.is_possible_number(number)), None)
    return phonenumbers.format_number(possible, phonenumbers.PhoneNumberFormat.E164) if possible else None


def _readings(digits: str, country: str) -> list[tuple[str, str | None]]:
    if digits.startswith("+"):
        return [(digits, None)]
    if digits.startswith(_INTERNATIONAL_PREFIX):
        return [(f"+{digits.removeprefix(_INTERNATIONAL_PREFIX)}", None), (digits, country)]
    return [(digits, country), (f"+{digits}", None)]


def _parsed(digits: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=_REMEMBERED)
def _masked_number(value: str) -> str:
    number = _parsed(value, None)
    if number is None:
        return _bullets(value)
    prefix = f"+{number.country_code}"
    return f"{prefix} {_bullets(value.removeprefix(prefix))}"


def _bullets(digits: str) -> str:
    """All but the last four digits hidden, in groups of three; of a short value at most half is shown."""
    shown = min(4, len(digits) // 2)
    hidden = len(digits) - shown
    groups = ["•" * min(3, hidden - start) for start in range(0, hidden, 3)]
    return " ".join([*groups, digits[hidden:]] if shown else groups)
