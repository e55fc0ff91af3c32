"""Columns of a drafted contract: what differs from the standard, and every guess in words.

Here: one entry a column with its remarks. Not here: the contract around them (`compose`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from contracts.columns import PERSONAL
from contracts.lint_columns import sounds_personal
from contracts.model import Column, LogicalType
from contracts.units import factor_of
from pipelines.drafting.match import TRUTHS, Match, looks_like_moment, plain_name
from pipelines.drafting.observe import DATE_FORMATS, FEW, TIME_FORMATS, Observed

FormatOf = Callable[[str, Sequence[str]], str | None]
"""The first of some date formats that reads all of a column."""
_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_MOMENTS = (LogicalType.TIMESTAMP, LogicalType.DATE)
_UNITS = {
    "w": "W", "kw": "kW", "mw": "MW", "wh": "Wh", "kwh": "kWh", "mwh": "MWh", "kva": "kVA", "va": "VA",
    "l": "l", "m3": "m3", "hl": "hl", "kg": "kg", "g": "g", "t": "t", "km": "km", "m": "m", "min": "min",
    "pct": "%", "percent": "%",
}  # fmt: skip
_PERCENT = Decimal(100)
_RATIO_AT_MOST = Decimal("1.5")


@dataclass
class Entry:
    """A column of the draft."""

    values: dict[str, Any]
    remarks: list[str] = field(default_factory=list)

    @property
    def says_something(self) -> bool:
        """Whether it differs from the standard at all."""
        return len(self.values) > 1 or bool(self.remarks)

    def custom(self, name: str, value: object) -> None:
        """Add a custom property."""
        self.values.setdefault("customProperties", []).append({"property": name, "value": value})


def matched_column(column: Column, match: Match, found: Observed, format_of: FormatOf, zone: str) -> Entry:
    """Write what the file's column says beyond the standard's."""
    entry = Entry({"name": column.name})
    if match.source != column.source or column.derived is not None:
        entry.values["physicalName"] = match.source
    if not match.is_sure:
        entry.remarks.append(f"`{match.source}` looks like `{column.name}` ({match.score:.0%} alike)")
    if column.logical_type in _NUMERIC:
        _add_numbers(entry, column, found)
    if column.logical_type in _MOMENTS:
        _add_moments(entry, column.logical_type, found, format_of, zone)
    _add_presence(entry, column, found)
    return entry


def new_column(found: Observed, taken: Iterable[str], format_of: FormatOf, zone: str) -> Entry:
    """Write a column that the standard doesn't have: typed by its values, closed by the terms."""
    name = plain_name(found.name)
    while name in taken:
        name += "_2"
    logical, physical = _type_of(found)
    entry = Entry(
        {"name": name, "physicalName": found.name, "logicalType": logical.value, "physicalType": physical}
    )
    entry.remarks.append(f"the standard has no such column; read as {logical}, and closed")
    if logical in _NUMERIC and found.minimum is not None and found.maximum is not None:
        entry.values["logicalTypeOptions"] = {
            "minimum": _number(_round_out(found.minimum, down=True)),
            "maximum": _number(_round_out(found.maximum, down=False)),
        }
        entry.remarks.append(f"observed from {_show(found.minimum)} to {_show(found.maximum)}")
        if unit := _unit_in(found.name):
            entry.custom("unit", unit)
    if logical in _MOMENTS:
        _add_moments(entry, logical, found, format_of, zone)
    if logical is LogicalType.STRING and 0 < found.distinct <= FEW and found.filled > 2 * FEW:
        entry.values["quality"] = [_enumeration(found.values)]
        entry.remarks.append(f"only {found.distinct} values observed")
    if found.is_full:
        entry.values["required"] = True
        entry.remarks.append(f"never empty in {found.rows:,} rows")
    if sounds_personal(name):
        entry.values["classification"] = PERSONAL
        entry.remarks.append("its name sounds like data about a person")
    return entry


def missing_column(column: Column) -> Entry:
    """Write what to do about a column that the standard expects and the files have not."""
    entry = Entry({"name": column.name})
    if column.valid_values:
        entry.values["transformLogic"] = f"'{column.valid_values[0]}'"
        entry.remarks.append(f"not in the file: every row is taken for `{column.valid_values[0]}`")
        return entry
    entry.remarks.append("no column of the file looks like it")
    if column.required:
        entry.values["required"] = False
    if column.primary_key:
        entry.values["primaryKey"] = False
    entry.custom("expected", value=False)
    return entry


