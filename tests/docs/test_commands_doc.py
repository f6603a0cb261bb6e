"""docs/commands.md lags behind nothing: every command and every option is in it."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli import main

DOC = Path(__file__).parents[2] / "docs" / "commands.md"


def commands(group: click.Group, path: str = "ventanilla") -> Iterator[tuple[str, click.Command]]:
    """Every command of the tree with the words it is called by."""
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def sections() -> dict[str, str]:
    """The command in a heading, without its arguments, to the text below it."""
    parts = re.split(r"^#{2,3} `([a-z -]+?)(?: [A-Z]+)?`$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_its_section_and_no_section_is_left_over() -> None:
    assert set(sections()) == {path for path, _ in commands(main)}


def test_every_option_is_in_the_table_of_its_command() -> None:
    for path, command in commands(main):
        options = {option.opts[0] for option in command.params if isinstance(option, click.Option)}
        assert set(re.findall(r"^\| `(--[a-z-]+)` \|", sections()[path], flags=re.MULTILINE)) == options, path


def test_every_argument_stands_in_its_heading() -> None:
    headings = re.findall(r"^#{2,3} `(.+)`$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for path, command in commands(main):
        arguments = [p.name.upper() for p in command.params if isinstance(p, click.Argument) and p.name]
        assert " ".join([path, *arguments]) in headings


def test_every_command_says_what_it_does_and_what_its_options_are() -> None:
    for path, command in commands(main):
        assert command.help, path
        assert all(option.help for option in command.params if isinstance(option, click.Option)), path
