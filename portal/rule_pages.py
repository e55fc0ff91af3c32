"""The pages of rules: every id of the catalogue with what it means, and the feeds that are asked it.

Here: composing and writing them. Not here: the texts (`contracts/rules/catalogue.yaml`), or what a rule
found in a delivery (`problem_view`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.layout import Home
from contracts.model import Contract, Dimension, Severity
from contracts.rules.catalogue import Entry, load_catalogue
from contracts.rules.delivery_rules import delivery_rules
from contracts.rules.row_rules import list_checks
from contracts.verdicts import write_atomically
from portal.language import CODES, Language, speak, typeset
from portal.pages import lay_out
from portal.report_view import in_language

if TYPE_CHECKING:
    from contracts.pool import Pool

Uses = Mapping[str, Mapping[str, Severity]]
"""Rule id -> feed -> the severity that the feed's contract gives it."""


@dataclass(frozen=True)
class Asked:
    """A feed that is asked a rule."""

    label: str
    address: str
    severity: str


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue, in words."""

    id: str
    title: str
    severity: str
    explanation: str
    cause: str
    remedy: str
    fate: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Group:
    """The rules of one quality dimension."""

    id: str
    name: str
    meaning: str
    rules: tuple[Rule, ...]


def write_rule_pages(pool: Pool, home: Home) -> Path:
    """Write `rules.fr.html` and `rules.en.html`, an anchor a rule id; return the French page.

    Same catalogue and contracts, same bytes.
    """
    uses = list_uses(pool.contracts)
    for code in CODES:
        language = speak(code)
        page = lay_out(
            "rules.html.j2",
            code,
            title=in_language(pool.title, language, pool.id),
            severities=[(name_severity(s, language), mean_severity(s, language)) for s in Severity],
            groups=compose_rules(pool, uses, language),
        )
        write_atomically(home.pages / f"rules.{code}.html", page)
    return home.pages / f"rules.{CODES[0]}.html"


def list_uses(contracts: tuple[Contract, ...]) -> Uses:
    """Return the feeds that are asked each rule, with the severity that their contract gives it."""
    uses: dict[str, dict[str, Severity]] = defaultdict(dict)
    for contract in contracts:
        rows = [c for table in contract.tables for c in list_checks(contract, table)]
        asked = [(c.rule, c.severity) for c in rows]
        asked += [(keyed.rule.id, keyed.rule.severity) for keyed in delivery_rules(contract)]
        for rule, severity in asked:
            uses[rule].setdefault(contract.id, severity)
    return uses


def compose_rules(pool: Pool, uses: Uses, language: Language) -> tuple[Group, ...]:
    """Return the catalogue's rules by dimension, each in the order of its title."""
    rules: dict[Dimension, list[Rule]] = defaultdict(list)
    for rule, entry in load_catalogue().items():
        rules[entry.dimension].append(_compose(rule, entry, pool, uses.get(rule, {}), language))
    return tuple(
        Group(
            d.value, *_dimension_words(d, language), tuple(sorted(rules[d], key=lambda r: r.title.casefold()))
        )
        for d in Dimension
        if rules[d]
    )


def name_severity(severity: Severity, language: Language) -> str:
    """Return the severity as reports name it."""
    words = {
        Severity.ERROR: language.say("To correct"),
        Severity.WARNING: language.say("To watch"),
        Severity.INFO: language.say("For information"),
    }
    return words[severity]


def mean_severity(severity: Severity, language: Language) -> str:
    """Return what a severity does, in a sentence."""
    words = {
        Severity.ERROR: language.say(
            "A row that breaks the rule is put in quarantine; a delivery that breaks it is refused."
        ),
        Severity.WARNING: language.say(
            "The data are used as they are; the delivery is accepted with reservations."
        ),
        Severity.INFO: language.say("The data are used as they are; the verdict does not change."),
    }
    return words[severity]


def _compose(rule: str, entry: Entry, pool: Pool, feeds: Mapping[str, Severity], language: Language) -> Rule:
    texts = entry.texts(language.code)
    values = _neutral_values(rule, language)
    said = {name: typeset(text, language.code).format_map(values) for name, text in texts}
    return Rule(
        id=rule,
        severity=name_severity(entry.severity, language),
        asked=tuple(
            Asked(
                in_language(c.label, language, c.name),
                f"{c.id}/index.{language.code}.html",
                name_severity(feeds[c.id], language),
            )
            for c in pool.contracts
            if c.id in feeds
        ),
        **said,
    )


def _neutral_values(rule: str, language: Language) -> dict[str, str]:
    """What stands for a result's own values where there is no result."""
    return {
        "rule": rule,
        "table": language.say("[table]"),
        "column": language.say("[column]"),
        "expected": language.say("[what the contract promises]"),
        "observed": language.say("[what was found]"),
        "count": language.say("[number]"),
        "checked": language.say("[rows checked]"),
        "reason": "",
    }


def _dimension_words(dimension: Dimension, language: Language) -> tuple[str, str]:
    """Name and meaning of a dimension."""
    words = {
        Dimension.ACCURACY: (
            language.say("Accuracy"),
            language.say("Do the values say what was really there?"),
        ),
        Dimension.COMPLETENESS: (
            language.say("Completeness"),
            language.say("Is everything there that was promised?"),
        ),
        Dimension.CONFORMITY: (
            language.say("Conformity"),
            language.say("Are the data written as the contract says?"),
        ),
        Dimension.CONSISTENCY: (
            language.say("Consistency"),
            language.say("Do the data agree with each other, with the other feeds and with the past?"),
        ),
        Dimension.COVERAGE: (
            language.say("Coverage"),
            language.say("Do the data cover the days, hours and places promised?"),
        ),
        Dimension.TIMELINESS: (
            language.say("Timeliness"),
            language.say("Do the data come in time, and do they speak of the right time?"),
        ),
        Dimension.UNIQUENESS: (
            language.say("Uniqueness"),
            language.say("Does each thing stand there once?"),
        ),
    }
    return words[dimension]
