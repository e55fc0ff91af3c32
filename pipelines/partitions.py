"""Days as partitions. Here: the one partition set of the pool's periodic feeds."""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from contracts.model import DeliveryMode
from contracts.pool import Pool


def first_day(pool: Pool) -> str | None:
    """Return the first day that any periodic feed promises (ISO), None without such feeds."""
    starts = [
        c.delivery.starts_on
        for c in pool.contracts
        if c.delivery.mode is DeliveryMode.PERIODIC and c.delivery.starts_on
    ]
    return min(starts, default=None)


def day_partitions(pool: Pool) -> dg.DailyPartitionsDefinition | None:
    """Return local days from the first promise on; they end at the pool's fixed clock if it has one."""
    start = first_day(pool)
    if start is None:
        return None
    return dg.DailyPartitionsDefinition(start_date=start, end_date=_end(pool), timezone=pool.timezone)


def _end(pool: Pool) -> str | None:
    if pool.now is None:
        return None
    from zoneinfo import ZoneInfo

    local: datetime = pool.now.astimezone(ZoneInfo(pool.timezone))
    return local.date().isoformat()
