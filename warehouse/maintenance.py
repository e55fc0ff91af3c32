"""Upkeep of the lake: small files merged, old snapshots and their files removed.

Here: what an operator schedules. Not here: writing. Everything runs under the writer's lock.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass

import duckdb

from warehouse.lake import Lake

RETENTION = dt.timedelta(days=30)
"""Snapshots older than this are forgotten, and what only they used is deleted."""
GRACE = dt.timedelta(days=2)
"""Files younger than this are never deleted: a reader, or a writer not yet committed, may need them."""


@dataclass(frozen=True)
class Upkeep:
    """What one upkeep did."""

    snapshots_expired: int
    files_deleted: int
    files: int
    """Data files left, those of kept snapshots included."""


def maintain(
    lake: Lake, *, now: dt.datetime, retention: dt.timedelta = RETENTION, grace: dt.timedelta = GRACE
) -> Upkeep:
    """Merge adjacent files, rewrite those with many deleted rows, expire old snapshots, delete their files.

    `now` is the machine's clock (snapshots carry it), UTC. Indicators name snapshots: keep `retention`
    longer than anyone looks back. Never cleans up "all": beside a writer that makes tables unreadable.
    """
    with lake.lock():
        con = lake.cursor()
        try:
            con.execute("CALL ducklake_rewrite_data_files('lake')")
            con.execute("CALL ducklake_merge_adjacent_files('lake')")
            expired = _call(con, "ducklake_expire_snapshots('lake', older_than => ?)", now - retention)
            deleted = _call(con, "ducklake_cleanup_old_files('lake', older_than => ?)", now - grace)
            deleted += _call(con, "ducklake_delete_orphaned_files('lake', older_than => ?)", now - grace)
            _clear_scratch(lake, now - grace)
            return Upkeep(expired, deleted, _count_files(con))
        finally:
            con.close()


def _clear_scratch(lake: Lake, bound: dt.datetime) -> None:
    """Remove what killed jobs of this room left in the scratch folder."""
    scratch = lake.location.home.scratch
    for pattern in ("load-*", "models-*", "records-*", "export-*"):
        for path in scratch.glob(pattern):
            if dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) < bound:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _call(con: duckdb.DuckDBPyConnection, function: str, bound: dt.datetime) -> int:
    """Call one of DuckLake's table functions, whose arguments must be literals; return its rows' number."""
    text = bound.astimezone(dt.UTC).isoformat(sep=" ", timespec="microseconds")
    return len(con.execute("CALL " + function.replace("?", f"TIMESTAMPTZ '{text}'")).fetchall())


def _count_files(con: duckdb.DuckDBPyConnection) -> int:
    return int(
        con.execute("SELECT coalesce(sum(file_count), 0) FROM ducklake_table_info('lake')").fetchall()[0][0]
    )
