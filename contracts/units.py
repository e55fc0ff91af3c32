"""From the contributor's unit to the column's: a factor, found or stated.

Here: the units that column names end in, and the factors between common units. Not here: applying
them (the record gate multiplies). A unit we can't convert is an error, never a silent factor of one.
"""

from __future__ import annotations

import re
from decimal import Decimal

from contracts.errors import suggest
from contracts.extensions import ColumnExtensions
from contracts.model import LogicalType
from contracts.odcs import FlatProperty
from contracts.shape import KeyPath, Problems

_BY_SUFFIX = {
    "_w": "W",
    "_wh": "Wh",
    "_kva": "kVA",
    "_l": "l",
    "_kg": "kg",
    "_m": "m",
    "_s": "s",
    "_c": "°C",
    "_pct": "%",
}
_FACTORS: dict[str, dict[str, str]] = {
    "W": {"W": "1", "kW": "1000", "MW": "1000000"},
    "Wh": {"Wh": "1", "kWh": "1000", "MWh": "1000000"},
    "kVA": {"kVA": "1", "VA": "0.001", "MVA": "1000"},
    "l": {"l": "1", "L": "1", "m3": "1000", "m³": "1000", "dl": "0.1", "hl": "100"},
    "kg": {"kg": "1", "g": "0.001", "t": "1000"},
    "m": {"m": "1", "km": "1000", "cm": "0.01"},
    "s": {"s": "1", "min": "60", "h": "3600"},
    "°C": {"°C": "1", "CEL": "1"},
    "%": {"%": "1", "percent": "1"},
}
BOUNDS: dict[str, tuple[str | None, str | None]] = {
    "ratio": ("0", "1"),
    "%": ("0", "100"),
    "deg": ("-180", "180"),
    "°C": ("-273.15", None),
    "kVA": ("0", None),
    "l": ("0", None),
    "kg": ("0", None),
    "persons": ("0", None),
}
"""Least and greatest value that a unit allows; a column that says less keeps out nothing impossible."""


def has_fixed_unit(name: str) -> bool:
    """Whether a column's name says its unit, so that the file's unit is converted to it."""
    return any(name.endswith(suffix) for suffix in _BY_SUFFIX)


def factor_of(name: str, unit: str) -> Decimal | None:
    """Return the factor from a file's unit to the one a column's name ends in; None if there is none."""
    target = next((u for suffix, u in _BY_SUFFIX.items() if name.endswith(suffix)), None)
    factor = _FACTORS.get(target or "", {}).get(unit)
    return None if factor is None else Decimal(factor)


def bounds_of(name: str, unit: str | None) -> tuple[Decimal | None, Decimal | None]:
    """Return what a unit allows a column to hold; a latitude is known by its name."""
    low, high = BOUNDS.get(unit or "", (None, None))
    if unit == "deg" and re.search(r"(^|_)lat", name):
        low, high = "-90", "90"
    return Decimal(low) if low else None, Decimal(high) if high else None


def scale_of(prop: FlatProperty, more: ColumnExtensions, at: KeyPath, problems: Problems) -> Decimal | None:
    """Return the multiplier from the file's unit to the unit that the column's name ends in.

    A stated `scale` holds; else it follows from `unit` (kW in `power_w`: 1000). None means one.
    """
    numeric = prop.logical_type in {LogicalType.NUMBER, LogicalType.INTEGER}
    if more.scale is not None and not numeric:
        problems.add(at, f"a {prop.logical_type} can't be scaled", "remove `scale`")
    if more.scale is not None or more.unit is None or not numeric or prop.transform_logic is not None:
        return more.scale
    target = next((unit for suffix, unit in _BY_SUFFIX.items() if prop.name.endswith(suffix)), None)
    if target is None:
        return None
    factor = _FACTORS[target].get(more.unit)
    if factor is None:
        problems.add(
            at,
            f"`{prop.name}` holds {target}, and the file gives `{more.unit}`",
            f"state the factor, `{{property: scale, value: ...}}`; {suggest(more.unit, _FACTORS[target])}",
        )
    return None if factor in {None, "1"} else Decimal(str(factor))
