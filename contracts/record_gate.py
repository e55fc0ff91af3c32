"""Gate 1: is every row well formed? Failing rows go to quarantine with their reasons, the rest goes on.

Here: the order of the steps for one delivery. Not here: what is asked of a row (`rules/row_rules`),
how it is cast (`compile/staging`), suspected (`compile/suspects`), judged (`compile/pandera`), or how
results and files are written (`row_results`).

One scan stages typed rows and marks those that can fail by themselves; references and repeated keys
add theirs; only these suspects are shown to pandera, in chunks, so that memory is bounded even if
every row is bad. References within a delivery lead to rows that landed, accepted or not: the sender
is told what is missing from the file, not what our quarantine took out of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from duckdb import DuckDBPyConnection

from contracts.compile.pandera import Setting, build_schema, find_failures
from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import SENT, SUSPECT, Layout, derived_sql, sent_text, staging_sql
from contracts.compile.suspects import ceiling_source, reference_source, suspicion_sql
from contracts.model import Contract
from contracts.raw_table import RawTable
from contracts.row_results import Findings, Sheet, count_rows, table_results, write_accepted, write_quarantine
from contracts.rules.row_rules import CheckKind, RowCheck, list_checks, why_skipped
from contracts.uniqueness import write_repeats
from contracts.verdict import RuleResult, TableCount

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

CHUNK_ROWS = 50_000
"""Suspects judged at a time."""
ROW = "regie__row"
"""Row number of a suspect: the position in the staged file."""


@dataclass(frozen=True)
class RecordJudgement:
    """What gate 1 found: counts of each table that came, and a result for every rule of the contract."""

    tables: tuple[TableCount, ...]
    rules: tuple[RuleResult, ...]


def judge_rows(
    con: DuckDBPyConnection,
    contract: Contract,
    tables: Mapping[str, RawTable],
    registers: Mapping[str, Path],
    accepted: Path,
    quarantine: Path,
    *,
    period: str | None,
    scratch: Path,
    examples: int = 5,
) -> RecordJudgement:
    """Judge every row of a delivery; write `accepted/<table>.parquet` and `quarantine/<table>.parquet`.

    Accepted columns are the contract's, in its order and types, in file order: times are UTC instants,
    numbers in the column's unit. The same input gives the same bytes; files appear whole or not at all.

    Args:
        con: DuckDB with a memory limit; its tables and views are left as they were.
        contract: the feed's contract.
        tables: the delivery's tables as text, by name of the contract's table.
        registers: Parquet of accepted rows by `feed/table`, for rules that look things up.
        accepted: folder for accepted rows.
        quarantine: folder for quarantined rows.
        period: ISO day of a periodic feed.
        scratch: folder for temporary files, emptied again.
        examples: examples kept per rule; counts are never capped.

    Raises:
        CheckCrashed: a check raised instead of judging (ours, never theirs).
        RuntimeError: a scan gave another number of rows than the reader counted (ours).
    """
    con.execute("SET preserve_insertion_order = TRUE")
    folder = scratch / f"rows-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        desks = _open_desks(contract, tables, registers, period, folder)
        staged = {desk.layout.table.name: desk.staged for desk in desks}
        for desk in desks:
            _stage(con, desk)
        outcomes = [_judge(con, desk, registers, staged, accepted, quarantine, examples) for desk in desks]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return RecordJudgement(
        tuple(c for c, _ in outcomes), tuple(r for _, results in outcomes for r in results)
    )


@dataclass(frozen=True)
class _Desk:
    """One table's papers while it is judged."""

    layout: Layout
    raw: RawTable
    checks: tuple[RowCheck, ...]
    skipped: Mapping[str, str]
    folder: Path

    @property
    def staged(self) -> Path:
        return self.folder / "staged.parquet"

    @property
    def asked(self) -> tuple[RowCheck, ...]:
        return tuple(c for c in self.checks if c.name not in self.skipped)

    def rows_failing(self, check: RowCheck) -> Path:
        """File of the rows that SQL found to fail a check that needs other rows."""
        return self.folder / f"helper-{self.checks.index(check)}.parquet"


