"""Derived columns of a table: each written over the file's own columns, whatever order they are stated in.

Here: the order of derivation, and the faults of each expression. Not here: which SQL is safe
(`sql_safety`). Results are remembered: many contributors share a standard's columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from contracts.sql_safety import (
    UnsafeSqlError,
    check_size,
    check_types,
    columns_of,
    place_columns,
    read_expression,
    write_expression,
)

if TYPE_CHECKING:
    from sqlglot import exp


class Draft(NamedTuple):
    """A column before derivation."""

    name: str
    physical_type: str
    sql: str | None
    """Expression as the contract states it; None if the file holds the column."""


class Fault(NamedTuple):
    """What is wrong with one column's expression."""

    column: str
    problem: str
    fix: str


class Derivation(NamedTuple):
    """Expressions over the file's columns by name, or the faults that keep them from being written."""

    expressions: Mapping[str, str]
    faults: tuple[Fault, ...]


@lru_cache(maxsize=4096)
def derive_columns(columns: tuple[Draft, ...], *, bind: bool) -> Derivation:
    """Write every derived column of a table; `bind` has DuckDB try each on the file's types."""
    parsed, faults = _parse_all(columns)
    placed, more = _place_all(parsed)
    faults += more
    if faults:
        return Derivation({}, tuple(faults))
    texts = {name: write_expression(tree) for name, tree in placed.items()}
    return Derivation(texts, tuple(_type_faults(columns, texts)) if bind else ())


def _parse_all(columns: tuple[Draft, ...]) -> tuple[dict[str, exp.Expr], list[Fault]]:
    """Parse each expression over all other columns of the table."""
    parsed: dict[str, exp.Expr] = {}
    faults: list[Fault] = []
    for column in columns:
        if column.sql is not None:
            try:
                others = {c.name for c in columns if c.name != column.name}
                parsed[column.name] = read_expression(column.sql, others)
            except UnsafeSqlError as error:
                faults.append(Fault(column.name, error.problem, error.fix))
    return parsed, faults


def _place_all(parsed: Mapping[str, exp.Expr]) -> tuple[dict[str, exp.Expr], list[Fault]]:
    """Put derived columns in the place of their names, until only the file's own are left."""
    placed: dict[str, exp.Expr] = {}
    while ready := {n: t for n, t in parsed.items() if n not in placed and _is_ready(t, parsed, placed)}:
        for name, tree in ready.items():
            placed[name] = place_columns(tree, placed)
            try:
                check_size(placed[name])
            except UnsafeSqlError:
                fix = "derive it from fewer columns"
                return {}, [Fault(name, f"`{name}` is too long with all it is derived from", fix)]
    circle = sorted(set(parsed) - set(placed))
    problem = f"columns are derived from each other: {', '.join(circle)}"
    return placed, [Fault(name, problem, "derive them from columns of the file") for name in circle]


def _is_ready(tree: exp.Expr, parsed: Mapping[str, exp.Expr], placed: Mapping[str, exp.Expr]) -> bool:
    """Whether all derived columns that an expression reads are placed already."""
    return all(name in placed for name in columns_of(tree) if name in parsed)


def _type_faults(columns: tuple[Draft, ...], texts: Mapping[str, str]) -> list[Fault]:
    """Let DuckDB bind each expression, cast to its column's type."""
    types = {c.name: c.physical_type for c in columns if c.sql is None}
    faults = []
    for column in columns:
        if column.sql is not None:
            try:
                check_types(f"CAST({texts[column.name]} AS {column.physical_type})", types)
            except UnsafeSqlError as error:
                faults.append(Fault(column.name, error.problem, error.fix))
    return faults
