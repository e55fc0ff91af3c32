"""What a contract promised of its deliveries' times and completeness, and what was measured.

Here: periods due, late and missing, and the service levels beside what verdicts show. Not here: judging
one delivery (`delivery_gate`), or words (`portal/`). Times are UTC; a local day ends at midnight in the
pool's time zone.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from contracts.model import Contract, DeliveryMode, Dimension
from contracts.scores import score_delivery
from contracts.verdict import Verdict

_DAY = 86_400
"""Seconds of the one period there is, P1D."""


@dataclass(frozen=True)
class Due:
    """One period that the contract promised.

    Attributes:
        day: the period, a local day.
        due_at: end of the local day plus the contract's latency (UTC).
        available_at: when something first was there to fetch; None if nothing came.
        is_late: it came after `due_at`, or `due_at` is past and nothing came.
    """

    day: date
    due_at: datetime
    available_at: datetime | None
    is_late: bool

    @property
    def is_missing(self) -> bool:
        """Whether nothing came at all although it was due."""
        return self.available_at is None and self.is_late


@dataclass(frozen=True)
class Level:
    """One promise beside its measure.

    Attributes:
        name: `frequency`, `latency` or `completeness`.
        promised: seconds, or per cent for completeness.
        median: the middle measure, same unit; None if nothing could be measured.
        worst: the worst measure, same unit.
        worst_on: the period or the local day of arrival of the worst.
        kept: how many cases kept the promise.
        cases: how many cases there were.
    """

    name: str
    promised: Decimal
    median: Decimal | None
    worst: Decimal | None
    worst_on: date | None
    kept: int
    cases: int


def available(verdict: Verdict) -> datetime:
    """Return when a delivery was there to fetch (UTC): as its sender dated it, else when it came."""
    instant = verdict.arrival.published_at or verdict.arrival.received_at
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def list_due(contract: Contract, verdicts: Sequence[Verdict], now: datetime) -> tuple[Due, ...]:
    """Return the periods of a periodic feed whose local day is over at `now`, the first promised first.

    Empty for feeds that are sent whole, or that name no first day and never delivered.
    """
    if contract.delivery.mode is not DeliveryMode.PERIODIC:
        return ()
    came: dict[date, datetime] = {}
    for verdict in verdicts:
        if verdict.arrival.period is None:
            continue
        day = date.fromisoformat(verdict.arrival.period)
        came[day] = min(came.get(day, available(verdict)), available(verdict))
    promised = contract.delivery.starts_on
    first = date.fromisoformat(promised) if promised else min(came, default=None)
    if first is None:
        return ()
    last = now.astimezone(ZoneInfo(contract.timezone)).date() - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return tuple(_due(contract, day, came.get(day), now) for day in days)


def measure_levels(contract: Contract, verdicts: Sequence[Verdict], now: datetime) -> tuple[Level, ...]:
    """Return each promised service level with its measure, over all verdicts in order of arrival.

    Frequency and latency of periodic feeds are measured over periods due, completeness over the last
    delivery of each period; a feed sent whole is measured by the time between its deliveries. A frequency
    finer than the period is that of its observations, which completeness measures, and gives no level.
    """
    levels, due = contract.service_levels, list_due(contract, verdicts, now)
    found: list[Level] = []
    is_of_deliveries = contract.delivery.mode is DeliveryMode.SNAPSHOT or (levels.frequency_s or 0) >= _DAY
    if levels.frequency_s and is_of_deliveries:
        promised = Decimal(levels.frequency_s)
        found.append(_periods(promised, due) if due else _gaps(promised, contract, verdicts, now))
    if levels.latency_s is not None and due:
        found.append(_latency(Decimal(levels.latency_s), contract, due))
    if levels.completeness_pct is not None:
        found.append(_completeness(levels.completeness_pct, contract, verdicts))
    return tuple(found)


def end_of(day: date, timezone: str) -> datetime:
    """Return the instant (UTC) at which a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)


def _due(contract: Contract, day: date, came: datetime | None, now: datetime) -> Due:
    due_at = end_of(day, contract.timezone) + timedelta(seconds=contract.service_levels.latency_s or 0)
    return Due(day, due_at, came, (came or now) > due_at)


def _periods(promised: Decimal, due: Sequence[Due]) -> Level:
    """Frequency of a periodic feed: the time between neighbouring periods that came."""
    came = [d.day for d in due if d.available_at is not None]
    cases = [d for d in due if d.available_at is not None or d.is_late]
    gaps = [(Decimal((b - a).days * _DAY), b) for a, b in pairwise(came)]
    return _level("frequency", promised, gaps, kept=len(came), cases=len(cases))


def _gaps(promised: Decimal, contract: Contract, verdicts: Sequence[Verdict], now: datetime) -> Level:
    """Frequency of a feed sent whole: between deliveries, and since the last one."""
    zone = ZoneInfo(contract.timezone)
    times = sorted(available(v) for v in verdicts)
    if not times:
        return _level("frequency", promised, [], kept=0, cases=0)
    gaps = [
        (Decimal(max(0, int((b - a).total_seconds()))), b.astimezone(zone).date())
        for a, b in zip(times, [*times[1:], now], strict=True)
    ]
    return _level("frequency", promised, gaps, kept=sum(g <= promised for g, _ in gaps), cases=len(gaps))


def _latency(promised: Decimal, contract: Contract, due: Sequence[Due]) -> Level:
    waits = [
        (Decimal(max(0, int((d.available_at - end_of(d.day, contract.timezone)).total_seconds()))), d.day)
        for d in due
        if d.available_at is not None
    ]
    cases = [d for d in due if d.available_at is not None or d.is_late]
    return _level("latency", promised, waits, kept=sum(not d.is_late for d in cases), cases=len(cases))


def _completeness(promised: Decimal, contract: Contract, verdicts: Sequence[Verdict]) -> Level:
    newest = {v.arrival.period: v for v in verdicts}
    shares = []
    for verdict in newest.values():
        score = score_delivery(verdict, contract).get(Dimension.COMPLETENESS)
        if score is not None:
            shares.append((score.pct, _day(verdict, contract)))
    kept = sum(share >= promised for share, _ in shares)
    return _level("completeness", promised, shares, kept=kept, cases=len(newest), is_worst_low=True)


def _day(verdict: Verdict, contract: Contract) -> date:
    if verdict.arrival.period:
        return date.fromisoformat(verdict.arrival.period)
    return available(verdict).astimezone(ZoneInfo(contract.timezone)).date()


def _level(
    name: str,
    promised: Decimal,
    measures: Sequence[tuple[Decimal, date]],
    *,
    kept: int,
    cases: int,
    is_worst_low: bool = False,
) -> Level:
    if not measures:
        return Level(name, promised, None, None, None, kept, cases)
    worst, day = min(measures) if is_worst_low else max(measures)
    return Level(name, promised, statistics.median(m for m, _ in measures), worst, day, kept, cases)
