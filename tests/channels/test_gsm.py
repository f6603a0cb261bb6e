"""How texts are counted, cut and lightened for the air."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.gsm import (
    BASIC,
    EXTENSION,
    GSM7,
    Encoding,
    budget,
    encoding_of,
    fold,
    measure,
    split,
    units,
)

SPANISH = st.text(alphabet="aeiouáéíóúüñÑ¿¡çÇ €{}[]~|^\\\n“”‘’–—…😀👩🏽‍🌾xyz0123456789", max_size=700)
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


def test_the_tables_have_the_size_the_standard_gives_them() -> None:
    assert len(BASIC) == 127  # 128 places, one of which is the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize("character", "ñÑéüÜ¿¡àèìòùÇÄÖÉ")
def test_these_letters_have_a_place_in_gsm7(character: str) -> None:
    assert encoding_of(character) is Encoding.GSM7


@pytest.mark.parametrize("character", "áíóúÁÍÓÚç“”‘’—…")
def test_these_letters_force_ucs2(character: str) -> None:
    assert measure(f"hola {character}").forcing == (character,)


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "used", "left"),
    [
        ("", Encoding.GSM7, 0, 0, 160),
        ("a" * 160, Encoding.GSM7, 1, 160, 0),
        ("a" * 161, Encoding.GSM7, 2, 161, 145),
        ("a" * 306, Encoding.GSM7, 2, 306, 0),
        ("a" * 307, Encoding.GSM7, 3, 307, 152),
        ("€" * 80, Encoding.GSM7, 1, 160, 0),
        ("€" * 81, Encoding.GSM7, 2, 162, 153 - 10),
        ("ó" * 70, Encoding.UCS2, 1, 70, 0),
        ("ó" * 71, Encoding.UCS2, 2, 71, 63),
        ("😀" * 35, Encoding.UCS2, 1, 70, 0),
        ("😀" * 36, Encoding.UCS2, 2, 72, 67 - 6),
    ],
)
def test_a_text_is_measured(text: str, encoding: Encoding, segments: int, used: int, left: int) -> None:
    measured = measure(text)
    assert (measured.encoding, measured.segments, measured.units_used) == (encoding, segments, used)
    assert measured.units_left == left


def test_one_accented_o_turns_160_characters_into_70() -> None:  # inbound case 42
    assert measure("a" * 160).segments == 1
    assert measure("ó" + "a" * 159).segments == 3


def test_the_forcing_characters_are_named_once_each_in_order() -> None:
    assert measure("atención: ¿cuándo? ¡acción!").forcing == ("ó", "á")


def test_a_euro_at_the_edge_of_a_part_moves_to_the_next() -> None:  # inbound case 42
    assert split("a" * 152 + "€" + "b" * 10) == ("a" * 152, "€" + "b" * 10)


def test_an_emoji_at_the_edge_of_a_part_moves_to_the_next() -> None:  # inbound case 42
    assert split("ó" * 66 + "😀" + "b" * 10) == ("ó" * 66, "😀" + "b" * 10)


@given(SPANISH | ANY)
def test_the_parts_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


@given(SPANISH | ANY)
def test_every_part_is_within_its_limit(text: str) -> None:
    parts, encoding = split(text), encoding_of(text)
    limits = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}[encoding]
    assert all(0 < _octet_units(part, encoding) <= limits[len(parts) > 1] for part in parts)


@given(SPANISH)
def test_no_part_could_have_taken_the_next_character(text: str) -> None:
    parts, encoding = split(text), encoding_of(text)
    limit = 153 if encoding is Encoding.GSM7 else 67
    for part, following in pairwise(parts):
        assert _octet_units(part + following[0], encoding) > limit


def _octet_units(text: str, encoding: Encoding) -> int:
    """Counted from the bytes, another way than the code does."""
    if encoding is Encoding.UCS2:
        return len(text.encode("utf-16-be")) // 2
    return len(text) + sum(text.count(character) for character in "\f^{}\\[~]|€")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Atención: su inscripción está lista", "Atencion: su inscripcion esta lista"),
        ("¡Señor Müller, ¿está él ahí?!", "¡Señor Müller, ¿esta él ahi?!"),
        ("ÁÍÓÚ É Ñ Ü", "AIOU É Ñ Ü"),
        ("“cita” ‘hoy’ — ya… «sí»", '"cita" \'hoy\' - ya... "si"'),
        ("ação, Ç", "acao, Ç"),
        ("1º de mayo, N° 5", "1o de mayo, No 5"),
        ("man\u0303ana dificil\u0301", "mañana dificil"),
        ("a\u00a0b\u200bc", "a bc"),
        ("Gracias 😀", "Gracias 😀"),
        ("Привет", "Привет"),
    ],
)
def test_folding_keeps_what_gsm7_has_and_plains_the_rest(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(SPANISH | ANY)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="aeiouáéíóúÁÉÍÓÚüñÑçÇ¿¡“”‘’–—… \nbcd123", max_size=300))
def test_spanish_folds_into_gsm7_whole(text: str) -> None:
    assert measure(fold(text)).forcing == ()


@given(st.text(alphabet=sorted(GSM7), max_size=200))
def test_what_is_gsm7_already_is_left_alone(text: str) -> None:
    assert fold(text) == text


def test_a_budget_in_characters_says_what_is_free_or_missing() -> None:
    assert budget("hola", gsm7_characters=160, ucs2_characters=70) == 156
    assert budget("adiós", gsm7_characters=160, ucs2_characters=70) == 65
    assert budget("€" * 81, gsm7_characters=160, ucs2_characters=70) == -2


@given(SPANISH)
def test_the_units_are_those_that_the_measure_names(text: str) -> None:
    assert units(text) == measure(text).units_used
