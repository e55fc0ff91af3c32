"""Delivery rules about series: each on rows that break only it, and at its edge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from contracts.delivery_gate import judge_deliveries
from contracts.model import Contract, DeliveryRule
from contracts.profile import with_history
from contracts.scene import local_day
from contracts.verdict import Outcome, RuleResult
from tests.contracts.test_delivery_gate import contract_with, profile_of

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads=2; SET memory_limit='500MB'")
    return con


def rule(kind: str, **parameters: Any) -> DeliveryRule:
    named = {k.removesuffix("_"): v for k, v in parameters.items()}
    return DeliveryRule(id=kind, kind=kind, parameters={"table": "reading", **named}, severity="warning")


def listed(rows: Sequence[tuple[str, datetime, float]], direction: str = "consumption") -> str:
    cells = ", ".join(
        f"('{m}', TIMESTAMPTZ '{at.isoformat()}', '{direction}', {w}::DOUBLE)" for m, at, w in rows
    )
    return f"SELECT * FROM (VALUES {cells}) AS t (meter_id, start_at, direction, power_w)"


def steps(day: str, timezone: str = "America/Sao_Paulo") -> list[datetime]:
    start, end = local_day(date.fromisoformat(day), timezone)
    return [start + n * HALF_HOUR for n in range(int((end - start) / HALF_HOUR))]


def judged(
    con: duckdb.DuckDBPyConnection,
    promise: Contract,
    folder: Path,
    rows: str,
    *,
    past: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> RuleResult:
    """The result of the contract's own rule."""
    profile = with_history(promise, profile_of(con, promise, folder, rows, **more), past)
    own = promise.rules[0].id
    (found,) = [r for r in judge_deliveries(promise, [profile])[0] if r.rule == own]
    return found


GAPS = rule("gaps", key="meter_id", column="start_at", steps=4, maximum_pct=0)


@pytest.mark.parametrize(("missing", "outcome"), [(3, Outcome.PASSED), (4, Outcome.WARNING)])
def test_a_gap_is_four_steps_missing_in_a_row(con, tmp_path, missing: int, outcome: Outcome) -> None:
    at = steps("2019-05-20")
    whole = [("a", t, 1.0) for t in at]
    holed = [("b", t, 1.0) for n, t in enumerate(at) if not 10 <= n < 10 + missing]
    found = judged(con, contract_with(GAPS), tmp_path, listed(whole + holed))
    assert found.outcome is outcome
    if outcome is Outcome.WARNING:
        assert found.observed == "50 % (1 / 2)"
        assert [e.key for e in found.examples] == [{"meter_id": "b"}]


def test_what_is_missing_at_the_days_ends_is_no_gap_within(con, tmp_path) -> None:
    found = judged(
        con, contract_with(GAPS), tmp_path, listed([("a", t, 1.0) for t in steps("2019-05-20")[9:20]])
    )
    assert found.outcome is Outcome.PASSED


DAY = rule("day_steps", column="start_at")


@pytest.mark.parametrize(("day", "expected"), [("2021-03-28", 46), ("2021-06-15", 48), ("2021-10-31", 50)])
def test_a_day_in_paris_has_the_half_hours_of_its_clock(con, tmp_path, day: str, expected: int) -> None:
    promise = contract_with(DAY, timezone="Europe/Paris")
    at = steps(day, "Europe/Paris")
    assert len(at) == expected
    found = judged(con, promise, tmp_path, listed([("a", t, 1.0) for t in at]), period=day)
    assert (found.outcome, found.observed, found.expected) == (Outcome.PASSED, str(expected), str(expected))


