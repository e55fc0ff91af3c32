"""Which rows repeat a key that an earlier row of the same table already has.

Here: 64-bit hashes in passes over hash buckets, then exact on the hits. Not here: the verdict.
Memory is that of one bucket (128 MB), whatever the number of rows; the first copy in file order is
never named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from contracts.compile.arrow import Family, family_of
from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import KEPT
from contracts.model import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKET_ROWS = 16_000_000


def write_repeats(
    con: DuckDBPyConnection, staged: Path, table: Table, key: tuple[str, ...], rows: int, target: Path
) -> int:
    """Write the row numbers (column `row`) that repeat an earlier row's key; return how many.

    A key with a null in a required column, with text that isn't a value, or null altogether is not compared.
    """
    import pyarrow
    import pyarrow.parquet

    hits = _repeated_hashes(con, staged, table, key, rows)
    if not len(hits):
        return 0
    suspects = target.with_suffix(".hashes")
    pyarrow.parquet.write_table(pyarrow.table({"hash": hits}), suspects)
    columns = ", ".join(name(c) for c in key)
    # A hash can hit by chance; equal keys decide.
    con.execute(
        f"COPY (SELECT row FROM (SELECT file_row_number AS row, row_number() OVER (PARTITION BY {columns}"
        f" ORDER BY file_row_number) AS copy FROM {_rows_of(staged)} WHERE {_is_comparable(table, key)}"
        f" AND hash({columns}) IN (SELECT hash FROM {parquet(suspects)})) WHERE copy > 1)"
        f" TO {text(target)} (FORMAT parquet)"
    )
    suspects.unlink()
    found = con.execute(f"SELECT count(*) FROM {parquet(target)}").fetchone()
    return int(found[0]) if found else 0


def _repeated_hashes(
    con: DuckDBPyConnection, staged: Path, table: Table, key: tuple[str, ...], rows: int
) -> NDArray[np.uint64]:
    import numpy as np

    buckets = max(1, -(-rows // BUCKET_ROWS))
    found = [_repeated_in_bucket(con, staged, table, key, rows, (b, buckets)) for b in range(buckets)]
    return np.concatenate(found)


def _repeated_in_bucket(
    con: DuckDBPyConnection,
    staged: Path,
    table: Table,
    key: tuple[str, ...],
    rows: int,
    bucket: tuple[int, int],
) -> NDArray[np.uint64]:
    """Sort one bucket's hashes in place: equal neighbours are repeated."""
    import numpy as np

    number, buckets = bucket
    hashed = f"hash({', '.join(name(c) for c in key)})"
    mine = "" if buckets == 1 else f" AND {hashed} % {buckets} = {number}"
    reader = con.execute(
        f"SELECT {hashed} AS hash FROM {_rows_of(staged)} WHERE {_is_comparable(table, key)}{mine}"
    ).to_arrow_reader(500_000)
    hashes: NDArray[np.uint64] = np.empty(
        rows if buckets == 1 else rows // buckets + rows // 50 + 4096, np.uint64
    )
    filled = 0
    for batch in reader:
        part = batch.column(0).to_numpy(zero_copy_only=False)
        if filled + len(part) > len(hashes):  # equal keys share a bucket: it may be fuller than its share
            hashes = np.concatenate([hashes[:filled], np.empty(len(part) + rows // buckets, np.uint64)])
        hashes[filled : filled + len(part)] = part
        filled += len(part)
    hashes = hashes[:filled]
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _rows_of(staged: Path) -> str:
    return f"read_parquet({text(staged)}, file_row_number = TRUE)"


def _is_comparable(table: Table, key: tuple[str, ...]) -> str:
    """Condition: every part of the key is a value, or an empty cell that may be empty; not all are empty."""
    parts = []
    for column in (table.column(c) for c in key):
        present = f"{name(column.name)} IS NOT NULL"
        if column.required or column.derived is not None or family_of(column.physical_type) is Family.TEXT:
            parts.append(present if column.required else "TRUE")
        else:
            parts.append(f"({present} OR {name(column.name + KEPT)} IS NULL)")
    some = " OR ".join(f"{name(c)} IS NOT NULL" for c in key)
    return " AND ".join([*parts, f"({some})"])
