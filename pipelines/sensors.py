"""New files at the partners, found between schedules. Here: one sensor a group of feeds.

A sensor asks each partner for the last days (or the snapshot) with conditional requests, which cost
nothing where nothing changed, and requests one run for what is new.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from connectors.landing import LandingOutcome
from contracts import verdicts as verdict_store
from contracts.model import DeliveryMode
from contracts.pool import Pool
from pipelines import steps
from pipelines.engine import Engine
from pipelines.jobs import DAILY_FEEDS, SNAPSHOT_FEEDS
from pipelines.partitions import day_partitions
from pipelines.resources import EngineResource
from pipelines.schedules import REDELIVERY_DAYS, range_request

EVERY_SECONDS = 900


def sensors(pool: Pool, names: set[str]) -> list[dg.SensorDefinition]:
    """Return a sensor for each group of feeds that has a job; they start switched off."""
    made = {SNAPSHOT_FEEDS: _snapshot_sensor, DAILY_FEEDS: _daily_sensor}
    return [make(pool) for name, make in made.items() if name in names]


def _snapshot_sensor(pool: Pool) -> dg.SensorDefinition:
    @dg.sensor(name="new_snapshots", job_name=SNAPSHOT_FEEDS, minimum_interval_seconds=EVERY_SECONDS)
    def new_snapshots(engine: EngineResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
        fresh = new_deliveries(engine.get(), DeliveryMode.SNAPSHOT, [None])
        if fresh.unjudged:
            yield dg.RunRequest(run_key="-".join(sorted(fresh.unjudged.values())))
        else:
            yield dg.SkipReason(fresh.why_not("no partner has a new snapshot"))

    del pool
    return new_snapshots


def _daily_sensor(pool: Pool) -> dg.SensorDefinition:
    partitions = day_partitions(pool)

    @dg.sensor(name="new_days", job_name=DAILY_FEEDS, minimum_interval_seconds=EVERY_SECONDS)
    def new_days(engine: EngineResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
        running = engine.get()
        known = partitions.get_partition_keys(current_time=running.now) if partitions else []
        fresh = new_deliveries(running, DeliveryMode.PERIODIC, known[-REDELIVERY_DAYS:])
        days = sorted({period for _, period in fresh.unjudged if period})
        if days:
            yield range_request(days[0], days[-1], run_key="-".join(sorted(fresh.unjudged.values())))
        else:
            yield dg.SkipReason(fresh.why_not("no partner has a new day"))

    return new_days


@dataclass(frozen=True)
class Fresh:
    """What a look at the partners found.

    Attributes:
        unjudged: (feed, period) -> id of a delivery that no gate has seen.
        unreachable: partners' feeds that could not be asked, and why.
    """

    unjudged: dict[tuple[str, str | None], str]
    unreachable: dict[str, str]

    def why_not(self, otherwise: str) -> str:
        """Return why no run is asked for: silence of a partner is not "nothing new"."""
        silent = [f"{feed} could not be asked: {detail}" for feed, detail in self.unreachable.items()]
        return "; ".join(silent) or otherwise


def new_deliveries(engine: Engine, mode: DeliveryMode, periods: Sequence[str | None]) -> Fresh:
    """Land what partners have for the periods of a mode's feeds, and say which of it is unjudged.

    Landing is harmless and repeatable; the run that follows judges what has landed.
    """
    fresh = Fresh({}, {})
    for contract in engine.pool.contracts:
        if contract.delivery.mode is not mode:
            continue
        for period in periods:
            landing = steps.fetch(engine, contract, period)
            arrival = landing.arrival
            if landing.outcome is LandingOutcome.FAILED:
                fresh.unreachable[contract.id] = landing.detail
            elif arrival and not verdict_store.load(engine.home, contract.id, period, arrival.delivery_id):
                fresh.unjudged[contract.id, period] = arrival.delivery_id
    return fresh