def test_an_autumn_day_of_48_half_hours_has_lost_an_hour(con, tmp_path) -> None:
    """Stamps of local time without offset: the hour that comes twice is written once."""
    zone = ZoneInfo("Europe/Paris")
    written = [datetime(2021, 10, 31, n // 2, 30 * (n % 2), tzinfo=zone).astimezone(UTC) for n in range(48)]
    promise = contract_with(DAY, timezone="Europe/Paris")
    found = judged(con, promise, tmp_path, listed([("a", t, 1.0) for t in written]), period="2021-10-31")
    assert (found.outcome, found.observed, found.expected) == (Outcome.WARNING, "48", "50")


def test_a_step_that_one_series_has_is_there(con, tmp_path) -> None:
    at = steps("2019-05-20")
    rows = [("a", t, 1.0) for t in at[:47]]
    assert judged(con, contract_with(DAY), tmp_path, listed(rows)).outcome is Outcome.WARNING
    assert (
        judged(con, contract_with(DAY), tmp_path, listed([*rows, ("b", at[47], 1.0)])).outcome
        is Outcome.PASSED
    )


PLATEAUS = rule(
    "plateaus", key="meter_id", column="power_w", at="start_at", minimum_steps=24, except_=[0], maximum=0
)


@pytest.mark.parametrize(
    ("length", "value", "outcome"),
    [(23, 7.0, Outcome.PASSED), (24, 7.0, Outcome.WARNING), (24, 0.0, Outcome.PASSED)],
)
def test_a_plateau_is_twenty_four_equal_values_that_are_not_at_rest(
    con, tmp_path, length: int, value: float, outcome: Outcome
) -> None:
    at = steps("2019-05-20")
    rows = [("a", t, value if 5 <= n < 5 + length else float(n + 100)) for n, t in enumerate(at)]
    assert judged(con, contract_with(PLATEAUS), tmp_path, listed(rows)).outcome is outcome


def test_equal_values_that_others_part_are_no_plateau(con, tmp_path) -> None:
    rows = [("a", t, 7.0 if n % 13 else 8.0) for n, t in enumerate(steps("2019-05-20"))]
    assert judged(con, contract_with(PLATEAUS), tmp_path, listed(rows)).outcome is Outcome.PASSED


SPIKES = rule(
    "spikes",
    key="meter_id",
    column="power_w",
    times=20,
    minimum_deviation=1000,
    minimum_observations=12,
    maximum_pct=3,
    above_history_points=1,
    minimum_history=2,
)


def wave(*peaks: float) -> list[tuple[str, datetime, float]]:
    """A day around 1,050 W: median 1,050, median absolute deviation 50; the last values are peaks."""
    at = steps("2019-05-20")
    calm = [1000.0 if n % 2 else 1100.0 for n in range(len(at) - len(peaks))]
    return [("a", t, w) for t, w in zip(at, [*calm, *peaks], strict=True)]


@pytest.mark.parametrize(("peaks", "spikes"), [((2532.0,), 0), ((2633.0,), 1), ((2532.0, 2533.0), 0)])
def test_a_spike_lies_twenty_deviations_from_its_series(con, tmp_path, peaks: Any, spikes: int) -> None:
    """20 x 1.4826 x 50 W = 1,482.6 W from a median of 1,050 W, or of 1,100 W when one peak tips it."""
    found = judged(con, contract_with(SPIKES), tmp_path, listed(wave(*peaks)))
    assert found.observed == ("0 % (0 / 48)" if not spikes else "2.0833 % (1 / 48)")


def test_a_flat_series_has_spikes_only_beyond_the_least_deviation(con, tmp_path) -> None:
    at = steps("2019-05-20")
    for peak, outcome in ((1100.0, Outcome.PASSED), (1100.1, Outcome.WARNING)):
        rows = [("a", t, peak if n in (3, 30) else 100.0) for n, t in enumerate(at)]
        assert judged(con, contract_with(SPIKES), tmp_path, listed(rows)).outcome is outcome


def test_more_spikes_than_usual_are_told_although_few(con, tmp_path) -> None:
    rows = listed(wave(9000.0))
    usual = [{"spikes.value": 1.0833}, {"spikes.value": 1.0833}]
    assert judged(con, contract_with(SPIKES), tmp_path, rows, past=usual).outcome is Outcome.PASSED
    calm = [{"spikes.value": 1.08}, {"spikes.value": 1.08}]
    found = judged(con, contract_with(SPIKES), tmp_path, rows, past=calm)
    assert (found.outcome, found.expected) == (Outcome.WARNING, "≤ 2.08 %")
    assert judged(con, contract_with(SPIKES), tmp_path, rows, past=calm[:1]).outcome is Outcome.PASSED


SLOPES = rule(
    "slopes",
    key="meter_id",
    column="power_w",
    at="start_at",
    minimum_per_day=-0.1,
    minimum_observations=6,
    maximum=0,
)


@pytest.mark.parametrize(
    ("a_day", "outcome"), [(-0.1, Outcome.PASSED), (-0.101, Outcome.WARNING), (0.5, Outcome.PASSED)]
)
def test_a_battery_may_lose_a_tenth_of_a_volt_a_day(con, tmp_path, a_day: float, outcome: Outcome) -> None:
    rows = [("a", t, 3.6 + a_day * n / 48) for n, t in enumerate(steps("2019-05-20"))]
    assert judged(con, contract_with(SLOPES), tmp_path, listed(rows)).outcome is outcome


def test_a_slope_needs_enough_observations(con, tmp_path) -> None:
    rows = [("a", t, 3.6 - n) for n, t in enumerate(steps("2019-05-20")[:5])]
    found = judged(con, contract_with(SLOPES), tmp_path, listed(rows))
    assert (found.outcome, found.reason) == (Outcome.SKIPPED, "no series has enough observations")


SILENCE = rule("silent_series", key="meter_id", column="start_at", times=4, maximum_pct=0)


@pytest.mark.parametrize(
    ("heard_steps_before_the_end", "outcome"), [(4, Outcome.PASSED), (5, Outcome.WARNING)]
)
def test_a_sensor_is_silent_after_four_steps(
    con, tmp_path, heard_steps_before_the_end: int, outcome: Outcome
) -> None:
    at = steps("2019-05-20")
    rows = [("a", t, 1.0) for t in at] + [("b", at[-heard_steps_before_the_end], 1.0)]
    found = judged(con, contract_with(SILENCE), tmp_path, listed(rows))
    assert found.outcome is outcome


def test_a_sensor_of_the_register_that_never_spoke_is_silent(con, tmp_path) -> None:
    known = SILENCE.model_copy(
        update={
            "parameters": {
                **SILENCE.parameters,
                "register": "meters/meter",
                "register_key": "meter_id",
                "until": "retired_on",
            }
        }
    )
    cells = "('a', NULL::DATE), ('b', NULL), ('c', DATE '2019-05-20')"
    register = f"SELECT * FROM (VALUES {cells}) AS t (meter_id, retired_on)"
    rows = listed([("a", t, 1.0) for t in steps("2019-05-20")])
    found = judged(con, contract_with(known), tmp_path, rows, register=register)
    assert (found.observed, [e.key for e in found.examples]) == ("50 % (1 / 2)", [{"meter_id": "b"}])
    without = judged(con, contract_with(known), tmp_path, rows)
    assert (without.outcome, without.reason) == (Outcome.SKIPPED, "needs the register meters/meter")


def test_keys_of_persons_are_counted_and_not_named(con, tmp_path) -> None:
    rows = [("b", t, 1.0) for n, t in enumerate(steps("2019-05-20")) if not 10 <= n < 20]
    found = judged(con, contract_with(GAPS, classification="personal"), tmp_path, listed(rows))
    assert (found.outcome, found.examples) == (Outcome.WARNING, ())


VANISHED = rule("vanished_keys", key="meter_id", register="meters/meter", maximum_pct=50)


@pytest.mark.parametrize(("kept", "outcome"), [(["a", "b"], Outcome.PASSED), (["a"], Outcome.WARNING)])
def test_half_of_the_objects_may_vanish_where_half_may(
    con, tmp_path, kept: list[str], outcome: Outcome
) -> None:
    register = "SELECT * FROM (VALUES ('a'), ('b'), ('c'), ('d')) AS t (meter_id)"
    at = steps("2019-05-20")[0]
    rows = listed([(m, at, 1.0) for m in [*kept, "new"]])
    found = judged(con, contract_with(VANISHED), tmp_path, rows, register=register)
    assert found.outcome is outcome
    if outcome is Outcome.WARNING:
        assert found.observed == "75 % (3 / 4)"
        assert [e.key["meter_id"] for e in found.examples] == ["b", "c", "d"]
