"""A feed's quarantine and waivers in one language: which rules keep rows aside, and what is accepted.

Here: words. Not here: counting (`contracts/quarantine_tally`), waiving (`contracts/waiving`), or HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from contracts.model import Contract, Dimension, Severity, Waiver
from contracts.quarantine_states import RowState
from contracts.quarantine_tally import Tally
from contracts.verdict import Outcome, RuleResult
from portal.language import Language
from portal.problem_view import name_rule, say_waived
from portal.report_view import in_language


@dataclass(frozen=True)
class TallyRow:
    """One rule and the rows it put aside, a number a state."""

    title: str
    counts: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class WaiverRow:
    """One waiver: what is accepted, by whom, until when and why, and whether it holds."""

    feed: str
    title: str
    words: str
    state: str
    status: str


def name_states(language: Language) -> tuple[str, ...]:
    """Return the states' names as heads of columns, in the order of `TallyRow.counts`."""
    return (
        language.say("Open"),
        language.say("Waived"),
        language.say("Fixed"),
        language.say("Released"),
        language.say("Expired"),
    )


def lay_tallies(tallies: Sequence[Tally], contract: Contract, language: Language) -> tuple[TallyRow, ...]:
    """Return a row a rule, in the order given."""
    return tuple(
        TallyRow(
            title=_title(t.rule, t.table, t.column, contract, language),
            counts=tuple(language.number(t.counts.get(state, 0)) for state in _ORDER),
            status="accepted_with_warnings" if t.open_rows else "accepted",
        )
        for t in tallies
    )


def lay_waivers(contract: Contract, today: date, language: Language) -> tuple[WaiverRow, ...]:
    """Return a feed's waivers, those in force first; `today` is a local day."""
    rows = [_waiver_row(w, contract, today, language) for w in contract.waivers]
    return tuple(sorted(rows, key=lambda r: (r.status != "accepted_with_warnings", r.title)))


def _waiver_row(waiver: Waiver, contract: Contract, today: date, language: Language) -> WaiverRow:
    if waiver.is_in_force(today):
        state, status = language.say("In force"), "accepted_with_warnings"
    elif waiver.until < today:
        state, status = language.say("Over: the rule speaks again"), "accepted"
    else:
        state, status = language.say("To come"), "missing"
    return WaiverRow(
        feed=in_language(contract.label, language, contract.name),
        title=_title(waiver.rule, waiver.table, waiver.column, contract, language),
        words=say_waived(waiver, language),
        state=state,
        status=status,
    )


def _title(rule: str, table: str | None, column: str | None, contract: Contract, language: Language) -> str:
    result = RuleResult(
        rule=rule,
        table=table,
        column=column,
        severity=Severity.ERROR,
        dimension=Dimension.CONFORMITY,
        outcome=Outcome.FAILED,
    )
    return name_rule(result, contract, language)


_ORDER = (RowState.OPEN, RowState.WAIVED, RowState.FIXED, RowState.RELEASED, RowState.EXPIRED)
