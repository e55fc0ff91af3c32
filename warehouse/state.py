"""What the warehouse remembers of its own tables: digests of rows, and of what they came from.

Here: `pool.model` (computed tables) and reading `pool.load` (loaded ones). It is how running again
commits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import duckdb

from warehouse.lake import Lake
from warehouse.quoting import identifier, literal

MODEL_TABLE = """
    CREATE TABLE IF NOT EXISTS lake.pool.model (
        name VARCHAR, digest VARCHAR, fingerprint VARCHAR, row_count BIGINT
    )
"""


@dataclass(frozen=True)
class Stored:
    """State of one computed table in the lake."""

    name: str
    digest: str
    """SHA-256 of its rows as sorted Parquet."""
    fingerprint: str
    """Digest of its SQL, variables and inputs; empty where an input's state isn't known."""
    rows: int


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


def digest_text(*parts: str) -> str:
    """SHA-256 over parts of text, kept apart."""
    return sha256("\x1f".join(parts).encode()).hexdigest()


def read_stored(con: duckdb.DuckDBPyConnection, lake: Lake) -> dict[str, Stored]:
    """Return the state of every computed table, by name."""
    if not lake.has_table("pool", "model"):
        return {}
    rows = con.execute("SELECT name, digest, fingerprint, row_count FROM lake.pool.model").fetchall()
    return {row[0]: Stored(*row) for row in rows}


def replace_tables(lake: Lake, tables: Mapping[str, Path], states: Sequence[Stored]) -> None:
    """Make each `schema.table` the rows of its Parquet file and remember states, in one transaction.

    Commits nothing where both are empty.
    """
    if not tables and not states:
        return

    def replace(con: duckdb.DuckDBPyConnection) -> None:
        for name, path in tables.items():
            target = identifier("lake", *name.split("."))
            con.execute(f"CREATE OR REPLACE TABLE {target} AS FROM read_parquet({literal(str(path))})")
        write_stored(con, states)

    lake.write(replace, f"replace {', '.join(tables)}" if tables else "remember states")


def write_stored(con: duckdb.DuckDBPyConnection, states: Sequence[Stored]) -> None:
    """Remember states inside a write transaction, replacing those of the same tables."""
    con.execute(MODEL_TABLE)
    con.execute("DELETE FROM lake.pool.model WHERE name IN (SELECT unnest(?))", [[s.name for s in states]])
    # One INSERT: each would be a Parquet file of its own.
    con.execute(
        "INSERT INTO lake.pool.model SELECT unnest(?), unnest(?), unnest(?), unnest(?)",
        [
            [s.name for s in states],
            [s.digest for s in states],
            [s.fingerprint for s in states],
            [s.rows for s in states],
        ],
    )


def read_fingerprints(con: duckdb.DuckDBPyConnection, lake: Lake) -> dict[str, str]:
    """Return a digest of the present contents of every table whose contents the lake can name."""
    known = {name: state.digest for name, state in read_stored(con, lake).items()}
    if lake.has_table("pool", "load"):
        known |= _loaded(con)
    return known


def _loaded(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    query = """
        SELECT unnest(table_names) AS name, feed, period, input_digest FROM lake.pool.load ORDER BY ALL
    """
    parts: dict[str, list[str]] = {}
    for name, feed, period, digest in con.execute(query).fetchall():
        parts.setdefault(name, []).append(f"{feed}/{period}/{digest}")
    return {name: digest_text(*texts) for name, texts in parts.items()}
