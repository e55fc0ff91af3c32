"""Contracts built by hand, so that these tests need no YAML."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from connectors.formats import read_tables
from contracts.layout import Home
from contracts.model import Column, Contract, Delivery, Dialect, LogicalType, Server, Table, Terms
from contracts.raw_table import RawTable

ROOT = Path(__file__).parents[2]
FEEDS = ROOT / "pools" / "porto-alegre" / "feeds"
COMMAS = Dialect()
NOW = datetime(2019, 6, 10, 9, tzinfo=UTC)


def column(name: str, source: str | None = None, logical: str = "string", **more: object) -> Column:
    kind = LogicalType(logical)
    return Column(name=name, source=source or name, logical_type=kind, physical_type="VARCHAR", **more)


def build(
    feed: str = "feed",
    tables: tuple[Table, ...] = (),
    *,
    wire: str = "delimited",
    dialect: Dialect = COMMAS,
    mode: str = "snapshot",
    location: str = "{base}/data.csv",
    max_bytes: int = 10_000_000,
    file: Path | None = None,
) -> Contract:
    return Contract(
        id=feed,
        version="1.0.0",
        status="active",
        name=feed,
        domain="test",
        contributor="someone",
        tables=tables,
        delivery=Delivery(mode=mode, period="P1D" if mode == "periodic" else None),
        server=Server(location=location, type="api", wire_format=wire, dialect=dialect, max_bytes=max_bytes),
        terms=Terms(licence="CC-BY-4.0"),
        digest="0" * 64,
        file=file,
    )


def table(name: str, *columns: Column, source: str | None = None, is_optional: bool = False) -> Table:
    return Table(name=name, source=source or name, columns=columns, is_optional=is_optional)


READINGS = table(
    "reading",
    column("meter_id", "prm", classification="personal"),
    column("start_at", "horodate", "timestamp"),
    column("direction", "sens"),
    column("power_w", "puissance_w", "number", unit="W"),
    column("quality", "qualite", is_expected=False),
    column("energy_wh", "energy_wh", "number", derived="power_w / 2"),
)
BINS = table(
    "fill_observation",
    column("container_id", "id"),
    column("observed_at", "fillingLevel.observedAt", "timestamp"),
    column("fill_level", "fillingLevel", "number"),
    column("temperature_c", "temperature", "number", is_expected=False),
    column("temperature_unit", "temperature.unitCode", is_expected=False),
    column("waste_kind", "storedWasteKind", is_expected=False),
    column("lon", "location.lon", "number", is_expected=False),
    column("lat", "location.lat", "number", is_expected=False),
)


def readings_contract(**more: object) -> Contract:
    dialect = Dialect(delimiter=";", compression="gzip")
    location = "{base}/energy/readings_{period}.csv.gz"
    settings = {"mode": "periodic", "dialect": dialect, "location": location} | more
    return build("enerflux-readings", (READINGS,), **settings)


def bins_contract(compression: str | None = None) -> Contract:
    return build(
        "velia-bins", (BINS,), wire="ngsi-ld", dialect=Dialect(compression=compression), mode="periodic"
    )


def gtfs_contract(*tables: Table) -> Contract:
    return build("gtfs", tables, wire="gtfs")


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET memory_limit = '400MB'")
    return connection


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> Callable[[Contract, bytes | Path], dict[str, RawTable]]:
    count = 0

    def read_bytes(contract: Contract, data: bytes | Path) -> dict[str, RawTable]:
        nonlocal count
        count += 1
        path = data if isinstance(data, Path) else tmp_path / f"data-{count}"
        if isinstance(data, bytes):
            path.write_bytes(data)
        return read_tables(con, contract, path, tmp_path / f"scratch-{count}")

    return read_bytes
