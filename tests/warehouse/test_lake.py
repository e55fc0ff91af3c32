"""The lake opens, writes whole, reads in UTC, and its SQL functions agree with their libraries."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import h3
import pytest

from contracts.layout import Home
from warehouse.lake import SCHEMAS, Lake, LakeMissingError, LakeSettingError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_new_lake_has_its_schemas_and_a_second_opening_commits_nothing(home: Home) -> None:
    with Lake.open(home) as lake:
        first = lake.snapshot()
        query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'"
        assert set(SCHEMAS) <= {row[0] for row in lake.cursor().execute(query).fetchall()}
    with Lake.open(home) as lake:
        assert lake.snapshot() == first


def test_a_failed_write_leaves_nothing(home: Home) -> None:
    with Lake.open(home) as lake:
        lake.write(lambda con: con.execute("CREATE TABLE lake.pool.t AS SELECT 1 AS a"))
        before = lake.snapshot()

        def fail(con: duckdb.DuckDBPyConnection) -> None:
            con.execute("INSERT INTO pool.t VALUES (2)")
            raise KeyError("x")

        with pytest.raises(KeyError):
            lake.write(fail)
        assert lake.snapshot() == before
        assert lake.cursor().execute("SELECT count(*) FROM pool.t").fetchone() == (1,)


def test_a_write_is_tried_again_when_the_catalogue_is_locked(home: Home) -> None:
    calls: list[int] = []

    def lock_once(con: duckdb.DuckDBPyConnection) -> str:
        calls.append(1)
        con.execute("CREATE TABLE pool.once AS SELECT 1 AS a")
        if len(calls) == 1:
            raise duckdb.TransactionException("Failed to commit: database is locked")
        return "done"

    with Lake.open(home) as lake:
        assert lake.write(lock_once) == "done"
        assert len(calls) == 2


def test_a_reader_needs_a_lake_and_cannot_write(home: Home) -> None:
    with pytest.raises(LakeMissingError):
        Lake.open(home, read_only=True)
    Lake.open(home).close()
    with Lake.open(home, read_only=True) as reader:
        with pytest.raises(PermissionError):
            reader.write(lambda con: con.execute("SELECT 1"))
        with pytest.raises(duckdb.Error):
            reader.cursor().execute("CREATE TABLE lake.pool.t AS SELECT 1 AS a")


def test_an_unknown_setting_is_refused(home: Home) -> None:
    with pytest.raises(LakeSettingError):
        Lake.open(home, "ducklake:mysql:db=x")


def test_sql_reaches_no_file_outside_the_home(home: Home, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with Lake.open(home) as lake:
        with pytest.raises(duckdb.PermissionException):
            lake.cursor().execute("FROM read_csv(?)", [str(tmp_path / "secret.csv")])
        with pytest.raises(duckdb.Error):
            lake.cursor().execute("SET enable_external_access=true")


def test_a_moved_home_still_opens(home: Home, tmp_path: Path) -> None:
    with Lake.open(home) as lake:
        lake.write(lambda con: con.execute("CREATE TABLE pool.t AS SELECT 42 AS a"))
    moved = Home(tmp_path / "elsewhere" / "home")
    moved.root.parent.mkdir()
    shutil.move(home.root, moved.root)
    with Lake.open(moved) as lake:
        assert lake.cursor().execute("SELECT a FROM pool.t").fetchone() == (42,)
        lake.write(lambda con: con.execute("INSERT INTO pool.t VALUES (43)"))
        assert lake.cursor().execute("SELECT count(*) FROM pool.t").fetchone() == (2,)


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from contracts.layout import Home
    from warehouse.lake import Lake

    home, writer = Home(Path(sys.argv[1])), int(sys.argv[2])
    with Lake.open(home, threads=1) as lake:
        for turn in range(8):
            def replace(con):
                con.execute("DELETE FROM pool.t WHERE writer = ?", [writer])
                con.execute("INSERT INTO pool.t SELECT ?, ?, range FROM range(100)", [writer, turn])
            lake.write(replace)
""")


def test_two_processes_write_at_once_and_nothing_is_lost(home: Home) -> None:
    with Lake.open(home) as lake:
        lake.write(lambda con: con.execute("CREATE TABLE pool.t (writer INTEGER, turn INTEGER, n BIGINT)"))
        before = lake.snapshot()
    root = Path(__file__).parents[2]
    jobs = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(home.root), str(w)], cwd=root) for w in (1, 2)
    ]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0]
    with Lake.open(home, read_only=True) as lake:
        rows = lake.cursor().execute("SELECT writer, turn, count(*) FROM pool.t GROUP BY ALL ORDER BY ALL")
        assert rows.fetchall() == [(1, 7, 100), (2, 7, 100)]
        assert lake.snapshot() == before + 16


