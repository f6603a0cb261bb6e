"""Colleagues who are named in a note: `@login`, anywhere but within a word or an address."""

import re
from collections.abc import Iterator
from typing import Final

# A login (see `gateway.principal`), without the mark that ends a sentence.
_MENTION: Final = re.compile(r"(?<![\w.@/-])@([a-z][a-z0-9._-]{0,38}[a-z0-9_])(?!\w)", re.IGNORECASE)


def logins(text: str) -> list[str]:
    """The logins that a text names, each once, in their order."""
    return list(dict.fromkeys(login.lower() for login in _MENTION.findall(text)))


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces that make it up again, and whether each is a mention."""
    at = 0
    for found in _MENTION.finditer(text):
        yield text[at : found.start()], False
        yield found[0], True
        at = found.end()
    yield text[at:], False
