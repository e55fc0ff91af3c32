"""The standards' own limits, on small feeds in which one thing is wrong: only its rule speaks."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.formats import read_tables
from contracts.gate import judge
from contracts.layout import Home
from contracts.model import Contract
from contracts.plausible_kinds import PLAUSIBLE_DELIVERIES, PLAUSIBLE_ROWS
from contracts.pool import load_pool
from contracts.verdict import Arrival, Outcome, Status, Verdict

POOL = Path(__file__).parents[2] / "pools" / "porto-alegre"
CONTRACTS = {c.id: c for c in load_pool(POOL).contracts}
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
DAY = "2019-05-20"
START = datetime(2019, 5, 20, 3, tzinfo=UTC)
"""Midnight in Porto Alegre."""
URN = "urn:ngsi-ld:WasteContainer:poa:000"


class Desk:
    """A home that judges small files under the bundled contracts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, Home(folder / "home")
        self.con = duckdb.connect()
        self.con.execute("SET threads=2; SET memory_limit='1GB'")

    def judge(
        self, feed: str, text: str, *, period: str | None = None, received_at: datetime = NOW
    ) -> Verdict:
        contract = plain(CONTRACTS[feed])
        data = self.folder / feed
        data.write_text(text, encoding="utf-8")
        arrival = Arrival(
            delivery_id=f"{feed:0>16.16}",
            contributor=contract.contributor,
            feed=feed,
            period=period,
            sha256="0" * 64,
            size=len(text),
            source=feed,
            received_at=received_at,
        )
        (verdict,) = judge(
            self.con, contract, [(arrival, data)], read_tables=read_tables, home=self.home, now=received_at
        )
        return verdict


def plain(contract: Contract) -> Contract:
    """The contract for text that is not compressed, without comparisons of one day with others."""
    dialect = contract.server.dialect.model_copy(update={"compression": None})
    server = contract.server.model_copy(update={"dialect": dialect})
    rules = tuple(r for r in contract.rules if not r.kind.endswith("_against_history"))
    return contract.model_copy(update={"server": server, "rules": rules})


def told(verdict: Verdict) -> set[str]:
    return {r.rule for r in verdict.rules if r.outcome in (Outcome.WARNING, Outcome.FAILED)}


Reading = dict[str, Any]


def readings() -> list[Reading]:
    """Two meters, a day of half-hours: one of them also produces by day."""
    rows = []
    for n in range(48):
        at = START + timedelta(minutes=30 * n)
        sun = 1000 if 16 <= n < 32 else 0
        values = (
            ("1", "consumption", 500 + 10 * (n % 7)),
            ("2", "consumption", 500 + 10 * (n % 5)),
            ("2", "production", sun),
        )
        rows += [{"id": f"3000000000000{m}", "n": n, "at": at, "way": way, "w": w} for m, way, w in values]
    return rows


def as_csv(rows: Sequence[Reading]) -> str:
    lines = [
        f"{r['id']};{(r['at'] - timedelta(hours=3)):%Y-%m-%dT%H:%M:%S}-03:00;{r['way']};{r['w']}"
        for r in rows
    ]
    return "\n".join(["prm;horodate;sens;puissance_w", *lines]) + "\n"


METERS = (
    "prm,h3_cell,subscribed_power_kva,segment,customer_type,has_production,commissioned_on,retired_on\n"
    "30000000000001,89a90128c4bffff,6,C5,residential,False,2018-01-01,\n"
    "30000000000002,89a90128c4bffff,9,C5,residential,True,2018-01-01,\n"
)


def is_first(row: Reading) -> bool:
    return row["id"] == "30000000000001"


def without(test: Callable[[Reading], bool]) -> Callable[[list[Reading]], list[Reading]]:
    return lambda rows: [r for r in rows if not test(r)]


def changed(test: Callable[[Reading], bool], **values: Any) -> Callable[[list[Reading]], list[Reading]]:
    return lambda rows: [r | values if test(r) else r for r in rows]


