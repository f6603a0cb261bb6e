"""Case numbers: what is written, what is heard, and what is mistyped."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routing import case_number
from routing.words import fold

years = st.integers(2000, 2099)
consecutives = st.integers(1, 999_999_999)
numbers = st.builds(case_number.format_number, years, consecutives)


def test_a_number_is_year_consecutive_and_check_digit() -> None:
    assert case_number.format_number(2026, 123) == "20260001238"
    assert len(case_number.format_number(2026, 999_999_999)) == 14


@pytest.mark.parametrize(("year", "consecutive"), [(1999, 1), (2100, 1), (2026, 0), (2026, 1_000_000_000)])
def test_a_number_out_of_range_cannot_be_given(year: int, consecutive: int) -> None:
    with pytest.raises(ValueError, match="a case number's"):
        case_number.format_number(year, consecutive)


@pytest.mark.parametrize(
    "text", ["", "2026", "20260001237", "573001234567", "20260001238x", "２０２６０００１２３８", "202600000123"]
)
def test_what_is_no_case_number_is_not_valid(text: str) -> None:
    assert not case_number.is_valid(text)


@given(numbers)
def test_every_number_given_is_valid_and_at_most_fourteen_digits(number: str) -> None:
    assert case_number.is_valid(number)
    assert 11 <= len(number) <= 14


@given(numbers, st.data())
def test_one_wrong_digit_is_always_noticed(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from("0123456789".replace(number[at], "")))
    assert not case_number.is_valid(number[:at] + wrong + number[at + 1 :])


@given(numbers, st.data())
def test_two_neighbours_swapped_are_always_noticed(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(number) - 2))
    assume(number[at] != number[at + 1])
    assert not case_number.is_valid(number[:at] + number[at + 1] + number[at] + number[at + 2 :])


@given(numbers, st.sampled_from([" ", ".", "-", " - ", "\u00a0"]))
def test_a_number_is_found_however_it_is_dictated(number: str, separator: str) -> None:
    assert case_number.find(f"Es el {separator.join(number)}, gracias") == (number,)
    assert case_number.find(f"mi caso {case_number.spoken(number)}.") == (number,)


def test_a_number_is_found_beside_other_numbers() -> None:
    text = "Mi cédula es 1.020.304.050, tel 300 123 4567, caso 2026 000 123 8 del 3 de julio"
    assert case_number.find(text) == ("20260001238",)
    assert case_number.find_mistyped(text) == ()


def test_two_numbers_are_found_in_order_and_once() -> None:
    second = case_number.format_number(2025, 7)
    assert case_number.find(f"{second} 20260001238 y {second}") == (second, "20260001238")


def test_a_number_within_controls_of_a_phone_book_is_found() -> None:
    # inbound case 47
    assert case_number.find("caso \u202d2026 000 123 8\u202c") == ("20260001238",)


def test_a_wrong_check_digit_is_mistyped_and_not_found() -> None:
    assert case_number.find("caso 2026 000 123 4") == ()
    assert case_number.find_mistyped("caso 2026 000 123 4") == ("20260001234",)


@pytest.mark.parametrize("text", ["+57 300 123-4567", "573001234567", "2026-07-03 10.30", "85432", "2026 123"])
def test_telephones_dates_and_short_codes_are_not_mistyped_case_numbers(text: str) -> None:
    # inbound case 44
    assert case_number.find_mistyped(text) == ()


def test_a_number_is_found_in_the_digits_of_every_script() -> None:
    number = case_number.format_number(2045, 136_789)
    digits = [chr(code) for code in range(0x20000) if fold(chr(code)) in set("0123456789")]
    assert len(digits) > 100
    lost = [digit for digit in digits if case_number.find(number.replace(fold(digit), digit)) != (number,)]
    assert lost == []


def test_numbers_are_grouped_for_reading_aloud() -> None:
    assert case_number.spoken("20260001238") == "2026 000 123 8"
    assert case_number.spoken(case_number.format_number(2026, 1_234_567))[:14] == "2026 1 234 567"
    assert case_number.spoken("no number") == "no number"


def test_a_number_can_be_taken_out_of_its_text() -> None:
    assert case_number.without("Gracias, caso 2026-000-123-8!").split() == ["gracias,", "caso", "!"]


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    assert all(case_number.is_valid(number) for number in case_number.find(text))
    assert not any(case_number.is_valid(number) for number in case_number.find_mistyped(text))
