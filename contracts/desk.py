"""One table's papers while gate 1 judges it: its layout, its text, its checks, and its files.

Here: the desk and how it is laid. Not here: what is done at it (`staged_rows`, `row_suspects`,
`row_judging`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.compile.staging import Layout
from contracts.model import Contract
from contracts.raw_table import RawTable
from contracts.rules.row_kinds import registered
from contracts.rules.row_rules import RowCheck, list_checks, why_skipped


@dataclass(frozen=True)
class Desk:
    """One table's papers while it is judged."""

    layout: Layout
    raw: RawTable
    checks: tuple[RowCheck, ...]
    skipped: Mapping[str, str]
    folder: Path
    received_at: datetime | None = None

    @property
    def staged(self) -> Path:
        """Every row, typed, in file order."""
        return self.folder / "staged.parquet"

    @property
    def asked(self) -> tuple[RowCheck, ...]:
        """Checks that lack nothing."""
        return tuple(c for c in self.checks if c.name not in self.skipped)

    @property
    def suspects(self) -> Path:
        """Rows that can fail, with what SQL found of them."""
        return self.folder / "suspects.parquet"

    def helper(self, check: RowCheck, kind: str) -> Path:
        """A check's own file: the hashes that repeat, or the rows that repeat a key."""
        return self.folder / f"{kind}-{self.checks.index(check)}.parquet"


def open_desks(
    contract: Contract,
    tables: Mapping[str, RawTable],
    registers: Mapping[str, Path],
    period: str | None,
    scratch: Path,
    *,
    received_at: datetime | None,
) -> list[Desk]:
    """Lay a desk for each table that came, in the contract's order, each with a folder under `scratch`."""
    desks: list[Desk] = []
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
        desks.append(Desk(layout, tables[table.name], checks, skipped, folder, received_at))
    return desks


def _lacks(check: RowCheck, registers: Mapping[str, Path], received_at: datetime | None) -> str | None:
    """Say what a check of a registered kind lacks."""
    if check.written is None or (kind := registered(check.written.kind)) is None:
        return None
    return kind.lacks(check.written, registers, has_arrival=received_at is not None)
