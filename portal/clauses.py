"""What one rule found, as a part of a sentence: rules whose finding deserves better than its title.

Here: a clause a rule, from the delivery's profile. Not here: how clauses make a sentence
(`sentences`), or the rules' own texts (`rule_texts`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from contracts.model import Contract, Severity
from contracts.verdict import RuleResult, Verdict
from portal.language import Language
from portal.rule_texts import expected_of, field_of, observed_of, words_of


@dataclass(frozen=True)
class Case:
    """One rule's result with all that a clause may need."""

    result: RuleResult
    verdict: Verdict
    contract: Contract
    language: Language

    def number(self, name: str) -> int | None:
        """Return one of the rule's own numbers of the delivery profile."""
        value = self.verdict.profile.get(f"{self.result.rule}.{name}")
        return None if value is None else int(value)


def clause(result: RuleResult, verdict: Verdict, contract: Contract, language: Language) -> str:
    """Return what one rule found, without capital or full stop."""
    case = Case(result, verdict, contract, language)
    special = _CLAUSES.get(result.rule)
    said = special(case) if special else None
    return said or _say_plainly(case)


def period_words(verdict: Verdict, language: Language) -> str | None:
    """Return the delivery's day in words, None for a feed that is sent whole."""
    try:
        return language.day(date.fromisoformat(verdict.arrival.period or ""))
    except ValueError:
        return verdict.arrival.period


def name_briefly(result: RuleResult, contract: Contract, language: Language) -> str:
    """Return the rule's title as it stands inside a sentence."""
    title = words_of(result, contract, language).title
    # Acronyms and names such as `GTFS` keep their capital.
    return title[:1].lower() + title[1:] if title[1:2].islower() or title[1:2] in " '’" else title


def count_cases(result: RuleResult, language: Language) -> str:
    """Return how many rows, or cases where the rule looks at other things than rows, as GTFS notices do."""
    if result.checked_rows:
        return language.count("{n} row", "{n} rows", result.failed_rows)
    return language.count("{n} case", "{n} cases", result.failed_rows)


def _say_plainly(case: Case) -> str:
    result, language = case.result, case.language
    title = name_briefly(result, case.contract, language)
    field = field_of(result, case.contract)
    named = field and language.quote(field)
    where = language.say(" (field {field})", field=named) if named and named not in title else ""
    if result.failed_rows:
        many = count_cases(result, language)
        return language.say("{title}{where}, {rows}", title=title, where=where, rows=many)
    observed, expected = observed_of(result, language), expected_of(result, case.contract, language)
    if observed and expected:
        return language.say(
            "{title}{where}, {observed} for {expected} promised",
            title=title,
            where=where,
            observed=observed,
            expected=expected,
        )
    return title + where


def _say_series(case: Case) -> str | None:
    wanted, seen = case.number("series_expected"), case.number("series_seen")
    rows, all_rows = case.number("rows"), case.number("rows_expected")
    if not wanted or seen is None or rows is None or all_rows is None:
        return None
    silent, language = wanted - seen, case.language
    # Silent objects are the story only if they explain most of what is missing.
    if 2 * silent * all_rows < (all_rows - rows) * wanted:
        return language.say(
            "{some} of the {all} expected readings are missing",
            some=language.number(all_rows - rows),
            all=language.number(all_rows),
        )
    when = period_words(case.verdict, language)
    return language.count(
        "{n} of the {things} in service sent nothing{when}",
        "{n} of the {things} in service sent nothing{when}",
        silent,
        things=_things(case.result, language, wanted),
        when=language.say(" on {day}", day=when) if when else "",
    )


def _things(result: RuleResult, language: Language, number: int) -> str:
    """The objects behind the series, by the table they report to."""
    if result.table == "reading":
        return language.count("{n} meter", "{n} meters", number)
    if result.table == "fill_observation":
        return language.count("{n} container", "{n} containers", number)
    return language.count("{n} object", "{n} objects", number)


def _say_quarantine(case: Case) -> str:
    language, verdict = case.language, case.verdict
    broken = [r for r in verdict.rules if r.failed_rows and r.severity is Severity.ERROR]
    worst = max(broken, key=lambda r: r.failed_rows, default=None)
    said = language.say(
        "{share} of the rows are faulty ({some} of {all}), more than the contract tolerates",
        share=language.share(verdict.quarantined_pct),
        some=language.number(verdict.rows_quarantined),
        all=language.number(verdict.rows_landed),
    )
    if worst is None:
        return said
    cause = name_briefly(worst, case.contract, language)
    return said + language.say(", above all for this: {cause}", cause=cause)


