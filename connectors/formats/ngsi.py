"""Read NGSI-LD entities (normalised, concise, or simplified without times) as a table of text.

Here: the JSON array and its staging. Not here: which key means which column (`ngsi_paths`), what is
no entity (`ngsi_shape`), types and rules.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from connectors.formats.archive import gunzip
from connectors.formats.ngsi_paths import COUNT_REPEATED, match_paths, select_parts
from connectors.formats.ngsi_shape import PROMISED, find_wrong_shape, refuse_shape
from connectors.formats.sniff import describe_bytes, find_html, is_utf16
from connectors.formats.sql_text import quote_identifier, quote_path, quote_text
from contracts.model import Contract, Table
from contracts.raw_table import RawTable, ReadFinding, UnreadableError

ENTITY_BYTES = 16_000_000


def read_ngsi(con: DuckDBPyConnection, contract: Contract, data: Path, scratch: Path) -> dict[str, RawTable]:
    """Return the delivery's one table, staged once as text; a row's position is its index in the array.

    Raises UnreadableError.
    """
    table, text = contract.tables[0], data
    if contract.server.dialect.compression == "gzip":
        text = gunzip(data, scratch / f"{table.name}.json", contract.server.max_bytes)
    _check_array(table, text)
    return {table.name: _stage(con, table, text, scratch)}


def _check_array(table: Table, text: Path) -> None:
    """Refuse what is not a whole JSON array in UTF-8: DuckDB takes one that was cut for a short one."""
    finding = _check_ends(table, text)
    if finding is None:
        line = _find_undecodable(text)
        if line is not None:
            detail = f"JSON must be UTF-8; line {line} is not"
            finding = ReadFinding("wrong_encoding", detail, table=table.name, line=line, expected="utf-8")
    if finding is not None:
        raise UnreadableError(finding)


def _check_ends(table: Table, text: Path) -> ReadFinding | None:
    with text.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, text.stat().st_size - 4096))
        tail = file.read()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return ReadFinding("empty_delivery", "the file is empty", table=table.name)
    if is_utf16(head):
        detail = "JSON must be UTF-8 and this is UTF-16"
        return ReadFinding("wrong_encoding", detail, table=table.name, expected="utf-8", observed="UTF-16")
    if not start.startswith(b"["):
        return find_html(head) or refuse_shape(table, PROMISED, _describe_json(start))
    if not tail.rstrip().endswith(b"]"):
        detail = "the JSON array does not end: the file was cut in transfer or while it was written"
        return ReadFinding(
            "not_the_promised_shape", detail, table=table.name, expected=PROMISED, observed="[{…}, …"
        )
    return None


def _describe_json(start: bytes) -> str:
    if start.startswith(b"{"):
        if b"errors/" in start or b'"title"' in start:
            return "one JSON object that looks like an error message"
        return "one JSON object (a single entity, or one entity a line)"
    return describe_bytes(start)


def _find_undecodable(text: Path) -> int | None:
    """Return the first line that is not UTF-8."""
    try:
        with text.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        with text.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.decode("utf-8", "ignore").encode() != line:
                    return number
    return None


def _explain_json(table: Table, error: Exception) -> ReadFinding:
    reason = re.search(r"Malformed JSON.*?, (at byte \d+ in record/value \d+: [^\n]*)", str(error))
    detail = f"the file is not well-formed JSON{f' ({reason[1]})' if reason else ''}"
    return ReadFinding("not_the_promised_shape", detail, table=table.name, expected=PROMISED)


def _stage(con: DuckDBPyConnection, table: Table, text: Path, scratch: Path) -> RawTable:
    """Parse once, to a Parquet file of text columns; the SQL handed over reads that."""
    con.execute(_read_sql("ngsi_macros.sql"))
    source = f"{quote_path(text)}, format = 'array', compression = 'uncompressed'"
    entities = f"SELECT json AS entity FROM read_json_objects({source}, maximum_object_size = {ENTITY_BYTES})"
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE ngsi_entity AS {entities}")
    except duckdb.InvalidInputException as error:
        raise UnreadableError(_explain_json(table, error)) from error
    try:
        return _write(con, table, scratch / f"{table.name}.parquet")
    finally:
        for name in ("ngsi_entity", "ngsi_found", "ngsi_attribute"):
            con.execute(f"DROP TABLE IF EXISTS {name}")


def _write(con: DuckDBPyConnection, table: Table, target: Path) -> RawTable:
    paths = match_paths(con, table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE ngsi_found AS {paths.select_attributes()}")
    repeated = con.execute(COUNT_REPEATED).fetchall()[0][0]
    rows_from = _read_sql("ngsi_instances.sql").rstrip(";\n") if repeated else "SELECT * FROM ngsi_found"
    con.execute(f"CREATE OR REPLACE TEMP TABLE ngsi_attribute AS {select_parts(rows_from, paths.members)}")
    findings = find_wrong_shape(con, table, paths)
    if findings:
        raise UnreadableError(*findings)
    con.execute(f"COPY ({paths.select_texts()}) TO {quote_text(str(target))} (FORMAT parquet)")
    rows = con.execute("SELECT count(*) FROM ngsi_attribute").fetchall()[0][0]
    sql = f"SELECT {', '.join(map(quote_identifier, paths.sources))} FROM read_parquet({quote_path(target)})"
    return RawTable(table.name, sql, paths.sources, first_line=None, rows=rows)


@cache
def _read_sql(name: str) -> str:
    return files("connectors.formats").joinpath(name).read_text(encoding="utf-8")
