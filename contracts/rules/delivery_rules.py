"""Rules about a delivery as a whole, as data: which number of its profile must lie within which bounds.

Here: the rules of a contract, and the kinds of firm promises with their bounds and words. Not here: what
is plausible (`plausible_deliveries`), the profile (`profile`), or judging it (`delivery_gate`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.model import Contract, DeliveryRule, Dimension, Severity
from contracts.rules.bounds import (
    Bound,
    Kind,
    Profile,
    as_float,
    at_most,
    deviation_bounds,
    deviation_expected,
    deviation_observed,
    say,
    short,
)
from contracts.rules.plausible_deliveries import PLAUSIBLE

__all__ = [
    "HISTORY_KINDS",
    "Bound",
    "KeyedRule",
    "Profile",
    "delivery_rules",
    "implicit_rules",
    "known_kinds",
]

HISTORY_KINDS = frozenset({"volume_against_history", "mean_against_history", "trips_against_last"})
"""Kinds that compare their `value` with that of accepted deliveries of the past."""


@dataclass(frozen=True)
class KeyedRule:
    """A delivery rule under the name that its numbers have in the profile (its id, made unique)."""

    key: str
    rule: DeliveryRule

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What the rule asks of the profile; empty for kinds judged elsewhere (`gtfs_conformance`)."""
        return _KINDS[self.rule.kind].bounds(self.key, self.rule)

    def observed(self, profile: Profile) -> str:
        """Say in figures what the delivery shows."""
        return _KINDS[self.rule.kind].observed(self.key, self.rule, profile)

    def expected(self, profile: Profile) -> str:
        """Say in figures what was promised."""
        return _KINDS[self.rule.kind].expected(self.key, self.rule, profile)


def delivery_rules(contract: Contract) -> tuple[KeyedRule, ...]:
    """Return the contract's delivery rules and those that every contract has, each under its own key."""
    seen: dict[str, int] = {}
    keyed = []
    written = {rule.kind for rule in contract.rules}
    implicit = [rule for rule in implicit_rules(contract) if rule.kind not in written]
    for rule in (*implicit, *(_with_tolerance(contract, rule) for rule in contract.rules)):
        seen[rule.id] = seen.get(rule.id, 0) + 1
        keyed.append(KeyedRule(rule.id if seen[rule.id] == 1 else f"{rule.id}~{seen[rule.id]}", rule))
    return tuple(keyed)


def implicit_rules(contract: Contract) -> tuple[DeliveryRule, ...]:
    """Return the rules that no contract needs to write down: the tolerance, and the columns promised."""
    return (
        DeliveryRule(
            id="quarantine_above_tolerance",
            kind="quarantine_share",
            parameters={"maximum_pct": contract.quarantine_tolerance_pct},
            dimension=Dimension.CONFORMITY,
        ),
        DeliveryRule(id="missing_column", kind="columns_missing", dimension=Dimension.CONFORMITY),
    )


def _with_tolerance(contract: Contract, rule: DeliveryRule) -> DeliveryRule:
    """A share of quarantine without its own limit is held to the contract's tolerance."""
    if rule.kind != "quarantine_share" or rule.parameters.get("maximum_pct") is not None:
        return rule
    limit = {"maximum_pct": contract.quarantine_tolerance_pct}
    return rule.model_copy(update={"parameters": {**rule.parameters, **limit}})


def known_kinds() -> frozenset[str]:
    """Return the kinds that a contract may name in its delivery rules."""
    return frozenset(_KINDS) - {"columns_missing"}


def _row_count_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    low, high = rule.parameters.get("minimum"), rule.parameters.get("maximum")
    return (Bound(f"{key}.rows", as_float(low), as_float(high), rule.severity),)


def _row_count_expected(_key: str, rule: DeliveryRule, _profile: Profile) -> str:
    return _range_text(rule.parameters.get("minimum"), rule.parameters.get("maximum"), "")


def _series_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    column = f"{key}.complete_pct"
    bounds = []
    if (minimum := rule.parameters.get("minimum_pct")) is not None:
        bounds.append(Bound(column, float(minimum), None, rule.severity))
    if (warn := rule.parameters.get("warn_pct")) is not None:
        bounds.append(Bound(column, float(warn), None, Severity.WARNING))
    return tuple(bounds)


def _series_observed(key: str, _rule: DeliveryRule, profile: Profile) -> str:
    rows, wanted = profile[f"{key}.rows"], profile[f"{key}.rows_expected"]
    # Rounded down: 96.98 % must not read as the 97 % that it is not.
    shown = math.floor(profile[f"{key}.complete_pct"] * 10) / 10
    return f"{shown:.1f} % ({rows} / {wanted})"


def _series_expected(key: str, rule: DeliveryRule, profile: Profile) -> str:
    failed = [b for b in _series_bounds(key, rule) if not b.holds(profile)]
    bound = (failed or list(_series_bounds(key, rule)))[0]
    return f"≥ {short(bound.minimum)} %"


