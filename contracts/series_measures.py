"""The numbers of rules about series: holes, steps of the day, plateaus, spikes, slopes, silence.

Here: one function a kind, from a scene to numbers, over accepted rows. Not here: how much of it a
contract allows (`rules/plausible_deliveries`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from contracts.compile.quoting import name as quoted
from contracts.frozen_measures import is_personal
from contracts.model import DeliveryRule
from contracts.register_measures import in_service
from contracts.scene import Numbers, Scene, accepted_rows, ask, equals_all, observed_rows

NO_ROWS: Numbers = {"skipped": "no accepted rows"}
NO_STEP: Numbers = {"skipped": "the contract states no step"}


def measure_gaps(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count series with a hole of `steps` or more missing observations in a row, between two that came."""
    p, step = rule.parameters, scene.contract.delivery.step_s
    if step is None:
        return NO_STEP
    where, values = equals_all(p.get("where") or {})
    observed = observed_rows(scene, str(p["table"]), str(p["column"]), series=str(p["key"]), where=where)
    given = {**values, "step": step, "longest_s": int(p["steps"]) * step, "named": 5}
    found = ask(scene.con, "gaps.sql", {"observed": observed}, given)
    if not found["series_seen"]:
        return NO_ROWS
    return _named(scene, rule, found) | {
        "pct": round(100 * found["series_with_gaps"] / found["series_seen"], 4),
        "longest_s": found["longest_s"],
        "series_with_gaps": found["series_with_gaps"],
        "series_seen": found["series_seen"],
    }


def measure_day_steps(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count the steps of the local day that any series has: 46, 48 or 50 half-hours when clocks change."""
    p, step = rule.parameters, scene.contract.delivery.step_s
    if step is None or scene.arrival.period is None:
        return NO_STEP
    start, end = scene.bounds
    observed = observed_rows(scene, str(p["table"]), str(p["column"]))
    given = {"period_start": start, "period_end": end, "step": step}
    found = ask(scene.con, "day_steps.sql", {"observed": observed}, given)
    if not found["n_rows"]:
        return NO_ROWS
    expected = int((end - start).total_seconds()) // step
    return {
        "steps": found["steps"],
        "steps_expected": expected,
        "too_many": found["steps"] - expected,
        "checked": found["n_rows"],
    }


def measure_plateaus(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count series that repeat one value `minimum_steps` times in a row or more, values at rest excepted."""
    p = rule.parameters
    observed, values = _values(scene, rule)
    if observed is None:
        return NO_ROWS
    given = {
        **values,
        "minimum": int(p["minimum_steps"]),
        "excepted": [float(v) for v in p.get("except") or ()],
        "named": 5,
    }
    found = ask(scene.con, "plateaus.sql", {"observed": observed}, given)
    return _named(scene, rule, found) | {
        "maximum": p.get("maximum", 0),
        "series_flat": found["series_flat"],
        "series_seen": found["series_seen"],
        "longest": found["longest"],
    }


def measure_spikes(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Return the share of values far from their series' median, per cent, as `value`.

    Far is more than `times` 1.4826 median absolute deviations (the normal law's standard deviation;
    Rousseeuw and Croux, 1993), and more than `minimum_deviation`, since a flat series has none.
    """
    p = rule.parameters
    observed, values = _values(scene, rule)
    if observed is None:
        return NO_ROWS
    given = {
        **values,
        "times": float(p["times"]),
        "least": float(p["minimum_deviation"]),
        "minimum": int(p["minimum_observations"]),
    }
    found = ask(scene.con, "spikes.sql", {"observed": observed}, given)
    if not found["n_rows"]:
        return NO_ROWS
    return {
        "value": round(100 * found["spikes"] / found["n_rows"], 4),
        "spikes": found["spikes"],
        "series_with_spikes": found["series_with_spikes"],
        "checked": found["n_rows"],
    }


def measure_slopes(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count series whose least-squares line falls faster than `minimum_per_day` (unit a day, negative)."""
    p = rule.parameters
    observed, values = _values(scene, rule)
    if observed is None:
        return NO_ROWS
    given = {
        **values,
        "limit": float(p["minimum_per_day"]),
        "minimum": int(p["minimum_observations"]),
        "named": 5,
    }
    found = ask(scene.con, "slopes.sql", {"observed": observed}, given)
    if not found["series_seen"]:
        return {"skipped": "no series has enough observations"}
    return _named(scene, rule, found) | {
        "maximum": p.get("maximum", 0),
        "series_falling": found["series_falling"],
        "series_seen": found["series_seen"],
        "steepest": found["steepest"],
    }


def measure_silence(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count series, delivered or registered, not heard in the last `times` steps of the period."""
    p, step = rule.parameters, scene.contract.delivery.step_s
    if step is None or scene.arrival.period is None:
        return NO_STEP
    start, end = scene.bounds
    observed = observed_rows(scene, str(p["table"]), str(p["column"]), series=str(p["key"]))
    wanted, values = "SELECT DISTINCT series FROM observed", dict[str, object]()
    if (name := p.get("register")) is not None:
        register = scene.registers.get(str(name))
        if register is None:
            return {"skipped": f"needs the register {name}"}
        known, values = in_service(rule, register, date.fromisoformat(scene.arrival.period))
        wanted = f"{known} UNION {wanted}"
    given = {**values, "since": end - timedelta(seconds=int(p["times"]) * step), "start": start, "named": 5}
    found = ask(scene.con, "silent.sql", {"observed": observed, "wanted": wanted}, given)
    if not found["series_expected"]:
        return NO_ROWS
    return _named(scene, rule, found) | {
        "pct": round(100 * found["series_silent"] / found["series_expected"], 4),
        "series_silent": found["series_silent"],
        "series_expected": found["series_expected"],
    }


def _values(scene: Scene, rule: DeliveryRule) -> tuple[str | None, dict[str, Any]]:
    """SELECT (series, observed_at, value) of a rule's accepted values; None where there are no rows."""
    p = rule.parameters
    source = accepted_rows(scene, str(p["table"]))
    if source is None:
        return None, {}
    where, values = equals_all(p.get("where") or {})
    value, at = f"CAST({quoted(str(p['column']))} AS DOUBLE)", p.get("at")
    instant = "NULL::TIMESTAMPTZ" if at is None else f"CAST({quoted(str(at))} AS TIMESTAMPTZ)"
    series = f"CAST({quoted(str(p['key']))} AS VARCHAR)"
    select = f"SELECT {series} AS series, {instant} AS observed_at, {value} AS value"
    return f"{select} FROM ({source}) WHERE {value} IS NOT NULL AND {where}", values


def _named(scene: Scene, rule: DeliveryRule, found: Numbers) -> Numbers:
    """What each of these rules tells besides its own numbers; keys of persons are not named."""
    absent = [] if is_personal(scene, rule) else list(found["absent"] or ())
    return {"checked": found["n_rows"], "absent": absent}
