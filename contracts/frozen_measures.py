"""Sensors that are stuck: series that repeat one value through a whole delivery.

Here: counting them in accepted rows. Not here: how many a contract allows (`rules/delivery_rules`).
"""

from __future__ import annotations

from contracts.compile.quoting import name as quoted
from contracts.model import DeliveryRule
from contracts.scene import Numbers, Scene, accepted_rows, ask


def measure_frozen_series(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count series of at least `minimum_observations` values that are all the same.

    Values in `except` (an empty or a full container may stay so) are no sign of a stuck sensor:
    series that hold one of them all day are not counted. Keys of personal series are not named.
    """
    p = rule.parameters
    table, key, column = str(p["table"]), str(p["key"]), str(p["column"])
    source = accepted_rows(scene, table)
    if source is None:
        return {"skipped": "no accepted rows"}
    value = f"CAST({quoted(column)} AS DOUBLE)"
    at_rest = {f"except_{n}": float(v) for n, v in enumerate(p.get("except") or ())}
    moves = " AND ".join((f"{value} IS NOT NULL", *(f"{value} <> ${name}" for name in at_rest)))
    observed = (
        f"SELECT CAST({quoted(key)} AS VARCHAR) AS series, {value} AS value FROM ({source}) WHERE {moves}"
    )
    given = {"minimum": int(p["minimum_observations"]), **at_rest}
    found = ask(scene.con, "frozen.sql", {"observed": observed}, given)
    return {
        "series_frozen": found["series_frozen"],
        "series_seen": found["series_seen"],
        "checked": found["n_rows"],
        "absent": [] if is_personal(scene, rule) else list(found["absent"] or ()),
    }


def is_personal(scene: Scene, rule: DeliveryRule) -> bool:
    """Whether the rule's series are persons or customers, whose keys stay out of reports."""
    column = scene.contract.table(str(rule.parameters["table"])).column(str(rule.parameters["key"]))
    return column.classification == "personal" or scene.contract.terms.protected_unit == column.name
