"""Cases of the past as a CSV file tells them, a row each: read once to find every fault, and once to import them.

The file is never held in memory. docs/clocks.md describes its columns.
"""

import csv
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from gateway.importing.row import Fault, Past, Row
from routing.catalog import Catalog

REQUIRED: Final = ("received", "class", "agency", "channel")
OPTIONAL: Final = (
    "answered", "suspended", "resumed", "extended", "transferred", "number", "territory", "external_id",
)  # fmt: skip


@dataclass(slots=True)
class Survey:
    """What a file holds. `highest` is the largest consecutive of the numbers given, by year."""

    rows: int = 0
    faults: int = 0
    digest: str = ""
    highest: dict[int, int] = field(default_factory=dict)


def survey(path: Path, catalog: Catalog, *, now: datetime, tell: Callable[[Fault], None]) -> Survey:
    """Read the whole file once and tell every fault, in the order of the lines; what is repeated comes last."""
    found, digest = Survey(), sha256()
    seen = array("Q")
    for item in _read(path, catalog, now=now, digest=digest):
        if isinstance(item, Fault):
            found.faults += 1
            tell(item)
            continue
        found.rows += 1
        seen.extend(_short(name) for name in _unique(item))
        if item.number is not None:
            consecutive = int(item.number[4:-1])
            found.highest[item.year] = max(consecutive, found.highest.get(item.year, 0))
    for fault in _repeats(path, catalog, seen, now=now):
        found.faults += 1
        tell(fault)
    found.digest = digest.hexdigest()
    return found


def pasts(path: Path, catalog: Catalog, *, now: datetime) -> Iterator[Past]:
    """The cases of a file without faults, one at a time."""
    return (item for item in _read(path, catalog, now=now, digest=sha256()) if isinstance(item, Past))


def _unique(past: Past) -> Iterator[str]:
    if past.key.startswith("id:"):
        yield past.key
    if past.number is not None:
        yield f"number:{past.number}"


def _short(name: str) -> int:
    """Eight bytes of a name: a million of them fit in eight megabytes."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def _repeats(path: Path, catalog: Catalog, seen: "array[int]", *, now: datetime) -> Iterator[Fault]:
    """Numbers and external ids that stand in two lines; the file is read again only when there are any."""
    ordered = array("Q", sorted(seen))
    twice = {a for a, b in pairwise(ordered) if a == b}
    if not twice:
        return
    first: dict[str, int] = {}
    for past in pasts(path, catalog, now=now):
        for name in _unique(past):
            if _short(name) in twice and first.setdefault(name, past.line) != past.line:
                kind, _, value = name.partition(":")
                said = "external_id" if kind == "id" else "number"
                yield Fault(str(path), past.line, f"{said} {value} stands in line {first[name]} already")


def _read(path: Path, catalog: Catalog, *, now: datetime, digest: Any) -> Iterator[Past | Fault]:
    """The rows in order. A file without a good header has nothing but faults."""
    row = Row(path, catalog, now)
    with path.open("rb") as file:
        lines = _lines(file, digest)
        header = next(lines, "")
        delimiter = ";" if ";" in header and "," not in header else ","
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        wrong = list(_wrong_header(columns))
        yield from (Fault(str(path), 1, message) for message in wrong)
        if wrong:
            return
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Fault(str(path), line, f"is no row of a CSV file: {error}")
                continue
            if any(cell.strip() for cell in cells):
                yield from row.read(line, columns, cells)


def _lines(file: Any, digest: Any) -> Iterator[str]:
    for number, raw in enumerate(file):
        digest.update(raw)
        # What is no UTF-8 stays visible in the cell, where it is refused.
        yield raw.decode("utf-8-sig" if number == 0 else "utf-8", "replace")


def _wrong_header(columns: list[str]) -> Iterator[str]:
    known = (*REQUIRED, *OPTIONAL)
    if missing := [name for name in REQUIRED if name not in columns]:
        yield f"the header lacks {', '.join(missing)}; it may have: {', '.join(known)}"
    if unknown := [name for name in columns if name not in known]:
        yield f"unknown column {', '.join(unknown)}; there are: {', '.join(known)}"
    if len(set(columns)) < len(columns):
        yield "a column stands twice in the header"
