"""The one exclusive lock per lake that every writer takes.

Here: a lock on a file (embedded lake) and an advisory lock (PostgreSQL catalogue). Not here: the
transaction inside it (`lake`). Without the lock a third to two thirds of concurrent writers fail.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.quoting import literal

LOCK_DATABASE = "lake_lock"
"""Name under which a PostgreSQL catalogue is attached a second time, for the advisory lock only."""
ADVISORY_KEY = 7_234_310_045
"""Any fixed number: every writer of one catalogue database asks for the same one."""


@contextmanager
def hold_file_lock(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on `path`, waiting for whoever has it; the file stays.

    A process that dies frees it. Two threads of one process exclude each other too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def hold_advisory_lock(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock in a transaction of its own on `LOCK_DATABASE`.

    `con` must be a connection for this alone: its transaction stays open while the lock is held.
    """
    query = literal(f"SELECT pg_advisory_xact_lock({ADVISORY_KEY})::text")
    con.execute("BEGIN")
    try:
        con.execute(f"SELECT * FROM postgres_query({literal(LOCK_DATABASE)}, {query})").fetchall()
        yield
    finally:
        con.execute("ROLLBACK")
