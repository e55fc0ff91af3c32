"""Compiles a contract's delivery rules to a Great Expectations suite over a table of profiles.

Here: the suite and the call of Great Expectations (imported inside: 3 s and 250 MB). Not here:
reading its result into rule results (`delivery_gate`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.rules.delivery_rules import KeyedRule, Profile

ROW = "delivery"
"""Column of the table of profiles that names its row."""


def bounded_columns(rules: Sequence[KeyedRule]) -> tuple[str, ...]:
    """Return the profile's numbers that the rules bound, each once, in the rules' order."""
    return tuple(dict.fromkeys(bound.column for rule in rules for bound in rule.bounds))


def validate_profiles(rules: Sequence[KeyedRule], profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """Validate a table of profiles, one row a delivery, in one call of Great Expectations.

    Returns:
        Great Expectations' results as JSON values, one per bound of the rules, in no promised order;
        `expectation_config.meta` holds `rule` (the rule's key) and `bound` (its place among the rule's
        bounds); `result.unexpected_index_list` names the failing rows by `delivery`, their place.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # before the import, or it calls home
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    columns = bounded_columns(rules)
    frame = pd.DataFrame({c: [p.get(c) for p in profiles] for c in columns}, dtype="float64")
    frame.insert(0, ROW, [str(i) for i in range(len(profiles))])
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("profiles").add_dataframe_asset("deliveries")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="deliveries", expectations=_expectations(rules))
    wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    validation: Any = batch.validate(suite, result_format=wanted)
    results: list[dict[str, Any]] = validation.to_json_dict()["results"]
    return results


def failing_rows(result: Mapping[str, Any]) -> frozenset[int]:
    """Return the places of the deliveries that broke one expectation."""
    found = result["result"].get("unexpected_index_list") or []
    return frozenset(int(row[ROW]) for row in found)


def crash_of(result: Mapping[str, Any]) -> str | None:
    """Return the message of an expectation that raised, None if it ran."""
    info = result.get("exception_info") or {}
    nested = [v for v in info.values() if isinstance(v, dict)] or [info]
    messages = [str(v.get("exception_message")) for v in nested if v.get("raised_exception")]
    return messages[0] if messages else None


def _expectations(rules: Sequence[KeyedRule]) -> list[Any]:
    """One `expect_column_values_to_be_between` per bound: the table has a row a delivery."""
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    return [
        ExpectColumnValuesToBeBetween(
            column=bound.column,
            min_value=bound.minimum,
            max_value=bound.maximum,
            severity=FailureSeverity.CRITICAL if bound.severity == "error" else FailureSeverity.WARNING,
            meta={"rule": rule.key, "bound": place},
        )
        for rule in rules
        for place, bound in enumerate(rule.bounds)
    ]
