"""GTFS conformance: the canonical notices of the MobilityData validator, as rule results.

Here: running gtfs-guru on a delivery's bytes and counting its notices. Not here: our own rules,
or the texts that explain a notice (`rules/catalogue.yaml`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from contracts.model import Contract, Dimension, Severity
from contracts.verdict import Example, Outcome, RuleResult

RULE = "gtfs_conformance"
EXAMPLES = 5
_CRASHES = frozenset(
    {
        "i_o_error",
        "runtime_exception_in_loader_error",
        "runtime_exception_in_validator_error",
        "thread_execution_error",
        "u_r_i_syntax_error",
    }
)
"""Notices about the validator, not about the feed."""
_FILES = {
    "missing_feed_contact_email_and_url": "feed_info.txt",
    "service_window_outside_feed_period": "calendar.txt",
    "stops_match_shape_out_of_order": "stop_times.txt",
    "trip_coverage_not_active_for_next7_days": "calendar.txt",
}
"""Where to look for what the validator tells without naming a file; else anywhere in the archive."""
ANYWHERE = "*.txt"
_OUR_OWN = frozenset({"unknown_column"})
"""Gate 1 says the same of the contract's tables."""
_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}
_SEVERITIES = {"ERROR": Severity.ERROR, "WARNING": Severity.WARNING, "INFO": Severity.INFO}
_OUTCOMES = {
    Severity.ERROR: Outcome.FAILED,
    Severity.WARNING: Outcome.WARNING,
    Severity.INFO: Outcome.WARNING,
}


class Notice(Protocol):
    """One notice of the validator, as far as it is read here."""

    code: str
    severity: str
    file: str | None
    row: int | None
    message: str
    field: str | None

    def get(self, key: str) -> object:
        """Return one value of the notice's context, None if it has none of that name."""
        ...

    def context(self) -> dict[str, Any]:
        """Return the notice's context."""
        ...


def check_gtfs(
    contract: Contract, data: Path, scratch: Path, *, day: date, examples: int = EXAMPLES
) -> tuple[RuleResult, ...]:
    """Return one result per notice code and file of a GTFS zip, worst first; counts are never capped.

    Args:
        contract: its `gtfs_conformance` rule caps severities; without one no notice weighs more than warning.
        data: the delivery's bytes, under any name.
        scratch: folder for a copy whose name ends in `.zip`, which the validator demands.
        day: the day that notices about expired calendars are judged from.
        examples: most examples kept per result.

    An information notice has outcome `warning` and severity `info`: it is told, and changes no verdict.
    """
    try:
        import gtfs_guru
    except ImportError as problem:
        return (_result(Outcome.SKIPPED, reason=f"the GTFS validator is not installed here: {problem}"),)
    copy = scratch / "feed.zip"
    shutil.copyfile(data, copy)
    try:
        notices = gtfs_guru.validate(str(copy), date=day.isoformat()).notices
    except ValueError as problem:  # our reader could read it: the validator's trouble is ours
        return (_result(Outcome.ERROR, reason=str(problem).replace(str(copy), "the feed")),)
    finally:
        copy.unlink()
    ours = {table.source for table in contract.tables}
    told = [n for n in notices if n.code not in _OUR_OWN or _file(n) not in ours]
    results = _by_code_and_file(told, severity_cap(contract), examples)
    return tuple(results) or (_result(Outcome.PASSED, observed="0"),)


def severity_cap(contract: Contract) -> Severity:
    """Return the highest severity that a notice may have under the contract; warning without such a rule."""
    for rule in contract.rules:
        if rule.kind == RULE:
            return Severity(rule.parameters.get("severity_cap") or Severity.ERROR)
    return Severity.WARNING


def _result(outcome: Outcome, *, reason: str | None = None, observed: str | None = None) -> RuleResult:
    return RuleResult(
        rule=RULE,
        severity=Severity.WARNING,
        dimension=Dimension.CONFORMITY,
        outcome=outcome,
        reason=reason,
        observed=observed,
    )


def _by_code_and_file(notices: Iterable[Notice], cap: Severity, examples: int) -> list[RuleResult]:
    groups: dict[tuple[str, str], list[Notice]] = {}
    for notice in notices:
        groups.setdefault((notice.code, _file(notice) or _FILES.get(notice.code, ANYWHERE)), []).append(
            notice
        )
    results = [_summary(code, file, group, cap, examples) for (code, file), group in groups.items()]
    return sorted(results, key=lambda r: (-_RANK[r.severity], -r.failed_rows, r.rule, r.table or ""))


def _summary(code: str, file: str, group: Sequence[Notice], cap: Severity, examples: int) -> RuleResult:
    severity = min(_SEVERITIES[group[0].severity], cap, key=_RANK.__getitem__)
    fields = {_field(notice) for notice in group}
    field = fields.pop() if len(fields) == 1 else None
    return RuleResult(
        rule=code,
        table=file,
        column=field,
        source=field,
        severity=severity,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.ERROR if code in _CRASHES else _OUTCOMES[severity],
        failed_rows=0 if code in _CRASHES else len(group),
        reason=group[0].message if code in _CRASHES else None,
        examples=tuple(_example(notice) for notice in group[:examples]),
    )


def _file(notice: Notice) -> str | None:
    found = notice.file or notice.get("filename")
    return None if found is None else str(found)


def _field(notice: Notice) -> str | None:
    found = notice.field or notice.get("fieldName")
    return None if found is None else str(found)


def _example(notice: Notice) -> Example:
    context: dict[str, Any] = notice.context()
    line = notice.row or context.get("csvRowNumber")
    value = context.pop("fieldValue", None)
    shown = {
        k: _shown(v) for k, v in sorted(context.items()) if k not in {"filename", "csvRowNumber", "fieldName"}
    }
    return Example(
        position=max(int(line) - 2, 0) if line else 0,  # line 1 is the header
        line=int(line) if line else None,
        value=None if value is None else str(value),
        key=shown,
    )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
