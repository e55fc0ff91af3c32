"""Models on tables small enough to check by hand."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from warehouse.load import load_deliveries
from warehouse.model_files import read_models
from warehouse.models import build, build_models

WINDOW = {
    "timezone": "UTC",
    "first_day": dt.date(2019, 5, 13),
    "last_day": dt.date(2019, 5, 14),
    "now": dt.datetime(2019, 5, 15, 6, tzinfo=dt.UTC),
    "territory": "here",
    "zone_scales": ["territory", "h3_8"],
}
MODELS = {model.name: model for model in read_models()}


def put(lake, table, columns, *rows):
    values = ", ".join(f"({row})" for row in rows)
    sql = f"CREATE OR REPLACE TABLE lake.{table} AS SELECT {columns} FROM (VALUES {values}) AS t"
    lake.write(lambda con: con.execute(sql))


def get(lake, name, sql, **variables):
    build(lake, [MODELS[name]], {**WINDOW, **variables})
    return lake.cursor().execute(sql).fetchall()


def put_levels(lake, *rows):
    columns = """
        'velia' AS contributor, 'velia-bins' AS feed, 'd' AS delivery_id, col0 AS container_id,
        ('2019-05-13T' || col1 || 'Z')::TIMESTAMPTZ AS observed_at, col2::DOUBLE AS fill_level
    """
    put(lake, "waste.fill_observation", columns, *rows)


def test_an_observation_holds_until_the_next_and_six_hours_at_most(lake) -> None:
    levels = [("00:00:00", 0.5), ("02:00:00", 0.92), ("04:00:00", 0.97), ("14:00:00", 0.1), ("16:00:00", 0.2)]
    put_levels(lake, *(f"'c1', '{at}', {level}" for at, level in levels))
    found = get(lake, "waste.fill_hold", "SELECT hold_s / 3600 FROM waste.fill_hold ORDER BY observed_at")
    assert found == [(2,), (2,), (6,), (2,), (None,)]
    share = lake.cursor().execute("""
        SELECT sum(hold_s) FILTER (WHERE fill_level >= 0.9) / sum(hold_s) FROM waste.fill_hold
    """)
    assert share.fetchone()[0] == pytest.approx(8 / 12)


def test_a_sensor_is_frozen_by_many_equal_levels_not_by_few(lake) -> None:
    put_levels(
        lake,
        *(f"'stuck', '{hour:02}:00:00', 0.4" for hour in range(24)),
        *(f"'moves', '{hour:02}:00:00', {0.4 if hour else 0.5}" for hour in range(24)),
        *(f"'young', '{hour:02}:00:00', 0.4" for hour in range(23)),
    )
    sql = "SELECT DISTINCT container_id, is_frozen FROM waste.fill_hold ORDER BY 1"
    assert get(lake, "waste.fill_hold", sql) == [("moves", False), ("stuck", True), ("young", False)]


def put_readings(lake, *rows):
    columns = """
        'enerflux' AS contributor, 'enerflux-readings' AS feed, col0 AS meter_id,
        col1::TIMESTAMPTZ AS start_at, col2 AS direction, 1800 AS duration_s,
        col3::DECIMAL(18, 3) AS energy_wh, col4 AS quality
    """
    put(lake, "energy.reading", columns, *rows)


def test_a_direction_that_was_not_delivered_is_null_not_zero(lake) -> None:
    put_readings(
        lake,
        "'a', '2019-05-13T12:00:00Z', 'consumption', 200, 'measured'",
        "'a', '2019-05-13T12:00:00Z', 'production', 900, 'estimated'",
        "'b', '2019-05-13T12:00:00Z', 'consumption', 600, 'measured'",
    )
    sql = (
        "SELECT meter_id, consumption_wh::INT, production_wh::INT, is_estimated FROM energy.reading_interval"
    )
    assert get(lake, "energy.reading_interval", sql + " ORDER BY 1") == [
        ("a", 200, 900, True),
        ("b", 600, None, False),
    ]


METERS = """
    'enerflux' AS contributor, 'enerflux-meters' AS feed, col0 AS meter_id, '88a90128c5fffff' AS h3_cell,
    'C5' AS segment, 'residential' AS customer_type, col1 AS has_production, col2::DATE AS commissioned_on,
    col3::DATE AS retired_on
