"""YAML read with the line of every key and item.

Here: one document of plain mappings, lists, texts, numbers and booleans, each with its place.
Not here: what the keys mean. Anchors, tags, repeated keys and second documents are refused: a
contract is not always written by the person whose credentials run it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from contracts.errors import ContractError, ContractProblem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_BRACKETS = 200
_TAG = "tag:yaml.org,2002:"


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
    node = _compose(text, path)
    if not isinstance(node, MappingNode):
        raise _fault(
            path, 1, "the file is not a mapping of keys to values", "start with `apiVersion: v3.1.0`"
        )
    tree = _build(node, path)
    if not isinstance(tree, LocatedMap):  # pragma: no cover - _build of a mapping is a mapping
        raise TypeError(type(tree))
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


def _compose(text: str, path: Path) -> Node | None:
    """Parse to nodes; a syntax error becomes a ContractError at its line."""
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise _fault(path, 1, "the file is empty", "start with `apiVersion: v3.1.0`")
    try:
        _check_events(text, path)
        return YAML(typ="safe", pure=True).compose(text)  # type: ignore[no-any-return]
    except RecursionError:
        raise _fault(path, None, "the file is nested too deeply", "flatten it") from None
    except YAMLError as error:
        raise _syntax_fault(error, path) from None


def _check_events(text: str, path: Path) -> None:
    """Refuse, before anything is built, what could make a small file a large or a deep one."""
    if _bracket_depth(text) > MAX_BRACKETS:  # the scanner itself takes quadratic time on these
        raise _fault(path, None, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _fault(
                path, line, "anchors and aliases are refused", "write the value out where it is used"
            )
        depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
        depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
        if depth > MAX_DEPTH:
            raise _fault(path, line, f"nested deeper than {MAX_DEPTH} levels", "flatten it")


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
    if words.startswith("but found another document"):
        return _fault(path, mark.line + 1 if mark else None, "the file holds several documents", "keep one")
    line = mark.line + 1 if mark is not None else None
    return _fault(path, line, f"not valid YAML: {words}", "check indentation, colons and quotes at this line")


def _build(node: Node, path: Path) -> Any:  # noqa: ANN401 - any YAML value
    """Turn nodes to values, refusing what a contract has no use for."""
    line = node.start_mark.line + 1
    if isinstance(node, MappingNode):
        return _build_map(node, path)
    if isinstance(node, SequenceNode):
        _check_tag(node, path, {"seq"})
        items = LocatedList(Place(path, line))
        for item in node.value:
            items.put(_build(item, path), Place(path, item.start_mark.line + 1))
        return items
    if isinstance(node, ScalarNode):
        return _scalar(node, path)
    raise _fault(path, line, "this YAML is not understood", "use plain mappings, lists and values")


def _build_map(node: MappingNode, path: Path) -> LocatedMap:
    """Build a mapping; a key twice, or one that isn't text, is an error at its line."""
    _check_tag(node, path, {"map"})
    tree = LocatedMap(Place(path, node.start_mark.line + 1))
    for key_node, value_node in node.value:
        place = Place(path, key_node.start_mark.line + 1)
        if not isinstance(key_node, ScalarNode) or key_node.value == "<<":
            raise _fault(path, place.line, "keys must be plain text", "write the keys out")
        key = str(key_node.value)
        if key in tree:
            first = tree.places[key].line
            raise _fault(
                path, place.line, f"`{key}` is written twice (first on line {first})", "keep one of them"
            )
        tree.put(key, _build(value_node, path), place)
    return tree


def _scalar(node: ScalarNode, path: Path) -> str | int | float | bool | None:
    """Resolve a scalar by YAML 1.2's core schema; dates stay text."""
    kind = _check_tag(node, path, {"str", "int", "float", "bool", "null", "timestamp"})
    text = str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return (
            int(text.replace("_", ""), 0) if text.lower().lstrip("+-").startswith(("0x", "0o")) else int(text)
        )
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _check_tag(node: Node, path: Path, allowed: set[str]) -> str:
    """Return the short tag of a node; anything but plain data is refused."""
    tag = str(node.tag)
    short = tag.removeprefix(_TAG)
    if not tag.startswith(_TAG) or short not in allowed:
        raise _fault(
            path, node.start_mark.line + 1, f"the tag `{tag}` is refused", "write the value without a tag"
        )
    return short


def _fault(path: Path, line: int | None, problem: str, fix: str) -> ContractError:
    """One problem of a file as an error."""
    return ContractError(ContractProblem(path, line, "", problem, fix))


def iterate_maps(items: Any) -> Iterator[tuple[int, LocatedMap]]:  # noqa: ANN401 - any YAML value
    """Yield the mappings of a list with their index; anything else is passed over."""
    if isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, LocatedMap):
                yield index, item
