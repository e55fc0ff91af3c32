"""Accepted rows that left the quarantine, beside those that the gate accepted.

Here: where they lie and which file stands for a table's accepted rows. Not here: deciding who leaves
(`replay`). The gate's own files are never changed: `<table>.parquet` is what it accepted,
`<table>.released.parquet` what left the quarantine since, each row with its lineage, and
`<table>.standing.parquet` both. A delivery that is judged anew gets a new folder without the last two;
they are written again from the log of states.
"""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.layout import Home
from contracts.verdict import Verdict

LINEAGE = ("regie_position", "regie_line", "regie_since", "regie_reason", "regie_actor", "regie_evidence")
"""Columns of a released row beside the table's: where it came from, when, why, by whom, by what."""


def standing_rows(home: Home, verdict: Verdict, table: str) -> Path:
    """Return the file of a table's accepted rows, released ones among them; it may not exist."""
    folder = home.accepted / (verdict.folder or "-")
    standing = folder / f"{table}.standing.parquet"
    return standing if standing.exists() else folder / f"{table}.parquet"


def released_rows(home: Home, verdict: Verdict, table: str) -> Path:
    """Return the file of a table's released rows with their lineage; it may not exist."""
    return home.accepted / (verdict.folder or "-") / f"{table}.released.parquet"


def write_released(con: DuckDBPyConnection, home: Home, verdict: Verdict, table: str, rows: str) -> int:
    """Make the given rows the table's released ones; return how many. None at all removes both files.

    Args:
        con: DuckDB; nothing is left in it.
        home: where accepted rows lie.
        verdict: the delivery.
        table: name of the table.
        rows: SELECT of the table's accepted columns and `LINEAGE`.
    """
    folder = home.accepted / (verdict.folder or "-")
    base, released = folder / f"{table}.parquet", released_rows(home, verdict, table)
    standing = folder / f"{table}.standing.parquet"
    partial = folder / f".{table}.released.part"
    copied = con.execute(
        f"COPY ({rows} ORDER BY regie_position) TO {text(partial)} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    count = int(copied[0]) if copied else 0
    if not count:
        for path in (partial, released, standing):
            path.unlink(missing_ok=True)
        return 0
    known = _columns(con, partial)
    shared = ", ".join(name(c) for c in _columns(con, base) if c in known)
    union = f"SELECT * FROM {parquet(base)} UNION ALL BY NAME SELECT {shared} FROM {parquet(partial)}"
    both = folder / f".{table}.standing.part"
    con.execute(f"COPY ({union}) TO {text(both)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)")
    partial.replace(released)
    both.replace(standing)
    return count


def _columns(con: DuckDBPyConnection, path: Path) -> list[str]:
    return [column[0] for column in con.execute(f"FROM {parquet(path)} LIMIT 0").description]


def digest_released(home: Home, verdict: Verdict, table: str) -> str:
    """Return what names a table's released rows, with a blank before it; empty if there are none."""
    path = released_rows(home, verdict, table)
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        return f" {file_digest(handle, 'sha256').hexdigest()}"
