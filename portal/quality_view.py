"""A feed's quality in one language: a strip of scores by dimension, and why each score changed.

Here: words and shapes of scores. Not here: computing them (`contracts/scores`), or HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from contracts.model import Contract, Dimension, Severity
from contracts.scores import Breach, Cause, Change, Score, explain_changes, score_delivery
from contracts.verdict import Outcome, RuleResult, Verdict
from portal.calendar_view import day_of
from portal.charts import draw_scores
from portal.language import Language
from portal.problem_view import name_rule
from portal.report_view import received
from portal.reports import report_address


@dataclass(frozen=True)
class Strip:
    """One dimension over time: its name, its last score in words, and its bars."""

    name: str
    now: str
    note: str
    svg: str


@dataclass(frozen=True)
class Explained:
    """One change of score, with its stored explanation."""

    delivery_id: str
    when: str
    address: str
    dimension: str
    scores: str
    why: tuple[str, ...]
    is_worse: bool


def name_dimension(dimension: Dimension, language: Language) -> str:
    """Return a quality dimension as people call it."""
    words = {
        Dimension.ACCURACY: language.say("Accuracy"),
        Dimension.COMPLETENESS: language.say("Completeness"),
        Dimension.CONFORMITY: language.say("Validity"),
        Dimension.CONSISTENCY: language.say("Consistency"),
        Dimension.COVERAGE: language.say("Coverage"),
        Dimension.TIMELINESS: language.say("Timeliness"),
        Dimension.UNIQUENESS: language.say("Uniqueness"),
    }
    return words[dimension]


def draw_quality(verdicts: Sequence[Verdict], contract: Contract, language: Language) -> tuple[Strip, ...]:
    """Return a strip a dimension that was ever judged, a bar a delivery, in the order given."""
    scored = [(v, score_delivery(v, contract)) for v in verdicts]
    return tuple(
        _strip(dimension, scored, contract, language)
        for dimension in Dimension
        if any(dimension in scores for _, scores in scored)
    )


def explain_quality(
    verdicts: Sequence[Verdict], contract: Contract, language: Language
) -> tuple[Explained, ...]:
    """Return every change of score with its reasons, the latest first."""
    return tuple(_explain(c, contract, language) for c in reversed(explain_changes(verdicts, contract)))


def _strip(
    dimension: Dimension,
    scored: Sequence[tuple[Verdict, Mapping[Dimension, Score]]],
    contract: Contract,
    language: Language,
) -> Strip:
    points = [(v, scores[dimension].pct if dimension in scores else None) for v, scores in scored]
    known = [(pct, v) for v, pct in points if pct is not None]
    lowest, when = min(known, key=lambda item: item[0])
    floor = max(Decimal(0), (lowest - 1) // 1) if lowest < 100 else Decimal(99)  # noqa: PLR2004 - per cent
    note = language.say(
        "lowest {low}, {when}; bars start at {floor}",
        low=language.share(lowest),
        when=_when(when, contract, language),
        floor=language.share(floor),
    )
    if lowest == 100:  # noqa: PLR2004 - per cent
        note = language.say("every rule kept, always")
    name = name_dimension(dimension, language)
    bars = [
        (_label(v, pct, contract, language), None if pct is None else float(pct), not v.is_accepted)
        for v, pct in points
    ]
    words = language.say("{name} by delivery: {note}", name=name, note=note)
    return Strip(name, language.share(known[-1][0]), note, draw_scores(bars, float(floor), words))


def _label(verdict: Verdict, pct: Decimal | None, contract: Contract, language: Language) -> str:
    score = language.say("not judged") if pct is None else language.share(pct)
    return language.say("{when}: {verdict}", when=_when(verdict, contract, language), verdict=score)


def _when(verdict: Verdict, contract: Contract, language: Language) -> str:
    return language.day(_day(verdict, contract))


def _day(verdict: Verdict, contract: Contract) -> date:
    return day_of(verdict) or received(verdict).astimezone(ZoneInfo(contract.timezone)).date()


def _explain(change: Change, contract: Contract, language: Language) -> Explained:
    why = [_say_cause(c, contract, language) for c in change.causes]
    if change.is_of_other_rules:
        why.append(
            language.say(
                "other rules: contract {before}, then {after}",
                before=change.previous.contract_version,
                after=change.verdict.contract_version,
            )
        )
    if not why:
        why.append(language.say("as many rows break the rules, out of another number of rows"))
    return Explained(
        delivery_id=change.verdict.arrival.delivery_id,
        when=_when(change.verdict, contract, language),
        address=report_address(change.verdict, language.code),
        dimension=name_dimension(change.dimension, language),
        scores=language.say(
            "{before} → {after}", before=language.share(change.before), after=language.share(change.after)
        ),
        why=tuple(why),
        is_worse=change.after < change.before,
    )


def _say_cause(cause: Cause, contract: Contract, language: Language) -> str:
    title = _title(cause.breach, contract, language)
    return language.say(
        "{title}: {before}, then {after}",
        title=title,
        before=_size(cause.before, cause, language),
        after=_size(cause.after, cause, language),
    )


def _size(breach: Breach | None, cause: Cause, language: Language) -> str:
    """How much a rule took: rows, a share kept, or all of the delivery."""
    if breach is None:
        known = cause.breach
        if known.share_pct is not None:
            return language.say("kept")
        return language.count("{n} row", "{n} rows", 0) if known.rows else language.say("kept")
    if breach.share_pct is not None:
        return language.say("{share} kept", share=language.share(breach.share_pct))
    return language.count("{n} row", "{n} rows", breach.rows) if breach.rows else language.say("broken")


def _title(breach: Breach, contract: Contract, language: Language) -> str:
    """The rule's title with the sender's name of the column."""
    result = RuleResult(
        rule=breach.rule,
        table=breach.table,
        column=breach.column,
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.FAILED,
    )
    return name_rule(result, contract, language)
