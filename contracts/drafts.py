"""Drafts of verdicts: all that is known of one delivery before gate 2 judges it.

Here: reading the bytes, gate 1, notices and measures, in a scratch folder that becomes the real one.
Not here: the cache, comparisons with the past, and the verdict (`gate`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from contracts.conformance import check_gtfs
from contracts.layout import SNAPSHOT, Home
from contracts.model import Contract, Dimension, Severity, WireFormat
from contracts.profile import profile_delivery
from contracts.raw_table import RawTable, ReadFinding, UnreadableError
from contracts.verdict import Arrival, Outcome, RuleResult, TableCount
from contracts.verdicts import Registers

ReadTables = Callable[[DuckDBPyConnection, Contract, Path, Path], Mapping[str, RawTable]]
"""The formats' reader; raises UnreadableError for bytes that break the contract."""


@dataclass(frozen=True)
class Draft:
    """What is known of one delivery before gate 2."""

    arrival: Arrival
    folder: str | None = None
    tables: tuple[TableCount, ...] = ()
    rules: tuple[RuleResult, ...] = ()
    """Gate 1's results."""
    notices: tuple[RuleResult, ...] = ()
    """The GTFS validator's, and the reader's."""
    profile: dict[str, Any] = field(default_factory=dict)
    findings: tuple[ReadFinding, ...] = ()
    """Why it can't be read; then there is nothing else."""


@dataclass(frozen=True)
class Desk:
    """What judging a feed's deliveries takes besides the deliveries."""

    con: DuckDBPyConnection
    contract: Contract
    read_tables: ReadTables
    home: Home
    registers: Mapping[str, Registers]
    """By delivery: each has its own last accepted delivery to be compared with."""
    now: datetime

    @property
    def today(self) -> date:
        """The local day of the injected clock."""
        return self.now.astimezone(ZoneInfo(self.contract.timezone)).date()


def draft_delivery(desk: Desk, arrival: Arrival, data: Path) -> Draft:
    """Read, judge the rows, look for notices and measure, in a scratch folder that becomes the real one."""
    with _scratch(desk.home) as scratch:
        try:
            return _draft_of_readable(desk, arrival, data, scratch)
        except UnreadableError as problem:
            return Draft(arrival, findings=problem.findings)


def _draft_of_readable(desk: Desk, arrival: Arrival, data: Path, scratch: Path) -> Draft:
    from contracts.record_gate import judge_rows

    contract, registers = desk.contract, desk.registers[arrival.delivery_id].paths
    accepted, quarantine = scratch / "accepted", scratch / "quarantine"
    tables = desk.read_tables(desk.con, contract, data, _made(scratch / "read"))
    judgement = judge_rows(
        desk.con,
        contract,
        tables,
        registers,
        _made(accepted),
        _made(quarantine),
        period=arrival.period,
        scratch=_made(scratch / "rows"),
        received_at=arrival.received_at,
    )
    notices: tuple[RuleResult, ...] = ()
    if contract.server.wire_format is WireFormat.GTFS:
        notices = check_gtfs(contract, data, scratch, day=desk.today)
    notes = _notes(tables)
    profile = profile_delivery(
        desk.con,
        contract,
        arrival,
        judgement,
        accepted,
        registers,
        (),
        now=desk.now,
        headers={name: table.header for name, table in tables.items()},
        notices=notices,
    )
    folder = f"{contract.id}/{arrival.period or SNAPSHOT}/{arrival.delivery_id}@{contract.version}"
    _move(accepted, desk.home.accepted / folder, scratch)
    _move(quarantine, desk.home.quarantine / folder, scratch)
    return Draft(arrival, folder, judgement.tables, judgement.rules, (*notices, *notes), profile)


def _notes(tables: Mapping[str, RawTable]) -> tuple[RuleResult, ...]:
    """Repairs made in reading: told, and weighing nothing."""
    return tuple(
        RuleResult(
            rule=note,
            table=table.table,
            severity=Severity.INFO,
            dimension=Dimension.CONFORMITY,
            outcome=Outcome.WARNING,
        )
        for table in tables.values()
        for note in table.notes
    )


@contextmanager
def _scratch(home: Home) -> Iterator[Path]:
    folder = home.scratch / f"gate-{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _move(source: Path, target: Path, scratch: Path) -> None:
    """Put a folder in place by renames: a reader finds the old rows or the new ones."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(scratch / f"old-{uuid4().hex}")
    source.rename(target)
