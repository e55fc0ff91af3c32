"""The quarantine as a person reads it: which rows were put aside, why, and what they said.

Here: reading `quarantine/**/*.parquet` with each row's state, and masking personal values. Not here:
writing them (`row_results`), or changing states (`quarantine_upkeep`, `replay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.layout import SNAPSHOT, Home
from contracts.model import Column, Contract, Table
from contracts.quarantine_states import states_sql

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
    state: str | None = None,
    limit: int | None = None,
) -> pa.Table:
    """Return quarantined rows in order of feed, period, delivery, table and position.

    Columns as `rows_query` gives them. Values of personal columns are masked; a feed without a contract
    in `contracts` is masked whole.
    """
    query = rows_query(home, contracts, feed=feed, period=period, delivery=delivery)
    wanted = [] if rule is None else [f"len(list_filter(rules, lambda r: r.rule = {text(rule)})) > 0"]
    wanted += [] if state is None else [f"state = {text(state)}"]
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    most = "" if limit is None else f"LIMIT {int(limit)}"
    return con.execute(
        f'SELECT * FROM ({query}) {where} ORDER BY feed, period, delivery_id, "table", position {most}'
    ).to_arrow_table()


def rows_query(
    home: Home,
    contracts: Mapping[str, Contract],
    *,
    feed: str | None = None,
    period: str | None = None,
    delivery: str | None = None,
) -> str:
    """Return a SELECT of quarantined rows, in no order, with what became of each.

    Columns: contributor, feed, period (null of a snapshot), delivery_id, contract_version, table, position,
    line, rules (list of rule and column), original (JSON object of the sender's text), raw_line, state,
    since (UTC, null of a row that was never anything but open), reason, actor, evidence. A row that an
    earlier contract version put aside, and the present one doesn't, is given if it has left.
    """
    files = [path for path in _files(home, feed, period, delivery) if _has_rows(path)]
    standing = _current_folders(files, home)
    parts = []
    for path in files:
        current = standing[path.parent.parent, _delivery_of(path)]
        newer = None if path.parent == current else current / path.name
        parts.append(_select(path, home, contracts, newer))
    return " UNION ALL ".join(parts) or _NOTHING


def _has_rows(path: Path) -> bool:
    import pyarrow.parquet as pq

    return bool(pq.read_metadata(path).num_rows)


def _delivery_of(path: Path) -> str:
    return path.parent.name.partition("@")[0]


def _current_folders(files: list[Path], home: Home) -> dict[tuple[Path, str], Path]:
    """The folder of each delivery's present verdict; without a verdict, the one written last."""
    from contracts import verdicts

    found: dict[tuple[Path, str], Path] = {}
    for path in files:
        folder, key = path.parent, (path.parent.parent, _delivery_of(path))
        siblings = sorted(folder.parent.glob(f"{key[1]}@*"), key=lambda f: f.stat().st_mtime_ns)
        if key in found or len(siblings) == 1:
            found.setdefault(key, folder)
            continue
        feed, period = folder.parent.parent.name, folder.parent.name
        verdict = verdicts.load(home, feed, None if period == SNAPSHOT else period, key[1])
        is_known = verdict is not None and verdict.folder is not None
        found[key] = home.quarantine / str(verdict.folder) if verdict and is_known else siblings[-1]
    return found


def _files(home: Home, feed: str | None, period: str | None, delivery: str | None) -> list[Path]:
    """Files of the deliveries asked for; a delivery may be named by the start of its id."""
    return [
        path
        for path in sorted(home.quarantine.glob("*/*/*@*/*.parquet"))
        if (feed is None or path.parts[-4] == feed)
        and (period is None or path.parts[-3] == period)
        and (delivery is None or path.parts[-2].startswith(delivery))
    ]


def _select(path: Path, home: Home, contracts: Mapping[str, Contract], newer: Path | None) -> str:
    """SELECT one file's rows; of a file that a newer contract version replaced, those that have left."""
    feed, period, folder, _ = path.relative_to(home.quarantine).parts
    contract = contracts.get(feed)
    table = _table_of(contract, path.stem)
    when = "NULL" if period == SNAPSHOT else text(period)
    who = "NULL" if contract is None else text(contract.contributor)
    delivery = folder.partition("@")[0]
    log = states_sql(home.quarantine_states / feed / period / delivery)
    where = "" if newer is None else " WHERE s.state = 'released'"
    if newer is not None and newer.exists():
        where += f" AND q.position NOT IN (SELECT position FROM {parquet(newer)})"
    return (
        f"SELECT CAST({who} AS VARCHAR) AS contributor, {text(feed)} AS feed,"
        f" CAST({when} AS VARCHAR) AS period, {text(delivery)} AS delivery_id, q.contract_version,"
        f' {text(path.stem)} AS "table", q.position, q.line, q.rules, {_original(table, path)} AS original,'
        f" {_raw_line(table)} AS raw_line, coalesce(s.state, 'open') AS state, s.since, s.reason, s.actor,"
        f" s.evidence FROM {parquet(path)} AS q LEFT JOIN ({log}) AS s"
        f" ON s.table_name = {text(path.stem)} AND s.position = q.position{where}"
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
    sent = f"CAST(to_json(struct_pack({', '.join(cells)})) AS VARCHAR)"
    return f"CASE WHEN original IS NOT NULL THEN {sent} END"


def _raw_line(table: Table | None) -> str:
    hide = table is None or any(is_personal(c) for c in table.columns)
    return _masked("raw_line") if hide else "raw_line"


def _masked(cell: str) -> str:
    return f"left({cell}, least({SHOWN}, length({cell}) // 2)) || '…'"


_NOTHING = """
SELECT
    CAST(NULL AS VARCHAR) AS contributor, CAST(NULL AS VARCHAR) AS feed,
    CAST(NULL AS VARCHAR) AS period, CAST(NULL AS VARCHAR) AS delivery_id,
    CAST(NULL AS VARCHAR) AS contract_version, CAST(NULL AS VARCHAR) AS "table",
    CAST(NULL AS BIGINT) AS position, CAST(NULL AS BIGINT) AS line,
    CAST(NULL AS STRUCT(rule VARCHAR, "column" VARCHAR)[]) AS rules,
    CAST(NULL AS VARCHAR) AS original, CAST(NULL AS VARCHAR) AS raw_line,
    CAST(NULL AS VARCHAR) AS state, CAST(NULL AS TIMESTAMPTZ) AS since, CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS VARCHAR) AS actor, CAST(NULL AS VARCHAR) AS evidence
WHERE FALSE
"""
