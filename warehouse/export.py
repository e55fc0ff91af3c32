"""The lake as one plain DuckDB file, for who wants to take it away."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from warehouse.lake import Lake
from warehouse.quoting import identifier, literal


def export(lake: Lake, path: Path) -> dict[str, int]:
    """Write every table of one snapshot to the DuckDB file `path`; return rows by `schema.table`.

    The file appears whole or not at all, and replaces one of that name. It holds personal data where
    the lake does: it is not a publication.
    """
    scratch = lake.location.home.scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    work = scratch / f"export-{uuid.uuid4().hex}.duckdb"
    alias = f"export_{uuid.uuid4().hex[:12]}"
    con = lake.cursor()
    try:
        con.execute(f"ATTACH {literal(str(work))} AS {identifier(alias)}")
        con.execute("BEGIN")
        query = (
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY ALL"
        )
        rows: dict[str, int] = {}
        for schema, table in con.execute(query).fetchall():
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(alias, schema)}")
            target, source = identifier(alias, schema, table), identifier("lake", schema, table)
            copied = con.execute(f"CREATE TABLE {target} AS FROM {source}").fetchall()
            rows[f"{schema}.{table}"] = int(copied[0][0])
        con.execute("COMMIT")
        con.execute(f"DETACH {identifier(alias)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        shutil.move(work, partial)
        partial.replace(path)
        return rows
    finally:
        con.close()
        work.unlink(missing_ok=True)
