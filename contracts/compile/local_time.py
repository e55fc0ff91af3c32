"""Local times without offset as instants: the hour that comes twice, and the one that never comes.

Here: the SQL that localises, and that tells the two copies of a repeated hour apart by the order of a
series. Not here: the scan around it (`staging`).

When a clock goes back, `02:30` names two instants. A file that holds both, one after the other, tells
which is which; one that holds a single copy, or three, leaves it open, and the cell is no instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from contracts.compile.arrow import Family, family_of
from contracts.compile.quoting import text
from contracts.model import Column, Contract

FOLDS = ("1 hour", "30 minutes")
"""How far clocks go back: an hour nearly everywhere, half of one on Lord Howe Island."""


def localised(local: str, zone: str) -> str:
    """SQL of the instant of a local time, null where the clock skips it; the later of two."""
    instant = f"timezone({text(zone)}, {local})"
    return f"CASE WHEN timezone({text(zone)}, {instant}) = {local} THEN {instant} END"


def told_apart(instant: str, zone: str, series: Sequence[str] | None, position: str) -> str:
    """SQL of the instant that a local time names in its place, null where that is open.

    `instant` is the later of the two a repeated local time may name. `series` are SQL values that tell
    whose observations follow each other, None where order says nothing; `position` orders the file's rows.
    """
    earlier = " ".join(
        f"WHEN timezone({text(zone)}, {instant} - INTERVAL '{fold}') = timezone({text(zone)}, {instant})"
        f" THEN {instant} - INTERVAL '{fold}'"
        for fold in FOLDS
    )
    first = f"CASE {earlier} END"
    if series is None:
        return f"CASE WHEN {first} IS NULL THEN {instant} END"
    same = f"PARTITION BY {', '.join([*series, instant])}"
    copies, copy = f"count(*) OVER ({same})", f"row_number() OVER ({same} ORDER BY {position})"
    return (
        f"CASE WHEN {first} IS NULL THEN {instant}"
        f" WHEN {copies} = 2 AND {copy} = 1 THEN {first} WHEN {copies} = 2 THEN {instant} END"
    )


def local_zone(column: Column, contract: Contract) -> str | None:
    """Return the IANA zone of a column's times without offset; None where the text holds the offset."""
    if family_of(column.physical_type) is not Family.INSTANT:
        return None
    has_offset = column.date_format is None or "%z" in column.date_format
    if column.timezone is None and has_offset:
        return None
    return column.timezone or contract.timezone


def tells_by_order(column: Column, contract: Contract, period: str | None) -> bool:
    """Whether a stamp's place in its series may tell which copy of a repeated hour it is in."""
    zone = local_zone(column, contract)
    return zone is not None and column.primary_key and may_fold(zone, period)


def may_fold(zone: str, period: str | None) -> bool:
    """Whether a clock goes back on a local day or beside it; always possible where no day is known."""
    if period is None:
        return True
    day = date.fromisoformat(period)
    days = (day + timedelta(days=shift) for shift in range(-1, 3))
    offsets = [_offset(d, ZoneInfo(zone)) for d in days]
    return any(after < before for before, after in pairwise(offsets))


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC).astimezone(zone)
    return moment.utcoffset() or timedelta(0)
