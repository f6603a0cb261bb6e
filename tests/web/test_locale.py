"""Both languages say everything, and everything that is said exists."""

import ast
import re
from pathlib import Path

import pytest

from channels import channel
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
from routing.clocks import Began, Standing
from routing.reading import SENTENCES

_TEMPLATES = Path(refusals.__file__).parent / "templates"
_USED = re.compile(r"""\bt\(\s*["']([a-z_.]+)["']\s*[,)]""")
MOVERS = ("classify", "completion", "incomplete", "prolong", "resume", "extend")
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
        ("standing", Standing),
        ("terms.began", Began),
        ("terms.left", Unit),
        ("terms.verb", MOVERS),
        ("terms.help", MOVERS),
        ("terms.do", MOVERS),
    ],
)
def test_every_word_of_the_gateways_vocabularies_is_translated(prefix: str, words: object) -> None:
    keys = {f"{prefix}.{word}" for word in words}  # type: ignore[attr-defined]
    assert keys <= texts()["es"].keys()


_DESK = (*sorted(Path(desk.__file__).parent.glob("*.py")), Path(queue.__file__))


@pytest.mark.parametrize("module", _DESK, ids=lambda path: path.stem)
def test_every_refusal_of_the_desk_has_a_translation_of_its_own(module: Path) -> None:
    assert [sentence for sentence in _refused(module) if not refusals.is_known(sentence)] == []


def test_the_refusals_are_found_where_they_are_made() -> None:
    assert len([sentence for module in _DESK for sentence in _refused(module)]) > 40


def test_every_sentence_of_the_channels_on_a_request_that_is_no_message_is_translated_and_no_other() -> None:
    adapters = sorted(Path(channel.__file__).parent.glob("*.py"))
    said = {sentence for module in adapters for sentence in _raised(module, "NotAuthentic", "Unreadable")}
    known = {key.removeprefix("operations.refused.") for key in texts()["es"] if key.startswith("operations.refused.")}
    # A detail may follow; a field of the web form says its own sentence, in the language of the form.
    without_details = {sentence.removesuffix(": 3") for sentence in said} - {"str(error)"}
    assert without_details | {"a defect of ours"} == known


def _refused(module: Path) -> list[str]:
    return _raised(module, "Conflict", "Invalid", "NotFound")


def _raised(module: Path, *errors: str) -> list[str]:
    return [
        _sentence(node.args[-1])
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors
    ]


def _sentence(node: ast.expr) -> str:
    """A literal as it is; the changing parts of an f-string as a number, which fits wherever a word or number does."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "3" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)
