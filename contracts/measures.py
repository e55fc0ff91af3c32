"""The numbers that each kind of delivery rule needs, computed by DuckDB from accepted rows.

Here: one function a kind, from a scene to numbers; series, timetables and registers have modules of their
own. Not here: putting the profile together (`profile`), or what the numbers must be (`rules/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.compile.quoting import name as quoted
from contracts.frozen_measures import is_personal, measure_frozen_series
from contracts.model import DeliveryRule
from contracts.register_measures import in_service, measure_vanished
from contracts.scene import Numbers, Scene, accepted_rows, ask, equals_all, observed_rows
from contracts.series_measures import (
    measure_day_steps,
    measure_gaps,
    measure_plateaus,
    measure_silence,
    measure_slopes,
    measure_spikes,
)
from contracts.timetable_measures import (
    measure_calendar,
    measure_service_cliff,
    measure_service_days,
    measure_service_hours,
    measure_trips_a_week,
)


def measure(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Return a rule's own numbers, or `skipped` with what it lacks, in words."""
    return _MEASURES[rule.kind](scene, rule)


def _columns_missing(scene: Scene, _rule: DeliveryRule) -> Numbers:
    names = [
        f"{table.name}/{column.source}"
        for table in scene.contract.tables
        if table.name in scene.headers
        for column in table.columns
        if column.is_expected and column.derived is None and column.source not in scene.headers[table.name]
    ]
    return {"count": len(names), "names": names}


def _quarantine_share(scene: Scene, _rule: DeliveryRule) -> Numbers:
    if not sum(t.landed for t in scene.tables):
        return {"skipped": "the delivery has no rows"}
    return {"checked": sum(t.landed for t in scene.tables)}


def _row_count(scene: Scene, rule: DeliveryRule) -> Numbers:
    rows = scene.landed(str(rule.parameters["table"]))
    return {"rows": rows, "checked": rows}


def _volume(scene: Scene, rule: DeliveryRule) -> Numbers:
    rows = scene.landed(str(rule.parameters["table"]))
    return {"value": rows, "checked": rows}


def _mean(scene: Scene, rule: DeliveryRule) -> Numbers:
    source = accepted_rows(scene, str(rule.parameters["table"]))
    if source is None:
        return {"skipped": "no accepted rows"}
    column = quoted(str(rule.parameters["column"]))
    where, values = equals_all(rule.parameters.get("where") or {})
    row = scene.con.execute(
        f"SELECT count({column}), favg(CAST({column} AS DOUBLE)) FROM ({source}) WHERE {where}", values
    ).fetchone()
    if row is None or not row[0]:
        return {"skipped": "no accepted rows"}
    # The last digits depend on the order of a parallel sum.
    return {"value": round(row[1], 6), "checked": row[0]}


def _series(scene: Scene, rule: DeliveryRule) -> Numbers:
    p = rule.parameters
    register = scene.registers.get(str(p["register"]))
    if register is None:
        return {"skipped": f"needs the register {p['register']}"}
    start, end = scene.bounds
    day = date.fromisoformat(scene.arrival.period) if scene.arrival.period else scene.today
    steps = 1
    if scene.contract.delivery.step_s and scene.arrival.period:
        steps = int((end - start).total_seconds()) // scene.contract.delivery.step_s
    where, values = equals_all(p.get("where") or {})
    wanted_series, register_values = in_service(rule, register, day)
    observed = observed_rows(scene, str(p["table"]), p.get("at"), series=str(p["key"]), where=where)
    sources = {"observed": observed, "wanted": wanted_series}
    given = {**values, **register_values, "period_start": start, "period_end": end, "steps": steps}
    found = ask(scene.con, "series.sql", sources, given)
    wanted = found["series_expected"] * steps
    if not wanted:
        return {"skipped": f"the register {p['register']} has nothing in service on {day}"}
    return {
        "complete_pct": round(100 * found["n_rows"] / wanted, 4),
        "rows": found["n_rows"],
        "rows_expected": wanted,
        "series_expected": found["series_expected"],
        "series_seen": found["series_seen"],
        "series_unexpected": found["series_unexpected"],
        "checked": found["n_rows"],
        "absent": [] if is_personal(scene, rule) else list(found["absent"] or ()),
    }


