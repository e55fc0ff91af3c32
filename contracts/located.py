"""YAML read with the line of every key and item.

Here: one document of plain mappings, lists, texts, numbers and booleans, each with its place.
Not here: what the keys mean. Anchors, tags, repeated keys and second documents are refused: a
contract is not always written by the person whose credentials run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamStartEvent,
)

from contracts.errors import ContractError, ContractProblem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_BRACKETS = 200
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"^([-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+)$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: Path
    line: int


class LocatedMap(dict[str, Any]):
    """A mapping that knows the line of each key."""

    def __init__(self, place: Place) -> None:
        """Start empty at a place."""
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:  # noqa: ANN401 - any YAML value
        """Set a key and remember where it was written."""
        self[key] = value
        self.places[key] = place


class LocatedList(list[Any]):
    """A list that knows the line of each item."""

    def __init__(self, place: Place) -> None:
        """Start empty at a place."""
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def put(self, value: Any, place: Place) -> None:  # noqa: ANN401 - any YAML value
        """Append an item and remember where it was written."""
        self.append(value)
        self.places.append(place)


def read_located(path: Path) -> LocatedMap:
    """Read one YAML file whose top is a mapping. Raises ContractError, never a YAML or I/O error."""
    return parse_located(_read_text(path), path)


def parse_located(text: str, path: Path) -> LocatedMap:
    """Read YAML text as if it stood in the file `path`. Raises ContractError."""
    _check_text(text, path)
    try:
        tree = _Builder(text, path).read_document()
    except YAMLError as error:
        raise _syntax_fault(error, path) from None
    if not isinstance(tree, LocatedMap):
        raise _fault(
            path, 1, "the file is not a mapping of keys to values", "start with `apiVersion: v3.1.0`"
        )
    return tree


def place_of(tree: Any, path: tuple[str | int, ...]) -> Place | None:  # noqa: ANN401 - any YAML value
    """Find the place nearest to a path: its own, else that of the deepest part that exists."""
    place: Place | None = getattr(tree, "place", None)
    for part in path:
        if isinstance(tree, LocatedMap) and part in tree:
            place, tree = tree.places[str(part)], tree[str(part)]
        elif isinstance(tree, LocatedList) and isinstance(part, int) and part < len(tree):
            place, tree = tree.places[part], tree[part]
        else:
            break
    return place


def _read_text(path: Path) -> str:
    """Read bounded UTF-8 text."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(
                path, None, f"the file is larger than {MAX_BYTES:,} bytes", "split it or remove data"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(
            path, None, f"the file is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        ) from None
    except OSError as error:
        raise _fault(path, None, f"the file can't be read: {error.strerror}", "check the path") from None


def _check_text(text: str, path: Path) -> None:
    """Refuse what the scanner would stumble over or take quadratic time on."""
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise _fault(path, 1, "the file is empty", "start with `apiVersion: v3.1.0`")
    if _bracket_depth(text) > MAX_BRACKETS:
        raise _fault(path, None, f"nested deeper than {MAX_DEPTH} levels", "flatten it")


class _Builder:
    """Builds one document from YAML events, refusing what a contract has no use for."""

    def __init__(self, text: str, path: Path) -> None:
        """Start before the first event."""
        self.path = path
        self.events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)

    def read_document(self) -> Any:  # noqa: ANN401 - any YAML value
        """Return the one document's value."""
        event = self._next()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = self._next()
        value = self._value(event, 0)
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                raise self._fault(event, "the file holds several documents", "keep one")
        return value

    def _next(self) -> Event:
        return next(self.events)

    def _value(self, event: Event, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        """Build the value that begins with an event."""
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise self._fault(
                event, "anchors and aliases are refused", "write the value out where it is used"
            )
        if not isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            raise self._fault(event, "this YAML is not understood", "use mappings, lists and values")
        if event.tag:
            raise self._fault(event, f"the tag `{event.tag}` is refused", "write the value without a tag")
        if depth > MAX_DEPTH:
            raise self._fault(event, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(event, MappingStartEvent):
            return self._map(event, depth)
        if isinstance(event, SequenceStartEvent):
            items = LocatedList(self._place(event))
            while not isinstance(inner := self._next(), SequenceEndEvent):
                items.put(self._value(inner, depth + 1), self._place(inner))
            return items
        return read_scalar(str(event.value)) if event.implicit[0] else str(event.value)

    def _map(self, start: Event, depth: int) -> LocatedMap:
        """Build a mapping; a key twice, or one that isn't text, is an error at its line."""
        tree = LocatedMap(self._place(start))
        while not isinstance(event := self._next(), MappingEndEvent):
            place = self._place(event)
            if not isinstance(event, ScalarEvent) or event.value == "<<" or event.tag or event.anchor:
                raise self._fault(event, "keys must be plain text", "write the keys out")
            key = str(event.value)
            if key in tree:
                first = tree.places[key].line
                raise self._fault(
                    event, f"`{key}` is written twice (first on line {first})", "keep one of them"
                )
            tree.put(key, self._value(self._next(), depth + 1), place)
        return tree

    def _place(self, event: Event) -> Place:
        return Place(self.path, event.start_mark.line + 1)

    def _fault(self, event: Event, problem: str, fix: str) -> ContractError:
        return _fault(self.path, event.start_mark.line + 1, problem, fix)


def _bracket_depth(text: str) -> int:
    """Count how deep brackets stand open, quoted or not."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth = max(depth - 1, 0)
    return deepest


def _syntax_fault(error: YAMLError, path: Path) -> ContractError:
    """Say where the YAML stops making sense."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = str(getattr(error, "problem", None) or error).split("\n", 1)[0]
    line = mark.line + 1 if mark is not None else None
    return _fault(path, line, f"not valid YAML: {words}", "check indentation, colons and quotes at this line")


def read_scalar(text: str) -> str | int | float | bool | None:
    """Resolve a plain scalar by YAML 1.2's core schema; dates stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _fault(path: Path, line: int | None, problem: str, fix: str) -> ContractError:
    """One problem of a file as an error."""
    return ContractError(ContractProblem(path, line, "", problem, fix))


def iterate_maps(items: Any) -> Iterator[tuple[int, LocatedMap]]:  # noqa: ANN401 - any YAML value
    """Yield the mappings of a list with their index; anything else is passed over."""
    if isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, LocatedMap):
                yield index, item
