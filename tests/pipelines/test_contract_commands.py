"""`regie contract`: lint, diff and replay, as a person at a terminal uses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.landing import land_file
from contracts.layout import Home
from contracts.resolve import load_contract
from pipelines import replay as replaying
from pipelines.column_readers import ColumnReaders
from pipelines.replay import replay
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
BINS = POOL / "contracts" / "velia-bins.yaml"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """Velia's contract with a lower ceiling of fill levels, and no new version."""
    text = BINS.read_text(encoding="utf-8").replace(
        "      - name: container_id\n",
        "      - {name: fill_level, logicalTypeOptions: {maximum: 0.9}}\n      - name: container_id\n",
    )
    path = tmp_path / "velia-bins.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def landed(tmp_path: Path) -> Settings:
    """A home in which containers and four days of bins have landed, and nothing was judged."""
    home = Home(tmp_path / "landed")
    for day in ("2019-05-15", "2019-05-16", "2019-05-17", "2019-05-18"):
        file = POOL / "feeds" / "waste" / f"bins_{day}.json.gz"
        assert land_file(load_contract(BINS), day, file, home, now=NOW).arrival
    return Settings(pool=POOL, home=home)


def test_lint_of_the_pool_finds_nothing_wrong_and_nothing_unwise(regie):
    done = regie("contract", "lint", "--pool", "--strict")
    assert (done.returncode, done.stdout) == (0, "9 contracts read: 0 wrong, 0 unwise, 0 not checked here\n")


def test_lint_tells_what_is_wrong_with_file_line_and_remedy(regie, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        BINS.read_text(encoding="utf-8").replace("status: active", "statuss: active"), encoding="utf-8"
    )
    done = regie("contract", "lint", str(path))
    assert done.returncode == 2
    assert f"wrong: {path}:6: statuss: unknown key `statuss`\n    fix: did you mean `status`?" in done.stdout


def test_what_is_unwise_fails_only_when_asked_to(regie, tmp_path):
    path = tmp_path / "x.yaml"
    text = BINS.read_text(encoding="utf-8").replace(
        "support:\n  - {channel: data@velia.example, tool: email}\n", ""
    )
    path.write_text(text, encoding="utf-8")
    assert regie("contract", "lint", str(path)).returncode == 0
    assert regie("contract", "lint", "--strict", str(path)).returncode == 2
    found = json.loads(regie("contract", "lint", "--json", str(path)).stdout)
    assert [(f["level"], f["code"]) for f in found] == [("unwise", "no_contact")]


def test_lint_lists_what_is_not_checked_here(regie):
    done = regie("contract", "lint", str(ROOT / "tests/contracts/documents/everything.yaml"))
    assert done.returncode == 0
    assert "not checked here (quality):" in done.stdout
    assert "schema[reading].quality[balance]: sql: SELECT count(*)" in done.stdout


def test_diff_fails_where_the_version_does_not_say_what_changed(regie, stricter):
    done = regie("contract", "diff", str(BINS), str(stricter))
    assert done.returncode == 1
    assert "BREAKS contributor: fill_observation.fill_level: maximum `1` became `0.9`" in done.stdout
    assert "write `version: 2.0.0`" in done.stderr
    stricter.write_text(stricter.read_text().replace("version: 1.0.0", "version: 2.0.0"))
    assert regie("contract", "diff", str(BINS), str(stricter)).returncode == 0


def test_diff_names_the_datasets_and_indicators_that_read_a_column(regie, stricter):
    text = BINS.read_text(encoding="utf-8").replace("battery_voltage: members", "fill_level: private")
    stricter.write_text(text, encoding="utf-8")
    found = json.loads(regie("contract", "diff", "--json", str(BINS), str(stricter)).stdout)
    closed = next(c for c in found["changes"] if c["code"] == "column_closed")
    assert closed["breaks"] == ["re-users"]
    assert closed["readers"][0] == "container-observations"
    assert "overflow_time_share" in closed["readers"][1]


@pytest.mark.parametrize(
    ("feed", "table", "column", "datasets"),
    [
        ("velia-bins", "fill_observation", "battery_voltage", ()),
        ("velia-bins", "fill_observation", "status", ("container-observations",)),
        ("eptc-gtfs", "stop", "stop_name", ("public-transport-stops",)),
        ("ipea-population", "population_grid", "healthcare", ("population-grid",)),
        ("ipea-places", "place", "place_id", ()),
    ],
)
def test_readers_are_found_through_queries_models_and_indicators(feed, table, column, datasets):
    contract = load_contract(POOL / "contracts" / f"{feed}.yaml")
    found = ColumnReaders(POOL, contract)(table, column)
    assert set(datasets) <= set(found) or not datasets
    assert bool(found) is bool(datasets)


def test_replay_shows_which_verdicts_would_change_and_leaves_the_home_alone(landed, stricter):
    before = sorted(p for p in landed.home.root.rglob("*") if p.is_file())
    found = replay(landed, load_contract(BINS), load_contract(stricter), 3, lambda _: None)
    assert [r.arrival.period for r in found] == ["2019-05-16", "2019-05-17", "2019-05-18"]
    assert all(r.is_changed for r in found)
    for one in found:
        counts = {rule: (was, now) for _, _, rule, was, now, *_ in one.rows()}
        was, now = counts["value_above_maximum fill_observation fill_level"]
        assert was == one.before.rows_quarantined < now == one.after.rows_quarantined
    assert sorted(p for p in landed.home.root.rglob("*") if p.is_file()) == before


def test_replay_in_processes_gives_the_same_verdicts(landed, stricter, monkeypatch):
    old, new = load_contract(BINS), load_contract(stricter)
    alone = replay(landed, old, new, 2, lambda _: None)
    monkeypatch.setattr(replaying, "SERIAL", 1)
    said: list[str] = []
    beside = replay(landed, old, new, 2, said.append)
    assert [r.as_json() for r in beside] == [r.as_json() for r in alone]
    assert "2 of 2 deliveries judged again" in said


def test_replay_of_a_feed_that_never_came_says_so(regie, stricter):
    done = regie("contract", "diff", str(BINS), str(stricter), "--replay", "5")
    assert "The home has no delivery of this feed." in done.stdout
