# ruff: noqa: E501 - a case a line reads better
"""A change of a contract is told with whom it breaks, and the version it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.change import Level, honours, next_version
from contracts.diff import Comparison, compare_contracts
from contracts.resolve import load_contract

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "pools/porto-alegre/contracts"
OLD = """apiVersion: v3.1.0
kind: DataContract
id: acme-things
version: 1.4.2
status: active
description: {purpose: Count things}
domain: waste
servers:
  - server: production
    type: api
    location: https://acme.example/things_{period}.csv
    customProperties:
      - {property: wireFormat, value: delimited}
      - {property: dialect, value: {delimiter: ","}}
schema:
  - name: thing
    quality:
      - id: level
        type: custom
        engine: regie
        implementation: {rule: level_falls, kind: compare_columns, parameters: {left: kind, operator: "<=", right: thing_id}}
    properties:
      - {name: thing_id, logicalType: string, primaryKey: true, required: true}
      - name: size_l
        physicalName: size
        logicalType: number
        physicalType: DECIMAL(9,2)
        logicalTypeOptions: {minimum: 0, maximum: 100}
        customProperties: [{property: unit, value: l}]
      - {name: level, logicalType: number}
      - name: kind
        logicalType: string
        logicalTypeOptions: {pattern: "^[a-z]+$"}
        quality: [{id: values, metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}]
      - {name: seen_on, logicalType: date, customProperties: [{property: expected, value: false}]}
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: latency, value: 2, unit: h}
support: [{channel: data@acme.example, tool: email}]
customProperties:
  - {property: contributor, value: acme}
  - {property: delivery, value: {mode: periodic, period: P1D, startsOn: "2026-01-01", stepS: 1800}}
  - {property: tolerance, value: {quarantined: 5}}
  - property: deliveryRules
    value:
      - {id: row_count, kind: row_count, parameters: {table: thing, minimum: 10}}
      - {id: volume, kind: volume_against_history, parameters: {table: thing, tolerance_pct: 20, minimum_history: 5}, severity: warning}
  - property: terms
    value: {licence: etalab-2.0, default: open, purposes: [research, planning], attribution: Acme, embargo: P1D}
