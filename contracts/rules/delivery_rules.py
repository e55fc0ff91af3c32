"""Rules about a delivery as a whole, as data: which number of its profile must lie within which bounds.

Here: the kinds of delivery rules, their bounds, and their words for people. Not here: computing
the profile (`profile`), or judging it (`compile/expectations`, `delivery_gate`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.model import Contract, DeliveryRule, Dimension, Severity

Profile = Mapping[str, Any]
"""A delivery's profile: flat, JSON values; a rule's own numbers are named `<rule key>.<number>`."""

HISTORY_KINDS = frozenset({"volume_against_history", "mean_against_history"})
"""Kinds that compare with the median of accepted deliveries of the past."""


@dataclass(frozen=True)
class Bound:
    """One number of the profile that must lie between two values, both allowed; None is open."""

    column: str
    minimum: float | None
    maximum: float | None
    severity: Severity

    def holds(self, profile: Profile) -> bool:
        """Whether the profile keeps the bound; a number it does not have breaks nothing."""
        value = profile.get(self.column)
        if value is None:
            return True
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )


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


@dataclass(frozen=True)
class _Kind:
    bounds: Callable[[str, DeliveryRule], tuple[Bound, ...]]
    observed: Callable[[str, DeliveryRule, Profile], str]
    expected: Callable[[str, DeliveryRule, Profile], str]


def _row_count_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    low, high = rule.parameters.get("minimum"), rule.parameters.get("maximum")
    return (Bound(f"{key}.rows", _number(low), _number(high), rule.severity),)


def _row_count_expected(_key: str, rule: DeliveryRule, _profile: Profile) -> str:
    return _range_text(rule.parameters.get("minimum"), rule.parameters.get("maximum"), "")


def _deviation_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    tolerance = float(rule.parameters["tolerance_pct"])
    return (Bound(f"{key}.deviation_pct", -tolerance, tolerance, rule.severity),)


def _deviation_observed(key: str, _rule: DeliveryRule, profile: Profile) -> str:
    value, deviation = profile[f"{key}.value"], profile[f"{key}.deviation_pct"]
    return f"{_short(value)} ({deviation:+.1f} %)"


def _deviation_expected(key: str, rule: DeliveryRule, profile: Profile) -> str:
    return f"{_short(profile[f'{key}.median'])} ± {_short(rule.parameters['tolerance_pct'])} %"


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
    return f"≥ {_short(bound.minimum)} %"


def _population_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    tolerance = float(rule.parameters["tolerance_pct"])
    return (Bound(f"{key}.pct", 100 - tolerance, 100 + tolerance, rule.severity),)


def _frozen_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    maximum = _number(rule.parameters.get("maximum", 0))
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
    return ", ".join(f"{day} {_short(profile.get(f'{key}.{day}'))}" for day in days)


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


def _at_most(column: str, default: float) -> Callable[[str, DeliveryRule], tuple[Bound, ...]]:
    def bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
        limit = float(rule.parameters.get("maximum_pct", default))
        return (Bound(column.format(key=key), None, limit, rule.severity),)

    return bounds


def _ahead_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    return (Bound(f"{key}.days", float(rule.parameters["days_ahead"]), None, rule.severity),)


def _text(template: str) -> Callable[[str, DeliveryRule, Profile], str]:
    """Words from the profile and the rule's parameters: `{name}` is a number of the rule's own."""

    def words(key: str, rule: DeliveryRule, profile: Profile) -> str:
        own = {n.removeprefix(f"{key}."): _short(v) for n, v in profile.items() if n.startswith(f"{key}.")}
        shared = {n: _short(v) for n, v in profile.items() if "." not in n}
        parameters = {n: _short(v) for n, v in rule.parameters.items()}
        return template.format_map(_Lenient({**shared, **parameters, **own}))

    return words


class _Lenient(dict[str, str]):
    def __missing__(self, _key: str) -> str:
        return "–"


def _range_text(low: object, high: object, unit: str) -> str:
    if low is None:
        return f"≤ {_short(high)}{unit}"
    return f"≥ {_short(low)}{unit}" if high is None else f"{_short(low)}–{_short(high)}{unit}"


def _number(value: float | Decimal | None) -> float | None:
    return None if value is None else float(value)


def _short(value: object) -> str:
    """A number as a person writes it: no trailing zeros, at most four significant decimals."""
    if value is None:
        return "–"
    if not isinstance(value, int | float | Decimal):
        return str(value)
    return f"{value:.4f}".rstrip("0").rstrip(".")


_KINDS: Mapping[str, _Kind] = {
    "row_count": _Kind(_row_count_bounds, _text("{rows}"), _row_count_expected),
    "quarantine_share": _Kind(
        _at_most("quarantined_pct", 0),
        _text("{quarantined_pct} % ({rows_quarantined} / {rows_landed})"),
        _text("≤ {maximum_pct} %"),
    ),
    "columns_missing": _Kind(_at_most("{key}.count", 0), _names, _text("0")),
    "volume_against_history": _Kind(_deviation_bounds, _deviation_observed, _deviation_expected),
    "mean_against_history": _Kind(_deviation_bounds, _deviation_observed, _deviation_expected),
    "series_complete": _Kind(_series_bounds, _series_observed, _series_expected),
    "series_population": _Kind(
        _population_bounds, _text("{series_seen}"), _text("{series_expected} ± {tolerance_pct} %")
    ),
    "step_matches": _Kind(_pct_bounds, _text("{pct} %"), _text("≥ {minimum_pct} % ({step_s} s)")),
    "frozen_series": _Kind(_frozen_bounds, _text("{series_frozen} / {series_seen}"), _text("≤ {maximum}")),
    "covers_period": _Kind(_covers_bounds, _text("{last}"), _text("≥ {wanted}")),
    "period_matches": _Kind(
        _pct_bounds, _text("{pct} % ({rows} / {rows_dated})"), _text("{day}: ≥ {minimum_pct} %")
    ),
    "service_days": _Kind(_service_days_bounds, _service_days_observed, _service_days_expected),
    "service_hours": _Kind(_service_hours_bounds, _service_hours_observed, _text("{from}–{to}")),
    "calendar_covers": _Kind(_ahead_bounds, _text("{last_day} ({days} d)"), _text("≥ {days_ahead} d")),
    "gtfs_conformance": _Kind(lambda _k, _r: (), _text(""), _text("")),
}
