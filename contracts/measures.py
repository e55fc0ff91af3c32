"""The numbers that each kind of delivery rule needs, computed by DuckDB from accepted rows.

Here: one function a kind, from a scene to numbers. Not here: putting the profile together
(`profile`), or what the numbers must be (`rules/delivery_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from contracts.model import Column, Contract, DeliveryRule, LogicalType
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


def measure(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Return a rule's own numbers, or `skipped` with what it lacks, in words."""
    return _MEASURES[rule.kind](scene, rule)


def local_day(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return a local day's start and end in UTC: 23, 24 or 25 hours apart."""
    zone = ZoneInfo(timezone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


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


def _columns_missing(scene: Scene, _rule: DeliveryRule) -> Numbers:
    names = [
        f"{table.name}/{column.source}"
        for table in scene.contract.tables
        if table.name in scene.headers
        for column in table.columns
        if column.is_expected and column.derived is None and column.source not in scene.headers[table.name]
    ]
    return {"count": len(names), "names": names}


def _quarantine_share(scene: Scene, _rule: DeliveryRule) -> Numbers:
    if not sum(t.landed for t in scene.tables):
        return {"skipped": "the delivery has no rows"}
    return {"checked": sum(t.landed for t in scene.tables)}


def _row_count(scene: Scene, rule: DeliveryRule) -> Numbers:
    rows = scene.landed(str(rule.parameters["table"]))
    return {"rows": rows, "checked": rows}


def _volume(scene: Scene, rule: DeliveryRule) -> Numbers:
    rows = scene.landed(str(rule.parameters["table"]))
    return {"value": rows, "checked": rows}


def _mean(scene: Scene, rule: DeliveryRule) -> Numbers:
    source = _accepted(scene, str(rule.parameters["table"]))
    if source is None:
        return {"skipped": "no accepted rows"}
    column = quoted(str(rule.parameters["column"]))
    where, values = _where(rule.parameters.get("where") or {})
    row = scene.con.execute(
        f"SELECT count({column}), favg(CAST({column} AS DOUBLE)) FROM ({source}) WHERE {where}", values
    ).fetchone()
    if row is None or not row[0]:
        return {"skipped": "no accepted rows"}
    # The last digits depend on the order of a parallel sum.
    return {"value": round(row[1], 6), "checked": row[0]}


def _series(scene: Scene, rule: DeliveryRule) -> Numbers:
    p = rule.parameters
    register = scene.registers.get(str(p["register"]))
    if register is None:
        return {"skipped": f"needs the register {p['register']}"}
    start, end = scene.bounds
    day = date.fromisoformat(scene.arrival.period) if scene.arrival.period else scene.today
    steps = 1
    if scene.contract.delivery.step_s and scene.arrival.period:
        steps = int((end - start).total_seconds()) // scene.contract.delivery.step_s
    where, values = _where(p.get("where") or {})
    in_service, register_values = _in_service(rule, register, day)
    observed = _observed(scene, str(p["table"]), p.get("at"), series=str(p["key"]), where=where)
    sources = {"observed": observed, "wanted": in_service}
    given = {**values, **register_values, "period_start": start, "period_end": end, "steps": steps}
    found = ask(scene.con, "series.sql", sources, given)
    wanted = found["series_expected"] * steps
    if not wanted:
        return {"skipped": f"the register {p['register']} has nothing in service on {day}"}
    return {
        "complete_pct": round(100 * found["n_rows"] / wanted, 4),
        "rows": found["n_rows"],
        "rows_expected": wanted,
        "series_expected": found["series_expected"],
        "series_seen": found["series_seen"],
        "series_unexpected": found["series_unexpected"],
        "checked": found["n_rows"],
        "absent": [] if _is_personal(scene, rule) else list(found["absent"] or ()),
    }


def _in_service(rule: DeliveryRule, register: Path, day: date) -> tuple[str, dict[str, object]]:
    """Objects of the register in service on a day: from its first day on, before its last."""
    p = rule.parameters
    where, values = _where(p.get("register_where") or {}, prefix="register")
    conditions = [where]
    if p.get("from"):
        conditions.append(f"coalesce(CAST({quoted(str(p['from']))} AS DATE) <= $day, TRUE)")
    if p.get("until"):
        conditions.append(f"coalesce(CAST({quoted(str(p['until']))} AS DATE) > $day, TRUE)")
    if len(conditions) > 1:
        values["day"] = day
    key = quoted(str(p.get("register_key") or p["key"]))
    select = f"SELECT DISTINCT CAST({key} AS VARCHAR) AS series FROM read_parquet($register) WHERE "
    return select + " AND ".join(conditions), {**values, "register": str(register)}


def _covers(scene: Scene, rule: DeliveryRule) -> Numbers:
    start, end = scene.bounds
    step = timedelta(seconds=(scene.contract.delivery.step_s or 0) if scene.arrival.period else 0)
    found = _instants(scene, rule)
    tolerance = timedelta(seconds=float(rule.parameters.get("tolerance_s", 0)))
    wanted = _local(scene, end - step - tolerance)
    if found["last_epoch"] is None:
        lag = (end - start).total_seconds() if scene.arrival.period else None
        reason = {} if lag is not None else {"skipped": "no dated rows"}
        return {"lag_s": lag, "last": None, "wanted": wanted, **reason}
    last = datetime.fromtimestamp(found["last_epoch"], tz=UTC)
    return {
        "lag_s": (end - step - last).total_seconds(),
        "last": _local(scene, last),
        "wanted": wanted,
        "checked": found["rows_dated"],
    }


def _period_matches(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Share of rows in the period, among accepted rows and those that gate 1 put aside as outside it."""
    if scene.arrival.period is None:
        return {"skipped": "a snapshot has no period"}
    found = _instants(scene, rule)
    table = str(rule.parameters["table"])
    outside = sum(r.failed_rows for r in scene.rules if r.rule == "outside_period" and r.table == table)
    dated = found["rows_dated"] + outside
    if not dated:
        return {"skipped": "no dated rows"}
    pct = round(100 * found["rows_inside"] / dated, 4)
    return {
        "pct": pct,
        "rows": found["rows_inside"],
        "rows_dated": dated,
        "day": scene.arrival.period,
        "checked": dated,
    }


def _service_days(scene: Scene, _rule: DeliveryRule) -> Numbers:
    sources = {**_calendars(scene), "trip": _select(scene, "trip", {"service_id": "VARCHAR"})}
    return ask(scene.con, "service_days.sql", sources, {"today": scene.today})


def _service_hours(scene: Scene, _rule: DeliveryRule) -> Numbers:
    source = _accepted(scene, "stop_time")
    if source is None:
        return {"skipped": "no accepted stop times"}
    row = scene.con.execute(f"SELECT count(*), min(departure_s), max(arrival_s) FROM ({source})").fetchone()
    if row is None or row[1] is None or row[2] is None:
        return {"skipped": "no accepted stop times"}
    return {"first_departure_s": row[1], "last_arrival_s": row[2], "checked": row[0]}


def _calendar_covers(scene: Scene, _rule: DeliveryRule) -> Numbers:
    found = ask(scene.con, "calendar_end.sql", _calendars(scene), {"today": scene.today})
    if found["last_day"] is None:
        return {"skipped": "no accepted calendar"}
    last = date.fromisoformat(found["last_day"])
    return {**found, "days": (last - scene.today).days}


def _calendars(scene: Scene) -> dict[str, str]:
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    runs = ", ".join(f"CAST({day} AS VARCHAR) IN ('1', 'true')" for day in week)
    calendar, dates = _accepted(scene, "calendar"), _accepted(scene, "calendar_date")
    no_calendar = (
        "SELECT NULL::VARCHAR AS service_id, NULL::BOOLEAN[] AS runs, "
        "NULL::DATE AS start_date, NULL::DATE AS end_date WHERE FALSE"
    )
    no_dates = (
        "SELECT NULL::VARCHAR AS service_id, NULL::DATE AS day, NULL::VARCHAR AS exception_type WHERE FALSE"
    )
    return {
        "calendar": f"SELECT service_id, [{runs}] AS runs, start_date, end_date FROM ({calendar})"
        if calendar
        else no_calendar,
        "calendar_date": "SELECT service_id, date AS day, CAST(exception_type AS VARCHAR) AS exception_type "
        f"FROM ({dates})"
        if dates
        else no_dates,
    }


def _instants(scene: Scene, rule: DeliveryRule) -> Numbers:
    start, end = scene.bounds
    column = str(rule.parameters["column"])
    observed = _observed(scene, str(rule.parameters["table"]), column)
    if scene.arrival.period is None:
        end = datetime(9999, 1, 1, tzinfo=UTC)  # a snapshot may hold what is planned
    return ask(scene.con, "instants.sql", {"observed": observed}, {"period_start": start, "period_end": end})


def _observed(
    scene: Scene, table: str, at: str | None, *, series: str | None = None, where: str = "TRUE"
) -> str:
    """SELECT of accepted rows as (series, observed_at); empty where the table is absent."""
    source = _accepted(scene, table)
    if source is None:
        return "SELECT NULL::VARCHAR AS series, NULL::TIMESTAMPTZ AS observed_at WHERE FALSE"
    column = _time_column(scene, table, at)
    key = f"CAST({quoted(series)} AS VARCHAR)" if series else "NULL::VARCHAR"
    instant = _instant(column, scene.contract.timezone) if column else "$period_start"
    return f"SELECT {key} AS series, {instant} AS observed_at FROM ({source}) WHERE {where}"


def _time_column(scene: Scene, table: str, name: str | None) -> Column | None:
    """The column named, else the key's time stamp, else the table's first one."""
    columns = scene.contract.table(table).columns
    if name is not None:
        return scene.contract.table(table).column(name)
    stamps = [c for c in columns if c.logical_type is LogicalType.TIMESTAMP]
    return next((c for c in stamps if c.primary_key), stamps[0] if stamps else None)


def _instant(column: Column, timezone: str) -> str:
    if column.logical_type is LogicalType.DATE:
        zone = timezone.replace("'", "''")
        return f"timezone('{zone}', CAST({quoted(column.name)} AS TIMESTAMP))"
    return f"CAST({quoted(column.name)} AS TIMESTAMPTZ)"


def _accepted(scene: Scene, table: str) -> str | None:
    path = scene.accepted / f"{table}.parquet"
    if not path.exists():
        return None
    return "SELECT * FROM read_parquet('{}')".format(str(path).replace("'", "''"))


def _select(scene: Scene, table: str, columns: Mapping[str, str]) -> str:
    """SELECT of some columns of an accepted table; empty, of the types given, where it is absent."""
    source = _accepted(scene, table)
    if source is None:
        return "SELECT " + ", ".join(f"NULL::{t} AS {quoted(c)}" for c, t in columns.items()) + " WHERE FALSE"
    return "SELECT " + ", ".join(quoted(c) for c in columns) + f" FROM ({source})"


def _where(conditions: Mapping[str, Any], prefix: str = "where") -> tuple[str, dict[str, object]]:
    """Equality on columns, compared as text: `{direction: consumption}`, `{has_production: true}`."""
    values: dict[str, object] = {}
    parts = []
    for place, (column, wanted) in enumerate(conditions.items()):
        name = f"{prefix}_{place}"
        parts.append(f"CAST({quoted(str(column))} AS VARCHAR) = ${name}")
        values[name] = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return " AND ".join(parts) or "TRUE", values


def _is_personal(scene: Scene, rule: DeliveryRule) -> bool:
    column = scene.contract.table(str(rule.parameters["table"])).column(str(rule.parameters["key"]))
    return column.classification == "personal" or scene.contract.terms.protected_unit == column.name


def _local(scene: Scene, instant: datetime) -> str:
    return instant.astimezone(ZoneInfo(scene.contract.timezone)).isoformat(timespec="minutes")


_MEASURES: Mapping[str, Callable[[Scene, DeliveryRule], Numbers]] = {
    "columns_missing": _columns_missing,
    "quarantine_share": _quarantine_share,
    "row_count": _row_count,
    "volume_against_history": _volume,
    "mean_against_history": _mean,
    "series_complete": _series,
    "covers_period": _covers,
    "period_matches": _period_matches,
    "service_days": _service_days,
    "service_hours": _service_hours,
    "calendar_covers": _calendar_covers,
    "gtfs_conformance": lambda _scene, _rule: {},
}