"""


def compare(tmp_path: Path, *swaps: tuple[str, str]) -> Comparison:
    new = OLD
    for old_text, new_text in swaps:
        assert old_text in new, old_text
        new = new.replace(old_text, new_text, 1)
    for name, text in (("old.yaml", OLD), ("new.yaml", new)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return compare_contracts(load_contract(tmp_path / "old.yaml"), load_contract(tmp_path / "new.yaml"))


BREAKING = [
    ("      - {name: level, logicalType: number}\n", "", "column_dropped", "pool re-users"),
    ("name: size_l\n        physicalName: size", "name: capacity_l\n        physicalName: size", "column_renamed", "pool re-users"),
    ("physicalName: size\n", "physicalName: volume\n", "source_renamed", "contributor"),
    ("DECIMAL(9,2)", "DECIMAL(9,1)", "column_retyped", "contributor pool re-users"),
    ("{name: level, logicalType: number}", "{name: level, logicalType: integer}", "column_retyped", "contributor pool re-users"),
    ("{name: level, logicalType: number}", "{name: level, logicalType: number, required: true}", "required_added", "contributor"),
    (", primaryKey: true, required: true", ", primaryKey: true", "required_dropped", "re-users"),
    ("      - {name: level,", "      - {name: more, logicalType: string}\n      - {name: level,", "column_added", "contributor"),
    ("maximum: 100", "maximum: 99", "limit_stricter", "contributor"),
    ("minimum: 0, ", "minimum: 1, ", "limit_stricter", "contributor"),
    ("[a-z]+", "[a-z]{2}", "limit_stricter", "contributor"),
    ("validValues: [a, b]", "validValues: [a]", "limit_stricter", "contributor"),
    ("property: unit, value: l", "property: unit, value: m3", "unit_changed", "contributor"),
    ("primaryKey: true, required: true", "required: true", "key_changed", "contributor pool re-users"),
    ('delimiter: ","', 'delimiter: ";"', "dialect_changed", "contributor"),
    ("stepS: 1800", "stepS: 900", "step_s_changed", "contributor pool re-users"),
    ("quarantined: 5", "quarantined: 1", "tolerance_lowered", "contributor"),
    ("table: thing, minimum: 10", "table: thing, minimum: 11", "rule_stricter", "contributor"),
    ('operator: "<="', 'operator: "<"', "rule_stricter", "contributor"),
    ("frequency, value: 1", "frequency, value: 2", "promise_lowered", "re-users"),
    ("latency, value: 2", "latency, value: 1", "promise_raised", "contributor"),
    ("licence: etalab-2.0", "licence: ODbL-1.0", "licence_changed", "re-users"),
    ("[research, planning]", "[research]", "permission_withdrawn", "re-users"),
    ("embargo: P1D", "embargo: P2D", "permission_withdrawn", "re-users"),
    ("default: open", "default: open, columns: {level: members}", "column_closed", "re-users"),
    ("status: active", "status: retired", "retired", "pool re-users"),
    ("id: acme-things", "id: acme-stuff", "id_changed", "pool re-users"),
]  # fmt: skip
HARMLESS = [
    ("maximum: 100", "maximum: 101", "limit_looser"),
    ("[a-z]+", "[a-z]+", None),
    ("validValues: [a, b]", "validValues: [a, b, c]", "limit_looser"),
    ("DECIMAL(9,2)", "DECIMAL(12,3)", "type_widened"),
    ("{name: seen_on, logicalType: date,", "{name: extra, logicalType: date, customProperties: [{property: expected, value: false}]}\n      - {name: seen_on, logicalType: date,", "column_added"),
    ("quarantined: 5", "quarantined: 6", "tolerance_raised"),
    ("table: thing, minimum: 10", "table: thing, minimum: 9", "rule_looser"),
    ("tolerance_pct: 20", "tolerance_pct: 10", "rule_stricter"),
    ("[research, planning]", "[research, planning, climate]", "permission_given"),
    ("embargo: P1D", "embargo: PT12H", "permission_given"),
    ("acme.example/things_", "acme.example/new/things_", "server_moved"),
    ("attribution: Acme", "attribution: Acme Ltd", "attribution_changed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "whom"), BREAKING, ids=[f"{b[2]}:{b[1][:20]}" for b in BREAKING]
)
def test_a_breaking_change_is_told_with_whom_it_breaks(tmp_path, old, new, code, whom):
    comparison = compare(tmp_path, (old, new))
    change = comparison.changes[0]
    assert (change.code, " ".join(change.breaks)) == (code, whom)
    assert comparison.proposed == "2.0.0"
    assert not comparison.is_honoured
    assert compare(tmp_path, (old, new), ("version: 1.4.2", "version: 2.0.0")).is_honoured


@pytest.mark.parametrize(("old", "new", "code"), HARMLESS, ids=[f"{h[2]}:{h[1][:20]}" for h in HARMLESS])
def test_a_change_that_breaks_nobody_asks_for_a_minor_version(tmp_path, old, new, code):
    comparison = compare(tmp_path, (old, new))
    assert [c.code for c in comparison.changes] == ([code] if code else [])
    assert all(not c.breaks for c in comparison.changes)
    assert comparison.proposed == ("1.5.0" if code else "1.4.2")
    assert comparison.is_honoured is (code is None)


def test_a_rule_that_only_tells_breaks_nobody(tmp_path):
    swap = ("severity: warning}", "severity: error}")
    assert compare(tmp_path, swap).changes[0].breaks == ("contributor",)
    gone = compare(tmp_path, ("tolerance_pct: 20", "tolerance_pct: 5"))
    assert gone.level is Level.MINOR


def test_other_words_ask_for_a_patch(tmp_path):
    comparison = compare(tmp_path, ("purpose: Count things", "purpose: Count all things"))
    assert (comparison.level, comparison.proposed) == (Level.PATCH, "1.4.3")
    described = compare(tmp_path, ("{name: level, logicalType: number}", "{name: level, logicalType: number, description: How full}"))  # fmt: skip
    assert [c.key for c in described.changes] == ["thing.level"]


def test_a_check_that_is_not_run_here_is_still_a_promise(tmp_path):
    comparison = compare(
        tmp_path, ("logicalType: date,", "logicalType: date, quality: [{metric: nullValues, mustBe: 0}],")
    )
    assert [c.code for c in comparison.changes] == ["not_checked_added"]


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_contract_does_not_differ_from_itself(path):
    contract = load_contract(path)
    comparison = compare_contracts(contract, contract)
    assert comparison.changes == ()
    assert comparison.proposed == contract.version


def test_the_readers_of_a_dropped_column_are_named(tmp_path):
    asked = []

    def readers(table, column):
        asked.append((table, column))
        return ("fill-levels",)

    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(OLD.replace("      - {name: level, logicalType: number}\n", ""))
    found = compare_contracts(
        load_contract(tmp_path / "old.yaml"), load_contract(tmp_path / "new.yaml"), readers
    )
    assert next(c for c in found.changes if c.code == "column_dropped").readers == ("fill-levels",)
    assert ("thing", "level") in asked


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [("1.4.2", Level.MAJOR, "2.0.0"), ("1.4.2", Level.MINOR, "1.5.0"), ("1.4.2", Level.PATCH, "1.4.3"),
     ("0.4.2", Level.MAJOR, "0.5.0"), ("1.4.2", Level.NONE, "1.4.2")],
)  # fmt: skip
def test_versions_follow_semver(version, level, expected):
    assert next_version(version, level) == expected


@given(st.tuples(*[st.integers(0, 99)] * 3), st.sampled_from(list(Level)))
def test_the_proposed_version_is_honoured_and_the_old_one_only_if_nothing_changed(parts, level):
    version = ".".join(map(str, parts))
    assert honours(version, next_version(version, level), level)
    assert honours(version, version, level) is (level is Level.NONE)
