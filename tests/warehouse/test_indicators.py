"""Indicators on tiny tables: the worked examples, how a value is judged, how it is revised."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

from warehouse.functions import register_functions
from warehouse.indicators.compute import definition_variables, draft_values
from warehouse.indicators.definitions import Definition, read_definitions
from warehouse.indicators.frames import FrameMaker, find_frames, find_inputs, read_frames
from warehouse.indicators.provenance import find_base_tables
from warehouse.model_files import read_models
from warehouse.models import set_variables

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT.parent / "shared" / "indicators" / "examples"
needs_examples = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="worked examples are not beside the repository"
)
DEFINITIONS = {definition.id: definition for definition in read_definitions()}
MODELS = {model.name: model.sql for model in read_models()}
DAY = dt.date(2019, 5, 13)
VARIABLES = {
    "timezone": "UTC",
    "territory": "town",
    "scales": ["territory"],
    "zone_scales": ["territory"],
    "first_day": DAY,
    "last_day": DAY,
    "now": dt.datetime(2019, 5, 14, 9, tzinfo=dt.UTC),
}


def read_script(name: str) -> str:
    return files("warehouse").joinpath("indicators", f"{name}.sql").read_text(encoding="utf-8")


def read_rows(name: str) -> list[dict[str, str]]:
    with (EXAMPLES / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as con:
        register_functions(con)
        con.execute("SET TimeZone='UTC'")
        for schema in ("waste", "energy", "territory", "mobility", "pool"):
            con.execute(f"CREATE SCHEMA {schema}")
        con.execute("""
            CREATE TABLE territory.object_zone (
                feed VARCHAR, object_kind VARCHAR, object_id VARCHAR, zone_scale VARCHAR, contributor VARCHAR,
                zone VARCHAR
            )
        """)
        set_variables(con, VARIABLES)
        yield con


def place(con: duckdb.DuckDBPyConnection, kind: str, things: Sequence[str]) -> None:
    for thing in things:
        con.execute(
            "INSERT INTO territory.object_zone VALUES ('f', ?, ?, 'territory', 'c', 'town')", [kind, thing]
        )


def draft(con: duckdb.DuckDBPyConnection, definition: Definition) -> dict[str, object]:
    """Return the one draft row of an indicator for the day over the territory."""
    asked = {**VARIABLES, **definition_variables(definition)}
    set_variables(con, asked)
    FrameMaker(con).make(definition.sql, asked)
    draft_values(con, definition)
    cursor = con.execute("SELECT * FROM draft WHERE period_grain = 'day'")
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    assert len(rows) == 1
    return dict(zip(names, rows[0], strict=True))


@needs_examples
def test_time_overflowing_is_that_of_the_worked_example(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE TABLE waste.fill_observation (
            contributor VARCHAR, feed VARCHAR, delivery_id VARCHAR, container_id VARCHAR,
            observed_at TIMESTAMPTZ, fill_level DOUBLE
        );
        CREATE TABLE waste.container (contributor VARCHAR, container_id VARCHAR)
    """)
    for row in read_rows("overflow.csv"):
        con.execute(
            "INSERT INTO waste.fill_observation VALUES ('c', 'f', 'd', ?, ?, ?)",
            [row["container_id"], row["observed_at"], float(row["level"])],
        )
    con.execute("INSERT INTO waste.container VALUES ('c', 'c1'), ('c', 'silent')")
    con.execute(f"CREATE TABLE waste.fill_hold AS {MODELS['waste.fill_hold']}")
    place(con, "container", ["c1", "silent"])
    expected = {row["measure"]: float(row["value"]) for row in read_rows("overflow_expected.csv")}
    found = draft(con, DEFINITIONS["overflow_time_share"])
    assert found["numerator"] == expected["overflow_hours_at_0.9"]
    assert found["denominator"] == expected["observed_hours"]
    assert found["n_expected"] == 48
    assert found["coverage_space"] == 0.5, "one container of two was heard of"


