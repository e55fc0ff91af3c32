"""How a verdict reads in Dagster: metadata of a delivery, and the checks of its gates.

Here: words and numbers for the UI. Not here: how they are logged (`checks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg

from connectors.landing import LandingOutcome
from contracts.verdict import Outcome, RuleResult, Status, Verdict
from pipelines.checks import CheckReading
from pipelines.page_addresses import report_url
from pipelines.settings import Settings
from pipelines.steps import Delivered

CHECKS = {
    "arrival": "Something arrived for the period, and could be fetched.",
    "record_gate": "Every row is well formed; failing rows are in quarantine with their reasons.",
    "delivery_gate": "The delivery as a whole is what the contract promises: the verdict.",
}
ARRIVED = (LandingOutcome.NEW, LandingOutcome.UNCHANGED)


def delivery_metadata(settings: Settings, delivered: Delivered) -> dict[str, Any]:
    """Return what the asset page shows of one delivery: verdict, counts, contract, report."""
    shown: dict[str, Any] = {"arrival": delivered.landing.outcome.value, "source": delivered.landing.detail}
    verdict = delivered.verdict
    if verdict is None:
        return shown | {"verdict": "nothing arrived"}
    return shown | {
        "verdict": verdict.status.value,
        "dagster/row_count": verdict.rows_accepted,
        "rows_landed": verdict.rows_landed,
        "rows_accepted": verdict.rows_accepted,
        "rows_quarantined": verdict.rows_quarantined,
        "delivery_id": verdict.arrival.delivery_id,
        "contract_version": verdict.contract_version,
        "report": dg.MetadataValue.url(report_url(settings, verdict)),
    }


def readings_of(settings: Settings, delivered: Delivered) -> list[CheckReading]:
    """Return what each check says of one day."""
    period = delivered.period or ""
    return [
        CheckReading(name, period, passed, severity, metadata)
        for name, passed, severity, metadata in _judgements(settings, delivered)
    ]


def results_of(settings: Settings, key: dg.AssetKey, delivered: Delivered) -> list[dg.AssetCheckResult]:
    """Return what each check says of a snapshot."""
    return [
        dg.AssetCheckResult(
            asset_key=key, check_name=name, passed=passed, severity=severity, metadata=metadata
        )
        for name, passed, severity, metadata in _judgements(settings, delivered)
    ]


def _judgements(
    settings: Settings,
    delivered: Delivered,
) -> Iterable[tuple[str, bool, dg.AssetCheckSeverity, dict[str, Any]]]:
    warn, error = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
    landing, verdict = delivered.landing, delivered.verdict
    yield "arrival", landing.outcome in ARRIVED, error, {"detail": landing.detail}
    if verdict is None:
        yield "record_gate", False, warn, {"detail": "nothing to judge"}
        yield "delivery_gate", False, error, {"detail": "nothing to judge"}
        return
    yield "record_gate", verdict.rows_quarantined == 0, warn, _rule_counts(verdict, of_rows=True)
    severity = error if verdict.status is Status.REJECTED else warn
    words = _verdict_words(verdict) | {"report": dg.MetadataValue.url(report_url(settings, verdict))}
    yield "delivery_gate", verdict.status is Status.ACCEPTED, severity, words


def _verdict_words(verdict: Verdict) -> dict[str, Any]:
    return {"verdict": verdict.status.value} | _rule_counts(verdict, of_rows=False)


def _rule_counts(verdict: Verdict, *, of_rows: bool) -> dict[str, Any]:
    """Return failing rules with their counts, as rows (gate 1) or observations (gate 2)."""
    counts: dict[str, Any] = {}
    for rule in verdict.rules:
        if rule.outcome not in (Outcome.FAILED, Outcome.WARNING, Outcome.ERROR):
            continue
        if (rule.failed_rows > 0) == of_rows:
            counts[_name(rule)] = rule.failed_rows if of_rows else _against(rule)
    return counts


def _name(rule: RuleResult) -> str:
    place = ".".join(part for part in (rule.table, rule.column) if part)
    return f"{rule.rule} ({place})" if place else rule.rule


def _against(rule: RuleResult) -> str:
    observed, expected = rule.observed or rule.reason or "", rule.expected or ""
    return f"{observed} (promised: {expected})" if expected else observed or rule.outcome.value
