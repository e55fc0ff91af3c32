"""Gate 2: what a delivery's profile must be, judged by Great Expectations."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.compile import expectations
from contracts.delivery_gate import judge_deliveries, judge_profiles
from contracts.model import Column, Contract, Delivery, DeliveryRule, Server, Table, Terms
from contracts.profile import keeps_every_promise, profile_delivery, with_history
from contracts.rule_kinds import DELIVERY_KINDS
from contracts.rules import delivery_rules
from contracts.scene import local_day
from contracts.verdict import Arrival, Outcome, RuleResult, TableCount

NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
SERIES = {
    "table": "reading",
    "key": "meter_id",
    "where": {"direction": "consumption"},
    "register": "meters/meter",
    "register_key": "meter_id",
    "from": "commissioned_on",
    "until": "retired_on",
    "minimum_pct": 80,
    "warn_pct": 95,
}


def contract_with(
    *rules: DeliveryRule,
    timezone: str = "America/Sao_Paulo",
    wire_format: str = "delimited",
    classification: str | None = None,
) -> Contract:
    def column(name: str, logical: str, physical: str, **more: Any) -> Column:
        return Column(name=name, source=name, logical_type=logical, physical_type=physical, **more)

    columns = (
        column("meter_id", "string", "VARCHAR", primary_key=True, classification=classification),
        column("start_at", "timestamp", "TIMESTAMPTZ", primary_key=True),
        column("direction", "string", "VARCHAR"),
        column("power_w", "number", "DOUBLE", unit="W"),
    )
    return Contract(
        id="readings",
        version="1.0.0",
        status="active",
        name="Readings",
        domain="energy",
        contributor="enerflux",
        tables=(Table(name="reading", source="reading", columns=columns),),
        rules=rules,
        delivery=Delivery(mode="periodic", period="P1D", step_s=1800),
        server=Server(location="x", type="local", wire_format=wire_format),
        terms=Terms(licence="CC0-1.0"),
        timezone=timezone,
        digest="c",
    )


def rule(kind: str, *, severity: str = "error", **parameters: Any) -> DeliveryRule:
    return DeliveryRule(id=kind, kind=kind, parameters=parameters, severity=severity)


def arrival_of(period: str | None) -> Arrival:
    return Arrival(
        delivery_id="d",
        contributor="enerflux",
        feed="readings",
        period=period,
        sha256="s",
        size=1,
        source="inline",
        received_at=NOW,
    )


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads=2; SET memory_limit='500MB'")
    return con


def profile_of(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    folder: Path,
    rows: str,
    *,
    period: str | None = "2019-05-20",
    register: str | None = None,
    quarantined: int = 0,
    rules: tuple[RuleResult, ...] = (),
    headers: dict[str, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    """Profile of a delivery whose accepted readings are the rows of a SELECT."""
    folder.mkdir(exist_ok=True)
    con.execute(f"COPY ({rows}) TO '{folder}/reading.parquet'")
    registers = {}
    if register is not None:
        registers["meters/meter"] = folder / "meter.parquet"
        con.execute(f"COPY ({register}) TO '{folder}/meter.parquet'")
    (accepted,) = con.execute(f"SELECT count(*) FROM '{folder}/reading.parquet'").fetchone() or (0,)
    count = TableCount(
        table="reading", landed=accepted + quarantined, accepted=accepted, quarantined=quarantined
    )
    judgement = SimpleNamespace(tables=(count,), rules=rules)
    profile = profile_delivery(
        con, contract, arrival_of(period), judgement, folder, registers, (), now=NOW, headers=headers
    )
    json.dumps(profile)  # JSON values only
    return profile


def day_of(day: str, timezone: str, meters: str, minutes: int = 30) -> str:
    """SELECT of one reading a step of a local day for each of some meters."""
    start, end = local_day(date.fromisoformat(day), timezone)
    return (
        f"SELECT meter_id, start_at, 'consumption' AS direction, 100.0 AS power_w "
        f"FROM (VALUES {meters}) AS m(meter_id), "
        f"generate_series(TIMESTAMPTZ '{start}', TIMESTAMPTZ '{end - timedelta(minutes=1)}', "
        f"INTERVAL {minutes} MINUTE) AS s(start_at)"
    )


METERS = (
    "SELECT * FROM (VALUES ('a', DATE '2018-01-01', NULL), ('b', DATE '2018-01-01', DATE '2019-05-20'), "
    "('c', DATE '2019-05-21', NULL), ('d', NULL, NULL)) AS t(meter_id, commissioned_on, retired_on)"
)


def outcome(contract: Contract, profile: dict[str, Any], name: str) -> RuleResult:
    (found,) = [r for r in judge_deliveries(contract, [profile])[0] if r.rule == name]
    return found


def test_only_meters_in_service_that_day_are_expected(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """b retires on the day (nothing expected from it), c comes the day after, d has no dates."""
    contract = contract_with(rule("series_complete", **SERIES))
    rows = day_of("2019-05-20", contract.timezone, "('a'), ('c')")
    profile = profile_of(con, contract, tmp_path, rows, register=METERS)
    assert profile["series_complete.series_expected"] == 2
    assert profile["series_complete.rows_expected"] == 96
    assert profile["series_complete.rows"] == 48
    assert profile["series_complete.series_unexpected"] == 1
    found = outcome(contract, profile, "series_complete")
    assert found.outcome is Outcome.FAILED
    assert (found.observed, found.expected) == ("50.0 % (48 / 96)", "≥ 80 %")
    assert [e.key for e in found.examples] == [{"meter_id": "d"}]


def test_absent_personal_keys_are_not_shown(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    contract = contract_with(rule("series_complete", **SERIES), classification="personal")
    rows = day_of("2019-05-20", contract.timezone, "('a')")
    profile = profile_of(con, contract, tmp_path, rows, register=METERS)
    assert outcome(contract, profile, "series_complete").examples == ()
    assert "'d'" not in repr(profile)


@pytest.mark.parametrize(("day", "steps"), [("2019-03-31", 46), ("2019-05-20", 48), ("2019-10-27", 50)])
def test_a_day_has_as_many_steps_as_its_clock_gives_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, day: str, steps: int
) -> None:
    contract = contract_with(rule("series_complete", **SERIES), timezone="Europe/Paris")
    register = "SELECT 'a' AS meter_id, NULL::DATE AS commissioned_on, NULL::DATE AS retired_on"
    rows = day_of(day, "Europe/Paris", "('a')")
    profile = profile_of(con, contract, tmp_path, rows, period=day, register=register)
    assert profile["series_complete.rows_expected"] == steps
    assert profile["series_complete.complete_pct"] == 100


def test_a_finer_step_of_one_meter_does_not_hide_the_absence_of_another(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contract = contract_with(rule("series_complete", **SERIES))
    rows = day_of("2019-05-20", contract.timezone, "('a')", minutes=15)
    profile = profile_of(con, contract, tmp_path, rows, register=METERS)
    assert profile["series_complete.complete_pct"] == 50


@pytest.mark.parametrize(
    ("present", "expected"),
    [(79, Outcome.FAILED), (80, Outcome.WARNING), (94, Outcome.WARNING), (95, Outcome.PASSED)],
)
def test_between_the_two_thresholds_a_delivery_is_warned_only(present: int, expected: Outcome) -> None:
    contract = contract_with(rule("series_complete", **SERIES))
    profile = {
        "quarantined_pct": 0,
        "missing_column.count": 0,
        "series_complete.complete_pct": float(present),
        "series_complete.rows": present,
        "series_complete.rows_expected": 100,
    }
    assert outcome(contract, profile, "series_complete").outcome is expected


def test_a_rule_whose_register_is_absent_is_skipped_and_names_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contract = contract_with(rule("series_complete", **SERIES))
    rows = day_of("2019-05-20", contract.timezone, "('a')")
    found = outcome(contract, profile_of(con, contract, tmp_path, rows), "series_complete")
    assert found.outcome is Outcome.SKIPPED
    assert "meters/meter" in str(found.reason)


@pytest.mark.parametrize(("last", "expected"), [("23:30", Outcome.PASSED), ("22:30", Outcome.FAILED)])
def test_the_last_interval_must_reach_the_end_of_the_local_day(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, last: str, expected: Outcome
) -> None:
    contract = contract_with(rule("covers_period", table="reading", column="start_at", tolerance_s=1800))
    rows = (
        f"SELECT 'a' AS meter_id, TIMESTAMPTZ '2019-05-20 {last}:00-03:00' AS start_at, "
        "'consumption' AS direction, 1.0 AS power_w"
        # A row of the next day doesn't make this day fresh.
        " UNION ALL SELECT 'a', TIMESTAMPTZ '2019-05-21 04:00:00-03:00', 'consumption', 1.0"
    )
    found = outcome(contract, profile_of(con, contract, tmp_path, rows), "covers_period")
    assert found.outcome is expected
    assert found.observed == f"2019-05-20T{last}-03:00"
    assert found.expected == "≥ 2019-05-20T23:00-03:00"


def test_rows_that_gate_1_put_aside_as_outside_the_day_count_against_the_period(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contract = contract_with(rule("period_matches", table="reading", column="start_at", minimum_pct=99))
    rows = day_of("2019-05-20", contract.timezone, "('a')")
    aside = RuleResult(
        rule="outside_period",
        table="reading",
        severity="error",
        dimension="consistency",
        outcome=Outcome.FAILED,
        failed_rows=48,
    )
    profile = profile_of(con, contract, tmp_path, rows, rules=(aside,), quarantined=48)
    assert profile["period_matches.pct"] == 50
    assert outcome(contract, profile, "period_matches").outcome is Outcome.FAILED


@pytest.mark.parametrize(("quarantined", "expected"), [(1, Outcome.PASSED), (2, Outcome.FAILED)])
def test_the_tolerance_is_that_of_the_contract(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, quarantined: int, expected: Outcome
) -> None:
    contract = contract_with().model_copy(update={"quarantine_tolerance_pct": Decimal(3)})
    rows = day_of("2019-05-20", contract.timezone, "('a')")  # 48 of them: 2.04 % or 4 %
    profile = profile_of(con, contract, tmp_path, rows, quarantined=quarantined)
    assert outcome(contract, profile, "quarantine_above_tolerance").outcome is expected


def test_a_promised_column_that_did_not_come_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    contract = contract_with()
    rows = day_of("2019-05-20", contract.timezone, "('a')")
    headers = {"reading": ("meter_id", "start_at", "direction")}
    profile = profile_of(con, contract, tmp_path, rows, headers=headers)
    found = outcome(contract, profile, "missing_column")
    assert (found.outcome, found.table, found.column) == (Outcome.FAILED, "reading", "power_w")


def test_too_short_a_past_skips_the_comparison_and_a_long_enough_one_makes_it() -> None:
    contract = contract_with(
        rule(
            "volume_against_history", severity="warning", table="reading", tolerance_pct=20, minimum_history=3
        )
    )
    key = "volume_against_history"
    today = {"quarantined_pct": 0, "missing_column.count": 0, f"{key}.value": 50}
    past = [{f"{key}.value": n} for n in (100, 90, 110)]
    short = outcome(contract, with_history(contract, today, past[:2]), key)
    assert short.outcome is Outcome.SKIPPED
    assert "needs 3" in str(short.reason)
    found = outcome(contract, with_history(contract, today, past), key)
    assert found.outcome is Outcome.WARNING
    assert (found.observed, found.expected) == ("50 (-50.0 %)", "100 ± 20 %")


def test_a_check_that_crashed_is_an_error_of_ours_and_no_fault_of_the_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = contract_with(rule("row_count", table="reading", minimum=1))
    crash = {"raised_exception": True, "exception_message": "boom", "exception_traceback": "..."}
    monkeypatch.setattr(
        "contracts.delivery_gate.validate_profiles",
        lambda rules, _profiles: [
            {
                "expectation_config": {"kwargs": {"column": b.column}, "meta": {"rule": r.key, "bound": 0}},
                "success": False,
                "result": {},
                "exception_info": {"metric": crash} if r.key == "row_count" else {"raised_exception": False},
            }
            for r in rules
            for b in r.bounds
        ],
    )
    profile = {"quarantined_pct": 0, "missing_column.count": 0, "row_count.rows": 5}
    found = outcome(contract, profile, "row_count")
    assert (found.outcome, found.reason) == (Outcome.ERROR, "boom")


def test_a_crash_inside_great_expectations_is_seen_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of a real crash, so that the test above is not of our own invention."""
    monkeypatch.setattr(expectations, "bounded_columns", lambda _rules: ("other",))
    (found,) = delivery_rules.delivery_rules(contract_with(rule("row_count", table="reading", minimum=1)))[2:]
    (result,) = expectations.validate_profiles([found], [{"other": 1}])
    assert "row_count.rows" in str(expectations.crash_of(result))
    assert expectations.failing_rows(result) == frozenset()


