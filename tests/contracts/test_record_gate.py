"""Gate 1 on tiny tables: each rule, its edges, and what becomes of the rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from contracts.model import Delivery, DeliveryMode, RowRule, Severity
from contracts.raw_table import RawTable
from contracts.verdict import Outcome
from tests.contracts.record_gate_toys import (
    Gate,
    ceiling,
    column,
    contract,
    failing,
    known,
    raw,
    result,
    table,
)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "INTEGER",
            ["0", "-7", "+7", "12.0", "007"],
            ["384.5", "1e3", " 12 ", "12 ", "0x10", "1_000", "nan", "2147483648", "twelve"],
        ),
        (
            "DECIMAL(9,3)",
            ["0.5", ".5", "5.", "-0", "0.0004"],
            ["1e3", "1,5", " 1", "inf", "1234567.0", "nan", "--1"],
        ),
        ("DOUBLE", ["0.5", "1e3", "1E-5", "-0.0"], ["nan", "NaN", "inf", "-Infinity", "1e999", " 1", "1,5"]),
        ("BOOLEAN", ["true", "False", "0", "1"], ["yes", "t", "2", " true"]),
        (
            "DATE",
            ["2019-02-28"],
            ["2019-02-29", "20190228", "2019-2-28", "28/02/2019", "2019-02-28 ", "2019-02-28T00:00:00"],
        ),
        (
            "TIMESTAMPTZ",
            [
                "2019-05-20T00:00:00-03:00",
                "2019-05-20 00:00:00.123Z",
                "2019-05-20T00:00Z",
                "2019-05-20T00:00:00+0530",
                "2019-05-20T00:00:00-03",
            ],
            [
                "2019-05-20T00:00:00",
                "2019-05-20",
                "2019-05-20T25:00:00Z",
                "infinity",
                "epoch",
                " 2019-05-20T00:00:00Z",
                "2019-05-20T0:00:00Z",
            ],
        ),
    ],
)
def test_text_that_a_cast_would_forgive_is_a_type_mismatch(
    gate: Gate, kind: str, good: list[str], bad: list[str]
) -> None:
    rows = [(text,) for text in [*good, *bad]]
    judgement = gate.judge(contract(table(column("v", kind))), raw("v", *rows))
    assert failing(judgement) == {"type_mismatch:v": len(bad)}
    assert [o["v"] for (o,) in gate.quarantined("original")] == bad
    assert len(gate.accepted()) == len(good)


def test_an_empty_cell_fails_only_where_a_value_is_required(gate: Gate) -> None:
    promise = contract(
        table(column("a", required=True), column("b", "INTEGER", required=True), column("c", "DOUBLE"))
    )
    judgement = gate.judge(promise, raw("a b c", ("x", "1", None), (None, "1", "2"), ("", "", "")))
    assert failing(judgement) == {"missing_value:a": 2, "missing_value:b": 1}
    assert gate.accepted() == [("x", 1, None)]


def test_a_cell_breaks_its_first_rule_only(gate: Gate) -> None:
    """What isn't a number is not also too large, and a malformed id is not also unknown."""
    gate.register("feed/known", "SELECT 'ab' AS id")
    rule = known("id", "feed/known.id", "unknown_thing")
    promise = contract(
        table(
            column("id", pattern="^[a-z]{2}$"),
            column("v", "DECIMAL(9,3)", maximum=Decimal(10), minimum=Decimal(0)),
            rules=(rule,),
        )
    )
    judgement = gate.judge(promise, raw("id v", ("ab", "1e3"), ("A", "11"), ("zz", "-1"), ("ab", "10")))
    assert failing(judgement) == {
        "pattern_mismatch:id": 1,
        "type_mismatch:v": 1,
        "value_below_minimum:v": 1,
        "value_above_maximum:v": 1,
        "unknown_thing:id": 1,
    }
    assert gate.accepted() == [("ab", Decimal("10.000"))]


@pytest.mark.parametrize(
    ("limits", "bad"),
    [
        ({"minimum": Decimal(0)}, ["-0.001"]),
        ({"exclusive_minimum": Decimal(0)}, ["-0.001", "0"]),
        ({"maximum": Decimal("0.1")}, ["0.101", "1", "0.2"]),
        ({"exclusive_maximum": Decimal("0.1")}, ["0.1", "0.101", "1", "0.2"]),
    ],
)
@pytest.mark.parametrize("kind", ["DOUBLE", "DECIMAL(9,3)"])
def test_a_limit_includes_its_edge_unless_it_is_exclusive(
    gate: Gate, kind: str, limits: dict[str, Decimal], bad: list[str]
) -> None:
    values = ["-0.001", "0", "0.1", "0.101", "1", "0.2"]
    gate.judge(contract(table(column("v", kind, **limits))), raw("v", *((v,) for v in values)))
    assert sorted(o["v"] for (o,) in gate.quarantined("original")) == sorted(bad)