def _population_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    tolerance = float(rule.parameters["tolerance_pct"])
    return (Bound(f"{key}.pct", 100 - tolerance, 100 + tolerance, rule.severity),)


def _frozen_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    maximum = as_float(rule.parameters.get("maximum", 0))
    return (Bound(f"{key}.series_frozen", None, maximum, rule.severity),)


def _covers_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    return (Bound(f"{key}.lag_s", None, float(rule.parameters.get("tolerance_s", 0)), rule.severity),)


def _pct_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    return (Bound(f"{key}.pct", float(rule.parameters.get("minimum_pct", 100)), None, rule.severity),)


def _service_days_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    minimum = rule.parameters["minimum_trips"]
    return tuple(Bound(f"{key}.{day}", float(n), None, rule.severity) for day, n in minimum.items())


def _service_days_observed(key: str, rule: DeliveryRule, profile: Profile) -> str:
    days = rule.parameters["minimum_trips"]
    return ", ".join(f"{day} {short(profile.get(f'{key}.{day}'))}" for day in days)


def _service_days_expected(_key: str, rule: DeliveryRule, _profile: Profile) -> str:
    return ", ".join(f"{day} ≥ {n}" for day, n in rule.parameters["minimum_trips"].items())


def _service_hours_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    start, end = clock_seconds(rule.parameters["from"]), clock_seconds(rule.parameters["to"])
    return (
        Bound(f"{key}.first_departure_s", None, float(start), rule.severity),
        Bound(f"{key}.last_arrival_s", float(end), None, rule.severity),
    )


def _service_hours_observed(key: str, _rule: DeliveryRule, profile: Profile) -> str:
    first, last = profile.get(f"{key}.first_departure_s"), profile.get(f"{key}.last_arrival_s")
    return f"{clock_text(first)}–{clock_text(last)}"


def clock_seconds(text: object) -> int:
    """Return seconds of the service day of `H:MM` or `H:MM:SS` (beyond 24:00 allowed).

    YAML 1.1 readers take a bare 11:20 for the number 680: a number is taken as seconds already.
    """
    if isinstance(text, int | float):
        return int(text)
    parts = [int(p) for p in str(text).split(":")]
    hours, minutes, seconds = (*parts, 0, 0)[:3]
    return hours * 3600 + minutes * 60 + seconds


def clock_text(seconds: float | None) -> str:
    """Return `HH:MM` of a second of the service day; `–` where there is none."""
    if seconds is None:
        return "–"
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"


def _names(key: str, _rule: DeliveryRule, profile: Profile) -> str:
    return ", ".join(profile.get(f"{key}.names", ())) or "0"


def _ahead_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    return (Bound(f"{key}.days", float(rule.parameters["days_ahead"]), None, rule.severity),)


def _range_text(low: object, high: object, unit: str) -> str:
    if low is None:
        return f"≤ {short(high)}{unit}"
    return f"≥ {short(low)}{unit}" if high is None else f"{short(low)}–{short(high)}{unit}"


_KINDS: Mapping[str, Kind] = {
    "row_count": Kind(_row_count_bounds, say("{rows}"), _row_count_expected),
    "quarantine_share": Kind(
        at_most("quarantined_pct", 0),
        say("{quarantined_pct} % ({rows_quarantined} / {rows_landed})"),
        say("≤ {maximum_pct} %"),
    ),
    "columns_missing": Kind(at_most("{key}.count", 0), _names, say("0")),
    "volume_against_history": Kind(deviation_bounds, deviation_observed, deviation_expected),
    "mean_against_history": Kind(deviation_bounds, deviation_observed, deviation_expected),
    "series_complete": Kind(_series_bounds, _series_observed, _series_expected),
    "series_population": Kind(
        _population_bounds, say("{series_seen}"), say("{series_expected} ± {tolerance_pct} %")
    ),
    "step_matches": Kind(_pct_bounds, say("{pct} %"), say("≥ {minimum_pct} % ({step_s} s)")),
    "frozen_series": Kind(_frozen_bounds, say("{series_frozen} / {series_seen}"), say("≤ {maximum}")),
    "covers_period": Kind(_covers_bounds, say("{last}"), say("≥ {wanted}")),
    "period_matches": Kind(
        _pct_bounds, say("{pct} % ({rows} / {rows_dated})"), say("{day}: ≥ {minimum_pct} %")
    ),
    "service_days": Kind(_service_days_bounds, _service_days_observed, _service_days_expected),
    "service_hours": Kind(_service_hours_bounds, _service_hours_observed, say("{from}–{to}")),
    "calendar_covers": Kind(_ahead_bounds, say("{last_day} ({days} d)"), say("≥ {days_ahead} d")),
    **PLAUSIBLE,
    "gtfs_conformance": Kind(lambda _k, _r: (), say(""), say("")),
}
