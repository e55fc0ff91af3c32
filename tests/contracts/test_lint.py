"""What is unwise in a contract is told with its line and a remedy; a wise one is left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import Home
from contracts.lint import lint_contract
from contracts.model import Dimension, Severity
from contracts.patterns import matching_text
from contracts.resolve import load_contract
from contracts.verdict import Arrival, Outcome, RuleResult, Status, Verdict
from contracts.verdicts import record

ROOT = Path(__file__).parents[2]
CONTRACTS = sorted((ROOT / "pools/porto-alegre/contracts").glob("*.yaml"))
WISE = """apiVersion: v3.1.0
kind: DataContract
id: acme-things
version: 1.0.0
status: active
description: {purpose: Count things}
servers:
  - server: production
    type: api
    location: https://acme.example/things.csv
    customProperties: [{property: wireFormat, value: delimited}]
schema:
  - name: thing
    properties:
      - {name: thing_id, logicalType: string, primaryKey: true, required: true}
      - name: weight_kg
        logicalType: number
        logicalTypeOptions: {minimum: 0}
        customProperties: [{property: unit, value: kg}]
      - {name: code, logicalType: string, logicalTypeOptions: {pattern: "^[A-Z]{3}$"}}
slaProperties: [{property: frequency, value: 1, unit: d}]
support: [{channel: data@acme.example, tool: email}]
customProperties:
  - {property: contributor, value: acme}
  - {property: delivery, value: {mode: snapshot}}
  - {property: tolerance, value: {quarantined: 2}}
  - {property: terms, value: {licence: etalab-2.0, default: open, purposes: [research], attribution: Acme}}
