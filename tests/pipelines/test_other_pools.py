"""Pools unlike the bundled one: one domain, another time zone, nothing published, a run killed midway."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.landing import land_file
from contracts.layout import Home
from contracts.model import Contract
from contracts.pool import load_pool
from contracts.verdict import Status
from pipelines import steps
from pipelines.engine import Engine
from pipelines.partner_server import serve_partners
from pipelines.settings import Settings
from pipelines.upkeep import ABANDONED_AFTER_S, sweep_scratch
from tests.pipelines.conftest import POOL, Regie

PARIS = ZoneInfo("Europe/Paris")
POOL_YAML = """\
id: paris
title: {fr: Paris, en: Paris}
territory: {name: {fr: Paris, en: Paris}, country: FR}
timezone: Europe/Paris
now: "NOW"
zoneScales: [territory, h3_6]
allowedHosts: ["127.0.0.1"]
publisher: ville
actors:
  - {id: ville, name: Ville, roles: [trusted-third-party, publisher], email: pool@ville.example}
  - {id: elec, name: Elec, roles: [contributor], email: data@elec.example}
"""
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: ID
version: 1.0.0
status: active
servers:
  - server: production
    type: api
    location: "{base}/LOCATION"
    customProperties:
      - {property: wireFormat, value: delimited}
      - {property: dialect, value: {delimiter: ";", decimal: ",", encoding: latin-1}}
"""
TAIL = """\
customProperties:
  - {property: contributor, value: elec}
  - {property: basedOn, value: STANDARD@1}
  - {property: terms, value: {licence: etalab-2.0, protectedUnit: meter_id, minimumUnits: 10}}
"""
METERS = """\
schema:
  - name: meter
    properties:
      - {name: meter_id, physicalName: PRM}
      - {name: h3_cell, physicalName: maille}
      - {name: kind_sent, logicalType: string, physicalName: type}
      - {name: customer_type, transformLogic: "CASE kind_sent WHEN 'résidentiel' THEN 'residential' END"}
"""
READINGS = """\
schema:
  - name: reading
    properties:
      - name: meter_id
        physicalName: prm
        relationships:
          - to: elec-meters.yaml#/schema/meter/properties/meter_id
      - name: start_at
        physicalName: fin
        customProperties:
          - {property: dateFormat, value: "%d/%m/%Y %H:%M"}
          - {property: timezone, value: Europe/Paris}
      - {name: sent, logicalType: string, physicalName: sens, required: true}
      - {name: direction, transformLogic: "CASE sent WHEN 'conso' THEN 'consumption' END"}
      - name: power_w
        physicalName: kw
        customProperties: [{property: unit, value: kW}]
"""
DELIVERY = """\
  - property: delivery
    value: {mode: periodic, period: P1D, startsOn: "DAY", stepS: 1800, stamp: interval_end}
"""


def contract(name: str, location: str, standard: str, schema: str) -> str:
    head = HEAD.replace("ID", name).replace("LOCATION", location)
    return head + schema + TAIL.replace("STANDARD", standard)


def day_of_readings(day: date, meters: list[str]) -> list[str]:
    """Half hours of a local day stamped at their end, in local time without offset, kW with a comma."""
    bounds = (datetime(d.year, d.month, d.day, tzinfo=PARIS) for d in (day, day + timedelta(days=1)))
    at, end = (bound.astimezone(UTC) for bound in bounds)
    lines = ["prm;fin;sens;kw"]
    while at < end:
        at += timedelta(minutes=30)
        power = "0,4" if at.minute else "0,6"
        lines += [f"{meter};{at.astimezone(PARIS):%d/%m/%Y %H:%M};conso;{power}" for meter in meters]
    return lines


def write_paris(folder: Path, day: date) -> Path:
    """A pool of one contributor whose day is the one given, with its feeds."""
    meters = [f"{number:014}" for number in range(1, 4)]
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1)
    files = {
        "pool.yaml": POOL_YAML.replace("NOW", now.isoformat()),
        "contracts/elec-meters.yaml": contract(
            "elec-meters", "compteurs.csv", "meter-registry", METERS
        ).replace(
            "      - {name: customer",
            "      - {name: segment, transformLogic: \"'C5'\"}\n      - {name: customer",
        ),
        "contracts/elec-readings.yaml": contract(
            "elec-readings", "c_{period}.csv", "meter-readings", READINGS
        )
        + DELIVERY.replace("DAY", day.isoformat()),
        "feeds/compteurs.csv": "\r\n".join(
            ["PRM;maille;type", *(f"{meter};891fb466257ffff;résidentiel" for meter in meters)]
        ),
        f"feeds/c_{day}.csv": "\n".join(day_of_readings(day, meters)),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1" if name.startswith("feeds") else "utf-8", newline="")
    return folder


def ask(regie: Regie, pool: Path, query: str) -> list[dict[str, object]]:
    done = regie("--pool", str(pool), "sql", "--json", query)
    assert done.returncode == 0, done.stderr
    answer: list[dict[str, object]] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("day", "half_hours"), [(date(2021, 3, 28), 46), (date(2021, 10, 31), 50)])
def test_a_pool_of_another_time_zone_counts_the_half_hours_of_its_own_days(
    regie: Regie, tmp_path: Path, day: date, half_hours: int
) -> None:
    pool = write_paris(tmp_path / "paris", day)
    done = regie("--pool", str(pool), "demo")
    assert done.returncode == 0, done.stderr
    verdicts = ask(regie, pool, "SELECT feed, verdict, rows_loaded FROM pool.delivery ORDER BY feed")
    assert [v["verdict"] for v in verdicts] == ["accepted", "accepted"]
    assert verdicts[1]["rows_loaded"] == 3 * half_hours
    days = ask(
        regie, pool, "SELECT local_day, observed_intervals, energy_wh::INT AS wh FROM energy.meter_day"
    )
    assert {(d["local_day"], d["observed_intervals"], d["wh"]) for d in days} == {
        (day.isoformat(), half_hours, half_hours * 250)
    }


