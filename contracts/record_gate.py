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
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from duckdb import DuckDBPyConnection

from contracts.compile.arrow import Family, family_of
from contracts.compile.pandera import Setting, build_schema, find_failures
from contracts.compile.quoting import name, parquet, text
from contracts.compile.staging import ROW, SENT, SUSPECT, Layout, derived_sql, sent_text, staging_sql
from contracts.compile.suspects import ceiling_source, reference_source, suspicion_sql
from contracts.model import Contract, RowRule
from contracts.raw_table import RawTable
from contracts.row_results import Findings, Sheet, count_rows, table_results, write_accepted, write_quarantine
from contracts.rules.row_kinds import Look, registered
from contracts.rules.row_rules import TIERS, CheckKind, RowCheck, list_checks, target_of, why_skipped
from contracts.uniqueness import has_repeated_hash, write_repeated_hashes, write_repeats
from contracts.verdict import RuleResult, TableCount

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

CHUNK_ROWS = 50_000
"""Suspects judged at a time."""
ROW_GROUP_ROWS = 122_880
MANY_ROWS, SAMPLE_ROWS = 1_000_000, 50_000
SCAN_BYTES = 8_000_000
"""Text that a thread of DuckDB 1.5's CSV scan takes at a time; another number costs time, nothing else."""
FLAG = "__flag"
"""Suffix of a suspect's column that says what SQL found of it in other rows or registers."""
FORMS = (CheckKind.PATTERN, CheckKind.LENGTH)


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
    received_at: datetime | None = None,
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
        received_at: when the delivery came (UTC), for rules about clocks.

    Raises:
        CheckCrashedError: a check raised instead of judging (ours, never theirs).
        RuntimeError: a scan gave another number of rows than the reader counted (ours).
    """
    folder = scratch / f"rows-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        desks = _open_desks(contract, tables, registers, period, folder, received_at=received_at)
        staged = {desk.layout.table.name: desk.staged for desk in desks}
        with _in_order(con):
            for desk in desks:
                _stage(con, desk, registers)
            outcomes = [
                _judge(con, desk, registers, staged, accepted, quarantine, examples) for desk in desks
            ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return RecordJudgement(
        tuple(c for c, _ in outcomes), tuple(r for _, results in outcomes for r in results)
    )


@contextmanager
def _in_order(con: DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB keep the order of rows, and cut row groups the same way on any machine.

    A single thread writes other row groups than two or more, so one thread is made two meanwhile.
    """
    con.execute("SET preserve_insertion_order = TRUE")
    found = con.execute("SELECT CAST(current_setting('threads') AS INTEGER)").fetchone()
    if found is None or found[0] > 1:
        yield
        return
    con.execute("SET threads = 2")
    try:
        yield
    finally:
        con.execute("SET threads = 1")


@dataclass(frozen=True)
class _Desk:
    """One table's papers while it is judged."""

    layout: Layout
    raw: RawTable
    checks: tuple[RowCheck, ...]
    skipped: Mapping[str, str]
    folder: Path
    received_at: datetime | None = None

    @property
    def staged(self) -> Path:
        return self.folder / "staged.parquet"

    @property
    def asked(self) -> tuple[RowCheck, ...]:
        return tuple(c for c in self.checks if c.name not in self.skipped)

    @property
    def suspects(self) -> Path:
        return self.folder / "suspects.parquet"

    def helper(self, check: RowCheck, kind: str) -> Path:
        """A check's own file: the hashes that repeat, or the rows that repeat a key."""
        return self.folder / f"{kind}-{self.checks.index(check)}.parquet"


def _open_desks(
    contract: Contract,
    tables: Mapping[str, RawTable],
    registers: Mapping[str, Path],
    period: str | None,
    scratch: Path,
    *,
    received_at: datetime | None,
) -> list[_Desk]:
    desks: list[_Desk] = []
    for table in (t for t in contract.tables if t.name in tables):
        checks = list_checks(contract, table)
        reasons = {
            c.name: why_skipped(c, registers, tables, period) or _lacks(c, registers, received_at)
            for c in checks
        }
        folder = scratch / str(len(desks))
        folder.mkdir()
        skipped = {check: reason for check, reason in reasons.items() if reason is not None}
        layout = Layout(contract, table, tables[table.name].header, period)
        desks.append(_Desk(layout, tables[table.name], checks, skipped, folder, received_at))
    return desks


def _lacks(check: RowCheck, registers: Mapping[str, Path], received_at: datetime | None) -> str | None:
    """Say what a check of a registered kind lacks."""
    if check.written is None or (kind := registered(check.written.kind)) is None:
        return None
    return kind.lacks(check.written, registers, has_arrival=received_at is not None)


