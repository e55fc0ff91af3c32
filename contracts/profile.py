"""The profile of a delivery: one small flat dict of numbers, all that gate 2 sees of it.

Here: putting the profile together, and comparing it with past ones. Not here: the numbers of each
kind of rule (`measures`), or judging them (`delivery_gate`).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import name as quoted
from contracts.measures import measure
from contracts.model import Column, Contract, LogicalType, Table
from contracts.rules.delivery_rules import HISTORY_KINDS, KeyedRule, Profile, delivery_rules
from contracts.scene import Scene
from contracts.verdict import Arrival, RuleResult, TableCount, Verdict

MOST_ROWS_FOR_MARKS = 2_000_000
"""Exact quantiles sort; above this many rows a table gets none."""


class Judgement(Protocol):
    """What the profile needs of gate 1's judgement."""

    @property
    def tables(self) -> tuple[TableCount, ...]:
        """Rows of each table."""
        ...

    @property
    def rules(self) -> tuple[RuleResult, ...]:
        """Gate 1's results."""
        ...


def profile_delivery(  # the joint between the rooms fixes these arguments
    con: DuckDBPyConnection,
    contract: Contract,
    arrival: Arrival,
    judgement: Judgement,
    accepted: Path,
    registers: Mapping[str, Path],
    history: Sequence[Verdict],
    *,
    now: datetime,
    headers: Mapping[str, tuple[str, ...]] | None = None,
    notices: Sequence[RuleResult] = (),
) -> dict[str, Any]:
    """Return the delivery's profile, JSON values only.

    Names: `rows_*` and `quarantined_pct` of the whole delivery, `rows_accepted.<table>` and its like,
    `<table>.<column>.mean` and quantiles (never of personal data), `notices_<severity>`,
    `<rule key>.<number>` for each delivery rule, `history_*` for the median of the past.

    Args:
        con: DuckDB with ICU; nothing is written.
        contract: whose rules are measured.
        arrival: the delivery.
        judgement: gate 1's counts and results.
        accepted: folder of the delivery's accepted Parquet.
        registers: `feed/table` -> Parquet of accepted rows.
        history: accepted verdicts of the past, the oldest first.
        now: UTC, injected; snapshots and calendars are judged from it.
        headers: column names found, by table.
        notices: results of the GTFS validator.
    """
    scene = Scene(
        con, contract, arrival, judgement.tables, judgement.rules, accepted, registers, now, headers or {}
    )
    profile = _counts(judgement.tables) | _marks(scene) | _notice_counts(notices)
    for keyed in delivery_rules(contract):
        numbers = measure(scene, keyed.rule)
        profile |= {f"{keyed.key}.{name}": value for name, value in numbers.items()}
    return with_history(contract, profile, [past.profile for past in history])


def with_history(contract: Contract, profile: Profile, past: Sequence[Profile]) -> dict[str, Any]:
    """Return the profile with its comparisons to the median of past profiles.

    A rule with fewer past numbers than its `minimum_history` (7 if it says nothing) is skipped.
    """
    compared = {**profile, "history_deliveries": len(past)}
    for name in ("rows_landed", "rows_accepted", "quarantined_pct"):
        compared[f"history_{name}"] = _median(past, name)
    for keyed in delivery_rules(contract):
        if keyed.rule.kind in HISTORY_KINDS and profile.get(f"{keyed.key}.value") is not None:
            compared.pop(f"{keyed.key}.skipped", None)  # said for want of the past that is here now
            compared |= _deviation(keyed, profile, past)
        elif keyed.rule.kind == "spikes":
            compared |= _excess(keyed, profile, past)
    return compared


def keeps_every_promise(contract: Contract, profile: Profile, waived: frozenset[str] = frozenset()) -> bool:
    """Whether no bound of severity error is broken: such a delivery may stand as history for later ones.

    Bounds of waived rules don't count.

    The verdict is Great Expectations' (`delivery_gate`); this says the same of one profile at once,
    so that days judged together can be each other's past.
    """
    rules = (keyed for keyed in delivery_rules(contract) if keyed.rule.id not in waived)
    bounds = [bound for keyed in rules for bound in keyed.bounds]
    return all(bound.holds(profile) for bound in bounds if bound.severity == "error")


