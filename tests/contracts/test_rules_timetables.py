"""Rules that compare timetables and registers with the last accepted ones, and look at the weeks ahead."""

from __future__ import annotations

import shutil
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.formats import read_tables
from contracts import verdicts
from contracts.errors import ContractError
from contracts.gate import judge
from contracts.layout import Home
from contracts.model import Contract
from contracts.pool import load_pool
from contracts.resolve import load_contract
from contracts.verdict import Arrival, Outcome, RuleResult, Status, Verdict

POOL = Path(__file__).parents[2] / "pools" / "porto-alegre"
FEEDS = POOL / "feeds"
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)
METRE_OF_LATITUDE = 360 / 40_030_228.88
"""Degrees: one over the mean circumference (radius 6,371,008.8 m)."""


def bundled(feed: str) -> Contract:
    """The contract without what its contributor promises of its own days and hours."""
    contract = load_contract(POOL / "contracts" / f"{feed}.yaml", timezone="America/Sao_Paulo")
    rules = tuple(r for r in contract.rules if r.kind not in ("service_days", "service_hours"))
    return contract.model_copy(update={"rules": rules})


class Desk:
    """A home that judges deliveries of one feed, each a day after the one before."""

    def __init__(self, folder: Path, feed: str) -> None:
        self.folder, self.contract, self.home = folder, bundled(feed), Home(folder / "home")
        self.con = duckdb.connect()
        self.con.execute("SET threads=2; SET memory_limit='1GB'")
        self.sent: list[tuple[Arrival, Path]] = []

    def deliver(self, data: Path, *, now: datetime = NOW) -> Verdict:
        number = len(self.sent)
        arrival = Arrival(
            delivery_id=f"{number:016x}",
            contributor=self.contract.contributor,
            feed=self.contract.id,
            period=None,
            sha256=f"{number:064x}",
            size=data.stat().st_size,
            source=data.name,
            received_at=NOW + timedelta(days=number),
        )
        self.sent.append((arrival, data))
        return self.again(number, now=now)

    def again(self, number: int, *, now: datetime = NOW) -> Verdict:
        (verdict,) = judge(
            self.con, self.contract, [self.sent[number]], read_tables=read_tables, home=self.home, now=now
        )
        return verdict


def of(verdict: Verdict, rule: str) -> RuleResult:
    (found,) = [r for r in verdict.rules if r.rule == rule]
    return found


def warnings(verdict: Verdict) -> set[str]:
    return {r.rule for r in verdict.rules if r.outcome in (Outcome.WARNING, Outcome.FAILED)}


STOP = "s1,Mairie,{lat},4.0"
CALENDAR = "{service},1,1,1,1,1,1,1,{start},{end}"