"""


@pytest.fixture
def metered(lake):
    """Three meters over two days: one producer, one commissioned on the second day, one retired then."""
    put(
        lake,
        "energy.meter",
        METERS,
        "'producer', true, '2018-01-01', NULL",
        "'new', false, '2019-05-14', NULL",
        "'old', false, NULL, '2019-05-14'",
    )
    feed = "col0 AS contributor, col1 AS feed, 1800 AS step_s, ['energy.reading'] AS table_names"
    put(lake, "pool.feed", feed, "'enerflux', 'enerflux-readings'")
    put_readings(
        lake,
        "'producer', '2019-05-13T00:00:00Z', 'consumption', 100, 'measured'",
        "'producer', '2019-05-13T23:30:00Z', 'consumption', 50, 'corrected'",
        "'old', '2019-05-14T00:00:00Z', 'consumption', 7, 'measured'",
        "'stranger', '2019-05-14T00:00:00Z', 'consumption', 1, 'measured'",
    )
    build(lake, [MODELS["energy.meter_in_service"], MODELS["energy.meter_day"]], WINDOW)
    return lake


def test_a_meter_is_in_service_from_its_first_day_and_not_on_its_retirement(metered) -> None:
    found = metered.cursor().execute("""
        SELECT meter_id, list(day(local_day) ORDER BY local_day)
        FROM energy.meter_in_service GROUP BY 1 ORDER BY 1
    """)
    assert found.fetchall() == [("new", [14]), ("old", [13]), ("producer", [13, 14])]


def test_a_meter_day_says_what_was_owed_and_what_came(metered) -> None:
    found = metered.cursor().execute("""
        SELECT
            meter_id, day(local_day), direction, expected_intervals, observed_intervals, estimated_intervals,
            energy_wh::INT
        FROM energy.meter_day ORDER BY ALL
    """)
    assert found.fetchall() == [
        ("new", 14, "consumption", 48, 0, 0, None),
        ("old", 13, "consumption", 48, 0, 0, None),
        ("old", 14, "consumption", 0, 1, 0, 7),
        ("producer", 13, "consumption", 48, 2, 1, 150),
        ("producer", 13, "production", 48, 0, 0, None),
        ("producer", 14, "consumption", 48, 0, 0, None),
        ("producer", 14, "production", 48, 0, 0, None),
        ("stranger", 14, "consumption", 0, 1, 0, 1),
    ]


def test_a_day_when_the_clock_changes_owes_more_or_fewer_intervals(metered) -> None:
    sql = """
        SELECT expected_intervals FROM energy.meter_day
        WHERE meter_id = 'producer' AND direction = 'consumption'
    """
    for day, intervals in ((dt.date(2024, 3, 31), 46), (dt.date(2024, 10, 27), 50)):
        window = {**WINDOW, "timezone": "Europe/Paris", "first_day": day, "last_day": day}
        build(metered, [MODELS["energy.meter_in_service"], MODELS["energy.meter_day"]], window)
        assert metered.cursor().execute(sql).fetchall() == [(intervals,)]


def test_a_late_or_absent_delivery_is_late_and_one_not_yet_due_is_not(lake) -> None:
    feed = """
        col0 AS feed, 'velia' AS contributor, 'periodic' AS mode, DATE '2019-05-13' AS starts_on,
        col1 AS latency_s
    """
    put(lake, "pool.feed", feed, "'hourly', 3600", "'daily', 86400")
    delivery = """
        'hourly' AS feed, col0::DATE AS period, col1 AS delivery_id, col2 AS verdict, col3 AS is_current,
        TIMESTAMPTZ '2019-06-10 00:00:00+00' AS received_at, col4::TIMESTAMPTZ AS published_at
    """
    put(
        lake,
        "pool.delivery",
        delivery,
        "'2019-05-13', 'd1', 'rejected', false, '2019-05-14T00:30:00Z'",
        "'2019-05-13', 'd2', 'accepted', true, '2019-05-14T02:00:00Z'",
    )
    sql = """
        SELECT feed, day(period), deliveries, rejected, current_delivery_id, is_loaded, is_late
        FROM pool.expected_delivery ORDER BY ALL
    """
    assert get(lake, "pool.expected_delivery", sql) == [
        ("daily", 13, 0, 0, None, False, True),
        ("daily", 14, 0, 0, None, False, False),
        ("hourly", 13, 2, 1, "d2", True, False),
        ("hourly", 14, 0, 0, None, False, True),
    ]


def test_a_pool_with_one_feed_builds_what_it_can(lake, demo) -> None:
    contract = demo.contracts["velia-containers"]
    pool = demo.pool
    pool.contracts = (contract,)
    load_deliveries_of(lake, demo, contract)
    results = {r.name: r for r in build_models(lake, pool)}
    assert results["energy.meter_day"].missing
    assert results["territory.object_zone"].rows == 160 * 5
    assert lake.cursor().execute("SELECT sum(population) FROM territory.zone").fetchone() == (0,)
    before = lake.snapshot()
    build_models(lake, pool)
    assert lake.snapshot() == before


def load_deliveries_of(lake, demo, contract):
    """Load from the shared demo home into this test's own lake, whose SQL may not read there."""
    home = lake.location.home
    for verdict in demo.verdicts[contract.id]:
        shutil.copytree(demo.home.accepted / verdict.folder, home.accepted / verdict.folder)
    load_deliveries(lake, contract, demo.verdicts[contract.id], home)
