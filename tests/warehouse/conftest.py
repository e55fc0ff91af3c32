"""Accepted rows of the bundled pool's real feeds, made by one typed SELECT each, without the gates.

The gates have their own tests; here the warehouse gets what they would hand over.
"""

from __future__ import annotations

import csv
import datetime as dt
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from contracts.layout import Home
from contracts.model import (
    Column,
    Contract,
    Delivery,
    DeliveryMode,
    LogicalType,
    Server,
    Table,
    Terms,
    WireFormat,
)
from contracts.verdict import Arrival, Status, TableCount, Verdict
from warehouse.lake import Lake
from warehouse.load import load_deliveries
from warehouse.model_files import read_models
from warehouse.models import build_models
from warehouse.records import record_verdicts

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "pools" / "porto-alegre" / "feeds"
GOLDEN = ROOT.parent / "shared" / "indicators" / "golden.csv"
RECEIVED = dt.datetime(2019, 6, 10, 9, tzinfo=dt.UTC)
DAYS = tuple((dt.date(2019, 5, 13) + dt.timedelta(days=n)).isoformat() for n in range(28))
REJECTED = "2019-06-03"

TABLES = {
    "meter": "meter_id* VARCHAR, h3_cell VARCHAR, subscribed_power_kva DECIMAL(9,3), segment VARCHAR, "
    "customer_type VARCHAR, has_production BOOLEAN, commissioned_on DATE, retired_on DATE",
    "reading": "meter_id* VARCHAR, start_at! TIMESTAMPTZ, direction! VARCHAR, power_w DECIMAL(18,3), "
    "duration_s INTEGER, energy_wh DECIMAL(18,3), quality VARCHAR",
    "container": "container_id* VARCHAR, lat DOUBLE, lon DOUBLE, capacity_l DECIMAL(9,1), stream VARCHAR, "
    "round_id VARCHAR",
    "fill_observation": "container_id* VARCHAR, observed_at! TIMESTAMPTZ, fill_level DOUBLE, "
    "temperature_c DOUBLE, battery_voltage DOUBLE, waste_kind VARCHAR, status VARCHAR, lat DOUBLE, "
    "lon DOUBLE",
    "collection": "container_id* VARCHAR, collected_at! TIMESTAMPTZ, round_id VARCHAR, level_before DOUBLE, "
    "level_after DOUBLE, volume_l DECIMAL(12,3), mass_kg DECIMAL(12,3)",
    "population_grid": "cell_id! VARCHAR, lon DOUBLE, lat DOUBLE, population BIGINT, schools BIGINT, "
    "jobs DOUBLE, healthcare DOUBLE",
    "place": "place_id* VARCHAR, lat DOUBLE, lon DOUBLE",
    "stop": "stop_id* VARCHAR, stop_name VARCHAR, stop_lat DOUBLE, stop_lon DOUBLE",
}

ACCEPT = {
    "enerflux-meters": """
        SELECT prm AS meter_id, * EXCLUDE (prm)
        FROM read_csv('{feeds}/energy/meters.csv', types={{'prm': 'VARCHAR'}})
    """,
    "enerflux-readings": """
        SELECT DISTINCT ON (prm, horodate, sens)
            prm AS meter_id, horodate AS start_at, sens AS direction, puissance_w AS power_w,
            1800 AS duration_s,
            (puissance_w * 1800 / 3600)::DECIMAL(18, 3) AS energy_wh, 'measured' AS quality
        FROM read_csv('{feeds}/energy/readings_{file}.csv.gz', delim=';', header=true, types={{
            'prm': 'VARCHAR', 'horodate': 'TIMESTAMPTZ', 'puissance_w': 'DECIMAL(18,3)'}}) AS r
        JOIN read_csv('{feeds}/energy/meters.csv', types={{'prm': 'VARCHAR'}}) AS m USING (prm)
        WHERE puissance_w BETWEEN 0 AND if(segment = 'C4', 250000, 36000)
    """,
    "velia-containers": "FROM read_csv('{feeds}/waste/containers.csv')",
    "velia-bins": """
        SELECT
            j->>'$.id' AS container_id, (j->>'$.fillingLevel.observedAt')::TIMESTAMPTZ AS observed_at,
            (j->>'$.fillingLevel.value')::DOUBLE AS fill_level,
            (j->>'$.temperature.value')::DOUBLE AS temperature_c,
            (j->>'$.batteryVoltage.value')::DOUBLE AS battery_voltage,
            j->>'$.storedWasteKind.value[0]' AS waste_kind,
            j->>'$.status.value' AS status, (j->>'$.location.value.coordinates[1]')::DOUBLE AS lat,
            (j->>'$.location.value.coordinates[0]')::DOUBLE AS lon
        FROM (SELECT json AS j FROM read_json_objects('{feeds}/waste/bins_{file}.json.gz', format='array'))
        WHERE fill_level BETWEEN 0 AND 1
    """,
    "velia-collections": """
        FROM read_csv('{feeds}/waste/collections.csv', types={{'collected_at': 'TIMESTAMPTZ'}})
    """,
    "ipea-population": "SELECT id AS cell_id, * EXCLUDE (id) FROM read_csv('{feeds}/poa_hexgrid.csv')",
    "ipea-places": "SELECT id AS place_id, lat, lon FROM read_csv('{feeds}/poa_points_of_interest.csv')",
    "eptc-gtfs": """
        SELECT stop_id, stop_name, stop_lat, stop_lon
        FROM read_csv('{scratch}/stops.txt', types={{'stop_id': 'VARCHAR'}})
    """,
}
TABLE_OF = dict(
    zip(
        ACCEPT,
        (
            "meter",
            "reading",
            "container",
            "fill_observation",
            "collection",
            "population_grid",
            "place",
            "stop",
        ),
        strict=True,
    )
)
DOMAIN_OF = {"enerflux": "energy", "velia": "waste", "ipea": "territory", "eptc": "mobility"}
STEP_OF = {"enerflux-readings": 1800, "velia-bins": 7200}


