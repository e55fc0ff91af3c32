"""Read a GTFS Schedule zip: each promised file of the archive as a table of text.

Here: which files are there. Not here: unpacking (`archive`), text (`delimited`), conformance
notices (`contracts/conformance`).
"""

from __future__ import annotations

from pathlib import Path

from connectors.formats.archive import find_misplaced, unzip
from connectors.formats.delimited import read_text
from contracts.model import Contract, Dialect, Table
from contracts.raw_table import RawTable, ReadFinding, UnreadableError

GTFS_DIALECT = Dialect()
"""Commas, double quotes, UTF-8: the standard leaves no choice."""


def read_gtfs(contract: Contract, data: Path, scratch: Path) -> dict[str, RawTable]:
    """Return the tables of the archive; optional files that are absent are absent here.

    Raises UnreadableError with the findings of all files at once.
    """
    wanted = {table.source for table in contract.tables}
    paths = unzip(data, scratch / "unzipped", wanted, contract.server.max_bytes)
    tables: dict[str, RawTable] = {}
    findings: list[ReadFinding] = []
    for table in contract.tables:
        path = paths.get(table.source)
        if path is None or (table.is_optional and path.stat().st_size == 0):
            findings += [] if table.is_optional else [_miss(table, data)]
            continue
        try:
            tables[table.name] = read_text(table, GTFS_DIALECT, path, scratch)
        except UnreadableError as error:
            findings += error.findings
    if findings:
        raise UnreadableError(*findings)
    return tables


def _miss(table: Table, data: Path) -> ReadFinding:
    elsewhere = find_misplaced(data, table.source)
    where = f"; found as {elsewhere}: files must stand at the archive's root, so named" if elsewhere else ""
    detail = f"the archive holds no {table.source}{where}"
    return ReadFinding("missing_table", detail, table=table.name, expected=table.source, observed=elsewhere)
