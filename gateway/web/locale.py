"""What the pages say, in every language of ours: `locale/<part>.<language>.yaml`, read once.

Keys are dotted paths (`queue.views.mine`). Texts hold `{placeholders}`: substitution only, nothing is evaluated.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

LANGUAGES: Final = ("es", "en")
_FOLDER: Final = Path(__file__).parent / "locale"


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """Language to key to text."""
    return {language: _of(language) for language in LANGUAGES}


def _of(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob(f"*.{language}.yaml")):
        found.update(_flat(YAML(typ="safe").load(path.read_text(encoding="utf-8"))))
    return found


def _flat(tree: Mapping[Any, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        path = f"{before}{key}"
        found.update(_flat(value, f"{path}.") if isinstance(value, Mapping) else {path: str(value)})
    return found


def say(language: str, key: str, **values: object) -> str:
    """A text with its placeholders filled. KeyError when there is none of that key."""
    text = texts()[language][key]
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def maybe(language: str, key: str, **values: object) -> str | None:
    """A text, or None when there is none of that key: for codes that come from outside."""
    return say(language, key, **values) if key in texts()[language] else None


def chosen(wished: str | None) -> str | None:
    """The language of ours that a tag such as "en-GB" names, or None."""
    base = (wished or "").strip().replace("_", "-").partition("-")[0].lower()
    return base if base in LANGUAGES else None


def negotiated(accept_language: str, *, default: str = LANGUAGES[0]) -> str:
    """The first language of ours in an Accept-Language header, by its weights."""
    weighed = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, weight = part.partition(";q=")
        weighed.append((-_weight(weight), place, chosen(tag)))
    return next((language for _, _, language in sorted(weighed, key=lambda w: w[:2]) if language), default)


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
