"""The recipe for verdicts readable per day, on a toy asset: it leans on Dagster's private parts."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from pipelines.checks import CheckReading, log_readings, owed_outputs, partitioned_check_specs
from pipelines.schedules import range_tags

DAYS = dg.StaticPartitionsDefinition(["mon", "tue", "wed"])
KEY = dg.AssetKey(["toy-feed", "delivery"])
CHECKS = {"gate": "toy"}
BAD = "tue"


@dg.multi_asset(
    name="toy_feed__delivery",
    specs=[dg.AssetSpec(KEY)],
    check_specs=partitioned_check_specs(KEY, CHECKS, DAYS),
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def delivery(context: dg.AssetExecutionContext) -> Iterator[Any]:
    yield dg.MaterializeResult(asset_key=KEY)
    readings = [
        CheckReading("gate", day, day != BAD, metadata={"day": day}) for day in context.partition_keys
    ]
    log_readings(context, KEY, readings)
    yield from owed_outputs(KEY, list(CHECKS))


@dg.multi_asset(
    name="toy_feed__tables",
    specs=[dg.AssetSpec(["toy-feed", "row"], deps=[KEY], skippable=True)],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def tables(context: dg.AssetExecutionContext) -> Iterator[Any]:
    for day in context.partition_keys:
        if day != BAD:
            context.log_event(dg.AssetMaterialization(["toy-feed", "row"], partition=day))
    yield from ()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        definitions = dg.Definitions(assets=[delivery, tables], jobs=[dg.define_asset_job("feeds")])
        result = definitions.resolve_job_def("feeds").execute_in_process(
            instance=made, tags=range_tags("mon", "wed"), raise_on_error=False
        )
        assert result.success
        yield made


def test_each_day_of_a_range_has_its_own_check_evaluation(instance: dg.DagsterInstance) -> None:
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(KEY, "gate"), limit=10
    )
    statuses = {r.partition: r.status for r in records if r.event is not None}
    assert statuses == {
        "mon": AssetCheckExecutionRecordStatus.SUCCEEDED,
        "tue": AssetCheckExecutionRecordStatus.FAILED,
        "wed": AssetCheckExecutionRecordStatus.SUCCEEDED,
    }


def test_a_rejected_day_neither_hides_nor_stops_the_others(instance: dg.DagsterInstance) -> None:
    assert set(instance.get_materialized_partitions(KEY)) == {"mon", "tue", "wed"}
    assert set(instance.get_materialized_partitions(dg.AssetKey(["toy-feed", "row"]))) == {"mon", "wed"}