@pytest.mark.parametrize(("day", "slots"), [("2019-03-31", 46), ("2019-05-13", 48), ("2019-10-27", 50)])
def test_a_day_whose_clock_changes_expects_as_many_intervals_as_it_has(
    con: duckdb.DuckDBPyConnection, day: str, slots: int
) -> None:
    set_variables(con, {"timezone": "Europe/Paris"})
    con.execute(f"""
        CREATE TEMP TABLE period AS
        SELECT 'day' AS period_grain, DATE '{day}' AS period_start, DATE '{day}' AS day;
        CREATE TABLE energy.reading_interval AS SELECT 1800 AS duration_s;
        CREATE TEMP TABLE zone_meter AS SELECT 'territory' AS zone_scale, 't' AS zone, 'm' AS meter_id,
            TRUE AS is_producer;
        CREATE TEMP TABLE meter_day AS SELECT 'm' AS meter_id, DATE '{day}' AS day, 1 AS n_consumption,
            1 AS n_production;
        CREATE TEMP TABLE pool_interval AS SELECT 'territory' AS zone_scale, 't' AS zone, DATE '{day}' AS day,
            10 AS consumption_wh, 4 AS production_wh FROM range({slots})
    """)
    query = f"SELECT n_observed, n_expected, shared_wh FROM ({read_frames()['zone_balance']})"
    assert con.execute(query).fetchall() == [(slots, slots, 4 * slots)]


@needs_examples
@pytest.mark.parametrize(
    ("measure", "indicator"),
    [
        ("self_consumption_rate_meter", "self_consumption_rate"),
        ("self_sufficiency_rate_meter", "self_sufficiency_rate"),
        ("self_consumption_rate_collective", "collective_self_consumption_rate"),
        ("self_sufficiency_rate_collective", "collective_self_sufficiency_rate"),
    ],
)
def test_self_consumption_is_that_of_the_worked_example(
    con: duckdb.DuckDBPyConnection, measure: str, indicator: str
) -> None:
    load_self_consumption(con)
    expected = next(row for row in read_rows("self_consumption_expected.csv") if row["measure"] == measure)
    found = draft(con, DEFINITIONS[indicator])
    assert found["numerator"] == pytest.approx(float(expected["numerator"]))
    assert found["denominator"] == pytest.approx(float(expected["denominator"]))


