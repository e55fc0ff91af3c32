"""What a measure may look at, and how it asks: one delivery's accepted rows as small SELECTs.

Here: the scene, local days, and the sources of queries. Not here: the numbers (`measures`,
`timetable_measures`) or what they must be (`rules/delivery_rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name as quoted
from contracts.compile.quoting import parquet, text
from contracts.model import Column, Contract, LogicalType
from contracts.verdict import Arrival, RuleResult, TableCount

QUERIES = Path(__file__).with_name("profiles")
Numbers = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """All that a measure may look at."""

    con: DuckDBPyConnection
    contract: Contract
    arrival: Arrival
    tables: tuple[TableCount, ...]
    rules: tuple[RuleResult, ...]
    """Gate 1's results."""
    accepted: Path
    registers: Mapping[str, Path]
    now: datetime
    headers: Mapping[str, tuple[str, ...]]
    """Column names found in the delivery, by table."""

    def landed(self, table: str) -> int:
        """Rows of a table as they landed; 0 if the delivery came without it."""
        return sum(t.landed for t in self.tables if t.table == table)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Start and end of the period in UTC; a snapshot reaches from the first instant until now."""
        if self.arrival.period is None:
            return datetime(1900, 1, 1, tzinfo=UTC), self.now
        return local_day(date.fromisoformat(self.arrival.period), self.contract.timezone)

    @property
    def today(self) -> date:
        """The local day of the injected clock."""
        return self.now.astimezone(ZoneInfo(self.contract.timezone)).date()


def local_day(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return a local day's start and end in UTC: 23, 24 or 25 hours apart."""
    zone = ZoneInfo(timezone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def ask(
    con: DuckDBPyConnection, query: str, sources: Mapping[str, str], values: Mapping[str, object]
) -> Numbers:
    """Return the one row of a query file over the given sources (CTE name -> SELECT) as a dict."""
    # Files read their parameters from a table: the SQL linter can't parse `$name`.
    given = "SELECT " + ", ".join(f"${name} AS {quoted(name)}" for name in values)
    ctes = ",\n".join(f"{name} AS ({select})" for name, select in {"given": given, **sources}.items())
    body = (QUERIES / query).read_text(encoding="utf-8")
    # The file's own WITH, if any, must be nested: SQL allows one WITH a query.
    cursor = con.execute(f"WITH {ctes}\nSELECT * FROM ({body})", dict(values))
    row = cursor.fetchone()
    assert row is not None, query  # noqa: S101  # these queries aggregate to one row
    return dict(zip([c[0] for c in cursor.description or ()], row, strict=True))


def observed_rows(
    scene: Scene, table: str, at: str | None, *, series: str | None = None, where: str = "TRUE"
) -> str:
    """Return a SELECT of accepted rows as (series, observed_at); empty where the table is absent."""
    source = accepted_rows(scene, table)
    if source is None:
        return "SELECT NULL::VARCHAR AS series, NULL::TIMESTAMPTZ AS observed_at WHERE FALSE"
    column = _time_column(scene, table, at)
    key = f"CAST({quoted(series)} AS VARCHAR)" if series else "NULL::VARCHAR"
    instant = _instant(column, scene.contract.timezone) if column else "$period_start"
    return f"SELECT {key} AS series, {instant} AS observed_at FROM ({source}) WHERE {where}"


def accepted_rows(scene: Scene, table: str) -> str | None:
    """Return a SELECT of a table's accepted rows, None where the delivery has none of it."""
    path = scene.accepted / f"{table}.parquet"
    if not path.exists():
        return None
    return f"SELECT * FROM {parquet(path)}"


def accepted_columns(scene: Scene, table: str, columns: Mapping[str, str]) -> str:
    """Return a SELECT of some columns of an accepted table; empty, of the types given, where it is absent."""
    source = accepted_rows(scene, table)
    if source is None:
        return "SELECT " + ", ".join(f"NULL::{t} AS {quoted(c)}" for c, t in columns.items()) + " WHERE FALSE"
    return "SELECT " + ", ".join(quoted(c) for c in columns) + f" FROM ({source})"


def equals_all(conditions: Mapping[str, Any], prefix: str = "where") -> tuple[str, dict[str, object]]:
    """Return a condition and its parameters: columns equal values, compared as text.

    Conditions are such as `{direction: consumption}` or `{has_production: true}`.
    """
    values: dict[str, object] = {}
    parts = []
    for place, (column, wanted) in enumerate(conditions.items()):
        name = f"{prefix}_{place}"
        parts.append(f"CAST({quoted(str(column))} AS VARCHAR) = ${name}")
        values[name] = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return " AND ".join(parts) or "TRUE", values


def _time_column(scene: Scene, table: str, name: str | None) -> Column | None:
    """The column named, else the key's time stamp, else the table's first one."""
    columns = scene.contract.table(table).columns
    if name is not None:
        return scene.contract.table(table).column(name)
    stamps = [c for c in columns if c.logical_type is LogicalType.TIMESTAMP]
    return next((c for c in stamps if c.primary_key), stamps[0] if stamps else None)


def _instant(column: Column, timezone: str) -> str:
    if column.logical_type is LogicalType.DATE:
        return f"timezone({text(timezone)}, CAST({quoted(column.name)} AS TIMESTAMP))"
    return f"CAST({quoted(column.name)} AS TIMESTAMPTZ)"