def test_a_number_that_is_missing_without_a_reason_is_our_error() -> None:
    contract = contract_with(rule("row_count", table="reading", minimum=1))
    found = outcome(contract, {"quarantined_pct": 0, "missing_column.count": 0}, "row_count")
    assert found.outcome is Outcome.ERROR


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0, 100)),
            st.one_of(st.none(), st.integers(0, 40)),
            st.one_of(st.none(), st.floats(-100, 100)),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_great_expectations_and_the_plain_comparison_agree_on_every_delivery(
    numbers: list[tuple[float | None, int | None, float | None]],
) -> None:
    """The plain one lets days of one run be each other's past before Great Expectations has spoken."""
    contract = contract_with(
        rule("row_count", table="reading", minimum=10, maximum=30),
        rule("volume_against_history", table="reading", tolerance_pct=20, minimum_history=1),
    )
    profiles = [
        {
            "quarantined_pct": share,
            "missing_column.count": 0,
            "row_count.rows": rows,
            "volume_against_history.deviation_pct": deviation,
            "volume_against_history.value": rows or 0,
            "volume_against_history.median": 1,
            # Rules whose number is None are skipped with a reason, as measures do.
            **({"quarantine_above_tolerance.skipped": "no rows"} if share is None else {}),
            **({"row_count.skipped": "none"} if rows is None else {}),
            **({"volume_against_history.skipped": "none"} if deviation is None else {}),
        }
        for share, rows, deviation in numbers
    ]
    judged = judge_deliveries(contract, profiles)
    for profile, results in zip(profiles, judged, strict=True):
        assert Outcome.ERROR not in {r.outcome for r in results}
        is_clean = all(r.outcome is not Outcome.FAILED for r in results)
        assert is_clean == keeps_every_promise(contract, profile)