def _counts(tables: Sequence[TableCount]) -> dict[str, Any]:
    landed = sum(t.landed for t in tables)
    quarantined = sum(t.quarantined for t in tables)
    counts: dict[str, Any] = {
        "rows_landed": landed,
        "rows_accepted": sum(t.accepted for t in tables),
        "rows_quarantined": quarantined,
        "quarantined_pct": round(100 * quarantined / landed, 4) if landed else None,
    }
    for table in tables:
        counts[f"rows_landed.{table.table}"] = table.landed
        counts[f"rows_accepted.{table.table}"] = table.accepted
        counts[f"rows_quarantined.{table.table}"] = table.quarantined
    return counts


def _notice_counts(notices: Sequence[RuleResult]) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for notice in notices:
        for name in (f"notices_{notice.severity.value}", f"notices.{notice.rule}"):
            counts[name] = counts.get(name, 0) + notice.failed_rows
    return counts


def _marks(scene: Scene) -> dict[str, Any]:
    """Distribution marks of measured columns: nulls, mean, 5th, 50th and 95th percentile."""
    if scene.contract.terms.protected_unit is not None:
        return {}
    marks: dict[str, Any] = {}
    accepted = {t.table: t.accepted for t in scene.tables}
    for table in scene.contract.tables:
        if 0 < accepted.get(table.name, 0) <= MOST_ROWS_FOR_MARKS:
            marks |= _table_marks(scene, table)
    return marks


def _table_marks(scene: Scene, table: Table) -> dict[str, Any]:
    columns = [column for column in table.columns if _is_measured(column)]
    path = scene.accepted / f"{table.name}.parquet"
    if not columns or not path.exists():
        return {}
    parts = []
    for column in columns:
        value = f"CAST({quoted(column.name)} AS DOUBLE)"
        parts += [f"count(*) FILTER ({value} IS NULL)", f"favg({value})"]
        parts += [f"quantile_disc({value}, {level})" for level in (0.05, 0.5, 0.95)]
    row = scene.con.execute(
        f"SELECT {', '.join(parts)} FROM read_parquet($path)", {"path": str(path)}
    ).fetchone()
    names = [f"{table.name}.{c.name}.{m}" for c in columns for m in ("nulls", "mean", "p05", "p50", "p95")]
    # The last digits of a mean depend on the order of a parallel sum.
    values = [round(v, 6) if isinstance(v, float) else v for v in row or ()]
    return dict(zip(names, values, strict=True))


def _is_measured(column: Column) -> bool:
    """A quantity, told by its unit; numbers that name or place something have no distribution to watch."""
    numeric = column.logical_type in (LogicalType.NUMBER, LogicalType.INTEGER)
    return numeric and column.unit is not None and column.classification != "personal"


def _deviation(keyed: KeyedRule, profile: Profile, past: Sequence[Profile]) -> dict[str, Any]:
    wanted, known = int(keyed.rule.parameters.get("minimum_history", 7)), _past_values(keyed, past)
    if keyed.rule.kind == "trips_against_last":
        wanted, known = 1, known[-1:]
    if len(known) < wanted:
        return {f"{keyed.key}.skipped": f"needs {wanted} accepted deliveries of the past, has {len(known)}"}
    median = statistics.median(known)
    if not median:
        return {f"{keyed.key}.skipped": "the median of the past is 0"}
    value = profile[f"{keyed.key}.value"]
    return {
        f"{keyed.key}.median": median,
        f"{keyed.key}.deviation_pct": round(100 * (value - median) / median, 4),
    }


def _excess(keyed: KeyedRule, profile: Profile, past: Sequence[Profile]) -> dict[str, Any]:
    """How far a share lies above the median of the past, in points; nothing where the past is too short."""
    value, known = profile.get(f"{keyed.key}.value"), _past_values(keyed, past)
    if value is None or len(known) < max(1, int(keyed.rule.parameters.get("minimum_history", 7))):
        return {}
    median = statistics.median(known)
    return {f"{keyed.key}.median": median, f"{keyed.key}.above_history": round(value - median, 4)}


def _past_values(keyed: KeyedRule, past: Sequence[Profile]) -> list[float]:
    return [p[f"{keyed.key}.value"] for p in past if p.get(f"{keyed.key}.value") is not None]


def _median(past: Sequence[Profile], name: str) -> float | None:
    known = [p[name] for p in past if p.get(name) is not None]
    return statistics.median(known) if known else None
