"""Everything that Dagster shows comes from the pool's plain files."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from contracts.layout import Home
from contracts.model import DeliveryMode
from contracts.pool import Pool, load_pool
from pipelines.factory import build_definitions
from pipelines.feeds import delivery_key, table_key
from pipelines.jobs import jobs
from pipelines.partitions import day_partitions
from pipelines.settings import Settings

POOL = Path(__file__).resolve().parent.parent.parent / "pools" / "porto-alegre"
RECICLA = """\
apiVersion: v3.1.0
kind: DataContract
id: recicla-containers
name: Recycling points of Recicla
version: 1.0.0
status: active
servers:
  - server: production
    type: api
    location: "{base}/recicla.csv"
    customProperties:
      - {property: wireFormat, value: delimited}
support:
  - {channel: dados@recicla.example, tool: email}
customProperties:
  - {property: contributor, value: recicla}
  - {property: basedOn, value: container-registry@1}
  - {property: label, value: {fr: "Points de recyclage", en: "Recycling points"}}
  - {property: terms, value: {licence: CC-BY-4.0, default: open, attribution: Recicla}}
"""


def definitions_of(folder: Path, home: Path) -> dg.Definitions:
    return build_definitions(Settings(folder, Home(home)))


@pytest.fixture(scope="module")
def pool() -> Pool:
    return load_pool(POOL)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dg.AssetGraph:
    return definitions_of(POOL, tmp_path_factory.mktemp("home")).resolve_asset_graph()


@pytest.fixture
def smaller(tmp_path: Path) -> Path:
    """A copy of the bundled pool without what only the demonstration's datasets and indicators need."""
    folder = tmp_path / "pool"
    shutil.copytree(POOL, folder, ignore=shutil.ignore_patterns("feeds"))
    return folder


def test_each_feed_is_a_delivery_with_its_tables_after_it(pool: Pool, graph: dg.AssetGraph) -> None:
    for contract in pool.contracts:
        delivery = graph.get(delivery_key(contract))
        assert delivery.group_name == contract.contributor
        assert delivery.owners == list(contract.support)
        assert contract.name in (delivery.description or "")
        assert {"pandera", "greatexpectations"} < delivery.kinds
        for table in contract.tables:
            assert graph.get(table_key(contract, table.name)).parent_keys == {delivery.key}


def test_the_demonstrations_feeds_say_that_they_were_relocated(pool: Pool, graph: dg.AssetGraph) -> None:
    for contract in pool.contracts:
        described = graph.get(delivery_key(contract)).description or ""
        assert ("relocated" in described) == (contract.contributor in ("enerflux", "velia"))


def test_the_column_schema_of_a_table_is_its_contracts(pool: Pool, graph: dg.AssetGraph) -> None:
    contract = pool.contract("enerflux-readings")
    schema = graph.get(table_key(contract, "reading")).metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert list(columns) == [column.name for column in contract.tables[0].columns]
    assert columns["start_at"].type == "TIMESTAMPTZ"
    assert "Unit: W" in (columns["power_w"].description or "")
    assert not columns["meter_id"].constraints.nullable


def test_nothing_is_without_an_owner_or_a_description(graph: dg.AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        assert graph.get(key).owners, key
        assert graph.get(key).description, key


def test_models_follow_the_tables_that_their_sql_reads(graph: dg.AssetGraph) -> None:
    readings = graph.get(dg.AssetKey(["energy", "reading_interval"])).parent_keys
    assert dg.AssetKey(["enerflux-readings", "reading"]) in readings
    offsets = graph.get(dg.AssetKey(["mobility", "stop_offset"])).parent_keys
    assert {("eptc-gtfs", "stop_time"), ("trensurb-gtfs", "stop_time")} <= {tuple(k.path) for k in offsets}


def test_a_feed_waits_for_the_registers_that_it_is_looked_up_in(graph: dg.AssetGraph) -> None:
    readings = graph.get(dg.AssetKey(["enerflux-readings", "delivery"]))
    assert dg.AssetKey(["enerflux-meters", "delivery"]) in readings.parent_keys


def test_a_few_jobs_share_all_assets(graph: dg.AssetGraph, pool: Pool, tmp_path: Path) -> None:
    definitions = definitions_of(POOL, tmp_path)
    found = [definitions.resolve_job_def(job.name).asset_layer.executable_asset_keys for job in jobs(pool)]
    assert {job.name for job in jobs(pool)} == {"snapshot_feeds", "daily_feeds", "pool"}
    assert set().union(*found) == set(graph.get_all_asset_keys())
    assert sum(map(len, found)) == len(set().union(*found))


def test_a_daily_feed_is_not_late_before_two_days_have_gone(pool: Pool, graph: dg.AssetGraph) -> None:
    for contract in pool.contracts:
        policy = graph.get(delivery_key(contract)).freshness_policy
        assert isinstance(policy, TimeWindowFreshnessPolicy)
        if contract.delivery.mode is DeliveryMode.PERIODIC:
            assert policy.fail_window.to_timedelta() >= timedelta(days=2)


def test_a_contributor_is_added_by_yaml_alone(smaller: Path, tmp_path: Path) -> None:
    actors = (smaller / "pool.yaml").read_text(encoding="utf-8")
    actor = "actors:\n  - {id: recicla, name: Recicla, roles: [contributor], email: dados@recicla.example}\n"
    (smaller / "pool.yaml").write_text(actors.replace("actors:\n", actor), encoding="utf-8")
    (smaller / "contracts" / "recicla-containers.yaml").write_text(RECICLA, encoding="utf-8")
    graph = definitions_of(smaller, tmp_path / "home").resolve_asset_graph()
    table = graph.get(dg.AssetKey(["recicla-containers", "container"]))
    assert table.group_name == "recicla"
    assert table.owners == ["dados@recicla.example"]
    assert table.key in graph.get(dg.AssetKey(["territory", "object_zone"])).parent_keys
    job = definitions_of(smaller, tmp_path / "home").resolve_job_def("snapshot_feeds")
    assert table.key in job.asset_layer.executable_asset_keys


def test_days_are_the_pools_own_and_end_at_its_clock(pool: Pool) -> None:
    partitions = day_partitions(pool)
    assert partitions is not None
    days = partitions.get_partition_keys()
    assert (days[0], days[-1], len(days)) == ("2019-05-13", "2019-06-09", 28)


def test_a_day_of_25_hours_is_one_partition(pool: Pool) -> None:
    paris = pool.model_copy(update={"timezone": "Europe/Paris", "now": None})
    partitions = day_partitions(paris)
    assert partitions is not None
    window = partitions.time_window_for_partition_key("2025-10-26")
    assert window.end.timestamp() - window.start.timestamp() == 25 * 3600
    assert partitions.get_next_partition_key("2025-10-26") == "2025-10-27"


def test_a_pool_without_daily_feeds_has_no_daily_job(pool: Pool) -> None:
    whole = tuple(c for c in pool.contracts if c.delivery.mode is DeliveryMode.SNAPSHOT)
    snapshots = pool.model_copy(update={"contracts": whole})
    assert day_partitions(snapshots) is None
    assert {job.name for job in jobs(snapshots)} == {"snapshot_feeds", "pool"}
