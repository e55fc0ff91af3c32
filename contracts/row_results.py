"""What gate 1 leaves behind: accepted rows, quarantine, and a result for every rule.

Here: writing the two Parquet files of a table and counting failures. Not here: finding them
(`record_gate`), or reading the quarantine (`quarantine`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import ROW, Layout, accepted_columns, derived_sql, sent_text
from contracts.model import Dimension, Severity
from contracts.quarantine import is_personal, mask
from contracts.raw_table import RawTable
from contracts.rules.row_rules import RowCheck
from contracts.verdict import Example, Outcome, RuleResult

if TYPE_CHECKING:
    import pyarrow.parquet


BLOCK_ROWS = 1_000_000
SMALLEST_GROUP_ROWS = 30_720


@dataclass(frozen=True)
class Findings:
    """Failures on disk, however many: columns row, line, question (number in the table's list)."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[_Writer]:
        """Write failures chunk by chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([("row", pa.int64()), ("line", pa.int64()), ("question", pa.int32())])
        with pq.ParquetWriter(self.path, schema) as writer:
            yield _Writer(writer)


@dataclass(frozen=True)
class _Writer:
    inner: pyarrow.parquet.ParquetWriter

    def write(self, failures: Any) -> None:  # noqa: ANN401 - a pyarrow table
        if failures.num_rows:
            self.inner.write_table(failures)


@dataclass(frozen=True)
class Sheet:
    """A judged table: its staged rows, its checks and the file of failures."""

    layout: Layout
    raw: RawTable
    checks: tuple[RowCheck, ...]
    skipped: Mapping[str, str]
    staged: Path
    suspects: Path
    failures: Path
    rows: int

    @property
    def rejecting(self) -> str:
        """Numbers of the checks that quarantine a row, for an IN list."""
        numbers = [str(n) for n, c in enumerate(self.checks) if c.severity is Severity.ERROR]
        return ", ".join(numbers) or "-1"


def count_rows(con: DuckDBPyConnection, path: Path) -> int:
    """Return the number of rows of a Parquet file."""
    return _number(con, f"SELECT count(*) FROM {parquet(path)}")


def write_accepted(con: DuckDBPyConnection, sheet: Sheet, folder: Path) -> int:
    """Write the rows that no error-severity check failed, in file order; return how many."""
    table = sheet.layout.table
    derived = ["*", *(derived_sql(c) for c in table.columns if c.derived is not None)]
    bad = f"SELECT row FROM {parquet(sheet.failures)} WHERE question IN ({sheet.rejecting})"
    where = ""
    if _number(con, f"SELECT count(*) FROM ({bad})"):
        where = f"WHERE {_mark_bad_rows(con, bad, sheet.rows)}"
    query = (
        f"SELECT {', '.join(accepted_columns(table))} FROM (SELECT {', '.join(derived)}"
        f" FROM read_parquet({text(sheet.staged)}, file_row_number = TRUE) {where})"
    )
    target = folder / f"{table.name}.parquet"
    _copy(con, query, target, _row_group(con, sheet))
    return count_rows(con, target)


def _row_group(con: DuckDBPyConnection, sheet: Sheet) -> int:
    """Rows of a row group: as many as are left of a staged one, so that none is copied together anew."""
    groups = _number(con, f"SELECT count(DISTINCT row_group_id) FROM parquet_metadata({text(sheet.staged)})")
    bad = _number(
        con,
        f"SELECT count(DISTINCT row) FROM {parquet(sheet.failures)} WHERE question IN ({sheet.rejecting})",
    )
    return max((sheet.rows - bad) // (groups or 1), SMALLEST_GROUP_ROWS)


def _mark_bad_rows(con: DuckDBPyConnection, bad: str, rows: int) -> str:
    """Return the condition under which a row is not among the bad ones, as a bit a row in variables.

    Not a join: DuckDB keeps the order of rows through a scan, but not through a join. Blocks, because it
    copies a constant for every 2,048 rows.
    """
    arms = []
    for start in range(0, rows, BLOCK_ROWS):
        variable, end = f"regie_bad_{start // BLOCK_ROWS}", start + BLOCK_ROWS
        bits = f"bitstring_agg(row - {start}, 0, {BLOCK_ROWS - 1})"
        con.execute(
            f"SET VARIABLE {variable} = (SELECT {bits} FROM ({bad}) WHERE row >= {start} AND row < {end})"
        )
        bit = f"get_bit(getvariable('{variable}'), CAST(file_row_number - {start} AS INTEGER))"
        arms.append(f"WHEN file_row_number < {end} THEN coalesce({bit}, 0) = 0")
    return f"CASE {' '.join(arms)} END"


def write_quarantine(con: DuckDBPyConnection, sheet: Sheet, folder: Path) -> int:
    """Write quarantined rows and unread lines, in file order; return how many.

    Columns: position (0-based row of the table; unread lines follow the last row), line (1-based, in the
    sender's file), rules (rule and column of each failure, warnings of the row included), contract_version,
    original (text as sent, by the sender's column names; null for unread lines), raw_line.
    """
    original = ", ".join(f"{name(c.source)} := {sent_text(c, sheet.layout)}" for c in sheet.layout.columns)
    labels = ", ".join(
        f"{{'rule': {text(c.rule)}, 'column': {'NULL' if c.column is None else text(c.column)}}}"
        for c in sheet.checks
    )
    label_of = f'CAST([{labels}] AS STRUCT(rule VARCHAR, "column" VARCHAR)[])[q + 1]'
    version = text(sheet.layout.contract.version)
    failed = (
        "SELECT row, any_value(line) AS line, list_sort(list(question)) AS questions"
        f" FROM {parquet(sheet.failures)} GROUP BY row HAVING bool_or(question IN ({sheet.rejecting}))"
    )
    query = (
        f"SELECT f.row AS position, f.line,"
        f" list_transform(f.questions, lambda q: {label_of}) AS rules, {version} AS contract_version,"
        f" struct_pack({original}) AS original, CAST(NULL AS VARCHAR) AS raw_line"
        f" FROM {parquet(sheet.suspects)} AS s JOIN ({failed}) AS f ON s.{ROW} = f.row"
    )
    if sheet.raw.unread_lines:
        query += f" UNION ALL BY NAME {_unread_sql(sheet)}"
    target = folder / f"{sheet.layout.table.name}.parquet"
    _copy(con, f"{query} ORDER BY position", target)
    return count_rows(con, target)


def table_results(con: DuckDBPyConnection, sheet: Sheet, examples: int) -> list[RuleResult]:
    """Return a result for every check of the table, then for unread lines and unknown columns."""
    found = con.execute(
        f"SELECT question, count(*), list_sort(min(row, {int(examples) or 1}))"
        f" FROM {parquet(sheet.failures)} GROUP BY question"
    ).fetchall()
    counts = {int(number): (int(count), list(rows)[:examples]) for number, count, rows in found}
    shown = _example_rows(con, sheet, sorted({row for _, rows in counts.values() for row in rows}))
    results = []
    for number, check in enumerate(sheet.checks):
        count, rows = counts.get(number, (0, []))
        results.append(
            _result(sheet, check, count, [_example(sheet, check, row, shown[row]) for row in rows])
        )
    if sheet.raw.first_line is not None:
        results.append(_unread_result(sheet, examples))
    return results + _unknown_columns(sheet)


def _result(sheet: Sheet, check: RowCheck, count: int, examples: list[Example]) -> RuleResult:
    reason = sheet.skipped.get(check.name)
    column = None if check.column is None else sheet.layout.table.column(check.column)
    outcome = Outcome.SKIPPED if reason is not None else _outcome(count, check.severity)
    return RuleResult(
        rule=check.rule,
        table=sheet.layout.table.name,
        column=check.column,
        source=None if column is None or column.derived is not None else column.source,
        severity=check.severity,
        dimension=check.dimension,
        outcome=outcome,
        checked_rows=0 if reason is not None else sheet.rows,
        failed_rows=count,
        expected=check.expected,
        reason=reason,
        examples=tuple(examples),
    )


def _outcome(count: int, severity: Severity) -> Outcome:
    if not count:
        return Outcome.PASSED
    return Outcome.FAILED if severity is Severity.ERROR else Outcome.WARNING


def _example_rows(con: DuckDBPyConnection, sheet: Sheet, rows: list[int]) -> dict[int, dict[str, str | None]]:
    """Read a few rows' cells as sent, by column name."""
    if not rows:
        return {}
    derived = [c for c in sheet.layout.table.columns if c.derived is not None]
    cells = {c.name: sent_text(c, sheet.layout) for c in sheet.layout.columns}
    cells |= {c.name: name(c.name) for c in derived}
    source = f"SELECT {', '.join(['*', *(derived_sql(c) for c in derived)])} FROM {parquet(sheet.suspects)}"
    texts = ", ".join(f"CAST({cell} AS VARCHAR)" for cell in cells.values())
    wanted = ", ".join(str(row) for row in rows)
    found = con.execute(f"SELECT {ROW}, {texts} FROM ({source}) WHERE {ROW} IN ({wanted})").fetchall()
    return {row: dict(zip(cells, sent, strict=True)) for row, *sent in found}


def _example(sheet: Sheet, check: RowCheck, row: int, cells: Mapping[str, str | None]) -> Example:
    table = sheet.layout.table
    shown = check.columns[0] if check.column is not None else None
    return Example(
        position=row,
        line=sheet.raw.line_of(row),
        value=None if shown is None else mask(cells[shown], when=is_personal(table.column(shown))),
        key={key: mask(cells[key], when=is_personal(table.column(key))) for key in table.key},
    )


def _unread_result(sheet: Sheet, examples: int) -> RuleResult:
    lines = sheet.raw.unread_lines
    hide = any(is_personal(c) for c in sheet.layout.columns)
    return RuleResult(
        rule="malformed_line",
        table=sheet.layout.table.name,
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=_outcome(len(lines), Severity.ERROR),
        checked_rows=sheet.rows + len(lines),
        failed_rows=len(lines),
        examples=tuple(
            Example(position=sheet.rows + i, line=line, value=mask(raw, when=hide))
            for i, (line, raw) in enumerate(lines[:examples])
        ),
    )


def _unknown_columns(sheet: Sheet) -> list[RuleResult]:
    """A column that the contract doesn't name is told, not refused: it may be new, or misspelt."""
    promised = {c.source for c in sheet.layout.columns}
    unknown: list[str | None] = [c for c in sheet.layout.header if c not in promised]
    return [
        RuleResult(
            rule="unknown_column",
            table=sheet.layout.table.name,
            source=source,
            severity=Severity.WARNING,
            dimension=Dimension.CONFORMITY,
            outcome=Outcome.PASSED if source is None else Outcome.WARNING,
            checked_rows=sheet.rows,
            observed=source,
        )
        for source in unknown or [None]
    ]


def _unread_sql(sheet: Sheet) -> str:
    """SELECT the lines that no reader could split, after the last row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = sheet.raw.unread_lines
    path = sheet.failures.with_name("unread.parquet")
    positions = range(sheet.rows, sheet.rows + len(lines))
    pq.write_table(
        pa.table(
            {
                "position": pa.array(positions, pa.int64()),
                "line": pa.array([line for line, _ in lines], pa.int64()),
                "raw_line": pa.array([raw for _, raw in lines], pa.string()),
            }
        ),
        path,
    )
    rules = "[{'rule': 'malformed_line', 'column': CAST(NULL AS VARCHAR)}] AS rules"
    version = f"{text(sheet.layout.contract.version)} AS contract_version"
    return f"SELECT position, line, {rules}, {version}, raw_line FROM {parquet(path)}"


def _copy(con: DuckDBPyConnection, query: str, target: Path, row_group: int = 122_880) -> None:
    """Write Parquet beside its place and rename: a reader finds the whole file or none."""
    partial = target.with_name(f".{target.name}.part")
    con.execute(
        f"COPY ({query}) TO {text(partial)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3,"
        f" DICTIONARY_SIZE_LIMIT 10000, WRITE_BLOOM_FILTER FALSE, ROW_GROUP_SIZE {row_group})"
    )
    partial.replace(target)


def _number(con: DuckDBPyConnection, query: str) -> int:
    found = con.execute(query).fetchone()
    return int(found[0]) if found else 0