def gtfs(
    path: Path,
    *,
    lat: float = 45.0,
    trips: int = 10,
    calendars: tuple[tuple[str, str, str], ...] = (("all", "20190501", "20190831"),),
    exceptions: tuple[str, ...] = (),
) -> Path:
    """A small timetable: one line, two stops, the same number of trips for each service."""
    ids = [f"{service}{n}" for service, _, _ in calendars for n in range(trips)]
    services = [service for service, _, _ in calendars for _ in range(trips)]
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    files = {
        "agency.txt": [
            "agency_id,agency_name,agency_url,agency_timezone",
            "a,A,https://a.example,America/Sao_Paulo",
        ],
        "stops.txt": ["stop_id,stop_name,stop_lat,stop_lon", STOP.format(lat=repr(lat)), "s2,Gare,45.1,4.0"],
        "routes.txt": ["route_id,agency_id,route_short_name,route_long_name,route_type", "r,a,1,Une,3"],
        "trips.txt": [
            "route_id,service_id,trip_id",
            *(f"r,{s},{t}" for s, t in zip(services, ids, strict=True)),
        ],
        "stop_times.txt": [
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence",
            *(f"{t},08:0{n}:00,08:0{n}:00,s{n + 1},{n}" for t in ids for n in (0, 1)),
        ],
        "calendar.txt": [
            ",".join(("service_id", *week, "start_date", "end_date")),
            *(CALENDAR.format(service=s, start=a, end=b) for s, a, b in calendars),
        ],
        "calendar_dates.txt": ["service_id,date,exception_type", *exceptions],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, lines in files.items():
            archive.writestr(name, "\n".join(lines) + "\n")
    return path


@pytest.fixture
def trains(tmp_path: Path) -> Desk:
    return Desk(tmp_path, "trensurb-gtfs")


def test_a_first_timetable_has_nothing_to_be_compared_with(trains: Desk) -> None:
    verdict = trains.deliver(gtfs(trains.folder / "a.zip"))
    assert verdict.is_accepted
    assert (of(verdict, "stop_moved").outcome, of(verdict, "stop_moved").reason) == (
        "skipped",
        "needs last/stop",
    )
    assert of(verdict, "trips_changed").outcome == "skipped"


@pytest.mark.parametrize(("metres", "moved"), [(99.9, False), (100.1, True)])
def test_a_stop_may_move_a_hundred_metres(trains: Desk, metres: float, moved: bool) -> None:
    trains.deliver(gtfs(trains.folder / "a.zip"))
    verdict = trains.deliver(gtfs(trains.folder / "b.zip", lat=45 + metres * METRE_OF_LATITUDE))
    found = of(verdict, "stop_moved")
    assert found.failed_rows == (1 if moved else 0)
    assert verdict.rows_quarantined == 0
    if moved:
        assert (found.examples[0].line, found.examples[0].key) == (2, {"stop_id": "s1"})


@pytest.mark.parametrize(("trips", "changed"), [(8, False), (7, True), (12, False), (13, True)])
def test_a_fifth_of_the_trips_may_come_or_go(trains: Desk, trips: int, changed: bool) -> None:
    trains.deliver(gtfs(trains.folder / "a.zip", trips=10))
    found = of(trains.deliver(gtfs(trains.folder / "b.zip", trips=trips)), "trips_changed")
    assert found.outcome is (Outcome.WARNING if changed else Outcome.PASSED)
    assert found.expected == "70 ± 20 %"
    assert (found.observed or "").startswith(f"{7 * trips} (")


def test_the_same_delivery_is_always_compared_with_the_same_one_before_it(trains: Desk) -> None:
    """Judged again, a delivery is not its own past, and a later one is not either."""
    trains.deliver(gtfs(trains.folder / "a.zip", lat=45.0))
    moved = trains.deliver(gtfs(trains.folder / "b.zip", lat=45.01))
    trains.deliver(gtfs(trains.folder / "c.zip", lat=45.02))
    again = trains.again(1)
    assert again == moved
    assert of(again, "stop_moved").failed_rows == 1
    forgotten = trains.home.verdicts / "trensurb-gtfs" / "snapshot" / f"{1:016x}.json"
    forgotten.unlink()
    fresh = trains.again(1)
    assert (fresh.reference_digest, of(fresh, "stop_moved").failed_rows) == (moved.reference_digest, 1)


def test_a_refused_timetable_is_nobodys_past(trains: Desk) -> None:
    trains.deliver(gtfs(trains.folder / "a.zip", lat=45.0))
    broken = trains.folder / "b.zip"
    broken.write_bytes(b"PK\x03\x04 no archive")
    assert trains.deliver(broken).status is Status.REJECTED
    verdict = trains.deliver(gtfs(trains.folder / "c.zip", lat=45.0))
    assert of(verdict, "stop_moved").outcome is Outcome.PASSED
    assert of(verdict, "trips_changed").outcome is Outcome.PASSED


def test_another_past_is_another_cache_key(trains: Desk) -> None:
    first = trains.deliver(gtfs(trains.folder / "a.zip"))
    second = trains.deliver(gtfs(trains.folder / "b.zip"))
    third = trains.deliver(gtfs(trains.folder / "c.zip"))
    assert len({v.reference_digest for v in (first, second, third)}) == 3
    assert first.reference_digest == verdicts.registers_for(trains.home, trains.contract).digest


def days_without(service: str, first: str, count: int) -> tuple[str, ...]:
    start = date.fromisoformat(first)
    return tuple(f"{service},{start + timedelta(days=n):%Y%m%d},2" for n in range(count))


@pytest.mark.parametrize(("cut", "outcome"), [(3, Outcome.PASSED), (4, Outcome.WARNING)])
def test_a_week_ahead_has_half_of_the_usual_trips_or_is_a_cliff(
    trains: Desk, cut: int, outcome: Outcome
) -> None:
    """Ten trips a day: a week of 4 days has 57 % of the usual ones, one of 3 days 43 %."""
    data = gtfs(trains.folder / "a.zip", exceptions=days_without("all", "2019-06-17", cut))
    found = of(trains.deliver(data), "service_cliff")
    assert found.outcome is outcome
    assert found.expected == "≥ 50 %"
    assert (found.observed or "").startswith("2019-06-17: ")


def test_a_cliff_behind_us_or_beyond_the_calendar_is_none(trains: Desk) -> None:
    behind = days_without("all", "2019-05-27", 7)
    calendars = (("all", "20190501", "20190630"),)
    verdict = trains.deliver(gtfs(trains.folder / "a.zip", exceptions=behind, calendars=calendars))
    assert of(verdict, "service_cliff").outcome is Outcome.PASSED


def test_a_cliff_needs_a_week_ahead(trains: Desk) -> None:
    verdict = trains.deliver(gtfs(trains.folder / "a.zip", calendars=(("all", "20190501", "20190615"),)))
    found = of(verdict, "service_cliff")
    assert (found.outcome, found.reason) == (Outcome.SKIPPED, "no whole week of service lies ahead")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("20190710", set()),
        ("20190709", {"calendar_ends_soon"}),
        ("20190616", {"calendar_ends_soon", "calendar_too_short"}),
    ],
)
def test_a_timetable_that_ends_is_told_thirty_days_and_seven_days_ahead(
    trains: Desk, end: str, told: set[str]
) -> None:
    verdict = trains.deliver(gtfs(trains.folder / "a.zip", calendars=(("all", "20190501", end),)))
    assert {r for r in warnings(verdict) if r.startswith("calendar_")} == told


