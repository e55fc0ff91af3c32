"""What a report says first: the verdict in a sentence, what became of the data, what to fix first.

Here: choosing and joining clauses from a verdict's results. Not here: the words' translations
(`locale/`), the rules' own texts (`rule_texts`), or any layout.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.model import Contract, Severity
from contracts.verdict import Outcome, RuleResult, Status, Verdict
from portal.clauses import clause, name_briefly
from portal.language import Language
from portal.rule_texts import field_of

_MOST_REASONS = 3
_MOST_FILE_REASONS = 6
_MOST_CAUSES = 4
_FILE_RULES = (
    "not_the_promised_shape",
    "html_instead_of_data",
    "truncated_archive",
    "empty_delivery",
    "unreadable",
    "wrong_encoding",
    "wrong_separator",
    "missing_table",
    "missing_column",
    "wrong_unit",
    "wrong_decimal_mark",
    "wrong_date_format",
)
"""Rules about the file itself, the most telling first."""
_CAUSES = ("row_count", "wrong_period")
"""Rules that, once broken, make others break: of an empty file or another day's nothing can be complete."""
_LATE = ("quarantine_above_tolerance", "unknown_column")
"""Never the first thing to fix: the first only sums up others, the second spoils nothing; neither does
what GTFS merely recommends."""


def is_about_rows(result: RuleResult) -> bool:
    """Whether the rule counts rows; else it is about the delivery as a whole."""
    return result.failed_rows > 0


def rank_problems(verdict: Verdict, contract: Contract) -> list[RuleResult]:
    """Return what is wrong, what to fix first on top.

    Order: what refused the delivery, then errors by rows that fixing them frees, then warnings, then what
    someone in charge accepts for now.
    """
    found = [r for r in verdict.rules if r.outcome in (Outcome.FAILED, Outcome.WARNING)]
    return sorted(_merge_columns(found, contract), key=lambda r: _rank(r, verdict))


def _merge_columns(results: Sequence[RuleResult], contract: Contract) -> list[RuleResult]:
    """Make one problem of a rule that several columns break as a whole, such as columns missing."""
    merged: dict[tuple[object, ...], list[RuleResult]] = {}
    for place, result in enumerate(results):
        has_rows = is_about_rows(result) or _shows_rows(result) or result.column is None
        alone = place if has_rows else None
        merged.setdefault((result.rule, result.table, result.outcome, alone), []).append(result)
    return [_merge(group, contract) for group in merged.values()]


def _shows_rows(result: RuleResult) -> bool:
    return any(e.value is not None or e.key for e in result.examples)


def _merge(group: Sequence[RuleResult], contract: Contract) -> RuleResult:
    fields = [field_of(r, contract) or "" for r in group]
    changes: dict[str, object] = {"source": ", ".join(dict.fromkeys(fields))}
    if group[0].rule == "missing_column":
        changes["expected"] = None
        changes["observed"] = _pair_names(fields, [r.observed for r in group])
    if len(group) > 1:
        changes["column"] = None
        for name in ("expected", "observed", "reason"):
            values = {getattr(r, name) for r in group}
            changes.setdefault(name, values.pop() if len(values) == 1 else None)
    return group[0].model_copy(update=changes)


def _pair_names(fields: Sequence[str], found: Sequence[str | None]) -> str | None:
    """Say `promised → found` where the reader saw a name much like the promised one."""
    pairs = [
        f"{f} → {n}" if n and ", " not in n and n != f else f for f, n in zip(fields, found, strict=True)
    ]
    return ", ".join(pairs) if any("→" in p for p in pairs) else None


def _rank(result: RuleResult, verdict: Verdict) -> tuple[int, int, int, str, str, str]:
    is_error = result.outcome is Outcome.FAILED and result.severity is Severity.ERROR
    sums_up = result.rule == "quarantine_above_tolerance"
    refuses = is_error and not is_about_rows(result) and not verdict.is_accepted and not sums_up
    order = (*_FILE_RULES, *_CAUSES)
    place = order.index(result.rule) if result.rule in order else len(order)
    level = 0 if refuses else 1 if is_error else 3 if result.severity is Severity.INFO else 2
    level = 4 if result.waiver else level
    late = 1 if result.rule in _LATE or "recommended" in result.rule else 0
    return (level, late + place, -result.failed_rows, result.rule, result.table or "", result.column or "")


def reasons_of_refusal(verdict: Verdict, contract: Contract) -> list[RuleResult]:
    """Return the results that refused the delivery; those about rows only if there is no other."""
    errors = [r for r in rank_problems(verdict, contract) if r.outcome is Outcome.FAILED]
    errors = [r for r in errors if r.severity is Severity.ERROR and r.waiver is None]
    return [r for r in errors if not is_about_rows(r)] or errors


def _without_consequences(reasons: Sequence[RuleResult]) -> list[RuleResult]:
    """Leave out what only follows from an empty file or another day's file."""
    found = {r.rule for r in reasons}
    if "row_count" in found and any(r.rule == "row_count" and r.observed == "0" for r in reasons):
        return [r for r in reasons if r.rule == "row_count"]
    if "wrong_period" in found:
        follows = {"series_incomplete", "stale_delivery", "quarantine_above_tolerance", "volume_out_of_range"}
        return [r for r in reasons if r.rule not in follows]
    return list(reasons)


