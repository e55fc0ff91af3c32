"""Writing a dataset's files: sorted Parquet, GeoParquet 1.1 where there is geometry, CSV beside small ones.

Here: bytes on disk from a temporary table. Not here: which rows and columns may stand in it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb

from publishing.dataset import Dataset
from publishing.described import Field, PublishedFile
from publishing.errors import PublicationError
from publishing.geometry import GEOMETRY, geo_metadata, geometry_select
from warehouse.quoting import columns, identifier, literal

_ROW_GROUP = 100_000
_CHUNK = 1 << 20


def check_table(con: duckdb.DuckDBPyConnection, dataset: Dataset, table: str) -> None:
    """Hold a temporary table to its declaration: the same columns, a key without nulls or repeats.

    Raises PublicationError `columns_differ` or `key_not_unique`.
    """
    declared = [column.name for column in dataset.columns]
    found = [name for name, _ in describe_table(con, table)]
    if sorted(declared) != sorted(found):
        problem = f"declared {', '.join(sorted(declared))}; the query gives {', '.join(sorted(found))}"
        raise PublicationError(dataset.id, "columns_differ", problem)
    key = columns(dataset.key)
    nulls = " OR ".join(f"{identifier(name)} IS NULL" for name in dataset.key)
    query = (
        f"SELECT count(*) - count(DISTINCT ({key})), count(*) FILTER (WHERE {nulls}) FROM {identifier(table)}"
    )
    repeated, empty = con.execute(query).fetchone() or (0, 0)
    if repeated or empty:
        problem = f"key {', '.join(dataset.key)}: {repeated} rows repeat it, {empty} lack a part of it"
        raise PublicationError(dataset.id, "key_not_unique", problem)


def write_dataset(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, folder: Path
) -> tuple[PublishedFile, ...]:
    """Write the table to `<folder>/<id>/<id>.parquet` (and `.csv` if small), rows in the key's order.

    Same rows, same bytes: zstd level 3, statistics on, times in UTC, no creation time. Lon and lat in
    degrees (WGS 84) become WKB with a `bbox` struct. Returns the files, Parquet first. Raises
    PublicationError `geometry_unreadable`.
    """
    target = folder / dataset.id
    target.mkdir(parents=True, exist_ok=True)
    files = [_write_parquet(con, dataset, table, target / f"{dataset.id}.parquet", folder)]
    if dataset.small:
        files.append(_write_csv(con, dataset, table, target / f"{dataset.id}.csv", folder))
    return tuple(files)


def describe_table(con: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    """Column names and DuckDB types of a temporary table."""
    rows = con.execute(f"DESCRIBE {identifier(relation)}").fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _write_parquet(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, path: Path, root: Path
) -> PublishedFile:
    names = [column.name for column in dataset.columns]
    source = f"SELECT {columns(names)} FROM {identifier(table)}"
    metadata = ""
    if dataset.geometry is not None:
        try:
            source = geometry_select(con, dataset.geometry, names, table)
        except ValueError as error:
            raise PublicationError(dataset.id, "geometry_unreadable", str(error)) from error
        geo = json.dumps(geo_metadata(con, dataset.geometry, source), separators=(",", ":"), sort_keys=True)
        metadata = f", KV_METADATA {{geo: {literal(geo)}}}"
    con.execute(
        f"COPY (SELECT * FROM ({source}) ORDER BY {columns(dataset.key)}) TO {literal(str(path))}"
        f" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE {_ROW_GROUP}{metadata})"
    )
    return _published(con, path, root, "parquet", _fields(con, source))


def _write_csv(
    con: duckdb.DuckDBPyConnection, dataset: Dataset, table: str, path: Path, root: Path
) -> PublishedFile:
    types = dict(describe_table(con, table))
    parts = [_csv_column(column.name, types[column.name]) for column in dataset.columns]
    key = ", ".join(f"source.{identifier(name)}" for name in dataset.key)
    source = f"SELECT {', '.join(parts)} FROM {identifier(table)} AS source ORDER BY {key}"
    con.execute(f"COPY ({source}) TO {literal(str(path))} (FORMAT csv, HEADER true, DELIMITER ',')")
    plain = f"SELECT {columns(c.name for c in dataset.columns)} FROM {identifier(table)}"
    return _published(con, path, root, "csv", _fields(con, plain))


def _csv_column(name: str, kind: str) -> str:
    """Times as ISO 8601 in UTC; everything else as DuckDB writes it, which is ISO for dates."""
    quoted = identifier(name)
    if kind.startswith("TIMESTAMP"):
        return f"strftime(source.{quoted}, '%Y-%m-%dT%H:%M:%SZ') AS {quoted}"
    return f"source.{quoted}"


def _fields(con: duckdb.DuckDBPyConnection, source: str) -> tuple[Field, ...]:
    described = con.execute(f"DESCRIBE {source}").fetchall()
    counts = ", ".join(f"count(*) FILTER (WHERE {identifier(row[0])} IS NULL)" for row in described)
    nulls = con.execute(f"SELECT {counts} FROM ({source})").fetchone() or ()
    return tuple(
        Field(name=str(row[0]), type=str(row[1]), required=not missing)
        for row, missing in zip(described, nulls, strict=True)
    )


def _published(
    con: duckdb.DuckDBPyConnection, path: Path, root: Path, kind: str, fields: tuple[Field, ...]
) -> PublishedFile:
    del con
    return PublishedFile(
        path=path.relative_to(root).as_posix(),
        format=kind,
        bytes=path.stat().st_size,
        sha256=hash_file(path),
        fields=tuple(field for field in fields if kind == "parquet" or field.name not in (GEOMETRY, "bbox")),
    )
