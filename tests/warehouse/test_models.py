"""The runner orders models, computes what changed, and commits nothing where nothing did."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from contracts.layout import Home
from warehouse.lake import Lake
from warehouse.model_files import Model, ModelError, order_models, parse_model, read_models, select_models
from warehouse.models import build

TWICE = parse_model("energy.twice", "-- key: a\nSELECT a * 2 AS a FROM energy.base")
SUM = parse_model(
    "pool.total", "-- key: total\nSELECT sum(a) + getvariable('extra') AS total FROM energy.twice -- end"
)
MODELS = order_models([SUM, TWICE])


@pytest.fixture
def lake(tmp_path: Path):
    with Lake.open(Home(tmp_path), threads=2) as lake:
        yield lake


def make_base(lake: Lake, values: str) -> None:
    lake.write(
        lambda con: con.execute(f"CREATE OR REPLACE TABLE energy.base AS FROM (VALUES {values}) t (a)")
    )


def rows_of(lake: Lake, table: str) -> list[tuple[object, ...]]:
    return lake.cursor().execute(f"FROM {table} ORDER BY ALL").fetchall()


def test_a_model_reads_another_and_the_variables(lake: Lake) -> None:
    make_base(lake, "(1), (2)")
    results = build(lake, MODELS, {"extra": 10})
    assert [(r.name, r.rows, r.changed) for r in results] == [
        ("energy.twice", 2, True),
        ("pool.total", 1, True),
    ]
    assert rows_of(lake, "energy.twice") == [(2,), (4,)]
    assert rows_of(lake, "pool.total") == [(16,)]


def test_building_again_commits_nothing(lake: Lake) -> None:
    make_base(lake, "(1), (2)")
    build(lake, MODELS, {"extra": 10})
    before = lake.snapshot()
    assert not any(r.changed for r in build(lake, MODELS, {"extra": 10}))
    assert lake.snapshot() == before


def test_all_changed_models_are_committed_in_one_snapshot(lake: Lake) -> None:
    make_base(lake, "(1), (2)")
    before = lake.snapshot()
    build(lake, MODELS, {"extra": 10})
    assert lake.snapshot() == before + 1


def test_only_the_model_whose_rows_changed_is_replaced(lake: Lake) -> None:
    make_base(lake, "(1), (2)")
    build(lake, MODELS, {"extra": 10})
    assert [r.changed for r in build(lake, MODELS, {"extra": 11})] == [False, True]
    assert rows_of(lake, "pool.total") == [(17,)]


def test_a_model_without_its_inputs_is_left_out_and_says_why(lake: Lake) -> None:
    results = build(lake, MODELS, {"extra": 1})
    assert [r.missing for r in results] == [("energy.base",), ("energy.twice",)]
    assert not lake.has_table("pool", "total")


def test_a_table_lost_is_made_again(lake: Lake) -> None:
    make_base(lake, "(1)")
    build(lake, MODELS, {"extra": 1})
    lake.write(lambda con: con.execute("DROP TABLE pool.total"))
    build(lake, MODELS, {"extra": 1})
    assert rows_of(lake, "pool.total") == [(3,)]


def test_a_key_that_repeats_is_our_error(lake: Lake) -> None:
    make_base(lake, "(1), (1)")
    with pytest.raises(ModelError, match="2 rows but 1 keys"):
        build(lake, [TWICE], {})


def test_models_in_a_circle_are_refused() -> None:
    circle = [
        parse_model("a.x", "-- key: k\nSELECT k FROM a.y"),
        parse_model("a.y", "-- key: k\nSELECT k FROM a.x"),
    ]
    with pytest.raises(ModelError, match="circle"):
        order_models(circle)


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS a", "-- key: a\nDROP TABLE x", "-- key: a\nSELECT 1 AS a; SELECT 2"]
)
def test_a_model_is_one_select_with_a_key(sql: str) -> None:
    with pytest.raises(ModelError):
        parse_model("a.b", sql)


def test_choosing_a_model_brings_what_it_reads() -> None:
    other = parse_model("pool.other", "-- key: k\nSELECT 1 AS k")
    assert select_models([*MODELS, other], {"pool.total"}) == MODELS
    assert select_models([*MODELS, other], None) == (*MODELS, other)


def test_every_model_of_the_engine_parses_and_says_grain_units_and_source() -> None:
    models = read_models()
    assert models
    for model in models:
        for word in ("-- grain: ", "-- key: ", "-- units: ", "-- source: "):
            assert word in model.sql, f"{model.name} lacks {word}"


def test_names_in_ctes_are_not_inputs() -> None:
    model: Model = parse_model("a.b", "-- key: k\nWITH c AS (SELECT 1 AS k FROM energy.base) SELECT k FROM c")
    assert model.inputs == {"energy.base"}


def test_a_broken_build_leaves_the_last_good_tables(lake: Lake) -> None:
    make_base(lake, "(1)")
    build(lake, MODELS, {"extra": 1})
    wrong = parse_model("pool.wrong", "-- key: a\nSELECT error('no') AS a FROM energy.base")
    make_base(lake, "(5)")
    with pytest.raises(duckdb.Error):
        build(lake, [*MODELS, wrong], {"extra": 1})
    assert rows_of(lake, "energy.twice") == [(2,)]
