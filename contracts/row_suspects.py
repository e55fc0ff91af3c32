"""The rows that can fail: copied out of the staged file with what other rows and registers say of them.

Here: suspects, and the frames that pandera judges. Not here: the scan's own marks (`staged_rows`), or
the verdict (`row_judging`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import ROW, SENT, SUSPECT, derived_sql, sent_text
from contracts.compile.suspects import ceiling_source, reference_source
from contracts.desk import Desk
from contracts.model import RowRule
from contracts.rules.row_kinds import Look, registered
from contracts.rules.row_rules import CheckKind, RowCheck
from contracts.uniqueness import has_repeated_hash, write_repeated_hashes, write_repeats

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS = 50_000
"""Suspects judged at a time."""
FLAG = "__flag"
"""Suffix of a suspect's column that says what SQL found of it in other rows or registers."""


def extract_suspects(
    con: DuckDBPyConnection,
    desk: Desk,
    registers: Mapping[str, Path],
    staged: Mapping[str, Path],
    rows: int,
    *,
    everything: bool = False,
) -> None:
    """Copy the rows that can fail out of the staged file, with what other rows and registers say of them.

    Suspects are rows that the scan marked, that lead nowhere, whose key's hash another row has, or that
    a registered kind of rule flags.
    `everything` suspects every row, for tests that compare.
    """
    flags = {}
    for check in desk.asked:
        if check.kind is CheckKind.REFERENCE:
            column = name(check.columns[0])
            known = reference_source(check, registers, staged)
            flags[check.name] = f"{column} IS NOT NULL AND {column} NOT IN (SELECT value FROM ({known}))"
        elif check.kind is CheckKind.UNIQUE:
            hashes, layout = desk.helper(check, "hashes"), desk.layout
            if write_repeated_hashes(con, desk.staged, layout, check.columns, rows, hashes):
                flags[check.name] = has_repeated_hash(layout, check.columns, hashes)
        elif check.written is not None:
            flags[check.name] = f"coalesce({_registered_sql(desk, check.written, registers)}, FALSE)"
    columns = [f"{flag} AS {name(check + FLAG)}" for check, flag in flags.items()]
    source = f"SELECT {', '.join([f'file_row_number AS {ROW}', '*', *columns])} FROM {_numbered(desk.staged)}"
    where = " OR ".join([SUSPECT, *(name(check + FLAG) for check in flags)])
    con.execute(
        f"COPY (SELECT * FROM ({source}) WHERE {'TRUE' if everything else where})"
        f" TO {text(desk.suspects)} (FORMAT parquet, COMPRESSION lz4_raw)"
    )
    for check in (c for c in desk.asked if c.kind is CheckKind.UNIQUE and c.name in flags):
        write_repeats(
            con, desk.suspects, check.name + FLAG, check.columns, ROW, desk.helper(check, "repeats")
        )


def _registered_sql(desk: Desk, rule: RowRule, registers: Mapping[str, Path]) -> str:
    """SQL over a staged row that is true where it fails a rule of a registered kind."""
    layout = desk.layout
    look = Look(
        rule,
        layout.table,
        layout.contract.timezone,
        layout.period,
        desk.received_at,
        registers,
        desk.staged,
    )
    kind = registered(rule.kind)
    return "FALSE" if kind is None else kind.condition(look)


def read_frames(
    con: DuckDBPyConnection, desk: Desk, registers: Mapping[str, Path]
) -> Iterator[pa.RecordBatch]:
    """Read suspects in chunks, with text as sent, derived columns and helper columns."""
    with con.cursor() as cursor:
        yield from cursor.execute(frames_sql(desk, registers)).to_arrow_reader(CHUNK_ROWS)


def frames_sql(desk: Desk, registers: Mapping[str, Path]) -> str:
    """SELECT the frames that pandera judges."""
    layout = desk.layout
    columns = [ROW, *(name(c.name) for c in layout.columns)]
    columns += [f"{sent_text(c, layout)} AS {name(c.name + SENT)}" for c in layout.columns]
    columns += [derived_sql(c) for c in layout.table.columns if c.derived is not None]
    joins = []
    for check in (c for c in desk.asked if c.helper is not None):
        if check.kind is CheckKind.CEILING:
            ceilings = f"({ceiling_source(check, registers)}) AS {name(check.name)}"
            joins.append(f"LEFT JOIN {ceilings} ON {name(check.columns[1])} = {name(check.name)}.value")
        columns.append(f"{_helper_sql(desk, check)} AS {name(check.helper or '')}")
    return f"SELECT {', '.join(columns)} FROM {parquet(desk.suspects)} {' '.join(joins)}"


def _helper_sql(desk: Desk, check: RowCheck) -> str:
    """What pandera is told of other rows or registers: whether all is well, or the row's ceiling."""
    if check.kind is CheckKind.CEILING:
        return f"{name(check.name)}.ceiling"
    if check.kind in (CheckKind.REFERENCE, CheckKind.FLAG):
        return f"NOT {name(check.name + FLAG)}"
    repeats = desk.helper(check, "repeats")
    return f"{ROW} NOT IN (SELECT row FROM {parquet(repeats)})" if repeats.exists() else "TRUE"


def _numbered(staged: Path) -> str:
    return f"read_parquet({text(staged)}, file_row_number = TRUE)"
