"""How much a text weighs on the air: GSM-7 or UCS-2, in how many parts, and how to keep it light.

3GPP TS 23.038 gives the alphabets, 3GPP TS 23.040 (9.2.3.24) the parts. A part is 140 octets: 160 septets or 70 UTF-16
units when it is alone, 153 or 67 when a header of 6 octets says which part it is. One "ó" turns 160 into 70.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as two septets, ESC and a letter, that must stay in one part.
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM7 = BASIC | EXTENSION


class Encoding(StrEnum):
    """The alphabet a text needs. A unit is a septet in GSM-7 and 16 bits in UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
OF_SEVERAL = {Encoding.GSM7: 153, Encoding.UCS2: 67}

# Typography that a word processor or a telephone's keyboard puts in, and what it says in plain letters.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`‹›", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−•·", "-"),
        **dict.fromkeys("\t\u00a0\u2002\u2003\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", None),
        **dict.fromkeys("°", "o"),
        **dict.fromkeys("×", "x"),
        **dict.fromkeys("⁄÷", "/"),
        "…": "...",
        "©": "(c)",
        "®": "(r)",
    }
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What sending a text costs.

    `units_used` counts the whole text, `units_left` what still fits in its last part. `forcing` are the characters,
    in order and once each, that make the text UCS-2.
    """

    encoding: Encoding
    segments: int
    units_used: int
    units_left: int
    forcing: tuple[str, ...]


def encoding_of(text: str) -> Encoding:
    """GSM-7 when every character has a place in its tables."""
    return Encoding.GSM7 if GSM7.issuperset(text) else Encoding.UCS2


def units(text: str) -> int:
    """Septets when the text is GSM-7, UTF-16 units when it is not."""
    encoding = encoding_of(text)
    wide = not EXTENSION.isdisjoint(text) if encoding is Encoding.GSM7 else bool(text) and max(text) > "\uffff"
    # Counting one by one is for texts that hold a character of two units; screens are measured many times a hop.
    return sum(_width(character, encoding) for character in text) if wide else len(text)


def measure(text: str) -> Measure:
    """The weight of a text as it would be sent now. An empty text has no segments."""
    encoding = encoding_of(text)
    parts = split(text)
    last = sum(_width(character, encoding) for character in parts[-1]) if parts else 0
    room = OF_SEVERAL[encoding] if len(parts) > 1 else ALONE[encoding]
    return Measure(
        encoding=encoding,
        segments=len(parts),
        units_used=sum(_width(character, encoding) for character in text),
        units_left=room - last,
        forcing=tuple(dict.fromkeys(character for character in text if character not in GSM7)),
    )


def split(text: str) -> tuple[str, ...]:
    """The parts a text is sent in. No part ends inside an ESC pair or a surrogate pair; joined they are the text."""
    encoding = encoding_of(text)
    if not text:
        return ()
    if sum(_width(character, encoding) for character in text) <= ALONE[encoding]:
        return (text,)
    return tuple(_parts(text, encoding))


def fold(text: str) -> str:
    """The text in GSM-7 as far as that is possible: á í ó ú and ç lose their mark, typography becomes plain.

    ñ é ü ¿ ¡ have a place in GSM-7 and stay. What has no plain form (an emoji, another script) stays too.
    """
    if GSM7.issuperset(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(character if character in GSM7 else _folded(character) for character in composed)


def budget(text: str, *, gsm7_characters: int, ucs2_characters: int) -> int:
    """Units still free on a screen that is limited in characters, as operators configure it; negative when over."""
    limit = gsm7_characters if encoding_of(text) is Encoding.GSM7 else ucs2_characters
    return limit - units(text)


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in EXTENSION else 1
    return 2 if character > "\uffff" else 1


def _parts(text: str, encoding: Encoding) -> Iterator[str]:
    start = used = 0
    for position, character in enumerate(text):
        width = _width(character, encoding)
        if used + width > OF_SEVERAL[encoding]:
            yield text[start:position]
            start, used = position, 0
        used += width
    yield text[start:]


def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.translate(_PLAIN)).translate(_PLAIN)
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    removed = not plain
    return letters if removed or (letters and GSM7.issuperset(letters)) else character
