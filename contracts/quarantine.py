"""The quarantine as a person reads it: which rows were put aside, why, and what they said.

Here: reading `quarantine/**/*.parquet` and masking personal values. Not here: writing them
(`row_results`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.layout import SNAPSHOT, Home
from contracts.model import Column, Contract, Table

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 4
"""Characters of a personal value that are shown: enough to find it in one's own file."""


def is_personal(column: Column) -> bool:
    """Whether a column's values are masked wherever rows are shown."""
    return column.classification == "personal"


def mask(value: str | None, *, when: bool = True) -> str | None:
    """Return the first characters of a value (never more than half of it) and an ellipsis."""
    if value is None or not when:
        return value
    return value[: min(SHOWN, len(value) // 2)] + "…"


def list_quarantine(
    con: DuckDBPyConnection,
    home: Home,
    contracts: Mapping[str, Contract],
    *,
    feed: str | None = None,
    period: str | None = None,
    delivery: str | None = None,
    rule: str | None = None,
    limit: int | None = None,
) -> pa.Table:
    """Return quarantined rows in order of feed, period, delivery, table and position.

    Columns: feed, period (null of a snapshot), delivery_id, contract_version, table, position, line,
    rules (list of rule and column), original (JSON object of the sender's text), raw_line. Values of
    personal columns are masked; a feed without a contract in `contracts` is masked whole.
    """
    files = _files(home, feed, period, delivery)
    parts = [_select(path, home, contracts) for path in files]
    query = " UNION ALL ".join(parts) or _NOTHING
    where = "" if rule is None else f"WHERE len(list_filter(rules, lambda r: r.rule = {text(rule)})) > 0"
    most = "" if limit is None else f"LIMIT {int(limit)}"
    return con.execute(
        f'SELECT * FROM ({query}) {where} ORDER BY feed, period, delivery_id, "table", position {most}'
    ).to_arrow_table()


def _files(home: Home, feed: str | None, period: str | None, delivery: str | None) -> list[Path]:
    """Files of the deliveries asked for; a delivery may be named by the start of its id."""
    return [
        path
        for path in sorted(home.quarantine.glob("*/*/*@*/*.parquet"))
        if (feed is None or path.parts[-4] == feed)
        and (period is None or path.parts[-3] == period)
        and (delivery is None or path.parts[-2].startswith(delivery))
    ]


def _select(path: Path, home: Home, contracts: Mapping[str, Contract]) -> str:
    feed, period, folder, _ = path.relative_to(home.quarantine).parts
    table = _table_of(contracts.get(feed), path.stem)
    when = "NULL" if period == SNAPSHOT else text(period)
    return (
        f"SELECT {text(feed)} AS feed, CAST({when} AS VARCHAR) AS period,"
        f' {text(folder.partition("@")[0])} AS delivery_id, contract_version, {text(path.stem)} AS "table",'
        f" position, line, rules, {_original(table, path)} AS original, {_raw_line(table)} AS raw_line"
        f" FROM {parquet(path)}"
    )


def _table_of(contract: Contract | None, table: str) -> Table | None:
    if contract is None:
        return None
    return next((t for t in contract.tables if t.name == table), None)


def _original(table: Table | None, path: Path) -> str:
    """The sender's cells as JSON, personal ones masked."""
    import pyarrow.parquet as pq

    fields = pq.read_schema(path).field("original").type
    personal = {c.source for c in table.columns if is_personal(c)} if table else None
    cells = []
    for field in fields:
        cell = f"original.{name(field.name)}"
        hide = personal is None or field.name in personal
        cells.append(f"{name(field.name)} := {_masked(cell) if hide else cell}")
    return f"CAST(to_json(struct_pack({', '.join(cells)})) AS VARCHAR)"


def _raw_line(table: Table | None) -> str:
    hide = table is None or any(is_personal(c) for c in table.columns)
    return _masked("raw_line") if hide else "raw_line"


def _masked(cell: str) -> str:
    return f"left({cell}, least({SHOWN}, length({cell}) // 2)) || '…'"


_NOTHING = """
SELECT
    CAST(NULL AS VARCHAR) AS feed, CAST(NULL AS VARCHAR) AS period, CAST(NULL AS VARCHAR) AS delivery_id,
    CAST(NULL AS VARCHAR) AS contract_version, CAST(NULL AS VARCHAR) AS "table",
    CAST(NULL AS BIGINT) AS position, CAST(NULL AS BIGINT) AS line,
    CAST(NULL AS STRUCT(rule VARCHAR, "column" VARCHAR)[]) AS rules,
    CAST(NULL AS VARCHAR) AS original, CAST(NULL AS VARCHAR) AS raw_line
WHERE FALSE
"""
