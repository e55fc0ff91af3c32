"""Upkeep shrinks the lake and changes no row; an export is a plain DuckDB file."""

from __future__ import annotations

import datetime as dt
import os
import time

import duckdb
import pytest

from warehouse.export import export
from warehouse.load import load_delivery
from warehouse.maintenance import maintain

LEVEL = "SELECT 'c' || range AS container_id, range / 100.0 AS level FROM range(100)"


@pytest.fixture
def worn(lake, bins, place):
    """A lake after ten daily loads and five re-deliveries of one day."""
    contract = bins()
    for day in range(13, 23):
        verdict = place(contract, f"2019-05-{day}", f"d{day}", level=LEVEL)
        load_delivery(lake, contract, verdict, lake.location.home)
    for turn in range(5):
        verdict = place(contract, "2019-05-15", f"again{turn}", level=LEVEL + f" WHERE range > {turn}")
        load_delivery(lake, contract, verdict, lake.location.home)
    return lake


def rows(lake):
    return lake.cursor().execute("FROM waste.level ORDER BY ALL").fetchall()


def files(lake):
    return sorted(lake.location.home.warehouse.rglob("*.parquet"))


def test_upkeep_merges_files_and_changes_no_row(worn) -> None:
    before, many = rows(worn), len(files(worn))
    future = dt.datetime.now(dt.UTC) + dt.timedelta(days=40)
    result = maintain(worn, now=future)
    assert result.snapshots_expired > 10
    assert rows(worn) == before
    assert len(files(worn)) < many / 3
    assert result.files <= len(files(worn))


def test_upkeep_keeps_what_is_young(worn) -> None:
    many, snapshot = len(files(worn)), worn.snapshot()
    result = maintain(worn, now=dt.datetime.now(dt.UTC))
    assert (result.snapshots_expired, result.files_deleted) == (0, 0)
    assert len(files(worn)) >= many
    old = worn.cursor().execute(f"SELECT count(*) FROM waste.level AT (VERSION => {snapshot})").fetchone()
    assert old == (995,)


def test_upkeep_removes_the_orphans_of_a_killed_writer_but_not_fresh_files(worn) -> None:
    folder = files(worn)[0].parent
    orphan, fresh = folder / "ducklake-orphan.parquet", folder / "ducklake-fresh.parquet"
    for path in (orphan, fresh):
        path.write_bytes(files(worn)[0].read_bytes())
    long_ago = time.time() - 5 * 86400
    os.utime(orphan, (long_ago, long_ago))
    maintain(worn, now=dt.datetime.now(dt.UTC))
    assert (orphan.exists(), fresh.exists()) == (False, True)
    assert len(rows(worn)) == 995


def test_upkeep_clears_what_killed_jobs_left_in_scratch(lake) -> None:
    scratch = lake.location.home.scratch
    for name in ("load-old", "models-new", "somebody-elses"):
        (scratch / name).mkdir(parents=True)
    long_ago = time.time() - 5 * 86400
    for name in ("load-old", "somebody-elses"):
        os.utime(scratch / name, (long_ago, long_ago))
    maintain(lake, now=dt.datetime.now(dt.UTC))
    assert sorted(path.name for path in scratch.iterdir() if path.name != "duckdb") == [
        "models-new",
        "somebody-elses",
    ]


def test_an_export_is_a_plain_duckdb_file_with_every_table(worn, tmp_path) -> None:
    path = tmp_path / "out" / "lake.duckdb"
    counts = export(worn, path)
    assert counts["waste.level"] == 995
    export(worn, path)
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute("FROM waste.level ORDER BY ALL").fetchall() == rows(worn)
        assert con.execute("SELECT count(*) FROM pool.load").fetchone() == (10,)
    assert [p.name for p in path.parent.iterdir()] == ["lake.duckdb"]
