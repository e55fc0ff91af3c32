"""What the last deliveries of a home say about a contract: keys that repeat, patterns all rows break.

Here: advice from stored verdicts. Not here: judging anything anew (`replay`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contracts import verdicts as store
from contracts.document import Document
from contracts.layout import Home
from contracts.model import Contract
from contracts.shape import KeyPath
from contracts.verdict import Outcome, RuleResult, Verdict

Said = tuple[str, KeyPath, str, str]
LOOKED_AT = 5
"""Deliveries asked, the newest ones that could be read."""


def advise_on_deliveries(contract: Contract, document: Document, home: Home) -> Iterator[Said]:
    """Yield what the feed's last readable deliveries show to be unwise; nothing without a home."""
    verdicts = [c.newest for c in store.current(home, contract.id) if c.newest.rows_landed][-LOOKED_AT:]
    if not verdicts:
        return
    for i, table in enumerate(document.typed.schema_):
        repeated = _counts(verdicts, "duplicate_key", table.name, None)
        days = [n for n in repeated if n]
        if len(days) * 2 > len(verdicts):
            yield (
                "key_not_unique",
                ("schema", i),
                f"the key of `{table.name}` repeats in {len(days)} of the last {len(verdicts)} deliveries "
                f"({sum(days)} rows)",
                "add the column that tells such rows apart to the key, or ask the sender why rows repeat",
            )
        for j, prop in enumerate(table.properties):
            if _all_fail(verdicts, "pattern_mismatch", table.name, prop.name):
                yield (
                    "pattern_matches_nothing",
                    ("schema", i, "properties", j, "logicalTypeOptions", "pattern"),
                    f"no row of the last {len(verdicts)} deliveries matches the pattern of `{prop.name}`",
                    "look at a value of the file, and mend the pattern",
                )


def _counts(verdicts: Sequence[Verdict], rule: str, table: str, column: str | None) -> list[int]:
    return [sum(r.failed_rows for r in _results(v, rule, table, column)) for v in verdicts]


def _all_fail(verdicts: Sequence[Verdict], rule: str, table: str, column: str) -> bool:
    found = [r for v in verdicts for r in _results(v, rule, table, column)]
    return bool(found) and all(r.outcome is Outcome.FAILED and r.failed_rows == r.checked_rows for r in found)


def _results(verdict: Verdict, rule: str, table: str, column: str | None) -> Iterator[RuleResult]:
    for result in verdict.rules:
        if result.rule == rule and result.table == table and column in (None, result.column):
            yield result
