"""A few jobs over groups of feeds, never one a contract. Here: names and selections."""

from __future__ import annotations

import dagster as dg

from contracts.model import DeliveryMode
from contracts.pool import Pool
from pipelines.feeds import delivery_key, loadable, table_key

SNAPSHOT_FEEDS = "snapshot_feeds"
DAILY_FEEDS = "daily_feeds"
POOL = "pool"


def feed_keys(pool: Pool, mode: DeliveryMode) -> list[dg.AssetKey]:
    """Return the assets of all feeds that deliver in one mode."""
    return [
        key
        for contract in pool.contracts
        if contract.delivery.mode is mode
        for key in (delivery_key(contract), *(table_key(contract, t.name) for t in loadable(contract)))
    ]


def jobs(pool: Pool) -> list[dg.UnresolvedAssetJobDefinition]:
    """Return the jobs of a pool: snapshot feeds, daily feeds, and all that follows them."""
    groups = {
        SNAPSHOT_FEEDS: (
            feed_keys(pool, DeliveryMode.SNAPSHOT),
            "Registers, timetables and grids, replaced whole.",
        ),
        DAILY_FEEDS: (feed_keys(pool, DeliveryMode.PERIODIC), "Feeds that deliver a day at a time."),
    }
    feeds = [key for keys, _ in groups.values() for key in keys]
    made = [
        dg.define_asset_job(name, dg.AssetSelection.assets(*keys), description=text)
        for name, (keys, text) in groups.items()
        if keys
    ]
    rest = dg.AssetSelection.all() - dg.AssetSelection.assets(*feeds)
    return [*made, dg.define_asset_job(POOL, rest, description="Models, indicators, publication and pages.")]
