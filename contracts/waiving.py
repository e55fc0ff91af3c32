"""What a waiver does to a verdict: a rule it covers is counted and shown, and weighs nothing.

Here: which waivers are in force on a day, which results they cover, and what is left to weigh. Not here:
reading them (`waivers`), the verdict itself (`gate`). No row enters the pool by a waiver: rows that break an
error rule stay in quarantine, waived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from contracts.compile.quoting import parquet, texts
from contracts.model import Contract, Severity, Waiver
from contracts.verdict import Arrival, Outcome, RuleResult, TableCount, Waived

_BROKEN = (Outcome.FAILED, Outcome.WARNING)
_SUMS_UP = "quarantine_above_tolerance"


@dataclass(frozen=True)
class Weighed:
    """A delivery's results as a verdict weighs them.

    Attributes:
        results: all of them, in order; those that a waiver covers say so.
        quarantined: rows in quarantine for at least one rule that no waiver covers.
    """

    results: tuple[RuleResult, ...]
    quarantined: int


def day_of_arrival(arrival: Arrival, contract: Contract) -> date:
    """Return the local day on which a delivery came: its waivers are those of that day, for ever."""
    return arrival.received_at.astimezone(ZoneInfo(contract.timezone)).date()


def in_force(contract: Contract, day: date) -> tuple[Waiver, ...]:
    """Return the waivers of a feed that hold on a day, its first and last included."""
    return tuple(w for w in contract.waivers if w.is_in_force(day))


def digest_in_force(contract: Contract, day: date) -> str:
    """Return what names the waivers in force on a day: part of a gate's cache key; empty for none."""
    held = in_force(contract, day)
    if not held:
        return ""
    return hashlib.sha256("\n".join(w.model_dump_json() for w in held).encode()).hexdigest()


def waived_rules(contract: Contract, day: date) -> frozenset[str]:
    """Return the ids of rules that are waived on a day, whatever their table and column."""
    return frozenset(w.rule for w in in_force(contract, day))


def weigh(
    con: DuckDBPyConnection,
    contract: Contract,
    arrival: Arrival,
    results: Sequence[RuleResult],
    *,
    tables: Sequence[TableCount],
    quarantine: Path,
) -> Weighed:
    """Mark the results that a waiver covers, and count the rows that are left to weigh.

    Args:
        con: DuckDB; nothing is left in it.
        contract: the feed's contract, with its waivers.
        arrival: the delivery; the waivers are those of the day it came.
        results: what both gates found.
        tables: gate 1's counts.
        quarantine: folder of the delivery's quarantined rows.
    """
    held = in_force(contract, day_of_arrival(arrival, contract))
    quarantined = sum(t.quarantined for t in tables)
    if not held:
        return Weighed(tuple(results), quarantined)
    marked = tuple(_marked(result, held, contract) for result in results)
    if quarantined and any(r.waiver for r in marked if r.severity is Severity.ERROR and r.failed_rows):
        quarantined = sum(_count(con, quarantine / f"{t.table}.parquet", t.table, marked) for t in tables)
    landed = sum(t.landed for t in tables)
    share = Decimal(100) * quarantined / landed if landed else Decimal(0)
    is_tolerated = share <= contract.quarantine_tolerance_pct
    by = next((r.waiver for r in marked if r.waiver and r.failed_rows), None)
    kept = (_relieved(r, by) if is_tolerated and r.rule == _SUMS_UP else r for r in marked)
    return Weighed(tuple(kept), quarantined)


def covers(waiver: Waiver, rule: str, table: str | None, column: str | None, contract: Contract) -> bool:
    """Whether a waiver is about this rule at this place; tables by their name or the sender's."""
    names = {n for t in contract.tables if waiver.table in (t.name, t.source) for n in (t.name, t.source)}
    return (
        waiver.rule == rule
        and (waiver.table is None or table in names)
        and (waiver.column is None or waiver.column == column)
    )


def _marked(result: RuleResult, held: Sequence[Waiver], contract: Contract) -> RuleResult:
    if result.outcome not in _BROKEN:
        return result
    for waiver in held:
        if covers(waiver, result.rule, result.table, result.column, contract):
            return _relieved(result, Waived.of(waiver))
    return result


def _relieved(result: RuleResult, by: Waived | None) -> RuleResult:
    is_broken = result.outcome in _BROKEN and result.waiver is None
    return result.model_copy(update={"waiver": by}) if is_broken else result


def _count(con: DuckDBPyConnection, path: Path, table: str, results: Sequence[RuleResult]) -> int:
    """Rows of one table in quarantine for an error rule that no waiver covers."""
    if not path.exists():
        return 0
    weighing = [
        f"{r.rule} {r.column or ''}"
        for r in results
        if r.table == table and r.failed_rows and r.severity is Severity.ERROR and r.waiver is None
    ]
    if not weighing:
        return 0
    label = "r.rule || ' ' || coalesce(r.\"column\", '')"
    found = con.execute(
        f"SELECT count(*) FROM {parquet(path)}"
        f" WHERE list_has_any(list_transform(rules, lambda r: {label}), [{texts(weighing)}])"
    ).fetchone()
    return int(found[0]) if found else 0
