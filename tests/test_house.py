"""The house's own rules, where the linters cannot see them."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GROUND = sorted((ROOT / "channels").glob("*.py"))
# What the ground floor does not know of.
UPSTAIRS = re.compile(r"(^|_)(case|cases|agency|agencies|manager|managers|database|sqlalchemy)(_|$)", re.IGNORECASE)
PACKAGES = ("gateway", "channels", "routing")


@pytest.mark.parametrize("path", GROUND, ids=lambda path: path.name)
def test_the_ground_floor_uses_no_word_of_the_floors_above(path: Path) -> None:
    named = {name for node in ast.walk(ast.parse(path.read_text("utf-8"))) for name in _names(node)}
    assert not {name for name in named if UPSTAIRS.search(name)}


def _names(node: ast.AST) -> Iterator[str]:
    """The identifiers a node brings in."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (part for alias in node.names for part in alias.name.split("."))
        yield from (node.module or "").split(".") if isinstance(node, ast.ImportFrom) else ()


def test_every_test_folder_is_a_package_so_that_it_cannot_shadow_the_code() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_sql_is_written_in_the_store_alone() -> None:
    statement = re.compile(r"\"(SELECT|INSERT|UPDATE|DELETE) ", re.IGNORECASE)
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "store" not in path.parts]
    found = [path.name for path in files if statement.search(path.read_text("utf-8")) and path.name != "health.py"]
    assert not found


def test_the_lock_names_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "index-url" not in lock.read_text("utf-8")
        assert "://" not in re.sub(r"#.*", "", lock.read_text("utf-8"))


def test_nothing_is_left_to_be_done_later() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|raise Not" r"ImplementedError)\b")
    found = [name for name in listed.stdout.split() if marks.search((ROOT / name).read_text("utf-8"))]
    assert not found