def _open_desks(
    contract: Contract,
    tables: Mapping[str, RawTable],
    registers: Mapping[str, Path],
    period: str | None,
    scratch: Path,
) -> list[_Desk]:
    desks: list[_Desk] = []
    for table in (t for t in contract.tables if t.name in tables):
        checks = list_checks(contract, table)
        reasons = {c.name: why_skipped(c, registers, tables, period) for c in checks}
        folder = scratch / str(len(desks))
        folder.mkdir()
        skipped = {check: reason for check, reason in reasons.items() if reason is not None}
        layout = Layout(contract, table, tables[table.name].header, period)
        desks.append(_Desk(layout, tables[table.name], checks, skipped, folder))
    return desks


def _stage(con: DuckDBPyConnection, desk: _Desk) -> None:
    suspicion = suspicion_sql(desk.asked, desk.layout.table, desk.layout.period)
    query = staging_sql(desk.layout, desk.raw.sql, suspicion)
    # Snappy, not zstd: this file is read twice and deleted.
    con.execute(f"COPY ({query}) TO {text(desk.staged)} (FORMAT parquet, COMPRESSION snappy)")


def _judge(
    con: DuckDBPyConnection,
    desk: _Desk,
    registers: Mapping[str, Path],
    staged: Mapping[str, Path],
    accepted: Path,
    quarantine: Path,
    examples: int,
) -> tuple[TableCount, list[RuleResult]]:
    rows = count_rows(con, desk.staged)
    if desk.raw.rows is not None and desk.raw.rows != rows:
        raise RuntimeError(f"{desk.raw.table}: {desk.raw.rows} rows were read, {rows} were staged")
    helpers = _find_in_sql(con, desk, registers, staged, rows)
    findings = Findings(desk.folder / "failures.parquet")
    with findings.open() as writer:
        for batch in _suspects(con, desk, registers, helpers):
            writer.write(_failures_of(desk, batch))
    sheet = Sheet(desk.layout, desk.raw, desk.checks, desk.skipped, desk.staged, findings.path, rows)
    kept = write_accepted(con, sheet, accepted)
    quarantined = write_quarantine(con, sheet, quarantine)
    landed = rows + len(desk.raw.unread_lines)
    if kept + quarantined != landed:
        raise RuntimeError(f"{desk.raw.table}: {landed} landed, {kept} accepted, {quarantined} quarantined")
    return TableCount(
        table=desk.layout.table.name, landed=landed, accepted=kept, quarantined=quarantined
    ), table_results(con, sheet, examples)


def _find_in_sql(
    con: DuckDBPyConnection,
    desk: _Desk,
    registers: Mapping[str, Path],
    staged: Mapping[str, Path],
    rows: int,
) -> dict[str, Path]:
    """Find the rows that repeat a key or lead nowhere; return their files by check, where there are any."""
    found = {}
    for check in desk.asked:
        target = desk.rows_failing(check)
        if check.kind is CheckKind.UNIQUE:
            count = write_repeats(con, desk.staged, desk.layout.table, check.columns, rows, target)
        elif check.kind is CheckKind.REFERENCE:
            count = _write_misses(con, desk, check, reference_source(check, registers, staged), target)
        else:
            continue
        if count:
            found[check.name] = target
    return found


def _write_misses(con: DuckDBPyConnection, desk: _Desk, check: RowCheck, source: str, target: Path) -> int:
    column = name(check.columns[0])
    con.execute(
        f"COPY (SELECT file_row_number AS row FROM {_numbered(desk.staged)} WHERE {column} IS NOT NULL"
        f" AND {column} NOT IN (SELECT value FROM ({source}))) TO {text(target)} (FORMAT parquet)"
    )
    return count_rows(con, target)


def _suspects(
    con: DuckDBPyConnection, desk: _Desk, registers: Mapping[str, Path], helpers: Mapping[str, Path]
) -> Iterator[pa.RecordBatch]:
    """Read suspects in chunks, with text as sent, derived columns and helper columns."""
    with con.cursor() as cursor:
        yield from cursor.execute(suspects_sql(desk, registers, helpers)).to_arrow_reader(CHUNK_ROWS)


