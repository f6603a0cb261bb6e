"""The second factor: time-based codes (RFC 6238) of an authenticator, and recovery codes for when it is lost."""

import base64
import hashlib
import secrets
from datetime import datetime
from typing import Final

import pyotp

_PERIOD: Final = 30
# Steps before and after the present one: clocks of telephones differ, and people type slowly.
_DRIFT: Final = 1
_CODES: Final = 10
# 80 bits: too many to try, so that a fast hash can be kept.
_CODE_BYTES: Final = 10
ISSUER: Final = "Ventanilla"


def new_secret() -> str:
    """A secret for an authenticator, in base32."""
    return pyotp.random_base32()


def link(secret: str, login: str) -> str:
    """The `otpauth:` link that an authenticator on the same device opens."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def grouped(secret: str) -> str:
    """The secret in groups of four, to be typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step whose code this is, or None when it is none of the last, present and next."""
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    present = int(now.timestamp()) // _PERIOD
    generator = pyotp.TOTP(secret, interval=_PERIOD)
    steps = [
        step
        for step in range(present - _DRIFT, present + _DRIFT + 1)
        if secrets.compare_digest(generator.generate_otp(step), digits)
    ]
    return steps[-1] if steps else None


def new_recovery_codes() -> list[str]:
    """Ten codes, each of which gets its owner in once."""
    return [_written(base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()) for _ in range(_CODES)]


def _written(code: str) -> str:
    return "-".join(code[start : start + 4].lower() for start in range(0, len(code), 4))


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code, however its owner types it."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
