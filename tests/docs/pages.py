"""The project's documents, as the tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a checkout does not have: made by running, testing and building.
_MADE = {"var", "build", "dist", "node_modules"}


def pages() -> list[Path]:
    """Every Markdown file of the project."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in _MADE and path.name[0] != "."]
    found = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    return sorted(found)


def prose(text: str) -> str:
    """The text without what stands in fences and backticks, which only looks like links and headings."""
    return re.sub(r"`[^`\n]*`", "``", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def code_lines(text: str) -> Iterator[str]:
    """The lines of fenced and indented blocks, those that end in a backslash joined with the next."""
    fenced = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))
    indented = "\n".join(re.findall(r"^ {4}(\S.*)$", text, flags=re.MULTILINE))
    yield from re.sub(r"\\\n\s*", "", f"{fenced}\n{indented}").splitlines()


def code_words(text: str) -> list[str]:
    """What stands in backticks within a line, headings left out."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", body, flags=re.DOTALL | re.MULTILINE))
