"""Passwords: argon2id, 19 MiB and two passes, in a small pool of threads so that the loop never waits."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import Invalid

# In characters. Longer ones are not hashed: argon2 would, for as long as it takes.
SHORTEST: Final = 12
LONGEST: Final = 200
# A part of a name that is shorter than this is in too many words to be told from chance.
_PART: Final = 4
_FEWEST_CHARACTERS: Final = 5
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# The words people make passwords of first; with digits, signs and repetitions around them they stay easy.
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """
        password contraseña contrasena passwort clave micontraseña micontrasena qwerty qwertyuiop asdf asdfgh asdfghjkl
        zxcvbnm admin administrador administrator letmein welcome bienvenido bienvenida iloveyou teamo teamomucho
        monkey dragon sunshine princess princesa football futbol baseball superman batman pokemon colombia bogota
        medellin cali nacional millonarios america junior estrella mariposa tequiero familia jesus jesucristo dios
        diosesamor ventanilla gobierno ciudadano secret secreto changeme cambiame default master login test prueba
        hola holamundo abc abcd abcdef usuario user
        """,
    )
)
_ROWS: Final = (
    "01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
)  # fmt: skip


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    # Each hash takes 19 MiB: two at once bound what a flood of logins can take.
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def check(password: str, *, login: str, name: str = "") -> None:
    """Invalid unless the password is long enough, of its owner nothing, and none of the commonest."""
    if len(password) < SHORTEST:
        raise Invalid("password", f"a password needs at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise Invalid("password", f"a password has at most {LONGEST} characters")
    lower = password.lower()
    parts = [login, *re.split(r"[\W_]+", f"{login} {name}")]
    if any(part.lower() in lower for part in parts if len(part) >= _PART):
        raise Invalid("password", "a password must not contain the login or the name")
    if _is_common(lower):
        raise Invalid("password", "that is one of the first passwords somebody would try")


def _is_common(lower: str) -> bool:
    if len(set(lower)) < _FEWEST_CHARACTERS or any(lower in row for row in _ROWS):
        return True
    letters = re.sub(r"[\W\d_]+", "", lower)
    if not letters:
        return _counts(lower)
    # What is left of it is a common word, once or again and again.
    return any(letters.replace(word, "") == "" for word in _COMMON)


def _counts(digits: str) -> bool:
    """Whether digits only count: 1234567890123, 112233445566."""
    numbers = [int(character) for character in digits if character.isdecimal()]
    return {abs(a - b) for a, b in pairwise(numbers)} <= {0, 1, 9}


async def hashed(password: str) -> str:
    """The hash to keep. Invalid when the password is shorter than 12 characters."""
    if len(password) < SHORTEST:
        raise Invalid("password", f"a password needs at least {SHORTEST} characters")
    return await asyncio.get_running_loop().run_in_executor(_pool(), _HASHER.hash, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether the password is the kept one. Takes as long when there is none, so that no login can be told apart."""
    return await asyncio.get_running_loop().run_in_executor(_pool(), _verify, password, kept)


def _verify(password: str, kept: str | None) -> bool:
    try:
        return _HASHER.verify(kept or _nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
