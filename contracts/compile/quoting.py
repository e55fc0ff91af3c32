"""Names and texts of contracts as SQL: always quoted, never pasted.

Here: identifiers, literals, decimal numbers. Not here: any statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path


def name(text: str) -> str:
    """Quote an identifier."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """Quote a text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Quote text literals, separated by commas."""
    return ", ".join(text(value) for value in values)


def number(value: Decimal | int | float | str) -> str:
    """Write a finite number in plain decimal notation; ValueError for anything else."""
    decimal = Decimal(str(value))
    if not decimal.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return f"{decimal:f}"


def parquet(path: Path) -> str:
    """Read one Parquet file."""
    return f"read_parquet({text(path)})"
