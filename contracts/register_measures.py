"""Objects of a register: which are in service on a day, and which have vanished since the last one.

Here: the numbers. Not here: how many may be missing (`rules/`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from contracts.compile.quoting import name as quoted
from contracts.compile.quoting import parquet
from contracts.frozen_measures import is_personal
from contracts.model import DeliveryRule
from contracts.scene import Numbers, Scene, accepted_rows, ask, equals_all


def in_service(rule: DeliveryRule, register: Path, day: date) -> tuple[str, dict[str, object]]:
    """Return a SELECT of the register's objects in service on a day (column `series`) and its parameters.

    An object is in service from its first day on, before its last.
    """
    p = rule.parameters
    where, values = equals_all(p.get("register_where") or {}, prefix="register")
    conditions = [where]
    if p.get("from"):
        conditions.append(f"coalesce(CAST({quoted(str(p['from']))} AS DATE) <= $day, TRUE)")
    if p.get("until"):
        conditions.append(f"coalesce(CAST({quoted(str(p['until']))} AS DATE) > $day, TRUE)")
    if len(conditions) > 1:
        values["day"] = day
    key = quoted(str(p.get("register_key") or p["key"]))
    select = f"SELECT DISTINCT CAST({key} AS VARCHAR) AS series FROM read_parquet($register) WHERE "
    return select + " AND ".join(conditions), {**values, "register": str(register)}


def measure_vanished(scene: Scene, rule: DeliveryRule) -> Numbers:
    """Count keys of the last accepted delivery that this one no longer has."""
    p = rule.parameters
    last, now = scene.registers.get(str(p["register"])), accepted_rows(scene, str(p["table"]))
    if last is None:
        return {"skipped": f"needs the register {p['register']}"}
    if now is None:
        return {"skipped": "no accepted rows"}
    key = f"CAST({quoted(str(p['key']))} AS VARCHAR) AS series"
    sources = {
        "before": f"SELECT DISTINCT {key} FROM {parquet(last)}",
        "present": f"SELECT DISTINCT {key} FROM ({now})",
    }
    found = ask(scene.con, "vanished.sql", sources, {"named": 5})
    if not found["known_before"]:
        return {"skipped": "no accepted rows"}
    return {
        "pct": round(100 * found["vanished"] / found["known_before"], 4),
        "vanished": found["vanished"],
        "known_before": found["known_before"],
        "checked": found["known_before"],
        "absent": [] if is_personal(scene, rule) else list(found["absent"] or ()),
    }