def suspects_sql(
    desk: _Desk, registers: Mapping[str, Path], helpers: Mapping[str, Path], *, everything: bool = False
) -> str:
    """SELECT the frames that pandera judges: of suspects, or of every row."""
    layout = desk.layout
    wanted = [SUSPECT] + [f"{ROW} IN (SELECT row FROM {parquet(path)})" for path in helpers.values()]
    columns = [ROW, *(name(c.name) for c in layout.columns)]
    columns += [f"{sent_text(c, layout)} AS {name(c.name + SENT)}" for c in layout.columns]
    columns += [derived_sql(c) for c in layout.table.columns if c.derived is not None]
    joins = []
    for check in desk.asked:
        if check.helper is None:
            continue
        if check.kind is CheckKind.CEILING:
            alias = name(f"{check.name}__register")
            key = name(check.columns[1])
            joins.append(
                f"LEFT JOIN ({ceiling_source(check, registers)}) AS {alias} ON {key} = {alias}.value"
            )
            columns.append(f"{alias}.ceiling AS {name(check.helper)}")
        elif check.name in helpers:
            failing = f"SELECT row FROM {parquet(helpers[check.name])}"
            columns.append(f"{ROW} NOT IN ({failing}) AS {name(check.helper)}")
        else:
            columns.append(f"TRUE AS {name(check.helper)}")
    where = "TRUE" if everything else " OR ".join(wanted)
    rows = f"SELECT file_row_number AS {ROW}, * FROM {_numbered(desk.staged)}"
    return f"SELECT {', '.join(columns)} FROM (SELECT * FROM ({rows}) WHERE {where}) {' '.join(joins)}"


def _failures_of(desk: _Desk, batch: pa.RecordBatch) -> pa.Table:
    """Judge one chunk: a line per failing row and check, with the row's line in the sender's file."""
    import numpy as np
    import pyarrow as pa

    frame = _frame(batch)
    failed = mute_followers(judge_frame(desk, frame), desk.asked)
    rows = frame.index.to_numpy()
    parts = [(desk.checks.index(check), np.flatnonzero(mask)) for check, mask in failed]
    numbers = np.concatenate([np.full(len(where), number) for number, where in parts] or [np.empty(0)])
    positions = np.concatenate([rows[where] for _, where in parts] or [np.empty(0)]).astype(np.int64)
    return pa.table(
        {
            "row": positions,
            "line": pa.array([desk.raw.line_of(int(p)) for p in positions], pa.int64()),
            "question": numbers.astype(np.int32),
        }
    )


def judge_frame(desk: _Desk, frame: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Let pandera judge a frame; return which rows fail each failing check."""
    setting = Setting(desk.layout.table, desk.layout.contract.server.dialect.decimal, desk.layout.period)
    failures = find_failures(build_schema(desk.asked, setting), frame)
    return {check: mask.to_numpy(dtype=bool) for check, mask in failures.items()}


def mute_followers(
    failed: Mapping[str, NDArray[np.bool_]], checks: Sequence[RowCheck]
) -> list[tuple[RowCheck, NDArray[np.bool_]]]:
    """Drop failures that only follow from another: what isn't a number is not also too large."""
    broken: dict[str, NDArray[np.bool_]] = {}
    kept: list[tuple[RowCheck, NDArray[np.bool_]]] = []
    for tier in (0, 1, 2):
        mine = []
        for check in (c for c in checks if c.tier == tier and c.name in failed):
            mask = failed[check.name].copy()
            for column in check.columns:
                if column in broken:
                    mask &= ~broken[column]
            mine.append((check, mask))
        for check, mask in mine:
            for column in check.columns if check.kind is not CheckKind.UNIQUE else ():
                broken[column] = broken[column] | mask if column in broken else mask
        kept += mine
    return kept


def _frame(batch: pa.RecordBatch) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = pd.Index(frame.pop(ROW).to_numpy(), name=ROW)
    return frame


def _numbered(staged: Path) -> str:
    return f"read_parquet({text(staged)}, file_row_number = TRUE)"
