"""The same code over a PostgreSQL catalogue, on a real server started for the test."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.layout import Home
from warehouse.lake import Lake
from warehouse.load import load_deliveries, load_delivery
from warehouse.lock import ADVISORY_KEY, LOCK_DATABASE
from warehouse.maintenance import maintain

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def run(*command: str) -> None:
    """Run a command as a user PostgreSQL accepts: it refuses root."""
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server on a socket of its own and give its libpq string; skip where there is none."""
    if not BINARIES:
        pytest.skip("no PostgreSQL under /usr/lib/postgresql: its catalogue is untested here")
    if os.getuid() == 0 and not any(entry.pw_name == "postgres" for entry in pwd.getpwall()):
        pytest.skip("PostgreSQL can't run as root and there is no user `postgres`")
    folder = Path("/tmp") / f"regie-pg-{os.getpid()}"  # noqa: S108 a socket's path must be short
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    initdb, pg_ctl, createdb = (str(BINARIES[-1] / name) for name in ("initdb", "pg_ctl", "createdb"))
    control = [pg_ctl, "-D", str(folder / "data")]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        run(initdb, "-D", str(folder / "data"), "-A", "trust", "-U", "regie", "--no-sync")
        run(*control, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            run(createdb, "-h", str(folder), "-U", "regie", "lake")
            yield f"dbname=lake host={folder} user=regie"
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


WRITER = """
import sys
from pathlib import Path
from contracts.layout import Home
from warehouse.lake import Lake

with Lake.open(Home(Path(sys.argv[1])), sys.argv[2], threads=1) as lake:
    for turn in range(6):
        def replace(con):
            con.execute("DELETE FROM pool.t WHERE writer = ?", [int(sys.argv[3])])
            con.execute("INSERT INTO pool.t SELECT ?, ?, range FROM range(50)", [int(sys.argv[3]), turn])
        lake.write(replace)
"""


def test_a_lake_over_postgresql_loads_replaces_and_excludes_writers(server, bins, place, lake) -> None:
    setting, home = f"ducklake:postgres:{server}", lake.location.home
    contract = bins()
    level = "SELECT 'a' AS container_id, {}::DOUBLE AS level"
    first = place(contract, "2019-05-13", "d1", level=level.format(0.1))
    second = place(contract, "2019-05-14", "d2", level=level.format(0.2))
    again = place(contract, "2019-05-13", "d3", level=level.format(0.3))
    with Lake.open(home, setting, threads=2) as shared:
        load_deliveries(shared, contract, [first, second], home)
        load_delivery(shared, contract, again, home)
        assert not load_delivery(shared, contract, again, home).changed
        found = shared.cursor().execute("SELECT delivery_id, level FROM waste.level ORDER BY 1").fetchall()
        assert found == [("d2", 0.2), ("d3", 0.3)]
        shared.write(lambda con: con.execute("CREATE TABLE pool.t (writer INTEGER, turn INTEGER, n BIGINT)"))
        before = shared.snapshot()
        root, command = Path(__file__).parents[2], [sys.executable, "-c", WRITER, str(home.root), setting]
        jobs = [subprocess.Popen([*command, writer], cwd=root) for writer in "12"]
        assert [job.wait(timeout=120) for job in jobs] == [0, 0]
        rows = shared.cursor().execute("SELECT writer, turn, count(*) FROM pool.t GROUP BY ALL ORDER BY ALL")
        assert rows.fetchall() == [(1, 5, 50), (2, 5, 50)]
        assert shared.snapshot() == before + 12
        assert maintain(shared, now=dt.datetime.now(dt.UTC)).snapshots_expired == 0
    with Lake.open(home, setting, read_only=True) as reader:
        assert reader.cursor().execute("SELECT count(*) FROM waste.level").fetchone() == (2,)


def test_the_advisory_lock_keeps_a_second_writer_out(server, tmp_path) -> None:
    setting, home = f"ducklake:postgres:{server}", Home(tmp_path / "home")
    attempt = f"SELECT pg_try_advisory_xact_lock({ADVISORY_KEY})"
    with Lake.open(home, setting, threads=1) as lake:

        def is_free() -> bool:
            query = "SELECT * FROM postgres_query(?, ?)"
            return lake.cursor().execute(query, [LOCK_DATABASE, attempt]).fetchone() == (True,)

        with lake.lock():
            assert not is_free()
        assert is_free()
