"""Every measure of the golden file that the pool computes, on the real feeds through the real gates.

The golden values were computed by another route (pandas and numpy on the raw files). What the pool does not
compute is named in NOT_COMPUTED, with the reason.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from connectors.landing import land_file, landed_data
from contracts import verdicts
from contracts.gate import judge
from contracts.layout import Home
from contracts.pool import Pool, load_pool
from warehouse.indicators.compute import (
    compute_indicators,
    definition_variables,
    draft_values,
    pool_definitions,
)
from warehouse.indicators.definitions import Definition, Parameter
from warehouse.indicators.frames import FrameMaker
from warehouse.lake import Lake
from warehouse.load import load_deliveries
from warehouse.models import build_models, pool_variables, set_variables
from warehouse.records import record_verdicts

ROOT = Path(__file__).parents[2]
POOL = ROOT / "pools" / "porto-alegre"
GOLDEN = ROOT.parent / "shared" / "indicators" / "golden.csv"
DAYS = [dt.date(2019, 5, 13) + dt.timedelta(days=n) for n in range(28)]
PERIOD = "2019-05-13/2019-06-09"
REJECTED = "2019-06-03"
FILES = {
    "enerflux-meters": "energy/meters.csv",
    "eptc-gtfs": "poa_eptc.zip",
    "trensurb-gtfs": "poa_trensurb.zip",
    "velia-containers": "waste/containers.csv",
    "velia-collections": "waste/collections.csv",
    "ipea-population": "poa_hexgrid.csv",
    "ipea-places": "poa_points_of_interest.csv",
    "enerflux-readings": "energy/readings_{day}.csv.gz",
    "velia-bins": "waste/bins_{day}.json.gz",
}
FEED_OF = {"poa_eptc": "eptc-gtfs", "poa_trensurb": "trensurb-gtfs"}

NOT_COMPUTED = {
    "population_sdg_11_2_1_straight": "the SDG asks for distances along streets, which the pool has not",
    "population_within_300m_areal": "cells count by their centre; no disc is cut out of a hexagon",
    "population_within_500m_areal": "cells count by their centre; no disc is cut out of a hexagon",
    "stop_chain_km": "collections chained in time are no truck's road, so no kilometres are published",
}
"""Measures that the pool does not compute, and why."""

INDICATOR_OF = {
    ("poa_readings", "completeness_consumption"): ("completeness_rate", {}, "enerflux-readings"),
    ("poa_readings", "load_factor"): ("load_factor", {}, None),
    ("poa_readings", "coincidence_factor"): ("peak_coincidence_factor", {}, None),
    ("poa_readings", "self_consumption_rate_meter"): ("self_consumption_rate", {}, None),
    ("poa_readings", "self_sufficiency_rate_meter"): ("self_sufficiency_rate", {}, None),
    ("poa_readings", "self_consumption_rate_collective"): ("collective_self_consumption_rate", {}, None),
    ("poa_readings", "self_sufficiency_rate_collective"): ("collective_self_sufficiency_rate", {}, None),
    ("poa_bins", "time_share_at_or_above_0.8"): ("overflow_time_share", {"overflow_level": 0.8}, None),
    ("poa_bins", "time_share_at_or_above_0.9"): ("overflow_time_share", {"overflow_level": 0.9}, None),
    ("poa_bins", "time_share_at_or_above_1.0"): ("overflow_time_share", {"overflow_level": 1.0}, None),
    ("poa_collections", "mean_level_at_collection"): ("fill_at_collection_mean", {}, None),
    ("poa_collections", "mean_volume_l"): ("volume_per_collection_l", {}, None),
    ("poa_collections", "share_below_0.25"): ("low_fill_visit_share", {"low_level": 0.25}, None),
    ("poa_collections", "share_below_0.5"): ("low_fill_visit_share", {"low_level": 0.5}, None),
    ("poa_collections", "share_below_0.8"): ("low_fill_visit_share", {"low_level": 0.8}, None),
    ("poa_collections", "share_below_0.9"): ("low_fill_visit_share", {"low_level": 0.9}, None),
    ("poa_hexgrid", "mean_jobs_within_3000m"): ("jobs_reachable_straight", {"reach_m": 3000}, None),
}
"""(dataset, measure) -> indicator, its parameters, the feed where the zone is one."""

PATTERNS = {
    r"gtfs_kit_active_trips": "gtfs active_trips",
    r"departures_(?P<from_h>\d\d)_(?P<to_h>\d\d)": "gtfs departures_window",
    r"stops_with_(?P<n>\d+)_per_hour_(?P<from_h>\d\d)_(?P<to_h>\d\d)": "gtfs stops_window",
    r"total_(?P<column>\w+)": "poa_hexgrid total",
    r"mean_(?P<column>\w+)_within_(?P<reach_m>\d+)m": "poa_hexgrid mean_within",
    r"max_(?P<column>\w+)_within_(?P<reach_m>\d+)m": "poa_hexgrid max_within",
    r"unserved_population_(?P<reach_m>\d+)m": "poa_hexgrid unserved_population",
    r"population_within_(?P<reach_m>\d+)m": "{dataset} population_within",
    r"zones_with_(?P<n>\d+)_meters": "poa_meters zones",
    r"observation_share_at_or_above_(?P<n>[\d.]+)": "poa_bins observation_share_at_or_above",
}
"""Measures whose name holds the numbers that its query asks for as variables."""

Values = dict[tuple[str, str], float]


def read_golden() -> dict[tuple[str, str], list[dict[str, str]]]:
    """Return the rows of each (dataset, measure); none where the file is not beside the repository."""
    if not GOLDEN.exists():
        return {}
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    with GOLDEN.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["tolerance"] != "reference":
                groups.setdefault((row["dataset"], row["measure"]), []).append(row)
    return groups


def read_queries() -> dict[str, str]:
    text = Path(__file__).with_name("golden.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (.+)$", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip().rstrip(";") for name, sql in zip(parts[::2], parts[1::2], strict=True)}


ROWS = read_golden()
QUERIES = read_queries()


@pytest.fixture(scope="session")
def pool() -> Pool:
    return load_pool(POOL)


@pytest.fixture(scope="session")
def measured(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The pool's lake as a run leaves it: gates, models, indicators. Read it, don't write."""
    home = Home(tmp_path_factory.mktemp("pool"))
    home.scratch.mkdir()
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as con:
        con.execute("SET TimeZone='UTC'")
        for feed in FILES:
            deliver(con, pool, feed, home)
    with Lake.open(home, threads=2) as lake:
        fill(lake, pool, home)
        yield lake


