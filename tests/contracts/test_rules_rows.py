"""Row rules about what is plausible: each on a table that breaks only it, and at its edge."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.model import RowRule, Severity
from contracts.record_gate import RecordJudgement, judge_rows
from contracts.verdict import Outcome
from tests.contracts.record_gate_toys import Gate, column, contract, failing, raw, result, table

METRE_OF_LATITUDE = 360 / 40_030_228.88
"""Degrees: one over the mean circumference (radius 6,371,008.8 m)."""


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def warn(kind: str, *columns: str, **parameters: Any) -> RowRule:
    register = parameters.get("register")
    return RowRule(
        id=kind,
        kind=kind,
        columns=columns,
        parameters={k.removesuffix("_"): v for k, v in parameters.items()},
        severity=Severity.WARNING,
        needs=(register,) if register else (),
    )


def flagged(judgement: RecordJudgement) -> list[int]:
    """Positions of the rows that the only warning names; nothing may be quarantined."""
    assert all(t.quarantined == 0 for t in judgement.tables)
    return [e.position for r in judgement.rules if r.outcome is Outcome.WARNING for e in r.examples]


def test_a_value_at_its_soft_limit_is_not_beyond_it(gate: Gate) -> None:
    promise = contract(
        table(column("t", "DOUBLE"), rules=(warn("soft_limits", "t", maximum=60, minimum=-20),))
    )
    judgement = gate.judge(promise, raw("t", ("60",), ("60.1",), ("-20",), ("-20.1",), (None,)))
    assert flagged(judgement) == [1, 3]
    assert result(judgement, "soft_limits").expected == "≥ -20, ≤ 60"
    assert len(gate.accepted()) == 5


def test_a_state_that_says_something_is_wrong_is_told(gate: Gate) -> None:
    promise = contract(table(column("status"), rules=(warn("value_flagged", "status", values=["dropped"]),)))
    assert flagged(gate.judge(promise, raw("status", ("ok",), ("dropped",), (None,)))) == [1]


@pytest.mark.parametrize(
    ("stamp", "is_night"),
    [("22:59", False), ("23:00", True), ("00:00", True), ("03:59", True), ("04:00", False), ("12:00", False)],
)
def test_night_is_local_and_its_end_is_day(gate: Gate, stamp: str, is_night: bool) -> None:
    rest = warn(
        "rest_hours", "w", at="at", from_="23:00", to="04:00", maximum=0, where={"sens": "production"}
    )
    cells = (column("at", "TIMESTAMPTZ"), column("sens"), column("w", "DECIMAL(9,3)"))
    promise = contract(table(*cells, rules=(rest,)), timezone="Europe/Paris")
    at = f"2021-07-01T{stamp}:00+02:00"
    rows = [(at, "production", "0"), (at, "production", "0.1"), (at, "consumption", "7")]
    assert flagged(gate.judge(promise, raw("at sens w", *rows))) == ([1] if is_night else [])


def test_the_ceiling_is_the_objects_own(gate: Gate) -> None:
    gate.register("meters/meter", "SELECT * FROM (VALUES ('a', 6), ('b', 9), ('c', NULL)) AS t (id, kva)")
    own = warn(
        "register_ceiling",
        "w",
        register="meters/meter",
        key="id",
        limit="kva",
        factor=1000,
        where={"sens": "in"},
    )
    promise = contract(table(column("id"), column("sens"), column("w", "DECIMAL(9,3)"), rules=(own,)))
    rows = [
        ("a", "in", "6000"),
        ("a", "in", "6000.001"),
        ("a", "out", "7000"),
        ("b", "in", "9000"),
        ("b", "in", "9001"),
        ("c", "in", "99999"),
        ("d", "in", "99999"),
    ]
    assert flagged(gate.judge(promise, raw("id sens w", *rows))) == [1, 4]


@pytest.mark.parametrize(("metres", "is_far"), [(49.9, False), (50.1, True)])
def test_a_place_is_held_to_its_register_in_metres(gate: Gate, metres: float, is_far: bool) -> None:
    gate.register("bins/bin", "SELECT 'a' AS id, 45.0::DOUBLE AS lat, 4.0::DOUBLE AS lon")
    near = warn("near_register_place", "lat", "lon", register="bins/bin", key="id", maximum_m=50)
    promise = contract(table(column("id"), column("lat", "DOUBLE"), column("lon", "DOUBLE"), rules=(near,)))
    rows = [("a", repr(45 + metres * METRE_OF_LATITUDE), "4"), ("a", None, "4"), ("z", "0", "0")]
    assert flagged(gate.judge(promise, raw("id lat lon", *rows))) == ([0] if is_far else [])


def test_a_number_may_differ_from_its_register_by_its_tolerance(gate: Gate) -> None:
    gate.register("last/bin", "SELECT * FROM (VALUES ('a', 100.0), ('b', 100.0)) AS t (id, litres)")
    same = warn("same_as_register", "litres", register="last/bin", key="id", tolerance_pct=10)
    promise = contract(table(column("id"), column("litres", "DECIMAL(9,1)"), rules=(same,)))
    rows = [("a", "110"), ("a", "110.1"), ("b", "90"), ("b", "89.9"), ("new", "5")]
    assert flagged(gate.judge(promise, raw("id litres", *rows))) == [1, 3]


def test_a_text_differs_from_its_register_by_a_letter(gate: Gate) -> None:
    gate.register("last/bin", "SELECT * FROM (VALUES ('a', 'glass'), ('b', NULL)) AS t (id, stream)")
    same = warn("same_as_register", "stream", register="last/bin", key="id")
    promise = contract(table(column("id"), column("stream"), rules=(same,)))
    assert flagged(gate.judge(promise, raw("id stream", ("a", "glass"), ("a", "paper"), ("b", "x")))) == [1]


LEVEL = (column("id"), column("at", "TIMESTAMPTZ"), column("level", "DOUBLE", minimum=0, maximum=1))
FALL = warn(
    "fall_without_event",
    "level",
    key="id",
    at="at",
    fall=0.3,
    within_s=7200,
    register="rounds/collection",
    event_key="id",
    event_at="collected_at",
)


def collections(gate: Gate, *rows: tuple[str, str]) -> None:
    listed = ", ".join(f"('{key}', TIMESTAMPTZ '2021-07-01 {at}:00+00')" for key, at in rows)
    gate.register("rounds/collection", f"SELECT * FROM (VALUES {listed}) AS t (id, collected_at)")


def levels(*rows: tuple[str, str, str]) -> Any:
    return raw("id at level", *((key, f"2021-07-01T{at}:00Z", level) for key, at, level in rows))


@pytest.mark.parametrize(
    ("collected", "is_flagged"),
    [("05:59", True), ("06:00", False), ("09:00", False), ("12:00", False), ("12:01", True)],
)
def test_a_fall_is_explained_by_a_collection_within_two_hours(
    gate: Gate, collected: str, is_flagged: bool
) -> None:
    collections(gate, ("a", collected), ("b", "20:00"))
    judgement = gate.judge(
        contract(table(*LEVEL, rules=(FALL,))), levels(("a", "08:00", "0.9"), ("a", "10:00", "0.1"))
    )
    assert flagged(judgement) == ([1] if is_flagged else [])


@pytest.mark.parametrize(("after", "is_flagged"), [("0.6", False), ("0.599", True)])
def test_a_fall_of_just_the_bound_is_none(gate: Gate, after: str, is_flagged: bool) -> None:
    collections(gate, ("b", "20:00"))
    judgement = gate.judge(
        contract(table(*LEVEL, rules=(FALL,))), levels(("a", "08:00", "0.9"), ("a", "10:00", after))
    )
    assert flagged(judgement) == ([1] if is_flagged else [])


def test_a_fall_later_than_the_last_known_collection_waits(gate: Gate) -> None:
    collections(gate, ("b", "09:59"))
    judgement = gate.judge(
        contract(table(*LEVEL, rules=(FALL,))), levels(("a", "08:00", "0.9"), ("a", "10:00", "0"))
    )
    assert flagged(judgement) == []


def test_a_fall_is_seen_in_order_of_time_and_not_from_an_impossible_level(gate: Gate) -> None:
    collections(gate, ("b", "20:00"))
    rows = levels(("a", "10:00", "0.2"), ("a", "06:00", "0.1"), ("a", "08:00", "1.7"), ("b", "05:00", "0.9"))
    judgement = gate.judge(contract(table(*LEVEL, rules=(FALL,))), rows)
    assert failing(judgement) == {"value_above_maximum:level": 1}


def test_without_a_register_the_rule_says_what_it_lacks(gate: Gate) -> None:
    unnamed = FALL.model_copy(
        update={"parameters": {k: v for k, v in FALL.parameters.items() if k != "register"}, "needs": ()}
    )
    for rule, reason in (
        (FALL, "needs rounds/collection"),
        (unnamed, "the contract names no register for it"),
    ):
        found = result(
            gate.judge(contract(table(*LEVEL, rules=(rule,))), levels(("a", "08:00", "0"))), rule.id
        )
        assert (found.outcome, found.reason) == (Outcome.SKIPPED, reason)
    gate.register("rounds/collection", "SELECT 'a' AS id")
    found = result(gate.judge(contract(table(*LEVEL, rules=(FALL,))), levels(("a", "08:00", "0"))), FALL.id)
    assert found.reason == "the register rounds/collection has no column collected_at"


@pytest.mark.parametrize(
    ("at", "level", "is_flagged"),
    [("08:15", "0.8", False), ("08:15", "0.801", True), ("08:16", "0.9", False)],
)
def test_a_jump_is_high_and_quick(gate: Gate, at: str, level: str, is_flagged: bool) -> None:
    jump = warn("jump", "level", key="id", at="at", rise=0.5, within_s=900)
    rows = levels(("a", "08:00", "0.3"), ("b", "08:10", "0"), ("a", at, level))
    judgement = gate.judge(contract(table(*LEVEL, rules=(jump,))), rows)
    assert flagged(judgement) == ([2] if is_flagged else [])


@pytest.mark.parametrize(
    ("at", "is_flagged"),
    [
        ("2021-07-08T12:05:00Z", False),
        ("2021-07-08T12:05:01Z", True),
        ("2021-07-01T12:00:00Z", False),
        ("2021-07-01T11:59:59Z", True),
    ],
)
def test_a_clock_may_be_five_minutes_ahead_and_seven_days_behind(
    gate: Gate, at: str, is_flagged: bool
) -> None:
    clock = warn("clock_skew", "at", ahead_s=300, behind_s=7 * 86_400)
    promise = contract(table(column("at", "TIMESTAMPTZ"), rules=(clock,)))
    judgement = judge_rows(
        gate.con,
        promise,
        {"toy": raw("at", (at,))},
        {},
        gate.folder / "accepted",
        gate.folder / "quarantine",
        period=None,
        scratch=gate.folder / "scratch",
        received_at=datetime(2021, 7, 8, 12, tzinfo=UTC),
    )
    assert flagged(judgement) == ([0] if is_flagged else [])


def test_a_clock_is_not_judged_where_the_arrival_is_unknown(gate: Gate) -> None:
    promise = contract(table(column("at", "TIMESTAMPTZ"), rules=(warn("clock_skew", "at", ahead_s=300),)))
    found = result(gate.judge(promise, raw("at", ("2021-07-01T00:00:00Z",))), "clock_skew")
    assert (found.outcome, found.reason) == (Outcome.SKIPPED, "needs to know when the delivery came")


def test_what_breaks_a_firm_rule_is_not_also_implausible(gate: Gate) -> None:
    soft = warn("soft_limits", "t", maximum=60)
    judgement = gate.judge(
        contract(table(column("t", "DOUBLE", maximum=100), rules=(soft,))), raw("t", ("200",), ("70",))
    )
    assert failing(judgement) == {"value_above_maximum:t": 1, "soft_limits:t": 1}
    assert gate.quarantined("rules") == [([{"rule": "value_above_maximum", "column": "t"}],)]


def test_an_implausible_row_is_put_aside_where_the_contract_says_so(gate: Gate) -> None:
    firm = warn("soft_limits", "t", maximum=60).model_copy(update={"severity": Severity.ERROR})
    gate.judge(contract(table(column("t", "DOUBLE"), rules=(firm,))), raw("t", ("61",), ("60",)))
    assert [o["t"] for (o,) in gate.quarantined("original")] == ["61"]
