"""Definitions, a pool's parameters and its référentiel are read strictly, and say what is wrong."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from contracts.pool import load_pool
from warehouse.indicators.compute import pool_definitions, pool_referential
from warehouse.indicators.definition_table import describe_definitions
from warehouse.indicators.definitions import DefinitionError, override_parameters, read_definitions
from warehouse.indicators.referential import (
    Bounds,
    Index,
    compute_index,
    iterate_weighted,
    read_referential,
    score_value,
)
from warehouse.indicators.referential_table import write_referential

ROOT = Path(__file__).parents[2]
POOL = ROOT / "pools" / "porto-alegre"
EXAMPLES = ROOT.parent / "shared" / "indicators" / "examples"
GOOD = """
id: {id}
version: 1.0.0
domain: waste
label: {{fr: Passages, en: Visits}}
definition: {{fr: Nombre de passages, en: Number of visits}}
unit: visits
direction: down
additivity: sum
zone_scales: [territory]
period_grains: [day]
inputs: {{waste.collection: [container_id]}}
source: convention
"""


def write(folder: Path, text: str, name: str = "visits", sql: str | None = "FROM waste.collection") -> Path:
    (folder / f"{name}.yaml").write_text(text.format(id="visits"), encoding="utf-8")
    if sql is not None:
        (folder / f"{name}.sql").write_text(sql, encoding="utf-8")
    return folder


def test_a_definition_is_its_yaml_and_its_sql(tmp_path: Path) -> None:
    (definition,) = read_definitions(write(tmp_path, GOOD))
    assert (definition.id, definition.better, definition.sql) == ("visits", "down", "FROM waste.collection")


@pytest.mark.parametrize(
    ("text", "sql", "said"),
    [
        (GOOD + "colour: red\n", "FROM waste.collection", "colour"),
        (GOOD + "unit: twice\n", "FROM waste.collection", "unit"),
        (GOOD.replace("direction: down", "direction: sideways"), "FROM waste.collection", "direction"),
        (GOOD.replace("direction: down", "direction: range"), "FROM waste.collection", "band"),
        (GOOD.replace("Number of visits", "word " * 41), "FROM waste.collection", "41 words"),
        (
            GOOD.replace("Number of visits", '"Visits under {{level}}"'),
            "FROM waste.collection",
            "names level",
        ),
        (GOOD.replace("id: {id}", "id: other"), "FROM waste.collection", "file's name"),
        (GOOD + "pair: nothing\n", "FROM waste.collection", "no such indicator: nothing"),
        (GOOD, None, "SQL is missing"),
        (GOOD, "FROM waste.collection, energy.meter", "energy.meter"),
        (GOOD, "FROM zone_meter", "territory.object_zone"),
    ],
)
def test_a_wrong_definition_names_its_file_and_what_is_wrong(
    tmp_path: Path, text: str, sql: str | None, said: str
) -> None:
    with pytest.raises(DefinitionError, match=r"visits\.yaml") as caught:
        read_definitions(write(tmp_path, text, sql=sql))
    assert said in str(caught.value)


def test_a_pool_s_own_parameter_changes_the_hash_and_keeps_its_reason(tmp_path: Path) -> None:
    definitions = read_definitions()
    file = tmp_path / "parameters.yaml"
    file.write_text("low_fill_visit_share: {low_level: {value: 0.4, reason: Larger bins}}", encoding="utf-8")
    changed = {d.id: d for d in override_parameters(definitions, file)}["low_fill_visit_share"]
    before = {d.id: d for d in definitions}["low_fill_visit_share"]
    assert changed.parameters["low_level"].reason == "Larger bins"
    assert changed.parameters_hash != before.parameters_hash
    assert "remplissage de 0,4" in changed.stated.fr
    assert "level of 0.4" in changed.stated.en


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing: {level: {value: 1, reason: x}}", "nothing"),
        ("low_fill_visit_share: {level: {value: 1, reason: x}}", "low_level"),
        ("low_fill_visit_share: {low_level: {value: 0.4}}", "reason"),
        ("low_fill_visit_share: {low_level: {value: low, reason: x}}", "not the same"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"parameters\.yaml") as caught:
        override_parameters(read_definitions(), file)
    assert said in str(caught.value)


def test_the_engine_s_indicators_span_three_domains_and_cross_them() -> None:
    definitions = read_definitions()
    assert {"mobility", "energy", "waste", "cross", "pool"} <= {d.domain for d in definitions}
    crossing = [d for d in definitions if len({name.partition(".")[0] for name in d.inputs} - {"pool"}) > 1]
    assert {d.id for d in crossing} >= {"pop_near_overflow_share", "unserved_population"}
    assert all(p.reason for d in definitions for p in d.parameters.values())


def test_personal_indicators_all_name_the_unit_they_protect() -> None:
    for definition in read_definitions():
        is_personal = any(name.startswith("energy.") for name in definition.inputs)
        assert (definition.protection is not None) == (is_personal and definition.domain != "pool"), (
            definition.id
        )


@pytest.fixture
def referential_text() -> str:
    return (POOL / "indicators" / "referential.yaml").read_text(encoding="utf-8")


def read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "referential.yaml"
    file.write_text(text, encoding="utf-8")
    read_referential(file, pool_definitions(load_pool(POOL)))


def test_the_bundled_referential_agrees_with_the_definitions_in_use(
    tmp_path: Path, referential_text: str
) -> None:
    read(tmp_path, referential_text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overflow_level: 0.9", "overflow_level: 0.8", "overflow_level"),
        ("id: low_fill_visit_share, weight: 0.15", "id: low_fill_visit_share, weight: 0.5", "add to 1"),
        ("id: low_fill_visit_share, weight", "id: unknown_one, weight", "unknown_one"),
        ("direction: up", "direction: none", "direction"),
        ("per_hour: 10", "per_hour: 4", "per_hour"),
        ("robustness: {score: 4", "robustness: {score: 5", "robustness"),
        ("      simplicity", "      beauty", "qualities"),
        ("decision: adopted", "decision: loved", "decision"),
        ("is_computed: true", "value: 1, is_computed: true", "baseline"),
        ("missing: refuse", "missing: ignore", "missing"),
    ],
)
def test_a_referential_that_disagrees_is_refused(
    tmp_path: Path, referential_text: str, old: str, new: str, said: str
) -> None:
    assert old in referential_text
    with pytest.raises(DefinitionError, match=r"referential\.yaml") as caught:
        read(tmp_path, referential_text.replace(old, new, 1))
    assert said in str(caught.value)


def test_the_referential_is_a_table_that_joins_what_is_measured(tmp_path: Path) -> None:
    pool = load_pool(POOL)
    con, path = duckdb.connect(), tmp_path / "referential.parquet"
    referential = pool_referential(pool)
    assert referential is not None
    write_referential(con, referential, path)
    query = "SELECT indicator, objective_fr, weight, target_value FROM read_parquet(?)"
    found = {row[0]: row[1:] for row in con.execute(query, [str(path)]).fetchall()}
    assert found["low_fill_visit_share"] == ("Collecter sans rouler pour rien", 0.15, 0.2)
    domains = {d.id: d.domain for d in pool_definitions(pool)}
    counts = Counter(domains[name] for name in found)
    assert len(found) >= 10
    assert counts["cross"] >= 2
    assert {"mobility", "energy", "waste", "pool"} <= counts.keys()
    assert sum(weight for _, weight, _ in found.values()) == pytest.approx(1)


def test_an_indicator_beside_the_index_needs_no_bounds_and_moves_nothing() -> None:
    referential = pool_referential(load_pool(POOL))
    assert referential is not None
    beside = {one.id for one in iterate_weighted(referential) if one.weight == 0}
    assert beside
    assert not beside & (referential.weights().keys() | referential.index.bounds.keys())


def read_index_example() -> list[dict[str, str]]:
    if not EXAMPLES.exists():
        pytest.skip("worked examples are not beside the repository")
    with (EXAMPLES / "index.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def make_index(
    rows: list[dict[str, str]], normalisation: str, aggregation: str, missing: str = "refuse"
) -> Index:
    bounds = {r["indicator"]: Bounds(worst=r["worst"], best=r["best"], target=r["target"]) for r in rows}
    return Index(id="i", normalisation=normalisation, aggregation=aggregation, missing=missing, bounds=bounds)


def test_scores_are_those_of_the_worked_example() -> None:
    for row in read_index_example():
        bounds = Bounds(worst=row["worst"], best=row["best"], target=row["target"])
        value = float(row["value"])
        assert score_value(value, bounds, "min_max") == pytest.approx(float(row["score_min_max"]), abs=1e-6)
        found = score_value(value, bounds, "target_distance")
        assert found == pytest.approx(float(row["score_target_distance"]), abs=1e-6)


@pytest.mark.parametrize(
    ("measure", "normalisation", "aggregation"),
    [
        ("index_arithmetic_min_max", "min_max", "arithmetic"),
        ("index_arithmetic_target", "target_distance", "arithmetic"),
        ("index_geometric_min_max", "min_max", "geometric"),
    ],
)
def test_the_index_is_that_of_the_worked_example(measure: str, normalisation: str, aggregation: str) -> None:
    rows = read_index_example()
    with (EXAMPLES / "index_expected.csv").open(encoding="utf-8", newline="") as handle:
        expected = {row["measure"]: float(row["value"]) for row in csv.DictReader(handle)}[measure]
    weights = {row["indicator"]: float(row["weight"]) for row in rows}
    values = {row["indicator"]: float(row["value"]) for row in rows}
    found = compute_index(make_index(rows, normalisation, aggregation), weights, values)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_missing_part_refuses_the_index_or_is_left_out_of_it() -> None:
    bounds = {"worst": 0, "best": 1, "target": 1}
    index = {"normalisation": "min_max", "aggregation": "arithmetic", "bounds": {"a": bounds, "b": bounds}}
    weights, values = {"a": 0.5, "b": 0.5}, {"a": 0.4, "b": None}
    assert compute_index(Index(id="i", missing="refuse", **index), weights, values) is None
    assert compute_index(Index(id="i", missing="renormalise", **index), weights, values) == pytest.approx(0.4)
    geometric = {**index, "aggregation": "geometric"}
    assert compute_index(Index(id="i", missing="refuse", **geometric), weights, {"a": 0.0, "b": 1.0}) == 0


def test_the_page_of_indicators_says_what_the_definitions_say() -> None:
    page = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert page.endswith(describe_definitions(read_definitions()))
