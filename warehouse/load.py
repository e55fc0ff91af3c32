"""Loads accepted rows into the core tables: a feed's period is replaced whole, in one transaction.

Here: preparing Parquet (namespaced ids, provenance, order) and replacing. Not here: DDL
(`core_tables`), what else is recorded of a delivery (`records`).
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from contracts.layout import Home
from contracts.model import Column, Contract, Table
from contracts.released import standing_rows
from contracts.verdict import Verdict
from warehouse.core_tables import core_columns, ensure_tables, table_name
from warehouse.lake import Lake
from warehouse.quoting import columns, identifier, literal, type_name
from warehouse.state import digest_file, digest_text
from warehouse.withdraw import delete_loaded

LOAD_TABLE = """
    CREATE TABLE IF NOT EXISTS lake.pool.load (
        contributor VARCHAR, feed VARCHAR, period DATE, delivery_id VARCHAR, contract_version VARCHAR,
        input_digest VARCHAR, table_names VARCHAR[], row_count BIGINT
    )
"""


class RejectedDeliveryError(ValueError):
    """A rejected delivery was given to be loaded: it changes nothing downstream."""


@dataclass(frozen=True)
class Loaded:
    """What a load did."""

    rows: int
    """Rows that stand in the lake for these deliveries, over all tables."""
    tables: tuple[str, ...]
    """`schema.table` of the contract's tables."""
    changed: bool
    """Whether anything was committed."""
    deliveries: tuple[str, ...] = ()
    """Delivery ids that were committed now."""


@dataclass(frozen=True)
class _Pending:
    """One accepted delivery to load, and the digest that names its rows."""

    verdict: Verdict
    digest: str
    rows: int = 0


def load_delivery(lake: Lake, contract: Contract, verdict: Verdict, home: Home) -> Loaded:
    """Replace the rows of the delivery's feed and period by its accepted ones; see `load_deliveries`."""
    return load_deliveries(lake, contract, [verdict], home)


def load_deliveries(lake: Lake, contract: Contract, verdicts: Sequence[Verdict], home: Home) -> Loaded:
    """Replace, in one transaction, the (feed, period) of every verdict in all of the contract's tables.

    Rows that left the quarantine since the gate are among them. Ids become `<contributor>:<id>`, rows are
    sorted by key, and carry contributor, feed, delivery_id and, of a periodic feed, period (local DATE). A
    delivery whose accepted rows and contract are those already loaded is passed over; where all are, nothing
    is committed. Raises RejectedDeliveryError, SchemaConflictError, FileNotFoundError (a required table's
    accepted rows are not there).
    """
    _check(contract, verdicts)
    tables = tuple(table_name(contract, table) for table in contract.tables)
    loaded = _read_loads(lake, contract.id)
    inputs = [_name_input(contract, verdict, home) for verdict in verdicts]
    standing = [loaded.get(i.verdict.arrival.period, ("", 0)) for i in inputs]
    pending = [i for i, (digest, _) in zip(inputs, standing, strict=True) if digest != i.digest]
    kept = sum(rows for i, (digest, rows) in zip(inputs, standing, strict=True) if digest == i.digest)
    if not pending:
        return Loaded(kept, tables, changed=False)
    with _open_folder(home) as folder, _open_cursor(lake) as con:
        files, counts = _prepare_all(con, contract, pending, home, folder)
        done = [_Pending(p.verdict, p.digest, n) for p, n in zip(pending, counts, strict=True)]
        lake.write(lambda writer: _replace(writer, contract, done, files), _say(contract, done))
    return Loaded(
        kept + sum(counts),
        tables,
        changed=True,
        deliveries=tuple(p.verdict.arrival.delivery_id for p in done),
    )


