"""All Dagster definitions, made from a pool's contracts by one factory.

Here: putting assets, jobs, schedules, sensors and resources together. Adding a contributor adds YAML
to the pool; nothing here changes.
"""

from __future__ import annotations

import warnings

import dagster as dg

from contracts.pool import Pool, load_pool
from pipelines.feeds import feed_assets
from pipelines.jobs import jobs
from pipelines.partitions import day_partitions
from pipelines.publication import publication_assets
from pipelines.resources import EngineResource
from pipelines.schedules import schedules
from pipelines.sensors import sensors
from pipelines.settings import Settings
from pipelines.warehouse_assets import warehouse_assets


def build_definitions(
    settings: Settings, *, pool: Pool | None = None, engine: EngineResource | None = None
) -> dg.Definitions:
    """Return the definitions of a pool; tests pass another engine resource instead of patching.

    Raises ContractError if the pool's files can't be used.
    """
    chosen = pool or load_pool(settings.pool)
    partitions = day_partitions(chosen)
    made = jobs(chosen)
    names = {job.name for job in made}
    feeds = [asset for contract in chosen.contracts for asset in feed_assets(contract, partitions)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.PreviewWarning)
        return dg.Definitions(
            assets=[*feeds, *warehouse_assets(chosen), *publication_assets(chosen)],
            jobs=made,
            schedules=schedules(chosen, partitions, names),
            sensors=sensors(chosen, names),
            # A run has one process: starting one a step costs seconds and another lake.
            executor=dg.in_process_executor,
            resources={"engine": engine or EngineResource.of(settings)},
        )
