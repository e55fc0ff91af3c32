"""When the jobs run by themselves. Here: schedules of job groups, not of feeds."""

from collections.abc import Iterator

import dagster as dg

from contracts.pool import Pool
from pipelines.jobs import DAILY_FEEDS, POOL, SNAPSHOT_FEEDS

REDELIVERY_DAYS = 3
"""Days asked for again each morning: a correction is found without anybody telling."""


def schedules(
    pool: Pool, partitions: dg.DailyPartitionsDefinition | None, names: set[str]
) -> list[dg.ScheduleDefinition]:
    """Return the schedules of a pool's jobs, in its time zone."""
    made = [
        dg.ScheduleDefinition(
            name=f"{name}_schedule", job_name=name, cron_schedule=cron, execution_timezone=pool.timezone
        )
        for name, cron in ((SNAPSHOT_FEEDS, "0 5 * * *"), (POOL, "0 8 * * *"))
        if name in names
    ]
    return [*made, _daily(pool, partitions)] if partitions is not None and DAILY_FEEDS in names else made


def _daily(pool: Pool, partitions: dg.DailyPartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{DAILY_FEEDS}_schedule",
        job_name=DAILY_FEEDS,
        cron_schedule="30 6 * * *",
        execution_timezone=pool.timezone,
    )
    def daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        days = partitions.get_partition_keys(current_time=context.scheduled_execution_time)[-REDELIVERY_DAYS:]
        if days:
            yield range_request(days[0], days[-1])

    return daily


def range_request(first: str, last: str, run_key: str | None = None) -> dg.RunRequest:
    """Return the request of one run over a range of days."""
    return dg.RunRequest(run_key=run_key, tags=range_tags(first, last))


def range_tags(first: str, last: str) -> dict[str, str]:
    """Return the run tags that make one run of a range of days (inclusive ISO days)."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
