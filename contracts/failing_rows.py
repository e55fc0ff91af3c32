"""Failing rows for their sender: a CSV in the layout of its own file, every row, no cap.

Here: from a delivery's quarantine to CSV files, personal values masked. Not here: the quarantine itself
(`row_results`), its states (`quarantine_states`), or pages.

Masked always, by DESIGN's decision on personal data: pages are files that anyone who reaches the folder
can copy, and every contributor counts as an attacker of the others. The line number finds the row in the
sender's own file, which has the value.
"""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.model import Column, Contract, Table

LINE, RULES = "regie_line", "regie_rules"
"""Columns added before the sender's own, by names that no file of theirs has."""


def write_failing_rows(
    con: DuckDBPyConnection, contract: Contract, quarantine: Path, target: Path, stem: str
) -> tuple[Path, ...]:
    """Write `<stem>.quarantine.csv`, one a table where the delivery has several; return the files.

    Columns: line in the sender's file, rules broken (`rule(column)`, separated by blanks), then the
    contract's columns by the sender's names, as sent, in the sender's separator; UTF-8. A line that could
    not be split stands in the first of them. Values of personal columns show their shape only: `#` for a
    digit, `x` for a letter. The same quarantine gives the same bytes.
    """
    tables = [t for t in contract.tables if (quarantine / f"{t.name}.parquet").exists()]
    tables = [t for t in tables if _has_rows(con, quarantine / f"{t.name}.parquet")]
    files = []
    for table in tables:
        middle = f".{table.name}" if len(contract.tables) > 1 else ""
        file = target / f"{stem}{middle}.quarantine.csv"
        _write(con, contract, table, quarantine / f"{table.name}.parquet", file)
        files.append(file)
    return tuple(files)


def masked_shape(cell: str) -> str:
    """Return SQL for the shape of a text: `#` for a digit, `x` for a letter."""
    letters = f"regexp_replace({cell}, '\\p{{L}}', 'x', 'g')"
    return f"regexp_replace({letters}, '\\p{{N}}', '#', 'g')"


def is_hidden(column: Column, contract: Contract) -> bool:
    """Whether a column's values may not be shown: personal by classification, or the protected unit."""
    return column.classification == "personal" or column.name == contract.terms.protected_unit


def _write(con: DuckDBPyConnection, contract: Contract, table: Table, source: Path, file: Path) -> None:
    dialect = contract.server.dialect
    # The quarantine lies in file order, and COPY keeps it.
    query = f"SELECT {', '.join(_cells(con, contract, table, source))} FROM {parquet(source)}"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.part")
    con.execute(
        f"COPY ({query}) TO {text(partial)} (FORMAT csv, HEADER, DELIMITER {text(dialect.delimiter)},"
        f" QUOTE {text(dialect.quote or chr(34))}, ESCAPE {text(dialect.quote or chr(34))})"
    )
    partial.replace(file)


def _cells(con: DuckDBPyConnection, contract: Contract, table: Table, source: Path) -> list[str]:
    # Not a MAP: a million rows take a second longer.
    names = " ".join(f"WHEN {text(c.name)} THEN {text(c.source)}" for c in table.columns)
    column = f'CASE r."column" {names} ELSE r."column" END'
    rule = f"r.rule || CASE WHEN r.\"column\" IS NULL THEN '' ELSE '(' || {column} || ')' END"
    cells = [
        f"line AS {name(LINE)}",
        f"array_to_string(list_transform(rules, lambda r: {rule}), ' ') AS {name(RULES)}",
    ]
    hidden = {c.source for c in table.columns if is_hidden(c, contract)}
    for place, field in enumerate(_original_fields(con, source)):
        cell = f"original.{name(field)}"
        cell = masked_shape(cell) if field in hidden else cell
        if place == 0:
            whole = masked_shape("raw_line") if hidden else "raw_line"
            cell = f"coalesce({cell}, {whole})"
        cells.append(f"{cell} AS {name(field)}")
    return cells


def _original_fields(con: DuckDBPyConnection, source: Path) -> list[str]:
    """Names of the sender's columns, as the quarantine keeps them."""
    found = con.execute(f"SELECT * FROM (SELECT unnest(original) FROM {parquet(source)}) LIMIT 0")
    return [column[0] for column in found.description or ()]


def _has_rows(con: DuckDBPyConnection, source: Path) -> bool:
    """Whether any row still has its text: the contract's retention may be over."""
    kept = "original IS NOT NULL OR raw_line IS NOT NULL"
    return con.execute(f"SELECT 1 FROM {parquet(source)} WHERE {kept} LIMIT 1").fetchone() is not None
