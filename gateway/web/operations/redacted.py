"""A provider's request as an operator may read it: our secrets in it are covered."""

from collections.abc import Mapping
from typing import Any

from gateway.settings import Settings
from gateway.web import shown

_COVER = "•••"
# A shorter secret would cover half the page; none of ours is.
_SHORTEST = 6
# A body is shown up to here, in characters.
_LONGEST = 20_000


def secrets_of(settings: Settings) -> list[str]:
    """Every configured secret, the longest first; where an API lives is none."""
    found = {
        value
        for provider in settings.secrets.values()
        for name, value in provider.items()
        if name != "api_url" and len(value) >= _SHORTEST
    }
    return sorted(found, key=len, reverse=True)


def cover(text: str, secrets: list[str]) -> str:
    """The text with every secret in it covered."""
    for secret in secrets:
        text = text.replace(secret, _COVER)
    return text


def as_text(row: Any, secrets: list[str]) -> str:
    """The request line, the headers and the body."""
    target = row.tail + (f"?{row.query}" if row.query else "")
    headers: Mapping[str, Any] = row.headers
    lines = [f"{row.method} /webhooks/{row.channel}{target}", *(f"{name}: {headers[name]}" for name in sorted(headers))]
    body = bytes(row.body).decode("utf-8", "replace")
    more = f"\n… (+{len(body) - _LONGEST})" if len(body) > _LONGEST else ""
    return shown.tame(cover("\n".join([*lines, "", body[:_LONGEST] + more]), secrets))