def headline(verdict: Verdict, contract: Contract, language: Language) -> str:
    """Return the verdict in one sentence, as someone who knows the trade would say it."""
    if verdict.status is Status.REJECTED:
        return _say_rejected(verdict, contract, language)
    waived = [r for r in rank_problems(verdict, contract) if r.waiver]
    if waived and verdict.status is Status.ACCEPTED:
        return _say_waived(waived, verdict, contract, language)
    if verdict.rows_quarantined:
        say = _say_tried_rows if verdict.arrival.is_try else _say_rows
        said = say(
            language,
            causes=_causes(verdict, contract, language),
            some=language.number(verdict.rows_quarantined),
            all=language.number(verdict.rows_landed),
            rest=language.number(verdict.rows_accepted),
        )
        return said + _say_watched(verdict, contract, language)
    problems = [r for r in rank_problems(verdict, contract) if r.severity is not Severity.INFO]
    problems = [r for r in problems if r.waiver is None]
    if problems and verdict.status is Status.ACCEPTED_WITH_WARNINGS and verdict.arrival.is_try:
        return language.say(
            "Delivery accepted with reservations, if it were one: every row would enter the pool; "
            "to correct: {reasons}.",
            reasons=_join(problems, verdict, contract, language),
        )
    if problems and verdict.status is Status.ACCEPTED_WITH_WARNINGS:
        return language.say(
            "Delivery accepted with reservations: every row has entered the pool; to correct: {reasons}.",
            reasons=_join(problems, verdict, contract, language),
        )
    return language.count(
        "Delivery accepted: its {n} row keeps the contract.",
        "Delivery accepted: all {n} rows keep the contract.",
        verdict.rows_accepted,
    )


def _say_waived(
    waived: Sequence[RuleResult], verdict: Verdict, contract: Contract, language: Language
) -> str:
    """An accepted delivery whose only faults someone in charge accepts for now."""
    said = language.say(
        "Delivery accepted: what breaks the contract in it is accepted for now ({titles}).",
        titles=", ".join(dict.fromkeys(name_briefly(r, contract, language) for r in waived)),
    )
    if not verdict.rows_quarantined:
        return said
    return f"{said} " + language.count(
        "{n} row stays aside all the same.", "{n} rows stay aside all the same.", verdict.rows_quarantined
    )


def _say_rows(language: Language, **figures: str) -> str:
    return language.say(
        "Delivery accepted with reservations: {some} of {all} rows are set aside ({causes}); "
        "the other {rest} have entered the pool.",
        **figures,
    )


def _say_tried_rows(language: Language, **figures: str) -> str:
    return language.say(
        "Delivery accepted with reservations, if it were one: {some} of {all} rows would be set aside "
        "({causes}); the other {rest} would enter the pool.",
        **figures,
    )


def _say_watched(verdict: Verdict, contract: Contract, language: Language) -> str:
    """Warnings beside the rows set aside, by their titles."""
    warnings = [r for r in rank_problems(verdict, contract) if r.severity is Severity.WARNING]
    warnings = [r for r in warnings if r.waiver is None]
    titles = list(dict.fromkeys(name_briefly(r, contract, language) for r in warnings))
    if not titles:
        return ""
    shown = titles[:_MOST_REASONS]
    if len(titles) > len(shown):
        shown.append("…")
    return " " + language.say("Also to watch: {titles}.", titles=", ".join(shown))


def _causes(verdict: Verdict, contract: Contract, language: Language) -> str:
    """The rules that set most rows aside, with their counts."""
    broken = [r for r in rank_problems(verdict, contract) if r.failed_rows and r.severity is Severity.ERROR]
    shown = [
        language.say(
            "{title}: {n}", title=name_briefly(r, contract, language), n=language.number(r.failed_rows)
        )
        for r in broken[:_MOST_CAUSES]
    ]
    if len(broken) > len(shown):
        shown.append("…")
    return language.say("; ").join(shown)


def _say_rejected(verdict: Verdict, contract: Contract, language: Language) -> str:
    reasons = reasons_of_refusal(verdict, contract)
    if not reasons:
        return language.say("Delivery refused.")
    words = _join(_without_consequences(reasons), verdict, contract, language)
    if len([r for r in reasons if r.rule in _FILE_RULES]) > 1:
        return language.say("Delivery refused, for the file's layout has changed: {reasons}.", reasons=words)
    return language.say("Delivery refused: {reasons}.", reasons=words)


def _join(results: Sequence[RuleResult], verdict: Verdict, contract: Contract, language: Language) -> str:
    clauses = list(dict.fromkeys(clause(r, verdict, contract, language) for r in results))
    is_file = all(r.rule in _FILE_RULES for r in results)
    shown = clauses[: _MOST_FILE_REASONS if is_file else _MOST_REASONS]
    rest = len(clauses) - len(shown)
    if rest:
        shown.append(language.count("{n} more point", "{n} more points", rest))
    return language.say("; ").join(shown)


def what_was_done(verdict: Verdict, language: Language) -> str:
    """Return what became of the data."""
    if verdict.arrival.is_try:
        return language.say("This was a try: nothing was deposited, and the pool is as it was.")
    if verdict.status is Status.REJECTED:
        if not verdict.rows_landed:
            return language.say(
                "No row could be read, so nothing was loaded. "
                "Whatever good data the pool already held stays in place. The file itself is kept."
            )
        return language.say(
            "Nothing was loaded: none of the {all} rows goes further. "
            "Whatever good data the pool already held stays in place.",
            all=language.number(verdict.rows_landed),
        )
    if verdict.rows_quarantined:
        return language.count(
            "{n} row is in quarantine: kept as sent, used nowhere, waiting for a correction.",
            "{n} rows are in quarantine: kept as sent, used nowhere, waiting for a correction.",
            verdict.rows_quarantined,
        )
    return language.say("All the data are in the warehouse and serve the pool's indicators.")
