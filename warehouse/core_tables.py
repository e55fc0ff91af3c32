"""The lake's core tables as contracts state them: made, widened, never silently changed.

Here: columns and DDL inside a write transaction. Not here: rows (`load`).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from contracts.model import Contract, DeliveryMode, Table
from warehouse.quoting import identifier, type_name

PROVENANCE = {"contributor": "VARCHAR", "feed": "VARCHAR", "delivery_id": "VARCHAR"}
"""Columns that every core row carries beside the contract's own."""
PERIOD = {"period": "DATE"}
"""And that of a periodic feed."""


class SchemaConflictError(ValueError):
    """A contract wants a column that the lake's table holds in another type, or reserves."""


def table_name(contract: Contract, table: Table) -> str:
    """Return the `schema.table` that a contract's table lands in."""
    return f"{contract.domain}.{table.name}"


def core_columns(contract: Contract, table: Table) -> dict[str, str]:
    """Return name -> DuckDB type of a table's warehouse columns; SchemaConflictError on a reserved name."""
    added = PROVENANCE | (PERIOD if contract.delivery.mode is DeliveryMode.PERIODIC else {})
    taken = [column.name for column in table.columns if column.name in added]
    if taken:
        raise SchemaConflictError(
            f"contract {contract.id}: column {taken[0]} of {table.name} is one the warehouse adds itself"
        )
    return {column.name: type_name(column.physical_type) for column in table.columns} | added


def ensure_tables(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make the contract's tables, or add the columns they lack, inside a write transaction.

    Raises SchemaConflictError where a column exists in another type.
    """
    for table in contract.tables:
        _ensure_table(con, contract, table)


def _ensure_table(con: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> None:
    wanted = core_columns(contract, table)
    existing = _existing(con, contract.domain, table.name)
    target = identifier("lake", contract.domain, table.name)
    if not existing:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier('lake', contract.domain)}")
        con.execute(f"CREATE TABLE {target} ({_definitions(wanted.items())})")
        return
    for name, kind in wanted.items():
        if name not in existing:
            con.execute(f"ALTER TABLE {target} ADD COLUMN {identifier(name)} {kind}")
        elif existing[name] != _canonical(con, kind):
            raise SchemaConflictError(_conflict(contract, table, name, existing[name], kind))


def _definitions(columns: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{identifier(name)} {kind}" for name, kind in columns)


def _existing(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    query = """
        SELECT column_name, data_type FROM duckdb_columns()
        WHERE database_name = 'lake' AND schema_name = ? AND table_name = ? ORDER BY column_index
    """
    return dict(con.execute(query, [schema, table]).fetchall())


def _canonical(con: duckdb.DuckDBPyConnection, kind: str) -> str:
    return str(con.execute(f"SELECT typeof(CAST(NULL AS {kind}))").fetchall()[0][0])


def _conflict(contract: Contract, table: Table, column: str, existing: str, wanted: str) -> str:
    return (
        f"contract {contract.id} {contract.version}: {table_name(contract, table)}.{column} is {existing} "
        f"in the lake and {wanted} in the contract. Rows of other feeds or past deliveries hold the old "
        "type and could change value or be lost. Keep the type, or add a column of another name."
    )
