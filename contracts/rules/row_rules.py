"""The checks a contract makes of every row, as data: what is asked, of which columns, how bad it is.

Here: from a table's columns and rules to an ordered list of `RowCheck`. Not here: how a check is
found in SQL (`compile/suspects`) or judged (`compile/pandera`); each kind has one face in both.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import contracts.rules.plausible_rows  # noqa: F401 - its kinds register themselves
from contracts.model import Column, Contract, Dimension, RowRule, Severity, Table
from contracts.rules.row_kinds import registered


class CheckKind(StrEnum):
    """What a check asks; the last five come from a contract's own row rules."""

    MISSING = "missing"
    TYPE = "type"
    PATTERN = "pattern"
    LENGTH = "length"
    VALUES = "values"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    UNIQUE = "unique"
    REFERENCE = "known_reference"
    CEILING = "ceiling_by_class"
    COMPARE = "compare_columns"
    PERIOD = "within_period"
    FLAG = "flag"
    """Of a registered kind (`row_kinds`), which SQL judges."""


_TIERS = {
    **dict.fromkeys((CheckKind.MISSING, CheckKind.TYPE), 0),
    # A malformed key can still be repeated, but not looked up.
    **dict.fromkeys((CheckKind.PATTERN, CheckKind.LENGTH, CheckKind.VALUES, CheckKind.UNIQUE), 1),
    # What is plausible is asked of values that are well formed and within firm limits.
    CheckKind.FLAG: 3,
}
TIERS = (0, 1, 2, 3)
_HELPED = (CheckKind.UNIQUE, CheckKind.REFERENCE, CheckKind.CEILING, CheckKind.FLAG)


@dataclass(frozen=True)
class RowCheck:
    """One question asked of every row of a table."""

    name: str
    """Unique in the table: also the pandera check's name and the stem of its helper column."""
    rule: str
    """Id of the rule catalogue, or the contract's own."""
    kind: CheckKind
    columns: tuple[str, ...]
    """Columns the answer depends on; the first is the one whose value is shown."""
    column: str | None
    """The column the rule is reported on; None where it is about several at once."""
    severity: Severity
    dimension: Dimension
    expected: str
    """What was promised, short and language-free (`>= 0`, `W|kW`, `[0-9]{14}`)."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    written: RowRule | None = None
    """The contract's rule, of a registered kind."""

    @property
    def tier(self) -> int:
        """Order of asking: a check is not asked of a column that failed a lower tier."""
        return _TIERS.get(self.kind, 2)

    @property
    def helper(self) -> str | None:
        """Name of the column that SQL looks up or counts before the check can be judged."""
        return f"{self.name}__found" if self.kind in _HELPED else None


@dataclass(frozen=True)
class Target:
    """Where a reference leads: a column of a table of the delivery, or of a register."""

    register: str | None
    """`feed/table`, or None for a table of the same delivery."""
    table: str
    column: str


def list_checks(contract: Contract, table: Table) -> tuple[RowCheck, ...]:
    """List every check of a table, those of its columns first, in the contract's order."""
    checks = [check for column in table.columns for check in _column_checks(column, table)]
    checks += _key_checks(table)
    checks += [_from_rule(rule, number, contract) for number, rule in enumerate(table.rules)]
    return tuple(checks)


def why_skipped(
    check: RowCheck, registers: Container[str], tables: Container[str], period: str | None
) -> str | None:
    """Say what a check lacks to be judged, None if it lacks nothing."""
    for register in check.needs:
        if register not in registers:
            return f"needs {register}"
    if check.kind is CheckKind.REFERENCE:
        target = target_of(check)
        if target.register is None and target.table not in tables:
            return f"needs table {target.table}"
    if check.kind is CheckKind.PERIOD and period is None:
        return "needs the delivery's period"
    return None


def target_of(check: RowCheck) -> Target:
    """Read `table.column` or `feed/table.column` of a reference."""
    path, _, column = str(check.parameters["to"]).rpartition(".")
    feed, _, table = path.rpartition("/")
    return Target(path if feed else None, table, column)


def compared_columns(contract: Contract, table: Table) -> tuple[Column, ...]:
    """Return the derived columns that rows are compared by: keys, and both ends of references."""
    links = (CheckKind.REFERENCE, CheckKind.CEILING)
    wanted = {c.name for c in table.columns if c.primary_key or c.unique}
    # The last column of a link is the one looked up; the first of a ceiling is its value.
    wanted |= {rule.columns[-1] for rule in table.rules if rule.kind in links and rule.columns}
    ends = {
        str(r.parameters["to"]) for t in contract.tables for r in t.rules if r.kind == CheckKind.REFERENCE
    }
    wanted |= {c.name for c in table.columns if f"{table.name}.{c.name}" in ends}
    return tuple(c for c in table.columns if c.derived is not None and c.name in wanted)