def _check(contract: Contract, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        arrival = verdict.arrival
        if not verdict.is_accepted:
            raise RejectedDeliveryError(
                f"{arrival.feed} {arrival.period or ''}: {arrival.delivery_id} is rejected"
            )
        if arrival.feed != contract.id:
            raise ValueError(f"delivery of {arrival.feed} under the contract {contract.id}")
    periods = [verdict.arrival.period for verdict in verdicts]
    if len(set(periods)) != len(periods):
        raise ValueError(f"{contract.id}: two deliveries of one period; give the newest accepted one")


def _read_loads(lake: Lake, feed: str) -> dict[str | None, tuple[str, int]]:
    """Return period (ISO, None of a snapshot) -> digest and rows of what is loaded of a feed."""
    if not lake.has_table("pool", "load"):
        return {}
    query = "SELECT period, input_digest, row_count FROM pool.load WHERE feed = ?"
    rows = lake.cursor().execute(query, [feed]).fetchall()
    return {period.isoformat() if period else None: (digest, count) for period, digest, count in rows}


def _name_input(contract: Contract, verdict: Verdict, home: Home) -> _Pending:
    """Name all that decides the loaded rows: the accepted bytes, the delivery, the contract."""
    if verdict.folder is None:
        raise FileNotFoundError(f"verdict of {verdict.arrival.delivery_id} names no folder of accepted rows")
    parts = [verdict.arrival.delivery_id, verdict.contract_version, contract.digest]
    for table in contract.tables:
        path = standing_rows(home, verdict, table.name)
        if path.exists():
            parts += [table.name, digest_file(path)]
        elif not table.is_optional:
            raise FileNotFoundError(f"no accepted rows at {path}")
    return _Pending(verdict, digest_text(*parts))


@contextmanager
def _open_folder(home: Home) -> Iterator[Path]:
    folder = home.scratch.resolve() / f"load-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _open_cursor(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    con = lake.cursor()
    try:
        yield con
    finally:
        con.close()


def _prepare_all(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    pending: Sequence[_Pending],
    home: Home,
    folder: Path,
) -> tuple[dict[str, list[str]], list[int]]:
    """Write the rows to load as Parquet; return the files of each table, and rows of each delivery."""
    files: dict[str, list[str]] = {table.name: [] for table in contract.tables}
    counts = [0] * len(pending)
    for number, delivery in enumerate(pending):
        for table in contract.tables:
            source = standing_rows(home, delivery.verdict, table.name)
            if source.exists():
                target = folder / f"{table.name}-{number:05}.parquet"
                sql = _rows_to_load(con, contract, table, delivery.verdict, source)
                counts[number] += _write(con, sql, target)
                files[table.name].append(str(target))
    return files, counts


def _rows_to_load(
    con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, verdict: Verdict, source: Path
) -> str:
    """Return the SELECT of one table's rows as they go into the lake."""
    path = str(source.resolve())
    present = {row[0] for row in con.execute("DESCRIBE FROM read_parquet(?)", [path]).fetchall()}
    chosen = [_expression(column, contract.contributor, present) for column in table.columns]
    chosen += _provenance(contract, table, verdict)
    order = columns(table.key) if table.key else "ALL"
    return f"SELECT {', '.join(chosen)} FROM read_parquet({literal(path)}) ORDER BY {order}"


def _write(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> int:
    """Write a query's rows as Parquet and return how many they are."""
    copied = con.execute(f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)")
    return int(copied.fetchall()[0][0])


def _expression(column: Column, contributor: str, present: set[str]) -> str:
    name, kind = identifier(column.name), type_name(column.physical_type)
    if column.name not in present:
        return f"CAST(NULL AS {kind}) AS {name}"
    if column.is_namespaced:
        return f"{literal(contributor + ':')} || {name} AS {name}"
    return f"CAST({name} AS {kind}) AS {name}"


def _provenance(contract: Contract, table: Table, verdict: Verdict) -> list[str]:
    values = {
        "contributor": contract.contributor,
        "feed": contract.id,
        "delivery_id": verdict.arrival.delivery_id,
        "period": verdict.arrival.period or "",
    }
    wanted = core_columns(contract, table)
    return [
        f"CAST({literal(value)} AS {wanted[name]}) AS {identifier(name)}"
        for name, value in values.items()
        if name in wanted
    ]


def _replace(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    pending: Sequence[_Pending],
    files: dict[str, list[str]],
) -> None:
    """Delete and insert every table of the deliveries, and record the load, inside a write transaction."""
    con.execute(LOAD_TABLE)
    delete_loaded(con, contract.id, [p.verdict.arrival.period for p in pending])
    ensure_tables(con, contract)
    for table in contract.tables:
        target = identifier("lake", contract.domain, table.name)
        if files[table.name]:
            con.execute(f"INSERT INTO {target} BY NAME FROM read_parquet(?)", [files[table.name]])
    _record(con, contract, pending)


def _say(contract: Contract, pending: Sequence[_Pending]) -> str:
    """Say in a snapshot's message what was loaded."""
    periods = sorted(p.verdict.arrival.period or "whole" for p in pending)
    return f"load {contract.id} {contract.version}: {periods[0]}" + (
        f"..{periods[-1]} ({len(periods)} periods)" if len(periods) > 1 else ""
    )


def _record(con: duckdb.DuckDBPyConnection, contract: Contract, pending: Sequence[_Pending]) -> None:
    """Insert the loads' own rows at once: each INSERT would be a Parquet file of its own."""
    names = [table_name(contract, table) for table in contract.tables]
    con.execute(
        """
        INSERT INTO lake.pool.load BY NAME
        SELECT
            ? AS contributor, ? AS feed, unnest(?::DATE[]) AS period, unnest(?::VARCHAR[]) AS delivery_id,
            unnest(?::VARCHAR[]) AS contract_version, unnest(?::VARCHAR[]) AS input_digest,
            ?::VARCHAR[] AS table_names, unnest(?::BIGINT[]) AS row_count
        """,
        [
            contract.contributor,
            contract.id,
            [p.verdict.arrival.period for p in pending],
            [p.verdict.arrival.delivery_id for p in pending],
            [p.verdict.contract_version for p in pending],
            [p.digest for p in pending],
            names,
            [p.rows for p in pending],
        ],
    )
