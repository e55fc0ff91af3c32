"""What one rule found, as a part of a sentence: rules whose finding deserves better than its title.

Here: a clause a rule, from the delivery's profile. Not here: how clauses make a sentence
(`sentences`), or the rules' own texts (`rule_texts`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from contracts.model import Contract
from contracts.verdict import RuleResult, Verdict
from portal.language import Language
from portal.rule_texts import expected_of, field_of, observed_of, words_of


def clause(result: RuleResult, verdict: Verdict, contract: Contract, language: Language) -> str:
    """Return what one rule found, without capital or full stop."""
    special = _CLAUSES.get(result.rule)
    said = special(result, verdict, language) if special else None
    return said or _say_plainly(result, contract, language)


def period_words(verdict: Verdict, language: Language) -> str | None:
    """Return the delivery's day in words, None for a feed that is sent whole."""
    try:
        return language.day(date.fromisoformat(verdict.arrival.period or ""))
    except ValueError:
        return verdict.arrival.period


def _say_plainly(result: RuleResult, contract: Contract, language: Language) -> str:
    title = name_briefly(result, contract, language)
    field = field_of(result, contract)
    named = field and language.quote(field)
    where = language.say(" (field {field})", field=named) if named and named not in title else ""
    if result.failed_rows:
        many = language.count("{n} row", "{n} rows", result.failed_rows)
        return language.say("{title}{where}, {rows}", title=title, where=where, rows=many)
    observed, expected = observed_of(result, language), expected_of(result, contract, language)
    if observed and expected:
        return language.say(
            "{title}{where}, {observed} for {expected} promised",
            title=title,
            where=where,
            observed=observed,
            expected=expected,
        )
    return title + where


def name_briefly(result: RuleResult, contract: Contract, language: Language) -> str:
    """Return the rule's title as it stands inside a sentence."""
    return _lower_first(words_of(result, contract, language).title)


def _lower_first(title: str) -> str:
    """Leave acronyms and names such as `GTFS` alone."""
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] in " '’" else title


def _number(verdict: Verdict, rule: str, name: str) -> int | None:
    value = verdict.profile.get(f"{rule}.{name}")
    return None if value is None else int(value)


def _say_series(result: RuleResult, verdict: Verdict, language: Language) -> str | None:
    wanted, seen = (_number(verdict, result.rule, n) for n in ("series_expected", "series_seen"))
    if wanted is None or seen is None:
        return None
    silent = wanted - seen
    rows, all_rows = (_number(verdict, result.rule, n) for n in ("rows", "rows_expected"))
    if not silent and rows is not None and all_rows is not None:
        return language.say(
            "{some} of the {all} expected readings are missing",
            some=language.number(all_rows - rows),
            all=language.number(all_rows),
        )
    things = _things(result, language, wanted)
    when = period_words(verdict, language)
    ending = language.say(" on {day}", day=when) if when else ""
    return language.count(
        "{n} of the {things} in service sent nothing{when}",
        "{n} of the {things} in service sent nothing{when}",
        silent,
        things=things,
        when=ending,
    )


def _things(result: RuleResult, language: Language, number: int) -> str:
    """The objects behind the series, by the table they report to."""
    if result.table == "reading":
        return language.count("{n} meter", "{n} meters", number)
    if result.table == "fill_observation":
        return language.count("{n} container", "{n} containers", number)
    return language.count("{n} object", "{n} objects", number)


def _say_quarantine(_result: RuleResult, verdict: Verdict, language: Language) -> str:
    return language.say(
        "{share} of the rows are faulty ({some} of {all}), more than the contract tolerates",
        share=language.share(verdict.quarantined_pct),
        some=language.number(verdict.rows_quarantined),
        all=language.number(verdict.rows_landed),
    )


def _say_empty(_result: RuleResult, _verdict: Verdict, language: Language) -> str:
    return language.say("the file holds no row")


def _say_html(_result: RuleResult, _verdict: Verdict, language: Language) -> str:
    return language.say("the server sent a web page instead of the data")


def _say_truncated(_result: RuleResult, _verdict: Verdict, language: Language) -> str:
    return language.say("the file stops before its end: the transfer was cut")


def _say_separator(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    if not result.observed or not result.expected:
        return language.say("the separator has changed")
    return language.say(
        "separator {observed} instead of {expected}",
        observed=language.symbol(result.observed),
        expected=language.symbol(result.expected),
    )


def _say_missing_column(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    pairs = (result.observed or "").split(", ")
    if all("→" in pair for pair in pairs):
        return language.count(
            "column renamed ({pairs})", "columns renamed ({pairs})", len(pairs), pairs=", ".join(pairs)
        )
    fields = (result.source or result.column or "").split(", ")
    return language.count(
        "promised column not found: {fields}",
        "promised columns not found: {fields}",
        len(fields),
        fields=", ".join(fields),
    )


def _say_unit(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    if not result.observed or not result.expected:
        return None
    return language.say(
        "values in {observed} instead of {expected}", observed=result.observed, expected=result.expected
    )


def _say_decimal(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    written = language.quote(result.observed or "")
    return language.say("numbers written {written}", written=written) if result.observed else None


def _say_dates(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    written = language.quote((result.observed or "").partition(" (")[0])
    return language.say("dates written {written}", written=written) if result.observed else None


def _say_wrong_period(result: RuleResult, verdict: Verdict, language: Language) -> str | None:
    when = period_words(verdict, language)
    rows, dated = (_number(verdict, result.rule, n) for n in ("rows", "rows_dated"))
    if when is None or rows is None or dated is None:
        return None
    return language.say(
        "only {some} of {all} rows are of {day}",
        some=language.number(rows),
        all=language.number(dated),
        day=when,
    )


def _say_stale(result: RuleResult, _verdict: Verdict, language: Language) -> str | None:
    if not result.observed:
        return None
    return language.say("the data stop at {moment}", moment=language.measure(result.observed))


Clause = Callable[[RuleResult, Verdict, Language], str | None]
_CLAUSES: dict[str, Clause] = {
    "series_incomplete": _say_series,
    "quarantine_above_tolerance": _say_quarantine,
    "empty_delivery": _say_empty,
    "html_instead_of_data": _say_html,
    "truncated_archive": _say_truncated,
    "wrong_separator": _say_separator,
    "missing_column": _say_missing_column,
    "wrong_unit": _say_unit,
    "wrong_decimal_mark": _say_decimal,
    "wrong_date_format": _say_dates,
    "wrong_period": _say_wrong_period,
    "stale_delivery": _say_stale,
}
