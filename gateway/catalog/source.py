"""A configuration file with the place of everything in it, and the faults found there.

The file is composed into nodes, not loaded: every node knows its line and column, a key written twice is still there
twice, and nothing in the file can construct an object. Dates stay text until a type asks for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

Where = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something to be corrected by hand. Lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class CatalogFaults(Exception):
    """The configuration cannot be used; `faults` are all that were found, in reading order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(slots=True)
class Source:
    """One file: its plain data, and where each key and list item of it is written."""

    file: str
    data: Any = None
    places: dict[Where, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, where: Where, message: str) -> Fault:
        """A fault at `where`, or at the nearest place above it that is written in the file."""
        known = where
        while known and known not in self.places:
            known = known[:-1]
        line, column = self.places.get(known, (1, 1))
        return Fault(self.file, line, column, f"{spelled(where)}: {message}" if where else message)


@dataclass(frozen=True, slots=True)
class Part(Generic[M]):
    """A file read as a type: `fact` is None when it cannot be."""

    source: Source
    name: str
    fact: M | None

    @property
    def key(self) -> str:
        """The key the file declares, even when the rest of it is faulty, so that references to it still resolve."""
        declared = self.source.data.get("key") if isinstance(self.source.data, Mapping) else None
        return declared if isinstance(declared, str) else self.name


def spelled(where: Where) -> str:
    """`("topics", 2, "label")` as `topics[2].label`."""
    text = ""
    for step in where:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def guess(word: str, known: Iterable[str]) -> str:
    """`: did you mean 'x'?` when something known is near, else nothing."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.7)
    return f": did you mean '{near[0]}'?" if near else ""


def read(path: Path) -> Source:
    """The file's data and places. Whatever is wrong with it as YAML is in `faults`."""
    source = Source(file=str(path))
    try:
        # Some editors begin a file with a byte order mark, which is no part of it.
        text = path.read_text(encoding="utf-8-sig")
        node = _composed(text)
    except FileNotFoundError:
        source.faults.append(source.fault((), "the file is missing"))
    except UnicodeDecodeError as error:
        source.faults.append(source.fault((), f"the file is not UTF-8 text (byte {error.start}): save it as UTF-8"))
    except MarkedYAMLError as error:
        source.faults.append(_syntax_fault(source, error))
    except ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        source.faults.append(Fault(source.file, line, column, "an invisible control character stands here: delete it"))
    else:
        if node is None:
            source.faults.append(source.fault((), "the file is empty"))
        else:
            source.data = _Builder(source).value(node, ())
    return source


def _composed(text: str) -> Node | None:
    try:
        # libyaml, six times as fast; it is the same document wherever it is one.
        node: Node | None = YAML(typ="safe").compose(text)
    except YAMLError:
        # Said better, and with the place of it.
        node = YAML(typ="safe", pure=True).compose(text)
    return node


def _syntax_fault(source: Source, error: MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return Fault(source.file, line, column, f"not readable as YAML: {said}; look at indentation, quotes and colons")


class _Builder:
    """Turns nodes into plain data and notes the place of each."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen: set[int] = set()

    def value(self, node: Node, where: Where) -> Any:
        self._source.places.setdefault(where, _place(node))
        if id(node) in self._seen:
            # An alias can be circular, and an official who reads the file would have to look elsewhere.
            self._complain(where, "anchors and aliases (& and *) are not used here: write it out")
            return None
        self._seen.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, where)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        # Nodes are of these three kinds only.
        return self._scalar(str(node.value), str(node.tag), where)

    def _mapping(self, node: MappingNode, where: Where) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) else str(key_node.tag)
            line, column = _place(key_node)
            if key in data:
                first = self._source.places[(*where, key)][0]
                message = f"{spelled((*where, key))}: '{key}' is already given on line {first}: keep one of the two"
                self._source.faults.append(Fault(self._source.file, line, column, message))
                continue
            self._source.places[(*where, key)] = (line, column)
            data[key] = self.value(value_node, (*where, key))
        return data

    def _scalar(self, text: str, tag: str, where: Where) -> Any:
        match tag.removeprefix(_TAG):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float":
                return self._number(text, where)
            case other:
                self._complain(where, f"the tag '{other}' is not used here")
                return text

    def _number(self, text: str, where: Where) -> int | float | None:
        for convert in (int, float):
            try:
                return convert(text)
            except ValueError:
                continue
        self._complain(where, f"'{text}' is not a number people write: write it in decimal")
        return None

    def _complain(self, where: Where, message: str) -> None:
        self._source.faults.append(self._source.fault(where, message))


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
