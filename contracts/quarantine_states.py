"""What became of quarantined rows: an append-only log of states, one small Parquet file an act.

Here: the states, which may follow which, writing and reading the log. Not here: who decides
(`quarantine_upkeep`, `replay`), or the rows themselves (`quarantine`).

A row that the log does not name is open. A row is known by feed, period, delivery, table and position:
a delivery's bytes never change, so its positions don't either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import text, texts
from contracts.layout import SNAPSHOT, Home
from contracts.verdict import Arrival


class RowState(StrEnum):
    """What became of a quarantined row."""

    OPEN = "open"
    """It waits for its sender, or for a contract that lets it in."""
    FIXED = "fixed"
    """A newer delivery of the period, accepted, has it right."""
    WAIVED = "waived"
    """Every rule that put it aside is accepted by someone in charge, until a date."""
    RELEASED = "released"
    """It has entered the pool: by a replay that it passed, or by someone in charge."""
    EXPIRED = "expired"
    """The contract's retention is over: its text is gone."""


FOLLOWERS: Mapping[RowState, frozenset[RowState]] = {
    RowState.OPEN: frozenset({RowState.FIXED, RowState.WAIVED, RowState.RELEASED, RowState.EXPIRED}),
    RowState.WAIVED: frozenset({RowState.OPEN, RowState.FIXED, RowState.RELEASED, RowState.EXPIRED}),
    RowState.FIXED: frozenset({RowState.OPEN, RowState.EXPIRED}),
    RowState.RELEASED: frozenset({RowState.OPEN}),
    RowState.EXPIRED: frozenset(),
}
"""Which states may follow each. A fixed or released row opens again where what closed it is undone."""


@dataclass(frozen=True)
class Act:
    """Why rows change state: said once for all rows of one file of the log."""

    state: RowState
    at: datetime
    """UTC, injected."""
    reason: str
    actor: str | None = None
    """Who decided; None where a rule did."""
    evidence: str | None = None
    """The delivery or the contract version that settles it."""


def log_folder(home: Home, arrival: Arrival) -> Path:
    """Return where the log of a delivery's rows lies."""
    return home.quarantine_states / arrival.feed / (arrival.period or SNAPSHOT) / arrival.delivery_id


def append(con: DuckDBPyConnection, home: Home, arrival: Arrival, rows: str, act: Act) -> int:
    """Add the rows that may take the state and don't have it; return how many.

    The file appears whole or not at all, and never replaces another: two writers get two numbers.

    Args:
        con: DuckDB; nothing is left in it.
        home: where the log lies.
        arrival: the delivery the rows belong to.
        rows: SELECT of columns `table_name` and `position`, each row once.
        act: the state and why.
    """
    folder = log_folder(home, arrival)
    before = [state.value for state, after in FOLLOWERS.items() if act.state in after]
    query = (
        "SELECT r.table_name, r.position FROM (" + rows + ") AS r"
        f" LEFT JOIN ({states_sql(folder)}) AS s ON s.table_name = r.table_name AND s.position = r.position"
        f" WHERE coalesce(s.state, 'open') IN ({texts(before) or 'NULL'})"
    )
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{uuid4().hex}"
    try:
        written = con.execute(
            f"COPY (SELECT *, {_said(act)} FROM ({query}) ORDER BY table_name, position)"
            f" TO {text(partial)} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
        count = int(written[0]) if written else 0
        if count:
            _place(partial, folder)
        return count
    finally:
        partial.unlink(missing_ok=True)


def states_sql(folder: Path) -> str:
    """SELECT the state of each row that the log names.

    Columns: table_name, position, state, since (TIMESTAMPTZ), reason, actor, evidence.
    """
    files = sorted(folder.glob("[0-9]*.parquet")) if folder.is_dir() else []
    if not files:
        return _NO_STATES
    return (
        "SELECT table_name, position, unnest(max_by({'state': state, 'since': since, 'reason': reason,"
        " 'actor': actor, 'evidence': evidence}, filename))"
        f" FROM read_parquet([{texts(map(str, files))}], filename = TRUE) GROUP BY table_name, position"
    )


def count_states(con: DuckDBPyConnection, home: Home, arrival: Arrival) -> dict[RowState, int]:
    """Return how many of a delivery's rows the log gives each state; open rows may be absent from it."""
    query = f"SELECT state, count(*) FROM ({states_sql(log_folder(home, arrival))}) GROUP BY state"
    return {RowState(state): int(count) for state, count in con.execute(query).fetchall()}


def _said(act: Act) -> str:
    stamp = act.at.astimezone(UTC).isoformat()
    cells = {"reason": act.reason, "actor": act.actor, "evidence": act.evidence}
    columns = [f"{text(act.state.value)} AS state", f"CAST({text(stamp)} AS TIMESTAMPTZ) AS since"]
    columns += [
        f"CAST({'NULL' if value is None else text(value)} AS VARCHAR) AS {key}"
        for key, value in cells.items()
    ]
    return ", ".join(columns)


def _place(partial: Path, folder: Path) -> None:
    """Give the file the next free number; a link fails where the name is taken, a rename would not."""
    number = max((int(p.stem) for p in folder.glob("[0-9]*.parquet")), default=0)
    while True:
        number += 1
        try:
            os.link(partial, folder / f"{number:06}.parquet")
        except FileExistsError:
            continue
        return


_NO_STATES = """
SELECT
    CAST(NULL AS VARCHAR) AS table_name, CAST(NULL AS BIGINT) AS position, CAST(NULL AS VARCHAR) AS state,
    CAST(NULL AS TIMESTAMPTZ) AS since, CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS actor,
    CAST(NULL AS VARCHAR) AS evidence
WHERE FALSE
"""