def fill(lake: Lake, pool: Pool, home: Home) -> None:
    for contract in pool.contracts:
        current = [c.accepted for c in verdicts.current(home, contract.id) if c.accepted is not None]
        load_deliveries(lake, contract, current, home)
    record_verdicts(lake, pool, verdicts.load_all(home))
    build_models(lake, pool)
    compute_indicators(lake, pool)


def deliver(con: duckdb.DuckDBPyConnection, pool: Pool, feed: str, home: Home) -> None:
    contract = pool.contract(feed)
    periods = [None] if "{day}" not in FILES[feed] else [day.isoformat() for day in DAYS]
    files = [(period, FILES[feed].format(day=period)) for period in periods]
    if feed == "enerflux-readings":
        files.append(("2019-05-27", "energy/readings_2019-05-27.v2.csv.gz"))
    arrivals = []
    for number, (period, file) in enumerate(files):
        now = pool.now + dt.timedelta(minutes=number)
        landing = land_file(contract, period, POOL / "feeds" / file, home, now=now)
        assert landing.arrival is not None, landing.detail
        arrivals.append((landing.arrival, landed_data(home, landing.arrival)))
    judge(con, contract, arrivals, read_tables=read_tables, home=home, now=pool.now)


@pytest.fixture(scope="session")
def asking(measured: Lake, pool: Pool) -> Iterator[duckdb.DuckDBPyConnection]:
    con = measured.cursor()
    set_variables(con, base_variables(measured, pool))
    yield con
    con.close()


