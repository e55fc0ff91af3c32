"""A small lake of the real feeds in a plain DuckDB, with verdicts, for the tests of publishing.

Here: core tables as the loader fills them. Not here: gates or DuckLake, which have their own tests.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from contracts.model import Contract, DeliveryMode
from contracts.pool import Pool, load_pool
from contracts.verdict import Arrival, Status, Verdict
from warehouse.functions import register_functions

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
FEEDS = POOL / "feeds"
RECEIVED = datetime(2019, 6, 10, 9, tzinfo=UTC)
GTFS = ("agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates")
SINGULAR = {
    "stops": "stop",
    "routes": "route",
    "trips": "trip",
    "stop_times": "stop_time",
    "calendar_dates": "calendar_date",
}
NAMESPACED = {
    "agency_id",
    "stop_id",
    "route_id",
    "trip_id",
    "service_id",
    "shape_id",
    "parent_station",
    "zone_id",
    "block_id",
}


@dataclass
class PlainLake:
    """A DuckDB with the lake's schemas."""

    con: duckdb.DuckDBPyConnection

    def cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self.con.cursor()
        cursor.execute("SET TimeZone='UTC'")
        return cursor


def bundled_pool() -> Pool:
    return load_pool(POOL)


def empty_lake(path: str = ":memory:") -> PlainLake:
    con = duckdb.connect(path)
    con.execute("SET threads=2; SET memory_limit='1GB'; SET TimeZone='UTC'")
    register_functions(con)
    for schema in ("energy", "waste", "mobility", "territory", "pool", "indicator"):
        con.execute(f"CREATE SCHEMA {schema}")
    con.execute(
        "CREATE TABLE pool.delivery (contributor VARCHAR, feed VARCHAR, delivery_id VARCHAR, period DATE,"
        " received_at TIMESTAMPTZ, verdict VARCHAR, rows_landed BIGINT, rows_accepted BIGINT,"
        " rows_quarantined BIGINT, contract_version VARCHAR)"
    )
    return PlainLake(con)


def add_verdict(
    lake: PlainLake, contract: Contract, period: str | None, rows: int, salt: str = ""
) -> Verdict:
    digest = hashlib.sha256(f"{contract.id}/{period}/{salt}".encode()).hexdigest()
    verdict = Verdict(
        arrival=Arrival(
            delivery_id=digest[:16],
            contributor=contract.contributor,
            feed=contract.id,
            period=period,
            sha256=digest,
            size=1,
            source="test",
            received_at=RECEIVED,
        ),
        contract_version=contract.version,
        contract_digest=contract.digest,
        reference_digest="0",
        engine_version="0",
        status=Status.ACCEPTED,
        rows_landed=rows,
        rows_accepted=rows,
        rows_quarantined=0,
    )
    lake.con.execute(
        "INSERT INTO pool.delivery SELECT ?, ?, ?, ?, ?, 'accepted', ?, ?, 0, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM pool.delivery WHERE delivery_id = ?)",
        [
            contract.contributor,
            contract.id,
            digest[:16],
            period,
            RECEIVED,
            rows,
            rows,
            contract.version,
            digest[:16],
        ],
    )
    return verdict


def add_rows(
    lake: PlainLake, contract: Contract, table: str, select: str, period: str | None = None
) -> Verdict:
    """Append `select` (contract columns by name) to a table, namespaced and stamped as the loader does."""
    verdict = add_verdict(lake, contract, period, 0)
    model = contract.table(table)
    present = {row[0].strip() for row in lake.con.execute(f"DESCRIBE {select}").fetchall()}
    parts = []
    for column in model.columns:
        value = f'"{column.name}"' if column.name in present else "NULL"
        if column.is_namespaced and column.name in present:
            value = f"'{contract.contributor}:' || nullif({value}::VARCHAR, '')"
        parts.append(f'({value})::{column.physical_type} AS "{column.name}"')
    delivery = verdict.arrival.delivery_id
    stamp = f"'{contract.contributor}' AS contributor, '{contract.id}' AS feed, '{delivery}' AS delivery_id"
    if contract.delivery.mode is DeliveryMode.PERIODIC:
        stamp += f", '{period}'::DATE AS period"
    name = f"{contract.domain}.{table}"
    body = f"SELECT {', '.join(parts)}, {stamp} FROM ({select})"
    exists = lake.con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name || '.' || table_name = ?", [name]
    ).fetchone()
    lake.con.execute(f"INSERT INTO {name} BY NAME {body}" if exists else f"CREATE TABLE {name} AS {body}")
    return verdict


def fill_energy(lake: PlainLake, pool: Pool, days: list[str]) -> list[Verdict]:
    meters, readings = pool.contract("enerflux-meters"), pool.contract("enerflux-readings")
    source = f"read_csv('{FEEDS / 'energy' / 'meters.csv'}', types={{'prm': 'VARCHAR'}})"
    verdicts = [add_rows(lake, meters, "meter", f"SELECT prm AS meter_id, * FROM {source}")]
    for day in days:
        path = FEEDS / "energy" / f"readings_{day}.csv.gz"
        if day == "2019-05-27":
            path = path.with_name("readings_2019-05-27.v2.csv.gz")
        select = (
            "SELECT DISTINCT ON (prm, horodate, sens) prm AS meter_id, horodate AS start_at, sens AS"
            " direction,"
            " puissance_w AS power_w, 1800 AS duration_s, puissance_w * 0.5 AS energy_wh, 'measured' AS"
            " quality"
            f" FROM read_csv('{path}', delim=';', header=true, columns={{'prm': 'VARCHAR', 'horodate':"
            f" 'TIMESTAMPTZ',"
            " 'sens': 'VARCHAR', 'puissance_w': 'DECIMAL(18,3)'}) WHERE puissance_w BETWEEN 0 AND 250000"
            " AND regexp_full_match(prm, '[0-9]{14}') ORDER BY prm, horodate, sens"
        )
        verdicts.append(add_rows(lake, readings, "reading", select, day))
    return verdicts


