"""A contract's rules in words: what each asks, of what, how strictly.

Here: columns' limits and rules from the gates' own lists. Not here: the page (`contract_view`), or what a
rule found in a delivery (`problem_view`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model import Column, Contract, DeliveryRule, Severity, Table
from contracts.rules.delivery_rules import delivery_rules
from contracts.rules.row_rules import RowCheck, list_checks
from contracts.verdict import Outcome, RuleResult
from portal.language import Language
from portal.rule_pages import name_severity
from portal.rule_texts import expected_of, words_of

_SIGNS = {
    "minimum": "≥ {}", "maximum": "≤ {}", "minimum_pct": "≥ {} %", "maximum_pct": "≤ {} %",
    "tolerance_pct": "± {} %", "tolerance_s": "± {} s", "minimum_per_day": "≥ {}",
}  # fmt: skip
"""Parameters that are limits, as the gates write them."""
_NAMES_NOTHING = re.compile(r"\s*(?:\(–\)|[:,]?\s*–|:)\s*$")
"""What is left of a title that would name the column or value of a result."""
_SHOWN_BY_TYPE = frozenset({"type_mismatch", "missing_value"})
"""Checks that the column's type and emptiness say already."""


@dataclass(frozen=True)
class RuleView:
    """One rule in words."""

    id: str
    title: str
    limit: str
    severity: str
    address: str
    """Of the rule's page, beside the pool's index; empty for a contract's own rule."""


def limits_of_column(column: Column, table: Table, contract: Contract, language: Language) -> tuple[str, ...]:
    """Return what gate 1 asks of a column's values beyond its type, each as a short phrase."""
    found = []
    for check in list_checks(contract, table):
        if check.column == column.name and not _is_rule(check, table) and check.rule not in _SHOWN_BY_TYPE:
            phrase = expected_of(_as_result(check, table), contract, language)
            found += [phrase] if phrase else []
    return tuple(dict.fromkeys(found))


def rules_of_table(table: Table, contract: Contract, language: Language) -> tuple[RuleView, ...]:
    """Return the rules on rows that are more than one column's own limits."""
    checks = [c for c in list_checks(contract, table) if _is_rule(c, table)]
    return tuple(_of_check(check, table, contract, language) for check in checks)


def _is_rule(check: RowCheck, table: Table) -> bool:
    """Whether a check is a rule that the contract writes, or the key's, and no column's own limit."""
    written = any((rule.id, rule.columns) == (check.rule, check.columns) for rule in table.rules)
    return written or check.column is None or check.rule == "duplicate_key"


def rules_of_delivery(contract: Contract, language: Language) -> tuple[RuleView, ...]:
    """Return the rules on a delivery as a whole, those that every contract has among them."""
    return tuple(_of_rule(keyed.rule, contract, language) for keyed in delivery_rules(contract))


def _of_check(check: RowCheck, table: Table, contract: Contract, language: Language) -> RuleView:
    result = _as_result(check, table)
    limit = expected_of(result, contract, language) or ""
    return _view(result, limit, contract, language)


def _of_rule(rule: DeliveryRule, contract: Contract, language: Language) -> RuleView:
    column, table = rule.parameters.get("column"), rule.parameters.get("table")
    result = RuleResult(
        rule=rule.id,
        table=table,
        column=column,
        severity=rule.severity,
        dimension=rule.dimension,
        outcome=Outcome.PASSED,
    )
    return _view(result, _limit_of(rule.parameters, language), contract, language)


def _view(result: RuleResult, limit: str, contract: Contract, language: Language) -> RuleView:
    words = words_of(result, contract, language)
    return RuleView(
        id=result.rule,
        title=_NAMES_NOTHING.sub("", words.title),
        limit=limit,
        severity=name_severity(Severity(result.severity), language),
        address=f"rules.{language.code}.html#{result.rule}",
    )


def _limit_of(parameters: Mapping[str, Any], language: Language) -> str:
    """Write the limits of a delivery rule; what only steers the measure is left to the technician."""
    parts = [language.measure(_SIGNS[k].format(v)) for k, v in parameters.items() if k in _SIGNS]
    if "warn_pct" in parameters:
        parts.append(language.say("told below {share}", share=language.share(parameters["warn_pct"])))
    if "days_ahead" in parameters:
        days = int(parameters["days_ahead"])
        parts.append(language.count("{n} day ahead", "{n} days ahead", days))
    if "minimum_history" in parameters:
        known = int(parameters["minimum_history"])
        parts.append(language.count("once {n} delivery is known", "once {n} deliveries are known", known))
    if "from" in parameters and "to" in parameters:
        parts.append(language.say("from {low} to {high}", low=parameters["from"], high=parameters["to"]))
    for day, least in dict(parameters.get("minimum_trips", {})).items():
        parts.append(f"{_days(language)[day]}{language.say(': ')}{language.measure(f'≥ {least}')}")
    return ", ".join(parts)


def _days(language: Language) -> Mapping[str, str]:
    return {
        "weekday": language.say("weekday"),
        "saturday": language.say("Saturday"),
        "sunday": language.say("Sunday"),
    }


def _as_result(check: RowCheck, table: Table) -> RuleResult:
    """A check as if it had found nothing: the texts of rules are written for results."""
    return RuleResult(
        rule=check.rule,
        table=table.name,
        column=check.column,
        severity=check.severity,
        dimension=check.dimension,
        outcome=Outcome.PASSED,
        expected=check.expected.replace("|", ", ") if check.rule == "value_not_allowed" else check.expected,
    )
