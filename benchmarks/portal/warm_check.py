"""How long a contributor waits: a file of 100,000 rows tried over HTTP in a warm portal.

Rows are a bundled day's, of five times the meters, one in 200 of them faulty; the register knows all. Run:
python -m benchmarks.portal.warm_check
"""

from __future__ import annotations

import argparse
import gzip
import socket
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import requests
import uvicorn

from contracts.layout import Home
from pipelines.engine import Engine
from pipelines.serve import deposit_file, open_desk
from pipelines.settings import BUNDLED_POOL, Settings
from portal.api.app import create_app
from portal.api.desk import Upload

ENERGY = BUNDLED_POOL / "feeds" / "energy"
FEED, DAY = "enerflux-readings", "2019-05-21"
COPIES, FAULTY_EVERY = 5, 200


def write_inputs(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write a register of five times the meters, and a day of that many rows of theirs."""
    header, *meters = (ENERGY / "meters.csv").read_text("utf-8").splitlines()
    many = [copied(line, copy) for copy in range(COPIES) for line in meters]
    register = folder / "meters.csv"
    register.write_text("\n".join((header, *many)) + "\n", "utf-8")
    text = gzip.decompress((ENERGY / f"readings_{DAY}.csv.gz").read_bytes()).decode()
    header, *lines = text.splitlines()
    day = [copied(line, copy) for copy in range(COPIES) for line in lines][:rows]
    for place in range(0, len(day), FAULTY_EVERY):
        day[place] = day[place].rsplit(";", 1)[0] + ";-1"
    readings = folder / f"readings_{DAY}.csv.gz"
    readings.write_bytes(gzip.compress("\n".join((header, *day)).encode() + b"\n", mtime=0))
    return register, readings


def copied(line: str, copy: int) -> str:
    """Return a line as that of another meter: 14 digits, the second one tells the copy."""
    return f"{line[0]}{copy}{line[2:]}"


def run(rows: int, times: int) -> None:
    """Print the median and the slowest of some tries, and the CPU seconds of this process for one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register, readings = write_inputs(folder, rows)
        engine = Engine(Settings(BUNDLED_POOL, Home(folder / "home")))
        deposit_file(
            engine, engine.pool.contract("enerflux-meters"), None, Upload(register, register.name, 0)
        )
        listening = socket.create_server(("127.0.0.1", 0))
        app = create_app(open_desk(engine, lambda: datetime.now(UTC)))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/try/{FEED}"
        seconds, cpu = _try_often(url, readings, times)
        server.should_exit = True
        thread.join()
    print(
        f"{rows} rows tried in a warm portal: median {statistics.median(seconds):.2f} s, "
        f"slowest {max(seconds):.2f} s, {cpu:.2f} CPU s each ({times} tries)"
    )


def _try_often(url: str, readings: Path, times: int) -> tuple[list[float], float]:
    seconds: list[float] = []
    for place in range(times + 1):
        if place == 1:
            started = time.process_time()
        begun = time.perf_counter()
        answer = requests.post(url, data=readings.read_bytes(), params={"name": readings.name}, timeout=300)
        told = answer.json()["files"][0]
        assert told["is_accepted"], told
        if place:
            seconds.append(time.perf_counter() - begun)
    return seconds, (time.process_time() - started) / times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    run(arguments.rows, arguments.times)
