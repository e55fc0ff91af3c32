"""Models computed as the runner does, against the same SQL over tables written in one transaction.

Run: python -m benchmarks.warehouse.bench_models. It fails if the runner loses its lead: a table written in
the open transaction has cardinality 0, and the join of three tables goes over the feed alone.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from contracts.layout import Home
from warehouse.lake import Lake
from warehouse.model_files import parse_model
from warehouse.models import build

STOPS, TRIPS, DAYS = 50, 16_000, 28
LEAST_LEAD = 3.0

TABLES = {
    "trip": f"""
        SELECT 'f' AS feed, 't' || range AS trip_id, 's' || range % 7 AS service_id FROM range({TRIPS})
    """,
    "service_day": f"""
        SELECT 'f' AS feed, 's' || s.range AS service_id, DATE '2019-05-13' + d.range::INTEGER AS service_date
        FROM range(7) AS s CROSS JOIN range({DAYS}) AS d
    """,
    "stop_offset": f"""
        SELECT 'f' AS feed, 't' || t.range AS trip_id, n.range AS stop_sequence, n.range * 60 AS offset_s
        FROM range({TRIPS}) AS t CROSS JOIN range({STOPS}) AS n
    """,
}
MODEL = """
-- key: service_date, stop_sequence
SELECT day.service_date, stop.stop_sequence, count(*) AS departures, sum(stop.offset_s) AS offset_s
FROM mobility.trip AS trip
JOIN mobility.stop_offset AS stop ON trip.feed = stop.feed AND trip.trip_id = stop.trip_id
JOIN mobility.service_day AS day ON trip.feed = day.feed AND trip.service_id = day.service_id
GROUP BY ALL
"""


def write_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Write the three input tables into the lake."""
    for name, sql in TABLES.items():
        con.execute(f"CREATE OR REPLACE TABLE lake.mobility.{name} AS {sql}")


def compute_outside(lake: Lake) -> None:
    """Commit the inputs, then compute the model from them as the runner does."""
    lake.write(write_tables)
    build(lake, [parse_model("mobility.outside", MODEL)], {})


def compute_inside(con: duckdb.DuckDBPyConnection) -> None:
    """Write the inputs and compute the model in the same transaction: the trap."""
    write_tables(con)
    con.execute(f"CREATE OR REPLACE TABLE lake.mobility.inside AS {MODEL}")


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - wall, cpu


def main() -> None:
    """Measure both ways on one lake and compare their CPU seconds."""
    with tempfile.TemporaryDirectory() as folder, Lake.open(Home(Path(folder)), threads=2) as lake:
        outside = measure(lambda: compute_outside(lake))
        inside = measure(lambda: lake.write(compute_inside))
        query = "SELECT count(*) FROM (FROM mobility.outside EXCEPT FROM mobility.inside)"
        same = lake.cursor().execute(query).fetchone()
    print(f"{'way':<34}{'wall s':>8}{'CPU s':>8}")
    print(f"{'outside the write transaction':<34}{outside[0]:>8.2f}{outside[1]:>8.2f}")
    print(f"{'inside it (cardinality 0)':<34}{inside[0]:>8.2f}{inside[1]:>8.2f}")
    lead = inside[1] / outside[1]
    print(f"lead {lead:.1f}, at least {LEAST_LEAD}")
    assert same == (0,), "the two ways differ"
    assert lead >= LEAST_LEAD, "models no longer gain from being computed outside the transaction"


if __name__ == "__main__":
    main()
