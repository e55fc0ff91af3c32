"""What stands in the columns of real files: how many values, of which type, between which bounds.

Here: counts over text columns, in one scan a column. Not here: what they mean for a contract (`compose`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name as quoted
from contracts.compile.quoting import text as literal

SAMPLE = 50
FEW = 12
"""A column with at most so many different values may be an enumeration."""
DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d.%m.%Y", "%d-%m-%Y")
TIME_FORMATS = tuple(
    f"{day}{gap}{time}" for day in DATE_FORMATS for gap in (" ", "T") for time in ("%H:%M:%S", "%H:%M")
)
_OFFSET = r"(Z|[+-][0-9]{2}:?[0-9]{2})$"


@dataclass(frozen=True)
class Observed:
    """One column of the files."""

    name: str
    rows: int
    filled: int
    distinct: int
    values: tuple[str, ...]
    """Some of its values; all of them where there are few."""
    numbers: float
    """Share of filled cells that are numbers."""
    integers: float
    minimum: Decimal | None
    maximum: Decimal | None
    usual: Decimal | None
    """What nine numbers of ten do not exceed: one wild value says nothing of the unit."""
    longest: int

    @property
    def is_full(self) -> bool:
        """Whether no row leaves it empty."""
        return self.rows > 0 and self.filled == self.rows

    @property
    def has_offset(self) -> bool:
        """Whether its moments name their distance from UTC."""
        return bool(self.values) and all(re.search(_OFFSET, v) for v in self.values)

    def share(self, fits: Any) -> float:  # noqa: ANN401 - a predicate
        """Share of the values looked at that fit."""
        return sum(bool(fits(v)) for v in self.values) / len(self.values) if self.values else 0.0


def observe_columns(
    con: DuckDBPyConnection, source: str, names: Sequence[str], decimal: str
) -> tuple[Observed, ...]:
    """Look at text columns of a SELECT; blanks count as empty, numbers are read with that decimal mark."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE regie_drafted AS {source}")
    return tuple(_observe(con, name, decimal) for name in names)


def _observe(con: DuckDBPyConnection, name: str, decimal: str) -> Observed:
    cell = f"nullif(trim({quoted(name)}), '')"
    number = f"replace({cell}, ',', '.')" if decimal == "," else cell
    found = con.execute(
        f"""
        WITH cell AS (
            SELECT {cell} AS value, try_cast({number} AS DECIMAL(38, 9)) AS number FROM regie_drafted)
        SELECT count(*), count(value), count(DISTINCT value), count(number),
            count(*) FILTER (number = floor(number)), min(number), max(number),
            quantile_disc(number, 0.9), max(length(value))
        FROM cell
        """
    ).fetchone()
    assert found is not None  # noqa: S101 - an aggregate gives one row
    rows, filled, distinct, numbers, integers, minimum, maximum, usual, longest = found
    values = con.execute(
        f"SELECT DISTINCT {cell} AS value FROM regie_drafted WHERE {cell} IS NOT NULL "
        f"ORDER BY value LIMIT {SAMPLE}"
    ).fetchall()
    return Observed(
        name=name,
        rows=rows,
        filled=filled,
        distinct=distinct,
        values=tuple(v for (v,) in values),
        numbers=numbers / filled if filled else 0.0,
        integers=integers / filled if filled else 0.0,
        minimum=minimum,
        maximum=maximum,
        usual=usual,
        longest=longest or 0,
    )


def moment_format(con: DuckDBPyConnection, name: str, formats: Sequence[str]) -> str | None:
    """Return the first format that reads every filled cell of a column; None if none does."""
    cell = f"nullif(trim({quoted(name)}), '')"
    for wanted in formats:
        query = (
            f"SELECT count(*) FROM regie_drafted WHERE {cell} IS NOT NULL "
            f"AND try_strptime({cell}, {literal(wanted)}) IS NULL"
        )
        if con.execute(query).fetchall()[0][0] == 0:
            return wanted
    return None


def repeated_rows(con: DuckDBPyConnection, names: Sequence[str]) -> int:
    """Count rows whose key another row of the files has too."""
    key = ", ".join(quoted(n) for n in names)
    query = f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM regie_drafted GROUP BY {key})"
    return int(con.execute(query).fetchall()[0][0])


def first_day(con: DuckDBPyConnection, moment: str, timezone: str) -> str | None:
    """Return the local day of the first instant, ISO; None if no cell is one."""
    at = f"timezone({literal(timezone)}, try_cast({quoted(moment)} AS TIMESTAMPTZ))"
    found = con.execute(f"SELECT CAST(CAST(min({at}) AS DATE) AS VARCHAR) FROM regie_drafted").fetchall()
    return None if found[0][0] is None else str(found[0][0])


def names_interval_end(con: DuckDBPyConnection, moment: str, timezone: str) -> bool:
    """Whether stamps end at local midnight without beginning there: they name the end of their interval."""
    at = f"timezone({literal(timezone)}, try_cast({quoted(moment)} AS TIMESTAMPTZ))"
    query = f"SELECT CAST(min({at}) AS TIME), CAST(max({at}) AS TIME) FROM regie_drafted"
    first, last = con.execute(query).fetchall()[0]
    return last == time(0) and first is not None and first != time(0)


def usual_step_s(con: DuckDBPyConnection, moment: str, series: Sequence[str]) -> int | None:
    """Return the seconds that most often lie between two observations of a series."""
    key = ", ".join(quoted(n) for n in series)
    over = f"PARTITION BY {key} ORDER BY moment" if key else "ORDER BY moment"
    query = f"""
        SELECT step FROM (
            SELECT epoch(moment - lag(moment) OVER ({over})) AS step
            FROM (SELECT *, try_cast({quoted(moment)} AS TIMESTAMPTZ) AS moment FROM regie_drafted))
        WHERE step > 0 GROUP BY step ORDER BY count(*) DESC, step LIMIT 1
    """
    found = con.execute(query).fetchall()
    return int(found[0][0]) if found else None
