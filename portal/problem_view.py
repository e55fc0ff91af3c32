"""One broken rule as a report shows it: what, where in the sender's file, how to fix, what became.

Here: the words and examples of a problem. Not here: which come first (`sentences`), or HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from contracts.model import Contract, Severity, Waiver, WireFormat
from contracts.rules.catalogue import entry_id
from contracts.verdict import Outcome, RuleResult, Verdict, Waived
from portal.clauses import count_cases
from portal.language import Language, typeset
from portal.masking import has_masked
from portal.notice_fields import name_field, order_fields
from portal.rule_texts import expected_of, field_of, observed_of, words_of


@dataclass(frozen=True)
class Problem:
    """One broken rule: what, where, how to fix, what became of the data."""

    anchor: str
    rule: str
    explained: str
    """The rule's anchor on the pages of rules."""
    level: str
    """`error`, `warning` or `info`."""
    level_word: str
    waived: str
    """Who accepts it until when and why; empty where nobody does."""
    title: str
    found: str
    where: tuple[tuple[str, str], ...]
    explanation: str
    cause: str
    remedy: str
    fate: str
    heads: tuple[str, ...]
    examples: tuple[tuple[str, ...], ...]
    examples_note: str
    is_masked: bool


def file_name(verdict: Verdict) -> str:
    """Return the name of the sender's file, without the address it came from."""
    path = urlsplit(verdict.arrival.source).path or verdict.arrival.source
    return PurePosixPath(path.replace("\\", "/")).name or verdict.arrival.feed


def describe(
    result: RuleResult, verdict: Verdict, contract: Contract, language: Language, anchor: str
) -> Problem:
    """Return one problem's words, places and examples, the result masked beforehand.

    Args:
        result: the broken rule.
        verdict: the delivery it was found in.
        contract: the contract that holds the rule.
        language: of the words.
        anchor: the problem's id on the page.
    """
    words = words_of(result, contract, language)
    heads, rows = _lay_examples(result, contract, language)
    level = level_of(result)
    return Problem(
        anchor=anchor,
        rule=result.rule,
        explained=entry_id(result),
        level=level,
        level_word=language.say("Accepted for now") if result.waiver else _level_word(level, language),
        waived=say_waived(result.waiver, language) if result.waiver else "",
        title=words.title,
        found=_found(result, contract, language),
        where=_where(result, verdict, contract, language),
        explanation=words.explanation,
        cause=words.cause,
        remedy=words.remedy,
        fate=_fate(result, verdict, contract, words.fate, language),
        heads=heads,
        examples=rows,
        examples_note=_examples_note(result, len(rows), language),
        is_masked=has_masked(result, contract),
    )


def _fate(result: RuleResult, verdict: Verdict, contract: Contract, fate: str, language: Language) -> str:
    """What became of the data: the catalogue says it of a rule, the verdict knows better of this delivery."""
    if not verdict.is_accepted and result.failed_rows and level_of(result) == "error":
        return language.say(
            "The rows concerned are in quarantine; the delivery being refused, the others are unused too."
        )
    if not verdict.is_accepted:
        return language.say(
            "The whole delivery is refused; nothing of it is used, the last good data stay in place."
        )
    if not result.failed_rows and result.outcome is Outcome.WARNING and result.rule in _ids(contract):
        return language.say("The data are used as they are; this is a warning.")
    return fate


def _ids(contract: Contract) -> frozenset[str]:
    """Ids of the contract's rules on deliveries."""
    return frozenset(rule.id for rule in contract.rules)


def level_of(result: RuleResult) -> str:
    """Return `error` (quarantines or refuses), `warning` (kept and told) or `info` (changes nothing)."""
    if result.severity is Severity.INFO or result.waiver is not None:
        return "info"
    is_error = result.outcome is Outcome.FAILED and result.severity is Severity.ERROR
    return "error" if is_error else "warning"


def say_waived(waived: Waived | Waiver, language: Language) -> str:
    """Return `Accepted by X until D: reason`."""
    return language.say(
        "Accepted by {who} until {day}: {reason}",
        who=waived.name or waived.accepted_by,
        day=language.day(waived.until),
        reason=typeset(waived.reason.get(language.code) or next(iter(waived.reason.values())), language.code),
    )


