"""A score is the share that keeps a dimension's rules, and every change of it has its reasons."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import read_tables
from contracts.failing_rows import LINE, RULES, write_failing_rows
from contracts.gate import judge
from contracts.layout import Home
from contracts.model import Dimension, Severity
from contracts.pool import load_pool
from contracts.promises import list_due, measure_levels
from contracts.scores import explain_changes, score_delivery
from contracts.verdict import Arrival, Outcome, RuleResult, Status, TableCount, Verdict

ROOT = Path(__file__).resolve().parents[2]
POOL = load_pool(ROOT / "pools" / "porto-alegre")
ENERGY = POOL.path / "feeds" / "energy"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
READINGS = POOL.contract("enerflux-readings")


def arrive(feed, period, path, **more):
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return Arrival(
        delivery_id=sha[:16],
        contributor="enerflux",
        feed=feed,
        period=period,
        sha256=sha,
        size=path.stat().st_size,
        source=path.name,
        received_at=NOW,
        **more,
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"))
    con = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
    meters = ENERGY / "meters.csv"
    judge(
        con,
        POOL.contract("enerflux-meters"),
        [(arrive("enerflux-meters", None, meters), meters)],
        read_tables=read_tables,
        home=home,
        now=NOW,
    )
    names = ("2019-05-19", "2019-05-20", "2019-05-27", "2019-05-27.v2", "2019-06-03")
    files = [(name, ENERGY / f"readings_{name}.csv.gz") for name in names]
    arrivals = [(arrive(READINGS.id, name[:10], file), file) for name, file in files]
    verdicts = judge(con, READINGS, arrivals, read_tables=read_tables, home=home, now=NOW)
    return home, con, dict(zip(names, verdicts, strict=True))


def result(rule, failed=0, checked=100, **more):
    fields = {
        "rule": rule,
        "table": "reading",
        "severity": Severity.ERROR,
        "dimension": Dimension.ACCURACY,
        "outcome": Outcome.FAILED if failed else Outcome.PASSED,
        "checked_rows": checked,
        "failed_rows": failed,
    }
    return RuleResult(**(fields | more))


def verdict_of(*rules, landed=100):
    count = TableCount(table="reading", landed=landed, accepted=landed, quarantined=0)
    return Verdict(
        arrival=arrive(READINGS.id, "2019-05-13", ENERGY / "meters.csv"),
        contract_version="1.0.0",
        contract_digest="d",
        reference_digest="r",
        engine_version="1",
        status=Status.ACCEPTED,
        rows_landed=landed,
        rows_accepted=landed,
        rows_quarantined=0,
        tables=(count,),
        rules=rules,
    )


def pct(verdict, dimension=Dimension.ACCURACY):
    return score_delivery(verdict, READINGS)[dimension].pct


def test_the_planted_day_scores_what_its_102_rows_take(judged):
    scores = {d: s.pct for d, s in score_delivery(judged[2]["2019-05-20"], READINGS).items()}
    # 50 negative and 13 impossible powers, 10 malformed ids, 30 repeats, of 22,409 rows.
    assert scores[Dimension.ACCURACY] == Decimal("99.71")
    assert scores[Dimension.CONFORMITY] == Decimal("99.95")
    assert scores[Dimension.UNIQUENESS] == Decimal("99.86")


def test_half_of_the_meters_absent_is_half_of_completeness(judged):
    scores = score_delivery(judged[2]["2019-05-27"], READINGS)
    assert Decimal(49) < scores[Dimension.COMPLETENESS].pct < Decimal(51)


def test_a_file_that_cannot_be_read_scores_nothing_but_its_form(judged):
    scores = score_delivery(judged[2]["2019-06-03"], READINGS)
    assert {d: s.pct for d, s in scores.items()} == {Dimension.CONFORMITY: Decimal(0)}


def test_every_change_is_explained_by_the_rules_that_moved(judged):
    verdicts = [judged[2]["2019-05-19"], judged[2]["2019-05-20"]]
    changes = {c.dimension: c for c in explain_changes(verdicts, READINGS)}
    accuracy = changes[Dimension.ACCURACY]
    assert (accuracy.before, accuracy.after) == (Decimal(100), Decimal("99.71"))
    assert {(c.breach.rule, c.breach.rows) for c in accuracy.causes} == {
        ("value_below_minimum", 50),
        ("power_above_segment_ceiling", 13),
    }
    assert all(c.before is None for c in accuracy.causes)
    assert not accuracy.is_of_other_rules


def test_a_score_between_an_unread_file_and_its_redelivery_has_no_false_zero(judged):
    verdicts = [judged[2]["2019-05-20"], judged[2]["2019-06-03"], judged[2]["2019-05-19"]]
    accuracy = [c for c in explain_changes(verdicts, READINGS) if c.dimension is Dimension.ACCURACY]
    assert [(c.before, c.after) for c in accuracy] == [(Decimal("99.71"), Decimal(100))]


def test_one_row_in_a_hundred_thousand_never_reads_as_all_of_them():
    assert pct(verdict_of(result("value_below_minimum", 1), landed=100_000)) == Decimal("99.99")


def test_rules_that_were_skipped_crashed_or_only_inform_take_nothing():
    none = verdict_of(
        result("a", 9, outcome=Outcome.SKIPPED),
        result("b", 9, outcome=Outcome.ERROR),
        result("c", 9, severity=Severity.INFO),
    )
    assert score_delivery(none, READINGS) == {}


def test_a_yes_or_no_rule_that_only_warns_takes_nothing_and_one_that_refuses_takes_all():
    warned = result("distribution_shift", checked=0, severity=Severity.WARNING, outcome=Outcome.WARNING)
    refused = result("wrong_period", checked=0, outcome=Outcome.FAILED)
    assert pct(verdict_of(warned)) == 100
    assert pct(verdict_of(refused)) == 0


def test_a_change_of_contract_is_said_beside_a_change_of_score():
    before = verdict_of(result("value_below_minimum", 1))
    after = verdict_of(result("value_below_minimum", 2)).model_copy(update={"contract_digest": "e"})
    (change,) = explain_changes([before, after], READINGS)
    assert change.is_of_other_rules


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6), st.integers(1, 200))
def test_a_score_is_a_share_and_falls_only_if_rows_fail(failures, landed):
    rules = [result(f"rule_{i}", min(n, landed)) for i, n in enumerate(failures)]
    score = pct(verdict_of(*rules, landed=landed))
    assert 0 <= score <= 100
    assert (score == 100) == (sum(failures) == 0)


def test_all_102_rows_are_given_back_in_the_layout_of_the_file_with_ids_masked(judged, tmp_path):
    home, con, verdicts = judged
    verdict = verdicts["2019-05-20"]
    folder = home.quarantine / verdict.folder
    (file,) = write_failing_rows(con, READINGS, folder, tmp_path, verdict.arrival.delivery_id)
    assert file.name == f"{verdict.arrival.delivery_id}.quarantine.csv"
    header, *lines = file.read_text("utf-8").splitlines()
    assert header == f"{LINE};{RULES};prm;horodate;sens;puissance_w"
    assert len(lines) == 102
    cells = [line.split(";") for line in lines]
    assert sum("value_below_minimum(puissance_w)" in c[1] for c in cells) == 50
    assert sum(len(c[1].split()) == 2 for c in cells) == 1
    # No digit of a meter's id leaves, and every other cell is the sender's own text.
    assert {c[2].strip('"') for c in cells} == {"#" * 14, "##xx"}
    import gzip

    sent = gzip.decompress((ENERGY / "readings_2019-05-20.csv.gz").read_bytes()).decode().splitlines()
    assert all(sent[int(c[0]) - 1].split(";")[1:] == c[3:] for c in cells)


def test_failing_rows_are_the_same_bytes_each_time(judged, tmp_path):
    home, con, verdicts = judged
    folder = home.quarantine / verdicts["2019-05-20"].folder
    first, again = (write_failing_rows(con, READINGS, folder, tmp_path / n, "d")[0] for n in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()


def levels(verdicts, now=NOW):
    return {level.name: level for level in measure_levels(READINGS, verdicts, now)}


def dated(period, published):
    arrival = arrive(READINGS.id, period, ENERGY / "meters.csv", published_at=published)
    return verdict_of(result("value_below_minimum")).model_copy(update={"arrival": arrival})


def test_a_day_is_late_from_the_second_after_its_latency_and_missing_once_due():
    # The 13th ends at 03:00 UTC of the 14th; one day of latency.
    on_time = dated("2019-05-13", datetime(2019, 5, 15, 3, tzinfo=UTC))
    late = dated("2019-05-13", datetime(2019, 5, 15, 3, 0, 1, tzinfo=UTC))
    now = datetime(2019, 5, 16, 2, tzinfo=UTC)
    first, second = list_due(READINGS, [on_time], now)
    assert (first.is_late, second.available_at, second.is_late) == (False, None, False)
    assert list_due(READINGS, [late], now)[0].is_late
    assert list_due(READINGS, [on_time], datetime(2019, 5, 16, 3, 0, 1, tzinfo=UTC))[1].is_missing


def test_a_redelivery_does_not_make_its_day_late():
    first = dated("2019-05-13", datetime(2019, 5, 14, 9, tzinfo=UTC))
    again = dated("2019-05-13", datetime(2019, 5, 20, 9, tzinfo=UTC))
    now = datetime(2019, 5, 14, 12, tzinfo=UTC)
    assert levels([first, again], now)["latency"].kept == 1


def test_measured_completeness_is_that_of_the_last_delivery_of_each_day(judged):
    verdicts = [judged[2]["2019-05-27"], judged[2]["2019-05-27.v2"]]
    found = levels(verdicts)["completeness"]
    assert (found.kept, found.cases) == (1, 1)
    assert found.median is not None
    assert found.median > 95


def test_a_frequency_finer_than_the_period_is_that_of_observations():
    bins = POOL.contract("velia-bins")
    assert bins.service_levels.frequency_s == 7200
    assert "frequency" not in {level.name for level in measure_levels(bins, [], NOW)}


def test_days_that_never_came_are_counted_in_the_frequency(judged):
    found = levels([judged[2]["2019-05-19"], judged[2]["2019-05-20"]])["frequency"]
    # 28 days from May 13 to June 9; the last is not late yet at 09:00 UTC of the 10th.
    assert (found.kept, found.cases) == (2, 27)