def test_allowed_numbers_are_compared_by_value_and_texts_by_letter(gate: Gate) -> None:
    promise = contract(
        table(
            column("kind", "INTEGER", valid_values=("0", "1")),
            column("word", valid_values=("Été", "l'hiver")),
            column("ratio", "DOUBLE", valid_values=("0.5", "1")),
        )
    )
    rows = [("01", "Été", "0.50"), ("2", "été", "0.5"), ("1", "l'hiver", "0.3"), (None, None, None)]
    judgement = gate.judge(promise, raw("kind word ratio", *rows))
    assert failing(judgement) == {
        "value_not_allowed:kind": 1,
        "value_not_allowed:word": 1,
        "value_not_allowed:ratio": 1,
    }
    assert [position for (position,) in gate.quarantined("position")] == [1, 2]


def test_length_counts_characters_not_bytes(gate: Gate) -> None:
    promise = contract(table(column("v", min_length=2, max_length=3)))
    judgement = gate.judge(promise, raw("v", ("é",), ("éé",), ("日本語",), ("日本語!",)))
    assert failing(judgement) == {"length_out_of_range:v": 2}


def test_a_pattern_that_sql_cannot_express_is_still_judged(gate: Gate) -> None:
    promise = contract(table(column("v", pattern="^(?!x).*$")))
    judgement = gate.judge(promise, raw("v", ("abc",), ("xyz",), (None,)))
    assert failing(judgement) == {"pattern_mismatch:v": 1}


def test_the_first_copy_of_a_key_is_kept(gate: Gate) -> None:
    promise = contract(table(column("k", primary_key=True, required=True), column("v")))
    rows = [("a", "1"), ("b", "1"), ("a", "2"), (None, "1"), (None, "2"), ("a", "1")]
    judgement = gate.judge(promise, raw("k v", *rows))
    assert failing(judgement) == {"missing_value:k": 2, "duplicate_key:k": 2}
    assert gate.accepted() == [("a", "1"), ("b", "1")]


def test_a_key_is_compared_by_value_and_never_by_text_that_is_none(gate: Gate) -> None:
    promise = contract(
        table(
            column("id", primary_key=True, required=True),
            column("n", "INTEGER", primary_key=True),
            column("u", unique=True),
        )
    )
    rows = [
        ("a", "1", "x"),
        ("a", "01", "y"),
        ("a", None, "z"),
        ("a", "bad", "x"),
        ("a", "", "w"),
        ("b", None, None),
        ("c", None, None),
    ]
    judgement = gate.judge(promise, raw("id n u", *rows))
    assert failing(judgement) == {"type_mismatch:n": 1, "duplicate_key:None": 2, "duplicate_key:u": 1}
    assert [p for (p,) in gate.quarantined("position")] == [1, 3, 4]


def test_a_reference_leads_to_a_row_that_landed(gate: Gate) -> None:
    """A stop in quarantine is still in the sender's file: they aren't told it is missing."""
    stop = table(
        column("stop_id", primary_key=True, required=True),
        column("parent"),
        column("lat", "DOUBLE"),
        name="stop",
        rules=(known("parent", "stop.stop_id"),),
    )
    visit = table(column("stop_id"), name="visit", rules=(known("stop_id", "stop.stop_id"),))
    stops = raw(
        "stop_id parent lat", ("s1", None, "1"), ("s2", "s1", "north"), ("s3", "s9", "2"), name="stop"
    )
    visits = raw("stop_id", ("s1",), ("s2",), ("nowhere",), (None,), name="visit")
    judgement = gate.judge(contract(visit, stop), visits, stops)
    assert failing(judgement) == {
        "unknown_reference:stop_id": 1,
        "unknown_reference:parent": 1,
        "type_mismatch:lat": 1,
    }
    assert gate.accepted(name="visit") == [("s1",), ("s2",), (None,)]


def test_a_rule_without_its_register_is_skipped_by_name(gate: Gate) -> None:
    rules = (known("m", "feed/meter.m", "unknown_meter"), known("m", "level.m"))
    judgement = gate.judge(contract(table(column("m"), rules=rules)), raw("m", ("x",)))
    skipped = {r.rule: r.reason for r in judgement.rules if r.outcome is Outcome.SKIPPED}
    assert skipped == {"unknown_meter": "needs feed/meter", "unknown_reference": "needs table level"}
    assert gate.accepted() == [("x",)]


