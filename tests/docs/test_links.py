"""Nothing that a document points at is missing: files, pictures, headings."""

import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, pages, prose

PAGES = pages()
# A path of this tree, wherever it stands in a text: in a table, a command or a sentence.
NAMED = re.compile(
    r"(?<![\w/.:<>{}-])((?:gateway|channels|routing|config|docs|tests|benchmarks|requirements)/[\w./-]*\.[a-z]+)\b"
)
# A file that is named without its folder; in a page on one folder that is how a person writes it.
BARE = re.compile(r"`(\w+\.py)`")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def targets(page: Path) -> list[str]:
    """What the page's links and pictures point at, within the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8")))
    return [unquote(target) for target in found if not re.match(r"[a-z]+:", target)]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("\\", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        repeats = sum(
            other == anchor or re.fullmatch(rf"{re.escape(anchor)}-\d+", other) is not None for other in found
        )
        found.append(f"{anchor}-{repeats}" if repeats else anchor)
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_and_picture_leads_to_something(page: Path) -> None:
    paths = [target.partition("#")[0] for target in targets(page)]

    assert [path for path in paths if not (page.parent / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_anchor_is_a_heading(page: Path) -> None:
    pointed = [target.partition("#") for target in targets(page) if "#" in target]
    missing = [
        f"{path}#{anchor}"
        for path, _, anchor in pointed
        if anchor not in anchors((page.parent / path).resolve() if path else page)
    ]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_is_named_exists(page: Path) -> None:
    text = re.sub(r"\]\([^)]*\)", "]", page.read_text(encoding="utf-8"))
    modules = {path.name for package in ("gateway", "channels", "routing") for path in (ROOT / package).rglob("*.py")}

    missing = [path for path in NAMED.findall(text) if not any((base / path).exists() for base in (ROOT, page.parent))]
    assert missing == []
    assert set(BARE.findall(text)) <= modules


def test_every_page_of_the_documents_is_in_their_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target.partition("#")[0]).resolve() for target in targets(index)}

    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= listed


def test_every_picture_is_shown_somewhere_and_is_light() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in targets(page)}
    pictures = set((ROOT / "docs" / "pictures").iterdir())

    assert pictures <= shown
    assert {picture.name for picture in pictures if picture.stat().st_size >= 200_000} == set()


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "pictures").glob("*.svg")), ids=lambda path: path.name)
def test_a_drawing_says_in_words_what_it_shows_and_is_drawn_for_dark_pages_too(picture: Path) -> None:
    drawing = ElementTree.parse(picture).getroot()  # noqa: S314 — our own file

    assert drawing.findtext("{http://www.w3.org/2000/svg}desc")
    assert "prefers-color-scheme: dark" in picture.read_text(encoding="utf-8")