def _level_word(level: str, language: Language) -> str:
    words = {
        "error": language.say("To correct"),
        "warning": language.say("To watch"),
        "info": language.say("For information"),
    }
    return words[level]


def _found(result: RuleResult, contract: Contract, language: Language) -> str:
    parts = []
    if result.failed_rows and result.checked_rows:
        total = language.number(result.checked_rows)
        parts.append(language.count("{n} row of {all}", "{n} rows of {all}", result.failed_rows, all=total))
    elif result.failed_rows:
        parts.append(count_cases(result, language))
    observed = observed_of(result, language)
    if observed and observed != field_of(result, contract):
        parts.append(language.say("found: {value}", value=observed))
    if expected := expected_of(result, contract, language):
        parts.append(language.say("promised: {value}", value=expected))
    return " · ".join(parts)


def _where(
    result: RuleResult, verdict: Verdict, contract: Contract, language: Language
) -> tuple[tuple[str, str], ...]:
    places = [(language.say("File"), file_name(verdict))]
    inner = inner_file(result, contract)
    if inner and inner != places[0][1]:
        places.append((language.say("Table"), inner))
    field = field_of(result, contract)
    if field:
        places.append((language.say("Field"), field))
    lines = [str(e.line) for e in result.examples if e.line is not None]
    if lines:
        places.append((language.say("First line"), lines[0]))
    return tuple(places)


def inner_file(result: RuleResult, contract: Contract) -> str | None:
    """Return the file inside a zip that the result is about, None for a delivery of one file."""
    if contract.server.wire_format is not WireFormat.GTFS or not result.table:
        return None
    return next((t.source for t in contract.tables if t.name == result.table), result.table)


def _lay_examples(
    result: RuleResult, contract: Contract, language: Language
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return table heads and rows: line, key, then the value as sent."""
    if not any(e.value is not None or e.key for e in result.examples):
        return (), ()
    field = field_of(result, contract)
    keys = order_fields((k for e in result.examples for k in e.key if k != field), contract)
    columns: list[tuple[str, list[str]]] = []
    if _has_places(result):
        columns.append(_places(result, language))
    columns += [
        (name_field(k, contract, language), [_shown(e.key.get(k), language) for e in result.examples])
        for k in keys
    ]
    if any(e.value is not None for e in result.examples):
        head = language.say("{field}, as sent", field=field) if field else language.say("Text as sent")
        columns.append((head, [_shown(e.value, language) for e in result.examples]))
    return tuple(head for head, _ in columns), tuple(zip(*(cells for _, cells in columns), strict=True))


def _has_places(result: RuleResult) -> bool:
    """A rule about the delivery has no row to point at, nor have notices on what is absent."""
    if any(e.line is not None for e in result.examples):
        return True
    positions = {e.position for e in result.examples}
    return result.failed_rows > 0 and len(positions) == len(result.examples) and positions != {0}


def _places(result: RuleResult, language: Language) -> tuple[str, list[str]]:
    """Lines where the format has lines, else the rank of the record in the file."""
    if any(e.line is not None for e in result.examples):
        return language.say("Line"), ["–" if e.line is None else str(e.line) for e in result.examples]
    return language.say("Record no."), [str(e.position + 1) for e in result.examples]


def _shown(value: str | None, language: Language) -> str:
    return value or language.say("(empty)")


def _examples_note(result: RuleResult, shown: int, language: Language) -> str:
    if not shown:
        return ""
    if not result.failed_rows:
        return language.count("{n} example", "{n} examples", shown)
    if result.failed_rows > shown:
        return language.count(
            "{n} example of {all}", "{n} examples of {all}", shown, all=language.number(result.failed_rows)
        )
    if not result.checked_rows:
        return language.count("The {n} case", "All {n} cases", shown)
    return language.count("The {n} row concerned", "The {n} rows concerned", shown)


def name_rule(result: RuleResult, contract: Contract, language: Language) -> str:
    """Return the rule's title with the file and field it is about."""
    title = words_of(result, contract, language).title.rstrip(": \N{NARROW NO-BREAK SPACE}\N{NO-BREAK SPACE}")
    field = field_of(result, contract)
    if field and field in title:
        field = None
    place = ", ".join(p for p in (inner_file(result, contract), field) if p)
    return f"{title} ({place})" if place else title
