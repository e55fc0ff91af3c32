"""Which rows repeat a key that an earlier row of the same table already has.

A key with a null in a required column, with text that isn't a value, or null altogether is not compared.

Here: 64-bit hashes in passes over hash buckets, then exact on the hits. Not here: the verdict.
Memory is that of one bucket (128 MB), whatever the number of rows; the first copy in file order is
never named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import Layout, sent_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKET_ROWS = 16_000_000


def write_repeated_hashes(
    con: DuckDBPyConnection, staged: Path, layout: Layout, key: tuple[str, ...], rows: int, target: Path
) -> bool:
    """Write the hashes (column `hash`) that more than one row's key has; return whether there are any."""
    import pyarrow
    import pyarrow.parquet

    hashes = _repeated_hashes(con, staged, layout, key, rows)
    pyarrow.parquet.write_table(pyarrow.table({"hash": hashes}), target)
    return bool(len(hashes))


def has_repeated_hash(layout: Layout, key: tuple[str, ...], hashes: Path) -> str:
    """Condition over a staged row: its key is comparable and has one of the repeated hashes."""
    return f"{_is_comparable(layout, key)} AND {_hash(key)} IN (SELECT hash FROM {parquet(hashes)})"


def write_repeats(
    con: DuckDBPyConnection, suspects: Path, hit: str, key: tuple[str, ...], row: str, target: Path
) -> bool:
    """Write the rows (column `row`) whose key an earlier row has, among suspects whose flag `hit` is true.

    A hash can hit by chance; here equal keys decide. Returns whether there are any.
    """
    columns = ", ".join(name(c) for c in key)
    con.execute(
        f"COPY (SELECT row FROM (SELECT {row} AS row,"
        f" row_number() OVER (PARTITION BY {columns} ORDER BY {row}) AS copy"
        f" FROM {parquet(suspects)} WHERE {name(hit)}) WHERE copy > 1) TO {text(target)} (FORMAT parquet)"
    )
    found = con.execute(f"SELECT count(*) FROM {parquet(target)}").fetchone()
    return bool(found and found[0])


def _repeated_hashes(
    con: DuckDBPyConnection, staged: Path, layout: Layout, key: tuple[str, ...], rows: int
) -> NDArray[np.uint64]:
    import numpy as np

    buckets = max(1, -(-rows // BUCKET_ROWS))
    found = [_repeated_in_bucket(con, staged, layout, key, rows, (b, buckets)) for b in range(buckets)]
    return np.concatenate(found)


def _repeated_in_bucket(
    con: DuckDBPyConnection,
    staged: Path,
    layout: Layout,
    key: tuple[str, ...],
    rows: int,
    bucket: tuple[int, int],
) -> NDArray[np.uint64]:
    """Sort one bucket's hashes in place: equal neighbours are repeated."""
    import numpy as np

    number, buckets = bucket
    hashed = _hash(key)
    mine = "" if buckets == 1 else f" AND {hashed} % {buckets} = {number}"
    reader = con.execute(
        f"SELECT {hashed} AS hash FROM {parquet(staged)} WHERE {_is_comparable(layout, key)}{mine}"
    ).to_arrow_reader(500_000)
    share = rows if buckets == 1 else rows // buckets + rows // 50
    hashes: NDArray[np.uint64] = np.empty(share, np.uint64)
    filled = 0
    for batch in reader:
        part = batch.column(0).to_numpy(zero_copy_only=False)
        if filled + len(part) > len(hashes):  # equal keys share a bucket: it may be fuller than its share
            hashes = np.concatenate([hashes[:filled], np.empty(len(part) + share, np.uint64)])
        hashes[filled : filled + len(part)] = part
        filled += len(part)
    hashes = hashes[:filled]
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _hash(key: tuple[str, ...]) -> str:
    return f"hash({', '.join(name(c) for c in key)})"


def _is_comparable(layout: Layout, key: tuple[str, ...]) -> str:
    """Condition: every part of the key is a value, or an empty cell that may be empty; not all are empty."""
    parts = []
    for column in (layout.table.column(c) for c in key):
        present = f"{name(column.name)} IS NOT NULL"
        if column.required:
            parts.append(present)
        elif column in layout.typed:
            parts.append(f"({present} OR ({sent_text(column, layout)}) IS NULL)")
    some = " OR ".join(f"{name(c)} IS NOT NULL" for c in key)
    return " AND ".join([*parts, f"({some})"])
