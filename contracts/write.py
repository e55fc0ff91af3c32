"""A contract written back as YAML: read, written and read again, it is the same but for its layout.

Here: from a tree of plain values to text, with comments where wanted. Not here: reading (`located`).
Anchors, tags and line breaks inside texts are never written: what comes out is what goes in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.located import read_scalar
from contracts.shape import KeyPath

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z0-9_/À-ɏ(][\w /.,()@+%*'’·°³-]*")
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9_/À-ɏ(][\w /.()@+%*'’·°³-]*")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}")
Comments = Mapping[KeyPath, str]


def write_contract(tree: Mapping[str, Any], comments: Comments | None = None, *, head: str = "") -> str:
    """Return a contract as YAML text that reads back equal.

    Args:
        tree: mappings, lists, texts, numbers, booleans and nulls.
        comments: a remark by key path, written at the end of its line, or above it where it is long.
        head: a remark above all, without `#`.
    """
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += _write_map(tree, (), 0, comments or {})
    return "\n".join(lines) + "\n"


def write_scalar(value: Any, *, is_flow: bool = False) -> str:  # noqa: ANN401 - any YAML value
    """Return one value as YAML reads it back: texts plain where nothing else could be meant."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    plain = _FLOW_PLAIN if is_flow else _PLAIN
    is_plain = plain.fullmatch(text) and not text.endswith(" ") and isinstance(read_scalar(text), str)
    # Other tools read a bare day as a date.
    is_plain = is_plain and not _DAY.match(text)
    return text if is_plain else _quote(text)


def _write_map(tree: Mapping[str, Any], at: KeyPath, depth: int, comments: Comments) -> list[str]:
    """Write a mapping, a key a line, deeper values below their key."""
    lines: list[str] = []
    for key, value in tree.items():
        lines += _write_entry(f"{write_scalar(str(key))}:", value, (*at, str(key)), depth, comments)
    return lines


def _write_list(items: list[Any], at: KeyPath, depth: int, comments: Comments) -> list[str]:
    """Write a list, each item behind its dash; a mapping begins on the dash's own line."""
    lines: list[str] = []
    for index, item in enumerate(items):
        path = (*at, index)
        if isinstance(item, dict) and item and not _fits(item, depth, path, comments):
            inner = _write_map(item, path, depth + 1, comments)
            first = next(i for i, line in enumerate(inner) if not line.lstrip().startswith("#"))
            inner[first] = f"{'  ' * depth}- {inner[first].lstrip()}"
            lines += _above(path, depth, comments) + inner
        else:
            lines += _write_entry("-", item, path, depth, comments)
    return lines


def _write_entry(head: str, value: Any, at: KeyPath, depth: int, comments: Comments) -> list[str]:  # noqa: ANN401
    """Write `key: value` or `- value` on one line, or the value below its head."""
    pad = "  " * depth
    if not isinstance(value, dict | list) or not value or _fits(value, depth + len(head) // 2, at, comments):
        return _beside(f"{pad}{head} {_flow(value, is_top=True)}", at, depth, comments)
    below = (
        _write_map(value, at, depth + 1, comments)
        if isinstance(value, dict)
        else _write_list(value, at, depth + 1, comments)
    )
    return [*_above(at, depth, comments), f"{pad}{head}", *below]


def _beside(line: str, at: KeyPath, depth: int, comments: Comments) -> list[str]:
    """Put a remark at the end of its line if there is room, else above."""
    remark = _printable(comments.get(at, ""))
    if not remark:
        return [line]
    if len(line) + len(remark) + 4 <= WIDTH:
        return [f"{line}  # {remark}"]
    return [*_above(at, depth, comments), line]


def _above(at: KeyPath, depth: int, comments: Comments) -> list[str]:
    remark = _printable(comments.get(at, ""))
    return [f"{'  ' * depth}# {remark}"] if remark else []


def _printable(remark: str) -> str:
    """Return a remark that stays on its line, whatever it quotes."""
    return " ".join("".join(c if c.isprintable() else " " for c in remark).split())


def _fits(value: Any, depth: int, at: KeyPath, comments: Comments) -> bool:  # noqa: ANN401
    """Whether a value is small enough for one line and has no remark inside."""
    if not at or at[-1] in ("schema", "properties", "servers", "deliveryRules"):
        return False
    if any(len(path) > len(at) and path[: len(at)] == at for path in comments):
        return False
    return _depth(value) <= 3 and len(_flow(value)) + 2 * depth < WIDTH - 10  # noqa: PLR2004


def _flow(value: Any, *, is_top: bool = False) -> str:  # noqa: ANN401 - any YAML value
    """Write a value on one line."""
    if isinstance(value, dict):
        inner = (f"{write_scalar(str(k), is_flow=True)}: {_flow(v)}" for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return write_scalar(value, is_flow=not is_top)


def _depth(value: Any) -> int:  # noqa: ANN401 - any YAML value
    inner: Iterator[Any] = iter(())
    if isinstance(value, dict):
        inner = iter(value.values())
    elif isinstance(value, list):
        inner = iter(value)
    else:
        return 0
    return 1 + max((_depth(v) for v in inner), default=0)


def _quote(text: str) -> str:
    """Write a text between double quotes; what is not printable is escaped as JSON and YAML both read it."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in quoted)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the first plane
