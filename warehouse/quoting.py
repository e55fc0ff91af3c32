"""Identifiers and literals made safe for SQL text, for the few places where no parameter may stand."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TYPE = re.compile(r"[A-Z][A-Z0-9_ ]*(\(\d+(, *\d+)?\))?(\[\])?")


def identifier(*parts: str) -> str:
    """Quote a dotted identifier: `identifier("lake", "energy", "meter")` is `"lake"."energy"."meter"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """Quote a string literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Quote a list of string literals: `['a', 'b']`."""
    return "[" + ", ".join(literal(text) for text in texts) + "]"


def columns(names: Iterable[str]) -> str:
    """Quote column names, comma separated."""
    return ", ".join(identifier(name) for name in names)


def type_name(text: str) -> str:
    """Return a DuckDB type's name as it stands; ValueError if it is anything but a plain type."""
    if not _TYPE.fullmatch(text.upper()):
        raise ValueError(f"not a plain DuckDB type: {text!r}")
    return text.upper()