ODD_READINGS = {
    "gaps_in_series": without(lambda r: is_first(r) and 20 <= r["n"] < 24),
    "day_steps_missing": without(lambda r: r["n"] == 20),
    "silent_meter": without(lambda r: is_first(r) and r["n"] > 43),
    "plateau": changed(lambda r: is_first(r) and 10 <= r["n"] < 34, w=777),
    "spikes": changed(lambda r: is_first(r) and 10 <= r["n"] < 15, w=5999),
    "production_at_night": changed(lambda r: r["way"] == "production" and r["n"] == 46, w=1),
    "power_above_subscribed": changed(lambda r: is_first(r) and r["n"] == 10, w=6001),
}
USUAL_READINGS = {
    "gaps_in_series": without(lambda r: is_first(r) and 20 <= r["n"] < 23),
    "day_steps_missing": without(lambda r: r["n"] == 20 and is_first(r)),
    "silent_meter": without(lambda r: is_first(r) and r["n"] > 44),
    "plateau": changed(lambda r: is_first(r) and 10 <= r["n"] < 33, w=777),
    "spikes": changed(lambda r: is_first(r) and 10 <= r["n"] < 14, w=5999),
    "production_at_night": changed(lambda r: r["way"] == "production" and r["n"] == 45, w=1),
    "power_above_subscribed": changed(lambda r: is_first(r) and r["n"] == 10, w=6000),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_usual_day_of_readings_is_accepted_without_a_word(desk: Desk) -> None:
    assert told(desk.judge("enerflux-meters", METERS)) == set()
    verdict = desk.judge("enerflux-readings", as_csv(readings()), period=DAY)
    assert (told(verdict), verdict.status) == (set(), Status.ACCEPTED)


@pytest.mark.parametrize("rule", ODD_READINGS)
def test_one_odd_thing_in_readings_is_told_by_its_rule_and_is_not_just_before_the_limit(
    desk: Desk, rule: str
) -> None:
    desk.judge("enerflux-meters", METERS)
    odd = desk.judge("enerflux-readings", as_csv(ODD_READINGS[rule](readings())), period=DAY)
    # A hole or a silence also makes the day incomplete, which is another promise.
    assert told(odd) - {"series_incomplete"} == {rule}
    assert (odd.is_accepted, odd.rows_quarantined) == (True, 0)
    other = Desk(desk.folder)
    other.home = Home(desk.folder / "usual")
    other.judge("enerflux-meters", METERS)
    usual = other.judge("enerflux-readings", as_csv(USUAL_READINGS[rule](readings())), period=DAY)
    assert told(usual) - {"series_incomplete"} == set()


CONTAINERS = (
    f"container_id,lat,lon,capacity_l,stream,round_id\n"
    f"{URN}1,-30,-51,90,mixed,R1\n"
    f"{URN}2,-30.1,-51,90,mixed,R1\n"
)
COLLECTIONS = (
    "round_id,container_id,collected_at,level_before,level_after,volume_l,mass_kg\n"
    f"R1,{URN}2,2019-05-21T23:00:00-03:00,0.9,0.0,80,5\n"
)


def observations() -> list[Reading]:
    """Two containers that fill slowly, an observation every two hours."""
    return [
        {
            "id": f"{URN}{c}",
            "c": c,
            "n": n,
            "at": START + timedelta(hours=2 * n),
            "level": round(0.4 + 0.01 * n, 3),
            "lat": -30 if c == 1 else -30.1,
            "status": "ok",
            "temperature": 20.0,
            "voltage": 3.6,
        }
        for n in range(12)
        for c in (1, 2)
    ]


def as_ngsi(rows: Sequence[Reading]) -> str:
    return json.dumps(
        [
            {
                "id": r["id"],
                "type": "WasteContainer",
                "location": {
                    "type": "GeoProperty",
                    "value": {"type": "Point", "coordinates": [-51, r["lat"]]},
                },
                "fillingLevel": {
                    "type": "Property",
                    "value": r["level"],
                    "observedAt": f"{r['at']:%Y-%m-%dT%H:%M:%SZ}",
                },
                "temperature": {"type": "Property", "value": r["temperature"], "unitCode": "CEL"},
                "batteryVoltage": {"type": "Property", "value": r["voltage"], "unitCode": "VLT"},
                "storedWasteKind": {"type": "Property", "value": ["mixed"]},
                "status": {"type": "Property", "value": r["status"]},
            }
            for r in rows
        ]
    )


def at(n: int) -> Callable[[Reading], bool]:
    return lambda r: r["c"] == 1 and r["n"] == n


def falling(a_day: float) -> Callable[[list[Reading]], list[Reading]]:
    def fall(rows: list[Reading]) -> list[Reading]:
        return [r | {"voltage": 4 - a_day * r["n"] / 12} if r["c"] == 1 else r for r in rows]

    return fall


def rising(after: timedelta) -> Callable[[list[Reading]], list[Reading]]:
    """One more observation of the first container, that soon after its third, 0.51 higher."""

    def rise(rows: list[Reading]) -> list[Reading]:
        third = next(r for r in rows if at(2)(r))
        later = [r | {"level": 0.95} if r["c"] == 1 and r["n"] > 2 else r for r in rows]
        return [*later, third | {"at": third["at"] + after, "level": 0.931}]

    return rise


METRE = 360 / 40_030_228.88
ODD_OBSERVATIONS = {
    "silent_sensor": without(lambda r: r["c"] == 1 and r["n"] > 7),
    "battery_slope": falling(0.11),
    "fall_without_collection": changed(lambda r: r["c"] == 1 and r["n"] > 5, level=0.149),
    "jump_up": rising(timedelta(minutes=15)),
    "sensor_status": changed(at(3), status="dropped"),
    "out_of_place": changed(at(3), lat=-30 + 50.1 * METRE),
    "hot": changed(at(3), temperature=60.1),
    "low_battery": changed(lambda r: r["c"] == 1, voltage=3.299),
    "frozen_series": changed(lambda r: r["c"] == 1, level=0.5),
}
USUAL_OBSERVATIONS = {
    "silent_sensor": without(lambda r: r["c"] == 1 and r["n"] > 8),
    "battery_slope": falling(0.1),
    "fall_without_collection": changed(lambda r: r["c"] == 1 and r["n"] > 5, level=0.15),
    "jump_up": rising(timedelta(minutes=16)),
    "sensor_status": changed(at(3), status="lidOpen"),
    "out_of_place": changed(at(3), lat=-30 + 49.9 * METRE),
    "hot": changed(at(3), temperature=60),
    "low_battery": changed(lambda r: r["c"] == 1, voltage=3.3),
    "frozen_series": changed(lambda r: r["c"] == 1, level=1),
}


def judge_bins(desk: Desk, rows: Sequence[Reading], received_at: datetime = NOW) -> Verdict:
    desk.judge("velia-containers", CONTAINERS)
    desk.judge("velia-collections", COLLECTIONS)
    return desk.judge("velia-bins", as_ngsi(rows), period=DAY, received_at=received_at)


def test_a_usual_day_of_observations_is_accepted_without_a_word(desk: Desk) -> None:
    verdict = judge_bins(desk, observations())
    assert (told(verdict), verdict.status) == (set(), Status.ACCEPTED)
    assert {r.rule for r in verdict.rules if r.outcome is Outcome.SKIPPED} == set()


@pytest.mark.parametrize("rule", ODD_OBSERVATIONS)
def test_one_odd_thing_in_observations_is_told_by_its_rule_and_is_not_just_before_the_limit(
    desk: Desk, rule: str
) -> None:
    odd = judge_bins(desk, ODD_OBSERVATIONS[rule](observations()))
    assert told(odd) - {"series_incomplete"} == {rule}
    assert (odd.is_accepted, odd.rows_quarantined) == (True, 0)
    other = Desk(desk.folder)
    other.home = Home(desk.folder / "usual")
    assert told(judge_bins(other, USUAL_OBSERVATIONS[rule](observations()))) - {"series_incomplete"} == set()


def test_a_sensor_that_speaks_of_the_future_is_told(desk: Desk) -> None:
    """The last observation is at 22:00 local time; the delivery came six minutes before it."""
    last = START + timedelta(hours=22)
    assert told(judge_bins(desk, observations(), last - timedelta(minutes=5))) == set()
    other = Desk(desk.folder)
    other.home = Home(desk.folder / "early")
    assert told(judge_bins(other, observations(), last - timedelta(minutes=6))) == {"clock_skew"}


@pytest.mark.parametrize(("left", "rules"), [("0.3", set()), ("0.31", {"collection_without_fall"})])
def test_a_collection_leaves_less_than_a_third(desk: Desk, left: str, rules: set[str]) -> None:
    desk.judge("velia-containers", CONTAINERS)
    assert told(desk.judge("velia-collections", COLLECTIONS.replace("0.9,0.0", f"0.9,{left}"))) == rules


def test_collections_and_observations_of_unknown_containers_are_put_aside(desk: Desk) -> None:
    desk.judge("velia-containers", CONTAINERS.replace(f"{URN}2", f"{URN}3"))
    collections = desk.judge("velia-collections", COLLECTIONS)
    seen = desk.judge("velia-bins", as_ngsi(observations()), period=DAY)
    for verdict, rows in ((collections, 1), (seen, 12)):
        (found,) = [r for r in verdict.rules if r.rule == "unknown_container"]
        assert (found.failed_rows, verdict.rows_quarantined) == (rows, rows)


def test_readings_of_unknown_meters_are_put_aside(desk: Desk) -> None:
    desk.judge("enerflux-meters", METERS.replace("30000000000001", "30000000000003"))
    verdict = desk.judge("enerflux-readings", as_csv(readings()), period=DAY)
    assert {r.rule: r.failed_rows for r in verdict.rules if r.rule == "unknown_meter"} == {
        "unknown_meter": 48
    }


@pytest.mark.parametrize("day", ["2019-05-15", DAY])
def test_a_bundled_day_has_the_excesses_that_its_file_has_and_no_other_oddity(desk: Desk, day: str) -> None:
    """Counted in the files themselves; the planted impossible powers of 20 May are not told twice."""
    meters, sent = POOL / "feeds/energy/meters.csv", POOL / f"feeds/energy/readings_{day}.csv.gz"
    desk.judge("enerflux-meters", meters.read_text("utf-8"))
    verdict = desk.judge("enerflux-readings", gzip.decompress(sent.read_bytes()).decode(), period=day)
    with meters.open(encoding="utf-8") as lines:
        register = {row["prm"]: row for row in csv.DictReader(lines)}
    ceilings, seen, excesses = {"C5": 36_000, "C4": 250_000}, set(), 0
    with gzip.open(sent, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            meter, key = register.get(row["prm"]), (row["prm"], row["horodate"], row["sens"])
            if meter is None or row["sens"] != "consumption" or key in seen:
                continue
            seen.add(key)
            level = float(meter["subscribed_power_kva"]) * 1000
            excesses += level < float(row["puissance_w"]) <= ceilings[meter["segment"]]
    odd = {
        r.rule: r.failed_rows for r in verdict.rules if r.severity != "error" and r.outcome is Outcome.WARNING
    }
    assert odd == {"power_above_subscribed": excesses}
    assert excesses > 40


def test_every_plausible_rule_of_the_bundled_contracts_is_tried_here_or_beside() -> None:
    """A rule added to a standard without a feed that breaks only it fails here."""
    beside = Path(__file__).with_name("test_rules_timetables.py").read_text("utf-8")
    here = Path(__file__).read_text("utf-8").partition("def test_every_plausible_rule")[0]
    rules = {
        rule.id
        for contract in CONTRACTS.values()
        for rule in (*contract.rules, *(r for t in contract.tables for r in t.rules))
        if rule.kind in PLAUSIBLE_ROWS or rule.kind in PLAUSIBLE_DELIVERIES
    }
    assert len(rules) > 20
    assert {rule for rule in rules if f'"{rule}"' not in here + beside} == set()


def test_every_kind_of_plausible_rule_is_asked_by_some_contract() -> None:
    asked = {
        rule.kind
        for contract in CONTRACTS.values()
        for rule in (*contract.rules, *(r for t in contract.tables for r in t.rules))
    }
    assert {*PLAUSIBLE_ROWS, *PLAUSIBLE_DELIVERIES} - asked == set()
