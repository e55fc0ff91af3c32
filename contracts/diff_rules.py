"""Rules of two versions of a contract compared: added, gone, stricter, looser.

Here: row rules and delivery rules. Not here: a column's own limits (`diff_columns`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.change import Audience, Change, breaking, harmless
from contracts.model import Contract, DeliveryRule, RowRule, Severity, Table

_SEVERITIES = [Severity.INFO, Severity.WARNING, Severity.ERROR]
_STRICTER = {
    "minimum": 1, "minimum_pct": 1, "warn_pct": 1, "days_ahead": 1, "weekday": 1, "saturday": 1, "sunday": 1,
    "maximum": -1, "maximum_pct": -1, "tolerance_pct": -1, "tolerance_s": -1, "ceilings": -1,
}  # fmt: skip
"""Parameters that are numbers, and the direction in which each makes its rule stricter."""


def compare_row_rules(old: Table, new: Table) -> Iterator[Change]:
    """Yield the differences between the row rules of two versions of a table."""
    yield from _compare(f"{new.name}.rules", _named(old.rules), _named(new.rules))


def compare_delivery_rules(old: Contract, new: Contract) -> Iterator[Change]:
    """Yield the differences between the delivery rules of two contracts."""
    yield from _compare("deliveryRules", _named(old.rules), _named(new.rules))


Rule = RowRule | DeliveryRule


def _named(rules: Sequence[Rule]) -> dict[str, Rule]:
    """Rules by id, told apart by their columns where an id is used twice."""
    named: dict[str, Rule] = {}
    for rule in rules:
        columns = ", ".join(rule.columns) if isinstance(rule, RowRule) else ""
        name = rule.id if rule.id not in named else f"{rule.id} ({columns or len(named)})"
        named[name] = rule
    return named


def _compare(at: str, old: Mapping[str, Rule], new: Mapping[str, Rule]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield harmless("rule_removed", f"{at}.{name}", "the rule is gone")
    for name, rule in new.items():
        if name in old:
            yield from _compare_rule(f"{at}.{name}", old[name], rule)
        else:
            yield _judge(f"{at}.{name}", "rule_added", "a new rule", rule.severity)


def _compare_rule(key: str, old: Rule, new: Rule) -> Iterator[Change]:
    before, after = _SEVERITIES.index(old.severity), _SEVERITIES.index(new.severity)
    if before != after:
        words = f"{old.severity} became {new.severity}"
        if after > before:
            yield _judge(key, "rule_stricter", words, new.severity)
        else:
            yield harmless("rule_looser", key, words)
    columns = (getattr(old, "columns", ()), getattr(new, "columns", ()))
    if (old.kind, columns[0]) != (new.kind, columns[1]):
        yield _judge(key, "rule_changed", "the rule looks at something else", new.severity)
        return
    for name, was, now in _differences(old.parameters, new.parameters):
        words = f"{name} {_show(was)} became {_show(now)}"
        direction = _STRICTER.get(name.split(".")[0], _STRICTER.get(name.split(".")[-1]))
        if _is_number(was) and _is_number(now) and direction is not None and (now - was) * direction < 0:
            yield harmless("rule_looser", key, words)
        else:
            yield _judge(key, "rule_stricter", words, new.severity)


def _judge(key: str, code: str, words: str, severity: Severity) -> Change:
    """A rule that can refuse breaks the contributor; one that only tells breaks nobody."""
    if severity is Severity.ERROR:
        return breaking(code, key, words, Audience.CONTRIBUTOR)
    return harmless(code, key, f"{words} (it only tells: {severity})")


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Leaves of two mappings that differ, by dotted name."""
    for name in {**old, **new}:
        was, now = old.get(name), new.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from ((f"{name}.{inner}", a, b) for inner, a, b in _differences(was, now))
        elif was != now:
            yield name, was, now


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _show(value: object) -> str:
    return "none" if value is None else f"`{value}`"
