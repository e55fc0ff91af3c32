"""How good a delivery is, by quality dimension, and why that differs from the delivery before.

Here: scores from a verdict's own results, and the explanation of each change. Not here: judging (the
gates), or showing (`portal/`). `docs/quarantine.md` gives the definition in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from contracts.model import Contract, Dimension, Severity
from contracts.verdict import Outcome, RuleResult, Verdict

_WHOLE = Decimal(100)
_CENT = Decimal("0.01")
_SHARE = re.compile(r"^(\d+(?:\.\d+)?) ?%")
_SUMS_UP = "quarantine_above_tolerance"
"""A rule that only adds up what others found: it would count their rows again."""
_JUDGED = (Outcome.PASSED, Outcome.WARNING, Outcome.FAILED)


@dataclass(frozen=True)
class Breach:
    """What one rule takes from a score.

    Attributes:
        rule: id of the rule catalogue.
        table: table it is about, None for a whole delivery.
        column: column it is about, None for several.
        rows: rows that break it; 0 for a rule on the delivery as a whole.
        share_pct: share kept, per cent, of a rule that measures one; None otherwise.
    """

    rule: str
    table: str | None
    column: str | None
    rows: int = 0
    share_pct: Decimal | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """What the breach is about, whatever its size."""
        return (self.rule, self.table or "", self.column or "")


@dataclass(frozen=True)
class Score:
    """One dimension of one delivery: the share that keeps its rules, per cent, rounded down."""

    pct: Decimal
    breaches: tuple[Breach, ...]


@dataclass(frozen=True)
class Cause:
    """One reason for a change: what a rule took before and what it takes now (None: nothing)."""

    before: Breach | None
    after: Breach | None

    @property
    def breach(self) -> Breach:
        """The rule in question."""
        found = self.after or self.before
        if found is None:  # pragma: no cover - a cause has one side at least
            raise ValueError("a cause without a rule")
        return found


@dataclass(frozen=True)
class Change:
    """A dimension's score that differs from that of the delivery before, with its reasons."""

    verdict: Verdict
    previous: Verdict
    dimension: Dimension
    before: Decimal
    after: Decimal
    causes: tuple[Cause, ...]

    @property
    def is_of_other_rules(self) -> bool:
        """Whether the two deliveries were judged by different contracts or engines."""
        return (self.verdict.contract_digest, self.verdict.engine_version) != (
            self.previous.contract_digest,
            self.previous.engine_version,
        )


def score_delivery(verdict: Verdict, contract: Contract) -> dict[Dimension, Score]:
    """Return the score of every dimension that at least one rule judged.

    A score is that of the dimension's weakest part. Parts: the share of rows that keep its row rules
    (a row that breaks two counts twice, so it is a floor); for each rule on the delivery that measures a
    share, that share; for one that only says yes or no, nothing if it refuses the delivery.
    Skipped and crashed rules, information, and yes-or-no warnings take nothing.
    """
    by_dimension: dict[Dimension, list[RuleResult]] = {}
    for result in verdict.rules:
        if result.outcome in _JUDGED and result.severity is not Severity.INFO and result.rule != _SUMS_UP:
            by_dimension.setdefault(result.dimension, []).append(result)
    counts = _rows_by_table(verdict, contract)
    return {
        dimension: _score(by_dimension[dimension], counts, verdict.rows_landed)
        for dimension in Dimension
        if dimension in by_dimension
    }


def explain_changes(verdicts: Sequence[Verdict], contract: Contract) -> list[Change]:
    """Return every change of score between neighbours of the given order, with its reasons."""
    scored = [(verdict, score_delivery(verdict, contract)) for verdict in verdicts]
    changes = []
    last: dict[Dimension, tuple[Verdict, Score]] = {}
    for verdict, scores in scored:
        for dimension, score in scores.items():
            known = last.get(dimension)
            if known is not None and known[1].pct != score.pct:
                causes = _causes(known[1].breaches, score.breaches)
                changes.append(Change(verdict, known[0], dimension, known[1].pct, score.pct, causes))
            last[dimension] = (verdict, score)
    return changes


def _score(results: Sequence[RuleResult], counts: Mapping[str, int], landed: int) -> Score:
    shares, breaches, tables = [_WHOLE], [], set()
    failed = 0
    for result in results:
        share = _measured_share(result)
        if share is not None:
            shares.append(share)
            if share < _WHOLE:
                breaches.append(Breach(*_place(result), share_pct=share))
        elif result.failed_rows:
            failed += result.failed_rows
            breaches.append(Breach(*_place(result), rows=result.failed_rows))
        elif result.outcome is Outcome.FAILED and result.severity is Severity.ERROR:
            shares.append(Decimal(0))
            breaches.append(Breach(*_place(result)))
        if result.checked_rows or result.failed_rows:
            tables.add(result.table or "")
    if failed:
        rows = sum(counts.get(table, 0) for table in tables) or landed
        shares.append(_WHOLE * (1 - Decimal(min(failed, rows)) / rows) if rows else Decimal(0))
    return Score(min(shares).quantize(_CENT, rounding=ROUND_DOWN), tuple(breaches))


def _place(result: RuleResult) -> tuple[str, str | None, str | None]:
    return result.rule, result.table, result.column


def _measured_share(result: RuleResult) -> Decimal | None:
    """The share that a rule on the delivery measured, where more is better."""
    if result.failed_rows or not (result.expected or "").startswith(("≥", ">=")):
        return None
    found = _SHARE.match(result.observed or "")
    return min(_WHOLE, Decimal(found[1])) if found and "%" in (result.expected or "") else None


def _rows_by_table(verdict: Verdict, contract: Contract) -> dict[str, int]:
    """Rows that landed, by the table's name and by its name in the delivery, which notices use."""
    landed = {count.table: count.landed for count in verdict.tables}
    named = {t.source: landed[t.name] for t in contract.tables if t.name in landed}
    return named | landed


def _causes(before: Sequence[Breach], after: Sequence[Breach]) -> tuple[Cause, ...]:
    """Pair what rules took before and after; those that took the same are no reason."""
    old, new = {b.place: b for b in before}, {b.place: b for b in after}
    places = sorted(old.keys() | new.keys())
    return tuple(Cause(old.get(p), new.get(p)) for p in places if old.get(p) != new.get(p))
