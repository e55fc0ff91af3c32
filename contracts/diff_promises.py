"""What a contract promises to others, in two versions: service levels, terms, population.

Here: promises and permissions. Not here: what a file must look like (`diff`, `diff_columns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.change import Audience, Change, Readers, breaking, harmless
from contracts.model import Contract

_LEVELS = (("frequency_s", -1), ("latency_s", -1), ("completeness_pct", 1), ("retention_days", 1))
"""Service levels, and the direction in which each promises more."""
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}
_DURATION = re.compile(r"^P(?:T(\d+)([HM])|(\d+)([DWMY]))$")


def compare_promises(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    """Yield the differences between service levels, terms and population of two contracts."""
    yield from _compare_levels(old, new, readers)
    yield from _compare_terms(old, new, readers)
    if old.population != new.population:
        yield breaking(
            "population_changed", "population", f"{_show(old.population)} became {_show(new.population)}",
            Audience.REUSERS, readers=readers(None, None),
        )  # fmt: skip


def _compare_levels(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    """A higher promise is the contributor's to keep; a lower one takes something from re-users."""
    for name, direction in _LEVELS:
        before, after = getattr(old.service_levels, name), getattr(new.service_levels, name)
        if before == after:
            continue
        words = f"{_show(before)} became {_show(after)}"
        promises_more = before is None or (after is not None and (after - before) * direction > 0)
        if promises_more:
            yield breaking("promise_raised", f"slaProperties.{name}", words, Audience.CONTRIBUTOR)
        else:
            yield breaking(
                "promise_lowered",
                f"slaProperties.{name}",
                words,
                Audience.REUSERS,
                readers=readers(None, None),
            )


def _compare_terms(old: Contract, new: Contract, readers: Readers) -> Iterator[Change]:
    before, after = old.terms, new.terms
    if before == after:
        return
    read = readers(None, None)
    if before.licence != after.licence:
        yield breaking(
            "licence_changed", "terms.licence", f"{before.licence} became {after.licence}",
            Audience.REUSERS, readers=read,
        )  # fmt: skip
    if before.attribution != after.attribution:
        yield harmless("attribution_changed", "terms.attribution", f"to be mentioned: {after.attribution}")
    yield from _compare_sets("purposes", before.purposes, after.purposes, read)
    for group in {**before.recipients, **after.recipients}:
        was, now = before.recipients.get(group, ()), after.recipients.get(group, ())
        yield from _compare_sets(f"recipients.{group}", was, now, read)
    yield from _compare_amount("embargo", _days(before.embargo), _days(after.embargo), read)
    yield from _compare_amount("minimumUnits", before.minimum_units or 0, after.minimum_units or 0, read)
    if before.protected_unit != after.protected_unit:
        yield breaking(
            "protection_changed", "terms.protectedUnit",
            f"{_show(before.protected_unit)} became {_show(after.protected_unit)}",
            Audience.REUSERS, readers=read,
        )  # fmt: skip


def _compare_sets(
    name: str, old: tuple[str, ...], new: tuple[str, ...], read: tuple[str, ...]
) -> Iterator[Change]:
    gone, came = [v for v in old if v not in new], [v for v in new if v not in old]
    if gone:
        yield breaking(
            "permission_withdrawn",
            f"terms.{name}",
            f"no longer: {', '.join(gone)}",
            Audience.REUSERS,
            readers=read,
        )
    if came:
        yield harmless("permission_given", f"terms.{name}", f"also: {', '.join(came)}")


def _compare_amount(name: str, old: float, new: float, read: tuple[str, ...]) -> Iterator[Change]:
    """A longer embargo, or more units behind a cell, shows re-users less."""
    words = f"`{old:g}` became `{new:g}`"
    if new > old:
        yield breaking("permission_withdrawn", f"terms.{name}", words, Audience.REUSERS, readers=read)
    elif new < old:
        yield harmless("permission_given", f"terms.{name}", words)


def _days(duration: str | None) -> float:
    """ISO 8601 duration in days, months and years counted as 30 and 365."""
    match = _DURATION.match(duration or "")
    if match is None:
        return 0
    if match[1]:
        return int(match[1]) / (24 if match[2] == "H" else 1440)
    return int(match[3]) * _DAYS[match[4]]


def _show(value: object) -> str:
    return "none" if value is None else f"`{value}`"
