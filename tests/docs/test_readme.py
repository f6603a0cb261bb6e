"""What a document tells people to type is understood by what they type it at."""

import re
import shlex
from pathlib import Path

import click
import pytest

from gateway.cli import main
from tests.docs.pages import ROOT, code_lines, code_words, pages

PAGES = pages()
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
# A call within a line of shell: up to a pipe, a comment or the end of a substitution.
CALL = re.compile(r"(?:^|[\s/(])ventanilla ((?:[a-z]|--help|--version)(?:\"[^\"]*\"|[^|)#\"])*)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def calls(line: str) -> list[list[str]]:
    """The words behind each `ventanilla` of a line."""
    return [shlex.split(re.split(r"\s{3,}", call)[0]) for call in CALL.findall(line)]


def understood(words: list[str]) -> click.Context:
    """The call, parsed by the command it names and not carried out. UsageError when click would refuse it."""
    command: click.Command = main
    path = "ventanilla"
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        word, *words = words
        if word not in command.commands:
            raise click.NoSuchCommand(word)
        command, path = command.commands[word], f"{path} {word}"
    return command.make_context(path, list(words))


def test_the_two_commands_of_the_readme_are_targets_of_make() -> None:
    told = set(re.findall(r"^ {4}make (\w+)$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert told == {"run", "test"}
    assert told <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = [word for line in (*code_lines(text), *code_words(text)) for word in re.findall(r"^make ([a-z]+)", line)]

    assert set(told) <= TARGETS


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_line_in_a_block_is_understood(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = list(code_lines(page.read_text(encoding="utf-8")))

    assert [words for line in lines for words in calls(line) if not _parses(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_named_in_a_sentence_exists(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    told = [words for word in code_words(page.read_text(encoding="utf-8")) for words in calls(word)]

    # In a sentence a command may stand without what it needs: `ventanilla staff`.
    assert [words for words in told if not _parses(words, whole=False)] == []


def _parses(words: list[str], *, whole: bool = True) -> bool:
    try:
        understood(words)
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
        return not whole
    except click.exceptions.Exit:
        # --help and --version are carried out at once.
        return True
    except click.UsageError:
        return False
    return True


@pytest.mark.parametrize(
    "line",
    [
        "ventanilla serv",
        "ventanilla staff add luz --colour blue",
        "ventanilla route 'a text'",
        "ventanilla simulate --rate many",
    ],
)
def test_a_slip_in_a_command_line_would_be_noticed(line: str) -> None:
    [words] = calls(line)

    assert not _parses(words)


def test_the_readme_shows_every_line_the_start_prints() -> None:
    banner = (ROOT / "gateway" / "banner.py").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    labels = re.findall(r'f"  (\w+(?: \w+)*) +\{', banner)

    assert len(labels) >= 4
    assert [label for label in labels if f"      {label}" not in readme] == []
