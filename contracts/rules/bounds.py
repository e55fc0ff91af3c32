"""Bounds on the numbers of a delivery's profile, and the words that say them: what every kind is made of.

Here: the pieces. Not here: the kinds themselves (`delivery_rules`, `plausible_deliveries`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.model import DeliveryRule, Severity

Profile = Mapping[str, Any]
"""A delivery's profile: flat, JSON values; a rule's own numbers are named `<rule key>.<number>`."""


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
class Kind:
    """What a kind bounds, and how it says what it found and what was promised."""

    bounds: Callable[[str, DeliveryRule], tuple[Bound, ...]]
    observed: Callable[[str, DeliveryRule, Profile], str]
    expected: Callable[[str, DeliveryRule, Profile], str]


def say(template: str) -> Callable[[str, DeliveryRule, Profile], str]:
    """Words from the profile and the rule's parameters: `{name}` is a number of the rule's own."""

    def words(key: str, rule: DeliveryRule, profile: Profile) -> str:
        own = {n.removeprefix(f"{key}."): short(v) for n, v in profile.items() if n.startswith(f"{key}.")}
        shared = {n: short(v) for n, v in profile.items() if "." not in n}
        parameters = {n: short(v) for n, v in rule.parameters.items()}
        return template.format_map(_Lenient({**shared, **parameters, **own}))

    return words


class _Lenient(dict[str, str]):
    def __missing__(self, _key: str) -> str:
        return "–"


def as_float(value: float | Decimal | None) -> float | None:
    """Return a contract's number as a float; None stays None."""
    return None if value is None else float(value)


def short(value: object) -> str:
    """A number as a person writes it: no trailing zeros, at most four significant decimals."""
    if value is None:
        return "–"
    if not isinstance(value, int | float | Decimal):
        return str(value)
    return f"{value:.4f}".rstrip("0").rstrip(".")


def at_most(column: str, default: float) -> Callable[[str, DeliveryRule], tuple[Bound, ...]]:
    """Bound a number of the profile (`{key}` stands for the rule's key) by the rule's `maximum_pct`."""

    def bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
        limit = float(rule.parameters.get("maximum_pct", default))
        return (Bound(column.format(key=key), None, limit, rule.severity),)

    return bounds


def deviation_bounds(key: str, rule: DeliveryRule) -> tuple[Bound, ...]:
    """Bound the deviation from the past, per cent, on both sides."""
    tolerance = float(rule.parameters["tolerance_pct"])
    return (Bound(f"{key}.deviation_pct", -tolerance, tolerance, rule.severity),)


def deviation_observed(key: str, _rule: DeliveryRule, profile: Profile) -> str:
    """Say the value and how far it lies from the past's."""
    value, deviation = profile[f"{key}.value"], profile[f"{key}.deviation_pct"]
    return f"{short(value)} ({deviation:+.1f} %)"


def deviation_expected(key: str, rule: DeliveryRule, profile: Profile) -> str:
    """Say the past's value and the tolerance."""
    return f"{short(profile[f'{key}.median'])} ± {short(rule.parameters['tolerance_pct'])} %"