def test_a_ceiling_depends_on_the_class_of_the_object(gate: Gate) -> None:
    gate.register("feed/meter", "FROM (VALUES ('s', 'small'), ('l', 'large'), ('u', 'other')) AS t (m, size)")
    rule = ceiling("v", "m", "feed/meter", "size", {"small": 10, "large": "20.5"})
    promise = contract(table(column("m"), column("v", "DECIMAL(9,3)"), rules=(rule,)))
    rows = [
        ("s", "10"),
        ("s", "10.001"),
        ("l", "20.5"),
        ("l", "20.501"),
        ("u", "999"),
        ("?", "999"),
        (None, "999"),
        ("s", None),
    ]
    judgement = gate.judge(promise, raw("m v", *rows))
    assert failing(judgement) == {"too_much:v": 2}
    assert [p for (p,) in gate.quarantined("position")] == [1, 3]


def test_columns_are_compared_in_the_row_and_null_passes(gate: Gate) -> None:
    rule = RowRule(
        id="ends_before_it_starts",
        kind="compare_columns",
        parameters={"left": "a", "operator": "<=", "right": "b"},
        severity=Severity.WARNING,
    )
    promise = contract(table(column("a", "DATE"), column("b", "DATE"), rules=(rule,)))
    rows = [("2019-01-01", "2019-01-01"), ("2019-01-02", "2019-01-01"), (None, "2019-01-01")]
    judgement = gate.judge(promise, raw("a b", *rows))
    found = result(judgement, "ends_before_it_starts")
    assert (found.outcome, found.failed_rows, found.expected) == (Outcome.WARNING, 1, "a <= b")
    assert len(gate.accepted()) == 3  # told, not put aside


def test_a_row_is_within_the_period_of_its_local_day(gate: Gate) -> None:
    rule = RowRule(id="outside_period", kind="within_period", columns=("at",))
    promise = contract(table(column("at", "TIMESTAMPTZ"), rules=(rule,)), timezone="Europe/Paris")
    rows = [
        ("2019-03-30T22:59:59Z",),
        ("2019-03-30T23:00:00Z",),
        ("2019-03-31T21:59:59Z",),
        ("2019-03-31T22:00:00Z",),
    ]
    judgement = gate.judge(promise, raw("at", *rows), period="2019-03-31")  # a day of 23 hours
    assert failing(judgement) == {"outside_period:at": 2}
    assert [p for (p,) in gate.quarantined("position")] == [0, 3]


def test_local_times_units_and_decimal_commas_are_normalised(gate: Gate) -> None:
    promise = contract(
        table(
            column(
                "at",
                "TIMESTAMPTZ",
                primary_key=True,
                timezone="America/Sao_Paulo",
                date_format="%d/%m/%Y %H:%M",
            ),
            column("power_w", "DECIMAL(18,3)", scale=Decimal(1000), unit="kW", maximum=Decimal(500)),
            column("level", "DOUBLE", scale=Decimal("0.01")),
            column("duration_s", "INTEGER", derived="1800"),
            column("energy_wh", "DECIMAL(18,3)", derived="power_w * 1800 / 3600"),
        ),
        decimal=",",
        delivery=Delivery(mode=DeliveryMode.PERIODIC, period="P1D", step_s=1800, stamp="interval_end"),
    )
    rows = [
        ("03/06/2019 00:30", "0,384", "50"),
        ("03/06/2019 01:00", "0.384", "1"),
        (" 03/06/2019 01:30", "0,5", "1"),
        ("03/06/2019 02:00", "0,501", "1"),
    ]
    judgement = gate.judge(promise, raw("at power_w level", *rows), period="2019-06-03")
    assert failing(judgement) == {
        "type_mismatch:at": 1,
        "type_mismatch:power_w": 1,
        "value_above_maximum:power_w": 1,
    }
    assert gate.accepted('CAST("at" AS VARCHAR), power_w, level, duration_s, energy_wh') == [
        ("2019-06-03 03:00:00+00", Decimal("384.000"), 0.5, 1800, Decimal("192.000"))
    ]
    assert gate.quarantined('original."at", original.power_w')[1] == (" 03/06/2019 01:30", "0,5")


def test_a_derived_value_that_does_not_fit_is_missing(gate: Gate) -> None:
    promise = contract(
        table(
            column("a", "INTEGER"),
            column("b", "DECIMAL(4,1)", derived="a * 1000", required=True, maximum=Decimal(999)),
        )
    )
    judgement = gate.judge(promise, raw("a", ("0",), ("1",), ("-1",), (None,)))
    assert failing(judgement) == {"missing_value:b": 3}
    assert gate.accepted() == [(0, Decimal("0.0"))]


