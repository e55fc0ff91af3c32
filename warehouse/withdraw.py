"""Takes what was loaded of a feed's periods out of the core tables again.

Here: before a period is replaced, and when no delivery of it is accepted any more (its register or its
contract changed, and it was judged anew). Not here: putting rows in (`load`).
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from warehouse.lake import Lake
from warehouse.quoting import identifier


def withdraw_periods(lake: Lake, feed: str, periods: Sequence[str | None]) -> list[str | None]:
    """Take the given periods (ISO days; None of a snapshot) of a feed out of the lake, in one transaction.

    Returns those that were there. Where none was, nothing is committed.
    """
    if not periods or not lake.has_table("pool", "load"):
        return []
    rows = lake.cursor().execute("SELECT period FROM pool.load WHERE feed = ?", [feed]).fetchall()
    loaded = {period.isoformat() if period else None for (period,) in rows}
    found = [period for period in periods if period in loaded]
    if found:
        lake.write(lambda con: delete_loaded(con, feed, found), f"withdraw {feed}: {len(found)} periods")
    return found


def delete_loaded(con: duckdb.DuckDBPyConnection, feed: str, periods: Sequence[str | None]) -> None:
    """Delete what `pool.load` says of the periods, inside a write transaction.

    That names the tables, also those that the contract has dropped since.
    """
    where, values = _of(feed, periods)
    query = f"SELECT DISTINCT unnest(table_names) FROM lake.pool.load WHERE {where} ORDER BY ALL"
    for (table,) in con.execute(query, values).fetchall():
        con.execute(f"DELETE FROM {identifier('lake', *table.split('.'))} WHERE {where}", values)
    con.execute(f"DELETE FROM lake.pool.load WHERE {where}", values)


def _of(feed: str, periods: Sequence[str | None]) -> tuple[str, list[object]]:
    if None in periods:
        return "feed = ?", [feed]
    return "feed = ? AND period IN (SELECT unnest(?::DATE[]))", [feed, list(periods)]
