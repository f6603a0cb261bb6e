"""What pydantic finds wrong, in words that say what to do."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.catalog.source import Fault, Source, Where, guess
from routing import catalog

# The patterns of routing/catalog.py; a pattern without words is shown as it is.
_PATTERNS = {
    r"^[a-z][a-z0-9-]{0,39}$": "must begin with a small letter, then small letters, digits and hyphens, at most 40",
    r"^[a-z][a-z0-9._-]{1,39}$": "must begin with a small letter, then small letters, digits, dots or hyphens",
    r"^\d{2}:\d{2}-\d{2}:\d{2}$": 'must be a span such as "08:00-12:00"',
    r"^\d{2}(\d{3})?$": 'must be a territory code of 2 or 5 digits in quotes, such as "91" or "91001"',
    r"^[A-Z]{2}$": "must be a country code of two capital letters, such as CO",
}
_LISTS = frozenset({"tuple_type", "list_type"})
_MAPPINGS = frozenset({"dict_type", "model_type", "model_attributes_type"})


def _names() -> frozenset[str]:
    types = [t for t in vars(catalog).values() if isinstance(t, type) and issubclass(t, BaseModel)]
    return frozenset(info.alias or name for t in types for name, info in t.model_fields.items())


_KNOWN_KEYS = _names()


def faults_of(error: ValidationError, source: Source) -> list[Fault]:
    """One fault for each of pydantic's findings, at the place of the key or item concerned."""
    return [_fault(details, source) for details in error.errors(include_url=False)]


def _fault(details: ErrorDetails, source: Source) -> Fault:
    # "[key]" is pydantic's mark that the key itself, not its value, is at fault.
    where: Where = tuple(step for step in details["loc"] if step != "[key]")
    if details["type"] == "missing":
        return source.fault(where[:-1], f"'{where[-1]}' is missing")
    return source.fault(where, _words(details, str(where[-1]) if where else ""))


def _words(details: ErrorDetails, name: str) -> str:
    kind, given, limits = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"'{name}' is not a key that is known here" + (guess(name, _KNOWN_KEYS) or ": remove it")
    if kind == "string_type":
        return _not_text(given)
    if kind in _LISTS:
        return "must be a list, for example [one, two]"
    if kind in _MAPPINGS:
        return "must be keys with values, one `key: value` a line"
    if kind in ("literal_error", "enum"):
        return f"must be one of {limits.get('expected', '')}, not {_shown(given)}"
    if kind == "string_pattern_mismatch":
        pattern = str(limits.get("pattern", ""))
        return f"{_PATTERNS.get(pattern, f'must match {pattern}')}, not {_shown(given)}"
    if kind.startswith("date"):
        return f"must be a date such as 2026-07-20, not {_shown(given)}"
    return _measure(kind, given, limits) or details["msg"]


def _measure(kind: str, given: Any, limits: Mapping[str, Any]) -> str | None:
    if kind == "string_too_long":
        return f"has {len(given)} characters, and at most {limits['max_length']} fit: shorten it"
    if kind.startswith("int"):
        return f"must be a whole number, not {_shown(given)}"
    if kind.startswith("float"):
        return f"must be a number, not {_shown(given)}"
    if kind == "greater_than_equal":
        return f"must be {limits['ge']} or more"
    if kind == "greater_than":
        return f"must be more than {limits['gt']}"
    if kind == "less_than_equal":
        return f"must be {limits['le']} or less"
    if kind == "less_than":
        return f"must be less than {limits['lt']}"
    if kind == "too_short":
        return f"needs at least {limits['min_length']} of them"
    return None


def _not_text(given: Any) -> str:
    if given is None:
        return "must be text, and nothing is written here"
    if isinstance(given, list | dict):
        return "must be one text, not a list or keys with values"
    return "must be text: put it in quotes"


def _shown(given: Any) -> str:
    if given is None:
        return "nothing"
    return f"'{given}'" if isinstance(given, str | int | float) else "a list or keys with values"
