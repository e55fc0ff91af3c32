"""The models on the real feeds give the golden values, which were computed by another route.

2019-06-03 is left out of the energy comparisons: its delivery is rejected, so the lake has no value.
"""

from __future__ import annotations

import pytest

from contracts.layout import Home
from warehouse.lake import Lake
from warehouse.load import load_deliveries
from warehouse.model_files import read_models
from warehouse.models import build_models

REJECTED = "2019-06-03"
PERIOD = "2019-05-13/2019-06-09"


def by_day(lake, sql):
    return {(str(day), key): float(value) for day, key, value in lake.cursor().execute(sql).fetchall()}


def without_rejected(values):
    return {key: value for key, value in values.items() if key[0] != REJECTED}


def test_energy_of_each_day_and_direction(built, golden) -> None:
    sql = """
        SELECT local_day, direction, sum(energy_wh) / 1000 FROM energy.meter_day
        WHERE observed_intervals > 0 GROUP BY ALL
    """
    found = by_day(built, sql)
    assert found == pytest.approx(without_rejected(golden("energy_kwh")), rel=1e-6)
    assert found["2019-05-20", "consumption"] == pytest.approx(5887.226, rel=1e-9)


def test_meters_reporting_each_day(built, golden) -> None:
    sql = """
        SELECT local_day, direction, count(*) FROM energy.meter_day
        WHERE observed_intervals > 0 GROUP BY ALL
    """
    found = by_day(built, sql)
    assert found == without_rejected(golden("meters_reporting"))


def test_completeness_of_consumption_counts_the_meters_in_service(built, golden) -> None:
    sql = """
        SELECT local_day, '', sum(observed_intervals) / sum(expected_intervals)
        FROM energy.meter_day WHERE direction = 'consumption' GROUP BY ALL
    """
    found = by_day(built, sql)
    assert found.pop((REJECTED, "")) == 0
    assert found == pytest.approx(without_rejected(golden("completeness_consumption")), abs=1e-6)


def test_five_meters_join_and_four_leave(built) -> None:
    sql = "SELECT local_day, count(*) FROM energy.meter_in_service GROUP BY 1"
    count = {str(day): n for day, n in built.cursor().execute(sql).fetchall()}
    assert (count["2019-05-21"], count["2019-05-22"], count["2019-06-02"], count[REJECTED]) == (
        410,
        415,
        415,
        411,
    )


def test_every_reading_is_in_one_interval_and_no_energy_is_lost(built) -> None:
    sql = """
        SELECT
            (SELECT sum(energy_wh) FROM energy.reading)
            = (SELECT sum(consumption_wh) + sum(production_wh) FROM energy.reading_interval),
            (SELECT count(*) FROM energy.reading)
            = (SELECT count(consumption_wh) + count(production_wh) FROM energy.reading_interval)
    """
    assert built.cursor().execute(sql).fetchone() == (True, True)


@pytest.mark.parametrize("level", ["0.8", "0.9", "1.0"])
def test_share_of_time_at_or_above_a_level(built, golden, level) -> None:
    sql = """
        SELECT sum(hold_s) FILTER (WHERE fill_level >= ?) / sum(hold_s)
        FROM waste.fill_hold WHERE NOT is_frozen
    """
    found = built.cursor().execute(sql, [float(level)]).fetchone()[0]
    assert found == pytest.approx(golden(f"time_share_at_or_above_{level}")[PERIOD, ""], abs=1e-6)


def test_three_sensors_are_frozen(built, golden) -> None:
    sql = "SELECT DISTINCT container_id FROM waste.container_day WHERE is_frozen ORDER BY 1"
    found = [row[0][-4:] for row in built.cursor().execute(sql).fetchall()]
    assert golden("frozen_sensors") == {(PERIOD, "|".join(found)): len(found)}


def test_observations_in_range_each_day(built, golden) -> None:
    found = by_day(built, "SELECT local_day, '', sum(observations) FROM waste.container_day GROUP BY 1")
    assert found == golden("observations_in_range")


def test_a_last_observation_holds_nothing(built) -> None:
    sql = "SELECT count(*), count(hold_s), max(hold_s) FROM waste.fill_hold WHERE next_observed_at IS NULL"
    assert built.cursor().execute(sql).fetchone() == (160, 0, None)


