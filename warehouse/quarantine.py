"""`pool.quarantine`: every row that was put aside, why, and what became of it, for anyone in charge.

Here: from the quarantine's files and log of states to a table of the lake. Not here: states
(`contracts/quarantine_upkeep`, `contracts/replay`), or the pool's other own tables (`records`).
Personal values are masked by classification, as wherever rows are shown.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence

from contracts.layout import Home
from contracts.model import Contract
from contracts.quarantine import rows_query
from warehouse.lake import Lake
from warehouse.quoting import literal
from warehouse.state import Stored, digest_file, read_stored, replace_tables

TABLE = "pool.quarantine"


def record_quarantine(lake: Lake, contracts: Sequence[Contract], home: Home) -> bool:
    """Make `pool.quarantine` what the home holds; whether anything changed.

    Columns: contributor, feed, period DATE, delivery_id, contract_version, table_name, position (0-based
    row), line (1-based, in the sender's file), rules VARCHAR[], original (JSON of the sender's text),
    raw_line, state, since TIMESTAMPTZ, reason, actor, evidence. Sorted by feed, period, delivery, table,
    position.
    """
    folder = home.scratch.resolve() / f"quarantine-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    con = lake.cursor()
    try:
        path = folder / "quarantine.parquet"
        rows = rows_query(home, {contract.id: contract for contract in contracts})
        copied = con.execute(
            f"""
            COPY (
                SELECT
                    contributor, feed, period::DATE AS period, delivery_id, contract_version,
                    "table" AS table_name, position, line,
                    list_transform(
                        rules, lambda r: r.rule || coalesce('(' || r."column" || ')', '')
                    ) AS rules,
                    original, raw_line, state, since, reason, actor, evidence
                FROM ({rows})
                ORDER BY feed, period, delivery_id, table_name, position, contract_version
            ) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)
            """
        ).fetchall()
        state = Stored(TABLE, digest_file(path), "", int(copied[0][0]))
        if read_stored(con, lake).get(TABLE) == state:
            return False
        replace_tables(lake, {TABLE: path}, [state])
        return True
    finally:
        con.close()
        shutil.rmtree(folder, ignore_errors=True)
