"""The corpus: what is asked of each agency and what is answered, and what people say around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

_FOLDER: Final = Path(__file__).parent / "corpus"
_QUESTIONS: Final = ("people", "health", "papers", "places")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question and its answers, with names in braces to be filled alike. `file`: image or document, if one comes."""

    agency: str
    topic: str
    question: str
    answers: tuple[str, ...]
    language: str = "es"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """Entries by agency, how much each agency is asked compared with the others, and phrases by language and use."""

    entries: Mapping[str, Sequence[Entry]]
    weights: Mapping[str, int]
    phrases: Mapping[str, Mapping[str, Any]]

    def said(self, language: str, use: str) -> Sequence[str]:
        """The phrases of a use, in Spanish where the language has none."""
        found = self.phrases[language].get(use) or self.phrases["es"][use]
        return (found,) if isinstance(found, str) else found


@lru_cache(maxsize=1)
def corpus() -> Corpus:
    """The corpus, read once."""
    agencies: dict[str, dict[str, Any]] = {}
    for name in _QUESTIONS:
        agencies |= _read(name)
    return Corpus(
        entries={key: tuple(_entries(key, told["topics"])) for key, told in agencies.items()},
        weights={key: told["weight"] for key, told in agencies.items()},
        phrases=_read("phrases"),
    )


def at_hand() -> Mapping[str, Any]:
    """Canned answers of `everybody` and of `agencies`, and `views` by agency."""
    return _read("at_hand")


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def _entries(agency: str, topics: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Entry]:
    return [
        Entry(
            agency=agency, topic=topic, question=told["q"], answers=tuple(told["a"]),
            language=told.get("lang", "es"), file=told.get("file"),
        )
        for topic, asked in topics.items()
        for told in asked
    ]  # fmt: skip