@pytest.fixture(scope="session")
def with_rejected_day(measured: Lake, pool: Pool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Energy as if the rejected day had been accepted in its own format: golden periods hold that day."""
    con = measured.cursor()
    set_variables(con, base_variables(measured, pool))
    file = POOL / "feeds" / "energy" / f"readings_{REJECTED}.csv.gz"
    with duckdb.connect() as reader:
        rows = reader.execute(
            """
            SELECT
                'enerflux:' || prm AS meter_id, sens AS direction,
                timezone('America/Sao_Paulo', strptime(day, '%d/%m/%Y %H:%M')) AS start_at,
                (replace(kw, ',', '.')::DECIMAL(18, 3) * 1000)::DECIMAL(18, 3) AS power_w
            FROM read_csv(?, header=true, delim=',', quote='"', all_varchar=true,
                names=['prm', 'day', 'sens', 'kw'])
            """,
            [str(file)],
        ).to_arrow_table()
    con.register("rejected", rows)
    replaced = {"energy.reading", "energy.reading_interval", "energy.meter_day"}
    for schema, table in con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'"
    ).fetchall():
        con.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{schema}")
        if f"{schema}.{table}" not in replaced:
            con.execute(f"CREATE VIEW memory.{schema}.{table} AS FROM lake.{schema}.{table}")
    con.execute("""
        CREATE TABLE memory.energy.reading AS
        SELECT * FROM lake.energy.reading
        UNION ALL BY NAME
        SELECT *, 1800 AS duration_s, (power_w / 2)::DECIMAL(18, 3) AS energy_wh, 'measured' AS quality,
            'enerflux' AS contributor, 'enerflux-readings' AS feed, DATE '2019-06-03' AS period FROM rejected
    """)
    con.execute("SET search_path='memory.main'")
    for model in ("reading_interval", "meter_day"):
        sql = (ROOT / "warehouse" / "models" / "energy" / f"{model}.sql").read_text(encoding="utf-8")
        con.execute(f"CREATE TABLE memory.energy.{model} AS {sql}")
    yield con
    con.close()


def base_variables(lake: Lake, pool: Pool) -> dict[str, object]:
    return {**pool_variables(lake, pool), "scales": ["territory", "h3_7"]}


def ask(
    con: duckdb.DuckDBPyConnection, variables: Mapping[str, object], dataset: str, measure: str
) -> Values:
    """Return what the pool has for a measure; KeyError if it computes none of that name."""
    if (dataset, measure) in INDICATOR_OF:
        return ask_indicator(con, variables, dataset, measure)
    name, numbers = resolve(dataset, measure)
    asked = {"feed": FEED_OF.get(dataset, ""), **{k: as_number(v) for k, v in numbers.items()}}
    set_variables(con, asked)
    FrameMaker(con).make(QUERIES[name], {**variables, **asked})
    rows = con.execute(QUERIES[name]).fetchall()
    return {(str(date or ""), key): float(value) for date, key, value in rows}


def resolve(dataset: str, measure: str) -> tuple[str, dict[str, str]]:
    for pattern, name in PATTERNS.items():
        if found := re.fullmatch(pattern, measure):
            numbers = {"from_h": "12", "to_h": "17", **found.groupdict()}
            return name.format(dataset=dataset), numbers
    return f"{'gtfs' if dataset in FEED_OF else dataset} {measure}", {}


def as_number(text: str) -> float | int | str:
    return text if not re.fullmatch(r"[\d.]+", text) else float(text) if "." in text else int(text)


def ask_indicator(
    con: duckdb.DuckDBPyConnection, variables: Mapping[str, object], dataset: str, measure: str
) -> Values:
    """Return an indicator's values by day over the territory, and over the whole period by its own sums."""
    name, parameters, feed = INDICATOR_OF[dataset, measure]
    definition = with_parameters(
        next(d for d in pool_definitions(load_pool(POOL)) if d.id == name), parameters
    )
    asked = definition_variables(definition)
    set_variables(con, asked)
    FrameMaker(con).make(definition.sql, {**variables, **asked})
    draft_values(con, definition)
    grain = "day" if "day" in definition.period_grains else "week"
    rows = con.execute(
        """
        SELECT coalesce(period_start::VARCHAR, ?), sum(numerator) / sum(denominator) FROM draft
        WHERE period_grain = ? AND zone = ? GROUP BY ROLLUP (period_start) HAVING sum(denominator) > 0
        """,
        [PERIOD, grain, feed or "porto-alegre"],
    ).fetchall()
    values = {(date, ""): value for date, value in rows}
    return {**values, ("", ""): values[PERIOD, ""]}


def with_parameters(definition: Definition, values: Mapping[str, float]) -> Definition:
    changed = {name: Parameter(value=value, reason="golden") for name, value in values.items()}
    return definition.model_copy(update={"parameters": {**definition.parameters, **changed}})


def agrees(ours: float | None, row: Mapping[str, str]) -> bool:
    if ours is None:
        return False
    expected, tolerance = float(row["value"]), row["tolerance"]
    if tolerance == "exact":
        return abs(ours - expected) < 1e-9 * max(1.0, abs(expected))
    allowed = float(tolerance.removesuffix("%"))
    if tolerance.endswith("%"):
        return abs(ours - expected) <= allowed / 100 * abs(expected)
    # Golden values are written to six digits or so: a bare tolerance is of the value where that exceeds 1.
    return abs(ours - expected) <= allowed * max(1.0, abs(expected))


def is_of_rejected_day(row: Mapping[str, str]) -> bool:
    return row["dataset"] == "poa_readings" and row["date"] == REJECTED


@pytest.mark.skipif(not ROWS, reason="golden.csv is not beside the repository")
@pytest.mark.parametrize(("dataset", "measure"), [k for k in ROWS if k[1] not in NOT_COMPUTED])
def test_a_measure_agrees_with_the_golden_values(
    dataset: str, measure: str, measured: Lake, pool: Pool, request: pytest.FixtureRequest
) -> None:
    rows = ROWS[dataset, measure]
    is_whole_period = dataset == "poa_readings" and any(row["date"] == PERIOD for row in rows)
    con = request.getfixturevalue("with_rejected_day" if is_whole_period else "asking")
    ours = ask(con, base_variables(measured, pool), dataset, measure)
    wrong = [
        f"{row['date']} {row['key']}: {ours.get((row['date'], row['key']))}, golden {row['value']}"
        for row in rows
        if not is_of_rejected_day(row) and not agrees(ours.get((row["date"], row["key"])), row)
    ]
    assert not wrong


@pytest.mark.skipif(not ROWS, reason="golden.csv is not beside the repository")
def test_measures_left_out_are_golden_ones_and_have_a_reason() -> None:
    measures = {measure for _, measure in ROWS}
    assert NOT_COMPUTED.keys() <= measures
    assert all(NOT_COMPUTED.values())


def test_the_rejected_day_has_no_energy_and_is_never_zero(measured: Lake) -> None:
    con = measured.cursor()
    assert con.execute("SELECT count(*) FROM energy.reading WHERE period = ?", [REJECTED]).fetchone() == (0,)
    found = con.execute(
        """
        SELECT DISTINCT status, status_reason, value FROM indicator.value
        WHERE indicator = 'energy_per_meter_kwh' AND period_grain = 'day' AND period_start = ?
        """,
        [REJECTED],
    ).fetchall()
    assert found == [("insufficient_data", "completeness", None)]


def test_a_sunday_without_buses_is_zero_and_known(measured: Lake) -> None:
    query = """
        SELECT value, status FROM indicator.value
        WHERE indicator = 'unserved_population' AND zone_scale = 'territory' AND period_start = '2019-05-19'
    """
    value, status = measured.cursor().execute(query).fetchall()[0]
    assert status == "ok"
    assert value > 800_000


def test_computing_again_commits_nothing(measured: Lake, pool: Pool) -> None:
    before = measured.snapshot()
    again = compute_indicators(measured, pool)
    assert measured.snapshot() == before
    assert not any(one.changed for one in again)
    assert sum(one.rows for one in again) > 10_000


def test_the_lake_has_every_column_that_a_definition_names(measured: Lake, pool: Pool) -> None:
    query = """
        SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns()
        WHERE database_name = 'lake'
    """
    present = set(measured.cursor().execute(query).fetchall())
    for definition in pool_definitions(pool):
        named = {(table, column) for table, columns in definition.inputs.items() for column in columns}
        assert named <= present, (definition.id, named - present)


def test_no_two_rows_of_the_value_table_are_of_one_cell(measured: Lake) -> None:
    query = """
        SELECT count(*), count(DISTINCT (edition, indicator, parameters_hash, zone_scale, zone, period_grain,
            period_start)) FROM indicator.value
    """
    rows, cells = measured.cursor().execute(query).fetchall()[0]
    assert rows == cells


def test_a_value_is_its_numerator_over_its_denominator_and_stands_only_where_readable(measured: Lake) -> None:
    query = """
        SELECT count(*) FILTER (WHERE (value IS NOT NULL) <> (status IN ('ok', 'partial', 'estimated'))),
            count(*) FILTER (WHERE value IS NOT NULL AND value <> numerator / denominator)
        FROM indicator.value
    """
    assert measured.cursor().execute(query).fetchall() == [(0, 0)]


def test_sums_of_zones_are_those_of_the_territory(measured: Lake) -> None:
    query = """
        SELECT indicator, period_grain, period_start,
            sum(numerator) FILTER (WHERE zone_scale = 'h3_7') AS zones,
            sum(numerator) FILTER (WHERE zone_scale = 'territory') AS whole
        FROM indicator.value
        WHERE indicator IN ('unserved_population', 'overflow_time_share', 'self_consumption_rate')
        GROUP BY ALL HAVING abs(zones - whole) > 1e-6 * whole
    """
    assert measured.cursor().execute(query).fetchall() == []


def test_another_home_and_another_number_of_threads_give_the_same_values(
    measured: Lake, pool: Pool, tmp_path: Path
) -> None:
    first = measured.location.home
    other = Home(tmp_path / "other")
    for folder in ("accepted", "reports"):
        shutil.copytree(first.root / folder, other.root / folder)
    query = """
        SELECT * REPLACE (regexp_replace(computed_from, ',"snapshot":\\d+', '') AS computed_from)
        FROM indicator.value ORDER BY ALL
    """
    with Lake.open(other, threads=1) as lake:
        fill(lake, pool, other)
        assert lake.cursor().execute(query).fetchall() == measured.cursor().execute(query).fetchall()
