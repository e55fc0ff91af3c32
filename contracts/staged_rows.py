"""Gate 1's one scan: a table's text becomes typed rows on disk, those that can fail by themselves marked.

Here: running the scan, and what spares it work. Not here: its SQL (`compile/staging`,
`compile/suspects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from duckdb import DuckDBPyConnection

from contracts.compile.arrow import Family, family_of
from contracts.compile.quoting import name, text
from contracts.compile.staging import SENT, staging_sql
from contracts.compile.suspects import reference_source, suspicion_sql
from contracts.desk import Desk
from contracts.rules.row_rules import CheckKind, target_of

ROW_GROUP_ROWS = 122_880
MANY_ROWS, SAMPLE_ROWS = 1_000_000, 50_000
SCAN_BYTES = 8_000_000
"""Text that a thread of DuckDB 1.5's CSV scan takes at a time; another number costs time, nothing else."""
FORMS = (CheckKind.PATTERN, CheckKind.LENGTH)


def stage_rows(con: DuckDBPyConnection, desk: Desk, registers: Mapping[str, Path]) -> None:
    """Write the table's typed rows to the desk's staged file, in file order."""
    known = _known_well_formed(con, desk, registers)
    checks = [c for c in desk.asked if c.name not in known]
    suspicion = suspicion_sql(checks, desk.layout.table, desk.layout.period)
    query = staging_sql(desk.layout, desk.raw.sql, suspicion)
    # Neither compressed nor in dictionaries: this file is read twice and deleted.
    con.execute(
        f"COPY ({query}) TO {text(desk.staged)} (FORMAT parquet, COMPRESSION uncompressed,"
        f" WRITE_BLOOM_FILTER FALSE, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE {_scan_rows(con, desk)})"
    )


def _scan_rows(con: DuckDBPyConnection, desk: Desk) -> int:
    """Rows that a thread of DuckDB's CSV scan takes at a time, if the table is big, else its usual row group.

    Row groups of that size are written as they come; any other size is copied together once more, a tenth
    of the scan's cost.
    """
    if (desk.raw.rows or 0) < MANY_ROWS:
        return ROW_GROUP_ROWS
    cells = " + ".join(f"coalesce(strlen({name(c)}), 0) + 1" for c in desk.layout.header)
    sample = f"SELECT avg({cells}) FROM (SELECT * FROM ({desk.raw.sql}) LIMIT {SAMPLE_ROWS})"
    found = con.execute(sample).fetchone()
    rows = round(SCAN_BYTES / found[0]) if found and found[0] else ROW_GROUP_ROWS
    return rows if ROW_GROUP_ROWS // 4 <= rows <= ROW_GROUP_ROWS * 2 else ROW_GROUP_ROWS


def _known_well_formed(con: DuckDBPyConnection, desk: Desk, registers: Mapping[str, Path]) -> set[str]:
    """Checks of a column's form that the scan needn't make: every value of its register passes them.

    A value that fails is then unknown to the register, and a suspect for that reason.
    """
    found = set()
    for link in (c for c in desk.asked if c.kind is CheckKind.REFERENCE and target_of(c).register):
        column = desk.layout.table.column(link.columns[0])
        forms = [c for c in desk.asked if c.columns == link.columns and c.kind in FORMS]
        if not forms or family_of(column.physical_type) is not Family.TEXT:
            continue
        sent = name(column.name + SENT)
        fails = suspicion_sql(forms, desk.layout.table, desk.layout.period)
        source = f"SELECT value AS {sent} FROM ({reference_source(link, registers, {})})"
        if not con.execute(f"SELECT 1 FROM ({source}) WHERE {fails} LIMIT 1").fetchone():
            found |= {c.name for c in forms}
    return found
