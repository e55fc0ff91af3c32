"""Gate 1: is every row well formed? Failing rows go to quarantine with their reasons, the rest goes on.

Here: the order of the steps for one delivery. Not here: what is asked of a row (`rules/row_rules`),
how it is staged (`staged_rows`), suspected (`row_suspects`), judged (`row_judging`), or how results and
files are written (`row_results`).

One scan stages typed rows and marks those that can fail by themselves; references and repeated keys
add theirs; only these suspects are shown to pandera, in chunks, so that memory is bounded even if
every row is bad. References within a delivery lead to rows that landed, accepted or not: the sender
is told what is missing from the file, not what our quarantine took out of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from duckdb import DuckDBPyConnection

from contracts.desk import Desk, open_desks
from contracts.model import Contract
from contracts.raw_table import RawTable
from contracts.row_judging import failures_of
from contracts.row_results import Findings, Sheet, count_rows, table_results, write_accepted, write_quarantine
from contracts.row_suspects import extract_suspects, read_frames
from contracts.staged_rows import stage_rows
from contracts.verdict import RuleResult, TableCount


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
        desks = open_desks(contract, tables, registers, period, folder, received_at=received_at)
        staged = {desk.layout.table.name: desk.staged for desk in desks}
        with _in_order(con):
            for desk in desks:
                stage_rows(con, desk, registers)
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


def _judge(
    con: DuckDBPyConnection,
    desk: Desk,
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
        for batch in read_frames(con, desk, registers):
            writer.write(failures_of(desk, batch))
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