"""


def lint(tmp_path: Path, text: str, home: Home | None = None) -> dict[str, object]:
    path = tmp_path / "acme-things.yaml"
    path.write_text(text, encoding="utf-8")
    return {a.code: a.problem for a in lint_contract(load_contract(path), home=home).advice}


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda p: p.stem)
def test_the_bundled_contracts_are_wise(path):
    assert lint_contract(load_contract(path)).advice == ()


def test_a_wise_contract_gets_no_advice(tmp_path):
    assert lint(tmp_path, WISE) == {}


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("slaProperties: [{property: frequency, value: 1, unit: d}]\n", "", "no_service_level", None),
        ("support: [{channel: data@acme.example, tool: email}]\n", "", "no_contact", None),
        (", purposes: [research]", "", "no_purpose", "property: terms"),
        (", attribution: Acme", "", "no_attribution", "property: terms"),
        ("licence: etalab-2.0", "licence: unknown", "no_licence", "property: terms"),
        ("description: {purpose: Count things}\n", "", "no_purpose_of_data", None),
        (", primaryKey: true, required: true", "", "no_key", "name: thing\n"),
        (", required: true", "", "key_may_be_empty", "thing_id"),
        ("quarantined: 2", "quarantined: 50", "wide_tolerance", "tolerance"),
        ("minimum: 0", "minimum: -5", "range_wider_than_unit", "logicalTypeOptions"),
        ("minimum: 0", "minimum: 5, maximum: 4", "empty_range", "logicalTypeOptions"),
        ("{3}$", "{3}$ ", "pattern_matches_nothing", "code"),
        ('"^[A-Z]{3}$"', '"^[A-Z]{3}$", maxLength: 2', "pattern_matches_nothing", "code"),
        ('"^[A-Z]{3}$"}', '"^[A-Z]{3}$"}, examples: [abc]', "pattern_refuses_examples", "code"),
        ("name: code,", "name: email,", "looks_personal", "email"),
        ("      - {name: code", "      # to review: a guess\n      - {name: code", "to_review", "to review"),
    ],
)
def test_what_is_unwise_is_told_at_its_line(tmp_path, old, new, code, at):
    assert old in WISE
    text = WISE.replace(old, new, 1)
    found = lint(tmp_path, text)
    assert list(found) == [code]
    if at is not None:
        line = next(i for i, words in enumerate((text + "\n").splitlines(keepends=True), 1) if at in words)
        assert found[code].line == line
    assert found[code].fix


def test_a_personal_column_that_members_may_see_is_told(tmp_path):
    text = WISE.replace("{name: code,", "{name: code, classification: personal,")
    text = text.replace("default: open", "default: members")
    assert "personal_column_open" in lint(tmp_path, text)


def test_a_completeness_nobody_measures_is_told(tmp_path):
    levels = 'slaProperties: [{property: completeness, value: 95, unit: "%"}, '
    assert list(lint(tmp_path, WISE.replace("slaProperties: [", levels))) == ["promise_not_measured"]


def deliver(home: Home, day: int, rule: str, column: str | None, failed: int) -> None:
    arrival = Arrival(
        delivery_id=f"{day:016x}",
        contributor="acme",
        feed="acme-things",
        period=f"2026-01-{day:02}",
        sha256="0" * 64,
        size=1,
        source="x",
        received_at=datetime(2026, 1, day, tzinfo=UTC),
    )
    result = RuleResult(
        rule=rule,
        table="thing",
        column=column,
        severity=Severity.ERROR,
        checked_rows=10,
        dimension=Dimension.UNIQUENESS,
        failed_rows=failed,
        outcome=Outcome.FAILED if failed else Outcome.PASSED,
    )
    verdict = Verdict(
        arrival=arrival,
        contract_version="1.0.0",
        contract_digest="d",
        reference_digest="r",
        engine_version="1",
        status=Status.ACCEPTED,
        rows_landed=10,
        rows_accepted=10 - failed,
        rows_quarantined=failed,
        rules=(result,),
    )
    record(home, verdict)


def test_a_key_that_repeats_in_most_of_the_last_deliveries_is_told(tmp_path):
    home = Home(tmp_path / "home")
    for day, failed in enumerate((9, 0, 0, 3, 4, 5), 1):
        deliver(home, day, "duplicate_key", None, failed)
    found = lint(tmp_path, WISE, home)
    assert "3 of the last 5 deliveries (12 rows)" in found["key_not_unique"].problem


def test_a_key_that_repeated_once_is_a_matter_for_the_report_and_not_for_the_contract(tmp_path):
    home = Home(tmp_path / "home")
    for day, failed in enumerate((0, 0, 3, 0, 0), 1):
        deliver(home, day, "duplicate_key", None, failed)
    assert lint(tmp_path, WISE, home) == {}


def test_a_pattern_that_every_row_breaks_is_told(tmp_path):
    home = Home(tmp_path / "home")
    deliver(home, 1, "pattern_mismatch", "code", 10)
    assert list(lint(tmp_path, WISE, home)) == ["pattern_matches_nothing"]
    deliver(home, 2, "pattern_mismatch", "code", 9)
    assert lint(tmp_path, WISE, home) == {}


@pytest.mark.parametrize(
    "pattern", ["^[0-9]{14}$", "^[0-9a-f]{15}$", "a|b", r"^\d{2}:\d{2}$", "^[^,]+$", "x*", "."]
)
def test_a_text_is_made_for_an_ordinary_pattern(pattern):
    assert re.search(pattern, matching_text(pattern))


@given(st.from_regex(r"^[a-c0-2]{1,4}$", fullmatch=True), st.integers(0, 3), st.integers(0, 3))
def test_a_made_text_matches_and_fits(word, low, more):
    pattern = f"^[{word}]{{{low},{low + more}}}$"
    text = matching_text(pattern, shortest=low, longest=low + more)
    assert text is not None
    assert re.search(pattern, text)
    assert low <= len(text) <= low + more


@pytest.mark.parametrize("pattern", ["^a$b", "$a", "^[0-9]{5}$ "])
def test_no_text_is_made_for_a_pattern_nothing_matches(pattern):
    assert matching_text(pattern) is None
