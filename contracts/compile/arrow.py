"""Types: what text may stand for a value of a column, and the value's family.

Here: families of DuckDB types and the grammar of their text, said once for SQL (RE2) and for
pandera (Arrow's RE2). Not here: the casts themselves (`staging`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from contracts.model import Column


class Family(StrEnum):
    """What a column's values are, as far as reading their text is concerned."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"
    TIME = "time"


_FAMILIES = {
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING"), Family.TEXT),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "HUGEINT"), Family.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Family.INTEGER),
    **dict.fromkeys(("DECIMAL", "NUMERIC"), Family.DECIMAL),
    **dict.fromkeys(("DOUBLE", "FLOAT", "REAL"), Family.DOUBLE),
    **dict.fromkeys(("BOOLEAN", "BOOL"), Family.BOOLEAN),
    "DATE": Family.DATE,
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMP_S", "TIMESTAMP_MS"), Family.TIMESTAMP),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"), Family.INSTANT),
    "TIME": Family.TIME,
}
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MINUTE = "[0-9]{2}:[0-9]{2}"
_SECOND = r"(:[0-9]{2}(\.[0-9]+)?)?"
_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_DIRECTIVES = {
    "Y": "[0-9]{4}", "y": "[0-9]{2}", "j": "[0-9]{1,3}", "f": "[0-9]{1,9}", "p": "(AM|PM|am|pm)",
    **dict.fromkeys("mdHIMS", "[0-9]{1,2}"), **dict.fromkeys("aAbB", "[A-Za-z]+"),
    "z": "(Z|[+-][0-9]{2}(:?[0-9]{2})?)", "%": "%",
}  # fmt: skip


def family_of(physical_type: str) -> Family:
    """Return the family of a DuckDB type; ValueError for a type that flat text can't hold."""
    name = physical_type.upper().split("(")[0].strip()
    if name not in _FAMILIES:
        raise ValueError(f"no text can stand for a {physical_type}")
    return _FAMILIES[name]


def grammar_of(column: Column, decimal: str = ".") -> str:
    """Return the RE2 expression that a column's whole text must match (`.` is the decimal mark by default).

    A cast alone is too kind: it takes `384.5` for an integer, `1e3`, padded blanks, `infinity`, NaN, and a
    time stamp without offset. Text columns take anything.
    """
    family = family_of(column.physical_type)
    if family in (Family.DATE, Family.TIMESTAMP, Family.INSTANT, Family.TIME) and column.date_format:
        return _grammar_of_format(column.date_format)
    mark = re.escape(decimal)
    number = rf"[+-]?([0-9]+({mark}[0-9]*)?|{mark}[0-9]+)"
    offset = "" if column.timezone is not None else _OFFSET
    return {
        Family.TEXT: "(?s).*",
        Family.INTEGER: number if column.scale is not None else rf"[+-]?[0-9]+({mark}0*)?",
        Family.DECIMAL: number,
        Family.DOUBLE: number + "([eE][+-]?[0-9]+)?",
        Family.BOOLEAN: "(?i)(true|false|1|0)",
        Family.DATE: _DAY,
        Family.TIMESTAMP: f"{_DAY}[T ]{_MINUTE}{_SECOND}",
        Family.INSTANT: f"{_DAY}[T ]{_MINUTE}{_SECOND}{offset}",
        Family.TIME: _MINUTE + _SECOND,
    }[family]


def _grammar_of_format(date_format: str) -> str:
    """Turn a strptime format into a grammar: it would skip blanks where the format has none."""
    parts = re.split("%-?(.)", date_format)
    return "".join(_DIRECTIVES.get(p, ".+") if i % 2 else re.escape(p) for i, p in enumerate(parts))
