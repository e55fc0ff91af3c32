"""The lake says of every delivery what its verdict says, once."""

from __future__ import annotations

from contracts.model import Dimension, Severity
from contracts.verdict import Outcome, RuleResult, Status
from warehouse.load import load_delivery
from warehouse.records import record_pool, record_verdicts


def one(lake, sql):
    return lake.cursor().execute(sql).fetchone()


def test_rows_landed_are_accepted_and_quarantined_for_every_delivery(built, demo) -> None:
    expected = sum(len(verdicts) for verdicts in demo.verdicts.values())
    sql = "SELECT count(*), bool_and(rows_landed = rows_accepted + rows_quarantined) FROM pool.delivery"
    assert one(built, sql) == (expected, True)


def test_what_is_loaded_is_current_and_counted(built) -> None:
    sql = "SELECT bool_and(is_current), bool_and(rows_loaded = rows_accepted) FROM pool.delivery"
    assert one(built, sql) == (True, True)
    assert one(built, "SELECT sum(rows_loaded) FROM pool.delivery WHERE feed = 'enerflux-readings'") == one(
        built, "SELECT count(*) FROM energy.reading"
    )


def test_recording_again_commits_nothing(built, demo) -> None:
    before = built.snapshot()
    verdicts = [verdict for found in demo.verdicts.values() for verdict in found]
    assert not record_verdicts(built, demo.pool, verdicts)
    assert built.snapshot() == before


def test_a_feed_says_its_step_and_tables(built) -> None:
    sql = "SELECT mode, step_s, starts_on::VARCHAR, table_names FROM pool.feed WHERE feed = 'velia-bins'"
    assert one(built, sql) == ("periodic", 7200, "2019-05-13", ["waste.fill_observation"])


def test_a_rejected_redelivery_is_recorded_and_is_not_current(lake, demo, bins, place) -> None:
    contract = bins()
    level = "SELECT 'a' AS container_id, 0.1::DOUBLE AS level"
    good = place(contract, "2019-05-13", "d1", level=level)
    rule = RuleResult(
        rule="series_incomplete",
        severity=Severity.ERROR,
        dimension=Dimension.COMPLETENESS,
        outcome=Outcome.FAILED,
        checked_rows=10,
        failed_rows=5,
        observed="50 %",
    )
    bad = place(contract, "2019-05-13", "d2", level=level).model_copy(
        update={"status": Status.REJECTED, "rules": (rule,)}
    )
    load_delivery(lake, contract, good, lake.location.home)
    pool = demo.pool
    pool.contracts = (contract,)
    assert record_verdicts(lake, pool, [good, bad])
    sql = "SELECT delivery_id, verdict, is_current, rows_loaded FROM pool.delivery ORDER BY 1"
    assert lake.cursor().execute(sql).fetchall() == [
        ("d1", "accepted", True, 1),
        ("d2", "rejected", False, 0),
    ]
    sql = "SELECT delivery_id, rule, table_name, outcome, failed_rows, observed FROM pool.rule_result"
    assert lake.cursor().execute(sql).fetchall() == [("d2", "series_incomplete", None, "failed", 5, "50 %")]
    sql = "SELECT feed, contract_version, is_current, deliveries FROM pool.contract_version"
    assert lake.cursor().execute(sql).fetchall() == [("velia-bins", "1.0.0", True, 2)]


def test_a_pool_without_verdicts_still_has_its_tables(lake, demo) -> None:
    assert record_verdicts(lake, demo.pool, [])
    assert one(lake, "SELECT count(*) FROM pool.delivery") == (0,)
    assert not record_pool(lake, demo.pool)
