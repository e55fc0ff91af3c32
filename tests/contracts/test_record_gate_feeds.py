"""Gate 1 on the bundled feeds: planted faults found exactly, sound days untouched."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from contracts.layout import Home
from contracts.quarantine import list_quarantine
from contracts.record_gate import RecordJudgement, judge_rows
from contracts.resolve import load_contract
from contracts.verdict import Outcome
from tests.contracts.record_gate_toys import failing

ROOT = Path(__file__).resolve().parents[2]
POOL = ROOT / "pools" / "porto-alegre"
GOLDEN = ROOT.parent / "shared" / "indicators" / "golden.csv"


@dataclass
class Desk:
    """Judges feeds of the bundled pool into a home; accepted registers serve the feeds that come after."""

    con: duckdb.DuckDBPyConnection
    home: Home
    registers: dict[str, Path]

    def judge(self, feed: str, file: str, period: str | None = None) -> RecordJudgement:
        contract = load_contract(POOL / "contracts" / f"{feed}.yaml", timezone="America/Sao_Paulo")
        folder = f"{feed}/{period or 'snapshot'}/0123456789abcdef@{contract.version}"
        accepted, quarantine = self.home.accepted / folder, self.home.quarantine / folder
        scratch = self.home.scratch / feed / (period or "snapshot")
        for path in (accepted, quarantine, scratch):
            path.mkdir(parents=True)
        tables = read_tables(self.con, contract, POOL / "feeds" / file, scratch / "read")
        judgement = judge_rows(
            self.con, contract, tables, self.registers, accepted, quarantine, period=period, scratch=scratch
        )
        for table in tables:
            self.registers[f"{feed}/{table}"] = accepted / f"{table}.parquet"
        return judgement


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with duckdb.connect(config={"threads": 2, "memory_limit": "500MB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        yield Desk(con, Home(tmp_path), {})


def counts(judgement: RecordJudgement) -> dict[str, tuple[int, int, int]]:
    return {t.table: (t.landed, t.accepted, t.quarantined) for t in judgement.tables}


def test_the_planted_faults_of_20_may_are_found_to_the_row(desk: Desk) -> None:
    assert counts(desk.judge("enerflux-meters", "energy/meters.csv")) == {"meter": (415, 415, 0)}
    found = desk.judge("enerflux-readings", "energy/readings_2019-05-20.csv.gz", "2019-05-20")
    assert counts(found) == {"reading": (22_409, 22_307, 102)}
    refused = {f"{r.rule}:{r.column}": r.failed_rows for r in found.rules if r.outcome is Outcome.FAILED}
    assert refused == {
        "value_below_minimum:power_w": 50,
        "power_above_segment_ceiling:power_w": 13,
        "pattern_mismatch:meter_id": 10,
        "duplicate_key:None": 30,
    }
    contract = load_contract(POOL / "contracts" / "enerflux-readings.yaml")
    rows = list_quarantine(desk.con, desk.home, {contract.id: contract}).to_pylist()
    assert len(rows) == 102
    planted = {rule for rule, _, _ in (key.partition(":") for key in refused)}
    broken = [sum(r["rule"] in planted for r in row["rules"]) for row in rows]
    assert sorted(broken) == [1] * 101 + [2]
    assert rows[0]["original"].startswith('{"prm":"3000…","horodate":"2019-05-20T00:00:00-03:00"')
    repeats = list_quarantine(
        desk.con, desk.home, {contract.id: contract}, rule="duplicate_key", period="2019-05-20", limit=7
    )
    assert repeats.num_rows == 7
    assert list_quarantine(desk.con, desk.home, {}, feed="another").num_rows == 0
    hidden = list_quarantine(desk.con, desk.home, {}, delivery="0123", limit=1).to_pylist()
    assert hidden[0]["original"] == '{"prm":"3000…","horodate":"2019…","sens":"cons…","puissance_w":"-…"}'


def test_a_sound_day_is_accepted_whole_in_utc_and_watt_hours(desk: Desk) -> None:
    desk.judge("enerflux-meters", "energy/meters.csv")
    found = desk.judge("enerflux-readings", "energy/readings_2019-05-13.csv.gz", "2019-05-13")
    assert counts(found) == {"reading": (22_282, 22_282, 0)}
    path = desk.registers["enerflux-readings/reading"]
    first = desk.con.execute(
        "SELECT meter_id, CAST(start_at AS VARCHAR), CAST(power_w AS VARCHAR), duration_s,"
        f" CAST(energy_wh AS VARCHAR) FROM '{path}' LIMIT 1"
    ).fetchone()
    assert first == ("30000000007919", "2019-05-13 03:00:00+00", "558.000", 1800, "279.000")
    sent = POOL / "feeds" / "energy" / "readings_2019-05-13.csv.gz"
    as_sent = desk.con.execute(
        f"SELECT (SELECT sum(puissance_w) / 2 FROM read_csv('{sent}'))"
        f" = (SELECT sum(energy_wh) FROM '{path}')"
    ).fetchone()
    assert as_sent == (True,)


def test_without_the_register_the_lookups_are_skipped_and_the_rest_is_judged(desk: Desk) -> None:
    found = desk.judge("enerflux-readings", "energy/readings_2019-05-20.csv.gz", "2019-05-20")
    skipped = {r.rule for r in found.rules if r.outcome.value == "skipped"}
    assert {"unknown_meter", "power_above_segment_ceiling"} <= skipped
    assert failing(found)["value_below_minimum:power_w"] == 50


@pytest.mark.parametrize("day", ["2019-05-13", "2019-05-14", "2019-05-15", "2019-06-01"])
def test_fill_levels_above_one_are_quarantined(desk: Desk, day: str) -> None:
    desk.judge("velia-containers", "waste/containers.csv")
    found = desk.judge("velia-bins", f"waste/bins_{day}.json.gz", day)
    ((landed, accepted, quarantined),) = counts(found).values()
    assert quarantined == failing(found).get("value_above_maximum:fill_level", 0)
    if not GOLDEN.exists():
        pytest.skip("shared/indicators/golden.csv is not beside the repository")
    with GOLDEN.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["date"] == day and not r["key"]]
    golden = {r["measure"]: int(r["value"]) for r in rows if r["measure"].startswith("observations_")}
    assert (landed, accepted) == (golden["observations_received"], golden["observations_in_range"])


@pytest.mark.parametrize(
    ("feed", "file", "expected"),
    [
        ("eptc-gtfs", "poa_eptc.zip", {"stop": 3986, "trip": 2374, "stop_time": 130_019, "shape": 57_723}),
        ("trensurb-gtfs", "poa_trensurb.zip", {"stop": 24, "trip": 1248, "stop_time": 14_855}),
    ],
)
def test_the_timetables_are_accepted_whole(
    desk: Desk, feed: str, file: str, expected: dict[str, int]
) -> None:
    found = counts(desk.judge(feed, file))
    assert {name: found[name] for name in expected} == {name: (n, n, 0) for name, n in expected.items()}
    assert all(landed == accepted for landed, accepted, _ in found.values())


def test_a_delivery_judged_twice_gives_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    desk.judge("enerflux-meters", "energy/meters.csv")
    seen = []
    for home in (tmp_path / "one", tmp_path / "two"):
        desk.home = Home(home)
        desk.judge("enerflux-readings", "energy/readings_2019-05-20.csv.gz", "2019-05-20")
        seen.append([path.read_bytes() for path in sorted(home.glob("*/enerflux-readings/**/*.parquet"))])
    assert len(seen[0]) == 2
    assert seen[0] == seen[1]
