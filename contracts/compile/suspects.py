"""Each row check's SQL face: a condition that is true of every row that can possibly fail it.

Here: conditions over one staged row, and the helper columns that need other rows or registers. Not
here: the verdict, which is pandera's. A condition may suspect too much, never too little; one that
SQL can't express is simply true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from contracts.compile.arrow import Family, family_of
from contracts.compile.quoting import name, number, parquet, text, texts
from contracts.compile.staging import SENT, closed_code
from contracts.model import Column, Table
from contracts.rules.row_rules import CheckKind, RowCheck, target_of

NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.DOUBLE)


def suspicion_sql(checks: Iterable[RowCheck], table: Table, period: str | None) -> str:
    """Condition under which a row can fail one of the checks that need no other row."""
    conditions = [_CONDITIONS[c.kind](c, table, period) for c in checks if c.kind in _CONDITIONS]
    return " OR ".join(f"({c})" for c in dict.fromkeys(conditions)) or "FALSE"


def period_bounds(period: str, timezone: str) -> tuple[datetime, datetime]:
    """Return a local day's start and end in UTC: 23, 24 or 25 hours apart."""
    day = date.fromisoformat(period)
    zone = ZoneInfo(timezone)
    starts = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (day, day + timedelta(days=1)))
    start, end = (s.astimezone(UTC) for s in starts)
    return start, end


def reference_source(check: RowCheck, registers: Mapping[str, Path], staged: Mapping[str, Path]) -> str:
    """SELECT the values that a reference may take (column `value`, never null)."""
    target = target_of(check)
    path = staged[target.table] if target.register is None else registers[target.register]
    column = name(target.column)
    return f"SELECT DISTINCT {column} AS value FROM {parquet(path)} WHERE {column} IS NOT NULL"


def ceiling_source(check: RowCheck, registers: Mapping[str, Path]) -> str:
    """SELECT the ceiling of each object of a register: columns `value` (its key) and `ceiling`."""
    key, kind = name(check.parameters["key"]), name(check.parameters["class"])
    cases = " ".join(
        f"WHEN {text(label)} THEN {number(limit)}" for label, limit in check.parameters["ceilings"].items()
    )
    path = registers[str(check.parameters["register"])]
    ceiling = f"CAST(CASE {kind} {cases} END AS DOUBLE)"
    known = f"FROM {parquet(path)} WHERE {key} IS NOT NULL"
    return f"SELECT {key} AS value, max({ceiling}) AS ceiling {known} GROUP BY 1"


def is_re2(pattern: str) -> bool:
    """Whether SQL can express a pattern; look-arounds and back-references are Python's only."""
    try:
        duckdb.execute("SELECT regexp_matches('', ?)", [pattern])
    except duckdb.InvalidInputException:
        return False
    return True


def enum_values(column: Column) -> tuple[str, ...] | tuple[Decimal, ...]:
    """Allowed values as they are compared: numbers by value (`01` is 1), anything else by its text."""
    values = column.valid_values or ()
    if family_of(column.physical_type) in NUMBERS:
        return tuple(Decimal(value) for value in values)
    return values


def _missing(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    return f"{_code(column) or name(column.name)} IS NULL"


def _type(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    if column.required:
        return f"{name(column.name)} IS NULL"
    return f"{name(column.name)} IS NULL AND {_sent(column)} IS NOT NULL"


def _pattern(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    if column.pattern is None or not is_re2(column.pattern):
        return "TRUE"
    return f"NOT regexp_matches({_sent(column)}, {text(column.pattern)})"


def _length(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    limits = [(">", column.max_length), ("<", column.min_length)]
    return " OR ".join(
        f"length({_sent(column)}) {sign} {limit}" for sign, limit in limits if limit is not None
    )


def _values(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    if family_of(column.physical_type) in NUMBERS:
        return f"{name(column.name)} NOT IN ({', '.join(number(v) for v in enum_values(column))})"
    if code := _code(column):
        return f"{code} IS NULL" if column.required else f"{code} IS NULL AND {_sent(column)} IS NOT NULL"
    return f"{_sent(column)} NOT IN ({texts(column.valid_values or ())})"


def _minimum(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    return _beyond(column, ("<", column.minimum), ("<=", column.exclusive_minimum))


def _maximum(check: RowCheck, _table: Table, _period: str | None) -> str:
    column: Column = check.parameters["column"]
    return _beyond(column, (">", column.maximum), (">=", column.exclusive_maximum))


def _beyond(column: Column, *limits: tuple[str, Decimal | None]) -> str:
    kind = "::DOUBLE" if family_of(column.physical_type) is Family.DOUBLE else ""
    return " OR ".join(
        f"{name(column.name)} {sign} {number(limit)}{kind}" for sign, limit in limits if limit is not None
    )


def _ceiling(check: RowCheck, _table: Table, _period: str | None) -> str:
    lowest = min(Decimal(str(limit)) for limit in check.parameters["ceilings"].values())
    return f"{name(check.columns[0])} > {number(lowest)}"


def _compare(check: RowCheck, _table: Table, _period: str | None) -> str:
    left, right = (name(column) for column in check.columns)
    return f"NOT ({left} {check.parameters['operator']} {right})"


def _within(check: RowCheck, table: Table, period: str | None) -> str:
    if period is None:
        return "FALSE"
    value = name(check.columns[0])
    if family_of(table.column(check.columns[0]).physical_type) is Family.DATE:
        return f"{value} <> CAST({text(period)} AS DATE)"
    start, end = period_bounds(period, str(check.parameters["timezone"]))
    first, last = (f"CAST({text(moment.isoformat())} AS TIMESTAMPTZ)" for moment in (start, end))
    return f"{value} < {first} OR {value} >= {last}"


def _code(column: Column) -> str | None:
    return None if column.derived is not None else closed_code(column)


def _sent(column: Column) -> str:
    return name(column.name if column.derived is not None else column.name + SENT)


_CONDITIONS: dict[CheckKind, Callable[[RowCheck, Table, str | None], str]] = {
    CheckKind.MISSING: _missing,
    CheckKind.TYPE: _type,
    CheckKind.PATTERN: _pattern,
    CheckKind.LENGTH: _length,
    CheckKind.VALUES: _values,
    CheckKind.MINIMUM: _minimum,
    CheckKind.MAXIMUM: _maximum,
    CheckKind.CEILING: _ceiling,
    CheckKind.COMPARE: _compare,
    CheckKind.PERIOD: _within,
}