def make_table(name: str, columns: str) -> Table:
    """`name! TYPE` is part of the key, `name* TYPE` too and namespaced."""
    made = []
    for text in columns.replace("(18,3)", "(18;3)").replace("(9,", "(9;").replace("(12,", "(12;").split(", "):
        label, kind = text.split(" ", 1)
        bare = label.rstrip("*!")
        made.append(
            Column(
                name=bare,
                source=bare,
                logical_type=LogicalType.STRING,
                physical_type=kind.replace(";", ","),
                primary_key=label != bare,
                is_namespaced=label.endswith("*"),
            )
        )
    return Table(name=name, source=name, columns=tuple(made))


def make_contract(feed: str, *tables: Table, version: str = "1.0.0", domain: str | None = None) -> Contract:
    contributor = feed.partition("-")[0]
    step = STEP_OF.get(feed)
    return Contract(
        id=feed,
        version=version,
        status="active",
        name=feed,
        domain=domain or DOMAIN_OF[contributor],
        contributor=contributor,
        tables=tables or (make_table(TABLE_OF[feed], TABLES[TABLE_OF[feed]]),),
        delivery=Delivery(
            mode=DeliveryMode.PERIODIC if step else DeliveryMode.SNAPSHOT,
            period="P1D" if step else None,
            starts_on=DAYS[0] if step else None,
            step_s=step,
        ),
        server=Server(location="feeds", type="local", wire_format=WireFormat.DELIMITED),
        terms=Terms(licence="CC-BY-4.0"),
        timezone="America/Sao_Paulo",
        digest=f"{feed}@{version}",
    )


def make_verdict(
    contract: Contract,
    period: str | None,
    rows: dict[str, int],
    *,
    delivery_id: str | None = None,
    status: Status = Status.ACCEPTED,
) -> Verdict:
    name = delivery_id or f"{contract.id}-{period or 'snapshot'}"
    total = sum(rows.values())
    return Verdict(
        arrival=Arrival(
            delivery_id=name,
            contributor=contract.contributor,
            feed=contract.id,
            period=period,
            sha256=name,
            size=total,
            source="feeds",
            received_at=RECEIVED,
        ),
        contract_version=contract.version,
        contract_digest=contract.digest,
        reference_digest="",
        engine_version="test",
        status=status,
        rows_landed=total,
        rows_accepted=total,
        rows_quarantined=0,
        tables=tuple(TableCount(table=t, landed=n, accepted=n, quarantined=0) for t, n in rows.items()),
        folder=f"{contract.id}/{period or 'snapshot'}/{name}@{contract.version}",
    )


@dataclass(frozen=True)
class Demo:
    """The pool's accepted deliveries of 28 days, on disk."""

    home: Home
    contracts: dict[str, Contract]
    verdicts: dict[str, list[Verdict]]

    @property
    def pool(self) -> SimpleNamespace:
        return SimpleNamespace(
            id="porto-alegre",
            timezone="America/Sao_Paulo",
            now=RECEIVED,
            zone_scales=("territory", "h3_6", "h3_7", "h3_8", "h3_9"),
            actors=(),
            contracts=tuple(self.contracts.values()),
        )


