"""What a column's values may be: from ODCS type options and quality checks to limits the gate enforces.

Here: types, limits, patterns, enums, date formats. Not here: the column as a whole (`columns`), units
(`units`), what a contract says beyond this (`unchecked` lists it).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.compile.quoting import text
from contracts.extensions import ColumnExtensions
from contracts.model import LogicalType
from contracts.odcs import FlatProperty, TypeOptions
from contracts.shape import KeyPath, Problems
from contracts.unchecked import is_enum

MAX_PATTERN = 500
_DECIMAL = re.compile(r"^DECIMAL\((\d{1,2}),(\d{1,2})\)$")
_PHYSICAL: dict[LogicalType, tuple[str, ...]] = {
    LogicalType.STRING: ("VARCHAR",),
    LogicalType.DATE: ("DATE",),
    LogicalType.TIMESTAMP: ("TIMESTAMPTZ",),
    LogicalType.TIME: ("TIME",),
    LogicalType.NUMBER: ("DOUBLE", "DECIMAL(p,s)"),
    LogicalType.INTEGER: ("BIGINT", "INTEGER", "SMALLINT", "TINYINT"),
    LogicalType.BOOLEAN: ("BOOLEAN",),
}
_TEMPORAL = (LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
_LIMITS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
_JDK = {"yyyy": "%Y", "uuuu": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "XXX": "%z"}
_STRPTIME = re.compile(r"^(?:[^%A-Za-z]|%[YmdHMSfyjzbBpI]|T|Z)+$")


def physical_type(prop: FlatProperty, at: KeyPath, problems: Problems) -> str:
    """Return a DuckDB type that fits the logical one; the closed list keeps SQL out of type names."""
    allowed = _PHYSICAL[prop.logical_type]
    if prop.physical_type is None:
        return allowed[0]
    name = re.sub(r"\s+", "", prop.physical_type).upper()
    match = _DECIMAL.match(name)
    fits = name in allowed or (
        match is not None and "DECIMAL(p,s)" in allowed and int(match[2]) <= int(match[1]) <= 38  # noqa: PLR2004
    )
    if not fits:
        problems.add(
            (*at, "physicalType"),
            f"`{prop.physical_type}` does not fit a {prop.logical_type}",
            f"write one of {', '.join(allowed)}",
        )
    return name


def limits_of(options: TypeOptions) -> dict[str, Decimal | None]:
    """Read the four numeric limits; limits on dates are listed as not checked."""
    return {key: _limit(getattr(options, key)) for key in _LIMITS}


def _limit(value: object) -> Decimal | None:
    """Read a number as written."""
    return None if value is None or isinstance(value, str) else Decimal(str(value))


def pattern_of(options: TypeOptions, at: KeyPath, problems: Problems) -> str | None:
    """Check that a pattern means the same to RE2 and Python, and takes linear time in both."""
    pattern = options.pattern
    if pattern is None:
        return None
    where = (*at, "logicalTypeOptions", "pattern")
    if re.search(r"\(\?(=|!|<|P=)|\\[1-9]", pattern):
        problems.add(where, "look-around and back-references are refused", "write a plain pattern")
    elif len(pattern) > MAX_PATTERN or re.search(r"[+*}]\)[+*{]", pattern):
        problems.add(where, "a repetition inside a repetition can take for ever", "write a plainer pattern")
    elif fault := _pattern_fault(pattern):
        problems.add(where, f"not a valid pattern: {fault}", "mend the expression")
    return pattern


@lru_cache(maxsize=1024)
def _pattern_fault(pattern: str) -> str | None:
    """Say why Python or RE2 (by DuckDB) refuses a pattern; None if both take it."""
    import duckdb

    try:
        re.compile(pattern)
        # A literal: DuckDB imports pandas (half a second) to bind a parameter.
        duckdb.execute(f"SELECT regexp_matches('', {text(pattern)})")
    except (re.error, duckdb.Error, RecursionError, OverflowError) as error:
        return str(error).split("\n", 1)[0]
    return None


def valid_values(prop: FlatProperty, at: KeyPath, problems: Problems) -> tuple[str, ...] | None:
    """Read the enum: ODCS 3.1 states it as `invalidValues` with `validValues` and `mustBe: 0`."""
    values: tuple[str, ...] | None = None
    for index, check in enumerate(prop.quality):
        where = (*at, "quality", index)
        if not is_enum(check):
            continue
        listed = (check.arguments or {})["validValues"]
        if check.severity not in {None, "error"}:
            problems.add(
                where, "a value that is not listed quarantines its row", "remove the severity, or the check"
            )
        if not isinstance(listed, list) or not all(isinstance(v, str | int) for v in listed):
            problems.add(where, "validValues is a list of texts or whole numbers", "mend the list")
            continue
        values = tuple(str(v) for v in listed)
    return values


def date_format_of(prop: FlatProperty, more: ColumnExtensions, at: KeyPath, problems: Problems) -> str | None:
    """Return the strptime format of a column's text; ODCS's JDK pattern is translated."""
    written = more.date_format
    if written is None and prop.logical_type in _TEMPORAL and prop.logical_type_options.format:
        written = re.sub(
            "|".join(_JDK), lambda m: _JDK[m[0]], prop.logical_type_options.format.replace("'", "")
        )
    if written is None:
        return None
    if prop.logical_type not in _TEMPORAL:
        problems.add(at, f"a {prop.logical_type} has no date format", "remove `dateFormat`")
    elif not _STRPTIME.match(written):
        problems.add(
            at, f"`{written}` is not a date format", "write it as `%d/%m/%Y %H:%M` or `dd/MM/yyyy HH:mm`"
        )
    return written


def timezone_of(prop: FlatProperty, more: ColumnExtensions, at: KeyPath, problems: Problems) -> str | None:
    """Return the IANA zone of a column's times without offset; None where the file must give offsets."""
    name = more.timezone or prop.logical_type_options.default_timezone
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(at, f"`{name}` is not an IANA time zone", "write it as `America/Sao_Paulo`")
    if prop.logical_type is not LogicalType.TIMESTAMP:
        problems.add(at, f"a {prop.logical_type} has no time zone", "remove `timezone`")
    return name
