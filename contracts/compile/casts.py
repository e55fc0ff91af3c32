"""Text to number or time as its sender writes it, in SQL.

Here: the sender's decimal mark and unit, and times to the minute. Not here: which column is read how
(`staging`), or what text may stand for a value at all (`arrow`).
"""

from __future__ import annotations

from contracts.compile.arrow import Family
from contracts.compile.quoting import number, text
from contracts.model import Column

_WIDE = "DECIMAL(28,10)"


def cast_number(column: Column, sent: str, decimal: str, family: Family) -> str:
    """Numbers: the sender's decimal mark, the sender's unit, and no infinity."""
    kind = column.physical_type
    if decimal != ".":
        sent = f"replace({sent}, {text(decimal)}, '.')"
    if family is Family.DOUBLE:
        factor = "" if column.scale is None else f" * CAST({number(column.scale)} AS DOUBLE)"
        value = f"TRY_CAST({sent} AS {kind}){factor}"
        return f"CASE WHEN isfinite({value}) THEN CAST({value} AS {kind}) END"
    if column.scale is None:
        return f"TRY_CAST({sent} AS {kind})"
    return f"TRY(CAST(TRY_CAST({sent} AS {_WIDE}) * {number(column.scale)} AS {kind}))"


def with_seconds(column: Column, sent: str, family: Family) -> str:
    """A time to the minute is right by ISO 8601; DuckDB wants the seconds."""
    if column.date_format is not None or family not in (Family.TIMESTAMP, Family.INSTANT, Family.TIME):
        return sent
    day = "" if family is Family.TIME else "[^T ]+[T ]"
    return f"regexp_replace({sent}, '^({day}[0-9]{{2}}:[0-9]{{2}})(Z|[+-].*)?$', '\\1:00\\2')"
