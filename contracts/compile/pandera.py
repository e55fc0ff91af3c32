"""The contract's table as one pandera schema: the statement of its row rules.

Here: each check's pandera face, and reading failures out of a validation. Not here: which rows are
shown to it (`suspects`), or what becomes of those that fail (`record_gate`).

A frame has, for each column of the contract, its typed value under its name and its text as sent
under `<name>__text` (Arrow strings; null is an empty cell), plus helper columns looked up in SQL. A
column of text is its own text. Null passes every check but the one that asks for a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.compile.arrow import Family, family_of, grammar_of
from contracts.compile.staging import SENT
from contracts.compile.suspects import enum_values, is_re2, period_bounds
from contracts.model import Column, Table
from contracts.rules.row_rules import CheckKind, RowCheck

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

Face = Callable[[Any], "pd.Series[bool]"]


class CheckCrashedError(Exception):
    """A check raised instead of judging: our fault, never reported as bad data."""


@dataclass(frozen=True)
class Setting:
    """What a table's checks need to know besides the contract's table."""

    table: Table
    decimal: str
    period: str | None


def build_schema(checks: Iterable[RowCheck], setting: Setting) -> pa.DataFrameSchema:
    """Compile checks to a pandera schema of the frames described above."""
    import pandas as pd
    import pandera.pandas as pa
    import pyarrow

    string = pd.ArrowDtype(pyarrow.string())
    by_column: dict[str, list[pa.Check]] = {}
    whole: list[pa.Check] = []
    for check in checks:
        column, face = _FACES[check.kind](check, setting)
        made = pa.Check(face, name=check.name, ignore_na=False, n_failure_cases=1)
        (whole if column is None else by_column.setdefault(column, [])).append(made)
    columns = {
        name: pa.Column(string if name.endswith(SENT) else None, checks=found, nullable=True)
        for name, found in by_column.items()
    }
    return pa.DataFrameSchema(columns, checks=whole, name=setting.table.name, strict=False)


def find_failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> dict[str, pd.Series[bool]]:
    """Judge a frame: for each check that some row fails, which rows fail it (aligned with the frame).

    Raises CheckCrashedError if a check raised, or the frame is not the one the schema describes.
    """
    import pandera.pandas as pa

    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return dict(_failures_of(error, frame) for error in errors.schema_errors)
    return {}


def _failures_of(error: Any, frame: pd.DataFrame) -> tuple[str, pd.Series[bool]]:  # noqa: ANN401 - untyped
    output = error.check_output
    name = getattr(error.check, "name", None)
    if name is None or output is None or not hasattr(output, "index") or not output.index.equals(frame.index):
        raise CheckCrashedError(str(error))
    return str(name), ~output.astype(bool)


def _missing(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    return _sent(check.parameters["column"]), lambda values: values.notna()


def _type(check: RowCheck, setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    grammar = grammar_of(column, setting.decimal)

    def is_readable(frame: pd.DataFrame) -> pd.Series[bool]:
        sent = frame[column.name + SENT]
        fits = _matches(sent, rf"\A(?:{grammar})\z") & frame[column.name].notna()
        return sent.isna() | fits

    return None, is_readable


def _pattern(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    pattern = column.pattern or ""
    if is_re2(pattern):
        return _sent(column), lambda values: _or_null(values, _matches(values, pattern))
    compiled = re.compile(pattern)

    def matches(values: pd.Series[Any]) -> pd.Series[bool]:
        import pandas as pd

        found = [pd.isna(value) or compiled.search(value) is not None for value in values]
        return pd.Series(found, index=values.index, dtype=bool)

    return _sent(column), matches


def _length(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    low, high = column.min_length or 0, column.max_length

    def fits(values: pd.Series[Any]) -> pd.Series[bool]:
        length = values.str.len()
        return _or_null(values, (length >= low) & ((length <= high) if high is not None else True))

    return _sent(column), fits


def _values(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    allowed = enum_values(column)
    is_number = allowed and isinstance(allowed[0], Decimal)
    if not is_number:
        return _sent(column), lambda values: _or_null(values, values.isin(list(allowed)))
    if family_of(column.physical_type) is Family.DOUBLE:
        floats = [float(v) for v in allowed]
        return column.name, lambda values: _or_null(values, values.isin(floats))

    def is_allowed(values: pd.Series[Any]) -> pd.Series[bool]:
        equal = values.isna()
        for value in allowed:
            equal |= _true(values == _like(value, column))
        return equal

    return column.name, is_allowed


def _minimum(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    low, above = column.minimum, column.exclusive_minimum

    def fits(values: pd.Series[Any]) -> pd.Series[bool]:
        result = values.isna()
        enough = _true(values >= _like(low, column)) if low is not None else ~result
        return result | (enough & (_true(values > _like(above, column)) if above is not None else True))

    return column.name, fits


def _maximum(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    column: Column = check.parameters["column"]
    high, below = column.maximum, column.exclusive_maximum

    def fits(values: pd.Series[Any]) -> pd.Series[bool]:
        result = values.isna()
        enough = _true(values <= _like(high, column)) if high is not None else ~result
        return result | (enough & (_true(values < _like(below, column)) if below is not None else True))

    return column.name, fits


def _helped(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    """Unique, reference and registered kinds: SQL has judged; false is a failure, null is not asked."""
    return check.helper, lambda values: values.astype("boolean").fillna(value=True).astype(bool)


def _ceiling(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    value, helper = check.columns[0], check.helper

    def fits(frame: pd.DataFrame) -> pd.Series[bool]:
        ceiling = frame[helper]
        return ceiling.isna() | frame[value].isna() | _true(frame[value].astype("double[pyarrow]") <= ceiling)

    return None, fits


def _compare(check: RowCheck, _setting: Setting) -> tuple[str | None, Face]:
    left, right = check.columns
    operator = _OPERATORS[check.parameters["operator"]]

    def stands(frame: pd.DataFrame) -> pd.Series[bool]:
        either = frame[left].isna() | frame[right].isna()
        return either | _true(operator(frame[left], frame[right]))

    return None, stands


def _within(check: RowCheck, setting: Setting) -> tuple[str | None, Face]:
    column = check.columns[0]
    if setting.period is None:
        return column, lambda values: values.isna() | True
    if family_of(setting.table.column(column).physical_type) is Family.DATE:
        day = date.fromisoformat(setting.period)
        return column, lambda values: _or_null(values, values == day)
    start, end = period_bounds(setting.period, str(check.parameters["timezone"]))
    return column, lambda values: _or_null(values, (values >= start) & (values < end))


def _like(limit: Decimal | str, column: Column) -> Decimal | float:
    """A limit in the kind of number that the column holds."""
    return float(limit) if family_of(column.physical_type) is Family.DOUBLE else Decimal(limit)


def _matches(values: pd.Series[Any], pattern: str) -> pd.Series[bool]:
    """Whether each text has a match of an RE2 pattern; null has none."""
    import pandas as pd
    import pyarrow
    import pyarrow.compute as pc

    found = pc.match_substring_regex(pyarrow.array(values, type=pyarrow.string()), pattern)
    return pd.Series(found.fill_null(False).to_numpy(zero_copy_only=False), index=values.index)


def _or_null(values: pd.Series[Any], result: Any) -> pd.Series[bool]:  # noqa: ANN401 - any boolean series
    return values.isna() | _true(result)


def _true(result: Any) -> pd.Series[bool]:  # noqa: ANN401 - any boolean series
    """A three-valued answer as two-valued: unknown is not true."""
    answer: pd.Series[bool] = result.astype("boolean").fillna(value=False).astype(bool)
    return answer


def _sent(column: Column) -> str:
    """Name of a column's text: the value itself where no file holds it."""
    return column.name if column.derived is not None else column.name + SENT


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}
_FACES: dict[CheckKind, Callable[[RowCheck, Setting], tuple[str | None, Face]]] = {
    CheckKind.MISSING: _missing,
    CheckKind.TYPE: _type,
    CheckKind.PATTERN: _pattern,
    CheckKind.LENGTH: _length,
    CheckKind.VALUES: _values,
    CheckKind.MINIMUM: _minimum,
    CheckKind.MAXIMUM: _maximum,
    CheckKind.UNIQUE: _helped,
    CheckKind.REFERENCE: _helped,
    CheckKind.CEILING: _ceiling,
    CheckKind.COMPARE: _compare,
    CheckKind.PERIOD: _within,
    CheckKind.FLAG: _helped,
}
