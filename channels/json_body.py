"""A JSON body, read so that whatever comes out can be stored."""

import json
import re
from typing import Any, NoReturn

from channels.channel import Unreadable

# Half of a pair of UTF-16 escapes: JSON can say it, UTF-8 cannot, so nothing stores it.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(body: bytes) -> dict[str, Any]:
    """The object in `body`. Unreadable when there is none.

    Bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD, so a text survives its damaged character.
    """
    try:
        value = json.loads(body.decode(errors="replace"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("the body is JSON, but not an object")
    return _whole(value) if _SURROGATE_ESCAPE.search(body) else value


def _whole(value: dict[str, Any]) -> dict[str, Any]:
    written = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")
    whole: dict[str, Any] = json.loads(written.decode("utf-16", "replace"))
    return whole


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
