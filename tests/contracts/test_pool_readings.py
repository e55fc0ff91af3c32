"""A meter feed's step and population, judged on the bundled readings and on changed copies of them."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from contracts.gate import judge
from contracts.layout import Home
from contracts.pool import load_pool
from contracts.verdict import Arrival, Outcome, RuleResult, Verdict

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
ENERGY = POOL / "feeds" / "energy"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
CONTRACTS = {c.id: c for c in load_pool(POOL).contracts}


class Desk:
    """A home in which the register of meters is accepted already."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.con = duckdb.connect()
        self.con.execute("SET threads=2; SET memory_limit='1GB'")
        self.judge("enerflux-meters", None, ENERGY / "meters.csv")

    def judge(self, feed: str, period: str | None, file: Path) -> Verdict:
        sha = hashlib.sha256(file.read_bytes()).hexdigest()
        arrival = Arrival(
            delivery_id=sha[:16],
            contributor="enerflux",
            feed=feed,
            period=period,
            sha256=sha,
            size=file.stat().st_size,
            source=str(file),
            received_at=NOW,
        )
        (verdict,) = judge(
            self.con, CONTRACTS[feed], [(arrival, file)], read_tables=read_tables, home=self.home, now=NOW
        )
        return verdict


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("home"))


def of(verdict: Verdict, rule: str) -> RuleResult:
    (found,) = [r for r in verdict.rules if r.rule == rule]
    return found


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """A day of readings with every occurrence of a text replaced."""
    text = gzip.decompress((ENERGY / "readings_2019-05-14.csv.gz").read_bytes()).decode()
    assert old in text
    path = tmp_path / "readings.csv.gz"
    path.write_bytes(gzip.compress(text.replace(old, new).encode()))
    return path


def test_an_ordinary_day_keeps_its_step_and_its_population(desk):
    verdict = desk.judge("enerflux-readings", "2019-05-14", ENERGY / "readings_2019-05-14.csv.gz")
    assert verdict.is_accepted
    assert of(verdict, "wrong_step").observed == "100 %"
    assert of(verdict, "population_of_series_mismatch").outcome is Outcome.PASSED


def test_half_of_the_meters_are_not_the_population_promised(desk):
    verdict = desk.judge("enerflux-readings", "2019-05-27", ENERGY / "readings_2019-05-27.csv.gz")
    found = of(verdict, "population_of_series_mismatch")
    assert found.outcome is Outcome.WARNING
    assert (found.observed, found.expected) == ("208", "415 ± 2 %")
    assert found.examples == ()  # meters are customers: not one is named
    assert not verdict.is_accepted


def test_a_meter_clock_that_is_off_the_step_rejects_the_delivery(desk, tmp_path):
    file = changed(tmp_path, ":30:00-03:00", ":37:00-03:00")
    verdict = desk.judge("enerflux-readings", "2019-05-14", file)
    found = of(verdict, "wrong_step")
    assert found.outcome is Outcome.FAILED
    assert 49 < verdict.profile["wrong_step.pct"] < 51
    assert not verdict.is_accepted


def test_the_contract_says_whom_its_meters_stand_for():
    population = CONTRACTS["enerflux-readings"].population
    assert population is not None
    assert (population.coverage, population.size, population.production) == ("sample", 415, "gross")