def _covers(scene: Scene, rule: DeliveryRule) -> Numbers:
    start, end = scene.bounds
    step = timedelta(seconds=(scene.contract.delivery.step_s or 0) if scene.arrival.period else 0)
    found = _instants(scene, rule)
    tolerance = timedelta(seconds=float(rule.parameters.get("tolerance_s", 0)))
    wanted = _local(scene, end - step - tolerance)
    if found["last_epoch"] is None:
        lag = (end - start).total_seconds() if scene.arrival.period else None
        reason = {} if lag is not None else {"skipped": "no dated rows"}
        return {"lag_s": lag, "last": None, "wanted": wanted, **reason}
    last = datetime.fromtimestamp(found["last_epoch"], tz=UTC)
    return {
        "lag_s": (end - step - last).total_seconds(),
        "last": _local(scene, last),
        "wanted": wanted,
        "checked": found["rows_dated"],
    }


def _period_matches(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Share of rows in the period, among accepted rows and those that gate 1 put aside as outside it."""
    if scene.arrival.period is None:
        return {"skipped": "a snapshot has no period"}
    found = _instants(scene, rule)
    table = str(rule.parameters["table"])
    outside = sum(r.failed_rows for r in scene.rules if r.rule == "outside_period" and r.table == table)
    dated = found["rows_dated"] + outside
    if not dated:
        return {"skipped": "no dated rows"}
    pct = round(100 * found["rows_inside"] / dated, 4)
    return {
        "pct": pct,
        "rows": found["rows_inside"],
        "rows_dated": dated,
        "day": scene.arrival.period,
        "checked": dated,
    }


def _steps(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Share of observations that lie on the grid of the feed's step; a drifting clock does not."""
    step = scene.contract.delivery.step_s
    if step is None or scene.arrival.period is None:
        return {"skipped": "the contract states no step"}
    observed = observed_rows(scene, str(rule.parameters["table"]), str(rule.parameters["column"]))
    given = {"period_start": scene.bounds[0], "step": step}
    found = ask(scene.con, "steps.sql", {"observed": observed}, given)
    if not found["n_rows"]:
        return {"skipped": "no dated rows"}
    pct = round(100 * found["rows_on_grid"] / found["n_rows"], 4)
    return {"pct": pct, "rows": found["rows_on_grid"], "step_s": step, "checked": found["n_rows"]}


def _population(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Series seen against those in service that day, each counted once however many observations it has."""
    found = _series(scene, rule)
    if "skipped" in found:
        return found
    share = 100 * found["series_seen"] / found["series_expected"]
    kept = ("series_seen", "series_expected", "checked", "absent")
    return {"pct": round(share, 4), **{name: found[name] for name in kept}}


def _instants(scene: Scene, rule: DeliveryRule) -> Numbers:
    start, end = scene.bounds
    column = str(rule.parameters["column"])
    observed = observed_rows(scene, str(rule.parameters["table"]), column)
    if scene.arrival.period is None:
        end = datetime(9999, 1, 1, tzinfo=UTC)  # a snapshot may hold what is planned
    return ask(scene.con, "instants.sql", {"observed": observed}, {"period_start": start, "period_end": end})


def _local(scene: Scene, instant: datetime) -> str:
    return instant.astimezone(ZoneInfo(scene.contract.timezone)).isoformat(timespec="minutes")


_MEASURES: Mapping[str, Callable[[Scene, DeliveryRule], Numbers]] = {
    "columns_missing": _columns_missing,
    "quarantine_share": _quarantine_share,
    "row_count": _row_count,
    "volume_against_history": _volume,
    "mean_against_history": _mean,
    "series_complete": _series,
    "series_population": _population,
    "step_matches": _steps,
    "frozen_series": measure_frozen_series,
    "covers_period": _covers,
    "period_matches": _period_matches,
    "service_days": measure_service_days,
    "service_hours": measure_service_hours,
    "calendar_covers": measure_calendar,
    "gaps": measure_gaps,
    "day_steps": measure_day_steps,
    "plateaus": measure_plateaus,
    "spikes": measure_spikes,
    "slopes": measure_slopes,
    "silent_series": measure_silence,
    "trips_against_last": measure_trips_a_week,
    "service_cliff": measure_service_cliff,
    "vanished_keys": measure_vanished,
    "gtfs_conformance": lambda _scene, _rule: {},
}
