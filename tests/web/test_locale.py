"""Both languages say everything, and everything that is said exists."""

import ast
import re
from pathlib import Path

import pytest

from channels.message import DeliveryStatus
from gateway import desk
from gateway.desk import OUTCOMES
from gateway.principal import Role
from gateway.store import queue
from gateway.web import refusals
from gateway.web.console.views import VIEWS
from gateway.web.locale import LANGUAGES, texts
from routing.case import CaseState, EventKind
from routing.catalog import Unit
from routing.reading import SENTENCES

_TEMPLATES = Path(refusals.__file__).parent / "templates"
_USED = re.compile(r"""\bt\(\s*["']([a-z_.]+)["']\s*[,)]""")
_TOLD_BY_BUBBLES = {"received", "replied", "acknowledged", "noted", "delivered", "delivery_failed"}


def test_every_language_has_the_same_keys_with_the_same_placeholders() -> None:
    spanish, english = (texts()[language] for language in LANGUAGES)
    assert spanish.keys() == english.keys()
    for key, text in spanish.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key


def test_every_key_a_template_names_exists() -> None:
    used = {key for path in _TEMPLATES.rglob("*.html") for key in _USED.findall(path.read_text("utf-8"))}
    assert len(used) > 100
    assert used <= texts()["es"].keys()


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("reason", SENTENCES),
        ("state", CaseState),
        ("role", Role),
        ("outcome", OUTCOMES),
        ("delivery", DeliveryStatus),
        ("queue.views", VIEWS),
        ("queue.empty", VIEWS),
        ("queue.explained", VIEWS),
        ("case.term", Unit),
        ("event", set(EventKind) - _TOLD_BY_BUBBLES),
    ],
)
def test_every_word_of_the_gateways_vocabularies_is_translated(prefix: str, words: object) -> None:
    keys = {f"{prefix}.{word}" for word in words}  # type: ignore[attr-defined]
    assert keys <= texts()["es"].keys()


@pytest.mark.parametrize("module", [desk, queue])
def test_every_refusal_of_the_desk_has_a_translation_of_its_own(module: object) -> None:
    source = ast.parse(Path(module.__file__).read_text("utf-8"))  # type: ignore[attr-defined]
    said = [
        _sentence(node.args[-1])
        for node in ast.walk(source)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Conflict", "Invalid", "NotFound")
    ]
    assert said
    assert [sentence for sentence in said if not refusals.is_known(sentence)] == []


def _sentence(node: ast.expr) -> str:
    """A literal as it is; the changing parts of an f-string as a number, which fits wherever a word or number does."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "3" for part in node.values)
    assert isinstance(node, ast.Constant)
    return str(node.value)
