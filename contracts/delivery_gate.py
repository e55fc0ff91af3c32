"""Gate 2: judges deliveries as wholes, by their profiles, with Great Expectations.

Here: from profiles to rule results. Not here: computing a profile (`profile`), the rules' bounds
(`rules/delivery_rules`), or the verdict (`gate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.compile.expectations import crash_of, failing_rows, validate_profiles
from contracts.model import Contract, Severity
from contracts.rules.delivery_rules import KeyedRule, Profile, delivery_rules
from contracts.verdict import Example, Outcome, RuleResult


@dataclass(frozen=True)
class DeliveryJudgement:
    """What gate 2 found in one delivery."""

    rules: tuple[RuleResult, ...]
    raw: tuple[dict[str, Any], ...]
    """Great Expectations' own result for this delivery, JSON values, for the technician."""


def judge_deliveries(contract: Contract, profiles: Sequence[Profile]) -> list[tuple[RuleResult, ...]]:
    """Return the rule results of every delivery; one call of Great Expectations for all of them."""
    return [judgement.rules for judgement in judge_profiles(contract, profiles)]


def judge_profiles(contract: Contract, profiles: Sequence[Profile]) -> list[DeliveryJudgement]:
    """Like `judge_deliveries`, with Great Expectations' own results beside ours."""
    if not profiles:
        return []
    rules = [rule for rule in delivery_rules(contract) if rule.bounds]
    found = validate_profiles(rules, profiles)
    return [_judgement(rules, found, profile, row) for row, profile in enumerate(profiles)]


def _judgement(
    rules: Sequence[KeyedRule], found: Sequence[dict[str, Any]], profile: Profile, row: int
) -> DeliveryJudgement:
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for result in found:
        by_rule.setdefault(result["expectation_config"]["meta"]["rule"], []).append(result)
    results = [r for rule in rules for r in _results(rule, by_rule[rule.key], profile, row)]
    return DeliveryJudgement(tuple(results), tuple(_raw(result, profile, row) for result in found))


def _results(
    keyed: KeyedRule, found: Sequence[dict[str, Any]], profile: Profile, row: int
) -> tuple[RuleResult, ...]:
    """One result of a rule, except for missing columns: one for each."""
    outcome, severity, reason = _outcome(keyed, found, profile, row)
    base = RuleResult(
        rule=keyed.rule.id,
        table=keyed.rule.parameters.get("table"),
        column=keyed.rule.parameters.get("column"),
        severity=severity,
        dimension=keyed.rule.dimension,
        outcome=outcome,
        checked_rows=int(profile.get(f"{keyed.key}.checked", 0)),
        observed=None if reason else keyed.observed(profile),
        expected=None if reason else keyed.expected(profile),
        reason=reason,
        examples=_examples(keyed, profile) if outcome in (Outcome.FAILED, Outcome.WARNING) else (),
    )
    names = profile.get(f"{keyed.key}.names", ())
    return tuple(_named(base, name) for name in names) or (base,)


def _outcome(
    keyed: KeyedRule, found: Sequence[dict[str, Any]], profile: Profile, row: int
) -> tuple[Outcome, Severity, str | None]:
    """The worst of a rule's bounds; a check that raised is ours, never the contributor's."""
    crashes = [crash for crash in map(crash_of, found) if crash]
    if crashes:
        return Outcome.ERROR, keyed.rule.severity, crashes[0]
    if (skipped := profile.get(f"{keyed.key}.skipped")) is not None:
        return Outcome.SKIPPED, keyed.rule.severity, str(skipped)
    if all(profile.get(bound.column) is None for bound in keyed.bounds):
        return Outcome.ERROR, keyed.rule.severity, f"the profile has no number for {keyed.key}"
    places = [r["expectation_config"]["meta"]["bound"] for r in found if row in failing_rows(r)]
    broken = [keyed.bounds[place].severity for place in places]
    if Severity.ERROR in broken:
        return Outcome.FAILED, Severity.ERROR, None
    if broken:
        return Outcome.WARNING, broken[0], None
    return Outcome.PASSED, keyed.rule.severity, None


def _named(base: RuleResult, name: str) -> RuleResult:
    """A missing column, of its table."""
    table, _, column = name.rpartition("/")
    place = {"table": table or None, "column": column, "source": column}
    return base.model_copy(update={**place, "observed": None, "expected": None})


def _examples(keyed: KeyedRule, profile: Profile) -> tuple[Example, ...]:
    """Keys of absent series: they have no row, so their position is that of the first missing row, 0."""
    column = str(keyed.rule.parameters.get("key", "key"))
    absent = profile.get(f"{keyed.key}.absent", ())
    return tuple(Example(position=0, key={column: value}) for value in absent)


def _raw(result: dict[str, Any], profile: Profile, row: int) -> dict[str, Any]:
    config = result["expectation_config"]
    return {
        "expectation_config": {
            **config,
            "kwargs": {k: v for k, v in config["kwargs"].items() if k != "batch_id"},
        },
        "success": row not in failing_rows(result) and crash_of(result) is None,
        "observed_value": profile.get(config["kwargs"]["column"]),
        "exception_info": result.get("exception_info"),
    }