def accept(con: duckdb.DuckDBPyConnection, home: Home, contract: Contract, period: str | None) -> Verdict:
    file = f"{period}.v2" if period == "2019-05-27" and contract.id == "enerflux-readings" else period
    verdict = make_verdict(contract, period, {TABLE_OF[contract.id]: 0})
    target = home.accepted / str(verdict.folder) / f"{TABLE_OF[contract.id]}.parquet"
    target.parent.mkdir(parents=True)
    sql = ACCEPT[contract.id].format(feeds=FEEDS, file=file, scratch=home.scratch)
    count = con.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet)").fetchall()[0][0]
    return make_verdict(contract, period, {TABLE_OF[contract.id]: count})


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    home = Home(tmp_path_factory.mktemp("demo"))
    home.scratch.mkdir()
    zipfile.ZipFile(FEEDS / "poa_eptc.zip").extract("stops.txt", home.scratch)
    contracts = {feed: make_contract(feed) for feed in ACCEPT}
    verdicts = {}
    with duckdb.connect() as con:
        con.execute("SET TimeZone='UTC'; SET threads=2")
        for feed, contract in contracts.items():
            periods = [d for d in DAYS if (feed, d) != ("enerflux-readings", REJECTED)]
            periods = periods if feed in STEP_OF else [None]
            verdicts[feed] = [accept(con, home, contract, period) for period in periods]
    return Demo(home, contracts, verdicts)


@pytest.fixture(scope="session")
def loaded(demo: Demo) -> Iterator[Lake]:
    """The demo's lake with every accepted delivery loaded. Shared: read it, don't write."""
    with Lake.open(demo.home, threads=2) as lake:
        for feed, contract in demo.contracts.items():
            load_deliveries(lake, contract, demo.verdicts[feed], demo.home)
        yield lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.open(Home(tmp_path / "home"), threads=2) as lake:
        yield lake


@pytest.fixture
def place(lake: Lake) -> Callable[..., Verdict]:
    """Write accepted rows given as SQL, one SELECT a table, and return their verdict."""

    def write(contract: Contract, period: str | None, delivery_id: str, **tables: str) -> Verdict:
        home, counts = lake.location.home, {}
        verdict = make_verdict(contract, period, {}, delivery_id=delivery_id)
        folder = home.accepted / str(verdict.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for table, sql in tables.items():
            target = folder / f"{table}.parquet"
            with duckdb.connect() as con:
                counts[table] = con.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet)").fetchall()[0][0]
        return make_verdict(contract, period, counts, delivery_id=delivery_id)

    return write


@pytest.fixture
def bins() -> Callable[..., Contract]:
    """Make a small periodic contract `velia-bins` with one table of the given columns."""

    def make(columns: str = "container_id* VARCHAR, level DOUBLE", version: str = "1.0.0") -> Contract:
        return make_contract("velia-bins", make_table("level", columns), version=version)

    return make


@pytest.fixture
def stops() -> Callable[..., Contract]:
    """Make a small snapshot contract of two tables, the second optional, for a contributor."""

    def make(feed: str = "eptc-gtfs") -> Contract:
        trip = make_table("trip", "trip_id* VARCHAR").model_copy(update={"is_optional": True})
        return make_contract(feed, make_table("stop", "stop_id* VARCHAR"), trip, domain="mobility")

    return make


@pytest.fixture(scope="session")
def built(demo: Demo, loaded: Lake) -> Lake:
    """The demo's lake with its verdicts recorded and the engine's models built. Read it, don't write."""
    record_verdicts(loaded, demo.pool, [v for verdicts in demo.verdicts.values() for v in verdicts])
    names = {model.name for model in read_models() if model.schema != "mobility"}
    build_models(loaded, demo.pool, only=names)
    return loaded


@pytest.fixture(scope="session")
def golden() -> Callable[..., dict[tuple[str, str], float]]:
    """Give the golden values of a measure as (date, key) -> value; skip where the file is not there."""
    if not GOLDEN.exists():
        pytest.skip(f"golden values are not there: {GOLDEN.name} beside the repository")
    with GOLDEN.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))

    def values(measure: str) -> dict[tuple[str, str], float]:
        found = {(r["date"], r["key"]): float(r["value"]) for r in rows if r["measure"] == measure}
        assert found, measure
        return found

    return values