def _add_numbers(entry: Entry, column: Column, found: Observed) -> None:
    """Guess the unit, and the limits that the standard leaves open."""
    factor = Decimal(1)
    unit = _unit_in(found.name)
    if unit is not None and unit != column.unit and (known := factor_of(column.name, unit)) is not None:
        factor = known
        entry.custom("unit", unit)
        entry.remarks.append(f"the name says {unit}: values are multiplied by {factor:f}")
    elif column.unit == "ratio" and found.usual is not None and _RATIO_AT_MOST < found.usual <= _PERCENT:
        factor = 1 / _PERCENT
        entry.custom("unit", "%")
        entry.custom("scale", 0.01)
        entry.remarks.append(f"values such as {_show(found.usual)}: taken for per cent")
    if found.minimum is None or found.maximum is None:
        return
    limits = {}
    if column.minimum is None and column.exclusive_minimum is None:
        limits["minimum"] = _number(_round_out(found.minimum * factor, down=True))
    if column.maximum is None and column.exclusive_maximum is None:
        limits["maximum"] = _number(_round_out(found.maximum * factor, down=False))
    if limits:
        entry.values["logicalTypeOptions"] = limits
        entry.remarks.append(f"observed from {_show(found.minimum)} to {_show(found.maximum)}")


def _add_moments(entry: Entry, logical: LogicalType, found: Observed, format_of: FormatOf, zone: str) -> None:
    """Guess how days and instants are written, and in which zone."""
    is_iso = bool(found.values) and all(re.match(r"^\d{4}-\d{2}-\d{2}", v) for v in found.values)
    if not is_iso:
        wanted = format_of(found.name, TIME_FORMATS if logical is LogicalType.TIMESTAMP else DATE_FORMATS)
        if wanted is not None:
            entry.custom("dateFormat", wanted)
            entry.remarks.append(f"written as {wanted}: see that day and month are not exchanged")
    if logical is LogicalType.TIMESTAMP and not found.has_offset:
        entry.custom("timezone", zone)
        entry.remarks.append(f"times have no offset: taken for local time of {zone}")


def _add_presence(entry: Entry, column: Column, found: Observed) -> None:
    """Completeness as observed."""
    if found.is_full and not column.required:
        entry.values["required"] = True
        if not column.is_expected and column.derived is None:
            entry.custom("expected", value=True)
        entry.remarks.append(f"never empty in {found.rows:,} rows")
    elif column.required and not found.is_full and not column.primary_key:
        entry.values["required"] = False
        entry.remarks.append(f"empty in {found.rows - found.filled:,} of {found.rows:,} rows")


def _type_of(found: Observed) -> tuple[LogicalType, str]:
    if found.values and found.share(lambda v: v.lower() in TRUTHS - {"0", "1"}) == 1:
        return LogicalType.BOOLEAN, "BOOLEAN"
    # A leading zero is part of an identifier.
    if found.integers == 1 and not any(re.match(r"^0\d", v) for v in found.values) and found.longest < 18:  # noqa: PLR2004
        return LogicalType.INTEGER, "BIGINT"
    if found.numbers == 1 and not any(re.match(r"^0\d", v) for v in found.values):
        return LogicalType.NUMBER, "DOUBLE"
    if found.values and found.share(looks_like_moment) == 1:
        has_time = any(":" in v for v in found.values)
        return (LogicalType.TIMESTAMP, "TIMESTAMPTZ") if has_time else (LogicalType.DATE, "DATE")
    return LogicalType.STRING, "VARCHAR"


def _enumeration(values: Sequence[str]) -> dict[str, Any]:
    return {
        "id": "values",
        "metric": "invalidValues",
        "arguments": {"validValues": list(values)},
        "mustBe": 0,
    }


def _unit_in(name: str) -> str | None:
    """The unit that a column's name ends in."""
    return _UNITS.get(plain_name(name).rpartition("_")[2]) if "_" in plain_name(name) else None


def _round_out(value: Decimal, *, down: bool) -> Decimal:
    """Round away from the values observed, to two digits."""
    if value == 0:
        return Decimal(0)
    step = Decimal(1).scaleb(value.adjusted() - 1)
    return (value / step).to_integral_value(ROUND_FLOOR if down else ROUND_CEILING) * step


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _show(value: Decimal) -> str:
    return f"{value.normalize():,f}"
