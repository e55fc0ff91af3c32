"""Assets of one feed, made from its contract: the delivery (land and both gates) and its tables.

Here: keys, specs, what runs and what is recorded. Not here: the steps themselves (`steps`), how a
verdict reads as a check (`verdict_checks`), or what follows the feeds (`warehouse_assets`).
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from contracts.model import Contract, DeliveryMode, Table
from contracts.verdict import Verdict
from pipelines import steps
from pipelines.checks import log_readings, owed_outputs, partitioned_check_specs
from pipelines.column_schema import column_schema
from pipelines.resources import EngineResource
from pipelines.verdict_checks import CHECKS, delivery_metadata, readings_of, results_of

FRESHNESS_SLACK = 2
"""A feed is late when nothing was asked for this many times its promised frequency."""
A_DAY_S = 86_400
"""A daily feed is asked for once a day, however often its things are observed."""


def delivery_key(contract: Contract) -> dg.AssetKey:
    """Return the key of a feed's deliveries."""
    return dg.AssetKey([contract.id, "delivery"])


def table_key(contract: Contract, table: str) -> dg.AssetKey:
    """Return the key of one loaded table of a feed."""
    return dg.AssetKey([contract.id, table])


def group_of(contract: Contract) -> str:
    """Return the feed's group: its contributor (Dagster refuses hyphens here)."""
    return contract.contributor.replace("-", "_")


def feed_assets(
    contract: Contract, partitions: dg.DailyPartitionsDefinition | None
) -> list[dg.AssetsDefinition]:
    """Return the assets of one feed; periodic feeds are partitioned by day."""
    if contract.delivery.mode is DeliveryMode.PERIODIC:
        if partitions is None:
            raise ValueError(f"periodic feed {contract.id} without partitions")
        return [_daily_delivery(contract, partitions), _daily_tables(contract, partitions)]
    return [_snapshot_delivery(contract), _snapshot_tables(contract)]


def _snapshot_delivery(contract: Contract) -> dg.AssetsDefinition:
    key = delivery_key(contract)
    # None blocks: a refused register would keep the feeds that look things up in it from being asked,
    # though its last good delivery is there. The verdict blocks, in the load.
    specs = [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in CHECKS.items()]

    @dg.multi_asset(
        name=_op_name(key), specs=[_delivery_spec(contract)], check_specs=specs, op_tags=_tags(contract)
    )
    def delivery(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[Any]:
        [delivered] = steps.deliver(engine.get(), contract, [None])
        context.log.info("%s: %s", contract.id, delivered.landing.detail)
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=delivery_metadata(engine.get().settings, delivered),
            check_results=results_of(engine.get().settings, key, delivered),
        )

    return delivery


def _daily_delivery(contract: Contract, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    key = delivery_key(contract)

    @dg.multi_asset(
        name=_op_name(key),
        specs=[_delivery_spec(contract)],
        check_specs=partitioned_check_specs(key, CHECKS, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        op_tags=_tags(contract),
    )
    def delivery(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[Any]:
        days = list(context.partition_keys)
        engine.get().progress(f"{contract.id}: asking for {len(days)} days")
        delivered = steps.deliver(engine.get(), contract, days)
        for day, one in zip(days, delivered, strict=True):
            context.add_asset_metadata(
                delivery_metadata(engine.get().settings, one), asset_key=key, partition_key=day
            )
        yield dg.MaterializeResult(asset_key=key)
        settings = engine.get().settings
        log_readings(context, key, [r for one in delivered for r in readings_of(settings, one)])
        yield from owed_outputs(key, list(CHECKS))

    return delivery


def _snapshot_tables(contract: Contract) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=_op_name(dg.AssetKey([contract.id, "tables"])),
        specs=_table_specs(contract),
        op_tags=_tags(contract),
    )
    def tables(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[Any]:
        loaded = steps.load(engine.get(), contract, [None])
        context.log.info("%s: %s deliveries loaded", contract.id, len(loaded))
        for verdict in loaded:
            for count in verdict.tables:
                yield dg.MaterializeResult(
                    asset_key=table_key(contract, count.table), metadata=_rows(verdict, count.table)
                )

    return tables


def _daily_tables(contract: Contract, partitions: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=_op_name(dg.AssetKey([contract.id, "tables"])),
        specs=_table_specs(contract),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        op_tags=_tags(contract),
    )
    def tables(context: dg.AssetExecutionContext, engine: EngineResource) -> Iterator[Any]:
        loaded = steps.load(engine.get(), contract, list(context.partition_keys))
        engine.get().progress(f"{contract.id}: {len(loaded)} days in the warehouse")
        for verdict in loaded:
            for count in verdict.tables:
                context.log_event(
                    dg.AssetMaterialization(
                        table_key(contract, count.table),
                        partition=verdict.arrival.period,
                        metadata=_rows(verdict, count.table),
                    )
                )
        # A rejected day is a hole, or keeps its last good rows: only accepted days were logged.
        yield from ()

    return tables


def _delivery_spec(contract: Contract) -> dg.AssetSpec:
    return dg.AssetSpec(
        delivery_key(contract),
        deps=[_register_key(need) for need in _registers(contract)],
        description=_description(contract),
        group_name=group_of(contract),
        kinds={contract.server.wire_format.value, "pandera", "greatexpectations"},
        owners=list(contract.support),
        tags={"domain": contract.domain, "mode": contract.delivery.mode.value},
        metadata={
            "contract": f"{contract.id} {contract.version}",
            "standard": contract.based_on or "none",
            "licence": contract.terms.licence,
        },
        code_version=contract.digest[:12],
        freshness_policy=_freshness(contract),
    )


def _table_specs(contract: Contract) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            table_key(contract, table.name),
            deps=[delivery_key(contract)],
            description=table.description or f"Accepted rows of `{table.source}`, in the lake.",
            group_name=group_of(contract),
            kinds={"ducklake", "parquet"},
            owners=list(contract.support),
            tags={"domain": contract.domain},
            metadata={
                "dagster/column_schema": column_schema(table),
                "dagster/relation_identifier": f"{contract.domain}.{table.name}",
            },
            code_version=contract.digest[:12],
            skippable=True,
        )
        for table in loadable(contract)
    ]


def loadable(contract: Contract) -> Sequence[Table]:
    """Return the tables of a contract that the lake holds."""
    return contract.tables


def _registers(contract: Contract) -> list[str]:
    from contracts.verdicts import needed_registers

    return list(needed_registers(contract))


def _register_key(need: str) -> dg.AssetKey:
    feed, _, _table = need.partition("/")
    return dg.AssetKey([feed, "delivery"])


def _description(contract: Contract) -> str:
    lines = [contract.name, contract.description or "", contract.origin_note.get("en", "")]
    return "\n\n".join(line for line in lines if line)


def _freshness(contract: Contract) -> dg.FreshnessPolicy | None:
    seconds = contract.service_levels.frequency_s or 0
    if contract.delivery.mode is DeliveryMode.PERIODIC:
        seconds = max(seconds, A_DAY_S)
    if not seconds:
        return None
    window = timedelta(seconds=max(seconds * FRESHNESS_SLACK, 3600))
    return dg.FreshnessPolicy.time_window(fail_window=window)


def _rows(verdict: Verdict, table: str) -> dict[str, Any]:
    [count] = [c for c in verdict.tables if c.table == table]
    return {"dagster/row_count": count.accepted, "delivery": verdict.arrival.delivery_id}


def _op_name(key: dg.AssetKey) -> str:
    return "__".join(key.path).replace("-", "_")


def _tags(contract: Contract) -> dict[str, str]:
    return {"feed": contract.id}