def test_a_killed_writer_leaves_whole_transactions_and_no_lock(home: Home) -> None:
    with Lake.open(home) as lake:
        lake.write(lambda con: con.execute("CREATE TABLE pool.t (writer INTEGER, turn INTEGER, n BIGINT)"))
        start = lake.snapshot()
        endless = WRITER.replace("range(8)", "range(10000)")
        job = subprocess.Popen(
            [sys.executable, "-c", endless, str(home.root), "1"], cwd=Path(__file__).parents[2]
        )
        while lake.snapshot() < start + 3:
            assert job.poll() is None
            time.sleep(0.02)
        job.kill()
        job.wait(timeout=60)
        rows = lake.cursor().execute("SELECT count(*), count(DISTINCT turn) FROM pool.t").fetchone()
        assert rows == (100, 1)
        lake.write(lambda con: con.execute("INSERT INTO pool.t VALUES (2, 0, 0)"))
        assert lake.cursor().execute("SELECT count(*) FROM pool.t").fetchone() == (101,)


def test_threads_of_one_process_write_in_turn(home: Home) -> None:
    with Lake.open(home) as lake:
        lake.write(lambda con: con.execute("CREATE TABLE pool.t (writer INTEGER)"))

        def insert(writer: int) -> None:
            for _ in range(4):
                lake.write(lambda con: con.execute("INSERT INTO pool.t VALUES (?)", [writer]))

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(insert, range(3)))
        rows = (
            lake.cursor().execute("SELECT writer, count(*) FROM pool.t GROUP BY ALL ORDER BY ALL").fetchall()
        )
        assert rows == [(0, 4), (1, 4), (2, 4)]


def test_spatial_is_loaded_where_it_is_asked_for(home: Home) -> None:
    with Lake.open(home, extensions=["spatial"]) as lake:
        row = lake.cursor().execute("SELECT ST_AsText(ST_Point(1, 2))").fetchone()
        assert row == ("POINT (1 2)",)
    with Lake.open(home) as lake, pytest.raises(duckdb.CatalogException):
        lake.cursor().execute("SELECT ST_Point(1, 2)")


def test_parents_by_bit_arithmetic_are_those_of_the_h3_library(home: Home) -> None:
    points = [(-30.03 + 0.013 * i, -51.2 + 0.017 * i) for i in range(40)] + [(89.9, 10.0), (-0.1, 179.9)]
    cells = [h3.latlng_to_cell(lat, lon, 9) for lat, lon in points]
    expected = [tuple(h3.cell_to_parent(cell, res) for res in (0, 6, 7, 8, 9)) for cell in cells]
    sql = """
        SELECT h3_parent(c, 0), h3_parent(c, 6), h3_parent(c, 7), h3_parent(c, 8), h3_parent(c, 9)
        FROM (SELECT unnest(?::VARCHAR[]) AS c)
    """
    with Lake.open(home) as lake:
        con = lake.cursor()
        assert con.execute(sql, [cells]).fetchall() == expected
        assert con.execute("SELECT h3_parent(?, 10)", [cells[0]]).fetchone() == (None,)
        found = con.execute(
            "SELECT h3_cell_at(?, ?, 9), h3_cell_at(NULL, 1.0, 9)", list(points[3])
        ).fetchone()
        assert found == (cells[3], None)


def test_a_local_day_has_the_length_its_clock_gives_it(home: Home) -> None:
    sql = "SELECT day_seconds(?::DATE, ?), local_midnight(?::DATE, ?)::VARCHAR"
    with Lake.open(home) as lake:
        con = lake.cursor()

        def measure(day: str, zone: str) -> tuple[object, ...] | None:
            return con.execute(sql, [day, zone, day, zone]).fetchone()

        assert measure("2019-05-15", "America/Sao_Paulo") == (86400, "2019-05-15 03:00:00+00")
        assert measure("2024-03-31", "Europe/Paris") == (82800, "2024-03-30 23:00:00+00")
        assert measure("2024-10-27", "Europe/Paris") == (90000, "2024-10-26 22:00:00+00")
