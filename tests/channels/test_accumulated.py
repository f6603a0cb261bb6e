import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.accumulated import remainder

typed_texts = st.text(alphabet="12* a", max_size=8)


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "", ""),
        ("", "1", "1"),
        ("", "1*1", "1*1"),  # inbound case 30: the dialled code already carried choices
        ("1", "1*2", "2"),
        ("1*2", "1*2*calle 5", "calle 5"),
        ("1*2", "1*2*5*6", "5*6"),  # inbound case 27: a typed `*` is content
        ("1", "1**", "*"),
        ("1", "1*", ""),
    ],
)
def test_what_follows_the_known_input_is_new(before: str, now: str, new: str) -> None:  # inbound case 27
    assert remainder(before, now) == new


def test_an_equal_input_brings_nothing_new() -> None:  # inbound case 28
    assert remainder("1*2", "1*2") == ""


@pytest.mark.parametrize(("before", "now"), [("1", "12"), ("1*2", "1"), ("2", "1*2"), ("1", ""), ("1*2", "1*3*4")])
def test_an_input_that_does_not_continue_the_known_one_is_none(before: str, now: str) -> None:  # inbound case 29
    assert remainder(before, now) is None


@given(before=typed_texts.filter(bool), typed=typed_texts)
def test_whatever_is_typed_comes_back_as_typed(before: str, typed: str) -> None:
    assert remainder(before, f"{before}*{typed}") == typed
