"""A report's content in one language, ready to lay out: every text said, every number written.

Here: from a verdict to what a page shows. Not here: HTML (`templates/`), files (`reports`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from contracts.model import Contract, Severity
from contracts.verdict import Outcome, Status, TableCount, Verdict
from portal.charts import draw_counts
from portal.clauses import period_words
from portal.language import Language, typeset
from portal.masking import mask_verdict
from portal.phrases import say_phrase
from portal.problem_view import Problem, describe, file_name, name_rule
from portal.sentences import headline, is_about_rows, rank_problems, what_was_done

SHORT_DIGEST = 12


@dataclass(frozen=True)
class Row:
    """One line of the table of counts."""

    table: str
    landed: str
    accepted: str
    quarantined: str


@dataclass(frozen=True)
class Change:
    """One line of the comparison with the previous delivery."""

    what: str
    before: str
    now: str


@dataclass(frozen=True)
class Report:
    """All that one page says."""

    code: str
    status: str
    status_word: str
    title: str
    pool: str
    sentence: str
    done: str
    first_title: str
    first_remedy: str
    first_gain: str
    first_anchor: str
    facts: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]
    shared_fate: str
    """What became of the data, where it is the same for several problems."""
    counts: tuple[Row, ...]
    counts_note: str
    overlap_note: str
    chart: str
    changes: tuple[Change, ...]
    changes_note: str
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]
    ours: tuple[str, ...]
    passed: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    origin_note: str
    support: tuple[str, ...]


def compose(
    verdict: Verdict,
    contract: Contract,
    language: Language,
    *,
    pool_title: Mapping[str, str],
    previous: Verdict | None,
    quarantined_files: Sequence[str] = (),
) -> Report:
    """Return the report of a delivery in one language.

    Personal columns are masked again, examples cut to a few; counts are those of the verdict.
    """
    verdict = mask_verdict(verdict, contract)
    problems = tuple(
        describe(result, verdict, contract, language, f"p{i}")
        for i, result in enumerate(rank_problems(verdict, contract), start=1)
    )
    report = Report(
        code=language.code,
        status=verdict.status.value,
        status_word=status_word(verdict.status, language),
        title=_title(verdict, contract, language),
        pool=in_language(pool_title, language, ""),
        sentence=headline(verdict, contract, language),
        done=what_was_done(verdict, language),
        first_title="",
        first_remedy="",
        first_gain="",
        first_anchor="",
        facts=_facts(verdict, contract, language, quarantined_files),
        problems=problems,
        shared_fate=problems[0].fate if len(problems) > 1 and len({p.fate for p in problems}) == 1 else "",
        counts=tuple(_row(t, contract, language) for t in verdict.tables),
        counts_note=_counts_note(verdict, language),
        overlap_note=_overlap_note(verdict, language),
        chart=draw_counts(
            verdict.rows_accepted, verdict.rows_quarantined, language, is_loaded=verdict.is_accepted
        ),
        changes=_compare(verdict, previous, language),
        changes_note=_comparison_note(previous, contract, language),
        appeared=_names(verdict, previous, contract, language) if previous else (),
        # Of a file that could not be read nothing was judged, so nothing is known to be mended.
        vanished=_names(previous, verdict, contract, language) if previous and verdict.rows_landed else (),
        ours=_ours(verdict, contract, language),
        passed=_passed(verdict, contract, language),
        skipped=_skipped(verdict, contract, language),
        origin_note=in_language(contract.origin_note, language, ""),
        support=contract.support,
    )
    return _with_first(report, verdict, contract, language)


def in_language(texts: Mapping[Any, str], language: Language, otherwise: str) -> str:
    """Return the pool's or contract's text in this language, else in the other one, else `otherwise`."""
    if language.code in texts:
        return typeset(texts[language.code], language.code)
    return next(iter(texts.values()), otherwise)


def status_word(status: Status, language: Language) -> str:
    """Return the verdict as one or two words."""
    words = {
        Status.ACCEPTED: language.say("Accepted"),
        Status.ACCEPTED_WITH_WARNINGS: language.say("Accepted with reservations"),
        Status.REJECTED: language.say("Refused"),
    }
    return words[status]


def _title(verdict: Verdict, contract: Contract, language: Language) -> str:
    name = in_language(contract.label, language, contract.name)
    period = period_words(verdict, language)
    return f"{name}, {period}" if period else name


def _with_first(report: Report, verdict: Verdict, contract: Contract, language: Language) -> Report:
    """Point at the one thing to fix first, with what fixing it gains."""
    if not report.problems:
        return report
    result, problem = rank_problems(verdict, contract)[0], report.problems[0]
    if result.waiver or result.severity is Severity.INFO:  # what is told for information needs no mending
        return report
    gain = ""
    if is_about_rows(result) and result.severity is Severity.ERROR:
        gain = language.count(
            "This alone concerns {n} row of {all}.",
            "This alone concerns {n} rows of {all}.",
            result.failed_rows,
            all=language.number(verdict.rows_landed),
        )
    elif not verdict.is_accepted:
        gain = language.say("Without this, the delivery cannot be accepted.")
    return replace(
        report,
        first_title=problem.title,
        first_remedy=problem.remedy,
        first_gain=gain,
        first_anchor=problem.anchor,
    )


def _facts(
    verdict: Verdict, contract: Contract, language: Language, quarantined_files: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    arrival = verdict.arrival
    facts = [
        (language.say("Contributor"), arrival.contributor),
        (language.say("Feed"), arrival.feed),
        (language.say("Period"), period_words(verdict, language) or language.say("whole feed")),
        (language.say("File"), file_name(verdict)),
        (language.say("Received"), language.moment(received(verdict), contract.timezone)),
        (language.say("Contract"), language.say("version {version}", version=verdict.contract_version)),
        (language.say("Delivery"), arrival.delivery_id),
        (language.say("SHA-256 of the file"), arrival.sha256[:SHORT_DIGEST] + "…"),
    ]
    if quarantined_files:
        facts.append((language.say("Rows in quarantine"), ", ".join(quarantined_files)))
    return tuple(facts)


def received(verdict: Verdict) -> datetime:
    """Return when the delivery arrived, in UTC."""
    instant = verdict.arrival.received_at
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _row(count: TableCount, contract: Contract, language: Language) -> Row:
    source = next((t.source for t in contract.tables if t.name == count.table), count.table)
    return Row(
        source,
        language.number(count.landed),
        language.number(count.accepted),
        language.number(count.quarantined),
    )


def _counts_note(verdict: Verdict, language: Language) -> str:
    if not verdict.rows_landed:
        return language.say("No row could be read: 0 received, 0 accepted, 0 in quarantine.")
    note = language.say(
        "{landed} rows received = {accepted} accepted + {quarantined} in quarantine ({share}).",
        landed=language.number(verdict.rows_landed),
        accepted=language.number(verdict.rows_accepted),
        quarantined=language.number(verdict.rows_quarantined),
        share=language.share(verdict.quarantined_pct),
    )
    if verdict.status is Status.REJECTED:
        note += " " + language.say("As the delivery is refused, the accepted rows are not loaded either.")
    return note


def _overlap_note(verdict: Verdict, language: Language) -> str:
    """Say why the rules' counts add up to more than the rows in quarantine."""
    broken = [r for r in verdict.rules if r.outcome is Outcome.FAILED and r.severity is Severity.ERROR]
    if sum(r.failed_rows for r in broken) <= verdict.rows_quarantined or not verdict.rows_quarantined:
        return ""
    return language.say("A row may break several rules: the rules' counts add up to more than the rows.")


