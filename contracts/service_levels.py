"""ODCS `slaProperties` in plain units: seconds, days, per cent.

Here: the units and properties we act on. Not here: judging by them (`delivery_gate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from contracts.errors import suggest
from contracts.model import ServiceLevels
from contracts.odcs import ServiceLevel
from contracts.shape import Problems
from contracts.unchecked import MEASURED_LEVELS

_SECONDS = {
    1: ("s", "sec", "second", "seconds"),
    60: ("min", "minute", "minutes"),
    3_600: ("h", "hour", "hours"),
    86_400: ("d", "day", "days"),
    604_800: ("w", "week", "weeks"),
    31_536_000: ("y", "yr", "year", "years"),
}
_UNITS = {name: seconds for seconds, names in _SECONDS.items() for name in names}
_OTHERS = (
    "availability", "throughput", "errorrate", "generalavailability", "endofsupport", "endoflife",
    "timetodetect", "timetonotify", "timetorepair", "timeofavailability",
)  # fmt: skip
_DAY = 86_400


def compile_service_levels(levels: Sequence[ServiceLevel], problems: Problems) -> ServiceLevels:
    """Read the promises we act on; names are compared without case, as the standard says."""
    values: dict[str, Decimal] = {}
    for index, level in enumerate(levels):
        name = level.property.lower()
        if name not in (*MEASURED_LEVELS, *_OTHERS):
            problems.add(
                ("slaProperties", index, "property"),
                f"unknown service level `{level.property}`",
                suggest(level.property, (*MEASURED_LEVELS, *_OTHERS)),
            )
        elif name in MEASURED_LEVELS:
            amount = _amount(level, name, index, problems)
            if amount is not None:
                values[name] = amount
    return ServiceLevels(
        frequency_s=_whole(values.get("frequency")),
        latency_s=_whole(values.get("latency")),
        completeness_pct=values.get("completeness"),
        retention_days=_whole(values["retention"] / _DAY) if "retention" in values else None,
    )


def _amount(level: ServiceLevel, name: str, index: int, problems: Problems) -> Decimal | None:
    """Bring one promise to seconds, or to per cent for completeness."""
    if isinstance(level.value, bool) or not isinstance(level.value, int | float) or level.value < 0:
        problems.add(("slaProperties", index, "value"), f"`{level.value}` is not an amount", "write a number")
        return None
    unit = (level.unit or "").lower()
    value = Decimal(str(level.value))
    if name == "completeness":
        if unit not in {"%", "percent"} or value > 100:  # noqa: PLR2004 - per cent
            problems.add(("slaProperties", index), "completeness is a share in per cent", 'write `unit: "%"`')
        return value
    if unit not in _UNITS:
        problems.add(
            ("slaProperties", index, "unit"),
            f"`{level.unit}` is not a unit of time",
            suggest(unit, _UNITS) or "write s, min, h, d, w or y",
        )
        return None
    return value * _UNITS[unit]


def _whole(value: Decimal | None) -> int | None:
    """Round to whole units."""
    return None if value is None else int(value)