def _stage(con: DuckDBPyConnection, desk: _Desk, registers: Mapping[str, Path]) -> None:
    known = _known_well_formed(con, desk, registers)
    checks = [c for c in desk.asked if c.name not in known]
    suspicion = suspicion_sql(checks, desk.layout.table, desk.layout.period)
    query = staging_sql(desk.layout, desk.raw.sql, suspicion)
    # Not compressed: this file is read twice and deleted.
    con.execute(
        f"COPY ({query}) TO {text(desk.staged)} (FORMAT parquet, COMPRESSION uncompressed,"
        f" WRITE_BLOOM_FILTER FALSE, DICTIONARY_SIZE_LIMIT 4000, ROW_GROUP_SIZE {_scan_rows(con, desk)})"
    )


def _scan_rows(con: DuckDBPyConnection, desk: _Desk) -> int:
    """Rows that a thread of DuckDB's CSV scan takes at a time, if the table is big, else its usual row group.

    Row groups of that size are written as they come; any other size is copied together once more, a tenth
    of the scan's cost.
    """
    if (desk.raw.rows or 0) < MANY_ROWS:
        return ROW_GROUP_ROWS
    cells = " + ".join(f"coalesce(strlen({name(c)}), 0) + 1" for c in desk.layout.header)
    sample = f"SELECT avg({cells}) FROM (SELECT * FROM ({desk.raw.sql}) LIMIT {SAMPLE_ROWS})"
    found = con.execute(sample).fetchone()
    rows = round(SCAN_BYTES / found[0]) if found and found[0] else ROW_GROUP_ROWS
    return rows if ROW_GROUP_ROWS // 4 <= rows <= ROW_GROUP_ROWS * 2 else ROW_GROUP_ROWS


def _known_well_formed(con: DuckDBPyConnection, desk: _Desk, registers: Mapping[str, Path]) -> set[str]:
    """Checks of a column's form that the scan needn't make: every value of its register passes them.

    A value that fails is then unknown to the register, and a suspect for that reason.
    """
    found = set()
    for link in (c for c in desk.asked if c.kind is CheckKind.REFERENCE and target_of(c).register):
        column = desk.layout.table.column(link.columns[0])
        forms = [c for c in desk.asked if c.columns == link.columns and c.kind in FORMS]
        if not forms or family_of(column.physical_type) is not Family.TEXT:
            continue
        sent = name(column.name + SENT)
        fails = suspicion_sql(forms, desk.layout.table, desk.layout.period)
        source = f"SELECT value AS {sent} FROM ({reference_source(link, registers, {})})"
        if not con.execute(f"SELECT 1 FROM ({source}) WHERE {fails} LIMIT 1").fetchone():
            found |= {c.name for c in forms}
    return found


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
    extract_suspects(con, desk, registers, staged, rows)
    findings = Findings(desk.folder / "failures.parquet")
    with findings.open() as writer:
        for batch in _frames(con, desk, registers):
            writer.write(_failures_of(desk, batch))
    sheet = Sheet(
        desk.layout, desk.raw, desk.checks, desk.skipped, desk.staged, desk.suspects, findings.path, rows
    )
    kept = write_accepted(con, sheet, accepted)
    quarantined = write_quarantine(con, sheet, quarantine)
    landed = rows + len(desk.raw.unread_lines)
    if kept + quarantined != landed:
        raise RuntimeError(f"{desk.raw.table}: {landed} landed, {kept} accepted, {quarantined} quarantined")
    return TableCount(
        table=desk.layout.table.name, landed=landed, accepted=kept, quarantined=quarantined
    ), table_results(con, sheet, examples)


def extract_suspects(
    con: DuckDBPyConnection,
    desk: _Desk,
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


def _registered_sql(desk: _Desk, rule: RowRule, registers: Mapping[str, Path]) -> str:
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


def _frames(con: DuckDBPyConnection, desk: _Desk, registers: Mapping[str, Path]) -> Iterator[pa.RecordBatch]:
    """Read suspects in chunks, with text as sent, derived columns and helper columns."""
    with con.cursor() as cursor:
        yield from cursor.execute(frames_sql(desk, registers)).to_arrow_reader(CHUNK_ROWS)


def frames_sql(desk: _Desk, registers: Mapping[str, Path]) -> str:
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


def _helper_sql(desk: _Desk, check: RowCheck) -> str:
    """What pandera is told of other rows or registers: whether all is well, or the row's ceiling."""
    if check.kind is CheckKind.CEILING:
        return f"{name(check.name)}.ceiling"
    if check.kind in (CheckKind.REFERENCE, CheckKind.FLAG):
        return f"NOT {name(check.name + FLAG)}"
    repeats = desk.helper(check, "repeats")
    return f"{ROW} NOT IN (SELECT row FROM {parquet(repeats)})" if repeats.exists() else "TRUE"


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
    for tier in TIERS:
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
