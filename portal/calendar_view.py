"""A feed's calendar of verdicts: days, weeks and one mark a delivery.

Here: which days were due, what came, and its words. Not here: the feeds (`index_view`), or HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from contracts.model import Contract
from contracts.verdict import Verdict
from portal.language import Language
from portal.report_view import received, status_word
from portal.reports import report_address

_WEEK = 7


@dataclass(frozen=True)
class Mark:
    """One delivery's verdict in the calendar."""

    status: str
    words: str
    address: str


@dataclass(frozen=True)
class Cell:
    """One day of a feed: its deliveries in order of arrival; `is_due` without any is a missing day."""

    day: str
    words: str
    is_due: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday."""

    first: str
    cells: tuple[Cell, ...]


def day_of(verdict: Verdict) -> date | None:
    """Return the delivery's day, None for a feed that is sent whole or a period that is no day."""
    try:
        return date.fromisoformat(verdict.arrival.period or "")
    except ValueError:
        return None


def mark_delivery(verdict: Verdict, contract: Contract, language: Language) -> Mark:
    """Return a delivery's mark: its status, its words and the address of its report."""
    day = day_of(verdict)
    local = received(verdict).astimezone(ZoneInfo(contract.timezone)).date()
    when = language.day(day) if day else language.say("received {when}", when=language.day(local))
    words = language.say(
        "{when}: {verdict}", when=when, verdict=status_word(verdict.status, language).lower()
    )
    return Mark(verdict.status.value, words, report_address(verdict, language.code))


def lay_weeks(
    contract: Contract, verdicts: Sequence[Verdict], last_day: date | None, language: Language
) -> tuple[Week, ...]:
    """Return the weeks from the first day due or delivered to the last, Monday first."""
    by_day: dict[date, list[Verdict]] = {}
    for verdict in verdicts:
        if (day := day_of(verdict)) is not None:
            by_day.setdefault(day, []).append(verdict)
    promised = date.fromisoformat(contract.delivery.starts_on) if contract.delivery.starts_on else None
    days = [*by_day, *([promised] if promised else []), *([last_day] if last_day else [])]
    if not days:
        return ()
    first, last = min([*by_day, *([promised] if promised else days)]), max(days)
    monday = first - timedelta(days=first.weekday())
    weeks = []
    while monday <= last:
        span = [monday + timedelta(days=i) for i in range(_WEEK)]
        cells = tuple(
            _cell(day, by_day.get(day, ()), contract, language, is_due=first <= day <= last) for day in span
        )
        weeks.append(Week(language.day(monday), cells))
        monday += timedelta(days=_WEEK)
    return tuple(weeks)


def _cell(
    day: date, verdicts: Sequence[Verdict], contract: Contract, language: Language, *, is_due: bool
) -> Cell:
    label = language.short_day(day) if day.day == 1 or day.weekday() == 0 else str(day.day)
    words = language.say(
        "{when}: {verdict}", when=language.day(day), verdict=language.say("nothing received")
    )
    return Cell(label, words, is_due, tuple(mark_delivery(v, contract, language) for v in verdicts))


def sum_up(weeks: Sequence[Week], language: Language) -> str:
    """Days by how they stand now; a refused day that was sent again counts by its last delivery."""
    due = [c for w in weeks for c in w.cells if c.is_due]
    last = [c.marks[-1].status if c.marks else "missing" for c in due]
    good = last.count("accepted")
    parts = [language.count("{n} day accepted", "{n} days accepted", good)] if good else []
    if some := last.count("accepted_with_warnings"):
        parts.append(language.count("{n} day with reservations", "{n} days with reservations", some))
    if refused := last.count("rejected"):
        parts.append(language.count("{n} day refused", "{n} days refused", refused))
    if missing := last.count("missing"):
        parts.append(language.count("{n} day missing", "{n} days missing", missing))
    return ", ".join(parts)


def caption_of(
    weeks: Sequence[Week], verdicts: Sequence[Verdict], last_day: date | None, language: Language
) -> str:
    """Return which days the calendar covers; empty if there is nothing to show."""
    days = sorted(d for d in (day_of(v) for v in verdicts) if d)
    if not weeks or not days or last_day is None:
        return ""
    return language.say(
        "Verdicts from {first} to {last}",
        first=language.day(days[0]),
        last=language.day(max(days[-1], last_day)),
    )