def test_each_delivery_keeps_great_expectations_own_result() -> None:
    contract = contract_with(rule("row_count", table="reading", minimum=10))
    profiles = [{"quarantined_pct": 0, "missing_column.count": 0, "row_count.rows": n} for n in (5, 15)]
    few, many = judge_profiles(contract, profiles)
    by_rule = [{r["expectation_config"]["meta"]["rule"]: r for r in j.raw} for j in (few, many)]
    assert [raws["row_count"]["success"] for raws in by_rule] == [False, True]
    assert by_rule[0]["row_count"]["observed_value"] == 5
    json.dumps([few.raw, many.raw])


def test_no_deliveries_are_judged_without_great_expectations() -> None:
    code = (
        "import sys; from contracts.delivery_gate import judge_deliveries; import contracts.gate; "
        "assert judge_deliveries(None, []) == []; assert 'great_expectations' not in sys.modules; "
        "assert 'pandera' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_both_rooms_know_the_same_kinds_of_delivery_rules() -> None:
    assert delivery_rules.known_kinds() == set(DELIVERY_KINDS)


def test_two_rules_of_one_id_keep_their_numbers_apart() -> None:
    low, high = rule("row_count", table="reading", minimum=10), rule("row_count", table="reading", maximum=20)
    keys = [keyed.key for keyed in delivery_rules.delivery_rules(contract_with(low, high))]
    assert keys[-2:] == ["row_count", "row_count~2"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("11:20", 40800), ("25:05", 90300), ("7:05:30", 25530), (680, 680)]
)
def test_clock_times_of_a_service_day_read_as_seconds(text: object, seconds: int) -> None:
    assert delivery_rules.clock_seconds(text) == seconds


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2037, 12, 31)))
def test_a_local_day_is_what_the_zone_calls_that_day(day: date) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    start, end = local_day(day, "America/Sao_Paulo")
    assert (end - timedelta(seconds=1)).astimezone(zone).date() == day
    assert start.astimezone(zone).date() == day
    assert (start - timedelta(seconds=1)).astimezone(zone).date() < day
