"""Folding and stemming."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.words import fold, stem, stems, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("¿ÚLTIMA Señal?", "¿ultima senal?"),
        ("Inscripcio\u0301n", "inscripcion"),
        ("ＳＥＮＡ", "sena"),
        ("Straße", "strasse"),
    ],
)
def test_case_accents_and_forms_fold_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["ST\x00OP", "\u202eSTOP\u202c", "S\u200bTOP", "\ufeffstop", "sto\u0301p"])
def test_invisible_characters_do_not_hide_a_word(text: str) -> None:
    # inbound case 47
    assert words(text) == ("stop",)


def test_punctuation_and_emoji_separate_words() -> None:
    assert words("¡Hola!... ¿SENA_virtual? 🙏🏽 año-2026") == ("hola", "sena", "virtual", "ano", "2026")


@pytest.mark.parametrize(
    ("one", "other"),
    [("inscripción", "inscripciones"), ("impuesto", "IMPUESTOS"), ("facturación", "factura"), ("niña", "niños")],
)
def test_inflections_meet_in_their_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other)


def test_an_endless_word_is_not_stemmed() -> None:
    # inbound case 47
    endless = "ciones" * 2_000
    assert stem(endless) == endless


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
