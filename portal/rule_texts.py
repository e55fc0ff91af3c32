"""A rule's texts for people: title, explanation, cause, remedy and fate, from the rule catalogue.

Here: choosing the language and putting the delivery's own names and values in. Not here: the texts
themselves (`contracts/rules/catalogue.yaml`) or the page's words (`locale/`).
"""

from __future__ import annotations

import re
from collections import defaultdict

from contracts.model import Contract
from contracts.rules.catalogue import Entry, Texts, entry_for, load_catalogue
from contracts.verdict import RuleResult
from portal.language import Language, typeset
from portal.phrases import say_phrase


def words_of(result: RuleResult, contract: Contract, language: Language) -> Texts:
    """Return the rule's texts with this result's own names, counts and values put in.

    A value that the result does not have reads as a dash.
    """
    field = field_of(result, contract)
    values = {
        "rule": result.rule,
        "table": _name_table(result, contract),
        "column": _quote_each(field or _key_of(result, contract), language),
        "expected": expected_of(result, contract, language),
        "observed": observed_of(result, language),
        "count": language.number(result.failed_rows),
        "checked": language.number(result.checked_rows),
        "reason": result.reason and say_phrase(result.reason, language),
    }
    known = defaultdict(lambda: "–", {name: text for name, text in values.items() if text})
    texts = _entry(result, field).texts(language.code)
    said = {name: typeset(text, language.code).format_map(known) for name, text in texts}
    return Texts(**{name: text.removesuffix(" –") for name, text in said.items()})


def _entry(result: RuleResult, field: str | None) -> Entry:
    """The rule's entry, in the plural where one result stands for several columns."""
    several = _IN_THE_PLURAL.get(result.rule) if field and ", " in field else None
    return load_catalogue()[several] if several else entry_for(result)


def _name_target(target: str, contract: Contract, language: Language) -> str:
    """Where a reference must lead, `table.column`, by the sender's own names if in its own delivery."""
    name, _, field = target.rpartition(".")
    for table in contract.tables:
        if table.name == name:
            source = next((c.source for c in table.columns if c.name == field), field)
            return language.say("{field} of {table}", field=source, table=table.source)
    return target


def _name_table(result: RuleResult, contract: Contract) -> str | None:
    """The table as the sender knows it: the file's name inside a zip."""
    return next((t.source for t in contract.tables if t.name == result.table), result.table)


def _quote_each(fields: str, language: Language) -> str:
    return ", ".join(language.quote(field) for field in fields.split(", ")) if fields else ""


def _key_of(result: RuleResult, contract: Contract) -> str:
    """A repeated key has no column of its own: name those of the key."""
    if result.rule != "duplicate_key":
        return ""
    tables = [t for t in contract.tables if t.name == result.table]
    return ", ".join(c.source for t in tables for c in t.columns if c.primary_key)


def observed_of(result: RuleResult, language: Language) -> str | None:
    """Return what the rule found, in this language; None if it says nothing of it."""
    if not result.observed:
        return None
    return _write(result.rule, result.observed, language)


def expected_of(result: RuleResult, contract: Contract, language: Language) -> str | None:
    """Return what was promised, in this language and by the sender's own column names."""
    if not result.expected or result.rule in _NAMED_BY_FIELD:
        return None
    if result.expected.startswith(_KNOWN_IN):
        return _name_target(result.expected.removeprefix(_KNOWN_IN), contract, language)
    if result.rule == "stale_delivery":  # its texts say `or later` themselves
        return language.measure(result.expected.removeprefix("≥ "))
    if result.rule == "duplicate_key":
        return _write(result.rule, _rename(result.expected, result, contract), language)
    return _write(result.rule, result.expected, language)


_NAMED_BY_FIELD = frozenset({"missing_column", "unknown_column"})
"""Rules whose field says it all."""
_IN_THE_PLURAL = {"missing_column": "missing_columns"}
_KNOWN_IN = "known in "
_AS_SENT = frozenset(
    {
        "wrong_decimal_mark",
        "wrong_date_format",
        "wrong_unit",
        "not_the_promised_shape",
        "pattern_mismatch",
        "missing_column",
    }
)
"""Rules whose figures are a sender's own text or a model of it: never rewritten."""


def _write(rule: str, text: str, language: Language) -> str:
    if rule == "wrong_separator":
        return language.symbol(text)
    if rule == "wrong_date_format":
        return language.date_model(say_phrase(text, language, figures=False))
    return say_phrase(text, language, figures=rule not in _AS_SENT)


def _rename(text: str, result: RuleResult, contract: Contract) -> str:
    columns = {c.name: c.source for t in contract.tables if t.name == result.table for c in t.columns}
    return re.sub(r"\w+", lambda word: columns.get(word[0], word[0]), text)


def field_of(result: RuleResult, contract: Contract) -> str | None:
    """Return the column's name in the sender's own file, None for a rule without column."""
    known = [c for t in contract.tables if result.table in (t.name, None) for c in t.columns]
    if result.column and (result.source or result.column) == result.column:
        return next((c.source for c in known if c.name == result.column), result.column)
    return result.source