def load_self_consumption(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE TABLE energy.reading (
            contributor VARCHAR, feed VARCHAR, meter_id VARCHAR, start_at TIMESTAMPTZ, direction VARCHAR,
            duration_s INTEGER, energy_wh DECIMAL(18, 3), quality VARCHAR
        );
        CREATE TABLE energy.meter AS FROM (VALUES
            ('c', 'f', 'a', 'C5', TRUE, NULL::DATE, NULL::DATE, 'x', 'x'),
            ('c', 'f', 'b', 'C5', FALSE, NULL, NULL, 'x', 'x')
        ) AS t (contributor, feed, meter_id, segment, has_production, commissioned_on, retired_on, h3_cell,
            customer_type);
        CREATE TABLE pool.feed AS SELECT 'c' AS contributor, 'f' AS feed, 1800 AS step_s,
            ['energy.reading'] AS table_names
    """)
    for row in read_rows("self_consumption.csv"):
        for direction in ("consumption", "production"):
            if row[f"{direction}_kwh"]:
                con.execute(
                    "INSERT INTO energy.reading VALUES ('c', 'f', ?, ?, ?, 1800, ?, 'measured')",
                    [
                        row["meter"],
                        f"{DAY} {row['start_at']}:00+00",
                        direction,
                        float(row[f"{direction}_kwh"]) * 1000,
                    ],
                )
    for model in ("reading_interval", "meter_in_service", "meter_day"):
        con.execute(f"CREATE TABLE energy.{model} AS {MODELS[f'energy.{model}']}")
    place(con, "meter", ["a", "b"])


def judge(con: duckdb.DuckDBPyConnection, **given: object) -> tuple[object, ...]:
    """Return (status, reason, value) of a draft with these columns."""
    columns = {
        "zone_scale": "territory", "zone": "town", "period_grain": "day", "period_start": DAY,
        "numerator": 6.0, "denominator": 3.0, "n_observed": 100, "n_expected": 100, **given,
    }  # fmt: skip
    set_variables(con, definition_variables(DEFINITIONS["overflow_time_share"]) | {"contracts": "{}"})
    FrameMaker(con).make("FROM period", VARIABLES)
    fields = ", ".join(f"? AS {name}" for name in columns)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE draft AS {read_script('draft')} UNION ALL BY NAME SELECT {fields}",
        list(columns.values()),
    )
    con.execute("""
        CREATE OR REPLACE TEMP TABLE behind AS
        SELECT 'day' AS period_grain, ?::DATE AS period_start, ['d'] AS deliveries, 0.1 AS share_quarantined
    """, [DAY])  # fmt: skip
    set_variables(con, {"code_version": "1"})
    cursor = con.execute(f"SELECT status, status_reason, value FROM ({read_script('finish')}) AS judged")
    return cursor.fetchall()[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("ok", None, 2.0)),
        ({"n_observed": 95}, ("ok", None, 2.0)),
        ({"n_observed": 94}, ("partial", None, 2.0)),
        ({"n_observed": 80}, ("partial", None, 2.0)),
        ({"n_observed": 79}, ("insufficient_data", "completeness", None)),
        ({"n_observed": 0, "numerator": None}, ("insufficient_data", "completeness", None)),
        ({"n_expected": None}, ("insufficient_data", "no_register", None)),
        ({"coverage_time": 0.5}, ("insufficient_data", "service_window", None)),
        ({"share_estimated": 0.2}, ("ok", None, 2.0)),
        ({"share_estimated": 0.21}, ("estimated", None, 2.0)),
        ({"forced_reason": "too_few_zones"}, ("insufficient_data", "too_few_zones", None)),
        ({"n_expected": 0, "n_observed": 0}, ("not_applicable", "nothing_to_measure", None)),
        ({"denominator": 0.0}, ("not_applicable", "nothing_to_measure", None)),
        ({"numerator": 0.0}, ("ok", None, 0.0)),
    ],
)
def test_a_value_stands_only_where_its_coverage_lets_it(
    con: duckdb.DuckDBPyConnection, given: dict[str, object], expected: tuple[object, ...]
) -> None:
    assert judge(con, **given) == expected


def revise(con: duckdb.DuckDBPyConnection, snapshot: int, **given: object) -> tuple[object, ...]:
    """Revise the standing value by a fresh one; return (value, supersedes, is revised, computed_from)."""
    set_variables(con, {"snapshot": snapshot})
    judge(con, **given)
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {read_script('finish')}")
    con.execute(f"CREATE TEMP TABLE IF NOT EXISTS previous AS {read_script('value')}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE revised AS {read_script('revise')}")
    con.execute("CREATE OR REPLACE TEMP TABLE previous AS FROM revised")
    return con.execute(
        "SELECT value, supersedes, revised_at IS NOT NULL, computed_from FROM revised"
    ).fetchall()[0]


def test_a_value_that_did_not_change_keeps_its_row_and_its_snapshot(con: duckdb.DuckDBPyConnection) -> None:
    first = revise(con, 7)
    assert first[:3] == (2.0, None, False)
    assert str(first[3]).endswith(',"snapshot":7}')
    assert revise(con, 8) == first


def test_a_changed_value_names_the_snapshot_it_replaces(con: duckdb.DuckDBPyConnection) -> None:
    revise(con, 7)
    value, supersedes, is_revised, made_from = revise(con, 9, numerator=9.0)
    assert (value, supersedes, is_revised) == (3.0, 7, True)
    assert str(made_from).endswith(',"snapshot":9}')
    assert revise(con, 12, numerator=9.0) == (value, supersedes, is_revised, made_from)


def test_frames_are_made_again_only_when_a_variable_they_read_changes(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE waste.container AS SELECT 'c1' AS container_id, 0.0 AS lat, 0.001 AS lon")
    con.execute("CREATE TABLE territory.population_grid AS SELECT 'x' AS cell_id, 0.0 AS lat, 0.0 AS lon")
    maker = FrameMaker(con)
    for reach, found in ((50, 0), (200, 1), (200, 1)):
        set_variables(con, {"reach_m": reach})
        maker.make("FROM near_container", {"reach_m": reach})
        assert con.execute("SELECT count(*) FROM near_container").fetchone() == (found,)
    con.execute("DELETE FROM near_container")
    maker.make("FROM near_container", {"reach_m": 200})
    assert con.execute("SELECT count(*) FROM near_container").fetchone() == (0,)


def test_a_query_s_frames_and_inputs_are_found_through_other_frames() -> None:
    assert find_frames("FROM meter_day") == ("meter_day",)
    assert find_frames("SELECT * FROM container_day") == ("period", "container_day")
    assert find_inputs("SELECT * FROM container_day") == {"waste.container", "waste.fill_hold"}


def test_the_core_tables_behind_an_indicator_are_found_through_models() -> None:
    assert find_base_tables(DEFINITIONS["active_trips"]) >= {"mobility.calendar", "mobility.stop_time"}
    assert "mobility.service_run" not in find_base_tables(DEFINITIONS["active_trips"])


def test_a_place_s_zone_brings_in_only_the_kind_of_thing_that_is_asked_for() -> None:
    behind = find_base_tables(DEFINITIONS["low_fill_visit_share"])
    assert behind == {"waste.container", "waste.collection"}


@pytest.mark.parametrize(("last_date", "observed"), [("2019-05-31", 1), ("2019-05-12", 0)])
def test_a_day_without_runs_is_zero_inside_the_calendar_and_unknown_outside(
    con: duckdb.DuckDBPyConnection, last_date: str, observed: int
) -> None:
    con.execute(
        """
        CREATE TABLE mobility.feed_calendar AS
        SELECT 'c' AS contributor, 'f' AS feed, DATE '2019-05-01' AS first_date, ?::DATE AS last_date
        """,
        [last_date],
    )
    con.execute("""
        CREATE TABLE mobility.route_day (
            feed VARCHAR, service_date DATE, runs BIGINT, run_m DECIMAL(18, 3), in_service_s BIGINT,
            runs_without_shape BIGINT
        )
    """)
    found = draft(con, DEFINITIONS["active_trips"])
    assert (found["numerator"], found["n_observed"], found["n_expected"]) == (0, observed, 1)


def test_hours_that_were_not_delivered_are_counted_as_missing_from_the_window(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("""
        CREATE TABLE mobility.feed_calendar AS
        SELECT 'c' AS contributor, unnest(['bus', 'sleeping']) AS feed, DATE '2019-05-01' AS first_date,
            DATE '2019-05-31' AS last_date;
        CREATE TABLE mobility.service_day AS
        SELECT 'bus' AS feed, 's' AS service_id, DATE '2019-05-13' AS service_date;
        CREATE TABLE mobility.service_stop_hour AS
        SELECT 'bus' AS feed, 's' AS service_id, 'p' AS stop_id, unnest([11, 12, 13, 14, 15, 16, 17]) AS hour,
            1 AS departures, 0 AS departures_interpolated
    """)
    asked = {**VARIABLES, "from_h": 6, "to_h": 20}
    set_variables(con, asked)
    FrameMaker(con).make("FROM feed_window", asked)
    found = con.execute("SELECT feed, hours_known, hours_asked FROM feed_window ORDER BY feed").fetchall()
    assert found == [("bus", 7, 14), ("sleeping", 14, 14)]