def _say_empty(case: Case) -> str | None:
    is_empty = case.result.rule == "empty_delivery" or not case.verdict.rows_landed
    return case.language.say("the file holds no row") if is_empty else None


def _say_html(case: Case) -> str:
    return case.language.say("the server sent a web page instead of the data")


def _say_truncated(case: Case) -> str:
    return case.language.say("the file stops before its end: the transfer was cut")


def _say_shape(case: Case) -> str | None:
    if "does not end" in (case.result.reason or ""):
        return _say_truncated(case)
    return name_briefly(case.result, case.contract, case.language)


def _say_encoding(case: Case) -> str | None:
    result = case.result
    if not result.observed or not result.expected:
        return None
    return case.language.say(
        "text in {observed} instead of {expected}", observed=result.observed, expected=result.expected
    )


def _say_separator(case: Case) -> str:
    result, language = case.result, case.language
    if not result.observed or not result.expected:
        return language.say("the separator has changed")
    return language.say(
        "separator {observed} instead of {expected}",
        observed=language.symbol(result.observed),
        expected=language.symbol(result.expected),
    )


def _say_missing_column(case: Case) -> str:
    result, language = case.result, case.language
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


def _say_unit(case: Case) -> str | None:
    result = case.result
    if not result.observed or not result.expected:
        return None
    return case.language.say(
        "values in {observed} instead of {expected}", observed=result.observed, expected=result.expected
    )


def _say_decimal(case: Case) -> str | None:
    written = case.language.quote(case.result.observed or "")
    return case.language.say("numbers written {written}", written=written) if case.result.observed else None


def _say_dates(case: Case) -> str | None:
    written = case.language.quote((case.result.observed or "").partition(" (")[0])
    return case.language.say("dates written {written}", written=written) if case.result.observed else None


def _say_wrong_period(case: Case) -> str | None:
    language, when = case.language, period_words(case.verdict, case.language)
    rows, dated = case.number("rows"), case.number("rows_dated")
    if when is None or rows is None or dated is None:
        return None
    if not rows:
        return language.say("no row is of {day}", day=when)
    return language.count(
        "only {n} of {all} rows is of {day}",
        "only {n} of {all} rows are of {day}",
        rows,
        all=language.number(dated),
        day=when,
    )


def _say_stale(case: Case) -> str | None:
    if not re.match(r"\d", case.result.observed or ""):
        return None
    moment = case.language.measure(case.result.observed or "")
    return case.language.say("the data stop at {moment}", moment=moment)


def _say_service_days(case: Case) -> str | None:
    """Name only the kinds of day that have too few trips: `weekday 790` for `weekday ≥ 2374`."""
    found = dict(re.findall(r"(\w+) (\d+)", case.result.observed or ""))
    wanted = dict(re.findall(r"(\w+) ≥ (\d+)", case.result.expected or ""))
    language = case.language
    days = {
        "weekday": language.say("on a weekday"),
        "saturday": language.say("on a Saturday"),
        "sunday": language.say("on a Sunday"),
    }
    short = [d for d in days if d in wanted and int(found.get(d, 0)) < int(wanted[d])]
    said = [
        language.say(
            "{found} trips {day} instead of {wanted}",
            found=language.number(int(found.get(d, 0))),
            day=days[d],
            wanted=language.number(int(wanted[d])),
        )
        for d in short
    ]
    return ", ".join(said) or None


_CLAUSES: dict[str, Callable[[Case], str | None]] = {
    "series_incomplete": _say_series,
    "quarantine_above_tolerance": _say_quarantine,
    "empty_delivery": _say_empty,
    "row_count": _say_empty,
    "html_instead_of_data": _say_html,
    "truncated_archive": _say_truncated,
    "not_the_promised_shape": _say_shape,
    "wrong_encoding": _say_encoding,
    "wrong_separator": _say_separator,
    "missing_column": _say_missing_column,
    "wrong_unit": _say_unit,
    "wrong_decimal_mark": _say_decimal,
    "wrong_date_format": _say_dates,
    "wrong_period": _say_wrong_period,
    "stale_delivery": _say_stale,
    "service_days_missing": _say_service_days,
}
