"""What commands print. Here: progress with elapsed time, tables of plain text, JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click


def progress_printer() -> Callable[[str], None]:
    """Return a function that prints a step with the seconds since the start, on standard error."""
    started = time.perf_counter()

    def say(message: str) -> None:
        click.echo(f"{time.perf_counter() - started:6.1f} s  {message}", err=True)

    return say


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows in aligned columns; numbers to the right, nothing for None."""
    cells = [[to_text(value) for value in row] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in cells), 1) if cells else len(h) for i, h in enumerate(header)]
    is_number = [bool(rows) and all(_is_number(r[i]) for r in rows) for i in range(len(header))]
    for line in (list(header), ["-" * w for w in widths], *cells):
        parts = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, is_number, strict=True)]
        click.echo("  ".join(parts).rstrip())


def print_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, decimals as numbers."""
    click.echo(json.dumps(value, default=to_json, ensure_ascii=False, indent=1))


def to_json(value: Any) -> Any:
    """Return what JSON can hold of a value from DuckDB."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def to_text(value: Any) -> str:
    """Return a value as a cell of plain text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))
