"""A route of the API: one row that serves it, guards it, checks its body and documents it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from pydantic import BaseModel

from gateway.principal import Right
from gateway.web.api.asked import Ask, Asked, Nothing

BASE: Final = "/api/v1"
# The parts of paths, by name: what does not match is no such thing.
PATH_PATTERNS: Final = {
    "number": r"[0-9]{11,14}",
    "id": r"[0-9]{1,19}",
    "key": r"[a-z][a-z0-9-]{0,39}",
    "login": r"[a-z][a-z0-9._-]{1,39}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`path` is below `BASE`. `right` None: anybody, without a token. `empty` says when the answer is 204."""

    method: str
    path: str
    handler: Callable[[Ask], Awaitable[BaseModel | web.Response | None]]
    summary: str
    right: Right | None
    query: type[Asked] = Nothing
    body: type[Asked] = Nothing
    # None: bytes, described by `media`.
    answer: type[BaseModel] | None = None
    media: str = "application/json"
    # Another form the same answer may be asked for in, such as text/csv.
    also: str | None = None
    status: int = 200
    empty: str | None = None
