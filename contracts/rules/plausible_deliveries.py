"""Delivery rules about what is plausible: whole series, timetables and registers, as bounds and words.

Here: each kind's bounds and figures. Not here: its numbers (`series_measures`, `timetable_measures`,
`register_measures`), or the firm promises (`delivery_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contracts.model import DeliveryRule
from contracts.rules.bounds import (
    Bound,
    Kind,
    Profile,
    as_float,
    deviation_bounds,
    deviation_expected,
    deviation_observed,
    say,
    short,
)


def _at_most(number: str, parameter: str) -> Callable[[str, DeliveryRule], tuple[Bound, ...]]:
    def bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
        limit = as_float(rule.parameters.get(parameter, 0))
        return (Bound(f"{key}.{number}", None, limit, rule.severity),)

    return bounds


def _at_least(number: str, parameter: str) -> Callable[[str, DeliveryRule], tuple[Bound, ...]]:
    def bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
        return (Bound(f"{key}.{number}", as_float(rule.parameters[parameter]), None, rule.severity),)

    return bounds


def _no_other(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    return (Bound(f"{key}.too_many", 0, 0, rule.severity),)


def _spike_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    bounds = [Bound(f"{key}.value", None, as_float(rule.parameters["maximum_pct"]), rule.severity)]
    if (points := rule.parameters.get("above_history_points")) is not None:
        bounds.append(Bound(f"{key}.above_history", None, as_float(points), rule.severity))
    return tuple(bounds)


def _spikes_expected(key: str, rule: DeliveryRule, profile: Profile) -> str:
    """The bound that is broken: that of the past where there is one and it is lower."""
    usual, points = profile.get(f"{key}.median"), rule.parameters.get("above_history_points")
    limit = as_float(rule.parameters["maximum_pct"]) or 0.0
    if usual is not None and points is not None:
        limit = min(limit, usual + float(points))
    return f"≤ {short(limit)} %"


PLAUSIBLE: Mapping[str, Kind] = {
    "gaps": Kind(
        _at_most("pct", "maximum_pct"),
        say("{pct} % ({series_with_gaps} / {series_seen})"),
        say("≤ {maximum_pct} %"),
    ),
    "day_steps": Kind(_no_other, say("{steps}"), say("{steps_expected}")),
    "plateaus": Kind(
        _at_most("series_flat", "maximum"), say("{series_flat} / {series_seen}"), say("≤ {maximum}")
    ),
    "spikes": Kind(_spike_bounds, say("{value} % ({spikes} / {checked})"), _spikes_expected),
    "slopes": Kind(
        _at_most("series_falling", "maximum"), say("{series_falling} / {series_seen}"), say("≤ {maximum}")
    ),
    "silent_series": Kind(
        _at_most("pct", "maximum_pct"),
        say("{pct} % ({series_silent} / {series_expected})"),
        say("≤ {maximum_pct} %"),
    ),
    "trips_against_last": Kind(deviation_bounds, deviation_observed, deviation_expected),
    "service_cliff": Kind(
        _at_least("pct", "minimum_pct"),
        say("{worst_week}: {pct} % ({worst_trips} / {usual_trips})"),
        say("≥ {minimum_pct} %"),
    ),
    "vanished_keys": Kind(
        _at_most("pct", "maximum_pct"),
        say("{pct} % ({vanished} / {known_before})"),
        say("≤ {maximum_pct} %"),
    ),
}