def test_a_pool_of_timetables_alone_has_its_indicators_and_publishes_nothing(
    regie: Regie, tmp_path: Path
) -> None:
    pool = tmp_path / "pool"
    (pool / "contracts").mkdir(parents=True)
    (pool / "feeds").mkdir()
    for name in ("pool.yaml", "contracts/trensurb-gtfs.yaml", "feeds/poa_trensurb.zip"):
        shutil.copy(POOL / name, pool / name)
    done = regie("--pool", str(pool), "demo")
    assert done.returncode == 0, done.stderr
    found = ask(regie, pool, "SELECT DISTINCT indicator FROM indicator.value WHERE status = 'ok'")
    assert {"scheduled_km", "stop_departures_per_hour"} <= {row["indicator"] for row in found}
    assert not (tmp_path / "home" / "published").exists()


def test_a_delivery_that_landed_before_a_run_was_killed_is_judged_by_the_next(
    tmp_path: Path,
) -> None:
    pool = load_pool(write_paris(tmp_path / "paris", date(2021, 3, 27)))
    engine = Engine(Settings(pool.path, Home(tmp_path / "home")))
    meters = pool.contract("elec-meters")
    bad = tmp_path / "bad.csv"
    bad.write_text("PRM;maille\n1;2\n")
    killed = land_file(meters, None, bad, engine.home, now=engine.now).arrival
    landed = land_file(meters, None, pool.path / "feeds" / "compteurs.csv", engine.home, now=engine.now)
    [delivered] = steps.settle(engine, meters, [(None, landed)])
    assert delivered.verdict is not None and delivered.verdict.is_accepted
    judged = steps.verdict_store.deliveries(engine.home, meters.id, None)
    assert killed is not None
    assert [v.arrival.delivery_id for v in judged] == [
        killed.delivery_id,
        delivered.verdict.arrival.delivery_id,
    ]
    assert not judged[0].is_accepted


def test_a_register_that_comes_after_the_readings_is_held_against_them_in_the_warehouse_too(
    tmp_path: Path,
) -> None:
    pool = load_pool(write_paris(tmp_path / "paris", date(2021, 3, 27)))
    engine = Engine(Settings(pool.path, Home(tmp_path / "home")))
    meters, readings, day = pool.contract("elec-meters"), pool.contract("elec-readings"), "2021-03-27"
    feeds = pool.path / "feeds"

    def deliver(contract: Contract, period: str | None, path: Path) -> Status:
        landing = land_file(contract, period, path, engine.home, now=engine.now)
        [delivered] = steps.settle(engine, contract, [(period, landing)])
        steps.load(engine, contract, [period])
        assert delivered.verdict is not None
        return delivered.verdict.status

    def loaded() -> list[tuple[int]]:
        query = "SELECT count(*) FROM energy.reading"
        return engine.lake.cursor().execute(query).fetchall()

    assert deliver(readings, day, feeds / f"c_{day}.csv") is Status.ACCEPTED
    assert loaded() == [(144,)]
    one = tmp_path / "one.csv"
    one.write_text("".join((feeds / "compteurs.csv").read_text("latin-1").splitlines(True)[:2]), "latin-1")
    assert deliver(meters, None, one) is Status.ACCEPTED
    assert deliver(readings, day, feeds / f"c_{day}.csv") is Status.REJECTED
    assert loaded() == [(0,)], "two meters of three are unknown to the register"
    assert deliver(meters, None, feeds / "compteurs.csv") is Status.ACCEPTED
    assert deliver(readings, day, feeds / f"c_{day}.csv") is Status.ACCEPTED
    assert loaded() == [(144,)]


def test_a_retyped_column_is_the_contracts_fault_and_changes_nothing(regie: Regie, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    for name in ("pool.yaml", "contracts/velia-containers.yaml", "feeds/waste/containers.csv"):
        (pool / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(POOL / name, pool / name)
    contract = pool / "contracts" / "velia-containers.yaml"
    with serve_partners(pool / "feeds") as partners:
        run = ("--pool", str(pool), "run", "snapshot_feeds")
        first = regie(*run, REGIE_PARTNERS=partners.base)
        assert first.returncode == 0, first.stderr
        retyped = (
            "schema: [{name: container, properties: [{name: capacity_l, logicalType: integer, "
            "physicalType: INTEGER}]}]\nslaProperties:"
        )
        contract.write_text(contract.read_text(encoding="utf-8").replace("slaProperties:", retyped, 1))
        second = regie(*run, REGIE_PARTNERS=partners.base)
    assert second.returncode == 2, second.stderr
    assert "capacity_l" in second.stderr
    assert "Traceback" not in second.stderr
    rows = ask(regie, pool, "SELECT count(*) AS n, typeof(any_value(capacity_l)) AS t FROM waste.container")
    assert rows == [{"n": 160, "t": "DECIMAL(9,1)"}]


def test_scratch_that_a_killed_run_left_goes_after_a_day(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("gate-old", "gate-new"):
        (home.scratch / name / "rows").mkdir(parents=True)
    (home.scratch / "feed.lock").touch()
    now = time.time()
    os.utime(home.scratch / "gate-old", (now - ABANDONED_AFTER_S - 1,) * 2)
    os.utime(home.scratch / "feed.lock", (0, 0))
    assert sweep_scratch(home, now) == 1
    assert {path.name for path in home.scratch.iterdir()} == {"gate-new", "feed.lock"}
