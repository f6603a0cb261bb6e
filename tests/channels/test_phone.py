"""Telephone numbers in the forms that carriers, directories and citizens use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone import is_answerable, masked, normalise

ARRIVING = {  # inbound case 44
    "+573001234567": "+573001234567",
    "+57 300 123-4567": "+573001234567",
    "573001234567": "+573001234567",
    "3001234567": "+573001234567",
    "00573001234567": "+573001234567",
    " (300) 123.4567 ": "+573001234567",
    "\u202a+57 300\u00a0123\u20114567\u202c": "+573001234567",
    "6012345678": "+576012345678",
    "+1 (415) 867-5309": "+14158675309",
    "123": "123",
    "87123": "87123",
    "871 23": "87123",
    "PRIZES": "PRIZES",
    " MTN ": "MTN",
    "1-800-SUBSIDIO": "1-800-SUBSIDIO",
    "CO.1234567890": "CO.1234567890",
    "12": "12",
    "99999999999999999999": "99999999999999999999",
    "": "",
}


@pytest.mark.parametrize(("raw", "expected"), ARRIVING.items())
def test_a_number_is_brought_to_one_form(raw: str, expected: str) -> None:
    assert normalise(raw, "CO") == expected


def test_the_country_decides_how_a_number_without_plus_is_read() -> None:
    assert normalise("0821234567", "ZA") == "+27821234567"
    assert normalise("0712345678", "KE") == "+254712345678"


@given(st.text(max_size=40))
def test_no_text_breaks_it_and_what_is_normal_stays_so(raw: str) -> None:
    once = normalise(raw, "CO")
    assert normalise(once, "CO") == once


@pytest.mark.parametrize("value", ["+573001234567", "87123", "123"])
def test_a_number_and_a_short_code_can_be_answered(value: str) -> None:
    assert is_answerable(value)


@pytest.mark.parametrize("value", ["PRIZES", "MTN", "", "12", "+12", "573001234567", "+57300123456789012"])
def test_a_word_and_a_scrap_of_digits_cannot_be_answered(value: str) -> None:  # inbound case 43
    assert not is_answerable(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+573005550001", "+57 ••• ••• 0001"),
        ("+14158675309", "+1 ••• ••• 5309"),
        ("+29051234", "+290 ••• 34"),
        ("87123", "87123"),
        ("PRIZES", "PRIZES"),
        ("573005550001", "••• ••• •• 0001"),
        ("+999123456789", "••• ••• ••• 6789"),
        ("", ""),
    ],
)
def test_a_list_shows_the_country_and_the_last_digits_only(value: str, shown: str) -> None:
    assert masked(value) == shown


@given(st.from_regex(r"\+573[0-9]{9}", fullmatch=True))
def test_no_masked_number_can_be_called(value: str) -> None:
    assert sum(character.isdigit() for character in masked(value)) == len("57") + 4