def fill_waste(lake: PlainLake, pool: Pool, days: list[str]) -> list[Verdict]:
    contract = pool.contract("velia-bins")
    verdicts = []
    for day in days:
        path = FEEDS / "waste" / f"bins_{day}.json.gz"
        select = (
            "SELECT j->>'$.id' AS container_id, (j->>'$.fillingLevel.observedAt')::TIMESTAMPTZ AS"
            " observed_at,"
            " (j->>'$.fillingLevel.value')::DOUBLE AS fill_level, (j->>'$.temperature.value')::DOUBLE AS"
            " temperature_c,"
            " (j->>'$.batteryVoltage.value')::DOUBLE AS battery_voltage, j->>'$.storedWasteKind.value[0]'"
            " AS waste_kind,"
            " j->>'$.status.value' AS status, (j->>'$.location.value.coordinates[0]')::DOUBLE AS lon,"
            " (j->>'$.location.value.coordinates[1]')::DOUBLE AS lat"
            f" FROM (SELECT json AS j FROM read_json_objects('{path}', format='array'))"
        )
        verdicts.append(
            add_rows(
                lake,
                contract,
                "fill_observation",
                f"SELECT * FROM ({select}) WHERE fill_level BETWEEN 0 AND 1",
                day,
            )
        )
    return verdicts


def fill_territory(lake: PlainLake, pool: Pool) -> list[Verdict]:
    source = f"SELECT id AS cell_id, * EXCLUDE (id) FROM read_csv('{FEEDS / 'poa_hexgrid.csv'}')"
    return [add_rows(lake, pool.contract("ipea-population"), "population_grid", source)]


def fill_mobility(lake: PlainLake, pool: Pool, scratch: Path) -> list[Verdict]:
    verdicts = []
    for feed, file in (("eptc-gtfs", "poa_eptc.zip"), ("trensurb-gtfs", "poa_trensurb.zip")):
        folder = scratch / feed
        with zipfile.ZipFile(FEEDS / file) as archive:
            archive.extractall(folder)
        for name in GTFS:
            path = folder / f"{name}.txt"
            if path.exists():
                verdicts.append(
                    add_rows(lake, pool.contract(feed), SINGULAR.get(name, name), _gtfs_select(lake, path))
                )
    return list({v.arrival.delivery_id: v for v in verdicts}.values())


def _gtfs_select(lake: PlainLake, path: Path) -> str:
    source = f"read_csv('{path}', all_varchar=true, header=true, null_padding=true)"
    names = [row[0] for row in lake.con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    parts = []
    for name in names:
        clean = name.strip()
        value = f"nullif(trim(\"{name}\"), '')"
        if clean in ("start_date", "end_date", "date"):
            value = f"strptime({value}, '%Y%m%d')::DATE"
        parts.append(f'{value} AS "{clean}"')
        if clean in ("arrival_time", "departure_time"):
            clock = f"string_split({value}, ':')"
            parts.append(
                f"{clock}[1]::INTEGER * 3600 + {clock}[2]::INTEGER * 60 + {clock}[3]::INTEGER AS"
                f" {clean[:-5]}_s"
            )
    return f"SELECT {', '.join(parts)} FROM {source}"


def fill_indicators(lake: PlainLake, pool: Pool, scratch: Path) -> None:
    """The value table with rows of a few indicators, some of which must stay inside, and all definitions."""
    from warehouse.indicators.compute import pool_definitions, write_definitions

    empty = (ROOT / "warehouse" / "indicators" / "value.sql").read_text(encoding="utf-8")
    lake.con.execute(f"CREATE TABLE indicator.value AS {empty}")
    write_definitions(lake.con, pool_definitions(pool), scratch / "definition.parquet")
    lake.con.execute(
        f"CREATE TABLE indicator.definition AS FROM read_parquet('{scratch / 'definition.parquet'}')"
    )
    rows = [
        ("active_trips", "territory", "porto-alegre", "2019-05-15", 3623.0),
        ("low_fill_visit_share", "territory", "porto-alegre", "2019-05-15", 0.25),
        ("overflow_time_share", "territory", "porto-alegre", "2019-05-15", 0.03),
        ("overflow_time_share", "territory", "porto-alegre", "2019-06-09", 0.04),
        ("energy_per_meter_kwh", "territory", "porto-alegre", "2019-05-15", 17.0),
        ("quarantine_rate", "feed", "velia-bins", "2019-05-15", 0.003),
        ("quarantine_rate", "feed", "enerflux-readings", "2019-05-15", 0.004),
        ("quarantine_rate", "territory", "porto-alegre", "2019-05-15", 0.0035),
    ]
    for indicator, scale, zone, day, value in rows:
        lake.con.execute(
            "INSERT INTO indicator.value BY NAME SELECT ? AS indicator, '1.0.0' AS indicator_version, 'x' AS"
            " parameters_hash, ? AS zone_scale, ? AS zone, 'day' AS period_grain, ?::DATE AS period_start,"
            " ?::DATE AS period_end, ? AS value, ? AS numerator, 1.0 AS denominator, 'ok' AS status, 'full'"
            " AS edition",
            [indicator, scale, zone, day, day, value, value],
        )
