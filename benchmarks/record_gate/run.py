"""Measure gate 1: CPU, wall and peak memory of each contender, as ratios in one run.

`python -m benchmarks.record_gate.run --rows 10000000`. Verdicts are compared with the generator's
truth, row by row and rule by rule; a wrong verdict fails the run, whatever its speed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.record_gate.generate import Feed, generate

ROOT = Path(__file__).resolve().parents[2]
CONTENDERS = {
    "DuckDB typed copy (floor)": ("benchmarks.record_gate.contenders", "floor"),
    "Régie: gate, normalise, Parquet": ("benchmarks.record_gate.contenders", "gate"),
    "dataframely: validate, split": ("benchmarks.record_gate.peer_dataframely", "peer"),
}
LIMITS = {10_000_000: 2.5, 30_000_000: 3.5}
"""Most CPU, in times the floor's, by number of rows."""
MEMORY_GIB = 1.0


@dataclass(frozen=True)
class Figures:
    """What one process cost."""

    cpu_s: float
    wall_s: float
    peak_gib: float


def main() -> None:
    """Generate, run every contender, check verdicts, print the table; exit 1 beyond the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-peer", action="store_true", help="leave dataframely out (it takes memory)")
    parser.add_argument("--folder", type=Path, default=None, help="where to put data (default: temporary)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="record-gate-", dir=arguments.folder) as folder:
        feed = generate(arguments.rows, Path(folder), arguments.seed)
        names = [n for n in CONTENDERS if "dataframely" not in n or not arguments.without_peer]
        figures = {name: measure(name, feed) for name in names}
        faults = check_verdicts(feed, arguments.rows, with_peer=not arguments.without_peer)
    print(f"{arguments.rows:,} rows, {faults:,} faulty; verdicts equal to the generator's truth\n")
    print(table(figures))
    sys.exit(0 if is_within_limits(arguments.rows, figures) else 1)


def measure(name: str, feed: Feed) -> Figures:
    """Run a contender in a process of its own and read what the system says it used."""
    module, task = CONTENDERS[name]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, task, str(feed.folder)], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Figures(usage.ru_utime + usage.ru_stime, wall, peak / 1024**3)


def check_verdicts(feed: Feed, rows: int, *, with_peer: bool) -> int:
    """Compare verdicts with the truth; return the number of faulty rows."""
    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW truth AS FROM read_parquet('{feed.truth}')")
        con.execute(
            "CREATE VIEW found AS SELECT position, unnest(rules).rule AS rule"
            f" FROM read_parquet('{feed.folder / 'quarantine' / 'reading.parquet'}')"
        )
        for one, other in (("found", "truth"), ("truth", "found")):
            extra = con.execute(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other} LIMIT 5").fetchall()
            assert not extra, f"only {one}: {extra}"
        faults = _count(con, "SELECT count(DISTINCT position) FROM truth")
        accepted = f"read_parquet('{feed.folder / 'accepted' / 'reading.parquet'}')"
        assert _count(con, f"SELECT count(*) FROM {accepted}") == rows - faults
        energy = f"SELECT count(*) FROM {accepted} WHERE energy_wh <> power_w / 2 OR start_at IS NULL"
        assert _count(con, energy) == 0
        if with_peer:
            peer = f"SELECT count(*) FROM read_parquet('{feed.folder / 'peer.parquet'}')"
            assert _count(con, peer) == rows - faults
    return faults


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    found = con.execute(query).fetchone()
    assert found is not None
    return int(found[0])


def table(figures: dict[str, Figures]) -> str:
    """Write the figures as a Markdown table, CPU also in times the floor's."""
    floor = next(iter(figures.values())).cpu_s
    lines = ["| contender | CPU s | times the floor | wall s | peak GiB |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {f.cpu_s:.1f} | {f.cpu_s / floor:.2f} | {f.wall_s:.1f} | {f.peak_gib:.2f} |"
        for name, f in figures.items()
    ]
    return "\n".join(lines)


def is_within_limits(rows: int, figures: dict[str, Figures]) -> bool:
    """Whether the gate keeps to the limits promised for this number of rows (others have none)."""
    floor, gate = list(figures.values())[:2]
    limit = LIMITS.get(rows)
    if limit is None:
        return True
    return gate.cpu_s <= limit * floor.cpu_s and gate.peak_gib < MEMORY_GIB


if __name__ == "__main__":
    main()