def test_collections_and_mass_and_level_each_day(built, golden) -> None:
    collections = by_day(built, "SELECT local_day, '', sum(collections) FROM waste.collection_day GROUP BY 1")
    assert collections == golden("collections")
    mass = by_day(built, "SELECT local_day, '', sum(mass_kg) FROM waste.collection_day GROUP BY 1")
    expected = golden("mass_collected_kg")
    assert sum(mass.values()) == pytest.approx(expected.pop((PERIOD, "")), rel=1e-9)
    assert mass == pytest.approx(expected, rel=1e-6)
    sql = "SELECT local_day, '', sum(level_before_sum) / sum(levels) FROM waste.collection_day GROUP BY 1"
    level = golden("mean_level_at_collection")
    level.pop((PERIOD, ""))
    assert by_day(built, sql) == pytest.approx(level, abs=1e-6)


def test_zones_add_up_to_the_territory_at_every_scale(built, golden) -> None:
    sql = """
        SELECT zone_scale, sum(population), sum(jobs), sum(schools), sum(healthcare)
        FROM territory.zone GROUP BY 1
    """
    measures = ("population", "jobs", "schools", "healthcare")
    expected = tuple(golden(f"total_{measure}")["", ""] for measure in measures)
    rows = built.cursor().execute(sql).fetchall()
    assert {row[0] for row in rows} == {"territory", "h3_6", "h3_7", "h3_8", "h3_9"}
    for row in rows:
        assert tuple(float(value) for value in row[1:]) == expected, row[0]


def test_zones_are_nested(built) -> None:
    sql = """
        SELECT count(*) FROM territory.zone AS child
        LEFT JOIN territory.zone AS parent
            ON child.parent_scale = parent.zone_scale AND child.parent = parent.zone
        WHERE child.zone_scale <> 'territory' AND parent.zone IS NULL
    """
    assert built.cursor().execute(sql).fetchone() == (0,)


def test_zones_with_ten_meters(built, golden) -> None:
    sql = """
        SELECT '', replace(zone_scale, '_', '_res'), count(*) FILTER (WHERE meters >= 10)
        FROM (
            SELECT zone_scale, zone, count(*) AS meters FROM territory.object_zone
            WHERE object_kind = 'meter' AND zone_scale <> 'territory' GROUP BY 1, 2
        ) GROUP BY ALL
    """
    assert by_day(built, sql) == golden("zones_with_10_meters")


def test_every_stop_and_container_has_a_zone_at_each_scale(built) -> None:
    sql = "SELECT object_kind, count(*) FROM territory.object_zone WHERE zone_scale = ? GROUP BY 1"
    for scale in ("territory", "h3_6", "h3_9"):
        count = dict(built.cursor().execute(sql, [scale]).fetchall())
        assert count == {"stop": 3986, "container": 160, "meter": 415, "grid_cell": 1227, "place": 15}


def test_the_rejected_day_is_the_only_promised_delivery_that_is_not_loaded(built) -> None:
    sql = "SELECT feed, period::VARCHAR FROM pool.expected_delivery WHERE NOT is_loaded"
    assert built.cursor().execute(sql).fetchall() == [("enerflux-readings", REJECTED)]
    assert built.cursor().execute("SELECT count(*) FROM pool.expected_delivery").fetchone() == (56,)


def test_the_same_inputs_give_the_same_bytes_in_another_home_and_on_one_thread(built, demo, tmp_path) -> None:
    query = "SELECT name, digest, row_count FROM pool.model WHERE name NOT LIKE 'pool.%' ORDER BY name"
    names = [model.name for model in read_models() if model.schema in {"energy", "waste", "territory"}]
    with Lake.open(Home(tmp_path), threads=1, folders=[demo.home.root]) as other:
        for feed, contract in demo.contracts.items():
            load_deliveries(
                other,
                contract,
                demo.verdicts[feed],
                demo.home,
            )
        build_models(other, demo.pool, only=names)
        assert other.cursor().execute(query).fetchall() == built.cursor().execute(query).fetchall()


def test_building_again_on_the_real_feeds_changes_nothing(built, demo) -> None:
    before = built.snapshot()
    names = [model.name for model in read_models() if model.schema != "mobility"]
    results = build_models(built, demo.pool, only=names)
    assert {result.name for result in results if result.changed or result.seconds} == set()
    assert built.snapshot() == before
