"""Passwords that are taken, and those that somebody would try first."""

import pytest

from gateway.accounts import passwords
from gateway.accounts.second_factor import grouped, link, new_recovery_codes, new_secret, recovery_hash
from gateway.errors import Invalid


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("once letras", "at least 12"),
        ("x" * 201, "at most 200"),
        ("soy luz.amaya y nadie mas", "login or the name"),
        ("mi apellido es AMAYA ok", "login or the name"),
        ("Contraseña2026!!", "first passwords"),
        ("password1234", "first passwords"),
        ("123456789012", "first passwords"),
        ("9876543210987", "first passwords"),
        ("112233445566", "first passwords"),
        ("aaaaaaaaaaaaaaa", "first passwords"),
        ("abcdefghijklmn", "first passwords"),
        ("ColombiaColombia", "first passwords"),
        ("!!Qwertyuiop99", "first passwords"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        passwords.check(password, login="luz.amaya", name="Luz Amaya Ríos")
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password", ["cuatro palabras sin orden", "483920175826", "kX9-vw_31Lq2z", "🦜" * 6 + "papaya verde"]
)
def test_a_long_one_of_ones_own_is_taken_whatever_it_is_made_of(password: str) -> None:
    passwords.check(password, login="luz.amaya", name="Luz Amaya Ríos")


def test_an_authenticator_gets_a_link_and_a_key_that_can_be_typed() -> None:
    secret = new_secret()
    assert grouped(secret).replace(" ", "") == secret
    assert max(map(len, grouped(secret).split())) == 4
    assert link(secret, "luz") == f"otpauth://totp/Ventanilla:luz?secret={secret}&issuer=Ventanilla"


def test_recovery_codes_are_many_different_and_forgiving_to_type() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    assert all(len(code.replace("-", "")) == 16 for code in codes)
    assert recovery_hash(codes[0].upper().replace("-", " ")) == recovery_hash(codes[0])
    assert recovery_hash(codes[0]) != recovery_hash(codes[1])
