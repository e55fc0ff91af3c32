"""A rule's texts for people: title, explanation, cause, remedy and fate, from the rule catalogue.

Here: choosing the language and putting the delivery's own names and values in. Not here: the texts
themselves (`contracts/rules/catalogue.yaml`) or the page's words (`locale/`).
"""

from __future__ import annotations

from collections import defaultdict

from contracts.model import Contract
from contracts.rules.catalogue import Texts, entry_for
from contracts.verdict import RuleResult
from portal.language import Language, typeset


def words_of(result: RuleResult, contract: Contract, language: Language) -> Texts:
    """Return the rule's texts with this result's own names, counts and values put in.

    A value that the result does not have reads as a dash.
    """
    field = field_of(result, contract)
    values = {
        "rule": result.rule,
        "table": result.table,
        "column": field and language.quote(field),
        "expected": result.expected and write_value(result.rule, result.expected, language),
        "observed": result.observed and write_value(result.rule, result.observed, language),
        "count": language.number(result.failed_rows),
        "checked": language.number(result.checked_rows),
        "reason": result.reason,
    }
    known = defaultdict(lambda: "–", {name: text for name, text in values.items() if text})
    texts = entry_for(result).texts(language.code)
    return Texts(**{name: typeset(text, language.code).format_map(known) for name, text in texts})


def write_value(rule: str, text: str, language: Language) -> str:
    """Return what a rule found or expected as this language writes it; a separator as a word."""
    return language.symbol(text) if rule == "wrong_separator" else language.measure(text)


def field_of(result: RuleResult, contract: Contract) -> str | None:
    """Return the column's name in the sender's own file, None for a rule without column."""
    if result.source:
        return result.source
    if not result.column:
        return None
    for table in contract.tables:
        if table.name == result.table or result.table is None:
            for column in table.columns:
                if column.name == result.column:
                    return column.source
    return result.column
