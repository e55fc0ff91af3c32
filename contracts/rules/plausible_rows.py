"""Row rules about what is plausible: true of most rows, worth a look where they fail.

Here: each kind's words and SQL. Not here: their parameters' shapes (`plausible_kinds`), or whole series
and deliveries (`series_measures`). Thresholds are contracts' (the standards give the usual ones).
"""

from __future__ import annotations

from datetime import date, timedelta

from contracts.compile.arrow import Family, family_of
from contracts.compile.quoting import text, texts
from contracts.model import RowRule
from contracts.plausible_kinds import PLAUSIBLE_ROWS
from contracts.rules.row_kinds import NUMBER, Look, RowKind, register
from contracts.scene import local_day

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of WGS 84 (IUGG)."""


def distance_m(lat: str, lon: str, lat_2: str, lon_2: str) -> str:
    """SQL of the great-circle distance in metres between two places in degrees (haversine), or null."""
    half_lat, half_lon = f"radians({lat_2} - {lat}) / 2", f"radians({lon_2} - {lon}) / 2"
    chord = f"sin({half_lat}) ** 2 + cos(radians({lat})) * cos(radians({lat_2})) * sin({half_lon}) ** 2"
    return f"2 * {EARTH_RADIUS_M} * atan2(sqrt({chord}), sqrt(greatest(0, 1 - ({chord}))))"


def _beyond(look: Look) -> str:
    value = look.column()
    signs = {"minimum": "<", "maximum": ">"}
    tests = [f"{value} {sign} {look.number(k)}" for k, sign in signs.items() if k in look.rule.parameters]
    return " OR ".join(tests) or "FALSE"


def _within_text(rule: RowRule) -> str:
    signs = {"minimum": "≥", "maximum": "≤"}
    return ", ".join(f"{sign} {rule.parameters[k]}" for k, sign in signs.items() if k in rule.parameters)


def _is_flagged(look: Look) -> str:
    return f"{look.column()} IN ({texts(str(v) for v in look.rule.parameters['values'])})"


def _not_at_rest(look: Look) -> str:
    local = f"timezone({text(look.timezone)}, {look.named('at')})"
    start, end = (_minutes(str(look.rule.parameters[k])) for k in ("from", "to"))
    minute = f"(hour({local}) * 60 + minute({local}))"
    joint = "AND" if start <= end else "OR"
    hours = f"{minute} >= {start} {joint} {minute} < {end}"
    # CASE: few rows move, and only theirs need the local hour.
    return f"CASE WHEN {look.column()} > {look.number('maximum')} AND {look.where()} THEN {hours} END"


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _above_own_ceiling(look: Look) -> str:
    """Only rows above the lowest ceiling are looked up."""
    key, limit = look.named("key"), look.named("limit")
    ceiling = f"CAST({limit} AS DOUBLE) * {look.number('factor')}"
    known = f"SELECT {key} AS key, max({ceiling}) AS ceiling FROM {look.register} GROUP BY 1"
    lowest = f"SELECT min({ceiling}) FROM {look.register}"
    return (
        f"SELECT s.{NUMBER} FROM {look.rows} AS s JOIN ({known}) AS k ON s.{key} = k.key"
        f" WHERE s.{look.column()} > ({lowest}) AND s.{look.column()} > k.ceiling AND {look.where()}"
    )


def _far_from_register(look: Look) -> str:
    key, lat, lon = look.named("key"), look.column(0), look.column(1)
    place = f"any_value({lat}) AS lat, any_value({lon}) AS lon"
    known = f"SELECT {key} AS key, {place} FROM {look.register} GROUP BY 1"
    distance = distance_m(f"s.{lat}", f"s.{lon}", "k.lat", "k.lon")
    return (
        f"SELECT s.{NUMBER} FROM {look.rows} AS s JOIN ({known}) AS k ON s.{key} = k.key"
        f" WHERE {distance} > {look.number('maximum_m')}"
    )


def _not_as_in_register(look: Look) -> str:
    key, value = look.named("key"), look.column()
    known = f"SELECT {key} AS key, any_value({value}) AS value FROM {look.register} GROUP BY 1"
    differs = f"s.{value} <> k.value"
    if family_of(look.table.column(look.rule.columns[0]).physical_type) in _NUMBERS:
        tolerance = f"{look.number('tolerance_pct')} / 100 * abs(k.value)"
        differs = f"round(abs(CAST(s.{value} AS DOUBLE) - k.value) - {tolerance}, 9) > 0"
    return f"SELECT s.{NUMBER} FROM {look.rows} AS s JOIN ({known}) AS k ON s.{key} = k.key WHERE {differs}"


def _fallen_for_no_reason(look: Look) -> str:
    event_key, event_at = look.named("event_key"), look.named("event_at")
    sources = {
        **_series(look),
        "event": f"SELECT {event_key} AS series, {event_at} AS happened_at FROM {look.register}",
        "given": f"SELECT {look.number('fall')} AS fall, to_seconds({look.number('within_s')}) AS within",
    }
    return look.find("falls.sql", sources)


def _jumped(look: Look) -> str:
    given = f"SELECT {look.number('rise')} AS rise, to_seconds({look.number('within_s')}) AS within"
    return look.find("jumps.sql", {**_series(look), "given": given})


def _series(look: Look) -> dict[str, str]:
    key, at, value = look.named("key"), look.named("at"), look.sound(look.rule.columns[0])
    observed = (
        f"SELECT {NUMBER} AS row, {key} AS series, {at} AS observed_at, {value} AS value FROM {look.rows}"
    )
    return {"observed": f"SELECT * FROM ({observed}) WHERE value IS NOT NULL AND observed_at IS NOT NULL"}


def _skewed(look: Look) -> str:
    if look.received_at is None:
        return "FALSE"
    at, behind = look.column(), look.rule.parameters.get("behind_s")
    latest = look.received_at + timedelta(seconds=float(look.rule.parameters["ahead_s"]))
    tests = [f"{at} > CAST({text(latest.isoformat())} AS TIMESTAMPTZ)"]
    if behind is not None:
        heard = look.received_at
        if look.period is not None:  # a day asked for again is judged as on its own evening
            heard = min(heard, local_day(date.fromisoformat(look.period), look.timezone)[1])
        oldest = heard - timedelta(seconds=float(behind))
        tests.append(f"{at} < CAST({text(oldest.isoformat())} AS TIMESTAMPTZ)")
    return " OR ".join(tests)


def _skew_text(rule: RowRule) -> str:
    behind = rule.parameters.get("behind_s")
    return f"≤ +{rule.parameters['ahead_s']} s" + ("" if behind is None else f", ≥ -{behind} s")


_NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.DOUBLE)

for _kind in (
    RowKind("soft_limits", PLAUSIBLE_ROWS["soft_limits"], _within_text, fails=_beyond),
    RowKind(
        "value_flagged",
        PLAUSIBLE_ROWS["value_flagged"],
        lambda rule: "≠ " + ", ".join(str(v) for v in rule.parameters["values"]),
        fails=_is_flagged,
    ),
    RowKind(
        "rest_hours",
        PLAUSIBLE_ROWS["rest_hours"],
        lambda rule: "≤ {maximum} ({from}–{to})".format_map(rule.parameters),
        fails=_not_at_rest,
    ),
    RowKind(
        "register_ceiling",
        PLAUSIBLE_ROWS["register_ceiling"],
        lambda rule: f"its own limit in {rule.parameters.get('register', '–')}",
        rows=_above_own_ceiling,
        looks_up=lambda rule: (str(rule.parameters["key"]), str(rule.parameters["limit"])),
    ),
    RowKind(
        "near_register_place",
        PLAUSIBLE_ROWS["near_register_place"],
        lambda rule: "≤ {maximum_m} m".format_map(rule.parameters),
        rows=_far_from_register,
        looks_up=lambda rule: (str(rule.parameters["key"]), *rule.columns[:2]),
    ),
    RowKind(
        "same_as_register",
        PLAUSIBLE_ROWS["same_as_register"],
        lambda rule: f"± {rule.parameters.get('tolerance_pct', 0)} %",
        rows=_not_as_in_register,
        looks_up=lambda rule: (str(rule.parameters["key"]), rule.columns[0]),
    ),
    RowKind(
        "fall_without_event",
        PLAUSIBLE_ROWS["fall_without_event"],
        lambda rule: "≤ {fall} (± {within_s} s)".format_map(rule.parameters),
        rows=_fallen_for_no_reason,
        looks_up=lambda rule: (str(rule.parameters["event_key"]), str(rule.parameters["event_at"])),
    ),
    RowKind(
        "jump",
        PLAUSIBLE_ROWS["jump"],
        lambda rule: "≤ {rise} ({within_s} s)".format_map(rule.parameters),
        rows=_jumped,
    ),
    RowKind("clock_skew", PLAUSIBLE_ROWS["clock_skew"], _skew_text, fails=_skewed, needs_arrival=True),
):
    register(_kind)