@pytest.fixture
def containers(tmp_path: Path) -> Desk:
    return Desk(tmp_path, "velia-containers")


def edited(desk: Desk, name: str, edit: Any) -> Path:
    """The bundled register with its rows changed."""
    head, *rows = (FEEDS / "waste" / "containers.csv").read_text("utf-8").splitlines()
    path = desk.folder / name
    path.write_text("\n".join([head, *edit(rows)]) + "\n", encoding="utf-8")
    return path


def test_the_bundled_register_sent_again_has_changed_nothing(containers: Desk) -> None:
    first = containers.deliver(FEEDS / "waste" / "containers.csv")
    copy = shutil.copy(FEEDS / "waste" / "containers.csv", containers.folder / "again.csv")
    again = containers.deliver(Path(copy))
    assert (first.status, again.status) == (Status.ACCEPTED, Status.ACCEPTED)
    assert {of(first, r).outcome.value for r in ("ids_vanished", "capacity_changed", "container_moved")} == {
        "skipped"
    }
    assert {of(again, r).outcome.value for r in ("ids_vanished", "capacity_changed", "container_moved")} == {
        "passed"
    }


@pytest.mark.parametrize(("gone", "outcome"), [(1, Outcome.PASSED), (2, Outcome.WARNING)])
def test_one_container_in_a_hundred_and_sixty_may_vanish(
    containers: Desk, gone: int, outcome: Outcome
) -> None:
    containers.deliver(FEEDS / "waste" / "containers.csv")
    verdict = containers.deliver(edited(containers, "less.csv", lambda rows: rows[gone:]))
    found = of(verdict, "ids_vanished")
    assert found.outcome is outcome
    if outcome is Outcome.WARNING:
        assert found.observed == "1.25 % (2 / 160)"
        assert [e.key["container_id"] for e in found.examples] == [
            "urn:ngsi-ld:WasteContainer:poa:0001",
            "urn:ngsi-ld:WasteContainer:poa:0002",
        ]


def test_a_capacity_that_changed_is_told_with_its_line(containers: Desk) -> None:
    containers.deliver(FEEDS / "waste" / "containers.csv")

    def enlarge(rows: list[str]) -> list[str]:
        return [rows[0], rows[1].replace(",480,", ",481,"), *rows[2:]]

    verdict = containers.deliver(edited(containers, "more.csv", enlarge))
    assert warnings(verdict) == {"capacity_changed"}
    found = of(verdict, "capacity_changed")
    assert (found.failed_rows, found.examples[0].line, found.examples[0].value) == (1, 3, "481")
    assert verdict.rows_accepted == 160


def test_a_container_that_moved_is_told_for_information(containers: Desk) -> None:
    containers.deliver(FEEDS / "waste" / "containers.csv")

    def move(rows: list[str]) -> list[str]:
        return [rows[0].replace(",-30.08977,", ",-30.09077,"), *rows[1:]]

    verdict = containers.deliver(edited(containers, "moved.csv", move))
    assert (of(verdict, "container_moved").failed_rows, verdict.status) == (1, Status.ACCEPTED)


def test_no_feed_of_a_pool_may_be_called_what_stands_for_the_last_delivery(tmp_path: Path) -> None:
    shutil.copytree(POOL / "contracts", tmp_path / "contracts")
    shutil.copy(POOL / "pool.yaml", tmp_path / "pool.yaml")
    places = (tmp_path / "contracts" / "ipea-places.yaml").read_text("utf-8")
    (tmp_path / "contracts" / "last.yaml").write_text(places.replace("id: ipea-places", "id: last"), "utf-8")
    with pytest.raises(ContractError, match="`last` stands for a feed's own last delivery"):
        load_pool(tmp_path)
