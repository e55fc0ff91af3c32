"""Loading many periods of a feed in one transaction, against one transaction a period.

Run: python -m benchmarks.warehouse.bench_load. 28 days of 22,000 rows, the demo's readings.
"""

from __future__ import annotations

import datetime as dt
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

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
from contracts.verdict import Arrival, Status, Verdict
from warehouse.lake import Lake
from warehouse.load import load_deliveries, load_delivery

DAYS, ROWS = 28, 22_000
LEAST_LEAD = 1.5
COLUMNS = {"meter_id": "VARCHAR", "start_at": "TIMESTAMPTZ", "energy_wh": "DECIMAL(18,3)"}
ACCEPTED = """
    SELECT 'm' || range % 460 AS meter_id, ?::TIMESTAMPTZ + to_seconds(1800 * (range // 460)) AS start_at,
    (range % 977)::DECIMAL(18, 3) AS energy_wh FROM range({rows})
"""


def make_contract() -> Contract:
    """Return a periodic contract of one table."""
    columns = tuple(
        Column(
            name=name,
            source=name,
            logical_type=LogicalType.STRING,
            physical_type=kind,
            primary_key=name != "energy_wh",
            is_namespaced=name == "meter_id",
        )
        for name, kind in COLUMNS.items()
    )
    return Contract(
        id="bench-readings",
        version="1.0.0",
        status="active",
        name="bench",
        domain="energy",
        contributor="bench",
        tables=(Table(name="reading", source="reading", columns=columns),),
        delivery=Delivery(mode=DeliveryMode.PERIODIC, period="P1D"),
        server=Server(location="x", type="local", wire_format=WireFormat.DELIMITED),
        terms=Terms(licence="CC0-1.0"),
        digest="bench",
    )


def make_verdict(home: Home, day: dt.date) -> Verdict:
    """Write a day's accepted rows and return their verdict."""
    folder = f"bench-readings/{day}/{day}@1.0.0"
    path = home.accepted / folder / "reading.parquet"
    path.parent.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute(f"COPY ({ACCEPTED.format(rows=ROWS)}) TO '{path}' (FORMAT parquet)", [f"{day}T00:00:00Z"])
    arrival = Arrival(
        delivery_id=str(day),
        contributor="bench",
        feed="bench-readings",
        period=str(day),
        sha256=str(day),
        size=0,
        source="x",
        received_at=dt.datetime(2019, 6, 10, tzinfo=dt.UTC),
    )
    return Verdict(
        arrival=arrival,
        contract_version="1.0.0",
        contract_digest="bench",
        reference_digest="",
        engine_version="bench",
        status=Status.ACCEPTED,
        rows_landed=ROWS,
        rows_accepted=ROWS,
        rows_quarantined=0,
        folder=folder,
    )


def measure(work: Callable[[Lake, Home, list[Verdict]], None]) -> tuple[float, float, int]:
    """Return wall and CPU seconds of loading all days into a new lake, and the rows that stand there."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        verdicts = [make_verdict(home, dt.date(2019, 5, 13) + dt.timedelta(days=n)) for n in range(DAYS)]
        with Lake.open(home, threads=2) as lake:
            wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
            work(lake, home, verdicts)
            after = resource.getrusage(resource.RUSAGE_SELF)
            seconds = time.perf_counter() - wall
            row = lake.cursor().execute("SELECT count(*) FROM energy.reading").fetchone()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(row[0]) if row else 0


def main() -> None:
    """Measure both ways and compare their CPU seconds."""
    contract = make_contract()

    def one_by_one(lake: Lake, home: Home, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            load_delivery(lake, contract, verdict, home)

    batch = measure(lambda lake, home, verdicts: print(load_deliveries(lake, contract, verdicts, home).rows))
    single = measure(one_by_one)
    print(f"{'way':<34}{'wall s':>8}{'CPU s':>8}")
    print(f"{f'{DAYS} periods in one transaction':<34}{batch[0]:>8.2f}{batch[1]:>8.2f}")
    print(f"{'one transaction a period':<34}{single[0]:>8.2f}{single[1]:>8.2f}")
    lead = single[1] / batch[1]
    print(f"lead {lead:.1f}, at least {LEAST_LEAD}")
    assert batch[2] == single[2] == DAYS * ROWS
    assert lead >= LEAST_LEAD, "a batch is no longer cheaper than its parts"


if __name__ == "__main__":
    main()
