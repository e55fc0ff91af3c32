"""The planted faults of the waste feed, found by the rules that its contract states."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from contracts import verdicts
from contracts.gate import judge
from contracts.layout import Home
from contracts.pool import load_pool
from contracts.verdict import Arrival, Outcome, RuleResult, Status, Verdict

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
FROZEN = {f"urn:ngsi-ld:WasteContainer:poa:{n}" for n in ("0006", "0059", "0112")}


@pytest.fixture(scope="module")
def every_day(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """All 28 days of fill levels, judged after the registry of containers."""
    home = Home(tmp_path_factory.mktemp("home"))
    contracts = {c.id: c for c in load_pool(POOL).contracts}
    con = duckdb.connect()
    con.execute("SET threads=2; SET memory_limit='1GB'")

    def deliver(feed: str, files: list[tuple[str | None, Path]]) -> None:
        arrivals = []
        for period, file in files:
            sha = hashlib.sha256(file.read_bytes()).hexdigest()
            arrivals.append(
                (
                    Arrival(
                        delivery_id=hashlib.sha256(f"{feed}{period}{sha}".encode()).hexdigest()[:16],
                        contributor="velia",
                        feed=feed,
                        period=period,
                        sha256=sha,
                        size=file.stat().st_size,
                        source=str(file),
                        received_at=NOW,
                    ),
                    file,
                )
            )
        judge(con, contracts[feed], arrivals, read_tables=read_tables, home=home, now=NOW)

    deliver("velia-containers", [(None, POOL / "feeds" / "waste" / "containers.csv")])
    days = [(date(2019, 5, 13) + timedelta(days=n)).isoformat() for n in range(28)]
    deliver("velia-bins", [(d, POOL / "feeds" / "waste" / f"bins_{d}.json.gz") for d in days])
    return sorted(verdicts.load_all(home, "velia-bins"), key=lambda v: v.arrival.period or "")


def of(verdict: Verdict, rule: str) -> RuleResult:
    (found,) = [r for r in verdict.rules if r.rule == rule]
    return found


def test_every_day_is_accepted_with_what_is_wrong_told(every_day):
    assert [v.status for v in every_day] == [Status.ACCEPTED_WITH_WARNINGS] * 28


def test_levels_above_one_are_put_aside_on_fourteen_days(every_day):
    rows = {v.arrival.period: v.rows_quarantined for v in every_day}
    assert sum(rows.values()) == sum(
        r.failed_rows for v in every_day for r in v.rules if r.rule == "value_above_maximum"
    )
    assert len([n for n in rows.values() if n]) == 14
    assert (rows["2019-05-13"], rows["2019-05-14"], rows["2019-05-25"], rows["2019-06-04"]) == (6, 0, 5, 5)


def test_the_three_frozen_sensors_are_named_every_day(every_day):
    for verdict in every_day:
        found = of(verdict, "frozen_series")
        assert found.outcome is Outcome.WARNING
        assert {e.key["container_id"] for e in found.examples} == FROZEN, verdict.arrival.period


def test_the_three_silent_sensors_are_named_from_their_second_day_on(every_day):
    seen = {v.arrival.period: v.profile["series_incomplete.series_seen"] for v in every_day}
    assert (seen["2019-05-31"], seen["2019-06-01"]) == (160, 160)
    silent = [v for v in every_day if (v.arrival.period or "") >= "2019-06-02"]
    for verdict in silent:
        found = of(verdict, "series_incomplete")
        assert found.outcome is Outcome.WARNING
        named = {e.key["container_id"][-4:] for e in found.examples}
        assert named == {"0010", "0081", "0152"}


def test_batteries_are_told_of_once_they_have_fallen_by_two_per_cent(every_day):
    outcomes = {v.arrival.period: of(v, "battery_falling").outcome for v in every_day}
    assert outcomes["2019-05-13"] is Outcome.SKIPPED
    assert outcomes["2019-05-22"] is Outcome.PASSED
    assert outcomes["2019-06-09"] is Outcome.WARNING
