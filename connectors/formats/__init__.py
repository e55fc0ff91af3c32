"""How bytes become tables of text: one module a format, chosen by the contract.

Here: the choice. Not here: any format, types or rules.
"""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from contracts.model import Contract, WireFormat
from contracts.raw_table import RawTable, UnreadableError

__all__ = ["RawTable", "UnreadableError", "read_tables"]


def read_tables(
    con: DuckDBPyConnection, contract: Contract, data: Path, scratch: Path
) -> dict[str, RawTable]:
    """Return the delivery's tables by name, every column text, absent optional tables absent.

    `data` are the landed bytes; `scratch` is an empty folder that must outlive the tables' use.
    Raises UnreadableError: the bytes are not what the contract says.
    """
    from connectors.formats import delimited, gtfs, ngsi

    scratch.mkdir(parents=True, exist_ok=True)
    match contract.server.wire_format:
        case WireFormat.GTFS:
            return gtfs.read_gtfs(contract, data, scratch)
        case WireFormat.NGSI_LD:
            return ngsi.read_ngsi(con, contract, data, scratch)
        case WireFormat.DELIMITED:
            return delimited.read_delimited(contract, data, scratch)
