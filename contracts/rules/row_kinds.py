"""Kinds of row rules that add themselves to gate 1: a name, its parameters, and the SQL of what fails.

Here: what such a kind is, what it may look at, and the list of those known. Not here: the kinds
(`plausible_rows`), nor the checks that a column's own limits make (`row_rules`).

A kind gives either `fails`, a condition over one row, or `rows`, a SELECT of the numbers of failing rows
for what takes other rows or a register. Null is no failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.compile.quoting import name, number, parquet, text
from contracts.model import Column, Frozen, RowRule, Table
from contracts.rule_kinds import ROW_KINDS
from contracts.rules.catalogue import Entry, add_entries

QUERIES = Path(__file__).with_name("rows")
NUMBER = "file_row_number"
"""A row's number in the staged file: what `rows` selects."""


@dataclass(frozen=True)
class Look:
    """All that a kind may look at: its rule, the staged table, the registers, and when it all came."""

    rule: RowRule
    table: Table
    timezone: str
    period: str | None
    received_at: datetime | None
    """UTC; None where the caller doesn't know."""
    registers: Mapping[str, Path]
    staged: Path

    def column(self, place: int = 0) -> str:
        """SQL of the rule's column in that place."""
        return name(self.rule.columns[place])

    def named(self, parameter: str) -> str:
        """SQL of the column that a parameter names."""
        return name(str(self.rule.parameters[parameter]))

    def number(self, parameter: str, default: float = 0) -> str:
        """SQL of a parameter that is a number."""
        return number(self.rule.parameters.get(parameter, default))

    @property
    def rows(self) -> str:
        """SQL of the table's rows as a source, each with its number."""
        return f"read_parquet({text(self.staged)}, {NUMBER} = TRUE)"

    @property
    def register(self) -> str:
        """SQL of the register's rows as a source."""
        return parquet(self.registers[str(self.rule.parameters["register"])])

    def sound(self, column: str) -> str:
        """SQL of a number, null where the column's own limits put its row aside."""
        promised = self.table.column(column)
        tests = [f"{name(column)} {sign} {number(limit)}" for sign, limit in _limits(promised)]
        return f"CASE WHEN {' AND '.join(tests)} THEN {name(column)} END" if tests else name(column)

    def where(self) -> str:
        """SQL of the rule's `where`: columns equal values, compared as text."""
        wanted = self.rule.parameters.get("where") or {}
        tests = (f"CAST({name(str(c))} AS VARCHAR) = {text(_as_text(v))}" for c, v in wanted.items())
        return " AND ".join(tests) or "TRUE"

    def find(self, query: str, sources: Mapping[str, str]) -> str:
        """SQL of a query file over the given sources (name -> SELECT)."""
        ctes = ",\n".join(f"{source} AS ({select})" for source, select in sources.items())
        body = (QUERIES / query).read_text(encoding="utf-8")
        return f"WITH {ctes}\nSELECT * FROM ({body})"


@dataclass(frozen=True)
class RowKind:
    """One kind of row rule."""

    name: str
    parameters: type[Frozen]
    expected: Callable[[RowRule], str]
    """What was promised, short and free of language."""
    fails: Callable[[Look], str] | None = None
    rows: Callable[[Look], str] | None = None
    looks_up: Callable[[RowRule], tuple[str, ...]] | None = None
    """Columns that it reads in the register that its parameter `register` names."""
    needs_arrival: bool = False
    """Whether it compares with the time at which the delivery came."""

    def condition(self, look: Look) -> str:
        """SQL that is true of a failing row."""
        if self.fails is not None:
            return self.fails(look)
        if self.rows is None:
            raise TypeError(f"the row kind {self.name} has neither `fails` nor `rows`")
        return f"{NUMBER} IN ({self.rows(look)})"

    def lacks(self, rule: RowRule, registers: Mapping[str, Path], *, has_arrival: bool) -> str | None:
        """Say what a rule lacks to be judged, None if it lacks nothing."""
        if self.needs_arrival and not has_arrival:
            return "needs to know when the delivery came"
        if self.looks_up is None:
            return None
        register = rule.parameters.get("register")
        if register is None:
            return "the contract names no register for it"
        if register not in registers:
            return f"needs {register}"
        known = _columns_of(registers[str(register)])
        missing = [column for column in self.looks_up(rule) if column not in known]
        return f"the register {register} has no column {missing[0]}" if missing else None


def register(kind: RowKind, texts: Mapping[str, Entry] | None = None) -> RowKind:
    """Make a kind known to contracts and to gate 1; ValueError if its name is taken by another.

    `texts` are entries of the rule catalogue by rule id, for a kind whose texts stand elsewhere.
    """
    if _KNOWN.get(kind.name, kind) != kind or (
        kind.name in ROW_KINDS and ROW_KINDS[kind.name] != kind.parameters
    ):
        raise ValueError(f"there is a row kind {kind.name} already")
    _KNOWN[kind.name] = kind
    ROW_KINDS[kind.name] = kind.parameters
    add_entries(texts or {})
    return kind


def registered(kind: str) -> RowKind | None:
    """Return the registered kind of that name, None where there is none."""
    return _KNOWN.get(kind)


def _limits(column: Column) -> Iterable[tuple[str, Any]]:
    limits = (
        (">=", column.minimum),
        (">", column.exclusive_minimum),
        ("<=", column.maximum),
        ("<", column.exclusive_maximum),
    )
    return ((sign, limit) for sign, limit in limits if limit is not None)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _columns_of(path: Path) -> frozenset[str]:
    import pyarrow.parquet as pq

    return frozenset(pq.read_schema(path).names)


_KNOWN: dict[str, RowKind] = {}
