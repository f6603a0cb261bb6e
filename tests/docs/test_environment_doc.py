"""The environment's table in docs/configuration.md lags behind nothing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import settings
from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").split("## Environment\n")[1]


def rows() -> dict[str, tuple[str, str]]:
    """Each variable of the table to what it says and its default."""
    found = re.findall(r"^\| `([A-Z_]+)` \| (.*) \| (.*) \|$", TEXT, flags=re.MULTILINE)
    return {name: (said, default) for name, said, default in found}


def written(said: str) -> tuple[str, str]:
    """A variable's text as the document writes it: without its default, and the default."""
    if found := re.search(r" \(default (`[^`]+`)\)$", said):
        return said[: found.start()], found[1]
    if found := re.search(r"(`[^`]+`) \(default\)", said):
        return said.replace(" (default)", ""), found[1]
    return said, "none"


def test_every_variable_stands_in_the_table_and_every_row_is_a_variable() -> None:
    assert rows() == {name: written(said) for name, said in settings.VARIABLES.items()}


def test_every_secret_of_a_provider_is_a_known_variable() -> None:
    held = {variable for words in settings.PROVIDER_VARIABLES.values() for variable in words.values()}

    assert held <= settings.VARIABLES.keys()


def test_the_code_reads_no_variable_that_is_not_in_the_table() -> None:
    named = {
        name
        for path in (ROOT / "gateway").rglob("*.py")
        for name in re.findall(r"\bVENTANILLA_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }

    assert named <= rows().keys()


def test_the_defaults_of_the_table_are_those_of_an_empty_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    table = {name: default.strip("`") for name, (_, default) in rows().items() if name.startswith("VENTANILLA_")}
    said = settings.read({name: default for name, default in table.items() if default != "none"})
    silent = settings.read({})

    # The invented secrets differ from one reading to the next.
    assert replace(said, secrets={}) == replace(silent, secrets={})