def _column_checks(column: Column, table: Table) -> Iterator[RowCheck]:
    def check(kind: CheckKind, rule: str, dimension: Dimension, expected: str) -> RowCheck:
        name = f"{column.name}__{rule}"
        return RowCheck(
            name, rule, kind, (column.name,), column.name, Severity.ERROR, dimension, expected,
            {"column": column},
        )  # fmt: skip

    if column.required:
        yield check(CheckKind.MISSING, "missing_value", Dimension.COMPLETENESS, "a value")
    if column.derived is None and not _is_text(column):
        yield check(CheckKind.TYPE, "type_mismatch", Dimension.CONFORMITY, _expected_type(column))
    if column.pattern is not None:
        yield check(CheckKind.PATTERN, "pattern_mismatch", Dimension.CONFORMITY, column.pattern)
    if column.min_length is not None or column.max_length is not None:
        limits = f"{column.min_length or 0}..{'' if column.max_length is None else column.max_length}"
        yield check(CheckKind.LENGTH, "length_out_of_range", Dimension.CONFORMITY, limits)
    if column.valid_values is not None:
        yield check(
            CheckKind.VALUES, "value_not_allowed", Dimension.CONFORMITY, "|".join(column.valid_values)
        )
    if lower := _limits((">=", column.minimum), (">", column.exclusive_minimum)):
        yield check(CheckKind.MINIMUM, "value_below_minimum", Dimension.ACCURACY, lower)
    if upper := _limits(("<=", column.maximum), ("<", column.exclusive_maximum)):
        yield check(CheckKind.MAXIMUM, "value_above_maximum", Dimension.ACCURACY, upper)
    if column.unique and table.key != (column.name,):
        yield _unique((column.name,))


def _key_checks(table: Table) -> Iterator[RowCheck]:
    if table.key:
        yield _unique(table.key)


def _unique(columns: tuple[str, ...]) -> RowCheck:
    return RowCheck(
        name=f"{'__'.join(columns)}__duplicate_key",
        rule="duplicate_key",
        kind=CheckKind.UNIQUE,
        columns=columns,
        column=columns[0] if len(columns) == 1 else None,
        severity=Severity.ERROR,
        dimension=Dimension.UNIQUENESS,
        expected=f"once per {', '.join(columns)}",
    )


def _from_rule(rule: RowRule, number: int, contract: Contract) -> RowCheck:
    own = registered(rule.kind)
    kind = CheckKind(rule.kind) if own is None else CheckKind.FLAG
    columns, expected = _EXPECTED[kind](rule) if own is None else (rule.columns, own.expected(rule))
    parameters = {**rule.parameters, "timezone": contract.timezone}
    return RowCheck(
        name=f"{number}__{rule.id}",
        rule=rule.id,
        kind=kind,
        columns=columns,
        column=columns[0],
        severity=rule.severity,
        dimension=rule.dimension,
        expected=expected,
        parameters=parameters,
        needs=rule.needs if own is None else (),
        written=None if own is None else rule,
    )


def _reference(rule: RowRule) -> tuple[tuple[str, ...], str]:
    return rule.columns[:1], f"known in {rule.parameters['to']}"


def _ceiling(rule: RowRule) -> tuple[tuple[str, ...], str]:
    value = rule.columns[0]
    ceilings = ", ".join(f"{name} <= {limit}" for name, limit in rule.parameters["ceilings"].items())
    return (value, rule.parameters["key"]), ceilings


def _compare(rule: RowRule) -> tuple[tuple[str, ...], str]:
    left, operator, right = (rule.parameters[k] for k in ("left", "operator", "right"))
    return (left, right), f"{left} {operator} {right}"


def _within(rule: RowRule) -> tuple[tuple[str, ...], str]:
    return rule.columns[:1], "a local day equal to the delivery's period"


_EXPECTED = {
    CheckKind.REFERENCE: _reference,
    CheckKind.CEILING: _ceiling,
    CheckKind.COMPARE: _compare,
    CheckKind.PERIOD: _within,
}


def _limits(*limits: tuple[str, object]) -> str:
    return " and ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None)


def _is_text(column: Column) -> bool:
    return column.physical_type.upper().split("(")[0] in ("VARCHAR", "TEXT", "STRING")


def _expected_type(column: Column) -> str:
    words = [column.logical_type.value]
    if column.date_format is not None:
        words.append(column.date_format)
    if column.unit is not None:
        words.append(column.unit)
    return " ".join(words)
