"""Whether a pattern can be matched at all: by making a text that should match, and trying it.

Here: texts made from a pattern. Not here: whether a pattern is allowed (`limits`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _constants as ops  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_CLASSES = {
    ops.CATEGORY_DIGIT: "0",
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_WORD: "a",
    ops.CATEGORY_NOT_DIGIT: "a",
    ops.CATEGORY_NOT_SPACE: "a",
    ops.CATEGORY_NOT_WORD: " ",
}
_TRIED = "a0A -_.:/é€"
_LONGEST = 1_000


def matching_text(pattern: str, *, shortest: int = 0, longest: int | None = None) -> str | None:
    """Return a text that the pattern matches and whose length fits; None if none could be made.

    What can't be made may still exist for a very unusual pattern: the answer is advice, not proof.
    """
    try:
        tree = parser.parse(pattern)
        texts = [_make(tree, repeats) for repeats in (0, 1, 2, max(shortest, 1))]
    except (re.error, RecursionError, NotImplementedError):
        return None
    for text in texts:
        if shortest <= len(text) <= (longest or _LONGEST) and re.search(pattern, text):
            return text
    return None


def _make(tree: Iterable[Any], repeats: int) -> str:
    """Make one text from parsed parts, repeating what may be repeated so many times."""
    return "".join(_make_part(op, value, repeats) for op, value in tree)


def _make_part(op: Any, value: Any, repeats: int) -> str:  # noqa: ANN401 - the parser's own constants
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        low, high, inner = value
        return _make(inner, repeats) * min(max(int(low), min(repeats, int(high))), _LONGEST)
    if op in (ops.BRANCH, ops.SUBPATTERN):
        return _make(value[1][0] if op is ops.BRANCH else value[3], repeats)
    if op not in _SINGLE:
        raise NotImplementedError(str(op))
    return _SINGLE[op](value)


def _member(items: list[Any]) -> str:
    """Choose a character of a set."""
    if items[0][0] is ops.NEGATE:
        return next((c for c in _TRIED if not _holds(items[1:], c)), "~")
    op, value = items[0]
    if op is ops.RANGE:
        return chr(value[0])
    return _CLASSES[value] if op is ops.CATEGORY else chr(value)


_SINGLE: dict[Any, Callable[[Any], str]] = {
    ops.LITERAL: chr,
    ops.NOT_LITERAL: lambda value: next(c for c in _TRIED if ord(c) != value),
    ops.ANY: lambda _: "a",
    ops.IN: _member,
    ops.AT: lambda _: "",
}
"""How to make one character of each kind of part; a place, such as `^`, takes none."""


def _holds(items: list[Any], character: str) -> bool:
    for op, value in items:
        if op is ops.LITERAL and chr(value) == character:
            return True
        if op is ops.RANGE and value[0] <= ord(character) <= value[1]:
            return True
        if op is ops.CATEGORY and _CLASSES[value] == character:
            return True
    return False
