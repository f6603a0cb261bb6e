"""Passwords: argon2id, 19 MiB and two passes, in a small pool of threads so that the loop never waits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import Invalid

SHORTEST: Final = 10
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    # Each hash takes 19 MiB: two at once bound what a flood of logins can take.
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hashed(password: str) -> str:
    """The hash to keep. Invalid when the password is shorter than 10 characters."""
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
