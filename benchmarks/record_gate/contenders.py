"""The contenders, each run in a process of its own: DuckDB's plain copy, and our gate.

Here: what is measured. Not here: the peer (`peer_dataframely`), data, or measuring (`run`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.record_gate.generate import PERIOD, Feed

CONTRACT = Path(__file__).with_name("contract.yaml")
TYPES = {"prm": "VARCHAR", "horodate": "TIMESTAMPTZ", "sens": "VARCHAR", "puissance_w": "DECIMAL(18,3)"}


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open DuckDB as the engine does: two threads, a memory limit, spill beside the data."""
    spill = str(folder / "spill")
    con = duckdb.connect(config={"threads": 2, "memory_limit": "500MB", "temp_directory": spill})
    con.execute("SET TimeZone = 'UTC'")
    return con


def copy_typed(feed: Feed) -> None:
    """The floor: DuckDB's typed CSV to zstd Parquet; rows it can't type are dropped without a word."""
    with connect(feed.folder) as con:
        con.execute(
            f"COPY (SELECT * FROM read_csv('{feed.csv}', header = TRUE, delim = ';', auto_detect = FALSE,"
            f" columns = {TYPES}, ignore_errors = TRUE))"
            f" TO '{feed.folder / 'floor.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
        )


def judge(feed: Feed) -> None:
    """The whole of gate 1: read, stage, judge, split with reasons, Wh and UTC, Parquet."""
    from connectors.formats import read_tables
    from contracts.record_gate import judge_rows
    from contracts.resolve import load_contract

    contract = load_contract(CONTRACT)
    folders = {name: feed.folder / name for name in ("accepted", "quarantine", "read", "rows")}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    with connect(feed.folder) as con:
        judge_rows(
            con,
            contract,
            read_tables(con, contract, feed.csv, folders["read"]),
            {"bench-meters/meter": feed.register},
            folders["accepted"],
            folders["quarantine"],
            period=PERIOD,
            scratch=folders["rows"],
        )


if __name__ == "__main__":
    {"floor": copy_typed, "gate": judge}[sys.argv[1]](Feed(Path(sys.argv[2])))