def _compare(verdict: Verdict, previous: Verdict | None, language: Language) -> tuple[Change, ...]:
    if previous is None:
        return ()
    return (
        Change(
            language.say("Verdict"),
            status_word(previous.status, language),
            status_word(verdict.status, language),
        ),
        Change(
            language.say("Rows received"),
            language.number(previous.rows_landed),
            language.number(verdict.rows_landed),
        ),
        Change(
            language.say("Rows in quarantine"),
            language.number(previous.rows_quarantined),
            language.number(verdict.rows_quarantined),
        ),
        Change(language.say("Contract version"), previous.contract_version, verdict.contract_version),
    )


def _comparison_note(previous: Verdict | None, contract: Contract, language: Language) -> str:
    if previous is None:
        return language.say(
            "This is the first delivery known of this feed: there is nothing to compare with."
        )
    when = language.moment(received(previous), contract.timezone)
    day = period_words(previous, language)
    if day:
        return language.say("Compared with the delivery of {day}, received {when}.", day=day, when=when)
    return language.say("Compared with the delivery received {when}.", when=when)


def _names(here: Verdict, there: Verdict, contract: Contract, language: Language) -> tuple[str, ...]:
    """Rules broken in one delivery and not in the other."""
    absent = {(r.rule, r.table, r.column) for r in rank_problems(there, contract)}
    found = [r for r in rank_problems(here, contract) if (r.rule, r.table, r.column) not in absent]
    return tuple(dict.fromkeys(name_rule(r, contract, language) for r in found))


def _ours(verdict: Verdict, contract: Contract, language: Language) -> tuple[str, ...]:
    return tuple(name_rule(r, contract, language) for r in verdict.rules if r.outcome is Outcome.ERROR)


def _passed(verdict: Verdict, contract: Contract, language: Language) -> tuple[str, ...]:
    return tuple(name_rule(r, contract, language) for r in verdict.rules if r.outcome is Outcome.PASSED)


def _skipped(verdict: Verdict, contract: Contract, language: Language) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            name_rule(r, contract, language),
            say_phrase(r.reason, language) if r.reason else language.say("reason not given"),
        )
        for r in verdict.rules
        if r.outcome is Outcome.SKIPPED
    )