def test_lines_that_no_reader_could_split_are_landed_and_quarantined(gate: Gate) -> None:
    promise = contract(table(column("a", "INTEGER")))
    sent = raw("a", ("1",), ("x",), ("3",), unread_lines=((3, "1;2"), (9, '"')), anchors=((1, 4),))
    judgement = gate.judge(promise, sent)
    (count,) = judgement.tables
    assert (count.landed, count.accepted, count.quarantined) == (5, 2, 3)
    assert gate.quarantined("position, line, list_transform(rules, lambda r: r.rule), raw_line") == [
        (1, 4, ["type_mismatch"], None),
        (3, 3, ["malformed_line"], "1;2"),
        (4, 9, ["malformed_line"], '"'),
    ]
    assert result(judgement, "malformed_line").failed_rows == 2
    assert result(judgement, "type_mismatch").examples[0].line == 4


def test_an_absent_column_is_null_and_an_unknown_one_is_told(gate: Gate) -> None:
    promise = contract(table(column("a"), column("b", "INTEGER", source="B b")))
    judgement = gate.judge(promise, raw("a extra", ("x", "y")))
    assert gate.accepted() == [("x", None)]
    found = result(judgement, "unknown_column")
    assert (found.outcome, found.source, found.severity) == (Outcome.WARNING, "extra", Severity.WARNING)


def test_every_rule_has_a_result_and_personal_values_are_masked(gate: Gate) -> None:
    promise = contract(
        table(
            column("m", primary_key=True, required=True, pattern="^[0-9]+$", classification="personal"),
            column("v", "INTEGER", minimum=Decimal(0)),
        )
    )
    rows = [(f"30000000{i}", "-1") for i in range(10)] + [("secret-name", "1")]
    judgement = gate.judge(promise, raw("m v", *rows))
    outcomes = {r.rule: r.outcome.value for r in judgement.rules}
    assert outcomes == {
        "missing_value": "passed",
        "pattern_mismatch": "failed",
        "type_mismatch": "passed",
        "value_below_minimum": "failed",
        "duplicate_key": "passed",
        "malformed_line": "passed",
        "unknown_column": "passed",
    }
    low = result(judgement, "value_below_minimum")
    assert (low.failed_rows, len(low.examples), low.checked_rows) == (10, 5, 11)
    assert low.examples[0].key == {"m": "3000…"}
    assert result(judgement, "pattern_mismatch").examples[0].value == "secr…"
    assert gate.quarantined("original.m")[0] == ("300000000",)  # the quarantine itself keeps what was sent


def test_an_empty_table_gives_empty_files(gate: Gate) -> None:
    judgement = gate.judge(contract(table(column("a", "INTEGER", primary_key=True))), raw("a"))
    (count,) = judgement.tables
    assert (count.landed, count.accepted, count.quarantined) == (0, 0, 0)
    assert gate.accepted() == [] and gate.quarantined() == []


def test_a_table_that_did_not_come_has_no_count(gate: Gate) -> None:
    judgement = gate.judge(contract(table(column("a")), table(column("b"), name="other")), raw("a", ("x",)))
    assert [t.table for t in judgement.tables] == ["toy"]


def test_a_scan_that_loses_rows_is_our_fault(gate: Gate) -> None:
    sent = RawTable("toy", "SELECT 'x' AS a", ("a",), rows=2)
    with pytest.raises(RuntimeError, match="2 rows were read, 1 were staged"):
        gate.judge(contract(table(column("a"))), sent)
    assert list((gate.folder / "scratch").iterdir()) == []


def test_names_and_values_of_a_contract_are_never_sql(gate: Gate) -> None:
    evil = "a'; DROP TABLE x; --\""
    promise = contract(table(column("a", source=evil, valid_values=("'", evil)), name="toy"))
    sql = f"""SELECT 'no' AS "{evil.replace('"', '""')}" """
    judgement = gate.judge(promise, RawTable("toy", sql, (evil,)))
    assert failing(judgement) == {"value_not_allowed:a": 1}
    assert gate.quarantined("original")[0][0] == {evil: "no"}


def test_the_same_rows_give_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    sql = "SELECT CAST(i AS VARCHAR) AS k, CAST(hash(i) % 1000 AS VARCHAR) AS v FROM range(300000) AS t (i)"
    promise = contract(
        table(column("k", "BIGINT", primary_key=True), column("v", "DECIMAL(9,3)", maximum=Decimal(990)))
    )
    seen = set()
    for threads in (1, 2, 4):
        folder = tmp_path / str(threads)
        folder.mkdir()
        gate = Gate(folder)
        gate.con.execute(f"SET threads = {threads}")
        gate.judge(promise, RawTable("toy", sql, ("k", "v")))
        seen.add(
            ((folder / "accepted/toy.parquet").read_bytes(), (folder / "quarantine/toy.parquet").read_bytes())
        )
        keys = [k for (k,) in gate.accepted("k")]
        assert keys == sorted(keys)
    assert len(seen) == 1
